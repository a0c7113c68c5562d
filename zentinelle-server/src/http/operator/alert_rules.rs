//! `alert-rules`.

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
use crate::service::alert_rules::{self, AlertRuleInput, Condition};
use crate::store::entities::alert_rule;

/// An alert rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRule {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// When it is due.
    #[schema(value_type = Condition)]
    condition: Value,
    /// How bad its alerts are.
    severity: String,
    /// Whether it is in force.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<alert_rule::Model> for AlertRule {
    fn from(row: alert_rule::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            condition: row.condition,
            severity: row.severity,
            enabled: row.enabled,
            created_by: row.created_by,
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

/// A page of alert rules, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRules {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<AlertRule>,
}

/// The alert rules.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/alert-rules", tag = "alerts", operation_id = "list_alert_rules", params(PageQuery),
    responses(
        (status = 200, description = "A page of alert rules", body = AlertRules),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["alert_rules:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<AlertRules>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
    let found = alert_rules::list(&app, &caller, &page).await?.map(AlertRule::from);
    Ok(Json(AlertRules { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// Makes a alert rule.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/alert-rules", tag = "alerts", operation_id = "create_alert_rule", request_body = AlertRuleInput,
    responses(
        (status = 201, description = "The alert rule", body = AlertRule),
        (status = "4XX", description = "The alert rule is not valid, or its name is taken", body = ErrorBody),
    ),
    security(("operator_key" = ["alert_rules:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<AlertRuleInput>,
) -> Result<(StatusCode, Json<AlertRule>), ApiError> {
    Ok((StatusCode::CREATED, Json(alert_rules::create(&app, &caller, input).await?.into())))
}

/// One alert rule.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/alert-rules/{id}", tag = "alerts", operation_id = "get_alert_rule",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 200, description = "The alert rule", body = AlertRule),
        (status = "4XX", description = "There is no such alert rule", body = ErrorBody),
    ),
    security(("operator_key" = ["alert_rules:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<AlertRule>, ApiError> {
    Ok(Json(alert_rules::get(&app, &caller, &id).await?.into()))
}

/// Changes a alert rule; what is left out stays.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/alert-rules/{id}", tag = "alerts", operation_id = "update_alert_rule",
    params(("id" = String, Path, description = "The id")), request_body = AlertRuleInput,
    responses(
        (status = 200, description = "The alert rule", body = AlertRule),
        (status = "4XX", description = "There is no such alert rule, or it cannot be changed so", body = ErrorBody),
    ),
    security(("operator_key" = ["alert_rules:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(input): JsonBody<AlertRuleInput>,
) -> Result<Json<AlertRule>, ApiError> {
    Ok(Json(alert_rules::update(&app, &caller, &id, input).await?.into()))
}

/// Removes a alert rule.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/alert-rules/{id}", tag = "alerts", operation_id = "delete_alert_rule",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such alert rule", body = ErrorBody),
    ),
    security(("operator_key" = ["alert_rules:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    alert_rules::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
