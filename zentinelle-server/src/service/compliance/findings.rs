//! Looks at all controls: kept, and compared with the look before, so that a control which is
//! found wanting has a day since when, and a day until when.

use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::{Counts, Judged, State, judged};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::change::Change;
use crate::store::compliance as store;
use crate::store::entities::{assessment, finding};
use crate::store::wire_name;

/// Looks at every control of the enabled frameworks, because somebody asks for it.
pub(crate) async fn look(app: &App, caller: &Caller) -> Result<assessment::Model, ApiError> {
    let frameworks = judged(app, &caller.tenant).await?;
    let row = assessed(&caller.tenant, "manual", caller.actor(), &frameworks);
    let txn = app.store.begin().await?;
    keep(&txn, &caller.tenant, &row, &frameworks).await?;
    let change = Change {
        caller,
        action: AuditAction::Create,
        resource_type: "assessment",
        resource_id: &row.id,
        resource_name: "",
        changes: json!({ "score": row.score, "frameworks": row.frameworks }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// The same, because it is time.
pub(crate) async fn look_as_scheduled(app: &App, tenant: &TenantId) -> Result<(), ApiError> {
    let frameworks = judged(app, tenant).await?;
    let row = assessed(tenant, "scheduled", "zentinelle".to_owned(), &frameworks);
    let txn = app.store.begin().await?;
    keep(&txn, tenant, &row, &frameworks).await?;
    txn.commit().await?;
    Ok(())
}

fn assessed(tenant: &TenantId, kind: &str, by: String, frameworks: &[Judged]) -> assessment::Model {
    let enabled = || frameworks.iter().filter(|judged| judged.enabled);
    let counts = enabled().map(Judged::counts).fold(Counts::default(), Counts::plus);
    let each = enabled().map(|judged| {
        json!({ "id": judged.framework.id, "version": judged.framework.version, "score": judged.counts().score(),
            "counts": judged.counts() })
    });
    assessment::Model {
        tenant_id: tenant.as_str().to_owned(),
        id: clock::new_id(),
        assessment_type: kind.to_owned(),
        frameworks: each.collect(),
        score: i64::try_from(counts.score()).unwrap_or_default(),
        created_by: by,
        created_at: clock::now_micros(),
    }
}

async fn keep(
    txn: &sea_orm::DatabaseTransaction,
    tenant: &TenantId,
    row: &assessment::Model,
    frameworks: &[Judged],
) -> Result<(), ApiError> {
    store::keep_assessment(txn, row.clone()).await?;
    let open = store::open_findings(txn, tenant).await?;
    let (fresh, changed) = compare(tenant, &open, frameworks, row.created_at);
    store::insert_findings(txn, fresh).await?;
    for finding in changed {
        store::update_finding(txn, finding).await?;
    }
    Ok(())
}

/// What is new, and what changed of what was open. A framework that was disabled resolves nothing
/// and finds nothing: its findings end, because nobody answers to it.
fn compare(
    tenant: &TenantId,
    open: &[finding::Model],
    frameworks: &[Judged],
    now: i64,
) -> (Vec<finding::Model>, Vec<finding::Model>) {
    let mut fresh = Vec::new();
    let mut changed = Vec::new();
    let mut still = std::collections::BTreeSet::new();
    for judged in frameworks.iter().filter(|judged| judged.enabled) {
        for (control, verdict) in &judged.controls {
            if !matches!(verdict.state, State::NotMet | State::Partial) {
                continue;
            }
            still.insert((judged.framework.id.as_str(), control.id.as_str()));
            let known = open.iter().find(|row| row.framework_id == judged.framework.id && row.control_id == control.id);
            let found_at = known.map_or(now, |row| row.found_at);
            let row = finding::Model {
                tenant_id: tenant.as_str().to_owned(),
                framework_id: judged.framework.id.clone(),
                control_id: control.id.clone(),
                found_at,
                title: control.title.clone(),
                severity: control.severity().to_owned(),
                control_status: wire_name(&verdict.state),
                why: verdict.why.clone(),
                seen_at: now,
                resolved_at: None,
            };
            match known {
                None => fresh.push(row),
                Some(known) if known.control_status != row.control_status || known.why != row.why => changed.push(row),
                Some(_) => {}
            }
        }
    }
    for row in open.iter().filter(|row| !still.contains(&(row.framework_id.as_str(), row.control_id.as_str()))) {
        changed.push(finding::Model { resolved_at: Some(now), seen_at: now, ..row.clone() });
    }
    (fresh, changed)
}
