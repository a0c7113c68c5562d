//! `agent_capability`: says which actions an agent may take.
//!
//! Applies to every action. What is judged is the action in the context, where the host states a
//! finer one than the call's own, and the call's own action whenever that has a colon or nothing
//! finer is stated. Every one of them must pass, so a harmless `context.action` never hides
//! what the call does: a plain call action such as `deploy` is still looked up among the denied
//! actions, and among those that need approval unless the finer one needs the same approval.
//!
//! An approval is a signed token under `approval_token` for exactly this action, and is used once.

use schemars::JsonSchema;
use serde::Deserialize;
use smallvec::{SmallVec, smallvec};

use super::{Approval, Approved, Evaluator, Inquiry, lists};
use crate::approval::Purpose;
use crate::decision::{Notes, Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::GlobList;
use crate::request::{EvaluationError, Request};
use crate::scan::Severity;

const DENIED: Code = Code::new("agent_capability.denied");
const NOT_ALLOWED: Code = Code::new("agent_capability.not_allowed");
const APPROVAL_REQUIRED: Code = Code::new("agent_capability.approval_required");
const APPROVAL_INVALID: Code = Code::new("agent_capability.approval_invalid");

/// Greatest age of an approval. Unit: seconds.
const APPROVAL_AGE_SECONDS: u64 = 86_400;

/// Configuration of an `agent_capability` policy. All three are globs such as `tool:db_*`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Actions that may not be taken; letter case does not matter. Default: empty.
    pub denied_actions: Vec<String>,
    /// Actions that need a person's approval; letter case does not matter. Default: empty.
    pub require_approval: Vec<String>,
    /// Actions that may be taken. Default: empty, which allows every action.
    pub allowed_actions: Vec<String>,
}

/// See the module.
pub struct AgentCapability {
    denied: GlobList,
    approved: GlobList,
    allowed: GlobList,
}

/// What is judged in one request.
struct Subjects<'a> {
    /// Must pass all three lists.
    full: SmallVec<[&'a str; 2]>,
    /// The call's plain action where the context states a finer one.
    carrier: Option<&'a str>,
}

impl<'a> Subjects<'a> {
    fn of(request: &'a Request) -> Result<Self, EvaluationError> {
        let own = request.action.name();
        let stated = match request.context.raw("action") {
            None => return Ok(Self { full: smallvec![own], carrier: None }),
            Some(serde_json::Value::String(stated)) => stated.as_str(),
            Some(other) => return Err(EvaluationError::wrong_type("action", "a text", other)),
        };
        Ok(if stated == own {
            Self { full: smallvec![own], carrier: None }
        } else if stated.is_empty() || request.action.folded().contains(':') {
            Self { full: smallvec![stated, own], carrier: None }
        } else {
            Self { full: smallvec![stated], carrier: Some(own) }
        })
    }
}

impl Evaluator for AgentCapability {
    type Config = Config;

    const CODES: &'static [Code] = &[DENIED, NOT_ALLOWED, APPROVAL_REQUIRED, APPROVAL_INVALID];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let ready = Self {
            denied: lists::denying_globs("denied_actions", config.denied_actions, &mut faults),
            approved: lists::denying_globs("require_approval", config.require_approval, &mut faults),
            allowed: lists::allowing_globs("allowed_actions", config.allowed_actions, &mut faults),
        };
        if faults.is_empty() { Ok(ready) } else { Err(faults) }
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        if self.denied.is_empty() && self.approved.is_empty() && self.allowed.is_empty() {
            return Ok(Verdict::NotApplicable);
        }
        let subjects = Subjects::of(inquiry.request)?;
        for action in subjects.full.iter().copied().chain(subjects.carrier) {
            if let Some(pattern) = self.denied.find(action) {
                let message = format!("action `{action}` is denied by `{pattern}`");
                return Ok(Violation::new(DENIED, "/config/denied_actions", message)
                    .with_severity(Severity::High)
                    .into());
            }
        }
        // Before approvals, so that nobody is asked to approve what stays denied.
        if !self.allowed.is_empty()
            && let Some(action) = subjects.full.iter().find(|action| self.allowed.find(action).is_none())
        {
            let message = format!("action `{action}` is not among the allowed actions");
            return Ok(Verdict::violated(NOT_ALLOWED, "/config/allowed_actions", message));
        }
        let mut notes = Notes::none();
        if self.approved.is_empty() {
            return Ok(Verdict::Satisfied(notes));
        }
        let finer_needs_approval = subjects.full.iter().any(|action| self.approved.find(action).is_some());
        let carrier = subjects.carrier.filter(|_| !finer_needs_approval);
        for action in subjects.full.iter().copied().chain(carrier) {
            let Some(pattern) = self.approved.find(action) else { continue };
            let wanted = Approval {
                purpose: Purpose::AgentCapabilityApproval,
                tool: None,
                action: Some(action),
                arguments: None,
                max_age_seconds: APPROVAL_AGE_SECONDS,
            };
            let (code, message) = match inquiry.approval(&wanted)? {
                Approved::Yes(charge) => {
                    notes.charge(*charge);
                    continue;
                }
                Approved::Missing => {
                    (APPROVAL_REQUIRED, format!("action `{action}` needs an approval because of `{pattern}`"))
                }
                Approved::No(error) => {
                    (APPROVAL_INVALID, format!("the approval for action `{action}` does not hold: {}", error.message()))
                }
            };
            return Ok(Violation::new(code, "/config/require_approval", message)
                .with_remedy(inquiry.remedy(&wanted))
                .into());
        }
        Ok(Verdict::Satisfied(notes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use crate::decision::Verdict;

    #[test]
    fn a_harmless_context_action_hides_nothing() {
        let finer = |action: &str| format!(r#"{{ "@action": "{action}", "action": "tool:search" }}"#);
        let config = r#"{ "denied_actions": ["tool:shell", "deploy"] }"#;
        for action in ["tool:shell", "Tool:SHELL", "deploy"] {
            assert_eq!(violated(&judge("agent_capability", config, &finer(action))), "agent_capability.denied");
        }
        let config = r#"{ "require_approval": ["deploy"] }"#;
        let verdict = judge("agent_capability", config, &finer("deploy"));
        assert_eq!(violated(&verdict), "agent_capability.approval_required");
        assert!(warned(&judge("agent_capability", config, &finer("tool_call"))).is_empty());
    }

    #[test]
    fn an_action_that_is_no_text_denies_and_an_empty_one_hides_nothing() {
        let config = r#"{ "denied_actions": ["shell"] }"#;
        for (action, code) in
            [("null", "request.wrong_type"), ("5", "request.wrong_type"), ("\"\"", "agent_capability.denied")]
        {
            let context = format!(r#"{{ "@action": "shell", "action": {action} }}"#);
            assert_eq!(violated(&judge("agent_capability", config, &context)), code);
        }
    }

    #[test]
    fn nobody_is_asked_to_approve_what_stays_denied() {
        let config = r#"{ "require_approval": ["tool:pay"], "allowed_actions": ["tool:search"] }"#;
        let Verdict::Violated(violation) = judge("agent_capability", config, r#"{ "@action": "tool:pay" }"#) else {
            panic!("a denied action passed");
        };
        assert_eq!(violation.code.as_str(), "agent_capability.not_allowed");
        assert_eq!(violation.remedy, None);
        let config = r#"{ "require_approval": ["tool:pay"] }"#;
        let Verdict::Violated(violation) = judge("agent_capability", config, r#"{ "@action": "tool:pay" }"#) else {
            panic!("an unapproved action passed");
        };
        assert_eq!(violation.remedy.unwrap().subject.as_deref(), Some("tool:pay"));
    }
}
