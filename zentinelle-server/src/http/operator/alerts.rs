//! `GET alerts`, `GET alerts/{id}`, `POST alerts/{id}/acknowledge`, `POST alerts/{id}/resolve`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query, lenient};
use crate::http::listing;
use crate::service::content_rules::Severity;
use crate::service::{alerts, fields};
use crate::store::alerts::{self as store, Wanted};
use crate::store::entities::alert;
use crate::store::wire_name;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertStatus {
    /// Nobody looked yet.
    Open,
    /// Somebody took notice.
    Acknowledged,
    /// Somebody looks into it.
    Investigating,
    /// It is done with.
    Resolved,
    /// It was none.
    FalsePositive,
}

/// Which alerts are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsQuery {
    /// In this state.
    #[param(inline)]
    status: Option<AlertStatus>,
    /// Of this severity.
    #[param(inline)]
    severity: Option<Severity>,
    /// About this user.
    user_id: Option<String>,
    /// About this agent.
    agent_id: Option<String>,
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// How many to leave out.
    offset: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// How many there are in all.
    total: u64,
    /// How many were asked for.
    limit: u64,
    /// How many were left out.
    offset: u64,
    /// Where the next page begins.
    next_cursor: Option<String>,
    /// The page.
    alerts: Vec<Alert>,
}

/// One alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// Its id.
    id: String,
    /// Which kind.
    alert_type: String,
    /// How bad.
    severity: String,
    /// In a few words.
    title: String,
    /// In full.
    description: String,
    /// The agent it is about.
    agent_id: Option<String>,
    /// The user it is about.
    user_identifier: Option<String>,
    /// Where it stands.
    status: String,
    /// How often it happened.
    violation_count: i64,
    /// When it happened first.
    first_violation_at: Option<String>,
    /// When it happened last.
    last_violation_at: Option<String>,
    /// When it was raised.
    created_at: String,
    /// Who took notice.
    acknowledged_by: Option<String>,
    /// When.
    acknowledged_at: Option<String>,
    /// Who closed it.
    resolved_by: Option<String>,
    /// When.
    resolved_at: Option<String>,
    /// What they wrote.
    resolution_notes: String,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Value,
}

impl From<alert::Model> for Alert {
    fn from(row: alert::Model) -> Self {
        Self {
            id: row.id,
            alert_type: row.alert_type,
            severity: row.severity,
            title: row.title,
            description: row.description,
            agent_id: row.agent_id,
            user_identifier: row.user_id,
            status: row.status,
            violation_count: row.violation_count,
            first_violation_at: clock::iso_or_none(row.first_violation_at),
            last_violation_at: clock::iso_or_none(row.last_violation_at),
            created_at: clock::iso(row.created_at),
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: clock::iso_or_none(row.acknowledged_at),
            resolved_by: row.resolved_by,
            resolved_at: clock::iso_or_none(row.resolved_at),
            resolution_notes: row.resolution_notes,
            metadata: row.metadata,
        }
    }
}

/// What people should look at.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/alerts", tag = "alerts", operation_id = "list_alerts", params(AlertsQuery),
    responses(
        (status = 200, description = "A page of alerts", body = Alerts),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["alerts:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<Alerts>, ApiError> {
    let page = listing::page(query.limit, query.offset, query.cursor.as_deref(), 50, 500)?;
    fields::optional("user_id", query.user_id.as_deref(), fields::MOST_NAME)?;
    fields::optional("agent_id", query.agent_id.as_deref(), fields::MOST_NAME)?;
    let wanted = Wanted {
        status: query.status.as_ref().map(wire_name),
        severity: query.severity.as_ref().map(wire_name),
        user_id: query.user_id,
        agent_id: query.agent_id,
    };
    let found = store::page(app.store.db(), &caller.tenant, &wanted, &page).await?.map(Alert::from);
    Ok(Json(Alerts {
        total: found.total,
        limit: page.limit,
        offset: page.offset,
        next_cursor: found.next,
        alerts: found.rows,
    }))
}

/// One alert.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/alerts/{id}", tag = "alerts", operation_id = "get_alert",
    params(("id" = String, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The alert", body = Alert),
        (status = "4XX", description = "There is no such alert", body = ErrorBody),
    ),
    security(("operator_key" = ["alerts:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Alert>, ApiError> {
    Ok(Json(store::by_id(app.store.db(), &caller.tenant, &id).await?.into()))
}

/// An alert of which notice was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcknowledgedAlert)]
pub(crate) struct Acknowledged {
    /// The alert.
    alert_id: String,
    /// Its state.
    status: String,
    /// When.
    acknowledged_at: Option<String>,
}

/// Takes notice of an open alert.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/alerts/{id}/acknowledge", tag = "alerts", operation_id = "acknowledge_alert",
    params(("id" = String, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "Notice is taken", body = Acknowledged),
        (status = "4XX", description = "There is no such alert, or it is not open", body = ErrorBody),
    ),
    security(("operator_key" = ["alerts:write"]))
)]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Acknowledged>, ApiError> {
    let row = alerts::acknowledge(&app, &caller, &id).await?;
    let acknowledged_at = clock::iso_or_none(row.acknowledged_at);
    Ok(Json(Acknowledged { alert_id: row.id, status: row.status, acknowledged_at }))
}

/// How an alert is closed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = AlertResolution)]
pub(crate) struct Resolution {
    /// What was found out.
    #[serde(deserialize_with = "lenient::text")]
    resolution_notes: Option<String>,
    /// Whether the alert was none.
    false_positive: Option<bool>,
}

/// An alert that was closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResolvedAlert)]
pub(crate) struct Resolved {
    /// The alert.
    alert_id: String,
    /// `resolved` or `false_positive`.
    status: String,
    /// When.
    resolved_at: Option<String>,
}

/// Closes an alert.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/alerts/{id}/resolve", tag = "alerts", operation_id = "resolve_alert",
    params(("id" = String, Path, description = "The alert's id")), request_body = Resolution,
    responses(
        (status = 200, description = "The alert is closed", body = Resolved),
        (status = "4XX", description = "There is no such alert, or it was closed before", body = ErrorBody),
    ),
    security(("operator_key" = ["alerts:write"]))
)]
pub(crate) async fn resolve(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(how): JsonBody<Resolution>,
) -> Result<Json<Resolved>, ApiError> {
    let notes = how.resolution_notes.unwrap_or_default();
    let row = alerts::resolve(&app, &caller, &id, &notes, how.false_positive.unwrap_or_default()).await?;
    let resolved_at = clock::iso_or_none(row.resolved_at);
    Ok(Json(Resolved { alert_id: row.id, status: row.status, resolved_at }))
}
