//! Restrictions of one tool: SQL that only reads, paths it may touch, a cap on rows.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use smallvec::SmallVec;

use super::super::{lists, tool_call};
use super::blocked::BlockedPattern;
use super::input::{Compiled, InputRules};
use crate::decision::Violation;
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::matching::path::NormalPath;
use crate::matching::{PathRules, sql};
use crate::request::{Context, EvaluationError, Number};
use crate::scan::Severity;

pub(super) const NOT_READ_ONLY: Code = Code::new("tool_permission.not_read_only");
pub(super) const STATEMENT_MISSING: Code = Code::new("tool_permission.statement_missing");
pub(super) const PATH_MISSING: Code = Code::new("tool_permission.path_missing");
pub(super) const PATH_UNREADABLE: Code = Code::new("tool_permission.path_unreadable");
pub(super) const PATH_BLOCKED: Code = Code::new("tool_permission.path_blocked");
pub(super) const PATH_NOT_ALLOWED: Code = Code::new("tool_permission.path_not_allowed");

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
    pub blocked_patterns: Vec<BlockedPattern>,
}

/// What one tool may do.
pub(super) struct ToolRules {
    read_only: bool,
    pub(super) max_rows: Option<u64>,
    allowed_paths: PathRules,
    blocked_paths: PathRules,
    input: InputRules,
    /// The written name, for pointers.
    name: String,
}

impl ToolRules {
    pub(super) fn new(
        name: String,
        config: ToolConfig,
        compiled: &mut Compiled,
        faults: &mut Vec<PolicyError>,
    ) -> Self {
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
                compiled,
                faults,
            ),
            name,
        }
    }

    fn pointer(&self, key: &str) -> Pointer {
        Pointer::new("/config/tool_configs").key(&self.name).key(key)
    }

    pub(super) fn refuse(&self, context: &Context) -> Result<Option<Violation>, EvaluationError> {
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
        Ok(self.input.refuse(Some(&self.name), context))
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
