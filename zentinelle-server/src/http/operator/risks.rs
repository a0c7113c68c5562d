//! `/api/zentinelle/v1/risks`: the risk register.

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
use crate::service::fields;
use crate::service::risks::{self, Category, Cell, Figures, Level, Linked, RiskInput, Status, TrendPoint};
use crate::store::entities::risk;
use crate::store::risks::{self as store, Wanted};
use crate::store::wire_name;

/// Which risks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RisksQuery {
    /// With this text in the name or description.
    search: Option<String>,
    /// Of this category.
    #[param(inline)]
    category: Option<Category>,
    /// In this state.
    #[param(inline)]
    status: Option<Status>,
    /// With a score in this band.
    #[param(inline)]
    level: Option<Level>,
    /// How many. Default: 100, at most 500.
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of risks, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Risks {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Risk>,
}

/// One risk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Risk {
    /// Its id.
    id: String,
    /// In a few words.
    name: String,
    /// In full.
    description: String,
    /// What it threatens.
    category: String,
    /// Where it stands.
    status: String,
    /// How bad it is where it happens: 1, 2, 3, 5 or 8.
    severity: i64,
    /// How likely it is.
    likelihood: i64,
    /// How far it reaches.
    impact: i64,
    /// Severity x likelihood x impact: 1 to 512.
    score: i64,
    /// The band of the score: low, medium from 18, high from 75, critical from 200.
    level: &'static str,
    /// Severity after mitigation.
    residual_severity: Option<i64>,
    /// Likelihood after mitigation.
    residual_likelihood: Option<i64>,
    /// Impact after mitigation.
    residual_impact: Option<i64>,
    /// The score after mitigation.
    residual_score: Option<i64>,
    /// The band of that score.
    residual_level: Option<&'static str>,
    /// What is done about it.
    mitigation_plan: String,
    /// How far that has come.
    mitigation_status: String,
    /// Who answers for it.
    owner: String,
    /// Words to find it by.
    #[schema(value_type = Vec<String>)]
    tags: Value,
    /// Addresses of further reading.
    #[schema(value_type = Vec<String>)]
    external_references: Value,
    /// The policies that are about it.
    policy_ids: Vec<String>,
    /// The agents it is about.
    agent_ids: Vec<String>,
    /// The incidents in which it came true.
    incident_ids: Vec<String>,
    /// When somebody saw it.
    identified_at: String,
    /// When somebody looked at it last.
    last_reviewed_at: Option<String>,
    /// Who.
    last_reviewed_by: Option<String>,
    /// The day on which it is to be looked at again.
    next_review_date: Option<String>,
    /// Whether that day has come.
    review_due: bool,
    /// When it was closed.
    closed_at: Option<String>,
    /// Who put it here.
    created_by: String,
    /// When.
    created_at: String,
    /// When it was changed last.
    updated_at: String,
}

impl Risk {
    fn of(row: risk::Model, links: Linked) -> Self {
        let residual = risks::residual_score(&row);
        Self {
            level: Level::of(row.score).name(),
            residual_score: residual,
            residual_level: residual.map(|score| Level::of(score).name()),
            review_due: risks::review_due(&row, clock::now_micros()),
            id: row.id,
            name: row.name,
            description: row.description,
            category: row.category,
            status: row.status,
            severity: row.severity,
            likelihood: row.likelihood,
            impact: row.impact,
            score: row.score,
            residual_severity: row.residual_severity,
            residual_likelihood: row.residual_likelihood,
            residual_impact: row.residual_impact,
            mitigation_plan: row.mitigation_plan,
            mitigation_status: row.mitigation_status,
            owner: row.owner,
            tags: row.tags,
            external_references: row.external_references,
            policy_ids: links.policies,
            agent_ids: links.agents,
            incident_ids: links.incidents,
            identified_at: clock::iso(row.identified_at),
            last_reviewed_at: clock::iso_or_none(row.last_reviewed_at),
            last_reviewed_by: row.last_reviewed_by,
            next_review_date: row.next_review_at.map(clock::day),
            closed_at: clock::iso_or_none(row.closed_at),
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

async fn shown(app: &App, caller: &Caller, row: risk::Model) -> Result<Risk, ApiError> {
    let mut links = risks::linked(app, &caller.tenant, std::slice::from_ref(&row.id)).await?;
    Ok(Risk::of(row, links.pop().unwrap_or_default()))
}

/// The risks.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/risks", tag = "risks", operation_id = "list_risks",
    params(RisksQuery),
    responses(
        (status = 200, description = "A page of risks", body = Risks),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<RisksQuery>,
) -> Result<Json<Risks>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
    fields::optional("search", query.search.as_deref(), fields::MOST_NAME)?;
    let wanted = Wanted {
        search: query.search,
        categories: query.category.iter().map(wire_name).collect(),
        statuses: query.status.iter().map(wire_name).collect(),
        scores: query.level.map(Level::bounds).into_iter().collect(),
        ..Wanted::default()
    };
    let found = store::page(app.store.db(), &caller.tenant, &wanted, &page).await?;
    let ids: Vec<String> = found.rows.iter().map(|row| row.id.clone()).collect();
    let links = risks::linked(&app, &caller.tenant, &ids).await?;
    let results = found.rows.into_iter().zip(links).map(|(row, links)| Risk::of(row, links)).collect();
    Ok(Json(Risks { count: found.total, next_cursor: found.next, results }))
}

/// Puts a risk into the register.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/risks", tag = "risks", operation_id = "create_risk", request_body = RiskInput,
    responses(
        (status = 201, description = "The risk", body = Risk),
        (status = "4XX", description = "The risk is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<RiskInput>,
) -> Result<(StatusCode, Json<Risk>), ApiError> {
    let row = risks::create(&app, &caller, input).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &caller, row).await?)))
}

/// One risk.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/risks/{id}", tag = "risks", operation_id = "get_risk",
    params(("id" = String, Path, description = "The risk's id")),
    responses(
        (status = 200, description = "The risk", body = Risk),
        (status = "4XX", description = "There is no such risk", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Risk>, ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, &id).await?;
    Ok(Json(shown(&app, &caller, row).await?))
}

/// Changes a risk.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/risks/{id}", tag = "risks", operation_id = "update_risk",
    params(("id" = String, Path, description = "The risk's id")), request_body = RiskInput,
    responses(
        (status = 200, description = "The risk", body = Risk),
        (status = "4XX", description = "There is no such risk, or it cannot be changed so", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(input): JsonBody<RiskInput>,
) -> Result<Json<Risk>, ApiError> {
    let row = risks::update(&app, &caller, &id, input).await?;
    Ok(Json(shown(&app, &caller, row).await?))
}

/// Takes a risk out of the register. Closing it keeps it.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/risks/{id}", tag = "risks", operation_id = "delete_risk",
    params(("id" = String, Path, description = "The risk's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such risk, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:delete"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    risks::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that somebody looked at a risk: the next review follows from its score.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/risks/{id}/review", tag = "risks", operation_id = "review_risk",
    params(("id" = String, Path, description = "The risk's id")),
    responses(
        (status = 200, description = "The risk", body = Risk),
        (status = 409, description = "The risk is closed", body = ErrorBody),
        (status = "4XX", description = "There is no such risk", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:write"]))
)]
pub(crate) async fn review(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Risk>, ApiError> {
    let row = risks::review(&app, &caller, &id).await?;
    Ok(Json(shown(&app, &caller, row).await?))
}

/// Counts over the register.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/risks/stats", tag = "risks", operation_id = "risk_stats",
    responses((status = 200, description = "The counts", body = Figures)),
    security(("operator_key" = ["risks:read"]))
)]
pub(crate) async fn stats(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Figures>, ApiError> {
    Ok(Json(risks::figures(&app, &caller.tenant).await?))
}

/// The open risks by likelihood and impact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskMatrix {
    /// Every cell, those without a risk too.
    cells: Vec<Cell>,
}

/// The open risks by likelihood and impact.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/risks/matrix", tag = "risks", operation_id = "risk_matrix",
    responses((status = 200, description = "The cells", body = RiskMatrix)),
    security(("operator_key" = ["risks:read"]))
)]
pub(crate) async fn matrix(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<RiskMatrix>, ApiError> {
    Ok(Json(RiskMatrix { cells: risks::matrix(&app, &caller.tenant).await? }))
}

/// How far a trend goes back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendQuery {
    /// How many days, today included. Default: 30, at most 365.
    #[param(minimum = 1)]
    days: Option<i64>,
}

/// How the register went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskTrend {
    /// Each day, oldest first.
    trend: Vec<TrendPoint>,
}

/// How the register went, day by day.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/risks/trend", tag = "risks", operation_id = "risk_trend", params(TrendQuery),
    responses(
        (status = 200, description = "The days", body = RiskTrend),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["risks:read"]))
)]
pub(crate) async fn trend(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<TrendQuery>,
) -> Result<Json<RiskTrend>, ApiError> {
    let days = query.days.unwrap_or(30);
    if days < 1 {
        return Err(ApiError::invalid("days", "must be at least 1"));
    }
    Ok(Json(RiskTrend { trend: risks::trend(&app, &caller.tenant, days).await? }))
}
