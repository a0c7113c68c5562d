//! Alert rules: each enabled rule is compared with what was counted within its window. A rule
//! that is due raises one alert, which stays one as long as nobody resolves it.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::recorder::record::RaisedAlert;
use crate::service::alert_rules::{self, Condition};
use crate::store::entities::alert_rule;
use crate::store::{alerts, wire_name};
use crate::webhooks::{self, Emission};

/// The kind of alert.
const ALERT: &str = "threshold_exceeded";

/// Looks at every enabled rule of a tenant. A rule that cannot be read or counted does not keep
/// the others from being looked at; the job then fails and says which.
pub(crate) async fn check(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    let rules = alert_rule::Entity::find()
        .filter(alert_rule::Column::TenantId.eq(tenant.as_str()))
        .filter(alert_rule::Column::Enabled.eq(true))
        .all(app.store.db())
        .await?;
    let mut failed = Vec::new();
    for rule in rules {
        if let Err(why) = look(app, tenant, &rule).await {
            failed.push(format!("`{}`: {why}", rule.name));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(JobError::Retry(format!("alert rules failed: {}", failed.join("; ")))) }
}

async fn look(app: &App, tenant: &TenantId, rule: &alert_rule::Model) -> Result<(), JobError> {
    let condition = Condition::read(&rule.condition).map_err(|error| JobError::Hopeless(error.to_string()))?;
    let now = clock::now_micros();
    let counts = alert_rules::count(app, tenant, &condition, now).await?;
    if !alert_rules::due(&condition, &counts) {
        return Ok(());
    }
    let (metric, found) = (wire_name(&condition.metric), counts.of(condition.metric));
    let (threshold, minutes) = (condition.threshold, condition.window_minutes);
    let raised = RaisedAlert {
        tenant_id: tenant.clone(),
        id: clock::new_id(),
        dedup_key: format!("alert_rule:{}", rule.id),
        alert_type: ALERT.to_owned(),
        severity: rule.severity.clone(),
        title: format!("{}: {found} {metric} in {minutes} minutes", rule.name),
        description: format!("the rule `{}` is due at {threshold} {metric} in {minutes} minutes", rule.name),
        agent_id: condition.agent_id.clone(),
        user_id: None,
        metadata: json!({ "rule_id": rule.id, "metric": metric, "value": found, "threshold": threshold,
            "window_minutes": minutes }),
        at: now,
    };
    let told = Emission::of_alert(&raised);
    let txn = app.store.begin().await?;
    if alerts::raise(&txn, raised).await? {
        webhooks::emit(&txn, told).await?;
    }
    txn.commit().await?;
    Ok(())
}
