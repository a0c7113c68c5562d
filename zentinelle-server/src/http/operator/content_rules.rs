//! `content-rules`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::resource::resource;
use crate::clock;
use crate::service::content_rules::{self, RuleInput, RuleType};
use crate::store::entities::content_rule;

/// A content rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentRule {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it looks for.
    rule_type: String,
    /// Whether content can violate it at all: rules of the reserved types find nothing.
    detects: bool,
    /// Where it applies.
    scope_type: String,
    /// Which one.
    scope_id: Option<String>,
    /// What the type is told.
    #[schema(value_type = Object)]
    config: Value,
    /// How bad a violation is.
    severity: String,
    /// What a violation does.
    enforcement: String,
    /// In which scans it takes part.
    scan_mode: String,
    /// Whether it reads what users say and upload.
    scan_input: bool,
    /// Whether it reads what models answer.
    scan_output: bool,
    /// Whether it reads what models are given besides.
    scan_context: bool,
    /// Of several rules of a type and scope, the highest counts.
    priority: i64,
    /// Whether it is in force.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<content_rule::Model> for ContentRule {
    fn from(row: content_rule::Model) -> Self {
        let rule_type: Option<RuleType> = serde_json::from_value(Value::from(row.rule_type.as_str())).ok();
        let detects = rule_type.is_some_and(RuleType::detects);
        Self {
            id: row.id,
            name: row.name,
            rule_type: row.rule_type,
            detects,
            scope_type: row.scope_level,
            scope_id: row.scope_id,
            config: row.config,
            severity: row.severity,
            enforcement: row.enforcement,
            scan_mode: row.scan_mode,
            scan_input: row.scan_input,
            scan_output: row.scan_output,
            scan_context: row.scan_context,
            priority: row.priority,
            enabled: row.enabled,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of content rules, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentRules {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<ContentRule>,
}

resource! {
    path: "/api/zentinelle/v1/content-rules", tag: "content", operations: "content_rule" / "content_rules", noun: "a" "content rule",
    permissions: "content_rules", service: content_rules, shown: ContentRule, page: ContentRules, input: RuleInput,
}
