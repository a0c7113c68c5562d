//! What applies to an agent: effective policies and system prompts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zentinelle_core::PolicyType;

use crate::app::App;
use crate::auth::Caller;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{PathName, Query, lenient};
use crate::service::fields;
use crate::service::standing::{self, EffectivePolicies, Prompt};

/// The longest user id. Unit: characters.
const MOST_USER: usize = 255;

/// Narrows what is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct StandingQuery {
    /// Only policies of these types, separated by commas.
    #[serde(deserialize_with = "lenient::text")]
    policy_types: Option<String>,
    /// The user the agent acts for.
    #[serde(deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
}

impl StandingQuery {
    fn types(&self) -> Result<Vec<PolicyType>, ApiError> {
        let names = self.policy_types.as_deref().unwrap_or_default().split(',').map(str::trim);
        let known = |name: &str| {
            let known = PolicyType::from_name(name);
            known.ok_or_else(|| ApiError::invalid("policy_types", "unknown policy type"))
        };
        names.filter(|name| !name.is_empty()).map(known).collect()
    }

    fn user(&self) -> Result<Option<&str>, ApiError> {
        fields::text("user_id", self.user_id.as_deref().unwrap_or_default(), MOST_USER)?;
        Ok(self.user_id.as_deref())
    }
}

/// Every service's prompt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromptsReply {
    /// The prompts of the usual services.
    prompts: Vec<Prompt>,
    /// The prompt for all others.
    default: String,
}

/// The policies that apply to the caller.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/effective-policy", operation_id = "standing_effective_policy", tag = "agents", params(StandingQuery),
    responses(
        (status = 200, description = "The policies, and the limits they set", body = EffectivePolicies),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn effective_policy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<StandingQuery>,
) -> Result<Json<EffectivePolicies>, ApiError> {
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    Ok(Json(standing::effective(&app, &agent, query.user()?, &query.types()?).await?))
}

/// The policies that apply to the caller when it acts for a user.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/effective-policy/{user_id}", operation_id = "standing_effective_policy_of_user", tag = "agents",
    params(("user_id" = String, Path, description = "The user"), StandingQuery),
    responses(
        (status = 200, description = "The policies, and the limits they set", body = EffectivePolicies),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn effective_policy_of_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(user): PathName,
    Query(query): Query<StandingQuery>,
) -> Result<Json<EffectivePolicies>, ApiError> {
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    Ok(Json(standing::effective(&app, &agent, Some(&user), &query.types()?).await?))
}

/// The system prompts of the usual services.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/prompts", operation_id = "standing_prompts", tag = "agents", params(StandingQuery),
    responses(
        (status = 200, description = "The prompts", body = PromptsReply),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn prompts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<StandingQuery>,
) -> Result<Json<PromptsReply>, ApiError> {
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    let (prompts, default) = standing::prompts(&app, &agent, query.user()?).await?;
    Ok(Json(PromptsReply { prompts, default }))
}

/// The system prompt of one service.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/prompts/{service}", operation_id = "standing_prompt", tag = "agents",
    params(("service" = String, Path, description = "The service"), StandingQuery),
    responses(
        (status = 200, description = "The prompt; empty when there is none", body = Prompt),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn prompt(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(service): PathName,
    Query(query): Query<StandingQuery>,
) -> Result<Json<Prompt>, ApiError> {
    let agent = acting_agent(&app, &caller, query.agent_id.as_deref()).await?;
    Ok(Json(standing::prompt(&app, &agent, query.user()?, service).await?))
}
