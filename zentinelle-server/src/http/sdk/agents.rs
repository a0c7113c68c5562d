//! What the Python, TypeScript, Go and Java clients and n8n call beside `evaluate`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::etag::Unkept;
use crate::http::extract::{JsonBody, PathName};
use crate::http::native;
use crate::http::native::agents::{ConfigReply, HeartbeatRequest, RegisterReply, RegisterRequest, SecretsReply};
use crate::http::native::events::EventsRequest;
use crate::service::agent_config::Heard;
use crate::service::enrolment::{self, Existing, Terms};
use crate::service::events::Taken;

/// Clients register at each start, most of them with the key they were given first.
const TERMS: Terms = Terms { existing: Existing::Return, issue_key: true };

/// Registers an agent, or takes up again one that is known.
#[utoipa::path(
    post, path = "/api/v1/agents/register", tag = "sdk", operation_id = "sdk_register", request_body = RegisterRequest,
    responses(
        (status = 200, description = "The agent was known", body = RegisterReply),
        (status = 201, description = "The agent is new; its key is shown this once", body = RegisterReply),
        (status = "4XX", description = "The agent is not registered", body = ErrorBody),
    ),
    security(("agent_key" = []), ("enrolment_key" = []))
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<(StatusCode, Json<RegisterReply>), ApiError> {
    let registered = enrolment::register(&app, &caller, request.into(), TERMS).await?;
    let status = if registered.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(RegisterReply::to(&app, registered).await?)))
}

/// Tells an agent how it should work.
#[utoipa::path(
    get, path = "/api/v1/agents/{agent_id}/config", tag = "sdk", operation_id = "sdk_config",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The configuration", body = ConfigReply),
        (status = 304, description = "It is the one named by `If-None-Match`"),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn config(
    app: State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    agent_id: PathName,
) -> Result<Response, ApiError> {
    native::agents::config(app, caller, headers, agent_id).await
}

/// Hands out an agent's secrets.
#[utoipa::path(
    get, path = "/api/v1/agents/{agent_id}/secrets", tag = "sdk", operation_id = "sdk_secrets",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The secrets", body = SecretsReply),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn secrets(
    app: State<Arc<App>>,
    caller: Caller,
    agent_id: PathName,
) -> Result<Unkept<SecretsReply>, ApiError> {
    native::agents::secrets(app, caller, agent_id).await
}

/// Takes events. Those that were accepted are safe on disk when the answer comes.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "sdk", operation_id = "sdk_events", request_body = EventsRequest,
    responses(
        (status = 200, description = "What became of each event", body = Taken),
        (status = "4XX", description = "No event was taken", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<EventsRequest>,
) -> Result<Json<Taken>, ApiError> {
    Ok(Json(request.take(&app, &caller).await?))
}

/// Takes a sign of life, and says whether the configuration changed.
#[utoipa::path(
    post, path = "/api/v1/heartbeat", tag = "sdk", operation_id = "sdk_heartbeat", request_body = HeartbeatRequest,
    responses(
        (status = 200, description = "It was taken", body = Heard),
        (status = "4XX", description = "The agent is not known", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn heartbeat(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<HeartbeatRequest>,
) -> Result<Json<Heard>, ApiError> {
    Ok(Json(request.heard(&app, &caller).await?))
}
