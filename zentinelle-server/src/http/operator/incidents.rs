//! `incidents` and their comments.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query, lenient};
use crate::http::listing;
use crate::service::fields;
use crate::service::incidents::{
    self, Evidence, IncidentPatch, IncidentSeverity, IncidentStatus, NewIncident, ServiceLevel,
};
use crate::store::entities::{incident, incident_comment};
use crate::store::incidents::{self as store, Wanted};
use crate::store::wire_name;

/// Which incidents are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentsQuery {
    /// In this state.
    #[param(inline)]
    status: Option<IncidentStatus>,
    /// Of this severity.
    #[param(inline)]
    severity: Option<IncidentSeverity>,
    /// Somebody's.
    assignee_id: Option<String>,
    /// About this agent.
    agent_id: Option<String>,
    /// How many. Default: 100, at most 500.
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of incidents, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incidents {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Incident>,
}

/// One incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incident {
    /// Its id.
    id: String,
    /// The tenant.
    tenant_id: String,
    /// In a few words.
    title: String,
    /// In full.
    description: String,
    /// Which kind.
    incident_type: String,
    /// How bad.
    severity: String,
    /// Where it stands.
    status: String,
    /// Where it comes from.
    source: String,
    /// The evaluation, event or alert it comes from.
    source_ref: Option<String>,
    /// How often it happened.
    occurrence_count: i64,
    /// The agent it is about.
    agent_id: Option<String>,
    /// The policy it is about.
    policy_id: Option<String>,
    /// Who works on it.
    assignee_id: Option<String>,
    /// Who opened it.
    reporter_id: String,
    /// Why it happened.
    root_cause: String,
    /// What it did.
    impact: String,
    /// How it was mended.
    resolution: String,
    /// What was learnt.
    lessons: String,
    /// Words to find it by.
    #[schema(value_type = Vec<String>)]
    tags: Value,
    /// What shows it.
    #[schema(value_type = Vec<Evidence>)]
    evidence: Value,
    /// How it stands against its clock.
    sla: ServiceLevel,
    /// When it happened.
    occurred_at: String,
    /// When it was found out.
    detected_at: String,
    /// When it should be resolved.
    due_at: String,
    /// When somebody began.
    acknowledged_at: Option<String>,
    /// When it was resolved.
    resolved_at: Option<String>,
    /// When it was closed.
    closed_at: Option<String>,
    /// When it was opened.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<incident::Model> for Incident {
    fn from(row: incident::Model) -> Self {
        Self {
            sla: ServiceLevel::of(&row, clock::now_micros()),
            id: row.id,
            tenant_id: row.tenant_id,
            title: row.title,
            description: row.description,
            incident_type: row.incident_type,
            severity: row.severity,
            status: row.status,
            source: row.source,
            source_ref: row.source_ref,
            occurrence_count: row.occurrence_count,
            agent_id: row.agent_id,
            policy_id: row.policy_id,
            assignee_id: row.assignee_id,
            reporter_id: row.reporter_id,
            root_cause: row.root_cause,
            impact: row.impact,
            resolution: row.resolution,
            lessons: row.lessons,
            tags: row.tags,
            evidence: row.evidence,
            occurred_at: clock::iso(row.occurred_at),
            detected_at: clock::iso(row.detected_at),
            due_at: clock::iso(row.due_at),
            acknowledged_at: clock::iso_or_none(row.acknowledged_at),
            resolved_at: clock::iso_or_none(row.resolved_at),
            closed_at: clock::iso_or_none(row.closed_at),
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// One comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IncidentComment)]
pub(crate) struct Comment {
    /// Its id.
    id: String,
    /// Who wrote it: whoever's key was used.
    author_id: String,
    /// What it says.
    body: String,
    /// When.
    created_at: String,
}

impl From<incident_comment::Model> for Comment {
    fn from(row: incident_comment::Model) -> Self {
        Self { id: row.id, author_id: row.author_id, body: row.body, created_at: clock::iso(row.created_at) }
    }
}

/// An incident with its comments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentWithComments {
    /// The incident.
    #[serde(flatten)]
    incident: Incident,
    /// The comments, oldest first.
    comments: Vec<Comment>,
}

/// The incidents.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/incidents", tag = "incidents", operation_id = "list_incidents",
    params(IncidentsQuery),
    responses(
        (status = 200, description = "A page of incidents", body = Incidents),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<IncidentsQuery>,
) -> Result<Json<Incidents>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
    fields::optional("assignee_id", query.assignee_id.as_deref(), fields::MOST_NAME)?;
    fields::optional("agent_id", query.agent_id.as_deref(), fields::MOST_NAME)?;
    let wanted = Wanted {
        status: query.status.as_ref().map(wire_name),
        severity: query.severity.as_ref().map(wire_name),
        assignee_id: query.assignee_id,
        agent_id: query.agent_id,
    };
    let found = store::page(app.store.db(), &caller.tenant, &wanted, &page).await?.map(Incident::from);
    Ok(Json(Incidents { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// Opens an incident.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/incidents", tag = "incidents", operation_id = "create_incident",
    request_body = NewIncident,
    responses(
        (status = 201, description = "The incident", body = Incident),
        (status = "4XX", description = "The incident is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(new): JsonBody<NewIncident>,
) -> Result<(StatusCode, Json<Incident>), ApiError> {
    Ok((StatusCode::CREATED, Json(incidents::create(&app, &caller, new).await?.into())))
}

/// One incident with its comments.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/incidents/{id}", tag = "incidents", operation_id = "get_incident",
    params(("id" = String, Path, description = "The incident's id")),
    responses(
        (status = 200, description = "The incident", body = IncidentWithComments),
        (status = "4XX", description = "There is no such incident", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<IncidentWithComments>, ApiError> {
    let (row, comments) = incidents::get(&app, &caller, &id).await?;
    let comments = comments.into_iter().map(Comment::from).collect();
    Ok(Json(IncidentWithComments { incident: row.into(), comments }))
}

/// Changes an incident, or moves it on.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/incidents/{id}", tag = "incidents", operation_id = "update_incident",
    params(("id" = String, Path, description = "The incident's id")), request_body = IncidentPatch,
    responses(
        (status = 200, description = "The incident", body = Incident),
        (status = "4XX", description = "There is no such incident, or it cannot be changed so", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(patch): JsonBody<IncidentPatch>,
) -> Result<Json<Incident>, ApiError> {
    Ok(Json(incidents::update(&app, &caller, &id, patch).await?.into()))
}

/// The comments of an incident.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/incidents/{id}/comments", tag = "incidents", operation_id = "list_comments",
    params(("id" = String, Path, description = "The incident's id")),
    responses(
        (status = 200, description = "The comments, oldest first", body = Vec<Comment>),
        (status = "4XX", description = "There is no such incident", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:read"]))
)]
pub(crate) async fn comments(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Vec<Comment>>, ApiError> {
    let (_, comments) = incidents::get(&app, &caller, &id).await?;
    Ok(Json(comments.into_iter().map(Comment::from).collect()))
}

/// A comment to be added.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = NewIncidentComment)]
pub(crate) struct NewComment {
    /// What it says. Required.
    #[serde(deserialize_with = "lenient::text")]
    body: Option<String>,
    /// The same, as older clients write it.
    #[serde(deserialize_with = "lenient::text")]
    content: Option<String>,
}

/// Adds a comment in the name of whoever's key it is.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/incidents/{id}/comments", tag = "incidents", operation_id = "add_comment",
    params(("id" = String, Path, description = "The incident's id")), request_body = NewComment,
    responses(
        (status = 201, description = "The comment", body = Comment),
        (status = "4XX", description = "There is no such incident, or nothing to say", body = ErrorBody),
    ),
    security(("operator_key" = ["incidents:write"]))
)]
pub(crate) async fn comment(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(new): JsonBody<NewComment>,
) -> Result<(StatusCode, Json<Comment>), ApiError> {
    let body = new.body.or(new.content);
    Ok((StatusCode::CREATED, Json(incidents::comment(&app, &caller, &id, body.as_deref()).await?.into())))
}
