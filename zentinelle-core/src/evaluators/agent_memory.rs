//! `agent_memory`: guards the memory an agent keeps.
//!
//! Applies to requests that state a `memory_operation`, and checks keys and types of those that
//! state only these. `read` and `list` read; everything else, known or not, writes. The limits
//! on items and size hold for all that writes except `delete`.
//!
//! Counts and sizes are the host's; a count left out is zero.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry, lists};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::matching::text::fold;
use crate::matching::{AllowList, GlobList};
use crate::request::{EvaluationError, Number};

const READ_DENIED: Code = Code::new("agent_memory.read_denied");
const WRITE_DENIED: Code = Code::new("agent_memory.write_denied");
const KEY_BLOCKED: Code = Code::new("agent_memory.key_blocked");
const TYPE_MISSING: Code = Code::new("agent_memory.type_missing");
const TYPE_NOT_ALLOWED: Code = Code::new("agent_memory.type_not_allowed");
const FULL: Code = Code::new("agent_memory.full");
const NEAR_FULL: Code = Code::new("agent_memory.near_full");
const VALUE_TOO_LARGE: Code = Code::new("agent_memory.value_too_large");

/// Share of the most items from which a warning is raised. Unit: percent.
const WARN_AT_PERCENT: Number = Number::Int(90);

/// Configuration of an `agent_memory` policy. A limit left out, or null, is not enforced; zero is
/// a real limit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether memory may be read and listed. Default: true.
    pub allow_read: bool,
    /// Whether memory may be written and deleted. Default: true.
    pub allow_write: bool,
    /// Most items the memory may hold. Unit: items.
    pub max_memory_items: Option<Number>,
    /// Kinds of memory that may be used. Default: empty, which allows every kind.
    pub allowed_memory_types: Vec<String>,
    /// Globs of keys that may not be touched; letter case does not matter. Default: empty.
    pub blocked_key_patterns: Vec<String>,
    /// Most bytes of one value. Unit: bytes.
    pub max_value_size_bytes: Option<Number>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_read: true,
            allow_write: true,
            max_memory_items: None,
            allowed_memory_types: Vec::new(),
            blocked_key_patterns: Vec::new(),
            max_value_size_bytes: None,
        }
    }
}

/// See the module.
pub struct AgentMemory {
    allow_read: bool,
    allow_write: bool,
    max_items: Option<Number>,
    max_value_size: Option<Number>,
    allowed_types: AllowList,
    blocked_keys: GlobList,
    /// Whether any key says something; a policy of defaults looks at nothing.
    restricts: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Operation {
    Read,
    Write,
    Delete,
}

impl Operation {
    fn named(name: &str) -> Self {
        match &*fold(name) {
            "read" | "list" => Self::Read,
            "delete" => Self::Delete,
            _ => Self::Write,
        }
    }
}

impl Evaluator for AgentMemory {
    type Config = Config;

    const CODES: &'static [Code] =
        &[READ_DENIED, WRITE_DENIED, KEY_BLOCKED, TYPE_MISSING, TYPE_NOT_ALLOWED, FULL, NEAR_FULL, VALUE_TOO_LARGE];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        for (key, limit) in
            [("max_memory_items", config.max_memory_items), ("max_value_size_bytes", config.max_value_size_bytes)]
        {
            if let Some(limit) = limit.filter(|limit| limit.is_negative()) {
                faults.push(PolicyError::out_of_range(key, limit, 0, "any whole number"));
            }
        }
        let blocked_keys = lists::denying_globs("blocked_key_patterns", config.blocked_key_patterns, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let restricts = !config.allow_read
            || !config.allow_write
            || config.max_memory_items.is_some()
            || config.max_value_size_bytes.is_some()
            || !config.allowed_memory_types.is_empty()
            || !blocked_keys.is_empty();
        Ok(Self {
            allow_read: config.allow_read,
            allow_write: config.allow_write,
            max_items: config.max_memory_items,
            max_value_size: config.max_value_size_bytes,
            allowed_types: AllowList::new(config.allowed_memory_types),
            blocked_keys,
            restricts,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        if !self.restricts {
            return Ok(Verdict::NotApplicable);
        }
        let context = &inquiry.request.context;
        let named = context.name("memory_operation")?;
        let operation = named.map(Operation::named);
        let name = named.unwrap_or_default();
        match operation {
            Some(Operation::Read) if !self.allow_read => {
                let message = format!("memory may not be read, and `{name}` reads");
                return Ok(Verdict::violated(READ_DENIED, "/config/allow_read", message));
            }
            Some(Operation::Write | Operation::Delete) if !self.allow_write => {
                let message = format!("memory may not be written, and `{name}` writes");
                return Ok(Verdict::violated(WRITE_DENIED, "/config/allow_write", message));
            }
            _ => {}
        }
        let mut applies = operation.is_some();
        if !self.blocked_keys.is_empty()
            && let Some(key) = context.name("memory_key")?
        {
            applies = true;
            if let Some(pattern) = self.blocked_keys.find(key) {
                let message = format!("memory key is blocked by `{pattern}`");
                return Ok(Verdict::violated(KEY_BLOCKED, "/config/blocked_key_patterns", message));
            }
        }
        if !self.allowed_types.is_empty() {
            const POINTER: &str = "/config/allowed_memory_types";
            match context.name("memory_type")? {
                Some(kind) if !self.allowed_types.contains(kind) => {
                    let message = format!("memory type `{kind}` is not allowed");
                    return Ok(Verdict::violated(TYPE_NOT_ALLOWED, POINTER, message));
                }
                None if operation.is_some() => {
                    return Ok(Verdict::violated(TYPE_MISSING, POINTER, "the request names no memory type"));
                }
                found => applies |= found.is_some(),
            }
        }
        if operation == Some(Operation::Write) {
            return self.within_limits(inquiry);
        }
        Ok(if applies { Verdict::satisfied() } else { Verdict::NotApplicable })
    }
}

impl AgentMemory {
    fn within_limits(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        let mut notes = Notes::none();
        if let Some(limit) = self.max_items {
            let count = context.quantity_or_zero("memory_item_count")?;
            if count >= limit {
                let message = format!("memory holds {count} items, the limit is {limit}");
                return Ok(Verdict::violated(FULL, "/config/max_memory_items", message));
            }
            if count.reaches_percent_of(limit, WARN_AT_PERCENT) {
                notes.warn(NEAR_FULL, format!("memory holds {count} of {limit} items"));
            }
        }
        if let Some(limit) = self.max_value_size {
            let size = context.quantity_or_zero("value_size_bytes")?;
            if size > limit {
                let message = format!("the value has {size} bytes, the limit is {limit}");
                return Ok(Verdict::violated(VALUE_TOO_LARGE, "/config/max_value_size_bytes", message));
            }
        }
        Ok(Verdict::Satisfied(notes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};

    #[test]
    fn an_operation_nobody_knows_writes() {
        for operation in ["append", "WRITE", " delete ", "upsert"] {
            let context = format!(r#"{{ "memory_operation": "{operation}" }}"#);
            let verdict = judge("agent_memory", r#"{ "allow_write": false }"#, &context);
            assert_eq!(violated(&verdict), "agent_memory.write_denied", "{operation}");
        }
        let verdict = judge("agent_memory", r#"{ "allow_read": false }"#, r#"{ "memory_operation": "List" }"#);
        assert_eq!(violated(&verdict), "agent_memory.read_denied");
    }

    #[test]
    fn a_full_memory_can_still_be_emptied() {
        let config = r#"{ "max_memory_items": 0 }"#;
        assert_eq!(violated(&judge("agent_memory", config, r#"{ "memory_operation": "write" }"#)), "agent_memory.full");
        assert!(warned(&judge("agent_memory", config, r#"{ "memory_operation": "delete" }"#)).is_empty());
    }

    #[test]
    fn a_blocked_key_is_blocked_without_an_operation() {
        let verdict =
            judge("agent_memory", r#"{ "blocked_key_patterns": ["secret_*"] }"#, r#"{ "memory_key": "Secret_a" }"#);
        assert_eq!(violated(&verdict), "agent_memory.key_blocked");
    }
}
