//! `tool_permission`: says which tools may be called, and with which arguments.
//!
//! Applies to tool calls: the action `tool_call`, or `tool:<name>`. Where action, `tool_name` and
//! `tool` name different tools, every one of them must pass. Arguments are looked for in
//! `tool_args`, `tool_input`, `inputs`, `input` and `arguments`, and in all of these that are there.
//!
//! - Names are denied, allowed or made to need an approval as a whole; globs have keys of their
//!   own, because a `*` in a list of names is only a letter.
//! - `tool_configs` restricts one tool, whatever it is called: SQL that only reads, directories it
//!   may touch, a cap on rows (an obligation of the host).
//! - `blocked_commands`, `block_dangerous_commands` and `blocked_patterns` stop shell commands and
//!   texts, of one tool or, at the top, of all.
//!
//! Only text is judged: symbolic links, variables of a shell and what a script does are not seen.

mod commands;
mod shell;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use self::commands::{CommandRules, Fault};
use super::{Approval, Approved, Evaluator, Inquiry, lists, tool_call};
use crate::approval::Purpose;
use crate::decision::{Notes, Obligation, Verdict, Violation};
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::matching::path::NormalPath;
use crate::matching::text::{fold, visible};
use crate::matching::{AllowList, Case, DenyList, GlobList, PathRules, Pattern, sql};
use crate::request::{ActionKind, Context, EvaluationError, Number, Request};
use crate::scan::Severity;

const DENIED: Code = Code::new("tool_permission.denied");
const NOT_ALLOWED: Code = Code::new("tool_permission.not_allowed");
const NAME_MISSING: Code = Code::new("tool_permission.name_missing");
const APPROVAL_REQUIRED: Code = Code::new("tool_permission.approval_required");
const APPROVAL_INVALID: Code = Code::new("tool_permission.approval_invalid");
const NOT_READ_ONLY: Code = Code::new("tool_permission.not_read_only");
const STATEMENT_MISSING: Code = Code::new("tool_permission.statement_missing");
const PATH_MISSING: Code = Code::new("tool_permission.path_missing");
const PATH_UNREADABLE: Code = Code::new("tool_permission.path_unreadable");
const PATH_BLOCKED: Code = Code::new("tool_permission.path_blocked");
const PATH_NOT_ALLOWED: Code = Code::new("tool_permission.path_not_allowed");
const COMMAND_BLOCKED: Code = Code::new("tool_permission.command_blocked");
const COMMAND_DANGEROUS: Code = Code::new("tool_permission.command_dangerous");
const PATTERN_BLOCKED: Code = Code::new("tool_permission.pattern_blocked");

/// Greatest age of an approval. Unit: seconds.
const APPROVAL_AGE_SECONDS: u64 = 86_400;

const STATEMENT_KEYS: [&str; 3] = ["query", "sql", "statement"];
/// Each holds one path, or a list of paths.
const PATH_KEYS: [&str; 18] = [
    "path",
    "file_path",
    "filePath",
    "notebook_path",
    "absolute_path",
    "relative_path",
    "target_file",
    "filename",
    "directory",
    "old_path",
    "new_path",
    "source_path",
    "destination_path",
    "destination",
    "paths",
    "file_paths",
    "files",
    "directories",
];
const COMMAND_KEYS: [&str; 4] = ["command", "cmd", "script", "commands"];

/// Configuration of a `tool_permission` policy. An empty list restricts nothing. What denies
/// ignores letter case; what allows does not.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Tools that may be called. Default: empty, which allows every tool.
    pub allowed_tools: Vec<String>,
    /// Globs of tools that may be called, besides `allowed_tools`. Default: empty.
    pub allowed_tool_globs: Vec<String>,
    /// Tools that may not be called. Default: empty.
    pub denied_tools: Vec<String>,
    /// Globs of tools that may not be called, such as `mcp__github__*`. Default: empty.
    pub denied_tool_globs: Vec<String>,
    /// Tools that need a person's approval. Default: empty.
    pub requires_approval: Vec<String>,
    /// Globs of tools that need a person's approval. Default: empty.
    pub requires_approval_globs: Vec<String>,
    /// Restrictions of single tools, by name. Default: empty.
    pub tool_configs: BTreeMap<String, ToolConfig>,
    /// Shell commands no tool may run, each a program with words it is called with, such as
    /// `git push --force`. Default: empty.
    pub blocked_commands: Vec<String>,
    /// Whether no tool may run commands that destroy a machine or run what they have just
    /// downloaded, such as `rm -rf /`. Default: false.
    pub block_dangerous_commands: bool,
    /// Regular expressions that may occur in no text of any tool's input. Default: empty.
    pub blocked_patterns: Vec<String>,
}

/// Restrictions of one tool.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToolConfig {
    /// Whether the tool may only run SQL that reads. Default: false.
    pub read_only: bool,
    /// Most rows the tool may return. Unit: rows. Zero and null set no cap.
    pub max_rows: Option<Number>,
    /// Directories and files the tool may touch. Default: empty, which allows every path.
    pub allowed_paths: Vec<String>,
    /// Directories and files the tool may not touch. Default: empty.
    pub blocked_paths: Vec<String>,
    /// Shell commands the tool may not run, as at the top. Default: empty.
    pub blocked_commands: Vec<String>,
    /// Whether the tool may run no dangerous commands, as at the top. Default: false.
    pub block_dangerous_commands: bool,
    /// Regular expressions that may not occur in the tool's input, as at the top. Default: empty.
    pub blocked_patterns: Vec<String>,
}

/// See the module.
pub struct ToolPermission {
    allowed: AllowList,
    allowed_globs: GlobList,
    denied: DenyList,
    denied_globs: GlobList,
    approved: DenyList,
    approved_globs: GlobList,
    /// By folded name; several written names may fold alike.
    tools: BTreeMap<Box<str>, Vec<ToolRules>>,
    every_tool: InputRules,
    restricts: bool,
}

struct ToolRules {
    read_only: bool,
    max_rows: Option<u64>,
    allowed_paths: PathRules,
    blocked_paths: PathRules,
    input: InputRules,
    /// The written name, for pointers.
    name: String,
}

/// What no text of a tool's input may say.
struct InputRules {
    commands: CommandRules,
    patterns: Vec<(String, Pattern)>,
}

impl InputRules {
    fn new(
        commands: Vec<String>,
        dangerous: bool,
        patterns: Vec<String>,
        at: &Pointer,
        faults: &mut Vec<PolicyError>,
    ) -> Self {
        let commands = CommandRules::new(commands, dangerous, &at.key("blocked_commands"), faults);
        let mut compiled = Vec::with_capacity(patterns.len());
        for (index, written) in patterns.into_iter().enumerate() {
            match Pattern::new(&written, Case::Insensitive) {
                Ok(pattern) => compiled.push((written, pattern)),
                Err(error) => {
                    let pointer = at.key("blocked_patterns").index(index);
                    faults.push(PolicyError::new(codes::INVALID_PATTERN, pointer, format!("entry {index}: {error}")));
                }
            }
        }
        Self { commands, patterns: compiled }
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.patterns.is_empty()
    }
}

impl Evaluator for ToolPermission {
    type Config = Config;

    const CODES: &'static [Code] = &[
        DENIED,
        NOT_ALLOWED,
        NAME_MISSING,
        APPROVAL_REQUIRED,
        APPROVAL_INVALID,
        NOT_READ_ONLY,
        STATEMENT_MISSING,
        PATH_MISSING,
        PATH_UNREADABLE,
        PATH_BLOCKED,
        PATH_NOT_ALLOWED,
        COMMAND_BLOCKED,
        COMMAND_DANGEROUS,
        PATTERN_BLOCKED,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let every_tool = InputRules::new(
            config.blocked_commands,
            config.block_dangerous_commands,
            config.blocked_patterns,
            &Pointer::ROOT,
            &mut faults,
        );
        let mut tools: BTreeMap<Box<str>, Vec<ToolRules>> = BTreeMap::new();
        for (name, config) in config.tool_configs {
            let folded = fold(&name).into();
            tools.entry(folded).or_default().push(ToolRules::new(name, config, &mut faults));
        }
        let mut ready = Self {
            allowed: AllowList::new(config.allowed_tools),
            allowed_globs: lists::allowing_globs("allowed_tool_globs", config.allowed_tool_globs, &mut faults),
            denied: DenyList::new(config.denied_tools),
            denied_globs: lists::denying_globs("denied_tool_globs", config.denied_tool_globs, &mut faults),
            approved: DenyList::new(config.requires_approval),
            approved_globs: lists::denying_globs(
                "requires_approval_globs",
                config.requires_approval_globs,
                &mut faults,
            ),
            tools,
            every_tool,
            restricts: false,
        };
        ready.restricts = ready.allows_some()
            || !ready.denied.is_empty()
            || !ready.denied_globs.is_empty()
            || !ready.approved.is_empty()
            || !ready.approved_globs.is_empty()
            || !ready.tools.is_empty()
            || !ready.every_tool.is_empty();
        if faults.is_empty() { Ok(ready) } else { Err(faults) }
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        if !self.restricts || request.action.kind() != ActionKind::ToolCall {
            return Ok(Verdict::NotApplicable);
        }
        let names = names(request)?;
        if let Some(violation) = self.refuse_name(&names) {
            return Ok(violation.into());
        }
        let mut notes = Notes::none();
        if !self.every_tool.is_empty()
            && let Some(violation) = refuse_input(&self.every_tool, None, &request.context)
        {
            return Ok(violation.into());
        }
        if !self.tools.is_empty() {
            let configured = names.iter().filter_map(|name| Some((name, self.tools.get(&*fold(name))?)));
            for (name, rules) in configured.flat_map(|(name, rules)| rules.iter().map(move |rules| (name, rules))) {
                if let Some(violation) = rules.refuse(&request.context)? {
                    return Ok(violation.into());
                }
                if let Some(max_rows) = rules.max_rows {
                    notes.oblige(Obligation::CapRows { tool: (*name).to_owned(), max_rows });
                }
            }
        }
        // Last, so that nobody is asked to approve what stays denied.
        if !(self.approved.is_empty() && self.approved_globs.is_empty()) {
            for name in &names {
                if let Some(violation) = self.ask_for_approval(name, inquiry, &mut notes)? {
                    return Ok(violation.into());
                }
            }
        }
        Ok(Verdict::Satisfied(notes))
    }
}

/// Every tool the request names.
fn names(request: &Request) -> Result<SmallVec<[&str; 3]>, EvaluationError> {
    let mut names: SmallVec<[&str; 3]> = SmallVec::new();
    let stated = [request.context.name("tool_name")?, request.context.name("tool")?, request.action.tool()];
    for name in stated.into_iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

impl ToolPermission {
    fn allows_some(&self) -> bool {
        !(self.allowed.is_empty() && self.allowed_globs.is_empty())
    }

    fn refuse_name(&self, names: &[&str]) -> Option<Violation> {
        for name in names {
            let found = self.denied.find(name).map(|entry| (entry, "/config/denied_tools"));
            let found = found.or_else(|| Some((self.denied_globs.find(name)?, "/config/denied_tool_globs")));
            if let Some((entry, pointer)) = found {
                let message = format!("tool `{name}` is denied by `{entry}`");
                return Some(Violation::new(DENIED, pointer, message).with_severity(Severity::High));
            }
        }
        if !self.allows_some() {
            return None;
        }
        let pointer = if self.allowed.is_empty() { "/config/allowed_tool_globs" } else { "/config/allowed_tools" };
        if names.is_empty() {
            return Some(Violation::new(NAME_MISSING, pointer, "the call names no tool"));
        }
        let is_allowed = |name: &str| self.allowed.contains(name) || self.allowed_globs.find(name).is_some();
        let name = names.iter().find(|name| !is_allowed(name))?;
        Some(Violation::new(NOT_ALLOWED, pointer, format!("tool `{name}` is not among the allowed tools")))
    }

    fn ask_for_approval(
        &self,
        name: &str,
        inquiry: &Inquiry<'_>,
        notes: &mut Notes,
    ) -> Result<Option<Violation>, EvaluationError> {
        let pointer = if self.approved.find(name).is_some() {
            "/config/requires_approval"
        } else if self.approved_globs.find(name).is_some() {
            "/config/requires_approval_globs"
        } else {
            return Ok(None);
        };
        let arguments = tool_call::approved_arguments(&inquiry.request.context);
        let wanted = Approval {
            purpose: Purpose::ToolApproval,
            tool: Some(name),
            action: None,
            arguments: arguments.as_deref(),
            max_age_seconds: APPROVAL_AGE_SECONDS,
        };
        let (code, message) = match inquiry.approval(&wanted)? {
            Approved::Yes(charge) => {
                notes.charge(*charge);
                return Ok(None);
            }
            Approved::Missing => (APPROVAL_REQUIRED, format!("tool `{name}` needs an approval")),
            Approved::No(error) => {
                (APPROVAL_INVALID, format!("the approval for tool `{name}` does not hold: {}", error.message()))
            }
        };
        Ok(Some(Violation::new(code, pointer, message).with_remedy(inquiry.remedy(&wanted))))
    }
}

impl ToolRules {
    fn new(name: String, config: ToolConfig, faults: &mut Vec<PolicyError>) -> Self {
        let at = Pointer::ROOT.key("tool_configs").key(&name);
        if let Some(rows) = config.max_rows.filter(|rows| rows.is_negative()) {
            let message = format!("`max_rows` is {rows}, below 0");
            faults.push(PolicyError::new(codes::OUT_OF_RANGE, at.key("max_rows"), message));
        }
        Self {
            read_only: config.read_only,
            max_rows: config.max_rows.filter(|rows| *rows > Number::ZERO).map(Number::floor_u64),
            allowed_paths: lists::paths(&at.key("allowed_paths"), config.allowed_paths, PathRules::exact, faults),
            blocked_paths: lists::paths(&at.key("blocked_paths"), config.blocked_paths, PathRules::folded, faults),
            input: InputRules::new(
                config.blocked_commands,
                config.block_dangerous_commands,
                config.blocked_patterns,
                &at,
                faults,
            ),
            name,
        }
    }

    fn pointer(&self, key: &str) -> Pointer {
        Pointer::new("/config/tool_configs").key(&self.name).key(key)
    }

    fn refuse(&self, context: &Context) -> Result<Option<Violation>, EvaluationError> {
        if self.read_only
            && let Some(violation) = self.refuse_statement(context)?
        {
            return Ok(Some(violation));
        }
        if !(self.allowed_paths.is_empty() && self.blocked_paths.is_empty())
            && let Some(violation) = self.refuse_path(context)?
        {
            return Ok(Some(violation));
        }
        Ok(if self.input.is_empty() { None } else { refuse_input(&self.input, Some(&self.name), context) })
    }

    fn refuse_statement(&self, context: &Context) -> Result<Option<Violation>, EvaluationError> {
        let mut found = false;
        for input in tool_call::inputs(context) {
            let (place, input) = input?;
            for key in STATEMENT_KEYS {
                let statement = match input.get(key) {
                    None | Some(Value::Null) => continue,
                    Some(Value::String(statement)) => statement,
                    Some(_) => return Err(not_a_text(place, key)),
                };
                found = true;
                if let Err(fault) = sql::read_only(statement) {
                    let message = format!("`{place}.{key}` is not known to be read-only: {fault}");
                    return Ok(Some(
                        Violation::new(NOT_READ_ONLY, self.pointer("read_only"), message).with_severity(Severity::High),
                    ));
                }
            }
        }
        Ok((!found).then(|| {
            let message = "the tool may only read, and its input has no `query`, `sql` or `statement`";
            Violation::new(STATEMENT_MISSING, self.pointer("read_only"), message)
        }))
    }

    fn refuse_path(&self, context: &Context) -> Result<Option<Violation>, EvaluationError> {
        let mut found = false;
        for input in tool_call::inputs(context) {
            let (place, input) = input?;
            for (key, path) in paths(place, input)? {
                found = true;
                if let Some(violation) = self.refuse_one_path(place, key, path) {
                    return Ok(Some(violation));
                }
            }
        }
        let key = if self.allowed_paths.is_empty() { "blocked_paths" } else { "allowed_paths" };
        Ok((!found).then(|| Violation::new(PATH_MISSING, self.pointer(key), "the tool's input names no path")))
    }

    fn refuse_one_path(&self, place: &str, key: &str, path: &str) -> Option<Violation> {
        let normal = match NormalPath::new(path) {
            Ok(normal) => normal,
            Err(error) => {
                let message = format!("`{place}.{key}` cannot be judged: {error}");
                let list = if self.allowed_paths.is_empty() { "blocked_paths" } else { "allowed_paths" };
                return Some(
                    Violation::new(PATH_UNREADABLE, self.pointer(list), message).with_severity(Severity::High),
                );
            }
        };
        if let Some(rule) = self.blocked_paths.covers(&normal) {
            let message = format!("path `{}` is blocked by `{rule}`", normal.as_str());
            return Some(
                Violation::new(PATH_BLOCKED, self.pointer("blocked_paths"), message).with_severity(Severity::High),
            );
        }
        if !self.allowed_paths.is_empty() && self.allowed_paths.covers(&normal).is_none() {
            let message = format!("path `{}` lies outside the allowed paths", normal.as_str());
            return Some(Violation::new(PATH_NOT_ALLOWED, self.pointer("allowed_paths"), message));
        }
        None
    }
}

/// Every path an input names, with its key. `source` is a path beside a `destination`, and the
/// text of something elsewhere.
fn paths<'a>(
    place: &str,
    input: &'a Map<String, Value>,
) -> Result<SmallVec<[(&'static str, &'a str); 4]>, EvaluationError> {
    let mut found = SmallVec::new();
    let source = input.contains_key("destination").then_some("source");
    for key in PATH_KEYS.into_iter().chain(source) {
        match input.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(path)) => found.push((key, path.as_str())),
            Some(Value::Array(items)) => {
                for item in items {
                    found.push((key, item.as_str().ok_or_else(|| not_a_text(place, key))?));
                }
            }
            Some(_) => return Err(not_a_text(place, key)),
        }
    }
    Ok(found)
}

fn not_a_text(place: &str, key: &str) -> EvaluationError {
    EvaluationError::unreadable(place, format!("`{key}` in `{place}` is no text"))
}

/// What in the inputs of a call these rules refuse; `tool` is the tool they are configured for.
fn refuse_input(rules: &InputRules, tool: Option<&str>, context: &Context) -> Option<Violation> {
    let pointer = |key: &str| match tool {
        Some(tool) => Pointer::new("/config/tool_configs").key(tool).key(key),
        None => Pointer::new("/config").key(key),
    };
    for place in tool_call::INPUT_KEYS {
        let Some(input) = context.get(place) else { continue };
        if !rules.commands.is_empty()
            && let Some(fault) = refuse_command(&rules.commands, input)
        {
            let (code, key, message) = match fault {
                Fault::Listed(entry) => {
                    (COMMAND_BLOCKED, "blocked_commands", format!("the command is blocked by `{entry}`"))
                }
                Fault::Dangerous(what) => {
                    (COMMAND_DANGEROUS, "block_dangerous_commands", format!("the command {what}"))
                }
            };
            return Some(Violation::new(code, pointer(key), message).with_severity(Severity::Critical));
        }
        if let Some((written, _)) = rules.patterns.iter().find(|(_, pattern)| occurs(pattern, input)) {
            let message = format!("the tool's input matches `{written}`");
            return Some(
                Violation::new(PATTERN_BLOCKED, pointer("blocked_patterns"), message).with_severity(Severity::High),
            );
        }
    }
    None
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

/// Whether a pattern occurs in any text of a value, as written or as a reader would see it.
fn occurs(pattern: &Pattern, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            pattern.is_match(text) || {
                let seen = visible(text);
                *seen != **text && pattern.is_match(&seen)
            }
        }
        Value::Array(items) => items.iter().any(|item| occurs(pattern, item)),
        Value::Object(entries) => entries.values().any(|entry| occurs(pattern, entry)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
