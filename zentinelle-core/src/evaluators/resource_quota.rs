//! `resource_quota`: limits the servers an agent or user may start.
//!
//! Applies to `spawn`, and for hours to `stop`, which is never refused: a spent month must not
//! keep servers running. Numbers come from the host, which knows its servers; one left out
//! counts as zero. Sizes and services are compared exactly, and one left out is not listed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::matching::AllowList;
use crate::request::{ActionKind, Context, EvaluationError, Number};

const TOO_MANY_SERVERS: Code = Code::new("resource_quota.too_many_servers");
const NEARLY_TOO_MANY_SERVERS: Code = Code::new("resource_quota.nearly_too_many_servers");
const SIZE_NOT_ALLOWED: Code = Code::new("resource_quota.size_not_allowed");
const SERVICE_NOT_ALLOWED: Code = Code::new("resource_quota.service_not_allowed");
const HOURS_SPENT: Code = Code::new("resource_quota.hours_spent");
const HOURS_NEARLY_SPENT: Code = Code::new("resource_quota.hours_nearly_spent");

/// Share of the hours from which a warning is raised. Unit: percent.
const WARN_AT_PERCENT: Number = Number::Int(80);

/// Configuration of a `resource_quota` policy. A limit left out, or null, is not enforced; zero
/// is a real limit. An empty list restricts nothing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most servers that run at the same time. Unit: servers.
    pub max_concurrent_servers: Option<Number>,
    /// Most server time in a month. Unit: hours.
    pub max_server_hours_per_month: Option<Number>,
    /// The instance sizes that may be started. Default: any.
    pub allowed_instance_sizes: Vec<String>,
    /// The services that may be started. Default: any.
    pub allowed_services: Vec<String>,
}

/// See the module.
pub struct ResourceQuota {
    servers: Option<Number>,
    hours: Option<Number>,
    sizes: AllowList,
    services: AllowList,
}

impl Evaluator for ResourceQuota {
    type Config = Config;

    const CODES: &'static [Code] = &[
        TOO_MANY_SERVERS,
        NEARLY_TOO_MANY_SERVERS,
        SIZE_NOT_ALLOWED,
        SERVICE_NOT_ALLOWED,
        HOURS_SPENT,
        HOURS_NEARLY_SPENT,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self {
            servers: config.max_concurrent_servers,
            hours: config.max_server_hours_per_month,
            sizes: AllowList::new(config.allowed_instance_sizes),
            services: AllowList::new(config.allowed_services),
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let context = &inquiry.request.context;
        match inquiry.request.action.kind() {
            ActionKind::Spawn => self.spawn(context),
            ActionKind::Stop => Ok(self.stop(context)),
            _ => Ok(Verdict::NotApplicable),
        }
    }
}

impl ResourceQuota {
    fn spawn(&self, context: &Context) -> Result<Verdict, EvaluationError> {
        let mut notes = Notes::none();
        if let Some(limit) = self.servers {
            let running = context.quantity_or_zero("current_server_count")?;
            let message = || format!("{running} servers run, the limit is {limit}");
            if running >= limit {
                return Ok(Verdict::violated(TOO_MANY_SERVERS, "/config/max_concurrent_servers", message()));
            }
            if running.plus(Number::Int(1)) >= limit {
                notes.warn(NEARLY_TOO_MANY_SERVERS, message());
            }
        }
        for (list, fact, code, pointer) in [
            (&self.sizes, "instance_size", SIZE_NOT_ALLOWED, "/config/allowed_instance_sizes"),
            (&self.services, "service", SERVICE_NOT_ALLOWED, "/config/allowed_services"),
        ] {
            if list.is_empty() {
                continue;
            }
            let message = match context.name(fact)? {
                Some(name) if list.contains(name) => continue,
                Some(name) => format!("`{fact}` is `{name}`, which is not listed"),
                None => format!("the request does not say its `{fact}`"),
            };
            return Ok(Verdict::violated(code, pointer, message));
        }
        if let Some(limit) = self.hours {
            let used = context.quantity_or_zero("server_hours_this_month")?;
            let message = || format!("{used} of {limit} server hours used this month");
            if used >= limit {
                return Ok(Verdict::violated(HOURS_SPENT, "/config/max_server_hours_per_month", message()));
            }
            if used.reaches_percent_of(limit, WARN_AT_PERCENT) {
                notes.warn(HOURS_NEARLY_SPENT, message());
            }
        }
        Ok(Verdict::Satisfied(notes))
    }

    /// Warns at most, even when the hours cannot be read.
    fn stop(&self, context: &Context) -> Verdict {
        let Some(limit) = self.hours else { return Verdict::NotApplicable };
        let mut notes = Notes::none();
        match context.quantity_or_zero("server_hours_this_month") {
            Ok(used) if used >= limit || used.reaches_percent_of(limit, WARN_AT_PERCENT) => {
                let code = if used >= limit { HOURS_SPENT } else { HOURS_NEARLY_SPENT };
                notes.warn(code, format!("{used} of {limit} server hours used this month"));
            }
            Ok(_) => {}
            Err(error) => notes.warn(error.code, error.message),
        }
        Verdict::Satisfied(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use super::*;

    #[test]
    fn stopping_is_never_refused() {
        let config = r#"{ "max_server_hours_per_month": 100 }"#;
        let stop = |hours: &str| format!(r#"{{ "@action": "stop", "server_hours_this_month": {hours} }}"#);
        assert_eq!(warned(&judge("resource_quota", config, &stop("100"))), ["resource_quota.hours_spent"]);
        assert_eq!(warned(&judge("resource_quota", config, &stop("80"))), ["resource_quota.hours_nearly_spent"]);
        assert_eq!(warned(&judge("resource_quota", config, &stop("-1"))), ["request.negative"]);
        assert!(warned(&judge("resource_quota", config, &stop("79.9"))).is_empty());
    }

    #[test]
    fn the_last_free_place_warns_and_a_limit_of_zero_has_none() {
        let spawn = r#"{ "@action": " Spawn ", "current_server_count": 2 }"#;
        let limit = |limit: i64| judge("resource_quota", &format!(r#"{{ "max_concurrent_servers": {limit} }}"#), spawn);
        assert!(warned(&limit(4)).is_empty());
        assert_eq!(warned(&limit(3)), ["resource_quota.nearly_too_many_servers"]);
        assert_eq!(violated(&limit(2)), "resource_quota.too_many_servers");
        let none = judge("resource_quota", r#"{ "max_concurrent_servers": 0 }"#, r#"{ "@action": "spawn" }"#);
        assert_eq!(violated(&none), "resource_quota.too_many_servers");
    }

    #[test]
    fn what_is_not_said_is_not_listed() {
        let config = r#"{ "allowed_instance_sizes": ["s"], "allowed_services": ["lab"] }"#;
        let spawn = |rest: &str| judge("resource_quota", config, &format!(r#"{{ "@action": "spawn"{rest} }}"#));
        assert_eq!(violated(&spawn(r#", "service": "lab""#)), "resource_quota.size_not_allowed");
        assert_eq!(
            violated(&spawn(r#", "instance_size": "s", "service": "LAB""#)),
            "resource_quota.service_not_allowed"
        );
        assert_eq!(violated(&spawn(r#", "instance_size": ["s"]"#)), "request.wrong_type");
        assert_eq!(spawn(r#", "instance_size": "s", "service": "lab""#), Verdict::satisfied());
        assert_eq!(judge("resource_quota", config, "{}"), Verdict::NotApplicable);
    }
}
