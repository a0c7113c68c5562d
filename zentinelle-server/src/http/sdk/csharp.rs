//! The forms the C# client reads where they differ from everybody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::{Enforcement, PolicyType};

use crate::app::App;
use crate::auth::Caller;
use crate::auth::directory::AuthError;
use crate::auth::key::KeyKind;
use crate::clock;
use crate::http::acting::acting_agent_at;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::etag::{Unkept, tagged, unkept};
use crate::http::extract::{JsonBody, PathName, lenient};
use crate::service::agent_config::{self, AgentConfig};
use crate::service::agent_secrets;
use crate::service::enrolment::{self, Existing, Registration, Terms};

/// What the C# client says when it registers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct CsharpRegisterRequest {
    /// The agent.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What kind of software it is.
    #[serde(deserialize_with = "lenient::text")]
    agent_type: Option<String>,
    /// The client's session, which is sent back.
    #[serde(deserialize_with = "lenient::text")]
    session_id: Option<String>,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Option<Value>,
}

/// A registered agent as the C# client reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CsharpRegisterReply {
    /// The session the client named; never null.
    session_id: String,
    /// Always true.
    success: bool,
    /// Always empty.
    warnings: Vec<String>,
    /// How the agent should work.
    config: CsharpConfig,
}

/// A configuration as the C# client reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CsharpConfig {
    /// The agent.
    agent_id: String,
    /// The policies that apply to it.
    policies: Vec<CsharpPolicy>,
    /// The rates its policies admit; null when they set none.
    #[schema(value_type = Option<Object>)]
    rate_limits: Option<Map<String, Value>>,
    /// The models it may use; null for all.
    allowed_models: Option<Vec<String>>,
    /// The tools it may use; null for all.
    allowed_tools: Option<Vec<String>>,
    /// Its further configuration.
    #[schema(value_type = Object)]
    custom: Map<String, Value>,
}

/// A policy as the C# client reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CsharpPolicy {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    policy_type: String,
    /// Whether a violation does anything.
    enabled: bool,
    /// Its configuration.
    #[schema(value_type = Object)]
    config: Value,
}

impl From<AgentConfig> for CsharpConfig {
    fn from(told: AgentConfig) -> Self {
        let rates = rate_limits(&told);
        Self {
            agent_id: told.agent_id.as_str().to_owned(),
            rate_limits: (!rates.is_empty()).then_some(rates),
            allowed_models: told.listed(PolicyType::ModelRestriction, "allowed_models"),
            allowed_tools: told.listed(PolicyType::ToolPermission, "allowed_tools"),
            policies: told
                .policies
                .into_iter()
                .map(|item| CsharpPolicy {
                    id: item.id,
                    name: item.name,
                    policy_type: item.policy_type,
                    enabled: item.enforcement != Enforcement::Disabled.name(),
                    config: item.config,
                })
                .collect(),
            custom: told.config,
        }
    }
}

/// The rates that fit the whole numbers the client reads.
fn rate_limits(told: &AgentConfig) -> Map<String, Value> {
    let mut rates = Map::new();
    for config in told.enforced(PolicyType::RateLimit) {
        for key in ["requests_per_minute", "tokens_per_day"] {
            let Some(limit) = config.get(key).and_then(Value::as_u64).filter(|limit| i32::try_from(*limit).is_ok())
            else {
                continue;
            };
            let least = rates.get(key).and_then(Value::as_u64).map_or(limit, |known: u64| known.min(limit));
            rates.insert(key.to_owned(), least.into());
        }
    }
    rates
}

/// The C# client keeps the key it was given and reads no other.
const TERMS: Terms = Terms { existing: Existing::Return, issue_key: false };

/// Registers an agent for the C# client, or takes up again one that is known.
#[utoipa::path(
    post, path = "/api/v1/register", tag = "sdk", operation_id = "csharp_register",
    request_body = CsharpRegisterRequest,
    responses(
        (status = 200, description = "The agent was known", body = CsharpRegisterReply),
        (status = 201, description = "The agent is new", body = CsharpRegisterReply),
        (status = "4XX", description = "The agent is not registered", body = ErrorBody),
    ),
    security(("agent_key" = []), ("enrolment_key" = []))
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<CsharpRegisterRequest>,
) -> Result<(StatusCode, Json<CsharpRegisterReply>), ApiError> {
    if caller.kind == KeyKind::Bootstrap {
        return Err(AuthError::Invalid.into()); // nothing this client does later would be admitted
    }
    let registration = Registration {
        agent_id: request.agent_id,
        agent_type: request.agent_type,
        metadata: request.metadata,
        ..Registration::default()
    };
    let registered = enrolment::register(&app, &caller, registration, TERMS).await?;
    let status = if registered.created { StatusCode::CREATED } else { StatusCode::OK };
    let reply = CsharpRegisterReply {
        session_id: request.session_id.unwrap_or_else(clock::new_id),
        success: true,
        warnings: Vec::new(),
        config: agent_config::told(&app, &registered.agent).await?.into(),
    };
    Ok((status, Json(reply)))
}

/// Tells an agent how it should work, for the C# client.
#[utoipa::path(
    get, path = "/api/v1/config/{agent_id}", tag = "sdk", operation_id = "csharp_config",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The configuration", body = CsharpConfig),
        (status = 304, description = "It is the one named by `If-None-Match`"),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn config(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    PathName(agent_id): PathName,
) -> Result<Response, ApiError> {
    let agent = acting_agent_at(&app, &caller, &agent_id, "config").await?;
    let told = agent_config::told(&app, &agent).await?;
    let revision = told.revision.clone();
    Ok(tagged(&headers, &revision, CsharpConfig::from(told)))
}

/// Hands out an agent's secrets, for the C# client: names and values and nothing around them.
#[utoipa::path(
    get, path = "/api/v1/secrets/{agent_id}", tag = "sdk", operation_id = "csharp_secrets",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The secrets", body = BTreeMap<String, String>),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn secrets(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(agent_id): PathName,
) -> Result<Unkept<BTreeMap<String, String>>, ApiError> {
    let agent = acting_agent_at(&app, &caller, &agent_id, "secrets").await?;
    Ok(unkept(agent_secrets::fetch(&app, &caller, &agent).await?.secrets))
}
