//! `POST /api/zentinelle/v1/interaction`.

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
use crate::http::extract::{JsonBody, lenient};
use crate::http::listing;
use crate::service::fields;
use crate::service::interactions::{self, ReportedUsage, Turn};

const TYPES: [&str; 6] = ["chat", "completion", "embedding", "function_call", "image_gen", "code_gen"];

/// One turn of a conversation.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct InteractionRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// The user the agent acted for. Default: `anonymous`.
    #[serde(alias = "userId", deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// `chat` (default), `completion`, `embedding`, `function_call`, `image_gen` or `code_gen`.
    #[serde(deserialize_with = "lenient::text")]
    interaction_type: Option<String>,
    /// The conversation.
    #[serde(deserialize_with = "lenient::text")]
    session_id: Option<String>,
    /// The request.
    #[serde(deserialize_with = "lenient::text")]
    request_id: Option<String>,
    /// The vendor of the model.
    #[serde(alias = "provider", deserialize_with = "lenient::text")]
    ai_provider: Option<String>,
    /// The model.
    #[serde(alias = "model", deserialize_with = "lenient::text")]
    ai_model: Option<String>,
    /// What was asked.
    #[serde(deserialize_with = "lenient::text")]
    input_content: Option<String>,
    /// Tokens read in full.
    input_token_count: Option<u64>,
    /// Tokens read from a cache, not among those read in full.
    cached_input_token_count: Option<u64>,
    /// Tokens put into a cache, not among those read in full.
    cache_write_token_count: Option<u64>,
    /// What was answered.
    #[serde(deserialize_with = "lenient::text")]
    output_content: Option<String>,
    /// Tokens written, reasoning included.
    output_token_count: Option<u64>,
    /// The reasoning in what was written.
    reasoning_token_count: Option<u64>,
    /// The system prompt.
    #[serde(deserialize_with = "lenient::text")]
    system_prompt: Option<String>,
    /// The tool calls.
    #[serde(deserialize_with = "lenient::list")]
    #[schema(value_type = Vec<Object>)]
    tool_calls: Vec<Value>,
    /// How long the model took. Unit: milliseconds.
    #[schema(value_type = Option<f64>)]
    latency_ms: Option<Number>,
    /// What the agent thinks it cost. Unit: US dollars.
    #[schema(value_type = Option<f64>)]
    estimated_cost_usd: Option<Number>,
    /// The `evaluation_id` of the decision that permitted the call: of the cost, only what its
    /// estimate did not cover is charged to budgets.
    #[serde(deserialize_with = "lenient::text")]
    evaluation_id: Option<String>,
    /// When it happened. Default: now.
    #[serde(deserialize_with = "lenient::text")]
    occurred_at: Option<String>,
}

impl InteractionRequest {
    async fn turn(self, app: &App, caller: &Caller) -> Result<Turn, ApiError> {
        for (field, text) in [
            ("agent_id", &self.agent_id),
            ("user_id", &self.user_id),
            ("session_id", &self.session_id),
            ("request_id", &self.request_id),
            ("ai_provider", &self.ai_provider),
            ("ai_model", &self.ai_model),
        ] {
            fields::optional(field, text.as_deref(), fields::MOST_NAME)?;
        }
        let interaction_type = self.interaction_type.unwrap_or_else(|| "chat".to_owned());
        if !TYPES.contains(&interaction_type.as_str()) {
            return Err(ApiError::invalid("interaction_type", format!("must be one of {}", TYPES.join(", "))));
        }
        let usage = ReportedUsage {
            input: tokens("input_token_count", self.input_token_count)?,
            cached_input: tokens("cached_input_token_count", self.cached_input_token_count)?.unwrap_or_default(),
            cache_write: tokens("cache_write_token_count", self.cache_write_token_count)?.unwrap_or_default(),
            output: tokens("output_token_count", self.output_token_count)?,
            reasoning: tokens("reasoning_token_count", self.reasoning_token_count)?.unwrap_or_default(),
        };
        let cost = self.estimated_cost_usd.and_then(UsdMicros::from_usd).map(|cost| cost.0);
        if cost.is_some_and(|cost| cost > fields::MOST_USD_MICROS) {
            return Err(ApiError::invalid("estimated_cost_usd", "is more than one call can cost"));
        }
        Ok(Turn {
            agent: acting_agent(app, caller, self.agent_id.as_deref()).await?,
            user: self.user_id,
            interaction_type,
            session_id: self.session_id,
            request_id: self.request_id,
            provider: self.ai_provider,
            model: self.ai_model,
            input: self.input_content.unwrap_or_default(),
            output: self.output_content.unwrap_or_default(),
            system_prompt: self.system_prompt.unwrap_or_default(),
            tool_calls: self.tool_calls,
            usage,
            latency_ms: self.latency_ms.map(|latency| i64::try_from(latency.floor_u64()).unwrap_or(i64::MAX)),
            usd_micros: cost.and_then(|cost| i64::try_from(cost).ok()),
            evaluation_id: self.evaluation_id.as_deref().and_then(listing::canonical),
            // A time that cannot be read must not lose the record.
            occurred_at: self
                .occurred_at
                .as_deref()
                .and_then(clock::parse)
                .map_or_else(clock::now_micros, clock::micros),
        })
    }
}

fn tokens(field: &str, count: Option<u64>) -> Result<Option<i64>, ApiError> {
    match count {
        Some(count) if count > fields::MOST_TOKENS => {
            Err(ApiError::invalid(field, format!("is above {}", fields::MOST_TOKENS)))
        }
        count => Ok(count.and_then(|count| i64::try_from(count).ok())),
    }
}

/// The turn was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InteractionReply {
    /// Its id.
    interaction_id: String,
    /// Always `logged`.
    status: &'static str,
}

/// Keeps one turn of a conversation, meters it, and has the content rules look at it.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/interaction", operation_id = "interaction_log", tag = "agents", request_body = InteractionRequest,
    responses(
        (status = 201, description = "The turn is kept", body = InteractionReply),
        (status = "4XX", description = "The turn cannot be kept", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn log(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<InteractionRequest>,
) -> Result<(StatusCode, Json<InteractionReply>), ApiError> {
    let turn = request.turn(&app, &caller).await?;
    let interaction_id = interactions::log(&app, turn).await?;
    Ok((StatusCode::CREATED, Json(InteractionReply { interaction_id, status: "logged" })))
}
