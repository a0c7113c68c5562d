//! `GET export/summary.json`, `GET export/compliance-report.csv`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::violations::attachment;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::service::sheet::{Cell, Sheet};
use crate::service::summary::{self, Summary};

/// Which time the summary is about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryQuery {
    /// From this instant on. Default: 30 days ago.
    start: Option<String>,
    /// Before this instant. Default: now.
    end: Option<String>,
}

/// One page of numbers about a stretch of time.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/export/summary.json", tag = "usage", operation_id = "export_summary",
    params(SummaryQuery),
    responses(
        (status = 200, description = "The numbers", body = Summary),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:read"]))
)]
pub(crate) async fn summary(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<SummaryQuery>,
) -> Result<Json<Summary>, ApiError> {
    Ok(Json(summary::of(&app, &caller, query.start.as_deref(), query.end.as_deref()).await?))
}

/// Which framework is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ComplianceQuery {
    /// Only this one.
    framework: Option<String>,
}

/// How far the policies in force go, as CSV. One framework is known, `policy_types`: the kinds of
/// policy and whether each denies. Assessments by external frameworks are not kept yet, so
/// another framework has no rows.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/export/compliance-report.csv", tag = "usage",
    operation_id = "export_compliance_report", params(ComplianceQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["reports:read"]))
)]
pub(crate) async fn compliance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ComplianceQuery>,
) -> Result<Response, ApiError> {
    let compliance = summary::compliance(&app, &caller).await?;
    let wanted = query.framework.filter(|framework| !framework.is_empty());
    let now = clock::iso(clock::now_micros());
    let mut sheet =
        Sheet::new(&["id", "assessed_at", "framework", "coverage_percent", "gaps_count", "overall_score"]);
    for (framework, score, gaps) in compliance.rows() {
        if wanted.as_ref().is_some_and(|wanted| wanted != framework) {
            continue;
        }
        sheet.row([
            Cell::from(clock::new_id()),
            Cell::from(now.as_str()),
            Cell::from(framework),
            Cell::from(score),
            Cell::from(i64::try_from(gaps).unwrap_or(i64::MAX)),
            Cell::from(compliance.overall_score()),
        ]);
    }
    Ok(attachment("text/csv; charset=utf-8", "compliance-report.csv", Body::from(sheet.into_text())))
}
