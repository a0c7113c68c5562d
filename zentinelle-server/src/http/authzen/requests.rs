//! The AuthZEN access request and approval profile: a denial that can be approved away is
//! submitted, watched as a task, and asked again with the approval in `context.approval`.
//!
//! The task is an approval request. Its states are those of the profile, except that an approval
//! that was used reads as `expired`: it lets nothing through any more.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Evaluation, JsonBody, base};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::http::native::approvals::{ShowQuery, well_formed};
use crate::service::approvals::{self, MOST_WAIT};
use crate::service::fields;
use crate::store::approvals::CONSUMED;
use crate::store::entities::approval;

/// What a submission may add to the context of the call: why it is wanted.
const JUSTIFICATIONS: [&str; 2] = ["business_justification", "justification"];
/// The longest of them. Unit: characters.
const MOST_JUSTIFICATION: usize = 2_000;

/// A denied evaluation that somebody is to approve.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Submission {
    /// The evaluation as it was denied. Its context may hold `business_justification` as well.
    #[serde(flatten)]
    evaluation: Evaluation,
    /// What the denial said: `evaluation_id` and `expires_at`.
    #[schema(value_type = Option<Object>)]
    denial: Option<Map<String, Value>>,
}

/// A task and, once it is approved, what to do with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskReply {
    /// The task.
    task: Task,
    /// Present when the task is approved and the approval can still be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<TaskResult>,
}

/// A person is asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Task {
    /// The approval request.
    id: String,
    /// pending, approved, denied, expired or cancelled.
    status: String,
    /// Where to look how it stands.
    status_endpoint: String,
    /// Until when the present state holds.
    expires_at: String,
    /// Where to take it back, while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Links>,
}

/// Where related things are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// Takes the request back.
    cancel: String,
}

/// What to do with an approval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskResult {
    /// Always `reevaluate`: ask again, with the approval in `context.approval`.
    mode: &'static str,
    /// The approval.
    approval: Approval,
}

/// An approval, good for one evaluation of the same call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Approval {
    /// Its id.
    id: String,
    /// When somebody approved.
    approved_at: Option<String>,
    /// Until when it can be used.
    approved_until: String,
    /// What proves it. To be given back as it is.
    state: String,
}

impl TaskReply {
    fn new(app: &App, headers: &HeaderMap, row: approval::Model) -> Self {
        let row = approvals::as_of_now(row);
        let result = app.approvals.token(&row).map(|state| TaskResult {
            mode: "reevaluate",
            approval: Approval {
                id: row.id.clone(),
                approved_at: clock::iso_or_none(row.decided_at),
                approved_until: clock::iso(row.expires_at),
                state,
            },
        });
        let status_endpoint = format!("{}/access/v1/requests/{}", base(headers), row.id);
        let pending = row.status == crate::store::approvals::PENDING;
        let links = pending.then(|| Links { cancel: format!("{status_endpoint}/cancel") });
        let status = if row.status == CONSUMED { "expired".to_owned() } else { row.status };
        let task = Task { id: row.id, status, status_endpoint, expires_at: clock::iso(row.expires_at), links };
        Self { task, result }
    }
}

/// Asks a person about a call that was denied. The call is judged anew: what an approval would
/// not let through is refused, whatever the submission says of the denial.
#[utoipa::path(
    post, path = "/access/v1/requests", tag = "authzen", operation_id = "authzen_request", request_body = Submission,
    responses(
        (status = 202, description = "A person is asked", body = TaskReply),
        (status = 201, description = "It is decided already", body = TaskReply),
        (status = 409, description = "The call is permitted already, or no approval would help", body = ErrorBody),
        (status = "4XX", description = "The submission cannot be taken", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody(mut submission): JsonBody<Submission>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Json<TaskReply>), ApiError> {
    let denial = submission.denial.unwrap_or_default();
    let said = |key: &str| denial.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if said("evaluation_id").is_none() {
        return Err(ApiError::invalid("denial.evaluation_id", "name the evaluation that was denied"));
    }
    match said("expires_at").map(clock::parse) {
        Some(Some(end)) if end <= clock::now() => {
            let message = "the denial is too old to be approved: evaluate again".to_owned();
            return Err(ApiError::Conflict { code: "expired_denial", message });
        }
        Some(Some(_)) => {}
        Some(None) | None => return Err(ApiError::invalid("denial.expires_at", "give it back as the denial said it")),
    }
    let mut justification = None;
    if let Some(context) = &mut submission.evaluation.context {
        for key in JUSTIFICATIONS {
            let Some(why) = context.remove(key) else { continue };
            let Value::String(why) = why else {
                return Err(ApiError::invalid(&format!("context.{key}"), "must be a text"));
            };
            fields::text("context", &why, MOST_JUSTIFICATION)?;
            justification.get_or_insert(why);
        }
    }
    let asked = submission.evaluation.asked(&app, &caller).await?;
    let (row, _) = approvals::ask(&app, asked, justification.as_deref()).await?;
    let reply = TaskReply::new(&app, &headers, row);
    let status = if reply.task.links.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok((status, [(header::LOCATION, reply.task.status_endpoint.clone())], Json(reply)))
}

/// How a task stands.
#[utoipa::path(
    get, path = "/access/v1/requests/{id}", tag = "authzen", operation_id = "authzen_request_status",
    params(("id" = String, Path, description = "The task"), ShowQuery),
    responses(
        (status = 200, description = "The task as it stands", body = TaskReply),
        (status = "4XX", description = "There is no such task", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<TaskReply>, ApiError> {
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    let patience = Duration::from_secs(query.wait.unwrap_or_default()).min(MOST_WAIT);
    let row = approvals::seen_by(&app, &caller.tenant, Some(&agent), &well_formed(&id)?, patience).await?;
    Ok(Json(TaskReply::new(&app, &headers, row)))
}

/// Takes a task back while nobody has decided.
#[utoipa::path(
    post, path = "/access/v1/requests/{id}/cancel", tag = "authzen", operation_id = "authzen_request_cancel",
    params(("id" = String, Path, description = "The task")),
    responses(
        (status = 200, description = "Taken back", body = TaskReply),
        (status = 409, description = "Somebody decided before, or the time is over", body = ErrorBody),
        (status = "4XX", description = "There is no such task", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<TaskReply>, ApiError> {
    let agent = acting_agent(&app, &caller, None).await?;
    let row = approvals::cancel(&app, &caller, &agent, &well_formed(&id)?).await?;
    Ok(Json(TaskReply::new(&app, &headers, row)))
}
