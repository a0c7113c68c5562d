//! `POST /api/zentinelle/v1/events`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, lenient};
use crate::service::events::{self, Batch, Taken};

/// Events an agent reports, at most 1000 of them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct EventsRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// The events. Each has a `type`, and may have `category`, `payload`, `timestamp`, `user_id`
    /// and an `id` of its own, by which a second one is known to be the same.
    #[schema(value_type = Vec<Object>)]
    events: Option<Vec<Value>>,
}

impl EventsRequest {
    /// Takes the events.
    pub(crate) async fn take(self, app: &App, caller: &Caller) -> Result<Taken, ApiError> {
        let Some(events) = self.events else {
            return Err(ApiError::invalid("events", "This field is required."));
        };
        events::take(app, caller, Batch { agent_id: self.agent_id, events }).await
    }
}

/// Takes events. Those that were accepted are safe on disk when the answer comes.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/events", operation_id = "events_events", tag = "agents", request_body = EventsRequest,
    responses(
        (status = 202, description = "What became of each event", body = Taken),
        (status = "4XX", description = "No event was taken", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<EventsRequest>,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(request.take(&app, &caller).await?)))
}
