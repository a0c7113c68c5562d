//! `content-rules`.

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
use crate::service::content_rules::{self, RuleInput, RuleType};
use crate::store::entities::content_rule;

/// A content rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentRule {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it looks for.
    rule_type: String,
    /// Whether content can violate it at all: rules of the reserved types find nothing.
    detects: bool,
    /// Where it applies.
    scope_type: String,
    /// Which one.
    scope_id: Option<String>,
    /// What the type is told.
    #[schema(value_type = Object)]
    config: Value,
    /// How bad a violation is.
    severity: String,
    /// What a violation does.
    enforcement: String,
    /// In which scans it takes part.
    scan_mode: String,
    /// Whether it reads what users say and upload.
    scan_input: bool,
    /// Whether it reads what models answer.
    scan_output: bool,
    /// Whether it reads what models are given besides.
    scan_context: bool,
    /// Of several rules of a type and scope, the highest counts.
    priority: i64,
    /// Whether it is in force.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl From<content_rule::Model> for ContentRule {
    fn from(row: content_rule::Model) -> Self {
        let rule_type: Option<RuleType> = serde_json::from_value(Value::from(row.rule_type.as_str())).ok();
        let detects = rule_type.is_some_and(RuleType::detects);
        Self {
            id: row.id,
            name: row.name,
            rule_type: row.rule_type,
            detects,
            scope_type: row.scope_level,
            scope_id: row.scope_id,
            config: row.config,
            severity: row.severity,
            enforcement: row.enforcement,
            scan_mode: row.scan_mode,
            scan_input: row.scan_input,
            scan_output: row.scan_output,
            scan_context: row.scan_context,
            priority: row.priority,
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

/// A page of content rules, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentRules {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<ContentRule>,
}

/// The content rules.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/content-rules", tag = "content", operation_id = "list_content_rules", params(PageQuery),
    responses(
        (status = 200, description = "A page of content rules", body = ContentRules),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["content_rules:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<ContentRules>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
    let found = content_rules::list(&app, &caller, &page).await?.map(ContentRule::from);
    Ok(Json(ContentRules { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// Makes a content rule.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/content-rules", tag = "content", operation_id = "create_content_rule", request_body = RuleInput,
    responses(
        (status = 201, description = "The content rule", body = ContentRule),
        (status = "4XX", description = "The content rule is not valid, or its name is taken", body = ErrorBody),
    ),
    security(("operator_key" = ["content_rules:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<RuleInput>,
) -> Result<(StatusCode, Json<ContentRule>), ApiError> {
    Ok((StatusCode::CREATED, Json(content_rules::create(&app, &caller, input).await?.into())))
}

/// One content rule.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/content-rules/{id}", tag = "content", operation_id = "get_content_rule",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 200, description = "The content rule", body = ContentRule),
        (status = "4XX", description = "There is no such content rule", body = ErrorBody),
    ),
    security(("operator_key" = ["content_rules:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<ContentRule>, ApiError> {
    Ok(Json(content_rules::get(&app, &caller, &id).await?.into()))
}

/// Changes a content rule; what is left out stays.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/content-rules/{id}", tag = "content", operation_id = "update_content_rule",
    params(("id" = String, Path, description = "The id")), request_body = RuleInput,
    responses(
        (status = 200, description = "The content rule", body = ContentRule),
        (status = "4XX", description = "There is no such content rule, or it cannot be changed so", body = ErrorBody),
    ),
    security(("operator_key" = ["content_rules:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(input): JsonBody<RuleInput>,
) -> Result<Json<ContentRule>, ApiError> {
    Ok(Json(content_rules::update(&app, &caller, &id, input).await?.into()))
}

/// Removes a content rule.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/content-rules/{id}", tag = "content", operation_id = "delete_content_rule",
    params(("id" = String, Path, description = "The id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such content rule", body = ErrorBody),
    ),
    security(("operator_key" = ["content_rules:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    content_rules::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
