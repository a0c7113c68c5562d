//! `budget_limit`: caps what is spent in a calendar month, UTC.
//!
//! Two limits, independent of each other:
//!
//! - `monthly_limit_usd` is a ceiling on everything logged for the policy's scope, kept in the
//!   ledger. It is checked before any policy is asked, for every budget whose scope covers the
//!   request, displaced or not. A limit of zero or less is none.
//! - `monthly_budget_usd` compares with the month's spend as the request reports it
//!   (`current_month_spend_usd`), and besides with what this engine has charged for the
//!   policy's scope. A budget of zero refuses.
//!
//! Both charge the request's own `estimated_cost_usd`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Evaluator, Inquiry};
use crate::decision::{Annotation, Notes, Verdict};
use crate::error::{Code, PolicyError};
use crate::ledger::{Charge, Counter, Holder, Unit, Window};
use crate::request::{EvaluationError, Number, Request, UsdMicros};
use crate::scope::Scope;

const EXCEEDED: Code = Code::new("budget_limit.exceeded");
const NEAR: Code = Code::new("budget_limit.near");

/// The counter of everything logged for a scope in a month.
pub const SPEND_METER: &str = "budget_limit.spend";
/// The counter of what this engine has charged for a scope in a month.
const CHARGED_METER: &str = "budget_limit.charged";

const DEFAULT_ALERT_PERCENT: Number = Number::Int(80);

/// Configuration of a `budget_limit` policy. A limit left out, or null, is not enforced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most to be spent in a month by reported and charged cost. Unit: US dollars.
    pub monthly_budget_usd: Option<Number>,
    /// Share of the budget from which a warning is raised. Unit: percent. Default: 80.
    pub alert_threshold_percent: Number,
    /// Whether a spent budget denies; if not, it warns. Default: true.
    pub hard_limit: bool,
    /// Most to be spent in a month by the ledger. Unit: US dollars, as a number or as text.
    pub monthly_limit_usd: Option<Dollars>,
    /// Share of the ledger's limit from which a warning is raised. Unit: percent. Default: 80.
    pub alert_at_percent: Option<Number>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            monthly_budget_usd: None,
            alert_threshold_percent: DEFAULT_ALERT_PERCENT,
            hard_limit: true,
            monthly_limit_usd: None,
            alert_at_percent: None,
        }
    }
}

/// An amount of US dollars, written as a number or as numeric text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Dollars {
    /// As a number.
    Number(Number),
    /// As text, such as `"100"`.
    Text(String),
}

/// See the module.
pub struct BudgetLimit {
    budget: Option<Number>,
    alert_percent: Number,
    hard: bool,
    ceiling: Option<Ceiling>,
}

struct Ceiling {
    limit: UsdMicros,
    warn_at: u64,
}

impl Evaluator for BudgetLimit {
    type Config = Config;

    const CODES: &'static [Code] = &[EXCEEDED, NEAR];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        for (key, percent) in [
            ("alert_threshold_percent", Some(config.alert_threshold_percent)),
            ("alert_at_percent", config.alert_at_percent),
        ] {
            if let Some(percent) = percent.filter(|percent| percent.is_negative()) {
                faults.push(PolicyError::out_of_range(key, percent, 0, "any number of percent"));
            }
        }
        let limit = match config.monthly_limit_usd.as_ref().map(dollars).transpose() {
            Ok(limit) => limit.filter(|limit| *limit > Number::ZERO),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let percent = config.alert_at_percent.unwrap_or(DEFAULT_ALERT_PERCENT);
        let ceiling =
            limit.and_then(UsdMicros::from_usd).map(|limit| Ceiling { limit, warn_at: share(limit, percent) });
        Ok(Self {
            budget: config.monthly_budget_usd,
            alert_percent: config.alert_threshold_percent,
            hard: config.hard_limit,
            ceiling,
        })
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        let Some(budget) = self.budget else {
            // The ledger's limit was checked before any policy was asked.
            return Ok(if self.ceiling.is_some() { Verdict::satisfied() } else { Verdict::NotApplicable });
        };
        let request = inquiry.request;
        let spend = request.context.quantity_or_zero("current_month_spend_usd")?;
        let cost = estimated_cost(request)?;
        let mut notes = Notes::none();
        let mut warn_at = None;
        if spend >= budget {
            let message = format!("${spend} spent this month, the budget is ${budget}");
            if self.hard {
                return Ok(Verdict::violated(EXCEEDED, "/config/monthly_budget_usd", message));
            }
            notes.warn(EXCEEDED, message);
        } else if spend.reaches_percent_of(budget, self.alert_percent) {
            notes.warn(NEAR, format!("${spend} of ${budget} spent this month"));
        } else {
            warn_at = UsdMicros::from_usd(budget).map(|limit| share(limit, self.alert_percent));
        }
        if let Some(limit) = UsdMicros::from_usd(budget).filter(|_| cost > UsdMicros(0)) {
            notes.charge(Charge {
                counter: counter(request, &inquiry.policy.scope, CHARGED_METER),
                window: Window::CalendarMonth,
                amount: cost.0,
                unit: Unit::UsdMicros,
                limit: self.hard.then_some(limit.0),
                closed_at_limit: true,
                warn_at,
                code: EXCEEDED,
                near_code: NEAR,
                pointer: "/config/monthly_budget_usd".into(),
            });
        }
        notes.annotate(Annotation::Budget { budget, spend });
        Ok(Verdict::Satisfied(notes))
    }
}

impl BudgetLimit {
    /// The check that comes before all policies: the month's ceiling on the ledger's total for
    /// the policy's scope.
    pub(crate) fn monthly_check(&self, request: &Request, scope: &Scope) -> Result<Option<Charge>, EvaluationError> {
        let Some(ceiling) = &self.ceiling else { return Ok(None) };
        Ok(Some(Charge {
            counter: counter(request, scope, SPEND_METER),
            window: Window::CalendarMonth,
            amount: estimated_cost(request)?.0,
            unit: Unit::UsdMicros,
            limit: Some(ceiling.limit.0),
            closed_at_limit: true,
            warn_at: Some(ceiling.warn_at),
            code: EXCEEDED,
            near_code: NEAR,
            pointer: "/config/monthly_limit_usd".into(),
        }))
    }
}

/// What the request itself would cost, as the host estimates it.
fn estimated_cost(request: &Request) -> Result<UsdMicros, EvaluationError> {
    let cost = request.context.quantity("estimated_cost_usd")?;
    Ok(cost.and_then(UsdMicros::from_usd).unwrap_or_default())
}

/// The month's total of the policy's scope: a budget on a team counts the team.
fn counter(request: &Request, scope: &Scope, meter: &'static str) -> Counter {
    let holder = match scope {
        Scope::Organization => Holder::Tenant,
        Scope::SubOrganization(id) => Holder::SubOrganization(id.clone()),
        Scope::Deployment(id) => Holder::Deployment(id.clone()),
        Scope::Group(id) => Holder::Group(id.clone()),
        Scope::Endpoint(id) => Holder::Agent(id.clone()),
        Scope::User(id) => Holder::User(id.clone()),
    };
    Counter { tenant: request.agent.tenant_id.clone(), holder, meter: meter.into(), subject: None }
}

/// So many percent of a limit, rounded up.
fn share(limit: UsdMicros, percent: Number) -> u64 {
    Number::from(limit.0).percent_ceil_u64(percent)
}

fn dollars(written: &Dollars) -> Result<Number, PolicyError> {
    match written {
        Dollars::Number(number) => Ok(*number),
        // An empty field of a form is a limit nobody set.
        Dollars::Text(text) if text.trim().is_empty() => Ok(Number::ZERO),
        Dollars::Text(text) => text.trim().parse().ok().and_then(Number::from_f64).ok_or_else(|| {
            PolicyError::invalid("monthly_limit_usd", "`monthly_limit_usd` is a text that is no number")
                .with_help("write the amount as a number, such as 250")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};

    #[test]
    fn a_budget_is_spent_when_it_is_reached() {
        let config = r#"{ "monthly_budget_usd": 100 }"#;
        assert_eq!(
            violated(&judge("budget_limit", config, r#"{ "current_month_spend_usd": 100 }"#)),
            "budget_limit.exceeded"
        );
        assert!(warned(&judge("budget_limit", config, r#"{ "current_month_spend_usd": 79.99 }"#)).is_empty());
        assert_eq!(
            warned(&judge("budget_limit", config, r#"{ "current_month_spend_usd": 80 }"#)),
            ["budget_limit.near"]
        );
    }

    #[test]
    fn a_refund_is_no_spend() {
        let verdict = judge("budget_limit", r#"{ "monthly_budget_usd": 100 }"#, r#"{ "current_month_spend_usd": -5 }"#);
        assert_eq!(violated(&verdict), "request.negative");
    }
}
