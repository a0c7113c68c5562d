//! `GET /api/zentinelle/v1/jobs`, `POST …/jobs/{id}/retry`, `GET …/schedules`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{PathId, Query};
use crate::http::listing::page;
use crate::jobs::Work;
use crate::service::jobs::{self as service, Standing};
use crate::store::entities::job;
use crate::store::jobs::STATES;

/// Which jobs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct JobQuery {
    /// In this state: queued, running, done or dead.
    status: Option<String>,
    /// Of this kind, such as `deliver_webhook`.
    kind: Option<String>,
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobReply {
    /// Its id.
    id: String,
    /// What it does.
    kind: String,
    /// The ids of what it is about.
    #[schema(value_type = Object)]
    about: Map<String, Value>,
    /// queued, running, done or dead.
    status: String,
    /// How often it was tried.
    attempts: i64,
    /// How often it may be tried.
    max_attempts: i64,
    /// When it is due.
    run_at: String,
    /// Until when a server has it.
    lease_until_at: Option<String>,
    /// Why it failed the last time.
    last_error: Option<String>,
    /// When it was asked for.
    created_at: String,
    /// When it was done or given up.
    finished_at: Option<String>,
}

impl From<job::Model> for JobReply {
    fn from(row: job::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            about: about(&row.payload),
            status: row.status,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            run_at: clock::iso(row.run_at),
            lease_until_at: clock::iso_or_none(row.lease_until_at),
            last_error: row.last_error,
            created_at: clock::iso(row.created_at),
            finished_at: clock::iso_or_none(row.finished_at),
        }
    }
}

/// The ids in a payload. The rest may be what an agent said, which is not for everybody.
fn about(payload: &Value) -> Map<String, Value> {
    let ids = payload.as_object().into_iter().flatten().filter(|(key, _)| key.ends_with("_id"));
    ids.map(|(key, id)| (key.clone(), id.clone())).collect()
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobPage {
    /// How many there are in all.
    count: u64,
    /// The jobs.
    results: Vec<JobReply>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleReply {
    /// Its name.
    name: &'static str,
    /// How often it runs; zero for never. Unit: seconds.
    interval_seconds: u64,
    /// When it last started.
    last_run_at: Option<String>,
    /// When it starts next.
    next_run_at: Option<String>,
    /// What became of the last run for this organisation: queued, running, done or dead.
    last_status: Option<String>,
    /// Why it failed, if it did.
    last_error: Option<String>,
    /// When the last run was done or given up.
    last_finished_at: Option<String>,
    /// The job that does it.
    job_id: Option<String>,
}

impl From<Standing<'_>> for ScheduleReply {
    fn from(standing: Standing<'_>) -> Self {
        let (times, job) = (standing.times, standing.job);
        Self {
            name: standing.schedule.name,
            interval_seconds: standing.schedule.every,
            last_run_at: clock::iso_or_none(times.as_ref().and_then(|times| times.last_run_at)),
            next_run_at: times.filter(|_| standing.schedule.every > 0).map(|times| clock::iso(times.next_run_at)),
            last_status: job.as_ref().map(|job| job.status.clone()),
            last_error: job.as_ref().and_then(|job| job.last_error.clone()),
            last_finished_at: clock::iso_or_none(job.as_ref().and_then(|job| job.finished_at)),
            job_id: job.map(|job| job.id),
        }
    }
}

/// The schedules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleList {
    /// Each of them.
    results: Vec<ScheduleReply>,
}

/// A word of a query that must be one of some.
pub(super) fn one_of<'q>(field: &str, given: Option<&'q str>, known: &[&str]) -> Result<Option<&'q str>, ApiError> {
    match given.filter(|given| !given.is_empty()) {
        Some(given) if !known.contains(&given) => {
            Err(ApiError::invalid(field, format!("must be one of {}", known.join(", "))))
        }
        given => Ok(given),
    }
}

/// Lists background jobs, newest first.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/jobs", operation_id = "list_jobs", tag = "operations", params(JobQuery),
    responses(
        (status = 200, description = "A page of jobs", body = JobPage),
        (status = "4XX", description = "The query is wrong, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["jobs:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<JobQuery>,
) -> Result<Json<JobPage>, ApiError> {
    let status = one_of("status", query.status.as_deref(), &STATES)?;
    let kind = one_of("kind", query.kind.as_deref(), &Work::NAMES)?;
    let page = page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let found = service::list(&app, &caller, status, kind, &page).await?.map(JobReply::from);
    Ok(Json(JobPage { count: found.total, results: found.rows, next_cursor: found.next }))
}

/// Puts a dead job back in the queue with all its tries.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/jobs/{id}/retry", tag = "operations", operation_id = "retry_job",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job, queued again", body = JobReply),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 409, description = "The job is not dead", body = ErrorBody),
        (status = "4XX", description = "The key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["jobs:write"]))
)]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<JobReply>, ApiError> {
    Ok(Json(service::retry(&app, &caller, &id).await?.into()))
}

/// Lists what recurs, with what became of the last run.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/schedules", tag = "operations", operation_id = "list_schedules",
    responses(
        (status = 200, description = "The schedules", body = ScheduleList),
        (status = "4XX", description = "The key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["jobs:read"]))
)]
pub(crate) async fn schedules(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ScheduleList>, ApiError> {
    let standing = service::schedules(&app, &caller).await?;
    Ok(Json(ScheduleList { results: standing.into_iter().map(ScheduleReply::from).collect() }))
}
