//! `session_policy`: limits length, messages, idle time and hours of a session.
//!
//! Hours and days apply to every action, on the clock of `timezone`, daylight saving included.
//! The other rules apply when the request states the fact they are about; a fact that is stated
//! but cannot be read, or a time ahead of the request's own, denies.
//!
//! Two rules are about people and apply only when the agent acts for a user: `require_mfa` asks
//! that the host confirms a second factor, and `max_session_duration_hours` limits how long that
//! user's session may last. An agent acting for nobody has nobody to ask.
//!
//! Start and last activity are the host's word: it must not take them from the agent.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::matching::zones::Zone;
use crate::request::{EvaluationError, Number, Request};
use crate::scan::Severity;

const OUTSIDE_HOURS: Code = Code::new("session_policy.outside_hours");
const DAY_NOT_ALLOWED: Code = Code::new("session_policy.day_not_allowed");
const TOO_LONG: Code = Code::new("session_policy.too_long");
const NEARLY_TOO_LONG: Code = Code::new("session_policy.nearly_too_long");
const TOO_MANY_MESSAGES: Code = Code::new("session_policy.too_many_messages");
const NEARLY_TOO_MANY_MESSAGES: Code = Code::new("session_policy.nearly_too_many_messages");
const IDLE: Code = Code::new("session_policy.idle");
const MFA_REQUIRED: Code = Code::new("session_policy.mfa_required");

/// Share of a limit from which a warning is raised. Unit: percent.
const WARN_AT_PERCENT: Number = Number::Int(90);

/// Configuration of a `session_policy` policy. A limit left out, or null, is not enforced; zero
/// is a real limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The hours of the day at which requests are admitted. Default: all.
    pub allowed_hours: Option<Hours>,
    /// The days of the week on which requests are admitted, 0 for Monday to 6 for Sunday. An
    /// empty list admits none. Default: all.
    #[schemars(inner(range(min = 0, max = 6)))]
    pub allowed_days: Option<Vec<u8>>,
    /// The clock that hours and days are read on: an IANA name, such as `Europe/Berlin`.
    /// Default: UTC.
    pub timezone: Option<String>,
    /// How long a session may last since `session_started_at`. Unit: minutes.
    pub max_session_duration_minutes: Option<Number>,
    /// How long a user's session may last since `session_started_at`. Unit: hours.
    pub max_session_duration_hours: Option<Number>,
    /// How many messages a session may hold, by `session_message_count`. Unit: messages.
    pub max_messages_per_session: Option<Number>,
    /// How long since `session_last_active_at` a session may go on. Unit: minutes.
    pub idle_timeout_minutes: Option<Number>,
    /// Whether a user's requests need `mfa_verified` to be true. Default: false.
    pub require_mfa: bool,
}

/// A window of hours. It ends before it starts when it runs over midnight; where both are equal
/// it admits nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hours {
    /// The first hour admitted. Unit: hours, 0 to 24. Default: 0.
    pub start: Number,
    /// The first hour no longer admitted. Unit: hours, 0 to 24. Default: 24.
    pub end: Number,
}

impl Default for Hours {
    fn default() -> Self {
        Self { start: Number::ZERO, end: Number::Int(24) }
    }
}

impl Hours {
    fn admit(&self, hour: Number) -> bool {
        if self.end < self.start {
            hour >= self.start || hour < self.end
        } else {
            hour >= self.start && hour < self.end
        }
    }
}

/// See the module.
pub struct SessionPolicy {
    config: Config,
    zone: Zone,
}

impl Evaluator for SessionPolicy {
    type Config = Config;

    const CODES: &'static [Code] = &[
        OUTSIDE_HOURS,
        DAY_NOT_ALLOWED,
        TOO_LONG,
        NEARLY_TOO_LONG,
        TOO_MANY_MESSAGES,
        NEARLY_TOO_MANY_MESSAGES,
        IDLE,
        MFA_REQUIRED,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        if let Some(hours) = &config.allowed_hours {
            for (key, hour) in [("start", hours.start), ("end", hours.end)] {
                if hour.is_negative() || hour > Number::Int(24) {
                    let message = format!("`{key}` of `allowed_hours` is {hour}, outside 0 to 24");
                    let pointer = Pointer::ROOT.key("allowed_hours").key(key);
                    faults.push(PolicyError::new(codes::OUT_OF_RANGE, pointer, message));
                }
            }
        }
        for (index, day) in config.allowed_days.iter().flatten().enumerate() {
            if *day > 6 {
                let message = format!("day {day} does not exist");
                let pointer = Pointer::ROOT.key("allowed_days").index(index);
                let fault = PolicyError::new(codes::OUT_OF_RANGE, pointer, message);
                faults.push(fault.with_help("days run from 0 for Monday to 6 for Sunday"));
            }
        }
        let zone = match config.timezone.as_deref().map(Zone::named) {
            None => Zone::utc(),
            Some(Some(zone)) => zone,
            Some(None) if !cfg!(feature = "time-zones") => {
                let message = "this build of the engine knows no time zone but UTC";
                let fault = PolicyError::new(codes::NOT_IN_THIS_BUILD, Pointer::ROOT.key("timezone"), message);
                faults.push(fault.with_help("use the whole engine, or write the hours in UTC"));
                Zone::utc()
            }
            Some(None) => {
                faults.push(
                    PolicyError::invalid("timezone", "`timezone` is no IANA time zone")
                        .with_help("write a name such as `Europe/Berlin` or `UTC`"),
                );
                Zone::utc()
            }
        };
        if faults.is_empty() { Ok(Self { config, zone }) } else { Err(faults) }
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        if let Some(outside) = self.outside_hours(request.now).or_else(|| self.without_mfa(request)) {
            return Ok(outside);
        }
        let mut notes = Notes::none();
        for check in [Self::duration, Self::messages, Self::idle] {
            if let Some(violated) = check(self, request, &mut notes)? {
                return Ok(violated);
            }
        }
        Ok(Verdict::Satisfied(notes))
    }
}

impl SessionPolicy {
    fn outside_hours(&self, now: Timestamp) -> Option<Verdict> {
        if self.config.allowed_hours.is_none() && self.config.allowed_days.is_none() {
            return None;
        }
        let local = self.zone.at(now);
        if let Some(hours) = &self.config.allowed_hours
            && !hours.admit(Number::Int(local.hour().into()))
        {
            let message = format!(
                "it is {:02}:{:02}, requests are admitted from {} to {}",
                local.hour(),
                local.minute(),
                hours.start,
                hours.end
            );
            return Some(Verdict::violated(OUTSIDE_HOURS, "/config/allowed_hours", message));
        }
        let today = local.weekday().to_monday_zero_offset().unsigned_abs();
        if self.config.allowed_days.as_ref().is_some_and(|days| !days.contains(&today)) {
            let message = format!("day {today} of the week is not listed");
            return Some(Verdict::violated(DAY_NOT_ALLOWED, "/config/allowed_days", message));
        }
        None
    }

    fn without_mfa(&self, request: &Request) -> Option<Verdict> {
        let wanted = self.config.require_mfa && request.user_id.is_some();
        if !wanted || request.context.raw("mfa_verified") == Some(&Value::Bool(true)) {
            return None;
        }
        let message = "`mfa_verified` is not true";
        Some(
            crate::decision::Violation::new(MFA_REQUIRED, "/config/require_mfa", message)
                .with_severity(Severity::High)
                .into(),
        )
    }

    fn duration(&self, request: &Request, notes: &mut Notes) -> Result<Option<Verdict>, EvaluationError> {
        let hours = self.config.max_session_duration_hours.filter(|_| request.user_id.is_some());
        let limits = [
            (self.config.max_session_duration_minutes, 60, "minutes", "/config/max_session_duration_minutes"),
            (hours, 3_600, "hours", "/config/max_session_duration_hours"),
        ];
        if limits.iter().all(|(limit, ..)| limit.is_none()) {
            return Ok(None);
        }
        let Some(started) = request.context.instant("session_started_at", request.now)? else { return Ok(None) };
        let elapsed = request.now.duration_since(started);
        for (limit, seconds, unit, pointer) in limits {
            let Some(limit) = limit else { continue };
            let message = || format!("the session has lasted {elapsed:#}, the limit is {limit} {unit}");
            if exceeds(elapsed, limit, seconds, 100) {
                return Ok(Some(Verdict::violated(TOO_LONG, pointer, message())));
            }
            if exceeds(elapsed, limit, seconds, 90) {
                notes.warn(NEARLY_TOO_LONG, message());
            }
        }
        Ok(None)
    }

    fn messages(&self, request: &Request, notes: &mut Notes) -> Result<Option<Verdict>, EvaluationError> {
        let Some(limit) = self.config.max_messages_per_session else { return Ok(None) };
        let count = request.context.quantity_or_zero("session_message_count")?;
        if count >= limit {
            let message = format!("the session holds {count} messages, the limit is {limit}");
            return Ok(Some(Verdict::violated(TOO_MANY_MESSAGES, "/config/max_messages_per_session", message)));
        }
        if count.reaches_percent_of(limit, WARN_AT_PERCENT) {
            notes.warn(NEARLY_TOO_MANY_MESSAGES, format!("{count} of {limit} messages used"));
        }
        Ok(None)
    }

    fn idle(&self, request: &Request, _: &mut Notes) -> Result<Option<Verdict>, EvaluationError> {
        let Some(limit) = self.config.idle_timeout_minutes else { return Ok(None) };
        let Some(active) = request.context.instant("session_last_active_at", request.now)? else { return Ok(None) };
        let idle = request.now.duration_since(active);
        if !exceeds(idle, limit, 60, 100) {
            return Ok(None);
        }
        let message = format!("the session was idle for {idle:#}, the limit is {limit} minutes");
        Ok(Some(Verdict::violated(IDLE, "/config/idle_timeout_minutes", message)))
    }
}

/// Whether a time is longer than `percent` per cent of `limit` units of so many seconds.
fn exceeds(elapsed: SignedDuration, limit: Number, seconds: i128, percent: i128) -> bool {
    match limit {
        Number::Int(limit) => {
            let share = limit.saturating_mul(seconds * percent).saturating_mul(1_000_000_000);
            elapsed.as_nanos().saturating_mul(100) > share
        }
        Number::Float(limit) => elapsed.as_secs_f64() * 100.0 > limit * (seconds * percent) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, judge_request, violated, warned};
    use super::*;
    use crate::agent::Agent;
    use crate::request::{Action, Context};

    fn at(config: &str, now: &str) -> Verdict {
        let request = Request::new(Agent::new("acme", "agent-1"), Action::new("tool_call"), now.parse().unwrap());
        judge_request("session_policy", config, &request)
    }

    #[test]
    fn hours_are_local_and_follow_daylight_saving() {
        let config = r#"{ "allowed_hours": { "start": 9, "end": 17 }, "timezone": "Europe/Berlin" }"#;
        assert_eq!(violated(&at(config, "2026-03-27T07:30:00Z")), "session_policy.outside_hours");
        assert!(warned(&at(config, "2026-03-30T07:30:00Z")).is_empty());
        assert_eq!(violated(&at(config, "2026-03-30T15:00:00Z")), "session_policy.outside_hours");
    }

    #[test]
    fn a_window_may_run_over_midnight_and_an_empty_one_admits_nothing() {
        let night = r#"{ "allowed_hours": { "start": 22, "end": 6 } }"#;
        for (hour, inside) in [("21:59", false), ("22:00", true), ("05:59", true), ("06:00", false)] {
            let verdict = at(night, &format!("2026-03-11T{hour}:00Z"));
            assert_eq!(matches!(verdict, Verdict::Satisfied(_)), inside, "{hour}");
        }
        assert_eq!(
            violated(&judge("session_policy", r#"{ "allowed_hours": { "start": 12, "end": 12 } }"#, "{}")),
            "session_policy.outside_hours"
        );
    }

    #[test]
    fn every_bad_hour_day_and_zone_is_reported() {
        let config = serde_json::from_str(
            r#"{ "allowed_hours": { "start": -1, "end": 25 }, "allowed_days": [2, 7], "timezone": "Mars/Base" }"#,
        );
        let errors = SessionPolicy::compile(config.unwrap()).err().unwrap();
        let places: Vec<&str> = errors.iter().map(|error| error.pointer().as_str()).collect();
        assert_eq!(places, ["/allowed_hours/start", "/allowed_hours/end", "/allowed_days/1", "/timezone"]);
    }

    #[test]
    fn a_session_warns_after_nine_tenths_and_ends_after_its_limit() {
        let config = r#"{ "max_session_duration_minutes": 60 }"#;
        let started = |at: &str| judge("session_policy", config, &format!(r#"{{ "session_started_at": {at} }}"#));
        assert!(warned(&started("\"2026-03-11T11:06:00Z\"")).is_empty());
        assert_eq!(warned(&started("\"2026-03-11T11:00:00Z\"")), ["session_policy.nearly_too_long"]);
        assert_eq!(violated(&started("\"2026-03-11T10:59:59.999Z\"")), "session_policy.too_long");
        assert_eq!(violated(&started("\"2026-03-11T12:02:00Z\"")), "request.in_future");
        assert_eq!(violated(&started("1773230400000")), "request.unreadable_time");
        let fraction = r#"{ "idle_timeout_minutes": 0.5 }"#;
        let idle = judge("session_policy", fraction, r#"{ "session_last_active_at": "2026-03-11T11:59:29Z" }"#);
        assert_eq!(violated(&idle), "session_policy.idle");
    }

    #[test]
    fn a_user_must_have_shown_a_second_factor_and_may_not_stay_beyond_the_hours() {
        let config = r#"{ "require_mfa": true, "max_session_duration_hours": 8 }"#;
        let mut request = Request::new(
            Agent::new("acme", "agent-1"),
            Action::new("tool_call"),
            "2026-03-11T12:00:00Z".parse().unwrap(),
        );
        assert_eq!(judge_request("session_policy", config, &request), Verdict::satisfied());
        request.user_id = Some("alice".into());
        assert_eq!(violated(&judge_request("session_policy", config, &request)), "session_policy.mfa_required");
        for (facts, code) in [
            (r#"{ "mfa_verified": 1 }"#, "session_policy.mfa_required"),
            (r#"{ "mfa_verified": true, "session_started_at": "2026-03-11T03:59:00Z" }"#, "session_policy.too_long"),
        ] {
            request.context = Context::from(serde_json::from_str::<serde_json::Map<_, _>>(facts).unwrap());
            assert_eq!(violated(&judge_request("session_policy", config, &request)), code);
        }
    }
}
