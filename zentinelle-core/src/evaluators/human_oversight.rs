//! `human_oversight`: asks a person before risky calls.
//!
//! Applies to every action whose facts meet a selected condition: it costs more than one dollar,
//! holds sensitive data, or leaves the organization. Such a call needs a signed approval under
//! `approval_token`, bound to this policy, used once and younger than the timeout.
//!
//! `auto_approve_below_cost_usd` waives the cost condition only. All facts are the host's: a
//! cost nobody estimated is not high.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Approval, Approved, Evaluator, Inquiry, tool_call};
use crate::approval::Purpose;
use crate::decision::{Notes, Obligation, Verdict, Violation};
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::request::{ActionKind, EvaluationError, Number};

const APPROVAL_REQUIRED: Code = Code::new("human_oversight.approval_required");
const APPROVAL_INVALID: Code = Code::new("human_oversight.approval_invalid");

/// A cost above this is high. Unit: US dollars.
const HIGH_COST_USD: Number = Number::Int(1);
/// Unit: seconds.
const DEFAULT_TIMEOUT: Number = Number::Int(300);

/// Configuration of a `human_oversight` policy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What needs an approval: `high_cost` (above one dollar), `sensitive_data`, `external_calls`.
    /// Default: empty.
    #[schemars(with = "Vec<Condition>")]
    pub require_approval_for: Vec<String>,
    /// Greatest age of an approval. Unit: seconds. Default, also for null: 300.
    pub approval_timeout_seconds: Option<Number>,
    /// A cost below this is not high. Unit: US dollars. Default: none.
    pub auto_approve_below_cost_usd: Option<Number>,
    /// What a call without approval meets: `deny`, or `ask`, which permits it and obliges the
    /// host to ask a person first. Only for hosts that honour obligations. Default: `deny`.
    pub on_missing_approval: MissingApproval,
}

/// What a call without approval meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingApproval {
    /// It is denied; a signed approval flips the answer.
    #[default]
    Deny,
    /// The host must ask a person before it goes on.
    Ask,
}

/// What can make a call need an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Condition {
    /// The call costs more than one dollar.
    HighCost,
    /// The call holds sensitive data.
    SensitiveData,
    /// The call leaves the organization.
    ExternalCalls,
}

impl Condition {
    const ALL: [(&'static str, Self); 3] = [
        ("high_cost", Self::HighCost),
        ("sensitive_data", Self::SensitiveData),
        ("external_calls", Self::ExternalCalls),
    ];
}

/// See the module.
pub struct HumanOversight {
    conditions: Vec<Condition>,
    timeout_seconds: u64,
    auto_approve_below: Option<Number>,
    on_missing: MissingApproval,
}

impl Evaluator for HumanOversight {
    type Config = Config;

    const CODES: &'static [Code] = &[APPROVAL_REQUIRED, APPROVAL_INVALID];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let mut conditions = Vec::new();
        for (index, word) in config.require_approval_for.iter().enumerate() {
            match Condition::ALL.iter().find(|(name, _)| name == word) {
                Some((_, condition)) => conditions.push(*condition),
                None => {
                    let pointer = Pointer::ROOT.key("require_approval_for").index(index);
                    let fault = PolicyError::new(codes::UNKNOWN_VALUE, pointer, format!("`{word}` is no condition"));
                    faults.push(fault.with_help("write `high_cost`, `sensitive_data` or `external_calls`"));
                }
            }
        }
        for (key, number) in [
            ("approval_timeout_seconds", config.approval_timeout_seconds),
            ("auto_approve_below_cost_usd", config.auto_approve_below_cost_usd),
        ] {
            if let Some(number) = number.filter(|number| number.is_negative()) {
                faults.push(PolicyError::out_of_range(key, number, 0, "any number"));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            conditions,
            timeout_seconds: config.approval_timeout_seconds.unwrap_or(DEFAULT_TIMEOUT).floor_u64(),
            auto_approve_below: config.auto_approve_below_cost_usd,
            on_missing: config.on_missing_approval,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        let context = &request.context;
        let reads_cost = self.auto_approve_below.is_some() || self.conditions.contains(&Condition::HighCost);
        let cost = if reads_cost { context.quantity("estimated_cost_usd")? } else { None };
        let is_met = |condition: &Condition| match condition {
            Condition::HighCost => cost.is_some_and(|cost| {
                cost > HIGH_COST_USD && !self.auto_approve_below.is_some_and(|threshold| cost < threshold)
            }),
            Condition::SensitiveData => context.is_set("has_sensitive_data"),
            Condition::ExternalCalls => context.is_set("is_external_call"),
        };
        let Some(met) = self.conditions.iter().find(|condition| is_met(condition)) else {
            return Ok(Verdict::NotApplicable);
        };
        let arguments =
            if request.action.kind() == ActionKind::ToolCall { tool_call::approved_arguments(context) } else { None };
        let wanted = Approval {
            purpose: Purpose::HumanOversightApproval,
            tool: None,
            action: Some(request.action.name()),
            arguments: arguments.as_deref(),
            max_age_seconds: self.timeout_seconds,
        };
        let why = match met {
            Condition::HighCost => format!("a call of ${} needs an approval", cost.unwrap_or(Number::ZERO)),
            Condition::SensitiveData => "a call with sensitive data needs an approval".to_owned(),
            Condition::ExternalCalls => "an external call needs an approval".to_owned(),
        };
        let (code, message) = match inquiry.approval(&wanted)? {
            Approved::Yes(charge) => {
                let mut notes = Notes::none();
                notes.charge(*charge);
                return Ok(Verdict::Satisfied(notes));
            }
            Approved::Missing if self.on_missing == MissingApproval::Ask => {
                let mut notes = Notes::none();
                notes.oblige(Obligation::AskHuman { question: format!("{why}: may it go on?") });
                return Ok(Verdict::Satisfied(notes));
            }
            Approved::Missing => (APPROVAL_REQUIRED, why),
            Approved::No(error) => {
                (APPROVAL_INVALID, format!("{why}; the one sent does not hold: {}", error.message()))
            }
        };
        Ok(Violation::new(code, "/config/require_approval_for", message).with_remedy(inquiry.remedy(&wanted)).into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{judge, violated};
    use super::super::{Compiled, PolicyType};
    use crate::decision::{Obligation, Verdict};

    #[test]
    fn a_low_cost_waives_nothing_but_the_cost() {
        let config = r#"{ "require_approval_for": ["high_cost", "sensitive_data"], "auto_approve_below_cost_usd": 5 }"#;
        assert_eq!(judge("human_oversight", config, r#"{ "estimated_cost_usd": 4.99 }"#), Verdict::NotApplicable);
        for context in [r#"{ "estimated_cost_usd": 5 }"#, r#"{ "estimated_cost_usd": 0, "has_sensitive_data": true }"#]
        {
            assert_eq!(violated(&judge("human_oversight", config, context)), "human_oversight.approval_required");
        }
    }

    #[test]
    fn a_denial_says_what_a_person_would_have_to_sign() {
        let config = r#"{ "require_approval_for": ["external_calls"] }"#;
        let context = r#"{ "is_external_call": 1, "tool_args": { "to": "bob" } }"#;
        let Verdict::Violated(violation) = judge("human_oversight", config, context) else { panic!("it passed") };
        let remedy = violation.remedy.unwrap();
        assert_eq!(remedy.subject.as_deref(), Some("tool_call"));
        assert!(remedy.arguments.is_some());
        assert_eq!(remedy.max_age_seconds, 300);
    }

    #[test]
    fn a_misspelt_condition_makes_the_policy_unusable() {
        let config = json!({ "require_approval_for": ["high_cost", "High-Cost"] });
        let Compiled { evaluator, .. } = PolicyType::HumanOversight.compile(&config);
        let faults = evaluator.unwrap_err();
        assert_eq!(faults[0].pointer().as_str(), "/require_approval_for/1");
    }

    #[test]
    fn a_host_that_asks_by_itself_is_obliged_to() {
        let config = r#"{ "require_approval_for": ["external_calls"], "on_missing_approval": "ask" }"#;
        let verdict = judge("human_oversight", config, r#"{ "is_external_call": true }"#);
        let Verdict::Satisfied(notes) = verdict else { panic!("{verdict:?}") };
        assert!(matches!(notes.obligations(), [Obligation::AskHuman { .. }]));
    }
}
