//! `rate_limit`: caps requests per minute and hour, and tokens per day.
//!
//! The request limits apply to every action, the token limit to calls to a model. Totals belong
//! to the authenticated tenant, agent and user; nothing in the context opens another bucket.
//! All totals move together or not at all, and only when the whole request is permitted.
//!
//! A window begins with the first request counted in it. Up to twice a limit can therefore pass
//! around the end of a window; `"window": "sliding"` rules that out.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::ledger::{Charge, Unit, Window};
use crate::request::{ActionKind, EvaluationError, Number};

const EXCEEDED: Code = Code::new("rate_limit.exceeded");

/// Share of a limit from which a warning is raised. Unit: percent.
const WARN_AT_PERCENT: Number = Number::Int(80);

/// Configuration of a `rate_limit` policy. A limit left out, or null, is not enforced; one of
/// zero or less admits nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most requests in one minute. Unit: requests.
    pub requests_per_minute: Option<Number>,
    /// Most requests in one hour. Unit: requests.
    pub requests_per_hour: Option<Number>,
    /// Most tokens of model calls in 24 hours, by the request's own `tokens`. Unit: tokens.
    pub tokens_per_day: Option<Number>,
    /// What a minute, an hour and a day are. Default: `fixed`.
    pub window: WindowKind,
}

/// How a window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// From the first request on, then anew.
    #[default]
    Fixed,
    /// Always the time just past.
    Sliding,
}

/// See the module.
pub struct RateLimit {
    requests: [Option<Limit>; 2],
    tokens: Option<Limit>,
}

struct Limit {
    meter: &'static str,
    pointer: &'static str,
    window: Window,
    written: Number,
    /// The most the total may reach.
    most: u64,
    warn_at: u64,
}

impl Evaluator for RateLimit {
    type Config = Config;

    const CODES: &'static [Code] = &[EXCEEDED];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let window = |seconds| match config.window {
            WindowKind::Fixed => Window::Fixed { seconds },
            WindowKind::Sliding => Window::Sliding { seconds },
        };
        let limit = |meter, pointer, seconds, written: Number, most| Limit {
            meter,
            pointer,
            window: window(seconds),
            written,
            most,
            warn_at: written.percent_ceil_u64(WARN_AT_PERCENT),
        };
        let Config { requests_per_minute: minute, requests_per_hour: hour, tokens_per_day: day, .. } = config;
        // A limit of 2.5 requests is spent by the third, one of 2.5 tokens refuses the third.
        let per_minute =
            |n: Number| limit("rate_limit.requests_per_minute", "/config/requests_per_minute", 60, n, n.ceil_u64());
        let per_hour =
            |n: Number| limit("rate_limit.requests_per_hour", "/config/requests_per_hour", 3_600, n, n.ceil_u64());
        let per_day =
            |n: Number| limit("rate_limit.tokens_per_day", "/config/tokens_per_day", 86_400, n, n.floor_u64());
        Ok(Self { requests: [minute.map(per_minute), hour.map(per_hour)], tokens: day.map(per_day) })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let mut notes = Notes::none();
        let mut applies = false;
        for limit in self.requests.iter().flatten() {
            applies = true;
            if limit.written <= Number::ZERO {
                return Ok(limit.admits_nothing("requests"));
            }
            notes.charge(limit.charge(inquiry, 1, Unit::Calls));
        }
        if let Some(limit) = &self.tokens
            && inquiry.request.action.kind() == ActionKind::ModelCall
        {
            applies = true;
            let tokens = inquiry.request.context.quantity_or_zero("tokens")?;
            if limit.written.is_negative() {
                return Ok(limit.admits_nothing("tokens"));
            }
            if tokens > limit.written {
                // No waiting helps, so this is no matter for the ledger.
                let message = format!("{tokens} tokens in one call exceed the limit of {} a day", limit.written);
                return Ok(Verdict::violated(EXCEEDED, limit.pointer, message));
            }
            notes.charge(limit.charge(inquiry, tokens.ceil_u64(), Unit::Tokens));
        }
        Ok(if applies { Verdict::Satisfied(notes) } else { Verdict::NotApplicable })
    }
}

impl Limit {
    fn charge(&self, inquiry: &Inquiry<'_>, amount: u64, unit: Unit) -> Charge {
        Charge {
            counter: inquiry.counter(self.meter),
            window: self.window,
            amount,
            unit,
            limit: Some(self.most),
            closed_at_limit: false,
            warn_at: Some(self.warn_at),
            code: EXCEEDED,
            pointer: self.pointer.into(),
        }
    }

    fn admits_nothing(&self, what: &str) -> Verdict {
        Verdict::violated(EXCEEDED, self.pointer, format!("a limit of {} admits no {what} at all", self.written))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated};
    use super::*;

    fn charges(config: &str, context: &str) -> Vec<Charge> {
        match judge("rate_limit", config, context) {
            Verdict::Satisfied(notes) => notes.charges().to_vec(),
            other => panic!("expected charges, found {other:?}"),
        }
    }

    #[test]
    fn a_limit_is_full_after_as_many_requests_and_warns_from_four_fifths() {
        let [charge] = &charges(r#"{ "requests_per_minute": 5 }"#, "{}")[..] else { panic!() };
        assert_eq!((0..7).filter(|used| charge.fits(*used)).count(), 5);
        assert_eq!((0..5).find(|used| charge.is_near(*used)), Some(3));
        assert_eq!(charge.window, Window::Fixed { seconds: 60 });
    }

    #[test]
    fn part_of_a_request_is_a_request_and_part_of_a_token_is_none() {
        let requests = charges(r#"{ "requests_per_hour": 2.5, "window": "sliding" }"#, "{}");
        assert_eq!(requests[0].limit, Some(3));
        assert_eq!(requests[0].window, Window::Sliding { seconds: 3_600 });
        let tokens = charges(r#"{ "tokens_per_day": 2.5 }"#, r#"{ "@action": "llm:invoke", "tokens": 1 }"#);
        assert_eq!(tokens[0].limit, Some(2));
    }

    #[test]
    fn tokens_are_only_asked_of_model_calls() {
        let config = r#"{ "tokens_per_day": 10 }"#;
        assert_eq!(judge("rate_limit", config, r#"{ "tokens": "many" }"#), Verdict::NotApplicable);
        let call = |tokens: &str| format!(r#"{{ "@action": "AI_Request", "tokens": {tokens} }}"#);
        assert_eq!(violated(&judge("rate_limit", config, &call("\"many\""))), "request.wrong_type");
        assert_eq!(violated(&judge("rate_limit", config, &call("-5"))), "request.negative");
        assert_eq!(violated(&judge("rate_limit", config, &call("11"))), "rate_limit.exceeded");
        assert_eq!(charges(r#"{ "tokens_per_day": 0 }"#, &call("0"))[0].warn_at, Some(0));
    }

    #[test]
    fn a_limit_below_one_refuses_everything() {
        for limit in ["0", "-1"] {
            let config = format!(r#"{{ "requests_per_hour": {limit} }}"#);
            assert_eq!(violated(&judge("rate_limit", &config, "{}")), "rate_limit.exceeded");
        }
    }
}
