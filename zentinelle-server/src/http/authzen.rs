//! OpenID AuthZEN Authorization API 1.0: `/access/v1/…` and its metadata.
//!
//! The agent is always the key's. The subject is that agent, or the user it acts for: a subject
//! of type `user` is who the agent says it acts for, one of type `agent` must be the key's own.
//! Action and context are those of `evaluate`; the resource becomes the fact that policies read
//! for its type, and the properties of action and resource become facts beside it. A fact stated
//! twice with two values is refused, since two readers could then see two requests.

pub(crate) mod requests;
pub(crate) mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use zentinelle_core::decision::Effect;
use zentinelle_core::wire;

use super::acting::acting_agent;
use super::error::{ApiError, ErrorBody};
use super::extract::{JsonBody, read};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::service::approvals::token::TOKEN_KEY;
use crate::service::decide::{self, Answered, Asked, Source};
use crate::service::fields;

/// The most evaluations of one request.
const MOST_EVALUATIONS: usize = 100;
/// The longest id, type or name. Unit: characters.
const MOST_NAME: usize = 255;
/// The longest action name. Unit: characters.
const MOST_ACTION: usize = 200;
/// The facts that policies read for a type of resource.
const FACTS: [(&str, &str); 11] = [
    ("tool", "tool"),
    ("model", "model"),
    ("provider", "provider"),
    ("secret", "bundle_slug"),
    ("secret_bundle", "bundle_slug"),
    ("url", "url"),
    ("host", "domain"),
    ("domain", "domain"),
    ("data_source", "datasource"),
    ("datasource", "datasource"),
    ("database", "database"),
];

/// Who, what, with what, and under which circumstances.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Evaluation {
    /// `type`, `id` and `properties`: the user the agent acts for, or the agent itself.
    #[schema(value_type = Option<Object>)]
    subject: Option<Map<String, Value>>,
    /// `name` and `properties`.
    #[schema(value_type = Option<Object>)]
    action: Option<Map<String, Value>>,
    /// `type`, `id` and `properties`.
    #[schema(value_type = Option<Object>)]
    resource: Option<Map<String, Value>>,
    /// The facts, as in `evaluate`.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// Several evaluations, with defaults for what they have in common.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Evaluations {
    /// Defaults; the whole question when `evaluations` is missing or empty.
    #[serde(flatten)]
    common: Evaluation,
    /// The questions.
    #[schema(value_type = Option<Vec<Evaluation>>)]
    evaluations: Option<Vec<Value>>,
    /// How to go about them.
    options: Option<Options>,
}

/// How to go about several evaluations.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Options {
    /// `execute_all` (the default), `deny_on_first_deny` or `permit_on_first_permit`.
    evaluations_semantic: Option<Semantic>,
}

/// When to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Semantic {
    /// Never.
    #[default]
    ExecuteAll,
    /// After the first denial.
    DenyOnFirstDeny,
    /// After the first permission.
    PermitOnFirstPermit,
}

/// Whether the agent may go on, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionReply {
    /// Whether to go on.
    decision: bool,
    /// Code and reasons, the policies that decided, obligations, and how an approval can be had.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
}

/// One decision, or one for each evaluation in the order they were asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EvaluationsReply {
    /// For each evaluation that was executed.
    Many {
        /// The decisions.
        evaluations: Vec<DecisionReply>,
    },
    /// When no evaluations were listed.
    One(DecisionReply),
}

/// Decides one request.
#[utoipa::path(
    post, path = "/access/v1/evaluation", tag = "authzen", operation_id = "authzen_evaluation",
    request_body = Evaluation,
    responses(
        (status = 200, description = "The decision, allowed or not", body = DecisionReply),
        (status = "4XX", description = "The request cannot be decided", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn evaluation(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(evaluation): JsonBody<Evaluation>,
) -> Result<Json<DecisionReply>, ApiError> {
    Ok(Json(evaluation.decide(&app, &caller).await?))
}

/// Decides several requests. One that cannot be decided is denied, and says so.
#[utoipa::path(
    post, path = "/access/v1/evaluations", tag = "authzen", operation_id = "authzen_evaluations",
    request_body = Evaluations,
    responses(
        (status = 200, description = "The decisions, in order", body = EvaluationsReply),
        (status = "4XX", description = "The request as a whole cannot be decided", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn evaluations(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(asked): JsonBody<Evaluations>,
) -> Result<Json<EvaluationsReply>, ApiError> {
    let listed = asked.evaluations.unwrap_or_default();
    if listed.is_empty() {
        return Ok(Json(EvaluationsReply::One(asked.common.decide(&app, &caller).await?)));
    }
    if listed.len() > MOST_EVALUATIONS {
        return Err(ApiError::invalid("evaluations", format!("more than {MOST_EVALUATIONS}")));
    }
    let semantic = asked.options.unwrap_or_default().evaluations_semantic.unwrap_or_default();
    let mut evaluations = Vec::with_capacity(listed.len());
    for one in listed {
        let decided = match read::<Evaluation>(one) {
            Ok(one) => one.with_defaults(&asked.common).decide(&app, &caller).await,
            Err(error) => Err(error),
        };
        let reply = decided.unwrap_or_else(|error| DecisionReply::failed(&error));
        let stop = match semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !reply.decision,
            Semantic::PermitOnFirstPermit => reply.decision,
        };
        evaluations.push(reply);
        if stop {
            break;
        }
    }
    Ok(Json(EvaluationsReply::Many { evaluations }))
}

impl Evaluation {
    /// What is missing comes from the defaults: whole entities, and of an entity that is given
    /// the type, id or name it leaves out. Properties are never mixed.
    fn with_defaults(self, common: &Self) -> Self {
        let merged = |own: Option<Map<String, Value>>, common: &Option<Map<String, Value>>, keys: &[&str]| {
            let Some(mut own) = own else { return common.clone() };
            for (key, value) in common.iter().flatten().filter(|(key, _)| keys.contains(&key.as_str())) {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Some(own)
        };
        Self {
            subject: merged(self.subject, &common.subject, &["type", "id"]),
            action: merged(self.action, &common.action, &["name"]),
            resource: merged(self.resource, &common.resource, &["type", "id"]),
            context: self.context.or_else(|| common.context.clone()),
        }
    }

    async fn decide(self, app: &App, caller: &Caller) -> Result<DecisionReply, ApiError> {
        let asked = self.asked(app, caller).await?;
        Ok(DecisionReply::new(decide::answer(app, asked).await?))
    }

    /// The question in our own words.
    pub(crate) async fn asked(self, app: &App, caller: &Caller) -> Result<Asked, ApiError> {
        let mut subject = Entity::read("subject", self.subject, &["type", "id"])?;
        let action = Entity::read("action", self.action, &["name"])?;
        let mut resource = Entity::read("resource", self.resource, &["type", "id"])?;
        let name = action.text("name").to_owned();
        fields::text("action.name", &name, MOST_ACTION)?;
        let mut facts = Facts(self.context.unwrap_or_default());
        // An approval comes back in the form of the access request profile.
        if let Some(Value::Object(mut approval)) = facts.0.remove("approval")
            && let Some(state) = approval.remove("state").filter(Value::is_string)
        {
            facts.add("context.approval", TOKEN_KEY, state)?;
        }
        facts.add_all("action", action.properties)?;
        facts.add_all("resource", std::mem::take(&mut resource.properties))?;
        let (kind, id) = (resource.text("type").to_owned(), resource.text("id").to_owned());
        if let Some((_, fact)) = FACTS.iter().find(|(known, _)| *known == kind.to_ascii_lowercase()) {
            facts.add("resource", fact, id.clone().into())?;
        }
        facts.add("resource", "resource_type", kind.into())?;
        facts.add("resource", "resource_id", id.into())?;
        // Where the context says nothing of it, the subject's properties are facts of the subject.
        let properties = Value::Object(std::mem::take(&mut subject.properties));
        if properties.as_object().is_some_and(|properties| !properties.is_empty()) {
            facts.add("subject", "subject_properties", properties.clone())?;
        }
        let stated = |key: &str| properties.get(key).and_then(Value::as_str).map(str::to_owned);
        let (agent, user) = match subject.text("type").to_ascii_lowercase().as_str() {
            "user" => (stated("agent_id"), Some(subject.text("id").to_owned())),
            "agent" | "ai_agent" => (Some(subject.text("id").to_owned()), stated("user_id")),
            _ => {
                return Err(ApiError::invalid(
                    "subject.type",
                    "write `user` for the user the agent acts for, or `agent`",
                ));
            }
        };
        if let Some(user) = &user {
            fields::text("subject", user, MOST_NAME)?;
        }
        let agent = acting_agent(app, caller, agent.as_deref()).await?;
        Ok(Asked { agent, user, action: name, context: facts.0, dry_run: false, source: Source::Authzen })
    }
}

/// A subject, action or resource whose required fields are texts.
struct Entity {
    keys: &'static [&'static str],
    fields: Vec<String>,
    properties: Map<String, Value>,
}

impl Entity {
    fn read(what: &str, entity: Option<Map<String, Value>>, keys: &'static [&'static str]) -> Result<Self, ApiError> {
        let mut entity = entity.ok_or_else(|| ApiError::invalid(what, "is missing"))?;
        let mut fields = Vec::with_capacity(keys.len());
        for key in keys {
            let field = format!("{what}.{key}");
            match entity.remove(*key) {
                Some(Value::String(text)) if !text.trim().is_empty() => {
                    fields::text(&field, &text, MOST_NAME)?;
                    fields.push(text);
                }
                None | Some(Value::Null | Value::String(_)) => return Err(ApiError::invalid(&field, "is missing")),
                Some(_) => return Err(ApiError::invalid(&field, "must be a text")),
            }
        }
        let properties = match entity.remove("properties") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(properties)) => properties,
            Some(_) => return Err(ApiError::invalid(&format!("{what}.properties"), "must be an object")),
        };
        Ok(Self { keys, fields, properties })
    }

    fn text(&self, key: &str) -> &str {
        let at = self.keys.iter().position(|known| *known == key);
        at.and_then(|at| self.fields.get(at)).map_or("", String::as_str)
    }
}

/// The facts of a request, none of them stated in two ways.
struct Facts(Map<String, Value>);

impl Facts {
    fn add(&mut self, from: &str, key: &str, value: Value) -> Result<(), ApiError> {
        match self.0.get(key) {
            Some(known) if *known != value => {
                Err(ApiError::invalid(from, format!("states `{key}`, which is stated elsewhere with another value")))
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(key.to_owned(), value);
                Ok(())
            }
        }
    }

    fn add_all(&mut self, from: &str, properties: Map<String, Value>) -> Result<(), ApiError> {
        properties.into_iter().try_for_each(|(key, value)| self.add(from, &key, value))
    }
}

impl DecisionReply {
    fn new(answered: Answered) -> Self {
        let (allowed, decision) = (answered.is_allowed(), &answered.decision);
        let mut context = Map::new();
        let mut put = |key: &str, value: Value| {
            let empty = match &value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                _ => false,
            };
            if !empty {
                context.insert(key.to_owned(), value);
            }
        };
        put("evaluation_id", answered.id.clone().into());
        if !allowed {
            let code = decision.primary().map(|violation| violation.code.to_string());
            let code = code.unwrap_or_else(|| Effect::NoPolicy.name().to_owned());
            let message = wire::reason(decision).unwrap_or_default().to_owned();
            put("reason", if answered.approval.is_some() { "approval_required".into() } else { code.clone().into() });
            put("code", code.clone().into());
            put("message", message.clone().into());
            put("reason_admin", json!({ "en": format!("{code}: {message}") }));
            put("reason_user", json!({ "en-403": message }));
        }
        put("policies", decision.determining().map(|(policy, _)| policy.id.as_str()).collect());
        put("warnings", answered.warnings.clone().into());
        put("obligations", serde_json::to_value(decision.obligations().collect::<Vec<_>>()).unwrap_or_default());
        put("retry_at", answered.retry_at().into());
        if let Some(row) = &answered.approval {
            put("approval_id", row.id.clone().into());
            put("access_request", json!({ "expires_at": clock::iso(row.expires_at), "task": row.id }));
        }
        Self { decision: allowed, context }
    }

    /// An evaluation that could not be made is a denial.
    fn failed(error: &ApiError) -> Self {
        let status = error.status();
        if status.is_server_error() {
            tracing::error!(?error, "an evaluation failed");
        }
        let message = if status.is_server_error() { "the evaluation failed".to_owned() } else { error.to_string() };
        let context = json!({ "error": { "status": status.as_u16(), "code": error.code(), "message": message } });
        Self { decision: false, context: context.as_object().cloned().unwrap_or_default() }
    }
}

/// Where this decision point is found, and what it offers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Metadata {
    /// The address of this decision point.
    policy_decision_point: String,
    /// For one evaluation.
    access_evaluation_endpoint: String,
    /// For several.
    access_evaluations_endpoint: String,
    /// For finding what a subject may act upon.
    search_resource_endpoint: String,
    /// For finding what a subject may do.
    search_action_endpoint: String,
    /// For asking a person about a denial.
    access_request_endpoint: String,
    /// What else is understood.
    capabilities: [&'static str; 1],
}

/// The metadata of this decision point, under the address it was asked at.
#[utoipa::path(
    get, path = "/.well-known/authzen-configuration", tag = "authzen", operation_id = "authzen_configuration",
    responses((status = 200, description = "The metadata", body = Metadata)), security(("public" = []))
)]
pub(crate) async fn configuration(headers: HeaderMap) -> Json<Metadata> {
    let base = base(&headers);
    Json(Metadata {
        access_evaluation_endpoint: format!("{base}/access/v1/evaluation"),
        access_evaluations_endpoint: format!("{base}/access/v1/evaluations"),
        search_resource_endpoint: format!("{base}/access/v1/search/resource"),
        search_action_endpoint: format!("{base}/access/v1/search/action"),
        access_request_endpoint: format!("{base}/access/v1/requests"),
        capabilities: ["urn:openid:authzen:capability:access-request"],
        policy_decision_point: base,
    })
}

/// The address the metadata was asked at. The standard wants `https`; a proxy that was asked
/// otherwise says so.
fn base(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| plain(text));
    let host = text("x-forwarded-host").or_else(|| text("host")).unwrap_or("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    let scheme = match text("x-forwarded-proto") {
        Some("http") => "http",
        None if local => "http",
        _ => "https",
    };
    format!("{scheme}://{host}")
}

/// Whether a text can be a host with a port and nothing else.
fn plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MOST_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}
