//! `models`: the register of models.

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
use crate::http::extract::{JsonBody, PathId, Query};
use crate::http::listing;
use crate::service::models::{self, ModelInput};
use crate::store::entities::model;

/// A model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredModel)]
pub(crate) struct Model {
    /// Its id.
    id: String,
    /// Its vendor.
    provider: String,
    /// Its name with the vendor.
    model: String,
    /// Its name for people.
    display_name: String,
    /// What it makes.
    model_type: String,
    /// How much harm it can do.
    risk_level: String,
    /// What it can do.
    #[schema(value_type = Vec<String>)]
    capabilities: Value,
    /// How much it reads at once. Unit: tokens.
    context_window: Option<i64>,
    /// `pending`, `approved`, `restricted` or `denied`.
    approval: String,
    /// Why.
    approval_note: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<model::Model> for Model {
    fn from(row: model::Model) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            model: row.model,
            display_name: row.display_name,
            model_type: row.model_type,
            risk_level: row.risk_level,
            capabilities: row.capabilities,
            context_window: row.context_window,
            approval: row.approval,
            approval_note: row.approval_note,
            decided_by: row.decided_by,
            decided_at: clock::iso_or_none(row.decided_at),
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many. Default: 100, at most 500.
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of models, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisteredModels)]
pub(crate) struct Models {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Model>,
}

/// The models.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/models", tag = "models", operation_id = "list_models", params(PageQuery),
    responses(
        (status = 200, description = "A page of models", body = Models),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["models:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Models>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
    let found = models::list(&app, &caller, &page).await?.map(Model::from);
    Ok(Json(Models { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// Makes a model.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/models", tag = "models", operation_id = "create_model", request_body = ModelInput,
    responses(
        (status = 201, description = "The model", body = Model),
        (status = "4XX", description = "The model is not valid, or its name is taken", body = ErrorBody),
    ),
    security(("operator_key" = ["models:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<ModelInput>,
) -> Result<(StatusCode, Json<Model>), ApiError> {
    Ok((StatusCode::CREATED, Json(models::create(&app, &caller, input).await?.into())))
}

/// One model.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/models/{id}", tag = "models", operation_id = "get_model",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 200, description = "The model", body = Model),
        (status = "4XX", description = "There is no such model", body = ErrorBody),
    ),
    security(("operator_key" = ["models:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Model>, ApiError> {
    Ok(Json(models::get(&app, &caller, &id).await?.into()))
}

/// Changes a model; what is left out stays.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/models/{id}", tag = "models", operation_id = "update_model",
    params(("id" = String, Path, description = "The id")), request_body = ModelInput,
    responses(
        (status = 200, description = "The model", body = Model),
        (status = "4XX", description = "There is no such model, or it cannot be changed so", body = ErrorBody),
    ),
    security(("operator_key" = ["models:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(input): JsonBody<ModelInput>,
) -> Result<Json<Model>, ApiError> {
    Ok(Json(models::update(&app, &caller, &id, input).await?.into()))
}

/// Removes a model.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/models/{id}", tag = "models", operation_id = "delete_model",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such model", body = ErrorBody),
    ),
    security(("operator_key" = ["models:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    models::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
