//! `context_limit`: caps the tokens of one model call.
//!
//! Applies to every action that states a token count. A limit applies when the request
//! states the number it is about; the total is the larger of the stated total and the sum
//! of its parts, so that understating one does not help. What a call lets the model write
//! (`max_tokens`, or as vendors name it besides `max_completion_tokens`, `max_output_tokens`)
//! counts as its output, unless the output is known to be more. A model call is obliged to
//! produce no more than the output limit, so asking for more than that only ends in the cap.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Obligation, Verdict};
use crate::error::{Code, PolicyError};
use crate::request::{ActionKind, EvaluationError, Number};

const EXCEEDED: Code = Code::new("context_limit.exceeded");
const NEAR: Code = Code::new("context_limit.near");

/// Share of a limit from which a warning is raised. Unit: percent.
const WARN_AT_PERCENT: Number = Number::Int(90);

/// Where a call says how much the model may write, as the vendors name it.
const ASKED: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// Configuration of a `context_limit` policy. A limit left out, or null, is not enforced;
/// zero is a real limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most tokens the prompt may hold. Unit: tokens.
    pub max_input_tokens: Option<Number>,
    /// Most tokens the model may produce. Unit: tokens.
    pub max_output_tokens: Option<Number>,
    /// Most tokens of prompt and output together. Unit: tokens.
    pub max_total_tokens: Option<Number>,
}

/// See the module.
pub struct ContextLimit(Config);

impl Evaluator for ContextLimit {
    type Config = Config;

    const CODES: &'static [Code] = &[EXCEEDED, NEAR];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self(config))
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        let Config { max_input_tokens, max_output_tokens, max_total_tokens } = self.0;
        // A number that no limit is about is not looked at, so it cannot be at fault.
        let read = |key, limit: Option<Number>| {
            if limit.or(max_total_tokens).is_some() { context.quantity(key) } else { Ok(None) }
        };
        let input = read("input_tokens", max_input_tokens)?;
        let is_call = inquiry.request.action.kind() == ActionKind::ModelCall;
        let mut output = read("output_tokens", max_output_tokens)?;
        for key in ASKED {
            let Some(asked) = read(key, max_output_tokens)? else { continue };
            // A model call that may go is capped at the limit, so it writes no more than that.
            let asked = max_output_tokens.filter(|limit| is_call && asked > *limit).unwrap_or(asked);
            output = Some(output.filter(|known| *known >= asked).unwrap_or(asked));
        }
        let stated = read("total_tokens", None)?;
        let parts = match (input, output) {
            (Some(input), Some(output)) => Some(input.plus(output)),
            (one, other) => one.or(other),
        };
        let total = match (stated, parts) {
            (Some(stated), Some(parts)) => Some(if parts > stated { parts } else { stated }),
            (one, other) => one.or(other),
        };
        let checks = [
            ("input", input, max_input_tokens, "/config/max_input_tokens"),
            ("output", output, max_output_tokens, "/config/max_output_tokens"),
            ("total", total, max_total_tokens, "/config/max_total_tokens"),
        ];
        let mut notes = Notes::none();
        let mut applies = false;
        for (part, used, limit, pointer) in checks {
            let (Some(used), Some(limit)) = (used, limit) else { continue };
            applies = true;
            if used > limit {
                let message = format!("{used} {part} tokens exceed the limit of {limit}");
                return Ok(Verdict::violated(EXCEEDED, pointer, message));
            }
            if used.reaches_percent_of(limit, WARN_AT_PERCENT) {
                notes.warn(NEAR, format!("{used} of {limit} {part} tokens used"));
            }
        }
        if let Some(limit) = self.0.max_output_tokens.filter(|_| is_call) {
            applies = true;
            notes.oblige(Obligation::MaxTokens { max_output_tokens: limit.floor_u64() });
        }
        Ok(if applies { Verdict::Satisfied(notes) } else { Verdict::NotApplicable })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use crate::decision::{Obligation, Verdict};

    #[test]
    fn a_prompt_at_the_limit_is_allowed_and_one_token_more_is_not() {
        let config = r#"{ "max_input_tokens": 100 }"#;
        assert_eq!(warned(&judge("context_limit", config, r#"{ "input_tokens": 100 }"#)), ["context_limit.near"]);
        assert_eq!(violated(&judge("context_limit", config, r#"{ "input_tokens": 101 }"#)), "context_limit.exceeded");
    }

    #[test]
    fn a_small_stated_total_does_not_hide_its_parts() {
        let config = r#"{ "max_total_tokens": 100 }"#;
        let request = r#"{ "input_tokens": 80, "output_tokens": 30, "total_tokens": 5 }"#;
        assert_eq!(violated(&judge("context_limit", config, request)), "context_limit.exceeded");
    }

    #[test]
    fn what_a_call_lets_the_model_write_counts_as_its_output() {
        let config = r#"{ "max_total_tokens": 100 }"#;
        for key in super::ASKED {
            let judged =
                |asked: u64| judge("context_limit", config, &format!(r#"{{ "input_tokens": 40, "{key}": {asked} }}"#));
            assert_eq!(violated(&judged(61)), "context_limit.exceeded", "{key}");
            assert!(matches!(judged(30), Verdict::Satisfied(_)), "{key}");
        }
        let known = r#"{ "input_tokens": 40, "output_tokens": 70, "max_tokens": 10 }"#;
        assert_eq!(violated(&judge("context_limit", config, known)), "context_limit.exceeded");
    }

    #[test]
    fn a_model_call_that_asks_for_more_than_the_output_limit_is_capped_and_other_actions_are_refused() {
        let config = r#"{ "max_output_tokens": 50, "max_total_tokens": 100 }"#;
        let with_action =
            |action: &str| format!(r#"{{ "@action": "{action}", "input_tokens": 40, "max_tokens": 5000 }}"#);
        let Verdict::Satisfied(notes) = judge("context_limit", config, &with_action("llm:invoke")) else {
            panic!("a call that is capped stays below the total");
        };
        assert_eq!(notes.obligations(), [Obligation::MaxTokens { max_output_tokens: 50 }]);
        let other = judge("context_limit", config, &with_action("tool_call"));
        assert_eq!(violated(&other), "context_limit.exceeded");
    }

    #[test]
    fn a_text_for_a_number_is_a_fault_and_not_an_absence() {
        let config = r#"{ "max_input_tokens": 100 }"#;
        assert_eq!(violated(&judge("context_limit", config, r#"{ "input_tokens": "5" }"#)), "request.wrong_type");
        assert_eq!(judge("context_limit", config, r#"{ "output_tokens": "5" }"#), Verdict::NotApplicable);
        assert_eq!(judge("context_limit", "{}", r#"{ "input_tokens": -5 }"#), Verdict::NotApplicable);
    }
}
