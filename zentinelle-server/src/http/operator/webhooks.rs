//! `/api/zentinelle/v1/webhooks`: where notices go, and what became of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::jobs::one_of;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query, lenient};
use crate::http::listing::page;
use crate::service::webhooks::{self as service, Input, Kept};
use crate::store::entities::{webhook, webhook_delivery};
use crate::store::webhooks::STATES;

/// What an operator writes of a webhook. In a change, what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct WebhookRequest {
    /// A name for people. Required for a new one.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// Where to send; https, unless the server's operator allowed the host. Required for a new one.
    #[serde(deserialize_with = "lenient::text")]
    url: Option<String>,
    /// The secret of the signatures, 16 to 256 characters. Without one a secret is made up and
    /// shown once.
    #[serde(deserialize_with = "lenient::text")]
    secret: Option<String>,
    /// Make up a new secret.
    rotate_secret: Option<bool>,
    /// Which kinds of events; empty for all.
    event_types: Option<Vec<String>>,
    /// Which severities; empty for all.
    severities: Option<Vec<String>>,
    /// `json` or `slack`. Default: `json`.
    #[serde(deserialize_with = "lenient::text")]
    format: Option<String>,
    /// Whether it is told anything. Default: true.
    enabled: Option<bool>,
}

impl From<WebhookRequest> for Input {
    fn from(request: WebhookRequest) -> Self {
        Self {
            name: request.name,
            url: request.url,
            secret: request.secret.map(Zeroizing::new),
            rotate_secret: request.rotate_secret.unwrap_or_default(),
            event_types: request.event_types,
            severities: request.severities,
            format: request.format,
            enabled: request.enabled,
        }
    }
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookReply {
    /// Its id.
    id: String,
    /// A name for people.
    name: String,
    /// Where notices go.
    url: String,
    /// Whether notices are signed.
    has_secret: bool,
    /// The secret, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Which kinds of events; empty for all.
    #[schema(value_type = Vec<String>)]
    event_types: Value,
    /// Which severities; empty for all.
    #[schema(value_type = Vec<String>)]
    severities: Value,
    /// `json` or `slack`.
    format: String,
    /// Whether it is told anything.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<webhook::Model> for WebhookReply {
    fn from(row: webhook::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            url: row.url,
            has_secret: row.sealed_secret.is_some(),
            secret: None,
            event_types: row.event_types,
            severities: row.severities,
            format: row.format,
            enabled: row.enabled,
            created_by: row.created_by,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

impl From<Kept> for WebhookReply {
    fn from(kept: Kept) -> Self {
        let secret = kept.new_secret.map(|secret| secret.to_string());
        Self { secret, ..Self::from(kept.row) }
    }
}

/// A page of webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookPage {
    /// How many there are in all.
    count: u64,
    /// The webhooks, newest first.
    results: Vec<WebhookReply>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// One notice to one webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryReply {
    /// Its id, also in `X-Zentinelle-Delivery`.
    id: String,
    /// The webhook.
    webhook_id: String,
    /// The kind of event.
    event_type: String,
    /// pending, delivered, failed (and tried again), or dead.
    status: String,
    /// How often it was sent.
    attempts: i64,
    /// What the receiver answered last.
    response_status: Option<i64>,
    /// Why it failed last.
    last_error: Option<String>,
    /// What was sent, letter for letter.
    body: String,
    /// When the event was written down.
    created_at: String,
    /// When it was last sent.
    updated_at: String,
}

impl From<webhook_delivery::Model> for DeliveryReply {
    fn from(row: webhook_delivery::Model) -> Self {
        Self {
            id: row.id,
            webhook_id: row.webhook_id,
            event_type: row.event_type,
            status: row.status,
            attempts: row.attempts,
            response_status: row.response_status,
            last_error: row.last_error,
            body: row.body,
            created_at: clock::iso(row.created_at),
            updated_at: clock::iso(row.updated_at),
        }
    }
}

/// A page of deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    /// How many there are in all.
    count: u64,
    /// The deliveries.
    results: Vec<DeliveryReply>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// What was sent to see that a webhook works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestReply {
    /// The delivery; its state tells how it went.
    delivery_id: String,
}

/// Which webhooks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct WebhookQuery {
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DeliveryQuery {
    /// In this state: pending, delivered, failed or dead.
    status: Option<String>,
    /// How many. Default: 50, at most 500.
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists webhooks.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks", params(WebhookQuery),
    responses(
        (status = 200, description = "A page of webhooks", body = WebhookPage),
        (status = "4XX", description = "The query is wrong, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<WebhookQuery>,
) -> Result<Json<WebhookPage>, ApiError> {
    let page = page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let found = service::list(&app, &caller, &page).await?.map(WebhookReply::from);
    Ok(Json(WebhookPage { count: found.total, results: found.rows, next_cursor: found.next }))
}

/// Makes a webhook.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = WebhookRequest,
    responses(
        (status = 201, description = "The webhook, with its secret if it was made up", body = WebhookReply),
        (status = "4XX", description = "The webhook is not valid, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:write"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<WebhookRequest>,
) -> Result<(StatusCode, Json<WebhookReply>), ApiError> {
    let kept = service::create(&app, &caller, request.into()).await?;
    Ok((StatusCode::CREATED, Json(kept.into())))
}

/// Shows a webhook.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = WebhookReply),
        (status = "4XX", description = "There is no such webhook, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<WebhookReply>, ApiError> {
    Ok(Json(service::get(&app, &caller, &id).await?.into()))
}

/// Changes a webhook.
#[utoipa::path(
    patch, path = "/api/zentinelle/v1/webhooks/{id}", tag = "webhooks", operation_id = "update_webhook",
    params(("id" = String, Path, description = "The webhook")), request_body = WebhookRequest,
    responses(
        (status = 200, description = "The webhook, with its secret if a new one was made up", body = WebhookReply),
        (status = "4XX", description = "There is no such webhook, the change is not valid, or the key may not",
            body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:write"]))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(request): JsonBody<WebhookRequest>,
) -> Result<Json<WebhookReply>, ApiError> {
    Ok(Json(service::update(&app, &caller, &id, request.into()).await?.into()))
}

/// Removes a webhook and its deliveries.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such webhook, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    service::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a webhook something to see that it works.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "test_webhook",
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 202, description = "It is being sent", body = TestReply),
        (status = "4XX", description = "There is no such webhook, it is switched off, or the key may not",
            body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:write"]))
)]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<TestReply>), ApiError> {
    let delivery_id = service::test(&app, &caller, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(TestReply { delivery_id })))
}

/// Lists what was sent to a webhook, newest first.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(("id" = String, Path, description = "The webhook"), DeliveryQuery),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveryPage),
        (status = "4XX", description = "There is no such webhook, the query is wrong, or the key may not",
            body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:read"]))
)]
pub(crate) async fn deliveries(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryPage>, ApiError> {
    let status = one_of("status", query.status.as_deref(), &STATES)?;
    let page = page(query.limit, None, query.cursor.as_deref(), 50, 500)?;
    let found = service::deliveries(&app, &caller, &id, status, &page).await?.map(DeliveryReply::from);
    Ok(Json(DeliveryPage { count: found.total, results: found.rows, next_cursor: found.next }))
}

/// Sends a delivery once more, under the same id.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/deliveries/{id}/resend", tag = "webhooks", operation_id = "resend_delivery",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 202, description = "It is being sent", body = DeliveryReply),
        (status = "4XX", description = "There is no such delivery, or the key may not", body = ErrorBody),
    ),
    security(("operator_key" = ["webhooks:write"]))
)]
pub(crate) async fn resend(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<DeliveryReply>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(service::resend(&app, &caller, &id).await?.into())))
}
