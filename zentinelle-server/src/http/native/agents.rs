//! Registering, deregistering, configuration, secrets and heartbeats.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::acting::{acting_agent, acting_agent_at};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::etag::{Unkept, tagged, unkept};
use crate::http::extract::{JsonBody, PathName, Query, lenient};
use crate::service::agent_config::{self, AgentConfig, Beat, Heard, PolicyItem};
use crate::service::agent_secrets::{self, Fetched};
use crate::service::agents;
use crate::service::enrolment::{self, Existing, Registered, Registration, Terms};

/// What an agent says of itself when it registers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RegisterRequest {
    /// The id it wants: letters, digits, `_` and `-`. One is made up when it is left out.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What kind of software it is, such as `langchain`.
    #[serde(deserialize_with = "lenient::text")]
    agent_type: Option<String>,
    /// Its name, for people.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// What it can do.
    capabilities: Option<Vec<String>>,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Option<Value>,
}

impl From<RegisterRequest> for Registration {
    fn from(request: RegisterRequest) -> Self {
        Self {
            agent_id: request.agent_id,
            agent_type: request.agent_type,
            name: request.name,
            capabilities: request.capabilities,
            metadata: request.metadata,
        }
    }
}

/// A registered agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegisterReply {
    /// Its id.
    agent_id: String,
    /// Its own key, shown this once; empty when none was issued.
    api_key: String,
    /// How it should work.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// The policies that apply to it.
    policies: Vec<PolicyItem>,
}

impl RegisterReply {
    /// The reply to a registration, which also tells the agent its configuration.
    pub(crate) async fn to(app: &App, registered: Registered) -> Result<Self, ApiError> {
        let told = agent_config::told(app, &registered.agent).await?;
        Ok(Self {
            agent_id: told.agent_id.as_str().to_owned(),
            api_key: registered.key.map(|key| key.to_string()).unwrap_or_default(),
            config: told.config,
            policies: told.policies,
        })
    }
}

/// How an agent should work, and under which policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigReply {
    /// The agent.
    agent_id: String,
    /// How it should work.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// The policies that apply to it.
    policies: Vec<PolicyItem>,
    /// When any of this was last changed.
    updated_at: String,
}

impl ConfigReply {
    /// The reply under its tag, which is the revision.
    pub(crate) fn tagged(headers: &HeaderMap, told: AgentConfig) -> Response {
        let reply = Self {
            agent_id: told.agent_id.as_str().to_owned(),
            config: told.config,
            policies: told.policies,
            updated_at: clock::iso(told.updated_at),
        };
        tagged(headers, &told.revision, reply)
    }
}

/// The secrets an agent may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretsReply {
    /// Names and values.
    secrets: BTreeMap<String, String>,
    /// Always empty: keys of providers stay with the proxy.
    #[schema(value_type = Object)]
    providers: Map<String, Value>,
    /// Until when they may be kept.
    expires_at: String,
}

impl From<Fetched> for SecretsReply {
    fn from(fetched: Fetched) -> Self {
        Self { secrets: fetched.secrets, providers: Map::new(), expires_at: clock::iso(fetched.expires_at) }
    }
}

/// A sign of life.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct HeartbeatRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// Its health: healthy, degraded, unhealthy or unknown.
    #[serde(deserialize_with = "lenient::text")]
    status: Option<String>,
    /// SHA-256 of the configuration it works with, in hexadecimal.
    #[serde(deserialize_with = "lenient::text")]
    config_hash: Option<String>,
}

impl HeartbeatRequest {
    /// Takes the heartbeat.
    pub(crate) async fn heard(self, app: &App, caller: &Caller) -> Result<Heard, ApiError> {
        let agent = acting_agent(app, caller, self.agent_id.as_deref()).await?;
        agent_config::heard(app, &agent, Beat { status: self.status, config_hash: self.config_hash }).await
    }
}

/// Names the agent, for callers that act for several.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedAgent {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) agent_id: Option<String>,
}

/// A token registers agents that do not exist yet.
const TERMS: Terms = Terms { existing: Existing::Refuse, issue_key: true };

/// Registers a new agent.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/register", operation_id = "agents_register", tag = "agents", request_body = RegisterRequest,
    responses(
        (status = 201, description = "The agent, with its key", body = RegisterReply),
        (status = "4XX", description = "The agent is not registered", body = ErrorBody),
    ),
    security(("enrolment_key" = []))
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<RegisterRequest>,
) -> Result<(StatusCode, Json<RegisterReply>), ApiError> {
    let registered = enrolment::register(&app, &caller, request.into(), TERMS).await?;
    Ok((StatusCode::CREATED, Json(RegisterReply::to(&app, registered).await?)))
}

/// Ends the calling agent. Its key opens nothing from then on but this, a second time.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/deregister", operation_id = "agents_deregister", tag = "agents",
    responses(
        (status = 204, description = "The agent is deregistered"),
        (status = "4XX", description = "The agent is not known", body = ErrorBody),
    ),
    security(("agent_key" = []), ("departed_agent_key" = []))
)]
pub(crate) async fn deregister(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    // An agent's own key says all; only an enrolment key has to name the agent.
    let named = serde_json::from_slice::<NamedAgent>(&body).unwrap_or_default().agent_id;
    let agent = match caller.agent() {
        Some(agent) => agent.clone(),
        None => acting_agent(&app, &caller, named.as_deref()).await?,
    };
    agents::deregister(&app, &caller, &agent).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells an agent how it should work.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/config/{agent_id}", operation_id = "agents_config", tag = "agents",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The configuration", body = ConfigReply),
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
    Ok(ConfigReply::tagged(&headers, agent_config::told(&app, &agent).await?))
}

/// Hands out the caller's secrets.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/secrets", operation_id = "agents_own_secrets", tag = "agents",
    params(("agent_id" = Option<String>, Query, description = "The agent; empty for the key's own")),
    responses(
        (status = 200, description = "The secrets", body = SecretsReply),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn own_secrets(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(named): Query<NamedAgent>,
) -> Result<Unkept<SecretsReply>, ApiError> {
    let agent = acting_agent(&app, &caller, named.agent_id.as_deref()).await?;
    Ok(unkept(agent_secrets::fetch(&app, &caller, &agent).await?.into()))
}

/// Hands out an agent's secrets.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/secrets/{agent_id}", operation_id = "agents_secrets", tag = "agents",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, description = "The secrets", body = SecretsReply),
        (status = "4XX", description = "The agent is not the caller", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn secrets(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathName(agent_id): PathName,
) -> Result<Unkept<SecretsReply>, ApiError> {
    let agent = acting_agent_at(&app, &caller, &agent_id, "secrets").await?;
    Ok(unkept(agent_secrets::fetch(&app, &caller, &agent).await?.into()))
}

/// Takes a sign of life, and says whether the configuration changed.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/heartbeat", operation_id = "agents_heartbeat", tag = "agents", request_body = HeartbeatRequest,
    responses(
        (status = 202, description = "It was taken", body = Heard),
        (status = "4XX", description = "The agent is not known", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn heartbeat(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<HeartbeatRequest>,
) -> Result<(StatusCode, Json<Heard>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(request.heard(&app, &caller).await?)))
}
