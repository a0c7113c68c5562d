//! Alerts: what people should look at, and what they made of it.

use serde_json::json;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::alerts as store;
use crate::store::entities::alert;

/// Takes notice of an alert. Only an open one can be acknowledged.
pub(crate) async fn acknowledge(app: &App, caller: &Caller, id: &str) -> Result<alert::Model, ApiError> {
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    if row.status != "open" {
        return Err(wrong_state(&row, "only an open alert can be acknowledged"));
    }
    let now = clock::now_micros();
    "acknowledged".clone_into(&mut row.status);
    row.acknowledged_by = Some(caller.actor());
    row.acknowledged_at = Some(now);
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "status": ["open", "acknowledged"] });
    change(caller, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Closes an alert, as resolved or as a false one.
pub(crate) async fn resolve(
    app: &App,
    caller: &Caller,
    id: &str,
    notes: &str,
    false_positive: bool,
) -> Result<alert::Model, ApiError> {
    fields::text("resolution_notes", notes, fields::MOST_PROSE)?;
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    if matches!(row.status.as_str(), "resolved" | "false_positive") {
        return Err(wrong_state(&row, "it is closed already"));
    }
    let (now, before) = (clock::now_micros(), row.status.clone());
    row.status = if false_positive { "false_positive" } else { "resolved" }.to_owned();
    row.resolved_by = Some(caller.actor());
    row.resolved_at = Some(now);
    notes.clone_into(&mut row.resolution_notes);
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "status": [before, row.status] });
    change(caller, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

fn change<'c>(caller: &'c Caller, row: &'c alert::Model, changes: serde_json::Value) -> Change<'c> {
    let (resource_id, resource_name) = (row.id.as_str(), row.title.as_str());
    Change { caller, action: AuditAction::Update, resource_type: "alert", resource_id, resource_name, changes }
}

fn wrong_state(row: &alert::Model, why: &str) -> ApiError {
    ApiError::invalid("status", format!("the alert is `{}`: {why}", row.status))
}
