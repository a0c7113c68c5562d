//! Who closes the gap that a control shows, and by when. Whether it is closed is not theirs to say:
//! the control's status follows from its evidence.

use serde_json::json;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use super::compliance::by_id;
use super::{fields, settings};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::gap_assignment;
use crate::store::gaps as store;

/// What somebody writes of an assignment.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    /// Who; empty for nobody, which takes the assignment away.
    pub(crate) owner: String,
    /// The day by which, such as `2026-12-31`; empty for none.
    pub(crate) due_date: Option<String>,
    /// What for.
    pub(crate) note: Option<String>,
}

/// Assigns the gap of a control to somebody, in the place of whoever had it.
pub(crate) async fn assign(
    app: &App,
    caller: &Caller,
    framework: &str,
    control: &str,
    given: Assignment,
) -> Result<(), ApiError> {
    let framework = by_id(framework).ok_or(ApiError::NotFound { what: "framework" })?;
    let found = framework.controls.iter().find(|known| known.id == control);
    let control = found.ok_or(ApiError::NotFound { what: "control" })?;
    fields::text("owner", &given.owner, fields::MOST_NAME)?;
    let note = given.note.unwrap_or_default();
    fields::text("note", &note, fields::MOST_DESCRIPTION)?;
    let zone = settings::zone(app, &caller.tenant).await?;
    let due_at = fields::instant_in("due_date", given.due_date.as_deref().map(str::trim), &zone)?;
    let row = gap_assignment::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        framework_id: framework.id.clone(),
        control_id: control.id.clone(),
        owner: given.owner.trim().to_owned(),
        due_at,
        note,
        assigned_by: caller.actor(),
        assigned_at: clock::now_micros(),
    };
    let txn = app.store.begin().await?;
    let before = store::one(&txn, &caller.tenant, &framework.id, &control.id).await?;
    let changes = json!({
        "owner": [before.as_ref().map(|row| &row.owner), row.owner],
        "due_at": [before.as_ref().and_then(|row| clock::iso_or_none(row.due_at)), clock::iso_or_none(row.due_at)],
    });
    match (row.owner.is_empty(), before) {
        (true, Some(before)) => store::delete(&txn, before).await?,
        (true, None) => return Ok(()),
        (false, _) => store::put(&txn, row).await?,
    }
    let id = format!("{}:{}", framework.id, control.id);
    let change = Change {
        caller,
        action: AuditAction::Update,
        resource_type: "compliance_gap",
        resource_id: &id,
        resource_name: &control.title,
        changes,
    };
    change.record(&txn).await?;
    txn.commit().await?;
    Ok(())
}
