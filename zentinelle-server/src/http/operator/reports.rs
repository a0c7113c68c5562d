//! `reports`: asked for, watched, fetched.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::violations::attachment;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query};
use crate::http::listing;
use crate::service::reports::{self, ReportInput};
use crate::store::reports as store;

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportsQuery {
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of reports, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reports {
    /// How many there are in all.
    count: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    results: Vec<Report>,
}

/// A report, without its content.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    /// Its id.
    id: String,
    /// What it is about.
    report_type: String,
    /// `pending`, `generating`, `complete` or `failed`.
    status: String,
    /// How far it is built. Unit: percent.
    progress: i64,
    /// How it is written.
    format: String,
    /// What it was told.
    #[schema(value_type = Object)]
    params: Value,
    /// Who asked for it.
    created_by: String,
    /// When.
    created_at: String,
    /// When it was ready.
    completed_at: Option<String>,
    /// Why it failed.
    error_message: String,
}

impl From<store::Summary> for Report {
    fn from(row: store::Summary) -> Self {
        Self {
            id: row.id,
            report_type: row.report_type,
            status: row.status,
            progress: row.progress,
            format: row.format,
            params: row.params,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            completed_at: clock::iso_or_none(row.completed_at),
            error_message: row.error_message,
        }
    }
}

/// The reports.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/reports", tag = "usage", operation_id = "list_reports", params(ReportsQuery),
    responses(
        (status = 200, description = "A page of reports", body = Reports),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ReportsQuery>,
) -> Result<Json<Reports>, ApiError> {
    let page = listing::page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let found = store::page(app.store.db(), &caller.tenant, &page).await?.map(Report::from);
    Ok(Json(Reports { count: found.total, next_cursor: found.next, results: found.rows }))
}

/// A report that will be built.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportQueued {
    /// Its id.
    id: String,
    /// `pending`.
    status: String,
}

/// Asks for a report.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/reports", tag = "usage", operation_id = "create_report", request_body = ReportInput,
    responses(
        (status = 201, description = "The report will be built", body = ReportQueued),
        (status = "4XX", description = "There is no such report, or no such format", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<ReportInput>,
) -> Result<(StatusCode, Json<ReportQueued>), ApiError> {
    let row = reports::create(&app, &caller, input).await?;
    Ok((StatusCode::CREATED, Json(ReportQueued { id: row.id, status: row.status })))
}

/// One report, without its content.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/reports/{id}", tag = "usage", operation_id = "get_report",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The report", body = Report),
        (status = "4XX", description = "There is no such report", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Report>, ApiError> {
    let row = store::summary(app.store.db(), &caller.tenant, &id).await?;
    Ok(Json(row.into()))
}

/// The content of a report that is complete.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/reports/{id}/download", tag = "usage", operation_id = "download_report",
    params(("id" = String, Path, description = "The report's id")),
    responses(
        (status = 200, description = "The file, in the format that was asked for", content(
            (String = "text/csv"), (String = "application/x-ndjson"), (Vec<u8> = "application/pdf"),
            (Value = "application/json")
        )),
        (status = 409, description = "The report is not complete", body = ErrorBody),
        (status = "4XX", description = "There is no such report", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:read"]))
)]
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Response, ApiError> {
    let (row, content) = reports::download(&app, &caller, &id).await?;
    let media_type = match row.format.as_str() {
        "csv" => "text/csv; charset=utf-8",
        "pdf" => "application/pdf",
        "json" | "oscal" => "application/json",
        _ => "application/x-ndjson",
    };
    let ending = if row.format == "oscal" { "oscal.json" } else { row.format.as_str() };
    Ok(attachment(media_type, &format!("{}-{}.{ending}", row.report_type, row.id), Body::from(content)))
}
