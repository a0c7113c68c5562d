//! `POST /api/v1/evaluate`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use zentinelle_core::{Code, Obligation, wire};

use crate::app::App;
use crate::auth::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::PlainBody;
use crate::http::native::evaluate::{EvaluateRequest, Verb};
use crate::http::reply;
use crate::service::decide::{self, Answered, Source};
use crate::snapshot::{PoliciesAnswered, PoliciesBrief};

/// The answer in the form the client libraries read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SdkEvaluateReply<'d> {
    /// Whether to go on. Always present and always a boolean.
    allowed: bool,
    /// Why not; null when allowed.
    reason: Option<&'d str>,
    /// What each policy said.
    #[schema(value_type = Vec<Object>)]
    policies_evaluated: PoliciesAnswered<'d>,
    /// The same for the C# client.
    #[schema(value_type = Vec<Object>)]
    policies: PoliciesBrief<'d>,
    /// Warnings in words; never null.
    warnings: &'d [String],
    /// What a client acts on. The request's own context is not sent back.
    #[schema(value_type = Object)]
    context: ActedOn<'d>,
    /// Whether a person could approve it.
    requires_approval: bool,
    /// The request a person was asked to approve.
    approval_workflow_id: Option<&'d str>,
    /// Further facts.
    #[schema(value_type = Object)]
    metadata: Metadata<'d>,
}

/// What a client acts on: nothing, unless a person could approve the call.
#[derive(Debug, Serialize)]
struct ActedOn<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    require_human_approval: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<Option<&'d str>>,
}

/// What the native family answers besides.
#[derive(Debug, Serialize)]
struct Metadata<'d> {
    decision: Verb,
    evaluation_id: &'d str,
    code: Option<&'d Code>,
    risk_score: u32,
    obligations: Vec<&'d Obligation>,
    retry_at: Option<String>,
}

impl<'d> SdkEvaluateReply<'d> {
    fn new(answered: &'d Answered) -> Self {
        let Answered { decision, said, requestable, .. } = answered;
        let allowed = wire::is_allowed(decision);
        let approval_id = answered.approval.as_ref().map(|row| row.id.as_str());
        Self {
            allowed,
            reason: wire::reason(decision),
            policies_evaluated: said.answered_to_clients(),
            policies: said.brief(),
            warnings: &answered.warnings,
            context: ActedOn {
                require_human_approval: requestable.then_some(true),
                approval_id: requestable.then_some(approval_id),
            },
            requires_approval: *requestable,
            approval_workflow_id: approval_id,
            metadata: Metadata {
                decision: Verb::of(allowed, *requestable),
                evaluation_id: &answered.id,
                code: decision.primary().map(|violation| &violation.code),
                risk_score: decision.risk().score,
                obligations: decision.obligations().collect(),
                retry_at: answered.retry_at(),
            },
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
    PlainBody(request): PlainBody<EvaluateRequest>,
) -> Result<Response, ApiError> {
    let asked = request.asked(&app, &caller, Source::Sdk).await?;
    let answered = decide::answer(&app, asked).await?;
    reply::json(&SdkEvaluateReply::new(&answered))
}
