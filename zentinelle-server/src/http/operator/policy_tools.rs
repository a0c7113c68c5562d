//! Questions about policies that change nothing: is it valid, what would it decide, what would it
//! have decided, and which kinds are there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::wire::{DecisionDocument, RequestDocument};
use zentinelle_core::{Decision, PolicyType, Request};

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody, PolicyFault};
use crate::http::extract::{JsonBody, PathName};
use crate::service::policies::candidate::{self, Candidate};
use crate::service::policies::simulate::{self, Past, Simulation};
use crate::service::policies::{documents, draft};

/// How far a simulation looks back when nothing is said. Unit: days.
const LOOKBACK_DAYS: i64 = 7;
/// How many records a simulation replays when nothing is said.
const MOST_EVENTS: u64 = 1_000;

/// Something to check: one policy, or a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidateRequest {
    /// One policy.
    #[schema(value_type = Option<Object>)]
    policy: Option<Value>,
    /// Policies as a document, YAML or JSON.
    documents: Option<String>,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyValidation)]
pub(crate) struct Validation {
    /// Whether it can be used.
    valid: bool,
    /// How many policies could be read.
    policies: usize,
    /// Every fault at once; of a document with line and column.
    faults: Vec<PolicyFault>,
}

/// Checks policies without keeping them.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies/validate", tag = "policies", operation_id = "validate_policies",
    request_body = ValidateRequest,
    responses(
        (status = 200, description = "Valid or not, and why not", body = Validation),
        (status = "4XX", description = "The request is wrong", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn validate(
    caller: Caller,
    JsonBody(request): JsonBody<ValidateRequest>,
) -> Result<Json<Validation>, ApiError> {
    let checked = match (request.policy, request.documents) {
        (Some(policy), None) => draft::faults_of(policy, &caller.tenant).map(|_| 1),
        (None, Some(text)) => documents::read(&text, &caller.tenant).map(|read| read.len()),
        _ => return Err(ApiError::invalid("policy", "send either `policy` or `documents`")),
    };
    Ok(Json(match checked {
        Ok(policies) => Validation { valid: true, policies, faults: Vec::new() },
        Err(faults) => Validation { valid: false, policies: 0, faults },
    }))
}

/// A change that is considered, and a request to try it on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRunRequest {
    /// What would be changed; nothing, to ask the policies as they are.
    #[serde(default)]
    candidate: Candidate,
    /// Who attempts what: `agent_id` or `agent` in full, `user_id`, `action`, `context`, `now`.
    #[schema(value_type = Object)]
    request: Value,
}

/// The same request under both sets of policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRunReply {
    /// What is decided now.
    before: DecisionView,
    /// What would be decided.
    after: DecisionView,
    /// Whether the answer would be another.
    changed: bool,
    /// Whether the agent is registered; if not, it is taken as the request describes it.
    agent_known: bool,
}

/// A decision that was not carried out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRunDecision)]
pub(crate) struct DecisionView {
    /// Whether the request would go on.
    allowed: bool,
    /// permit, deny or no_policy.
    effect: String,
    /// Why not.
    reason: Option<String>,
    /// The code of the reason.
    code: Option<String>,
    /// What each policy says.
    #[schema(value_type = Vec<Object>)]
    policies_evaluated: Value,
    /// Warnings in words.
    warnings: Vec<String>,
    /// What the caller would have to do.
    #[schema(value_type = Vec<Object>)]
    obligations: Value,
    /// 0 to 100.
    risk_score: u32,
    /// Which policy took another's place, and why.
    #[schema(value_type = Vec<Object>)]
    trace: Value,
    /// The smallest changes that would allow it.
    smallest_change: Vec<String>,
    /// The decision in words, over several lines.
    explanation: String,
    /// The policies it was made by.
    policy_set_version: String,
}

impl DecisionView {
    fn new(decision: &Decision, request: &Request) -> Self {
        let document = DecisionDocument::new(decision, request);
        let value = |part: serde_json::Result<Value>| part.unwrap_or_default();
        Self {
            allowed: decision.is_permitted(),
            effect: decision.effect().name().to_owned(),
            reason: decision.reason().map(str::to_owned),
            code: decision.primary().map(|violation| violation.code.to_string()),
            policies_evaluated: value(serde_json::to_value(&document.policies_evaluated)),
            warnings: document.warnings,
            obligations: value(serde_json::to_value(&document.obligations)),
            risk_score: document.risk_score,
            trace: value(serde_json::to_value(&document.trace)),
            smallest_change: decision.smallest_change(),
            explanation: decision.explain().to_string(),
            policy_set_version: document.policy_set_version,
        }
    }
}

/// Tries a request on the present and on candidate policies. Limits are read as they stand;
/// nothing is kept, recorded or spent.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies/dry-run", tag = "policies", operation_id = "dry_run_policies",
    request_body = DryRunRequest,
    responses(
        (status = 200, description = "Both decisions", body = DryRunReply),
        (status = "4XX", description = "The candidate or the request is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn dry_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(body): JsonBody<DryRunRequest>,
) -> Result<Json<DryRunReply>, ApiError> {
    let request: RequestDocument = serde_path_to_error::deserialize(body.request)
        .map_err(|error| ApiError::invalid(&format!("request.{}", error.path()), error.inner().to_string()))?;
    let sets = body.candidate.sets(&app, &caller.tenant).await?;
    let asked = candidate::ask(&app, &caller.tenant, &sets, request).await?;
    Ok(Json(DryRunReply {
        before: DecisionView::new(&asked.before, &asked.request),
        after: DecisionView::new(&asked.after, &asked.request),
        changed: asked.before.is_permitted() != asked.after.is_permitted(),
        agent_known: asked.agent_known,
    }))
}

/// A change that is considered, and how much of the past to try it on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulateRequest {
    /// What would be changed.
    #[serde(default)]
    candidate: Candidate,
    /// How far back. Default: 7, at most 90. Unit: days.
    lookback_days: Option<i64>,
    /// Most records, the newest ones. Default: 1000, at most 10000.
    max_events: Option<u64>,
    /// Only of this agent.
    agent_id: Option<String>,
    /// What to replay: evaluations, events or all. Default: all.
    #[serde(default)]
    records: Past,
}

/// Replays what happened against the present and candidate policies, and says what would change.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/policies/simulate", tag = "policies", operation_id = "simulate_policies",
    request_body = SimulateRequest,
    responses(
        (status = 200, description = "What would change", body = Simulation),
        (status = "4XX", description = "The candidate is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn simulate(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<SimulateRequest>,
) -> Result<Json<Simulation>, ApiError> {
    let manner = simulate::Manner {
        lookback_days: request.lookback_days.unwrap_or(LOOKBACK_DAYS),
        max_events: request.max_events.unwrap_or(MOST_EVENTS),
        agent_id: request.agent_id.filter(|id| !id.is_empty()),
        past: request.records,
    };
    if let Some(agent) = &manner.agent_id {
        crate::service::fields::text("agent_id", agent, 255)?;
    }
    Ok(Json(simulate::simulate(&app, &caller.tenant, request.candidate, manner).await?))
}

/// A kind of policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyTypeView {
    /// Its name.
    name: &'static str,
    /// What it is for.
    description: &'static str,
    /// The keys of its `config`, with what they mean.
    #[schema(value_type = Object)]
    keys: Map<String, Value>,
    /// Every code of its own.
    codes: Vec<&'static str>,
}

/// Every kind of policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyTypes {
    /// How many.
    count: usize,
    /// In the order of the reference.
    results: Vec<PolicyTypeView>,
}

/// The JSON Schema of a kind's `config`, complete in itself.
pub(crate) fn config_schema(kind: PolicyType) -> Value {
    let mut generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    kind.config_schema(&mut generator).to_value()
}

/// Lists the kinds of policy with the keys of their configuration.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policy-types", tag = "policies", operation_id = "list_policy_types",
    responses((status = 200, description = "Every kind", body = PolicyTypes)),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn types() -> Json<PolicyTypes> {
    let view = |kind: &PolicyType| {
        let schema = config_schema(*kind);
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let words = |property: &Value| property.get("description").cloned().unwrap_or_default();
        PolicyTypeView {
            name: kind.name(),
            description: kind.summary(),
            keys: properties.iter().map(|(key, property)| (key.clone(), words(property))).collect(),
            codes: kind.codes().iter().map(|code| code.as_str()).collect(),
        }
    };
    let results: Vec<PolicyTypeView> = PolicyType::ALL.iter().map(view).collect();
    Json(PolicyTypes { count: results.len(), results })
}

/// The JSON Schema of a kind's `config`.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/policy-types/{type}/schema", tag = "policies",
    operation_id = "policy_type_schema", params(("type" = String, Path, description = "The kind of policy")),
    responses(
        (status = 200, description = "The schema", body = Object),
        (status = "4XX", description = "There is no such kind", body = ErrorBody),
    ),
    security(("operator_key" = ["policies:read"]))
)]
pub(crate) async fn schema(_: Caller, PathName(name): PathName) -> Result<Json<Value>, ApiError> {
    let kind = PolicyType::from_name(&name).ok_or(ApiError::NotFound { what: "policy type" })?;
    Ok(Json(config_schema(kind)))
}
