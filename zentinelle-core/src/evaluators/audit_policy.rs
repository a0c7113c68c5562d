//! `audit_policy`: demands the facts an audit trail needs, and says what is to be recorded.
//!
//! Applies to the actions that `required_for_actions` covers, or to all. Fields are looked up at
//! the top of the context; the user also comes from authentication. Zero, false and an empty
//! list are values; null, an empty text and one of blanks only are none.
//!
//! The engine keeps no records: what the policy wants kept is an obligation of the host.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::lists::denying_globs;
use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Obligation, Verdict};
use crate::error::{Code, PolicyError};
use crate::matching::GlobList;
use crate::matching::text::is_invisible;
use crate::request::{ActionKind, EvaluationError, Number, Request};

const FIELD_MISSING: Code = Code::new("audit_policy.field_missing");
const MASK_PII: Code = Code::new("audit_policy.mask_pii");
const RETENTION: Code = Code::new("audit_policy.retention");

/// Configuration of an `audit_policy` policy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Context keys that must have a value. `user_id` is also known from authentication.
    pub required_fields: Vec<String>,
    /// Patterns of the actions this policy is about; letter case does not matter. Default: all.
    pub required_for_actions: Vec<String>,
    /// Whether records that hold personal data are to be masked. Default: false.
    pub pii_masking: bool,
    /// How long records are to be kept. Unit: days; zero or null: not said.
    pub retention_days: Option<Number>,
    /// Whether the prompts of model calls are to be recorded. Default: false.
    pub log_all_prompts: bool,
    /// Whether the replies of models are to be recorded. Default: false.
    pub log_all_responses: bool,
    /// Whether tool calls with their arguments are to be recorded. Default: false.
    pub log_tool_calls: bool,
}

/// See the module.
pub struct AuditPolicy {
    fields: Vec<String>,
    actions: GlobList,
    mask: bool,
    retention: Option<Number>,
    prompts: bool,
    responses: bool,
    tool_calls: bool,
}

impl Evaluator for AuditPolicy {
    type Config = Config;

    const CODES: &'static [Code] = &[FIELD_MISSING, MASK_PII, RETENTION];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let actions = denying_globs("required_for_actions", config.required_for_actions, &mut faults);
        if let Some(days) = config.retention_days.filter(|days| days.is_negative()) {
            faults.push(PolicyError::out_of_range("retention_days", days, 0, "any number of days"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            fields: config.required_fields,
            actions,
            mask: config.pii_masking,
            retention: config.retention_days.filter(|days| *days > Number::ZERO),
            prompts: config.log_all_prompts,
            responses: config.log_all_responses,
            tool_calls: config.log_tool_calls,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        if !self.actions.is_empty() && self.actions.find(request.action.name()).is_none() {
            return Ok(Verdict::NotApplicable);
        }
        if let Some(field) = self.fields.iter().find(|field| !is_present(request, field)) {
            let message = format!("the request has no `{field}`, which must be recorded");
            return Ok(Verdict::violated(FIELD_MISSING, "/config/required_fields", message));
        }
        let mut notes = Notes::none();
        let mask_pii = self.mask && request.context.is_set("pii_detected");
        if mask_pii {
            notes.warn(MASK_PII, "the record holds personal data, which is to be masked");
        }
        if let Some(days) = self.retention {
            notes.warn(RETENTION, format!("the record is to be kept for {days} days"));
        }
        let content = self.content(request.action.kind());
        if content.is_some() || mask_pii || self.retention.is_some() {
            let fields = self.fields.iter().map(String::as_str).chain(content).map(str::to_owned);
            notes.oblige(Obligation::Log {
                fields: fields.collect(),
                mask_pii: self.mask,
                retention_days: self.retention.map(Number::ceil_u64),
            });
        }
        Ok(Verdict::Satisfied(notes))
    }
}

impl AuditPolicy {
    /// What of an action is to be recorded besides the required fields.
    fn content(&self, kind: ActionKind) -> Option<&'static str> {
        match kind {
            ActionKind::ModelCall => self.prompts.then_some("prompt"),
            ActionKind::ModelReply => self.responses.then_some("response"),
            ActionKind::ToolCall => self.tool_calls.then_some("tool_call"),
            _ => None,
        }
    }
}

fn is_present(request: &Request, field: &str) -> bool {
    let known = match request.context.get(field) {
        None => false,
        Some(Value::String(text)) => !is_blank(text),
        Some(_) => true,
    };
    known || (field == "user_id" && request.user_id.as_ref().is_some_and(|user| !is_blank(user.as_str())))
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, judge_request, violated, warned};
    use super::*;
    use crate::agent::Agent;
    use crate::request::Action;

    #[test]
    fn a_value_nobody_can_see_is_none() {
        let config = r#"{ "required_fields": ["session_id"] }"#;
        for value in ["null", r#""""#, r#"" \t""#, r#""\u200b ""#] {
            let verdict = judge("audit_policy", config, &format!(r#"{{ "session_id": {value} }}"#));
            assert_eq!(violated(&verdict), "audit_policy.field_missing", "{value}");
        }
        for value in ["0", "false", "[]"] {
            assert!(warned(&judge("audit_policy", config, &format!(r#"{{ "session_id": {value} }}"#))).is_empty());
        }
    }

    #[test]
    fn the_authenticated_user_need_not_be_repeated() {
        let config = r#"{ "required_fields": ["user_id"] }"#;
        let now = "2026-03-11T12:00:00Z".parse().unwrap();
        let mut request = Request::new(Agent::new("acme", "agent-1"), Action::new("tool_call"), now);
        assert_eq!(violated(&judge_request("audit_policy", config, &request)), "audit_policy.field_missing");
        request.user_id = Some("alice".into());
        assert_eq!(judge_request("audit_policy", config, &request), Verdict::satisfied());
    }

    #[test]
    fn actions_are_told_apart_whatever_their_letter_case() {
        let config = r#"{ "required_fields": ["x"], "required_for_actions": ["tool:*"] }"#;
        assert_eq!(
            violated(&judge("audit_policy", config, r#"{ "@action": " TOOL:ls" }"#)),
            "audit_policy.field_missing"
        );
        assert_eq!(judge("audit_policy", config, r#"{ "@action": "llm:invoke" }"#), Verdict::NotApplicable);
    }

    #[test]
    fn what_is_to_be_logged_depends_on_the_action() {
        let config = r#"{ "log_all_prompts": true, "required_fields": ["id"], "pii_masking": true }"#;
        let Verdict::Satisfied(notes) = judge("audit_policy", config, r#"{ "@action": "ai_request", "id": 1 }"#) else {
            panic!("expected an obligation")
        };
        let log = Obligation::Log {
            fields: vec!["id".to_owned(), "prompt".to_owned()],
            mask_pii: true,
            retention_days: None,
        };
        assert_eq!(notes.obligations(), [log]);
        assert_eq!(judge("audit_policy", config, r#"{ "id": 1 }"#), Verdict::satisfied());
    }
}
