//! `behavioral_baseline`: notices departures from an agent's usual behaviour.
//!
//! Applies to every action. The baseline is what the host has learnt of the authenticated agent
//! and hands over with the request; while there is none, or it rests on too few events, the
//! policy only says so. A fact of the request that exceeds its 95th percentile by more than the
//! configured factor is an anomaly.
//!
//! An agent that changes slowly trains its own baseline: this does not replace fixed limits.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::request::{EvaluationError, Number};

const ANOMALY: Code = Code::new("behavioral_baseline.anomaly");
const LEARNING: Code = Code::new("behavioral_baseline.learning");

/// Configuration of a `behavioral_baseline` policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Factor beyond which `tokens_used` is an anomaly. Default: 5.
    pub token_usage_deviation_threshold: Number,
    /// Factor beyond which `tool_calls_this_session` is an anomaly. Default: 10.
    pub tool_call_deviation_threshold: Number,
    /// Factor beyond which `domains_today` is an anomaly. Default: 5.
    pub domain_deviation_threshold: Number,
    /// Factor beyond which `requests_this_hour` is an anomaly. Default: 5.
    pub requests_per_hour_deviation_threshold: Number,
    /// Events a baseline must rest on before it is used. Unit: events. Default: 50.
    pub min_samples_before_enforce: Number,
    /// What an anomaly does. Default: `warn`.
    pub action_on_anomaly: Reaction,
    /// How far back the baseline looks; read by whoever learns it. Unit: days. Default: 14.
    pub baseline_window_days: Number,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token_usage_deviation_threshold: Number::Int(5),
            tool_call_deviation_threshold: Number::Int(10),
            domain_deviation_threshold: Number::Int(5),
            requests_per_hour_deviation_threshold: Number::Int(5),
            min_samples_before_enforce: Number::Int(50),
            action_on_anomaly: Reaction::Warn,
            baseline_window_days: Number::Int(14),
        }
    }
}

/// What an anomaly does. Any word but `warn` blocks, so that a slip of the pen is not permissive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "String")]
#[schemars(extend("enum" = ["warn", "block"]))]
pub enum Reaction {
    /// The request goes on with a warning.
    Warn,
    /// The request is refused.
    Block,
}

impl From<String> for Reaction {
    fn from(word: String) -> Self {
        if word == "warn" { Self::Warn } else { Self::Block }
    }
}

/// See the module.
pub struct BehavioralBaseline {
    /// Factors of tokens, tool calls, domains and requests.
    factors: [f64; 4],
    min_samples: Number,
    reaction: Reaction,
}

impl Evaluator for BehavioralBaseline {
    type Config = Config;

    const CODES: &'static [Code] = &[ANOMALY, LEARNING];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let factors = [
            ("token_usage_deviation_threshold", config.token_usage_deviation_threshold),
            ("tool_call_deviation_threshold", config.tool_call_deviation_threshold),
            ("domain_deviation_threshold", config.domain_deviation_threshold),
            ("requests_per_hour_deviation_threshold", config.requests_per_hour_deviation_threshold),
        ];
        let others = [
            ("min_samples_before_enforce", config.min_samples_before_enforce),
            ("baseline_window_days", config.baseline_window_days),
        ];
        let negative = factors.iter().chain(&others).filter(|(_, number)| number.is_negative());
        let faults: Vec<PolicyError> = negative
            .map(|(key, number)| {
                PolicyError::out_of_range(key, number, 0, "any number").with_help("write zero or more")
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            factors: factors.map(|(_, factor)| factor.as_f64()),
            min_samples: config.min_samples_before_enforce,
            reaction: config.action_on_anomaly,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        let mut notes = Notes::none();
        let Some(baseline) = &request.baseline else {
            notes.warn(LEARNING, "nothing is known yet of the agent's usual behaviour");
            return Ok(Verdict::Satisfied(notes));
        };
        let samples = Number::from(baseline.sample_count);
        if samples < self.min_samples {
            notes.warn(LEARNING, format!("the agent's baseline rests on {samples} of {} events", self.min_samples));
            return Ok(Verdict::Satisfied(notes));
        }
        let facts = [
            ("tokens_used", baseline.token_usage_p95),
            ("tool_calls_this_session", baseline.tool_calls_per_session_p95),
            ("domains_today", baseline.unique_domains_per_day_p95),
            ("requests_this_hour", baseline.requests_per_hour_p95),
        ];
        let mut anomalies = String::new();
        for ((key, usual), factor) in facts.into_iter().zip(self.factors) {
            let Some(value) = request.context.quantity(key)? else { continue };
            // Somebody who never did a thing may do it once: below one, the percentile says nothing.
            let usual = usual.max(1.0);
            if value > Number::ZERO && value.as_f64() / usual > factor {
                let separator = if anomalies.is_empty() { "" } else { "; " };
                anomalies
                    .push_str(&format!("{separator}`{key}` is {value}, more than {factor} times the usual {usual}"));
            }
        }
        if anomalies.is_empty() {
            return Ok(Verdict::satisfied());
        }
        if self.reaction == Reaction::Block {
            return Ok(Verdict::violated(ANOMALY, "/config/action_on_anomaly", anomalies));
        }
        notes.warn_anomaly(ANOMALY, anomalies);
        Ok(Verdict::Satisfied(notes))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::testing::{judge_request, violated, warned};
    use super::*;
    use crate::agent::Agent;
    use crate::decision::WarningKind;
    use crate::request::{Action, Baseline, Context, Request};

    fn judged(config: &str, facts: serde_json::Value, baseline: Option<Baseline>) -> Verdict {
        let now = "2026-03-11T12:00:00Z".parse().unwrap();
        let mut request = Request::new(Agent::new("acme", "agent-1"), Action::new("tool_call"), now);
        request.context = Context::from(facts.as_object().unwrap().clone());
        request.baseline = baseline.map(Arc::new);
        judge_request("behavioral_baseline", config, &request)
    }

    fn usual() -> Baseline {
        Baseline { sample_count: 50, token_usage_p95: 100.0, ..Baseline::default() }
    }

    #[test]
    fn an_anomaly_begins_beyond_the_factor() {
        assert_eq!(judged("{}", json!({ "tokens_used": 500 }), Some(usual())), Verdict::satisfied());
        let Verdict::Satisfied(notes) =
            judged("{}", json!({ "tokens_used": 500.5, "domains_today": 6 }), Some(usual()))
        else {
            panic!("expected a warning")
        };
        assert_eq!(notes.warnings().iter().map(|warning| warning.kind).collect::<Vec<_>>(), [WarningKind::Anomaly]);
        assert!(notes.warnings()[0].message.contains("`domains_today` is 6, more than 5 times the usual 1"));
    }

    #[test]
    fn every_word_but_warn_blocks() {
        for word in ["block", "BLOCK", "Warn", "deny", ""] {
            let config = json!({ "action_on_anomaly": word }).to_string();
            let verdict = judged(&config, json!({ "tokens_used": 501 }), Some(usual()));
            assert_eq!(violated(&verdict), "behavioral_baseline.anomaly", "{word}");
            assert_eq!(judged(&config, json!({ "tokens_used": 1 }), Some(usual())), Verdict::satisfied());
        }
    }

    #[test]
    fn a_young_baseline_judges_nothing() {
        let config = r#"{ "action_on_anomaly": "block" }"#;
        let young = Baseline { sample_count: 49, ..usual() };
        for baseline in [None, Some(young)] {
            let verdict = judged(config, json!({ "agent_id": "agent-2", "tokens_used": "x" }), baseline);
            assert_eq!(warned(&verdict), ["behavioral_baseline.learning"]);
        }
        let verdict = judged(config, json!({ "tokens_used": "x" }), Some(usual()));
        assert_eq!(violated(&verdict), "request.wrong_type");
    }
}
