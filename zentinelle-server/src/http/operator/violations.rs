//! `GET violations` and `GET export/violations.csv`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::Query;
use crate::http::listing;
use crate::service::content_rules::{RuleType, Severity};
use crate::service::{fields, violations};
use crate::store::entities::content_violation;
use crate::store::scans::{self, Wanted};
use crate::store::wire_name;

/// Which violations are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViolationsQuery {
    /// Of this user.
    user_id: Option<String>,
    /// Of this agent.
    agent_id: Option<String>,
    /// Of this type of rule.
    #[param(inline)]
    rule_type: Option<RuleType>,
    /// Of this severity.
    #[param(inline)]
    severity: Option<Severity>,
    /// From this instant on.
    from_date: Option<String>,
    /// Before this instant.
    to_date: Option<String>,
    /// How many. Default: 100, at most 1000.
    limit: Option<u64>,
    /// How many to leave out.
    offset: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of violations, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContentViolations)]
pub(crate) struct Violations {
    /// How many there are in all.
    total: u64,
    /// How many were asked for.
    limit: u64,
    /// How many were left out.
    offset: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    violations: Vec<Violation>,
}

/// One violation. What matched is not kept, only where it stood.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContentViolation)]
pub(crate) struct Violation {
    /// Its id.
    id: String,
    /// The scan that found it.
    scan_id: String,
    /// The rule; null for what is watched by default.
    rule_id: Option<String>,
    /// The agent.
    agent_id: String,
    /// The user.
    user_identifier: Option<String>,
    /// The type of the rule.
    rule_type: String,
    /// How bad it is.
    severity: String,
    /// What it is.
    category: String,
    /// What the rule does.
    enforcement: String,
    /// How sure the detector is, from 0 to 1.
    confidence: f64,
    /// Where it begins, in bytes of the content.
    match_start: Option<i64>,
    /// Where it ends.
    match_end: Option<i64>,
    /// Whether the content was refused for it.
    was_blocked: bool,
    /// Whether it was replaced by a marker.
    was_redacted: bool,
    /// When.
    created_at: String,
}

impl From<content_violation::Model> for Violation {
    fn from(row: content_violation::Model) -> Self {
        Self {
            id: row.id,
            scan_id: row.scan_id,
            rule_id: row.rule_id,
            agent_id: row.agent_id,
            user_identifier: row.user_id,
            rule_type: row.rule_type,
            severity: row.severity,
            category: row.category,
            enforcement: row.enforcement,
            confidence: row.confidence,
            match_start: row.match_start,
            match_end: row.match_end,
            was_blocked: row.was_blocked,
            was_redacted: row.was_redacted,
            created_at: clock::iso(row.created_at),
        }
    }
}

/// What content scans found.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/violations", operation_id = "list_violations", tag = "content", params(ViolationsQuery),
    responses(
        (status = 200, description = "A page of violations", body = Violations),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["violations:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ViolationsQuery>,
) -> Result<Json<Violations>, ApiError> {
    let page = listing::page(query.limit, query.offset, query.cursor.as_deref(), 100, 1000)?;
    fields::optional("user_id", query.user_id.as_deref(), fields::MOST_NAME)?;
    fields::optional("agent_id", query.agent_id.as_deref(), fields::MOST_NAME)?;
    let wanted = Wanted {
        user_id: query.user_id,
        agent_id: query.agent_id,
        rule_type: query.rule_type.as_ref().map(wire_name),
        severity: query.severity.as_ref().map(wire_name),
        from: fields::instant("from_date", query.from_date.as_deref())?,
        to: fields::instant("to_date", query.to_date.as_deref())?,
    };
    let found = scans::violations(app.store.db(), &caller.tenant, &wanted, &page).await?.map(Violation::from);
    Ok(Json(Violations {
        total: found.total,
        limit: page.limit,
        offset: page.offset,
        next_cursor: found.next,
        violations: found.rows,
    }))
}

/// Which violations are exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// From this instant on. Default: 30 days ago.
    start: Option<String>,
    /// Before this instant. Default: now.
    end: Option<String>,
    /// Of this severity.
    #[param(inline)]
    severity: Option<Severity>,
    /// Of this type of rule.
    #[param(inline)]
    rule_type: Option<RuleType>,
}

/// The violations of a time as CSV, oldest first. In place of what matched stands its keyed
/// digest; cells that a spreadsheet would compute begin with an apostrophe.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/export/violations.csv", operation_id = "violations_export", tag = "content", params(ExportQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["violations:read"]))
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let (start, end) = violations::period(query.start.as_deref(), query.end.as_deref())?;
    let wanted = Wanted {
        rule_type: query.rule_type.as_ref().map(wire_name),
        severity: query.severity.as_ref().map(wire_name),
        from: Some(start),
        to: Some(end),
        ..Wanted::default()
    };
    let parts = violations::export(app, caller, wanted).await?;
    let day = |instant: i64| clock::iso(instant).split('T').next().unwrap_or_default().to_owned();
    let name = format!("violations-{}-{}.csv", day(start), day(end));
    Ok(attachment("text/csv; charset=utf-8", &name, Body::from_stream(parts)))
}

/// A file to be saved.
pub(crate) fn attachment(media_type: &'static str, name: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}
