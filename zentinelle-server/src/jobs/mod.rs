//! Background work: a durable table of jobs in the same database as everything else.
//!
//! A job is enqueued in the transaction of the change that asks for it, so it exists exactly if
//! the change does. Every server runs [`Workers`], which lease jobs that are due, keep the lease
//! alive while they work, and try again later what failed. What keeps failing stays visible as
//! dead. A job may run more than once, never twice at the same time: handlers are idempotent.

mod backoff;
mod hooks;
mod lane;
pub(crate) mod run;
mod schedules;
pub(crate) mod tasks;
mod work;
mod workers;

#[cfg(test)]
mod tests;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use zentinelle_core::ids::TenantId;

pub(crate) use self::hooks::Hooks;
pub(crate) use self::lane::wake;
pub(crate) use self::schedules::{Schedule, ScheduleError, Schedules};
pub(crate) use self::work::Work;
pub(crate) use self::workers::Workers;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::{StoreError, jobs as rows};

/// Something to be done later, for one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// For whom.
    pub(crate) tenant: TenantId,
    /// What.
    pub(crate) work: Work,
    /// A second job with the same key is not enqueued.
    pub(crate) unique_key: Option<String>,
    /// Not before this. Unit: microseconds since 1970.
    pub(crate) run_at: i64,
    /// How often it is tried.
    pub(crate) max_attempts: u32,
}

impl Job {
    /// A job that is due at once and tried as often as its kind is.
    pub(crate) fn new(tenant: TenantId, work: Work) -> Self {
        let max_attempts = work.max_attempts();
        Self { tenant, work, unique_key: None, run_at: clock::now_micros(), max_attempts }
    }

    /// The same with a key that no other job has.
    pub(crate) fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }
}

/// Why a job did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// It may succeed later.
    #[error("{0}")]
    Retry(String),
    /// It never will.
    #[error("{0}")]
    Hopeless(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        // The driver's own text may quote rows, and operators read this: it goes to the log only.
        tracing::warn!(?error, "a job could not use the database");
        Self::Retry(error.to_string())
    }
}

impl From<sea_orm::DbErr> for JobError {
    fn from(error: sea_orm::DbErr) -> Self {
        StoreError::from(error).into()
    }
}

impl From<ApiError> for JobError {
    fn from(error: ApiError) -> Self {
        // What a caller did wrong stays wrong; what the server could not do, it may do later.
        if error.status().is_server_error() {
            tracing::warn!(?error, "a job failed");
            Self::Retry(error.to_string())
        } else {
            Self::Hopeless(error.to_string())
        }
    }
}

/// Enqueues a job in a transaction. Says whether it was: a job whose unique key is taken is not.
/// The workers of this server look as soon as the transaction can be through; who commits it says
/// [`wake`] besides, and the job begins at once.
pub(crate) async fn enqueue(txn: &impl ConnectionTrait, job: Job) -> Result<bool, StoreError> {
    let enqueued = rows::insert(txn, row(&job)).await?;
    if enqueued {
        lane::wake();
    }
    Ok(enqueued)
}

/// Enqueues a job that recurs: the row with its unique key is used again once it is finished, so
/// a run that takes longer than its interval is not overtaken by the next.
pub(crate) async fn enqueue_again(txn: &impl ConnectionTrait, jobs: &[Job]) -> Result<u64, StoreError> {
    let enqueued = rows::insert_again(txn, jobs.iter().map(row).collect()).await?;
    if enqueued > 0 {
        lane::wake();
    }
    Ok(enqueued)
}

fn row(job: &Job) -> crate::store::entities::job::Model {
    crate::store::entities::job::Model {
        tenant_id: Some(job.tenant.as_str().to_owned()),
        id: clock::new_id(),
        kind: job.work.name().to_owned(),
        payload: job.work.payload(),
        unique_key: job.unique_key.clone(),
        status: rows::QUEUED.to_owned(),
        attempts: 0,
        max_attempts: i64::from(job.max_attempts.max(1)),
        run_at: job.run_at,
        leased_by: None,
        lease_until_at: None,
        last_error: None,
        created_at: clock::now_micros(),
        finished_at: None,
    }
}

/// Looks whether every kind of job has a handler, and whether jobs wait that this release does
/// not know. Returns what is wrong, in words.
pub(crate) async fn self_check(
    store: &crate::store::Store,
    hooks: &Hooks,
    schedules: &Schedules,
) -> Result<Vec<String>, StoreError> {
    let mut faults = Vec::new();
    for kind in Work::NAMES {
        if let Err(why) = Work::read(kind, work::sample(kind)) {
            faults.push(format!("jobs of the kind `{kind}` cannot be read back: {why}"));
        }
    }
    for kind in hooks.missing() {
        faults.push(format!("jobs of the kind `{kind}` have no handler in this server"));
    }
    for name in schedules.without_handler(hooks) {
        faults.push(format!("the schedule `{name}` does not run: its jobs have no handler"));
    }
    for (kind, count) in rows::waiting_by_kind(store.db()).await? {
        if !Work::NAMES.contains(&kind.as_str()) {
            faults.push(format!("{count} jobs of the unknown kind `{kind}` wait and will be set aside as dead"));
        }
    }
    Ok(faults)
}

/// What a job does, as its row keeps it.
impl Work {
    fn payload(&self) -> Value {
        let written = serde_json::to_value(self).unwrap_or_default();
        written.get("payload").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }
}
