//! `session_quota`: caps the cumulative volume of a session.
//!
//! Applies to every action. A session is what `session_id` names within the authenticated
//! tenant, agent and user; without one, everything of that agent and user is one session, which
//! is refused at its limits but not warned before. Totals start again `session_ttl_seconds` after their first use. All totals move together, and only
//! when the whole request is permitted.
//!
//! A new session id is a new session: the host must not let an agent invent them freely.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::ledger::{Charge, Unit, Window};
use crate::request::{Context, EvaluationError, Number};

const EXCEEDED: Code = Code::new("session_quota.exceeded");

/// Configuration of a `session_quota` policy. A limit left out has its default; one that is
/// null is not enforced; zero refuses any use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most data read. Unit: bytes. Default: 52,428,800 (50 MiB).
    pub max_bytes_read: Option<Number>,
    /// Most data written. Unit: bytes. Default: 10,485,760 (10 MiB).
    pub max_bytes_written: Option<Number>,
    /// Most requests with `is_outbound_call`. Unit: calls. Default: 10.
    pub max_outbound_calls: Option<Number>,
    /// Most requests with `is_pii_access`. Unit: calls. Default: 5.
    pub max_pii_accesses: Option<Number>,
    /// Most tool calls, by the requests' `tool_call_count`. Unit: calls. Default: 200.
    pub max_tool_calls: Option<Number>,
    /// Most model tokens, by the requests' `tokens_used`. Unit: tokens. Default: 500,000.
    pub max_session_tokens: Option<Number>,
    /// Share of a limit from which a warning is raised. Unit: percent. Default: 80.
    pub warn_at_percent: Number,
    /// How long a session's totals run. Unit: seconds; null: for good. Default: 86,400 (a day).
    pub session_ttl_seconds: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_bytes_read: Some(Number::Int(52_428_800)),
            max_bytes_written: Some(Number::Int(10_485_760)),
            max_outbound_calls: Some(Number::Int(10)),
            max_pii_accesses: Some(Number::Int(5)),
            max_tool_calls: Some(Number::Int(200)),
            max_session_tokens: Some(Number::Int(500_000)),
            warn_at_percent: Number::Int(80),
            session_ttl_seconds: Some(86_400),
        }
    }
}

/// What a session uses, in the order in which it is checked.
const METERS: [Meter; 6] = [
    Meter::new("session_quota.bytes_read", "bytes_read", "/config/max_bytes_read", Unit::Bytes),
    Meter::new("session_quota.bytes_written", "bytes_written", "/config/max_bytes_written", Unit::Bytes),
    Meter::new("session_quota.outbound_calls", "is_outbound_call", "/config/max_outbound_calls", Unit::Calls),
    Meter::new("session_quota.pii_accesses", "is_pii_access", "/config/max_pii_accesses", Unit::Calls),
    Meter::new("session_quota.tool_calls", "tool_call_count", "/config/max_tool_calls", Unit::Calls),
    Meter::new("session_quota.tokens", "tokens_used", "/config/max_session_tokens", Unit::Tokens),
];

struct Meter {
    name: &'static str,
    /// The context key that says how much one request uses.
    fact: &'static str,
    pointer: &'static str,
    unit: Unit,
}

impl Meter {
    const fn new(name: &'static str, fact: &'static str, pointer: &'static str, unit: Unit) -> Self {
        Self { name, fact, pointer, unit }
    }

    /// How much this request uses.
    fn amount(&self, context: &Context) -> Result<u64, EvaluationError> {
        if self.fact.starts_with("is_") { Ok(context.is_set(self.fact).into()) } else { count(context, self.fact) }
    }
}

struct Limit {
    written: Number,
    most: u64,
    warn_at: Option<u64>,
}

/// See the module.
pub struct SessionQuota {
    limits: [Option<Limit>; 6],
    window: Window,
}

impl Evaluator for SessionQuota {
    type Config = Config;

    const CODES: &'static [Code] = &[EXCEEDED];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        if config.warn_at_percent.is_negative() {
            let found = config.warn_at_percent;
            faults.push(PolicyError::out_of_range("warn_at_percent", found, 0, "any number of percent"));
        }
        if config.session_ttl_seconds == Some(0) {
            faults.push(
                PolicyError::out_of_range("session_ttl_seconds", 0, 1, u32::MAX)
                    .with_help("a session must last; write null for totals that never start again"),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let limits = [
            config.max_bytes_read,
            config.max_bytes_written,
            config.max_outbound_calls,
            config.max_pii_accesses,
            config.max_tool_calls,
            config.max_session_tokens,
        ];
        let limit = |written: Number| Limit {
            written,
            most: written.floor_u64(),
            warn_at: (written > Number::ZERO).then(|| written.percent_ceil_u64(config.warn_at_percent)),
        };
        Ok(Self {
            limits: limits.map(|written| written.map(limit)),
            window: Window::Fixed { seconds: config.session_ttl_seconds.unwrap_or(u32::MAX) },
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        let session = context.name("session_id")?;
        let mut notes = Notes::none();
        for (meter, limit) in METERS.iter().zip(&self.limits) {
            // An amount that cannot be read is a fault even where nothing is limited.
            let amount = meter.amount(context)?;
            let Some(limit) = limit else { continue };
            if limit.written.is_negative() || amount > limit.most {
                let message = format!("`{}` adds {amount}, the limit is {}", meter.fact, limit.written);
                return Ok(Verdict::violated(EXCEEDED, meter.pointer, message));
            }
            let mut counter = inquiry.counter(meter.name);
            counter.subject = session.map(|id| Cow::Owned(id.to_owned()));
            // Nothing used is asked as well: a session near its limit is told at every request.
            notes.charge(Charge {
                counter,
                window: self.window,
                amount,
                unit: meter.unit,
                limit: Some(limit.most),
                closed_at_limit: false,
                // A warning is for whoever runs the session; without an id there is nobody to tell.
                warn_at: limit.warn_at.filter(|_| session.is_some()),
                code: EXCEEDED,
                pointer: meter.pointer.into(),
            });
        }
        Ok(Verdict::Satisfied(notes))
    }
}

/// A count, zero or more: a number whose fraction is cut, or the text of a whole number. Absent is zero.
fn count(context: &Context, key: &'static str) -> Result<u64, EvaluationError> {
    let count = match context.raw(key) {
        None => return Ok(0),
        Some(Value::Bool(flag)) => Number::Int((*flag).into()),
        Some(Value::String(text)) => match text.trim().parse() {
            Ok(whole) => Number::Int(whole),
            Err(_) => return Err(EvaluationError::unreadable(key, format!("context `{key}` is no whole number"))),
        },
        Some(_) => context.quantity_or_zero(key)?,
    };
    if count.is_negative() { Err(EvaluationError::negative(key)) } else { Ok(count.floor_u64()) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated};
    use super::*;

    fn charges(config: &str, context: &str) -> Vec<Charge> {
        match judge("session_quota", config, context) {
            Verdict::Satisfied(notes) => notes.charges().to_vec(),
            other => panic!("expected charges, found {other:?}"),
        }
    }

    #[test]
    fn a_limit_left_out_has_its_default_and_one_of_null_is_none() {
        assert_eq!(charges("{}", "{}").len(), 6);
        let charged = charges(r#"{ "max_tool_calls": null }"#, r#"{ "tool_call_count": 1e9 }"#);
        assert!(charged.iter().all(|charge| charge.counter.meter != "session_quota.tool_calls"));
        assert_eq!(charged[0].limit, Some(52_428_800));
    }

    #[test]
    fn amounts_may_be_numeric_text_and_lose_their_fraction() {
        let context = r#"{ "tokens_used": " 7 ", "tool_call_count": 2.9, "bytes_read": true, "is_pii_access": "no" }"#;
        let amounts: Vec<u64> = charges("{}", context).iter().map(|charge| charge.amount).collect();
        assert_eq!(amounts, [1, 0, 0, 1, 2, 7]);
    }

    #[test]
    fn amounts_that_cannot_be_read_deny() {
        for (value, code) in [
            ("\"many\"", "request.unreadable"),
            ("\"-1\"", "request.negative"),
            ("-1", "request.negative"),
            ("null", "request.wrong_type"),
            ("[1]", "request.wrong_type"),
        ] {
            let context = format!(r#"{{ "tool_call_count": {value} }}"#);
            assert_eq!(violated(&judge("session_quota", r#"{ "max_tool_calls": null }"#, &context)), code, "{value}");
        }
    }

    #[test]
    fn a_session_is_named_within_its_agent_and_never_by_a_number() {
        let named = charges("{}", r#"{ "session_id": "s", "tenant_id": "other" }"#);
        assert_eq!(named[0].counter.subject.as_deref(), Some("s"));
        assert_eq!(named[0].counter.tenant.as_str(), "acme");
        assert_eq!(charges("{}", r#"{ "session_id": "" }"#)[0].counter.subject, None);
        assert_eq!(violated(&judge("session_quota", "{}", r#"{ "session_id": 5 }"#)), "request.wrong_type");
    }

    #[test]
    fn a_limit_of_zero_lets_only_idle_requests_pass() {
        let config = r#"{ "max_outbound_calls": 0, "max_pii_accesses": -1 }"#;
        assert_eq!(violated(&judge("session_quota", config, r#"{ "is_outbound_call": 1 }"#)), "session_quota.exceeded");
        let idle = charges(r#"{ "max_outbound_calls": 0 }"#, r#"{ "session_id": "s" }"#);
        assert!(idle[2].fits(0) && !idle[2].is_near(0));
        assert_eq!(violated(&judge("session_quota", config, "{}")), "session_quota.exceeded");
    }
}
