//! `/api/zentinelle/v1/compliance`: frameworks and how a tenant stands to them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathName};
use crate::service::compliance::capabilities::{self, Overview};
use crate::service::compliance::{self, ControlView, FrameworkView};
use crate::store::compliance as store;
use crate::store::entities::{assessment, finding};

/// The most looks and findings of a reply.
const MOST: u64 = 200;

/// Every framework.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Frameworks {
    /// Each as it stands now.
    frameworks: Vec<FrameworkView>,
}

/// Every framework as it stands now.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/frameworks", tag = "compliance", operation_id = "list_frameworks",
    responses((status = 200, description = "The frameworks, judged now", body = Frameworks)),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn frameworks(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Frameworks>, ApiError> {
    let judged = compliance::judged(&app, &caller.tenant).await?;
    Ok(Json(Frameworks { frameworks: judged.iter().map(FrameworkView::from).collect() }))
}

/// One framework as it stands now, with the evidence of each control.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/frameworks/{id}", tag = "compliance", operation_id = "get_framework",
    params(("id" = String, Path, description = "The framework, such as `EU_AI_ACT`")),
    responses(
        (status = 200, description = "The framework", body = FrameworkView),
        (status = "4XX", description = "There is no such framework", body = ErrorBody),
    ),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn framework(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<FrameworkView>, ApiError> {
    Ok(Json(FrameworkView::from(&compliance::one(&app, &caller.tenant, &id).await?)))
}

/// What a tenant answers to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FrameworkChoice {
    /// Whether the tenant answers to the framework. Required.
    enabled: Option<bool>,
}

/// What was chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrameworkChosen {
    /// The framework.
    id: String,
    /// Whether the tenant answers to it.
    enabled: bool,
}

/// Says whether the tenant answers to a framework. One that is disabled counts nowhere.
#[utoipa::path(
    put, path = "/api/zentinelle/v1/compliance/frameworks/{id}", tag = "compliance", operation_id = "choose_framework",
    params(("id" = String, Path, description = "The framework, such as `EU_AI_ACT`")), request_body = FrameworkChoice,
    responses(
        (status = 200, description = "What was chosen", body = FrameworkChosen),
        (status = "4XX", description = "There is no such framework, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["settings:write"]))
)]
pub(crate) async fn choose(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
    JsonBody(choice): JsonBody<FrameworkChoice>,
) -> Result<Json<FrameworkChosen>, ApiError> {
    let enabled = choice.enabled.ok_or_else(|| ApiError::invalid("enabled", "is missing"))?;
    let (framework, enabled) = compliance::choose(&app, &caller, &id, Some(enabled)).await?;
    Ok(Json(FrameworkChosen { id: framework.id.clone(), enabled }))
}

/// What a framework still lacks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FrameworkGaps {
    /// The framework.
    id: String,
    /// Its controls that are not met, required ones first, each with what would close it.
    gaps: Vec<ControlView>,
}

/// What a framework still lacks, and what would close each gap.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/frameworks/{id}/gaps", tag = "compliance",
    operation_id = "framework_gaps",
    params(("id" = String, Path, description = "The framework, such as `EU_AI_ACT`")),
    responses(
        (status = 200, description = "The gaps", body = FrameworkGaps),
        (status = "4XX", description = "There is no such framework", body = ErrorBody),
    ),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn gaps(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(id): PathName,
) -> Result<Json<FrameworkGaps>, ApiError> {
    let judged = compliance::one(&app, &caller.tenant, &id).await?;
    Ok(Json(FrameworkGaps { id: judged.framework.id.clone(), gaps: compliance::gaps(&judged) }))
}

/// What the server can notice and stop, whether it is used, and how far that goes.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/overview", tag = "compliance", operation_id = "compliance_overview",
    responses((status = 200, description = "The catalogue and the coverage", body = Overview)),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn overview(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Overview>, ApiError> {
    let (facts, judged) = compliance::judged_with_facts(&app, &caller.tenant).await?;
    Ok(Json(capabilities::overview(&facts, &judged)))
}

/// What a look at all controls came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assessment {
    /// Its id.
    id: String,
    /// `manual` or `scheduled`.
    assessment_type: String,
    /// The share of met controls among those that can be told. Unit: percent.
    score: i64,
    /// Each enabled framework with how many controls stand how.
    #[schema(value_type = Vec<Object>)]
    frameworks: Value,
    /// Who asked for it.
    created_by: String,
    /// When.
    created_at: String,
}

impl From<assessment::Model> for Assessment {
    fn from(row: assessment::Model) -> Self {
        Self {
            id: row.id,
            assessment_type: row.assessment_type,
            score: row.score,
            frameworks: row.frameworks,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
        }
    }
}

/// Looks at every control now and keeps what it came to.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/compliance/assessments", tag = "compliance", operation_id = "assess_compliance",
    responses((status = 201, description = "What it came to", body = Assessment)),
    security(("operator_key" = ["compliance:write"]))
)]
pub(crate) async fn assess(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<(StatusCode, Json<Assessment>), ApiError> {
    Ok((StatusCode::CREATED, Json(compliance::look(&app, &caller).await?.into())))
}

/// The newest looks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assessments {
    /// Newest first.
    results: Vec<Assessment>,
}

/// The newest looks at all controls.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/assessments", tag = "compliance", operation_id = "list_assessments",
    responses((status = 200, description = "The newest looks", body = Assessments)),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn assessments(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Assessments>, ApiError> {
    let rows = store::assessments(app.store.db(), &caller.tenant, MOST).await?;
    Ok(Json(Assessments { results: rows.into_iter().map(Assessment::from).collect() }))
}

/// A control that a look found wanting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComplianceFinding)]
pub(crate) struct Finding {
    /// The framework.
    framework_id: String,
    /// The control.
    control_id: String,
    /// The control in a few words.
    title: String,
    /// `high` of a required control, else `medium`.
    severity: String,
    /// `partial` or `not_met`.
    control_status: String,
    /// Why.
    why: String,
    /// Since when.
    found_at: String,
    /// Until when; none while it is open.
    resolved_at: Option<String>,
}

impl From<finding::Model> for Finding {
    fn from(row: finding::Model) -> Self {
        Self {
            framework_id: row.framework_id,
            control_id: row.control_id,
            title: row.title,
            severity: row.severity,
            control_status: row.control_status,
            why: row.why,
            found_at: clock::iso(row.found_at),
            resolved_at: clock::iso_or_none(row.resolved_at),
        }
    }
}

/// The newest findings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComplianceFindings {
    /// Newest first.
    results: Vec<Finding>,
}

/// The controls that looks found wanting, since when and until when.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/compliance/findings", tag = "compliance", operation_id = "list_findings",
    responses((status = 200, description = "The newest findings", body = ComplianceFindings)),
    security(("operator_key" = ["compliance:read"]))
)]
pub(crate) async fn findings(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<ComplianceFindings>, ApiError> {
    let rows = store::findings(app.store.db(), &caller.tenant, MOST).await?;
    Ok(Json(ComplianceFindings { results: rows.into_iter().map(Finding::from).collect() }))
}
