//! `/api/zentinelle/v1/approvals/…`: calls that wait for a person.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, Identity};
use crate::clock;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, Query, lenient};
use crate::service::approvals::{self, MOST_WAIT, STATES, Verdict};
use crate::service::decide::{Asked, Source};
use crate::service::fields;
use crate::store;
use crate::store::approvals::Filter;
use crate::store::entities::approval;

/// The most requests of one page.
const MOST_REQUESTS: u64 = 200;
/// Requests of a page when nothing is said.
const USUAL_REQUESTS: u64 = 50;
/// The longest note or justification. Unit: characters.
const MOST_NOTE: usize = 2_000;
/// The longest name. Unit: characters.
const MOST_NAME: usize = 255;

/// A call that waits, or waited, for a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalReply {
    /// The request.
    id: String,
    /// pending, approved, denied, expired, consumed or cancelled.
    status: String,
    /// The agent that asked.
    agent_id: String,
    /// The user it acts for.
    user_id: Option<String>,
    /// What it wants to do.
    action: String,
    /// With what.
    resource: Option<String>,
    /// What kinds of approval the policies ask for.
    purpose: String,
    /// Why the call was stopped.
    reason: String,
    /// 0 to 100.
    risk_score: i64,
    /// low, medium, high or critical.
    risk_level: &'static str,
    /// The digest of the exact call. The approval is good for no other.
    call_digest: String,
    /// The facts of the call, without secrets; which policies stopped it; why the agent wants it.
    #[schema(value_type = Object)]
    request: Value,
    /// When it was asked for.
    requested_at: String,
    /// Until when the present state holds: a decision must come, or the approval be used.
    expires_at: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// What was said with it.
    note: String,
    /// When it was used.
    consumed_at: Option<String>,
    /// For the agent that asked, once approved: what to put under `approval_token` in the
    /// context of the same call.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_token: Option<String>,
}

impl ApprovalReply {
    fn new(row: approval::Model) -> Self {
        let row = approvals::as_of_now(row);
        Self {
            id: row.id,
            status: row.status,
            agent_id: row.agent_id,
            user_id: row.user_id,
            action: row.action,
            resource: row.resource,
            purpose: row.purpose,
            reason: row.reason,
            risk_score: row.risk_score,
            risk_level: approvals::risk_level(row.risk_score),
            call_digest: row.arguments_digest,
            request: row.request,
            requested_at: clock::iso(row.requested_at),
            expires_at: clock::iso(row.expires_at),
            decided_by: row.decided_by,
            decided_at: clock::iso_or_none(row.decided_at),
            note: row.decision_note,
            consumed_at: clock::iso_or_none(row.consumed_at),
            approval_token: None,
        }
    }

    /// For the agent that asked: with the token.
    fn for_agent(app: &App, row: approval::Model) -> Self {
        let approval_token = app.approvals.token(&row);
        Self { approval_token, ..Self::new(row) }
    }
}

/// Which requests to find.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// pending, approved, denied, expired, consumed or cancelled.
    status: Option<String>,
    /// By this agent.
    agent_id: Option<String>,
    /// For this user.
    user_id: Option<String>,
    /// Of this action.
    action: Option<String>,
    /// How many; at most 200, 50 when nothing is said.
    limit: Option<u64>,
    /// Where to go on, from the page before.
    cursor: Option<String>,
}

/// A page of requests, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListReply {
    /// The requests.
    approvals: Vec<ApprovalReply>,
    /// For the next page; null when this is the last.
    next_cursor: Option<String>,
}

/// Finds requests.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/approvals", tag = "approvals", operation_id = "approvals_list", params(ListQuery),
    responses(
        (status = 200, description = "A page", body = ListReply),
        (status = "4XX", description = "The question makes no sense", body = ErrorBody),
    ),
    security(("operator_key" = ["approvals:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ListReply>, ApiError> {
    let limit = match query.limit {
        Some(0) => return Err(ApiError::invalid("limit", "at least 1")),
        Some(limit) => limit.min(MOST_REQUESTS),
        None => USUAL_REQUESTS,
    };
    let status = filter("status", query.status)?;
    if status.as_deref().is_some_and(|status| !STATES.contains(&status)) {
        return Err(ApiError::invalid("status", format!("write one of {}", STATES.join(", "))));
    }
    let cursor = filter("cursor", query.cursor)?;
    if cursor.as_deref().is_some_and(|cursor| uuid::Uuid::try_parse(cursor).is_err()) {
        return Err(ApiError::invalid("cursor", "is none of ours"));
    }
    let filter = Filter {
        status,
        agent_id: filter("agent_id", query.agent_id)?,
        user_id: filter("user_id", query.user_id)?,
        action: filter("action", query.action)?,
    };
    let found = store::approvals::search(app.store.db(), &caller.tenant, &filter, cursor.as_deref(), limit + 1).await?;
    let mut rows = found;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Json(ListReply { approvals: rows.into_iter().map(ApprovalReply::new).collect(), next_cursor }))
}

fn filter(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    text.as_deref().map_or(Ok(()), |text| fields::text(field, text, MOST_NAME))?;
    Ok(text)
}

/// How to look at one request.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// Answer only when somebody decided, or after so many seconds; at most 55.
    pub(crate) wait: Option<u64>,
    /// For an enrolment key: the agent that asked.
    pub(crate) agent_id: Option<String>,
}

/// One request. The agent that asked gets the token with it once a person approved.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/approvals/{id}", tag = "approvals", operation_id = "approvals_show",
    params(("id" = String, Path, description = "The request"), ShowQuery),
    responses(
        (status = 200, description = "The request as it stands", body = ApprovalReply),
        (status = "4XX", description = "There is no such request", body = ErrorBody),
    ),
    security(("operator_key" = ["approvals:read"]), ("agent_key" = []))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Json<ApprovalReply>, ApiError> {
    let id = well_formed(&id)?;
    let agent = match &caller.identity {
        Identity::Operator { .. } => None,
        Identity::Agent(_) | Identity::Enrolment => Some(acting_agent(&app, &caller, query.agent_id.as_deref()).await?),
    };
    let patience = Duration::from_secs(query.wait.unwrap_or_default()).min(MOST_WAIT);
    let row = approvals::seen_by(&app, &caller.tenant, agent.as_deref(), &id, patience).await?;
    Ok(Json(if agent.is_some() { ApprovalReply::for_agent(&app, row) } else { ApprovalReply::new(row) }))
}

/// An id as we make them; anything else names nothing.
pub(crate) fn well_formed(id: &str) -> Result<String, ApiError> {
    let id = uuid::Uuid::try_parse(id).map_err(|_| ApiError::NotFound { what: "approval request" })?;
    Ok(id.hyphenated().to_string())
}

/// What a person says with a decision.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DecideRequest {
    /// Why.
    #[serde(deserialize_with = "lenient::text")]
    note: Option<String>,
}

/// Lets the call be made, once. Who approves is the caller.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/approvals/{id}/approve", tag = "approvals", operation_id = "approvals_approve",
    params(("id" = String, Path, description = "The request")), request_body = DecideRequest,
    responses(
        (status = 200, description = "Approved", body = ApprovalReply),
        (status = 409, description = "Somebody decided before, or the time is over", body = ErrorBody),
        (status = "4XX", description = "There is no such request", body = ErrorBody),
    ),
    security(("operator_key" = ["approvals:write"]))
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<DecideRequest>,
) -> Result<Json<ApprovalReply>, ApiError> {
    decided(&app, &caller, &id, Verdict::Approve, request).await
}

/// Forbids the call. Who denies is the caller.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/approvals/{id}/deny", tag = "approvals", operation_id = "approvals_deny",
    params(("id" = String, Path, description = "The request")), request_body = DecideRequest,
    responses(
        (status = 200, description = "Denied", body = ApprovalReply),
        (status = 409, description = "Somebody decided before, or the time is over", body = ErrorBody),
        (status = "4XX", description = "There is no such request", body = ErrorBody),
    ),
    security(("operator_key" = ["approvals:write"]))
)]
pub(crate) async fn deny(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<DecideRequest>,
) -> Result<Json<ApprovalReply>, ApiError> {
    decided(&app, &caller, &id, Verdict::Deny, request).await
}

async fn decided(
    app: &App,
    caller: &Caller,
    id: &str,
    verdict: Verdict,
    request: DecideRequest,
) -> Result<Json<ApprovalReply>, ApiError> {
    let note = request.note.unwrap_or_default();
    fields::text("note", &note, MOST_NOTE)?;
    let row = approvals::resolve(app, caller, &well_formed(id)?, verdict, &note).await?;
    Ok(Json(ApprovalReply::new(row)))
}

/// Which agent takes a request back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct CancelRequest {
    /// For an enrolment key: the agent that asked.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
}

/// Takes back a request of the agent's own that nobody decided yet.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/approvals/{id}/cancel", tag = "approvals", operation_id = "approvals_cancel",
    params(("id" = String, Path, description = "The request")), request_body = CancelRequest,
    responses(
        (status = 200, description = "Taken back", body = ApprovalReply),
        (status = 409, description = "Somebody decided before, or the time is over", body = ErrorBody),
        (status = "4XX", description = "There is no such request", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<CancelRequest>,
) -> Result<Json<ApprovalReply>, ApiError> {
    let agent = acting_agent(&app, &caller, request.agent_id.as_deref()).await?;
    let row = approvals::cancel(&app, &caller, &agent, &well_formed(&id)?).await?;
    Ok(Json(ApprovalReply::new(row)))
}

/// A call an agent asks a person about before it is denied.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AskRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What is attempted, as in `evaluate`.
    #[serde(deserialize_with = "lenient::text")]
    action: Option<String>,
    /// The user the agent acts for.
    #[serde(alias = "userId", deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// The facts, as in `evaluate`.
    #[serde(deserialize_with = "lenient::object")]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// Why the agent wants it.
    #[serde(deserialize_with = "lenient::text")]
    justification: Option<String>,
}

/// Asks a person about a call. The policies are asked first: only a call that they stop, and
/// that an approval would let through, can be asked about.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/approvals", tag = "approvals", operation_id = "approvals_ask",
    request_body = AskRequest,
    responses(
        (status = 201, description = "A person is asked", body = ApprovalReply),
        (status = 200, description = "A person was asked about the same call before", body = ApprovalReply),
        (status = 409, description = "The call is permitted already, or no approval would help", body = ErrorBody),
        (status = "4XX", description = "The request cannot be read", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<(StatusCode, Json<ApprovalReply>), ApiError> {
    let justification = request.justification;
    if let Some(text) = &justification {
        fields::text("justification", text, MOST_NOTE)?;
    }
    let Some(action) = request.action.filter(|action| !action.trim().is_empty()) else {
        return Err(ApiError::invalid("action", "the request names no action: send one, such as `tool_call`"));
    };
    fields::text("action", &action, 200)?;
    if let Some(user) = &request.user_id {
        fields::text("user_id", user, MOST_NAME)?;
    }
    let agent = acting_agent(&app, &caller, request.agent_id.as_deref()).await?;
    let asked =
        Asked { agent, user: request.user_id, action, context: request.context, dry_run: true, source: Source::Native };
    let (row, fresh) = approvals::ask(&app, asked, justification.as_deref()).await?;
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ApprovalReply::for_agent(&app, row))))
}
