//! `POST /api/zentinelle/v1/evaluate`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::wire::PolicyEvaluation;

use crate::app::App;
use crate::auth::Caller;
use crate::http::acting::acting_agent;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, lenient};
use crate::service::decide::{self, Asked, Decided, Source};
use crate::service::fields;

/// The longest action name. Unit: characters.
const MOST_ACTION: usize = 200;
/// The longest user id. Unit: characters.
const MOST_USER: usize = 255;
/// How the released Claude Code hook names itself in the context.
const RELEASED_HOOK: &str = "claude_code_hook";

/// What an agent wants to do.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct EvaluateRequest {
    /// The agent; empty for the key's own.
    #[serde(deserialize_with = "lenient::text")]
    agent_id: Option<String>,
    /// What is attempted, such as `tool_call`.
    #[serde(deserialize_with = "lenient::text")]
    action: Option<String>,
    /// The user the agent acts for. Older clients write `userId`.
    #[serde(alias = "userId", deserialize_with = "lenient::text")]
    user_id: Option<String>,
    /// The facts the policies read.
    #[serde(deserialize_with = "lenient::object")]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// Only ask: nothing is spent.
    dry_run: Option<bool>,
}

impl EvaluateRequest {
    /// Checks the request and names its agent.
    pub(crate) async fn asked(self, app: &App, caller: &Caller, source: Source) -> Result<Asked, ApiError> {
        let action = self.action.filter(|action| !action.trim().is_empty());
        let Some(action) = action else {
            return Err(ApiError::invalid("action", "the request names no action: send one, such as `tool_call`"));
        };
        fields::text("action", &action, MOST_ACTION)?;
        if let Some(user) = &self.user_id {
            fields::text("user_id", user, MOST_USER)?;
        }
        let context = Value::Object(self.context);
        if fields::has_nul(&context) {
            return Err(ApiError::invalid("context", "holds a NUL character"));
        }
        let Value::Object(context) = context else { return Err(ApiError::invalid("context", "not an object")) };
        let agent = acting_agent(app, caller, self.agent_id.as_deref()).await?;
        let dry_run = self.dry_run.unwrap_or_default();
        Ok(Asked { agent, user: self.user_id, action, context, dry_run, source })
    }
}

/// Allow, deny, or ask a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// Go on.
    Allow,
    /// Do not.
    Deny,
    /// Not unless a person approves.
    Ask,
}

impl Verb {
    /// The word for a decision.
    pub(crate) fn of(decided: &Decided) -> Self {
        match (decided.document.allowed, decided.requestable) {
            (true, _) => Self::Allow,
            (false, true) => Self::Ask,
            (false, false) => Self::Deny,
        }
    }
}

/// The answer, whether or not the action is allowed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvaluateReply {
    /// Whether to go on.
    allowed: bool,
    /// Allow, deny or ask.
    decision: Verb,
    /// Why not; null when allowed.
    reason: Option<String>,
    /// The code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What each policy said. The released Claude Code hook gets their names alone.
    #[schema(value_type = Vec<Object>)]
    policies_evaluated: Vec<Value>,
    /// For the released hook, what each policy said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    policies: Option<Vec<Value>>,
    /// Warnings in words.
    warnings: Vec<String>,
    /// The context the decision was made on.
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// 0 to 100.
    risk_score: u32,
    /// What raised the score.
    #[schema(value_type = Vec<Object>)]
    risk_factors: Vec<Value>,
    /// What the caller must do when it goes on.
    #[schema(value_type = Vec<Object>)]
    obligations: Vec<Value>,
    /// Whether this was only a question.
    dry_run: bool,
    /// Whether a person could approve it.
    requires_approval: bool,
    /// The request a person was asked to approve.
    approval_id: Option<String>,
    /// The record of this decision.
    evaluation_id: String,
    /// How long deciding took. Unit: microseconds.
    duration_us: u64,
    /// When a limit that refused opens again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
}

impl EvaluateReply {
    fn new(decided: Decided) -> Self {
        let decision = Verb::of(&decided);
        let approval_id = decided.approval_id();
        let document = decided.document;
        let objects: Vec<Value> = document.policies_evaluated.iter().map(object).collect();
        let from_hook = document.context.get("source").and_then(Value::as_str) == Some(RELEASED_HOOK);
        // On a denial the released hook joins this list as texts; objects would crash it, and a
        // crashed hook lets the tool run.
        let (policies_evaluated, policies) = if from_hook && !document.allowed {
            let failed = document.policies_evaluated.iter().filter(|policy| !policy.passed);
            (failed.map(|policy| Value::from(policy.name.clone())).collect(), Some(objects))
        } else {
            (objects, None)
        };
        Self {
            allowed: document.allowed,
            decision,
            reason: document.reason,
            code: document.code.map(|code| code.to_string()),
            policies_evaluated,
            policies,
            warnings: document.warnings,
            context: document.context,
            risk_score: document.risk_score,
            risk_factors: document.risk_factors.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
            obligations: document.obligations.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
            dry_run: document.dry_run,
            requires_approval: decided.requestable,
            approval_id,
            evaluation_id: decided.id,
            duration_us: decided.duration_us,
            retry_at: document.retry_at.map(|at| crate::clock::iso(crate::clock::micros(at))),
        }
    }
}

/// One policy's answer in the form both path families share.
pub(crate) fn object(policy: &PolicyEvaluation) -> Value {
    serde_json::json!({
        "id": policy.id, "name": policy.name, "type": policy.policy_type, "enforcement": policy.enforcement,
        "result": policy.result, "passed": policy.passed, "message": policy.message, "severity": policy.severity,
        "code": policy.code, "version": policy.version,
    })
}

/// Decides whether an agent may do a thing.
#[utoipa::path(
    post, path = "/api/zentinelle/v1/evaluate", operation_id = "evaluate", tag = "agents", request_body = EvaluateRequest,
    responses(
        (status = 200, description = "The decision, allowed or not", body = EvaluateReply),
        (status = "4XX", description = "The request cannot be decided", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn evaluate(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<EvaluateRequest>,
) -> Result<Json<EvaluateReply>, ApiError> {
    let asked = request.asked(&app, &caller, Source::Native).await?;
    Ok(Json(EvaluateReply::new(decide::decide(&app, asked).await?)))
}
