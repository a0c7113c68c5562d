//! Agent groups, for operators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::agents::{page, page_size};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName, Query, lenient};
use crate::service::agent_groups::{self, GroupEdit};
use crate::service::fields;
use crate::store::entities::agent_group;

/// A group of agents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupView {
    /// Its id, by which policies address it.
    id: String,
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// How far it is trusted: standard, restricted or trusted. Information only.
    tier: String,
    /// The colour people see it in.
    color: String,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<agent_group::Model> for GroupView {
    fn from(row: agent_group::Model) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            tier: row.tier,
            color: row.color,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupPage {
    /// The groups, oldest first.
    groups: Vec<GroupView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which groups to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupQuery {
    /// Where the page begins, as the page before says.
    #[serde(deserialize_with = "lenient::text")]
    cursor: Option<String>,
    /// How many at most, 1 to 500. Default: 50.
    limit: Option<u64>,
}

/// What is said of a group; a field left out leaves a thing as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct GroupRequest {
    /// Its short name; made from the name when left out.
    #[serde(deserialize_with = "lenient::text")]
    slug: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// How far it is trusted: standard, restricted or trusted.
    #[serde(deserialize_with = "lenient::text")]
    tier: Option<String>,
    /// The colour people see it in.
    color: Option<String>,
}

impl From<GroupRequest> for GroupEdit {
    fn from(request: GroupRequest) -> Self {
        Self {
            slug: request.slug,
            name: request.name,
            description: request.description,
            tier: request.tier,
            color: request.color,
        }
    }
}

/// Lists agent groups.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/agent-groups", tag = "operators", operation_id = "list_agent_groups",
    params(GroupQuery),
    responses(
        (status = 200, description = "A page of groups", body = GroupPage),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<GroupQuery>,
) -> Result<Json<GroupPage>, ApiError> {
    let limit = page_size(query.limit)?;
    fields::text("cursor", query.cursor.as_deref().unwrap_or_default(), 255)?;
    let rows = agent_groups::list(&app, &caller, query.cursor.as_deref(), limit + 1).await?;
    let (rows, next_cursor) = page(rows, limit, |row| row.id.clone());
    Ok(Json(GroupPage { groups: rows.into_iter().map(GroupView::from).collect(), next_cursor }))
}

/// Makes an agent group.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/agent-groups", tag = "operators", operation_id = "create_agent_group",
    request_body = GroupRequest,
    responses(
        (status = 201, description = "The group", body = GroupView),
        (status = "4XX", description = "The group is not made", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<GroupRequest>,
) -> Result<(StatusCode, Json<GroupView>), ApiError> {
    Ok((StatusCode::CREATED, Json(agent_groups::create(&app, &caller, request.into()).await?.into())))
}

/// Shows an agent group.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/agent-groups/{group_id}", tag = "operators", operation_id = "get_agent_group",
    params(("group_id" = String, Path, description = "The group")),
    responses(
        (status = 200, description = "The group", body = GroupView),
        (status = "4XX", description = "There is no such group", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<GroupView>, ApiError> {
    Ok(Json(agent_groups::get(&app, &caller, &id).await?.into()))
}

/// Changes an agent group.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/agent-groups/{group_id}", tag = "operators", operation_id = "edit_agent_group",
    params(("group_id" = String, Path, description = "The group")), request_body = GroupRequest,
    responses(
        (status = 200, description = "The changed group", body = GroupView),
        (status = "4XX", description = "The group is not changed", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    JsonBody(request): JsonBody<GroupRequest>,
) -> Result<Json<GroupView>, ApiError> {
    Ok(Json(agent_groups::edit(&app, &caller, &id, request.into()).await?.into()))
}

/// Removes an agent group; its agents then stand in none.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/agent-groups/{group_id}", tag = "operators",
    operation_id = "delete_agent_group", params(("group_id" = String, Path, description = "The group")),
    responses(
        (status = 204, description = "The group is removed"),
        (status = "4XX", description = "There is no such group", body = ErrorBody),
    ),
    security(("operator_key" = ["agents:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<StatusCode, ApiError> {
    agent_groups::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
