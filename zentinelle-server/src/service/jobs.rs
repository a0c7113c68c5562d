//! Looking after background work.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use zentinelle_core::audit::AuditAction;

use super::change::Change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::jobs::Schedule;
use crate::store::entities::{job, schedule};
use crate::store::page::{self, Page, Paged};
use crate::store::{jobs as store, schedules};

/// A page of the jobs of the caller's tenant.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    status: Option<&str>,
    kind: Option<&str>,
    page: &Page,
) -> Result<Paged<job::Model>, ApiError> {
    let mut select = job::Entity::find().filter(job::Column::TenantId.eq(caller.tenant.as_str()));
    if let Some(status) = status {
        select = select.filter(job::Column::Status.eq(status));
    }
    if let Some(kind) = kind {
        select = select.filter(job::Column::Kind.eq(kind));
    }
    Ok(page::read(app.store.db(), select, job::Column::Id, |row: &job::Model| &row.id, page).await?)
}

/// Puts a dead job back in the queue.
pub(crate) async fn retry(app: &App, caller: &Caller, id: &str) -> Result<job::Model, ApiError> {
    let missing = || ApiError::NotFound { what: "job" };
    let txn = app.store.begin().await?;
    let before = store::by_id(&txn, &caller.tenant, id).await?.ok_or_else(missing)?;
    if !store::revive(&txn, &caller.tenant, id, clock::now_micros()).await? {
        let message = format!("the job is {}; only a dead one can be tried again", before.status);
        return Err(ApiError::Conflict { code: "job_not_dead", message });
    }
    let change = Change {
        caller,
        action: AuditAction::Activate,
        resource_type: "job",
        resource_id: id,
        resource_name: &before.kind,
        changes: json!({ "status": { "before": before.status, "after": store::QUEUED },
            "last_error": before.last_error }),
    };
    change.record(&txn).await?;
    let after = store::by_id(&txn, &caller.tenant, id).await?.ok_or_else(missing)?;
    txn.commit().await?;
    crate::jobs::wake();
    Ok(after)
}

/// One schedule with its times, and the job of the caller's tenant.
#[derive(Debug)]
pub(crate) struct Standing<'s> {
    /// As it is configured.
    pub(crate) schedule: &'s Schedule,
    /// When it ran, and runs next.
    pub(crate) times: Option<schedule::Model>,
    /// What became of it for the tenant.
    pub(crate) job: Option<job::Model>,
}

/// Every schedule as it stands.
pub(crate) async fn schedules<'a>(app: &'a App, caller: &Caller) -> Result<Vec<Standing<'a>>, ApiError> {
    let times = schedules::all(app.store.db()).await?;
    let all = &app.background.schedules;
    let keys = all.iter().map(|schedule| schedule.unique_key(&caller.tenant)).collect();
    let jobs = store::by_unique_keys(app.store.db(), &caller.tenant, keys).await?;
    let standing = all.iter().map(|schedule| {
        let key = schedule.unique_key(&caller.tenant);
        Standing {
            schedule,
            times: times.iter().find(|row| row.name == schedule.name).cloned(),
            job: jobs.iter().find(|job| job.unique_key.as_deref() == Some(&key)).cloned(),
        }
    });
    Ok(standing.collect())
}
