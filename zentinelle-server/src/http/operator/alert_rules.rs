//! `alert-rules`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::resource::resource;
use crate::clock;
use crate::service::alert_rules::{self, AlertRuleInput, Condition};
use crate::store::entities::alert_rule;

/// An alert rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRule {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// When it is due.
    #[schema(value_type = Condition)]
    condition: Value,
    /// How bad its alerts are.
    severity: String,
    /// Whether it is in force.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<alert_rule::Model> for AlertRule {
    fn from(row: alert_rule::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            condition: row.condition,
            severity: row.severity,
            enabled: row.enabled,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of alert rules, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRules {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<AlertRule>,
}

resource! {
    path: "/api/zentinelle/v1/alert-rules", tag: "alerts", operations: "alert_rule" / "alert_rules", noun: "an" "alert rule",
    permissions: "alert_rules", service: alert_rules, shown: AlertRule, page: AlertRules, input: AlertRuleInput,
}
