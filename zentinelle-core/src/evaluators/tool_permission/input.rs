//! What no text of a tool's input may say: commands and patterns.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::super::{MOST_TOO_LARGE, tool_call};
use super::blocked::BlockedPattern;
use super::commands::{CommandRules, Fault};
use crate::decision::Violation;
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::matching::text::visible;
use crate::matching::{Case, Pattern, PatternError, Searched};
use crate::request::Context;
use crate::scan::Severity;

pub(super) const COMMAND_BLOCKED: Code = Code::new("tool_permission.command_blocked");
pub(super) const COMMAND_DANGEROUS: Code = Code::new("tool_permission.command_dangerous");
pub(super) const PATTERN_BLOCKED: Code = Code::new("tool_permission.pattern_blocked");
pub(super) const COMMAND_TOO_LONG: Code = Code::new("tool_permission.command_too_long");

/// What hosts call the command of a shell tool.
const COMMAND_KEYS: [&str; 4] = ["command", "cmd", "script", "commands"];

/// What no text of a tool's input may say.
#[derive(Default)]
pub(super) struct InputRules {
    commands: CommandRules,
    patterns: Vec<Blocked>,
}

/// What was compiled so far of one policy: tools often share their patterns.
#[derive(Default)]
pub(super) struct Compiled {
    known: BTreeMap<String, Pattern>,
    /// How many were too large.
    too_large: usize,
}

impl Compiled {
    fn get(&mut self, written: String) -> Result<Pattern, PatternError> {
        if let Some(known) = self.known.get(&written) {
            return Ok(known.clone());
        }
        let pattern = Pattern::new(&written, Case::Insensitive)
            .inspect_err(|error| self.too_large += usize::from(*error == PatternError::TooLarge))?;
        self.known.insert(written, pattern.clone());
        Ok(pattern)
    }
}

/// One of the patterns.
struct Blocked {
    pattern: Pattern,
    /// What a refusal says.
    message: String,
}

impl InputRules {
    pub(super) fn new(
        commands: Vec<String>,
        dangerous: bool,
        patterns: Vec<BlockedPattern>,
        at: &Pointer,
        compiled: &mut Compiled,
        faults: &mut Vec<PolicyError>,
    ) -> Self {
        let commands = CommandRules::new(commands, dangerous, &at.key("blocked_commands"), faults);
        let mut blocked = Vec::with_capacity(patterns.len());
        for (index, BlockedPattern { pattern, reason, is_object }) in patterns.into_iter().enumerate() {
            if compiled.too_large >= MOST_TOO_LARGE {
                break;
            }
            match compiled.get(pattern) {
                Ok(pattern) => blocked.push(Blocked { pattern, message: message(index, reason.as_deref()) }),
                Err(error) => {
                    let item = at.key("blocked_patterns").index(index);
                    let pointer = if is_object { item.key("pattern") } else { item };
                    faults.push(PolicyError::new(codes::INVALID_PATTERN, pointer, format!("entry {index}: {error}")));
                }
            }
        }
        Self { commands, patterns: blocked }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.patterns.is_empty()
    }

    /// What in the inputs of a call these rules refuse; `tool` is the tool they are configured for.
    pub(super) fn refuse(&self, tool: Option<&str>, context: &Context) -> Option<Violation> {
        let pointer = |key: &str| match tool {
            Some(tool) => Pointer::new("/config/tool_configs").key(tool).key(key),
            None => Pointer::new("/config").key(key),
        };
        for place in tool_call::INPUT_KEYS {
            let Some(input) = context.get(place) else { continue };
            if !self.commands.is_empty()
                && let Some(fault) = refuse_command(&self.commands, input)
            {
                return Some(match fault {
                    Fault::Listed(entry) => {
                        let message = format!("the command is blocked by `{entry}`");
                        Violation::new(COMMAND_BLOCKED, pointer("blocked_commands"), message)
                            .with_severity(Severity::High)
                    }
                    Fault::Dangerous(what) => {
                        let message = format!("the command {what}");
                        Violation::new(COMMAND_DANGEROUS, pointer("block_dangerous_commands"), message)
                            .with_severity(Severity::Critical)
                    }
                    Fault::TooLong { bytes, limit } => {
                        let message = format!("the command has {bytes} bytes, at most {limit} are judged");
                        Violation::new(COMMAND_TOO_LONG, pointer("blocked_commands"), message)
                            .with_severity(Severity::High)
                    }
                });
            }
            if self.patterns.is_empty() {
                continue;
            }
            let texts = Texts::of(input);
            if let Some(blocked) = self.patterns.iter().find(|blocked| texts.hold(&blocked.pattern)) {
                let message = blocked.message.clone();
                return Some(
                    Violation::new(PATTERN_BLOCKED, pointer("blocked_patterns"), message).with_severity(Severity::High),
                );
            }
        }
        None
    }
}

/// What a refusal says of an item of the patterns. Not the pattern: people cannot read it at a glance,
/// and it shows what to write instead to get past it.
fn message(index: usize, reason: Option<&str>) -> String {
    let number = index.saturating_add(1);
    match reason {
        Some(reason) => format!("{reason} (item {number} of `blocked_patterns`)"),
        None => format!("the tool's input matches item {number} of `blocked_patterns`"),
    }
}

/// The commands of an input: a text is one itself, unless it is an object written as JSON.
fn refuse_command(rules: &CommandRules, input: &Value) -> Option<Fault> {
    match input {
        Value::Object(input) => refuse_command_keys(rules, input),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(input)) => refuse_command_keys(rules, &input),
            _ => rules.refuse(text),
        },
        _ => None,
    }
}

/// The commands under well-known keys: a command line, a list of a program and its arguments, a
/// program beside its `args`, or (under `commands`) a list of command lines.
fn refuse_command_keys(rules: &CommandRules, input: &Map<String, Value>) -> Option<Fault> {
    COMMAND_KEYS.into_iter().find_map(|key| match input.get(key)? {
        Value::String(line) => rules.refuse(line).or_else(|| {
            let arguments = words(input.get("args").or_else(|| input.get("arguments"))?);
            rules.refuse_words(std::iter::once(line.clone()).chain(arguments).collect())
        }),
        list @ Value::Array(_) => {
            let words: Vec<String> = words(list).collect();
            match words.as_slice() {
                [line] => rules.refuse(line),
                lines if key == "commands" => lines.iter().find_map(|line| rules.refuse(line)),
                _ => rules.refuse_words(words),
            }
        }
        _ => None,
    })
}

fn words(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// The texts of a value, each looked at once for all patterns.
#[derive(Default)]
struct Texts<'v> {
    written: SmallVec<[Searched<'v>; 4]>,
    /// Those that a reader sees differently, as they are seen.
    seen: Vec<String>,
}

impl<'v> Texts<'v> {
    fn of(value: &'v Value) -> Self {
        let mut texts = Self::default();
        texts.gather(value);
        texts
    }

    fn gather(&mut self, value: &'v Value) {
        match value {
            Value::String(text) => {
                self.written.push(Searched::new(text));
                let seen = visible(text);
                if *seen != **text {
                    self.seen.push(seen.into_owned());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.gather(item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.gather(entry)),
            _ => {}
        }
    }

    /// Whether a pattern occurs in any of them, as written or as a reader would see it.
    fn hold(&self, pattern: &Pattern) -> bool {
        self.written.iter().any(|text| pattern.occurs_in(*text)) || self.seen.iter().any(|text| pattern.is_match(text))
    }
}
