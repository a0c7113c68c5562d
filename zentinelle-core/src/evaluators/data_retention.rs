//! `data_retention`: limits age and place of data.
//!
//! Applies to every action that says something of the data: how old it is (`data_age_days`, or
//! `data_created_at`; the older of the two counts), where it lies (`data_region`), or what is to
//! become of it (`retention_metadata`). A region that is left out is none of the listed ones as
//! soon as the request says anything else of the data. Deleting old data is the host's work: it
//! reads the keys about events, evaluations, interactions, scans, usage and the audit log.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::matching::AllowList;
use crate::request::{EvaluationError, Number, Request};

const NO_METADATA: Code = Code::new("data_retention.no_metadata");
const REGION_NOT_ALLOWED: Code = Code::new("data_retention.region_not_allowed");
const TOO_OLD: Code = Code::new("data_retention.too_old");
const NEARLY_TOO_OLD: Code = Code::new("data_retention.nearly_too_old");
const NOT_ANONYMIZED: Code = Code::new("data_retention.not_anonymized");

const SECONDS_PER_DAY: i64 = 86_400;

/// Configuration of a `data_retention` policy. A limit left out, or null, is not enforced; zero
/// is a real limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The greatest age of data that may be used. Unit: days.
    pub retention_days: Option<Number>,
    /// The age beyond which data that is not anonymised raises a warning. Unit: days.
    pub anonymize_after_days: Option<Number>,
    /// Whether every request must carry `retention_metadata`. Default: false.
    pub require_retention_metadata: bool,
    /// The regions data may lie in, compared exactly. Default: any.
    pub allowed_regions: Vec<String>,
    /// How long the host keeps events; it deletes older ones. Unit: days.
    pub event_retention_days: Option<Number>,
    /// How long the host keeps evaluations; it deletes older ones. Unit: days.
    pub evaluation_retention_days: Option<Number>,
    /// How long the host keeps interactions; it deletes older ones. Unit: days.
    pub interaction_retention_days: Option<Number>,
    /// How long the host keeps content scans; it deletes older ones. Unit: days.
    pub scan_retention_days: Option<Number>,
    /// How long the host keeps records of usage; it deletes older ones. Unit: days.
    pub usage_retention_days: Option<Number>,
    /// How long the host should keep its audit log. A host that cannot shorten the log and still prove it keeps all
    /// of it. Unit: days.
    pub audit_log_retention_days: Option<Number>,
    /// Whether the host forgets users once their events are older than `event_retention_days`. Default: false.
    pub auto_delete_user_data: bool,
}

/// See the module.
pub struct DataRetention {
    retention: Option<Number>,
    anonymize: Option<Number>,
    needs_metadata: bool,
    regions: AllowList,
}

impl Evaluator for DataRetention {
    type Config = Config;

    const CODES: &'static [Code] = &[NO_METADATA, REGION_NOT_ALLOWED, TOO_OLD, NEARLY_TOO_OLD, NOT_ANONYMIZED];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        Ok(Self {
            retention: config.retention_days,
            anonymize: config.anonymize_after_days,
            needs_metadata: config.require_retention_metadata,
            regions: AllowList::new(config.allowed_regions),
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let request = inquiry.request;
        let context = &request.context;
        if self.needs_metadata && !context.is_set("retention_metadata") {
            let message = "the request carries no `retention_metadata`";
            return Ok(Verdict::violated(NO_METADATA, "/config/require_retention_metadata", message));
        }
        if let Some(violated) = self.misplaced(request)? {
            return Ok(violated);
        }
        if self.retention.is_none() && self.anonymize.is_none() {
            return Ok(Verdict::satisfied());
        }
        let Some(age) = age_in_days(request)? else { return Ok(Verdict::satisfied()) };
        let mut notes = Notes::none();
        if let Some(limit) = self.retention {
            let message = || format!("the data is {age} days old, the limit is {limit} days");
            if age > limit {
                return Ok(Verdict::violated(TOO_OLD, "/config/retention_days", message()));
            }
            if age.as_f64() * 100.0 > limit.as_f64() * 90.0 {
                notes.warn(NEARLY_TOO_OLD, message());
            }
        }
        if let Some(limit) = self.anonymize
            && age > limit
            && !context.is_set("data_anonymized")
        {
            let message = format!("the data is {age} days old and not anonymised, as is due after {limit} days");
            notes.warn(NOT_ANONYMIZED, message);
        }
        Ok(Verdict::Satisfied(notes))
    }
}

impl DataRetention {
    fn misplaced(&self, request: &Request) -> Result<Option<Verdict>, EvaluationError> {
        let context = &request.context;
        if self.regions.is_empty() {
            return Ok(None);
        }
        let message = match context.name("data_region")? {
            Some(region) if self.regions.contains(region) => return Ok(None),
            Some(region) => format!("`data_region` is `{region}`, which is not listed"),
            None => {
                let about_data = ["data_age_days", "data_created_at", "retention_metadata"];
                if !about_data.iter().any(|key| context.get(key).is_some()) {
                    return Ok(None);
                }
                "the request does not say the `data_region` of its data".to_owned()
            }
        };
        Ok(Some(Verdict::violated(REGION_NOT_ALLOWED, "/config/allowed_regions", message)))
    }
}

/// The age of the data, the greater of what is claimed and what follows from its date.
fn age_in_days(request: &Request) -> Result<Option<Number>, EvaluationError> {
    let claimed = request.context.quantity("data_age_days")?;
    let created = request.context.instant("data_created_at", request.now)?;
    // Whole days, rounded down. A date within the clock skew ahead gives an age of zero.
    let counted = created.map(|created| {
        let seconds = request.now.duration_since(created).as_secs().max(0);
        Number::Int((seconds / SECONDS_PER_DAY).into())
    });
    Ok(match (claimed, counted) {
        (Some(claimed), Some(counted)) => Some(if counted > claimed { counted } else { claimed }),
        (one, other) => one.or(other),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};

    #[test]
    fn a_claimed_age_does_not_hide_the_date() {
        let config = r#"{ "retention_days": 90 }"#;
        let data = |facts: &str| judge("data_retention", config, facts);
        let old = r#"{ "data_age_days": 1, "data_created_at": "2025-12-01T00:00:00Z" }"#;
        assert_eq!(violated(&data(old)), "data_retention.too_old");
        let young = r#"{ "data_age_days": 91, "data_created_at": "2026-03-10T00:00:00Z" }"#;
        assert_eq!(violated(&data(young)), "data_retention.too_old");
        assert!(warned(&data(r#"{ "data_age_days": 81 }"#)).is_empty());
        assert_eq!(warned(&data(r#"{ "data_age_days": 81.1 }"#)), ["data_retention.nearly_too_old"]);
    }

    #[test]
    fn an_age_that_cannot_be_read_denies_where_a_rule_needs_it() {
        for (facts, code) in [
            (r#"{ "data_age_days": -1 }"#, "request.negative"),
            (r#"{ "data_age_days": "1" }"#, "request.wrong_type"),
            (r#"{ "data_created_at": "last week" }"#, "request.unreadable_time"),
            (r#"{ "data_created_at": "2026-03-12T00:00:00Z" }"#, "request.in_future"),
        ] {
            assert_eq!(violated(&judge("data_retention", r#"{ "anonymize_after_days": 0 }"#, facts)), code, "{facts}");
            assert!(warned(&judge("data_retention", "{}", facts)).is_empty());
        }
    }

    #[test]
    fn a_limit_of_zero_days_admits_only_data_of_today() {
        let config = r#"{ "retention_days": 0 }"#;
        assert!(warned(&judge("data_retention", config, r#"{ "data_age_days": 0 }"#)).is_empty());
        assert_eq!(violated(&judge("data_retention", config, r#"{ "data_age_days": 0.1 }"#)), "data_retention.too_old");
    }

    #[test]
    fn data_without_a_region_lies_in_none_of_them() {
        let config = r#"{ "allowed_regions": ["eu-1"] }"#;
        assert!(warned(&judge("data_retention", config, "{}")).is_empty());
        for facts in [r#"{ "data_age_days": 1 }"#, r#"{ "data_region": "EU-1" }"#] {
            assert_eq!(violated(&judge("data_retention", config, facts)), "data_retention.region_not_allowed");
        }
    }
}
