//! The audit trail as evidence: signed heads, verification, export, and proofs of single entries.
//!
//! A checkpoint is signed only after everything since the one before was verified, so nobody who
//! can write to the database gets a signature on a history he rewrote.

pub(crate) mod export;
pub(crate) mod kept;
mod keys;
mod receipt;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

use std::time::Duration;

use serde_json::json;
use zentinelle_core::audit::Checkpoint;
use zentinelle_core::ids::TenantId;

pub(crate) use self::keys::AuditKeys;
pub(crate) use self::receipt::receipt;
pub(crate) use self::verify::{Asked, Verified, verify};
use self::walk::Walk;
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::{RaisedAlert, Record};
use crate::store::audit::{self, Checkpointed};

/// After so many entries the head is signed again.
const SIGN_AFTER_ENTRIES: u64 = 1_000;
/// After so long the head is signed again, if there is anything new.
const SIGN_AFTER: Duration = Duration::from_secs(300);

/// Signs the head of a tenant's chain when it grew enough, or grew at all and was not signed for
/// a while. Called from a schedule; running it twice does no harm.
pub(crate) async fn checkpoint_if_due(app: &App, tenant: &TenantId) -> Result<(), ApiError> {
    let signed = audit::latest_checkpoint(app.store.db(), tenant).await?;
    let head = audit::head(app.store.db(), tenant).await?;
    let due = signed.is_none_or(|signed| {
        let grown = head.size().saturating_sub(signed.size);
        let waited = clock::now_micros().saturating_sub(signed.signed_at);
        let long = i64::try_from(SIGN_AFTER.as_micros()).is_ok_and(|most| waited >= most);
        // A chain that shrank is looked at as well: signing it fails, and says so.
        grown >= SIGN_AFTER_ENTRIES || (head.size() != signed.size && long)
    });
    if due {
        checkpoint(app, tenant).await?;
    }
    Ok(())
}

/// Signs the head of a tenant's chain, after verifying what is new since it was last signed.
/// None when nothing was ever recorded.
pub(crate) async fn checkpoint(app: &App, tenant: &TenantId) -> Result<Option<Checkpointed>, ApiError> {
    let db = app.store.db();
    let signed = audit::latest_checkpoint(db, tenant).await?;
    let head = audit::head(db, tenant).await?;
    if head.size() == 0 && signed.is_none() {
        return Ok(None);
    }
    if signed.as_ref().is_some_and(|signed| signed.chain == head) {
        return Ok(signed);
    }
    let walk = Walk {
        start: signed.as_ref().map(|signed| (signed.chain.clone(), signed.note.clone())),
        last: head.size(),
        checkpoints_through: signed.as_ref().map_or(0, |signed| signed.size).max(head.size()),
    };
    let walked = walk.run(db, tenant, app.audit_keys.trusted()).await?;
    let report = &walked.report;
    let follows = report.fault_count == 0
        && report.root == Some(head.tree_head().root)
        && report.chain_hash == Some(head.chain_hash());
    if !walked.faults.is_empty() || !follows {
        let found = walked.faults.iter().chain(&walked.report.faults).next();
        let why = found.map_or("its head does not follow from its entries", |fault| fault.message.as_str());
        raise_alert(app, tenant, why).await?;
        let message = format!("the audit chain is not signed because it does not verify: {why}");
        return Err(ApiError::Conflict { code: "audit_chain_broken", message });
    }
    let note = app.audit_keys.signer().sign(&Checkpoint::new(tenant.as_str(), head.tree_head()));
    let signed = Checkpointed { size: head.size(), note, chain: head, signed_at: clock::now_micros() };
    audit::insert_checkpoint(db, tenant, &signed).await?;
    // Wherever the log is shipped to, the signed head is then out of reach of the database.
    tracing::info!(%tenant, size = signed.size, note = signed.note.as_str(), "the audit chain was signed");
    Ok(Some(signed))
}

async fn raise_alert(app: &App, tenant: &TenantId, why: &str) -> Result<(), ApiError> {
    let alert = RaisedAlert {
        tenant_id: tenant.clone(),
        id: clock::new_id(),
        dedup_key: "audit_chain_broken".to_owned(),
        alert_type: "audit_chain_broken".to_owned(),
        severity: "critical".to_owned(),
        title: "The audit trail does not verify".to_owned(),
        description: why.to_owned(),
        agent_id: None,
        user_id: None,
        metadata: json!({}),
        at: clock::now_micros(),
    };
    app.recorder.record_durably(&[Record::Alert(Box::new(alert))]).await
}
