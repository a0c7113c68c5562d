//! How requests end: by a person, by the agent that takes it back, or by time.

use jiff::Timestamp;
use serde_json::json;
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::decision::Remedy;
use zentinelle_core::ids::TenantId;

use super::{as_of_now, token};
use crate::app::App;
use crate::auth::{AgentFacts, Caller};
use crate::clock;
use crate::http::error::ApiError;
use crate::service::change::Change;
use crate::store::approvals::{self, APPROVED, CANCELLED, DENIED, EXPIRED, PENDING};
use crate::store::audit;
use crate::store::entities::approval;

/// How many overdue requests are ended at a time.
const AT_ONCE: u64 = 200;

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The call may be made once.
    Approve,
    /// The call may not be made.
    Deny,
}

/// Decides a request, once. Who decides is the caller.
pub(crate) async fn resolve(
    app: &App,
    caller: &Caller,
    id: &str,
    verdict: Verdict,
    note: &str,
) -> Result<approval::Model, ApiError> {
    let txn = app.store.begin().await?;
    let row = pending(&txn, &caller.tenant, id).await?;
    let now = clock::now();
    let mut decided = approval::Model {
        decided_by: Some(caller.actor()),
        decided_at: Some(clock::micros(now)),
        decision_note: note.to_owned(),
        ..row
    };
    let action = match verdict {
        Verdict::Approve => {
            APPROVED.clone_into(&mut decided.status);
            decided.expires_at = holds_until(&decided, now)?;
            decided.token_id = Some(decided.id.clone());
            AuditAction::Approve
        }
        Verdict::Deny => {
            DENIED.clone_into(&mut decided.status);
            AuditAction::Reject
        }
    };
    if !approvals::transition(&txn, PENDING, &decided).await? {
        return Err(already_decided(None));
    }
    let change = Change {
        caller,
        action,
        resource_type: "approval",
        resource_id: &decided.id,
        resource_name: &decided.action,
        changes: json!({
            "status": [PENDING, decided.status], "note": note, "agent_id": decided.agent_id,
            "call_digest": decided.arguments_digest,
        }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    app.approval_changed(&caller.tenant, &decided.id).await;
    Ok(decided)
}

/// Takes back a request. It cannot be taken back into anything but nothing.
pub(crate) async fn cancel(
    app: &App,
    caller: &Caller,
    agent: &AgentFacts,
    id: &str,
) -> Result<approval::Model, ApiError> {
    let txn = app.store.begin().await?;
    let row = match pending(&txn, &caller.tenant, id).await {
        Ok(row) if row.agent_id != agent.agent.agent_id.as_str() => return Err(no_such_request()),
        answer => answer?,
    };
    let cancelled = approval::Model { status: CANCELLED.to_owned(), ..row };
    if !approvals::transition(&txn, PENDING, &cancelled).await? {
        return Err(already_decided(None));
    }
    let change = Change {
        caller,
        action: AuditAction::Update,
        resource_type: "approval",
        resource_id: &cancelled.id,
        resource_name: &cancelled.action,
        changes: json!({ "status": [PENDING, CANCELLED] }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    app.approvals.forget(&cancelled);
    app.approval_changed(&caller.tenant, &cancelled.id).await;
    Ok(cancelled)
}

/// A request that waits for a decision; else why there is none.
async fn pending(txn: &sea_orm::DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<approval::Model, ApiError> {
    let row = approvals::by_id(txn, tenant, id).await?.map(as_of_now).ok_or_else(no_such_request)?;
    match row.status.as_str() {
        PENDING => Ok(row),
        EXPIRED if row.decided_at.is_none() => Err(ApiError::Conflict {
            code: "approval_expired",
            message: "nobody decided in time: the agent must ask again".to_owned(),
        }),
        _ => Err(already_decided(Some(&row))),
    }
}

fn no_such_request() -> ApiError {
    ApiError::NotFound { what: "approval request" }
}

fn already_decided(row: Option<&approval::Model>) -> ApiError {
    let message = match row {
        Some(row) => format!("the request is {} already", row.status),
        None => "somebody else decided first".to_owned(),
    };
    ApiError::Conflict { code: "already_decided", message }
}

fn holds_until(row: &approval::Model, now: Timestamp) -> Result<i64, ApiError> {
    let remedies: Vec<Remedy> = serde_json::from_value(row.remedies.clone())
        .map_err(|error| ApiError::Internal(format!("the remedies of an approval request: {error}")))?;
    Ok(clock::micros(now.saturating_add(token::lifetime(&remedies)).unwrap_or(Timestamp::MAX)))
}

/// Ends requests nobody decided, and approvals nobody used, in time. Called from a schedule;
/// running it twice does no harm. How many were ended.
pub(crate) async fn expire_due(app: &App) -> Result<usize, ApiError> {
    let mut ended = 0;
    loop {
        let overdue = approvals::overdue(app.store.db(), clock::now_micros(), AT_ONCE).await?;
        if overdue.is_empty() {
            return Ok(ended);
        }
        for row in overdue {
            ended += usize::from(expire(app, row).await?);
        }
    }
}

async fn expire(app: &App, row: approval::Model) -> Result<bool, ApiError> {
    let tenant = TenantId::new(row.tenant_id.as_str());
    let from = row.status.clone();
    let expired = approval::Model { status: EXPIRED.to_owned(), ..row };
    let txn = app.store.begin().await?;
    if !approvals::transition(&txn, &from, &expired).await? {
        return Ok(false);
    }
    let mut record = AuditRecord::new(
        clock::new_id(),
        tenant.as_str(),
        clock::now(),
        AuditAction::Update,
        "approval",
        Outcome::Success,
    );
    record.resource_id = Some(expired.id.clone());
    record.resource_name = Some(expired.action.clone());
    record.changes = json!({ "status": [from, EXPIRED] });
    audit::append(&txn, &tenant, vec![record]).await?;
    txn.commit().await?;
    app.approvals.forget(&expired);
    app.approval_changed(&tenant, &expired.id).await;
    Ok(true)
}
