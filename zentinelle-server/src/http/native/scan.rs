//! `POST /api/zentinelle/v1/scan`, `POST …/scan/async`, `GET …/scan/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::request::{Number, UsdMicros};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query, lenient};
use crate::service::content_rules::{ContentType, RuleType, ScanAction, Severity};
use crate::service::{fields, scan};
use crate::store::entities::{content_scan, content_violation};
use crate::store::wire_name;

/// A text to be scanned.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ScanRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// The text. Required.
    #[serde(deserialize_with = "lenient::text")]
    content: Option<String>,
    /// The user the agent acts for. Default: `anonymous`.
    #[serde(alias = "userId", deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// What the text is. Default: `user_input`.
    #[serde(deserialize_with = "lenient::text")]
    #[schema(value_type = Option<ContentType>)]
    content_type: Option<String>,
    /// The conversation.
    #[serde(deserialize_with = "lenient::text")]
    session_id: Option<String>,
    /// The request.
    #[serde(deserialize_with = "lenient::text")]
    request_id: Option<String>,
    /// Its tokens as the agent counted them.
    token_count: Option<u64>,
    /// Its cost as the agent estimates it. Unit: US dollars.
    #[schema(value_type = Option<f64>)]
    estimated_cost: Option<Number>,
}

impl ScanRequest {
    async fn content(self, app: &App, caller: &Caller) -> Result<scan::Content, ApiError> {
        let Some(text) = self.content else { return Err(ApiError::invalid("content", "content is required")) };
        fields::optional("agent_id", self.agent_id.as_deref(), fields::MOST_NAME)?;
        fields::optional("user_id", self.user_id.as_deref(), fields::MOST_NAME)?;
        fields::optional("session_id", self.session_id.as_deref(), fields::MOST_NAME)?;
        fields::optional("request_id", self.request_id.as_deref(), fields::MOST_NAME)?;
        Ok(scan::Content {
            agent: acting_agent(app, caller, self.agent_id.as_deref()).await?,
            text,
            user: self.user_id,
            content_type: self.content_type.as_deref().map_or(Ok(ContentType::default()), content_type)?,
            session_id: self.session_id,
            request_id: self.request_id,
            tokens: self.token_count,
            usd_micros: self.estimated_cost.and_then(UsdMicros::from_usd).map(|micros| micros.0),
        })
    }
}

fn content_type(name: &str) -> Result<ContentType, ApiError> {
    serde_json::from_value(Value::from(name)).map_err(|_| {
        ApiError::invalid("content_type", "must be user_input, ai_output, context, file_upload or tool_call")
    })
}

/// What a scan says of a text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScanReply {
    /// Whether to go on.
    allowed: bool,
    /// What to do.
    action: ScanAction,
    /// The id of the scan.
    scan_id: String,
    /// Whether anything was found.
    has_violations: bool,
    /// How much was found.
    violation_count: usize,
    /// The worst of it.
    max_severity: Option<Severity>,
    /// How long it took. Unit: milliseconds.
    scan_duration_ms: i64,
    /// What was found, the first 500.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ScanViolation>,
    /// The text with what was found replaced by markers.
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted_content: Option<String>,
    /// With the action `warn`, what about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// One thing that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScanViolation {
    /// The type of the rule.
    #[serde(rename = "type")]
    rule_type: RuleType,
    /// How bad it is.
    severity: Severity,
    /// What it is.
    category: &'static str,
    /// How sure the detector is, from 0 to 1.
    confidence: f64,
}

impl From<scan::Outcome> for ScanReply {
    fn from(outcome: scan::Outcome) -> Self {
        let scanned = outcome.scanned;
        let warnings = match scanned.action {
            ScanAction::Warn => {
                let warnings = scanned.violations.iter();
                let mut warnings: Vec<String> =
                    warnings.map(|one| format!("{}: {}", wire_name(&one.rule_type), one.category)).collect();
                let mut seen = std::collections::BTreeSet::new();
                warnings.retain(|warning| seen.insert(warning.clone()));
                warnings
            }
            _ => Vec::new(),
        };
        let violations = scanned.violations.into_iter().map(|one| ScanViolation {
            rule_type: one.rule_type,
            severity: one.severity,
            category: one.category,
            confidence: one.confidence,
        });
        Self {
            allowed: scanned.action != ScanAction::Block,
            action: scanned.action,
            scan_id: outcome.scan.id,
            has_violations: scanned.count > 0,
            violation_count: scanned.count,
            max_severity: scanned.worst,
            scan_duration_ms: millis(outcome.scan.scan_duration_us.unwrap_or_default()),
            violations: violations.collect(),
            redacted_content: scanned.redacted,
            warnings,
        }
    }
}

fn millis(micros: i64) -> i64 {
    (micros + 500) / 1000
}

/// Scans a text by the tenant's content rules.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/scan", operation_id = "scan_scan", tag = "agents", request_body = ScanRequest,
    responses(
        (status = 200, description = "What was found, and what to do", body = ScanReply),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn scan(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<ScanRequest>,
) -> Result<Json<ScanReply>, ApiError> {
    let content = request.content(&app, &caller).await?;
    Ok(Json(scan::now(&app, content).await?.into()))
}

/// A scan that was queued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedReply {
    /// Ask for this id later.
    scan_id: String,
    /// Always `queued`.
    status: &'static str,
}

/// Queues a text to be scanned.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/scan/async", operation_id = "scan_scan_async", tag = "agents", request_body = ScanRequest,
    responses(
        (status = 202, description = "The scan will run soon", body = QueuedReply),
        (status = "4XX", description = "The request cannot be answered", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn scan_async(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<ScanRequest>,
) -> Result<(StatusCode, Json<QueuedReply>), ApiError> {
    let content = request.content(&app, &caller).await?;
    let scan_id = scan::queue(&app, content).await?;
    Ok((StatusCode::ACCEPTED, Json(QueuedReply { scan_id, status: "queued" })))
}

/// A scan as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScanStatus {
    /// Its id.
    scan_id: String,
    /// `pending`, `scanning`, `completed` or `failed`.
    status: String,
    /// What the text was.
    content_type: String,
    /// How long it was. Unit: characters.
    content_length: i64,
    /// Whether anything was found.
    has_violations: bool,
    /// How much was found.
    violation_count: i64,
    /// The worst of it.
    max_severity: Option<String>,
    /// What became of the text.
    action_taken: Option<String>,
    /// Whether it was refused.
    was_blocked: bool,
    /// Whether it was redacted.
    was_redacted: bool,
    /// How long it took. Unit: milliseconds.
    scan_duration_ms: Option<i64>,
    /// When it ran.
    scanned_at: Option<String>,
    /// When it was asked for.
    created_at: String,
    /// What was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<KeptViolation>,
}

/// One thing that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptViolation {
    /// Its id.
    id: String,
    /// The type of the rule.
    rule_type: String,
    /// How bad it is.
    severity: String,
    /// What it is.
    category: String,
    /// How sure the detector is, from 0 to 1.
    confidence: f64,
    /// What the rule does.
    enforcement: String,
    /// Whether the text was refused for it.
    was_blocked: bool,
    /// Whether it was replaced by a marker.
    was_redacted: bool,
}

impl From<content_violation::Model> for KeptViolation {
    fn from(row: content_violation::Model) -> Self {
        Self {
            id: row.id,
            rule_type: row.rule_type,
            severity: row.severity,
            category: row.category,
            confidence: row.confidence,
            enforcement: row.enforcement,
            was_blocked: row.was_blocked,
            was_redacted: row.was_redacted,
        }
    }
}

impl ScanStatus {
    fn new(row: content_scan::Model, violations: Vec<content_violation::Model>) -> Self {
        Self {
            scan_id: row.id,
            status: row.status,
            content_type: row.content_type,
            content_length: row.content_length,
            has_violations: row.violation_count > 0,
            violation_count: row.violation_count,
            max_severity: row.max_severity,
            action_taken: row.action_taken,
            was_blocked: row.was_blocked,
            was_redacted: row.was_redacted,
            scan_duration_ms: row.scan_duration_us.map(millis),
            scanned_at: clock::iso_or_none(row.scanned_at),
            created_at: clock::iso(row.created_at),
            violations: violations.into_iter().map(Into::into).collect(),
        }
    }
}

/// For which agent a scan is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct WhichAgent {
    /// The agent; empty for the key's own.
    agent_id: Option<String>,
}

/// One of the agent's own scans.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/scan/{id}", operation_id = "get_scan", tag = "agents",
    params(("id" = String, Path, description = "The scan's id"), WhichAgent),
    responses(
        (status = 200, description = "The scan", body = ScanStatus),
        (status = "4XX", description = "There is no such scan of this agent", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    Query(query): Query<WhichAgent>,
) -> Result<Json<ScanStatus>, ApiError> {
    fields::optional("agent_id", query.agent_id.as_deref(), fields::MOST_NAME)?;
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    let (row, violations) = scan::get(&app, &caller, &agent, &id).await?;
    Ok(Json(ScanStatus::new(row, violations)))
}
