//! Helpers for the evaluators' own tests: one policy, one request, one verdict.

use serde_json::Value;

use super::{Inquiry, PolicyType};
use crate::agent::Agent;
use crate::approval::KeyRing;
use crate::decision::Verdict;
use crate::policy::Policy;
use crate::request::{Action, Context, Request};

/// Judges a request with this context under a policy of this type and config. The action is
/// `context["@action"]` or `tool_call`, the instant 2026-03-11T12:00:00Z (a Wednesday). An
/// evaluation error becomes the violation it would be under an enforced policy.
pub(crate) fn judge(policy_type: &str, config: &str, context: &str) -> Verdict {
    let mut context: Value = serde_json::from_str(context).expect("a JSON context");
    let facts = context.as_object_mut().expect("an object");
    let action = facts.remove("@action");
    let action = action.as_ref().and_then(Value::as_str).unwrap_or("tool_call");
    let mut request =
        Request::new(Agent::new("acme", "agent-1"), Action::new(action), "2026-03-11T12:00:00Z".parse().unwrap());
    request.context = Context::from(facts.clone());
    judge_request(policy_type, config, &request)
}

/// As [`judge`], with a request of the caller's making.
pub(crate) fn judge_request(policy_type: &str, config: &str, request: &Request) -> Verdict {
    let config: Value = serde_json::from_str(config).expect("a JSON config");
    let compiled = PolicyType::from_name(policy_type).expect("a policy type").compile(&config);
    let policy = Policy::new("policy-1", "acme", policy_type, config);
    let ready = compiled.evaluator.unwrap_or_else(|errors| panic!("the config does not compile: {errors:?}"));
    ready
        .evaluate(&Inquiry { request, policy: &policy, approvals: &KeyRing::new() })
        .unwrap_or_else(|error| Verdict::violated(error.code, error.pointer, error.message))
}

/// The code of a violation; panics on any other verdict.
pub(crate) fn violated(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Violated(violation) => violation.code.as_str(),
        other => panic!("expected a violation, found {other:?}"),
    }
}

/// The codes of the warnings of a satisfied verdict; panics on any other.
pub(crate) fn warned(verdict: &Verdict) -> Vec<&str> {
    match verdict {
        Verdict::Satisfied(notes) => notes.warnings().iter().map(|warning| warning.code.as_str()).collect(),
        other => panic!("expected a satisfied policy, found {other:?}"),
    }
}
