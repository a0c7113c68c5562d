//! `tool_permission`: says which tools may be called, and with which arguments.
//!
//! Applies to tool calls: the action `tool:<name>` is a call of that tool, the action `tool_call` of
//! the `tool_name` or `tool` in the context. Where these two differ, both must pass. Arguments are
//! looked for in `tool_args`, `tool_input`, `inputs`, `input` and `arguments`, and in all of these
//! that are there.
//!
//! - Names are denied, allowed or made to need an approval as a whole; globs have keys of their
//!   own, because a `*` in a list of names is only a letter.
//! - `tool_configs` restricts one tool, whatever it is called: SQL that only reads, directories it
//!   may touch, a cap on rows (an obligation of the host).
//! - `blocked_commands`, `block_dangerous_commands` and `blocked_patterns` stop shell commands and
//!   texts, of one tool or, at the top, of all.
//!
//! Only text is judged: symbolic links, variables of a shell and what a script does are not seen.

mod blocked;
mod commands;
mod danger;
mod input;
mod shell;
mod tool_rules;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use smallvec::SmallVec;

pub use self::blocked::BlockedPattern;
use self::input::{Compiled, InputRules};
pub use self::tool_rules::ToolConfig;
use self::tool_rules::ToolRules;
use super::{Approval, Approved, Evaluator, Inquiry, lists, tool_call};
use crate::approval::Purpose;
use crate::decision::{Notes, Obligation, Verdict, Violation};
use crate::error::{Code, Pointer, PolicyError};
use crate::matching::text::fold;
use crate::matching::{AllowList, DenyList, GlobList};
use crate::request::{ActionKind, EvaluationError, Request};
use crate::scan::Severity;

const DENIED: Code = Code::new("tool_permission.denied");
const NOT_ALLOWED: Code = Code::new("tool_permission.not_allowed");
const NAME_MISSING: Code = Code::new("tool_permission.name_missing");
const APPROVAL_REQUIRED: Code = Code::new("tool_permission.approval_required");
const APPROVAL_INVALID: Code = Code::new("tool_permission.approval_invalid");

/// Greatest age of an approval. Unit: seconds.
const APPROVAL_AGE_SECONDS: u64 = 86_400;

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
    /// `git push --force`. Words must follow in this order, others may stand between; flags may
    /// stand anywhere; globs are words too. Default: empty.
    pub blocked_commands: Vec<String>,
    /// Whether no tool may run commands that destroy a machine or run what they have just
    /// downloaded, such as `rm -rf /`. Default: false.
    pub block_dangerous_commands: bool,
    /// Regular expressions that may occur in no text of any tool's input, in any letter case. Each is a
    /// text, or an object with `pattern` and the `reason` a refusal tells. Default: empty.
    pub blocked_patterns: Vec<BlockedPattern>,
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

impl Evaluator for ToolPermission {
    type Config = Config;

    const CODES: &'static [Code] = &[
        DENIED,
        NOT_ALLOWED,
        NAME_MISSING,
        APPROVAL_REQUIRED,
        APPROVAL_INVALID,
        tool_rules::NOT_READ_ONLY,
        tool_rules::STATEMENT_MISSING,
        tool_rules::PATH_MISSING,
        tool_rules::PATH_UNREADABLE,
        tool_rules::PATH_BLOCKED,
        tool_rules::PATH_NOT_ALLOWED,
        input::COMMAND_BLOCKED,
        input::COMMAND_DANGEROUS,
        input::COMMAND_TOO_LONG,
        input::PATTERN_BLOCKED,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let mut compiled = Compiled::default();
        let every_tool = InputRules::new(
            config.blocked_commands,
            config.block_dangerous_commands,
            config.blocked_patterns,
            &Pointer::ROOT,
            &mut compiled,
            &mut faults,
        );
        let mut tools: BTreeMap<Box<str>, Vec<ToolRules>> = BTreeMap::new();
        for (name, config) in config.tool_configs {
            let folded = fold(&name).into();
            tools.entry(folded).or_default().push(ToolRules::new(name, config, &mut compiled, &mut faults));
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
            && let Some(violation) = self.every_tool.refuse(None, &request.context)
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

/// The tools a call must be judged as. An action `tool:<name>` says itself what is called, so the
/// context has no say in it; otherwise both of its keys count.
fn names(request: &Request) -> Result<SmallVec<[&str; 2]>, EvaluationError> {
    let mut names: SmallVec<[&str; 2]> = SmallVec::new();
    if let Some(tool) = request.action.tool() {
        names.push(tool);
        return Ok(names);
    }
    for key in ["tool_name", "tool"] {
        if let Some(name) = request.context.name(key)?
            && !names.contains(&name)
        {
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

#[cfg(test)]
mod tests;
