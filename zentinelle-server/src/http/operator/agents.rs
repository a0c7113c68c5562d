//! Agents, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::ids::AgentId;

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName, Query, lenient};
use crate::service::agents::{self, Edit};
use crate::service::enrolment::Registration;
use crate::service::fields;
use crate::store::agents::Filter;
use crate::store::entities::agent;

/// How many agents a page has unless it is said.
const USUAL_PAGE: u64 = 50;
/// The most agents of a page.
const MOST_PAGE: u64 = 500;
/// The longest overlap of two keys. Unit: seconds.
const MOST_GRACE: u32 = 7 * 24 * 3600;
/// How long two keys overlap unless it is said. Unit: seconds.
const USUAL_GRACE: u32 = 3600;
/// How far back sessions are looked for. Unit: days.
const MOST_DAYS: u32 = 90;

/// An agent, as operators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentView {
    /// The id of its record.
    id: String,
    /// Its own name for itself.
    agent_id: String,
    /// Its name, for people.
    name: String,
    /// What it is for.
    description: String,
    /// What kind of software it is.
    agent_type: String,
    /// provisioning, active, suspended, offline or terminated.
    status: String,
    /// healthy, degraded, unhealthy or unknown.
    health: String,
    /// What it says it can do.
    #[schema(value_type = Vec<String>)]
    capabilities: Value,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Value,
    /// What it is told beside the defaults.
    #[schema(value_type = Object)]
    config: Value,
    /// The team it belongs to.
    sub_organization_id: Option<String>,
    /// The deployment it runs in.
    deployment_id: Option<String>,
    /// The group it belongs to.
    group_id: Option<String>,
    /// The enrolment key it came with.
    enrolled_by: Option<String>,
    /// When it registered.
    registered_at: String,
    /// When it was last heard of.
    last_heartbeat_at: Option<String>,
    /// When its record was made.
    created_at: String,
    /// When its record was last changed.
    updated_at: String,
}

impl From<agent::Model> for AgentView {
    fn from(row: agent::Model) -> Self {
        Self {
            id: row.id,
            agent_id: row.agent_id,
            name: row.name,
            description: row.description,
            agent_type: row.agent_type,
            status: row.status,
            health: row.health,
            capabilities: row.capabilities,
            metadata: row.metadata,
            config: row.config,
            sub_organization_id: row.sub_organization_id,
            deployment_id: row.deployment_id,
            group_id: row.group_id,
            enrolled_by: row.enrolled_by,
            registered_at: clock::iso(row.registered_at),
            last_heartbeat_at: clock::iso_or_none(row.last_heartbeat_at),
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of agents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentPage {
    /// The agents, oldest first.
    agents: Vec<AgentView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which agents to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgentQuery {
    /// Only agents of this status.
    #[serde(deserialize_with = "lenient::text")]
    status: Option<String>,
    /// Only agents of the group with this id.
    #[serde(deserialize_with = "lenient::text")]
    group: Option<String>,
    /// Only agents of this type.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    agent_type: Option<String>,
    /// Only agents with this text in the id or name.
    #[serde(deserialize_with = "lenient::text")]
    q: Option<String>,
    /// Where the page begins, as the page before says.
    #[serde(deserialize_with = "lenient::text")]
    cursor: Option<String>,
    /// How many at most, 1 to 500. Default: 50.
    limit: Option<u64>,
}

impl AgentQuery {
    fn filter(self) -> Result<(Filter, Option<String>, u64), ApiError> {
        if let Some(status) = &self.status
            && serde_json::from_value::<AgentStatus>(status.as_str().into()).is_err()
        {
            let message = "expected provisioning, active, suspended, offline or terminated";
            return Err(ApiError::invalid("status", message));
        }
        for (field, text) in
            [("group", &self.group), ("type", &self.agent_type), ("q", &self.q), ("cursor", &self.cursor)]
        {
            fields::text(field, text.as_deref().unwrap_or_default(), 255)?;
        }
        let filter = Filter { status: self.status, group_id: self.group, agent_type: self.agent_type, text: self.q };
        Ok((filter, self.cursor, page_size(self.limit)?))
    }
}

/// How many things a page has.
pub(crate) fn page_size(limit: Option<u64>) -> Result<u64, ApiError> {
    match limit.unwrap_or(USUAL_PAGE) {
        0 => Err(ApiError::invalid("limit", format!("must be 1 to {MOST_PAGE}"))),
        limit => Ok(limit.min(MOST_PAGE)),
    }
}

/// What a new agent is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct CreateAgentRequest {
    /// Its id: letters, digits, `_` and `-`. One is made up when it is left out.
    #[serde(default, deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What kind of software it is.
    #[serde(default, deserialize_with = "lenient::text")]
    agent_type: Option<String>,
    /// The rest.
    #[serde(flatten)]
    edit: EditAgentRequest,
}

/// What to change about an agent; a field left out leaves a thing as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct EditAgentRequest {
    /// Its name, for people.
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// What it can do.
    capabilities: Option<Vec<String>>,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Option<Value>,
    /// What it is told beside the defaults, such as `heartbeat_interval_seconds`.
    #[schema(value_type = Object)]
    config: Option<Value>,
    /// The team it belongs to; null for none.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<String>)]
    sub_organization_id: Option<Option<String>>,
    /// The deployment it runs in; null for none.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<String>)]
    deployment_id: Option<Option<String>>,
    /// The group it belongs to; null for none.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<String>)]
    group_id: Option<Option<String>>,
}

impl From<EditAgentRequest> for Edit {
    fn from(request: EditAgentRequest) -> Self {
        Self {
            name: request.name,
            agent_type: None,
            description: request.description,
            capabilities: request.capabilities,
            metadata: request.metadata,
            config: request.config,
            sub_organization_id: request.sub_organization_id,
            deployment_id: request.deployment_id,
            group_id: request.group_id,
        }
    }
}

/// A new agent, with its key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedAgent {
    /// The agent.
    #[serde(flatten)]
    agent: AgentView,
    /// Its key, shown this once.
    api_key: String,
}

/// How to replace an agent's key.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RotateRequest {
    /// How long the former keys go on, up to 7 days. Default: 3600. Unit: seconds.
    grace_seconds: Option<u32>,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotatedKey {
    /// The agent.
    agent_id: String,
    /// The id of the key's record.
    key_id: String,
    /// The key, shown this once.
    api_key: String,
    /// When the former keys end.
    former_keys_end_at: String,
}

/// How far back to look.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionQuery {
    /// How many days back, 1 to 90. Default: 7.
    days: Option<u32>,
    /// How many at most, 1 to 500. Default: 50.
    limit: Option<u64>,
}

/// The sessions of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The sessions, latest first.
    sessions: Vec<Session>,
}

/// What an agent did in one session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// The id the agent gave it.
    session_id: String,
    /// How many decisions it asked for.
    evaluations: i64,
    /// When it asked for the first.
    first_at: String,
    /// When it asked for the latest.
    last_at: String,
}

/// Lists agents.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/agents", tag = "operators", operation_id = "list_agents", params(AgentQuery),
    responses(
        (status = 200, description = "A page of agents", body = AgentPage),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AgentQuery>,
) -> Result<Json<AgentPage>, ApiError> {
    let (filter, cursor, limit) = query.filter()?;
    let rows = agents::list(&app, &caller, &filter, cursor.as_deref(), limit + 1).await?;
    let (rows, next_cursor) = page(rows, limit, |row| row.id.clone());
    Ok(Json(AgentPage { agents: rows.into_iter().map(AgentView::from).collect(), next_cursor }))
}

/// Cuts a list that holds one thing too many, and says where the next begins.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: u64, id: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(id);
    (rows, next)
}

/// Makes an agent and its key.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/agents", tag = "operators", operation_id = "create_agent",
    request_body = CreateAgentRequest,
    responses(
        (status = 201, description = "The agent; its key is shown this once", body = CreatedAgent),
        (status = "4XX", description = "The agent is not made", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateAgentRequest>,
) -> Result<(StatusCode, Json<CreatedAgent>), ApiError> {
    let registration =
        Registration { agent_id: request.agent_id, agent_type: request.agent_type, ..Registration::default() };
    let (row, key) = agents::create(&app, &caller, registration, request.edit.into()).await?;
    Ok((StatusCode::CREATED, Json(CreatedAgent { agent: row.into(), api_key: key.to_string() })))
}

/// Shows an agent.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/agents/{agent_id}", tag = "operators", operation_id = "get_agent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The agent", body = AgentView),
        (status = "4XX", description = "There is no such agent", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<AgentView>, ApiError> {
    Ok(Json(agents::get(&app, &caller, &AgentId::new(id)).await?.into()))
}

/// Changes an agent.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/agents/{agent_id}", tag = "operators", operation_id = "edit_agent",
    params(("agent_id" = String, Path, description = "The agent")), request_body = EditAgentRequest,
    responses(
        (status = 200, description = "The changed agent", body = AgentView),
        (status = "4XX", description = "The agent is not changed", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<EditAgentRequest>,
) -> Result<Json<AgentView>, ApiError> {
    Ok(Json(agents::edit(&app, &caller, &AgentId::new(id), request.into()).await?.into()))
}

/// Removes an agent and revokes its keys. Whoever enrols may register its id again; to bar an
/// agent, suspend it.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/agents/{agent_id}", tag = "operators", operation_id = "delete_agent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 204, description = "The agent is removed"),
        (status = "4XX", description = "There is no such agent", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<StatusCode, ApiError> {
    agents::delete(&app, &caller, &AgentId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops an agent: its keys open nothing until it is activated.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/agents/{agent_id}/suspend", tag = "operators", operation_id = "suspend_agent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The suspended agent", body = AgentView),
        (status = "4XX", description = "The agent is not suspended", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn suspend(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<AgentView>, ApiError> {
    Ok(Json(agents::set_status(&app, &caller, &AgentId::new(id), AgentStatus::Suspended).await?.into()))
}

/// Lets an agent work. The keys of one that deregistered stay revoked: give it a new one.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/agents/{agent_id}/activate", tag = "operators", operation_id = "activate_agent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The active agent", body = AgentView),
        (status = "4XX", description = "The agent is not activated", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn activate(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<AgentView>, ApiError> {
    Ok(Json(agents::set_status(&app, &caller, &AgentId::new(id), AgentStatus::Active).await?.into()))
}

/// Gives an agent a new key; the former ones go on for a while.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/agents/{agent_id}/rotate-key", tag = "operators",
    operation_id = "rotate_agent_key",
    params(("agent_id" = String, Path, description = "The agent")), request_body = RotateRequest,
    responses(
        (status = 200, description = "The new key, shown this once", body = RotatedKey),
        (status = "4XX", description = "The key is not replaced", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn rotate_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<RotateRequest>,
) -> Result<Json<RotatedKey>, ApiError> {
    let grace_seconds = request.grace_seconds.unwrap_or(USUAL_GRACE);
    if grace_seconds > MOST_GRACE {
        return Err(ApiError::invalid("grace_seconds", format!("must be 0 to {MOST_GRACE}")));
    }
    let rotated = agents::rotate_key(&app, &caller, &AgentId::new(id.as_str()), grace_seconds).await?;
    Ok(Json(RotatedKey {
        agent_id: id,
        key_id: rotated.key_id,
        api_key: rotated.key.to_string(),
        former_keys_end_at: clock::iso(rotated.former_end_at),
    }))
}

/// Lists the sessions in which an agent asked for decisions.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/agents/{agent_id}/sessions", tag = "operators", operation_id = "agent_sessions",
    params(("agent_id" = String, Path, description = "The agent"), SessionQuery),
    responses(
        (status = 200, description = "The sessions", body = Sessions),
        (status = "4XX", description = "There is no such agent", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:read"]))
)]
pub(crate) async fn sessions(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    Query(query): Query<SessionQuery>,
) -> Result<Json<Sessions>, ApiError> {
    let days = query.days.unwrap_or(7);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::invalid("days", format!("must be 1 to {MOST_DAYS}")));
    }
    let found = agents::sessions(&app, &caller, &AgentId::new(id), days, page_size(query.limit)?).await?;
    let sessions = found.into_iter().map(|summary| Session {
        session_id: summary.session_id,
        evaluations: summary.evaluations,
        first_at: clock::iso(summary.first_at),
        last_at: clock::iso(summary.last_at),
    });
    Ok(Json(Sessions { sessions: sessions.collect() }))
}
