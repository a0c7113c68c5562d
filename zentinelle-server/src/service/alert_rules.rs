//! Alert rules: when a count over a stretch of time calls for people.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use super::content_rules::{RuleType, Severity};
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::alert_rule;
use crate::store::page::{Page, Paged};
use crate::store::{StoreError, alert_rules as store, counts, wire_name};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertMetric)]
pub(crate) enum Metric {
    /// Decisions that were asked for.
    Evaluations,
    /// Those that were denied.
    Denials,
    /// Denied decisions of a hundred.
    DenialPercent,
    /// Things that content scans found.
    Violations,
    /// Contents that were refused.
    BlockedScans,
    /// Incidents that were opened.
    Incidents,
    /// Model calls.
    ModelCalls,
    /// Tokens of all classes.
    Tokens,
    /// Cost. Unit: millionths of a US dollar.
    UsdMicros,
    /// Agents that are unhealthy now.
    UnhealthyAgents,
}

/// When a rule is due: `metric` reached `threshold` within the last `window_minutes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertCondition)]
pub(crate) struct Condition {
    /// What is counted.
    pub(crate) metric: Metric,
    /// How many call for people.
    pub(crate) threshold: u64,
    /// Over how long. Unit: minutes.
    pub(crate) window_minutes: u32,
    /// Of a percentage: from how many decisions on it means anything. Default: 10.
    #[serde(default = "least_samples")]
    pub(crate) least_samples: u64,
    /// Only of this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent_id: Option<String>,
    /// Of violations, only those of this type of rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule_type: Option<RuleType>,
    /// Of violations and incidents, only those at least as bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) least_severity: Option<Severity>,
}

const fn least_samples() -> u64 {
    10
}

/// The longest window. Unit: minutes.
const MOST_WINDOW: u32 = 31 * 24 * 60;

/// What was counted within a condition's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Decisions that were asked for.
    pub(crate) evaluations: u64,
    /// Those that were denied.
    pub(crate) denials: u64,
    /// Things that content scans found.
    pub(crate) violations: u64,
    /// Contents that were refused.
    pub(crate) blocked_scans: u64,
    /// Incidents that were opened.
    pub(crate) incidents: u64,
    /// Model calls.
    pub(crate) model_calls: u64,
    /// Tokens of all classes.
    pub(crate) tokens: u64,
    /// Cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: u64,
    /// Agents that are unhealthy now.
    pub(crate) unhealthy_agents: u64,
}

impl Counts {
    /// What a metric reads.
    pub(crate) fn of(&self, metric: Metric) -> u64 {
        match metric {
            Metric::Evaluations => self.evaluations,
            Metric::Denials => self.denials,
            Metric::DenialPercent => self.denials.saturating_mul(100).checked_div(self.evaluations).unwrap_or_default(),
            Metric::Violations => self.violations,
            Metric::BlockedScans => self.blocked_scans,
            Metric::Incidents => self.incidents,
            Metric::ModelCalls => self.model_calls,
            Metric::Tokens => self.tokens,
            Metric::UsdMicros => self.usd_micros,
            Metric::UnhealthyAgents => self.unhealthy_agents,
        }
    }
}

/// Whether what was counted calls for people.
pub(crate) fn due(condition: &Condition, counts: &Counts) -> bool {
    if condition.metric == Metric::DenialPercent {
        // Compared by multiplying, so that nothing is lost to rounding.
        let enough = counts.evaluations >= condition.least_samples.max(1);
        return enough && counts.denials.saturating_mul(100) >= condition.threshold.saturating_mul(counts.evaluations);
    }
    counts.of(condition.metric) >= condition.threshold
}

impl Condition {
    /// Reads and checks a condition.
    pub(crate) fn read(value: &Value) -> Result<Self, ApiError> {
        let condition: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "condition".to_owned() } else { format!("condition.{path}") };
            ApiError::invalid(&field, error.inner().to_string().replace("u64", "a whole number"))
        })?;
        let wrong = |field: &str, message: String| Err(ApiError::invalid(&format!("condition.{field}"), message));
        if condition.threshold == 0 {
            return wrong("threshold", "must be at least 1, else the rule is always due".to_owned());
        }
        if condition.threshold > i64::MAX.unsigned_abs() {
            return wrong("threshold", "is too large".to_owned());
        }
        if condition.metric == Metric::DenialPercent && condition.threshold > 100 {
            return wrong("threshold", "is a percentage: at most 100".to_owned());
        }
        if condition.window_minutes == 0 || condition.window_minutes > MOST_WINDOW {
            return wrong("window_minutes", format!("must be between 1 and {MOST_WINDOW}"));
        }
        fields::optional("condition.agent_id", condition.agent_id.as_deref(), fields::MOST_NAME)?;
        Ok(condition)
    }

    /// When its window begins. Unit: microseconds.
    pub(crate) fn since(&self, now: i64) -> i64 {
        now.saturating_sub(i64::from(self.window_minutes) * 60_000_000)
    }
}

/// Counts what a condition is about, up to an instant. Unit of `now`: microseconds.
pub(crate) async fn count(
    app: &App,
    tenant: &TenantId,
    condition: &Condition,
    now: i64,
) -> Result<Counts, StoreError> {
    counts::within(app.store.db(), tenant, condition, now).await
}

/// An alert rule as an operator writes it. In a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AlertRuleInput {
    /// Its name, unique in the tenant.
    name: Option<String>,
    /// When it is due.
    #[schema(value_type = Option<Condition>)]
    condition: Option<Value>,
    /// How bad its alerts are. Default: medium.
    severity: Option<Severity>,
    /// Whether it is in force. Default: true.
    enabled: Option<bool>,
}

impl AlertRuleInput {
    fn write_to(self, row: &mut alert_rule::Model) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            row.name = fields::required("name", Some(name), fields::MOST_NAME)?;
        }
        if let Some(condition) = &self.condition {
            let condition = Condition::read(condition)?;
            row.condition =
                serde_json::to_value(condition).map_err(|error| ApiError::Internal(error.to_string()))?;
        }
        if let Some(severity) = &self.severity {
            row.severity = wire_name(severity);
        }
        row.enabled = self.enabled.unwrap_or(row.enabled);
        Ok(())
    }
}

/// The rules of the caller's tenant.
pub(crate) async fn list(app: &App, caller: &Caller, page: &Page) -> Result<Paged<alert_rule::Model>, ApiError> {
    Ok(store::page(app.store.db(), &caller.tenant, page).await?)
}

/// One rule.
pub(crate) async fn get(app: &App, caller: &Caller, id: &str) -> Result<alert_rule::Model, ApiError> {
    Ok(store::by_id(app.store.db(), &caller.tenant, id).await?)
}

/// Makes a rule.
pub(crate) async fn create(app: &App, caller: &Caller, input: AlertRuleInput) -> Result<alert_rule::Model, ApiError> {
    if input.condition.is_none() {
        return Err(ApiError::invalid("condition", "is missing"));
    }
    let now = clock::now_micros();
    let mut row = alert_rule::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        name: fields::required("name", input.name.as_deref(), fields::MOST_NAME)?,
        condition: json!({}),
        severity: wire_name(&Severity::default()),
        enabled: true,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    };
    input.write_to(&mut row)?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    change(caller, AuditAction::Create, &row, json!({ "after": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Changes a rule.
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    id: &str,
    input: AlertRuleInput,
) -> Result<alert_rule::Model, ApiError> {
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    let before = shown(&row);
    input.write_to(&mut row)?;
    row.updated_at = clock::now_micros();
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "before": before, "after": shown(&row) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Removes a rule.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::locked(&txn, &caller.tenant, id).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c alert_rule::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "alert_rule", resource_id: &row.id, resource_name: &row.name, changes }
}

fn shown(row: &alert_rule::Model) -> Value {
    json!({ "condition": row.condition, "severity": row.severity, "enabled": row.enabled })
}

#[cfg(test)]
mod tests {
    use super::{Condition, Counts, due};
    use serde_json::json;

    #[test]
    fn a_rule_is_due_when_its_metric_reaches_the_threshold() {
        let condition = |metric: &str, threshold: u64| {
            let value = json!({"metric": metric, "threshold": threshold, "window_minutes": 60});
            Condition::read(&value).expect("a condition")
        };
        let counts = Counts { evaluations: 30, denials: 10, violations: 4, ..Counts::default() };
        assert!(due(&condition("violations", 4), &counts) && !due(&condition("violations", 5), &counts));
        assert!(due(&condition("denial_percent", 33), &counts) && !due(&condition("denial_percent", 34), &counts));
        let few = Counts { evaluations: 3, denials: 3, ..Counts::default() };
        assert!(!due(&condition("denial_percent", 50), &few));
        assert!(!due(&condition("denial_percent", 50), &Counts::default()));
    }

    #[test]
    fn a_condition_that_says_nothing_sensible_is_refused() {
        for value in [
            json!({"metric": "violations", "threshold": 0, "window_minutes": 5}),
            json!({"metric": "violations", "threshold": 1, "window_minutes": 0}),
            json!({"metric": "denial_percent", "threshold": 101, "window_minutes": 5}),
            json!({"metric": "moods", "threshold": 1, "window_minutes": 5}),
            json!({"metric": "violations", "threshold": -1, "window_minutes": 5}),
            json!({"metric": "violations", "threshold": 1, "window_minutes": 5, "extra": 1}),
            json!([]),
        ] {
            assert!(Condition::read(&value).is_err(), "{value}");
        }
    }
}
