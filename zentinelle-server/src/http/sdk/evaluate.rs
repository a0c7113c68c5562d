//! `POST /api/v1/evaluate`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use zentinelle_core::Enforcement;
use zentinelle_core::wire::PolicyEvaluation;

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::JsonBody;
use crate::http::native::evaluate::{EvaluateRequest, Verb, object};
use crate::service::decide::{self, Decided, Source};

/// The answer in the form the client libraries read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SdkEvaluateReply {
    /// Whether to go on. Always present and always a boolean.
    allowed: bool,
    /// Why not; null when allowed.
    reason: Option<String>,
    /// What each policy said.
    #[schema(value_type = Vec<Object>)]
    policies_evaluated: Vec<Value>,
    /// The same for the C# client.
    #[schema(value_type = Vec<Object>)]
    policies: Vec<Value>,
    /// Warnings in words; never null.
    warnings: Vec<String>,
    /// What a client acts on. The request's own context is not sent back.
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// Whether a person could approve it.
    requires_approval: bool,
    /// The request a person was asked to approve.
    approval_workflow_id: Option<String>,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

impl SdkEvaluateReply {
    fn new(decided: Decided) -> Self {
        let decision = Verb::of(&decided);
        let approval_id = decided.approval_id();
        let document = decided.document;
        let mut context = Map::new();
        if decided.requestable {
            context.insert("require_human_approval".to_owned(), true.into());
            context.insert("approval_id".to_owned(), approval_id.clone().into());
        }
        let metadata = json!({
            "decision": decision, "evaluation_id": decided.id, "code": document.code,
            "risk_score": document.risk_score, "obligations": document.obligations,
            "retry_at": document.retry_at.map(|at| crate::clock::iso(crate::clock::micros(at))),
        });
        // Clients call a policy that did not pass a blocking one: those that only watch pass here.
        let passes = |policy: &PolicyEvaluation| policy.passed || policy.enforcement != Enforcement::Enforce;
        let brief = document.policies_evaluated.iter().map(|policy| {
            json!({
                "policy": policy.name, "type": policy.policy_type, "passed": passes(policy),
                "reason": policy.message, "severity": policy.severity,
            })
        });
        Self {
            allowed: document.allowed,
            reason: document.reason,
            policies: brief.collect(),
            policies_evaluated: document
                .policies_evaluated
                .iter()
                .map(|policy| {
                    let mut item = object(policy);
                    if let Some(item) = item.as_object_mut() {
                        item.insert("passed".to_owned(), passes(policy).into());
                    }
                    item
                })
                .collect(),
            warnings: document.warnings,
            context,
            requires_approval: decided.requestable,
            approval_workflow_id: approval_id,
            metadata: metadata.as_object().cloned().unwrap_or_default(),
        }
    }
}

/// Decides whether an agent may do a thing, for the client libraries.
#[utoipa::path(
    post, path = "/api/v1/evaluate", tag = "sdk", operation_id = "sdk_evaluate", request_body = EvaluateRequest,
    responses(
        (status = 200, description = "The decision, allowed or not", body = SdkEvaluateReply),
        (status = "4XX", description = "The request cannot be decided", body = ErrorBody),
    ),
    security(("agent_key" = []))
)]
pub(crate) async fn evaluate(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(request): JsonBody<EvaluateRequest>,
) -> Result<Json<SdkEvaluateReply>, ApiError> {
    let asked = request.asked(&app, &caller, Source::Sdk).await?;
    Ok(Json(SdkEvaluateReply::new(decide::decide(&app, asked).await?)))
}
