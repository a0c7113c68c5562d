//! What was used and spent, and what may still be.

use jiff::tz::TimeZone;
use zentinelle_core::ledger::{Batch, Counter, Holder, Mode, Posting, Unit, Window};
use zentinelle_core::request::{Number, UsdMicros};
use zentinelle_core::evaluators::budget_limit::SPEND_METER;
use zentinelle_core::scope::ScopeChain;
use zentinelle_core::{Enforcement, Policy, Scope};

use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::snapshot::Snapshot;
use crate::store::usage::{self as store, Grouping, Sums};
use crate::store::wire_name;

/// The meter of what decisions charged, for budgets that requests report against.
const CHARGED_METER: &str = "budget_limit.charged";
/// How far back a question goes that says nothing. Unit: microseconds.
const THIRTY_DAYS: i64 = 30 * 86_400_000_000;
/// The longest stretch that is summed up by the hour. Unit: microseconds.
const MOST_HOURS: i64 = 92 * 86_400_000_000;

/// A stretch of time. Unit: microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// Its first instant.
    pub(crate) from: i64,
    /// The first instant after it.
    pub(crate) to: i64,
}

impl Period {
    /// As a query asks for it: the last thirty days by default.
    pub(crate) fn read(from: Option<&str>, to: Option<&str>) -> Result<Self, ApiError> {
        let to = fields::instant("to", to)?.unwrap_or_else(clock::now_micros);
        let from = fields::instant("from", from)?.unwrap_or(to.saturating_sub(THIRTY_DAYS));
        if from > to {
            return Err(ApiError::invalid("from", "is after `to`"));
        }
        Ok(Self { from, to })
    }

    /// From the first of this month, UTC, on.
    pub(crate) fn month_to_date() -> Self {
        let now = clock::now();
        let first = now.to_zoned(TimeZone::UTC).first_of_month().and_then(|day| day.start_of_day());
        let from = first.map_or(clock::micros(now), |first| clock::micros(first.timestamp()));
        Self { from, to: clock::micros(now).saturating_add(1) }
    }
}

/// The sums of a period by group.
pub(crate) async fn by_group(
    app: &App,
    caller: &Caller,
    grouping: Grouping,
    period: Period,
    most: u64,
) -> Result<Vec<Sums>, ApiError> {
    if grouping == Grouping::Hour && period.to.saturating_sub(period.from) > MOST_HOURS {
        return Err(ApiError::invalid("from", "by the hour, at most 92 days are summed up at a time"));
    }
    Ok(store::by_group(app.store.db(), &caller.tenant, grouping, period.from, period.to, most).await?)
}

/// The sums of a period.
pub(crate) async fn total(app: &App, caller: &Caller, period: Period) -> Result<Sums, ApiError> {
    Ok(store::total(app.store.db(), &caller.tenant, period.from, period.to).await?)
}

/// A budget in force, and how much of it is spent. Unit of the amounts: millionths of a US dollar.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// The policy that sets it.
    pub(crate) policy_id: String,
    /// The policy's name.
    pub(crate) policy_name: String,
    /// How strictly it is meant.
    pub(crate) enforcement: String,
    /// Which scope's spend counts.
    pub(crate) scope: Scope,
    /// The key of the policy that sets it.
    pub(crate) key: &'static str,
    /// The most that may be spent.
    pub(crate) limit: u64,
    /// What was spent; none while the ledger is away.
    pub(crate) used: Option<u64>,
    /// When it starts again. Unit: microseconds.
    pub(crate) resets_at: Option<i64>,
}

/// The budgets that policies set, with what the ledger says of each.
pub(crate) async fn budgets(app: &App, caller: &Caller) -> Result<Vec<Budget>, ApiError> {
    let snapshot = app.snapshots.get(&caller.tenant).await?;
    let policies = snapshot.engine.policies().policies();
    let mut budgets: Vec<(Budget, Posting)> =
        policies.filter(|policy| is_in_force(policy)).flat_map(limits).collect();
    let mut postings: Vec<Posting> = Vec::new();
    for (_, posting) in &budgets {
        // A batch holds each counter once.
        if !postings.iter().any(|known| known.counter == posting.counter) {
            postings.push(posting.clone());
        }
    }
    if !postings.is_empty() {
        let batch = Batch { postings: postings.clone(), now: clock::now(), mode: Mode::Peek, reservation: None };
        match app.ledger.apply(&batch).await {
            Ok(outcome) => {
                for (budget, posting) in &mut budgets {
                    let place = postings.iter().position(|known| known.counter == posting.counter);
                    if let Some(reading) = place.and_then(|place| outcome.readings.get(place)) {
                        budget.used = Some(reading.used);
                        budget.resets_at = Some(clock::micros(reading.resets_at));
                    }
                }
            }
            Err(error) => tracing::warn!(?error, "budgets are shown without what was spent: the ledger is away"),
        }
    }
    Ok(budgets.into_iter().map(|(budget, _)| budget).collect())
}

/// The ledger's lines that count everything spent towards the monthly limits that cover a caller.
pub(crate) fn spend_meters(snapshot: &Snapshot, chain: &ScopeChain<'_>) -> Vec<Posting> {
    let policies = snapshot.engine.policies().policies();
    let covering = policies.filter(|policy| is_in_force(policy) && chain.is_covered_by(&policy.scope));
    covering.flat_map(limits).map(|(_, posting)| posting).filter(|line| line.counter.meter == SPEND_METER).collect()
}

fn is_in_force(policy: &Policy) -> bool {
    policy.enabled && policy.enforcement != Enforcement::Disabled && policy.policy_type == "budget_limit"
}

/// The limits of one policy, each with the ledger's line that counts towards it.
fn limits(policy: &Policy) -> Vec<(Budget, Posting)> {
    let meters = [("monthly_limit_usd", SPEND_METER), ("monthly_budget_usd", CHARGED_METER)];
    let limit = |key: &str| {
        let value = policy.config.get(key)?;
        let dollars = match value {
            serde_json::Value::Number(number) => Number::from_json(number)?,
            value => Number::from_f64(value.as_str()?.trim().parse().ok()?)?,
        };
        UsdMicros::from_usd(dollars).filter(|limit| limit.0 > 0)
    };
    let budget = |(key, meter): (&'static str, &'static str)| {
        let limit = limit(key)?;
        let counter = Counter {
            tenant: policy.tenant_id.clone(),
            holder: holder(&policy.scope),
            meter: meter.into(),
            subject: None,
        };
        let posting = Posting { counter, window: Window::CalendarMonth, amount: 0, unit: Unit::UsdMicros, limit: None };
        let budget = Budget {
            policy_id: policy.id.as_str().to_owned(),
            policy_name: policy.name.clone(),
            enforcement: wire_name(&policy.enforcement),
            scope: policy.scope.clone(),
            key,
            limit: limit.0,
            used: None,
            resets_at: None,
        };
        Some((budget, posting))
    };
    meters.into_iter().filter_map(budget).collect()
}

/// Whose total a budget on a scope is.
fn holder(scope: &Scope) -> Holder {
    match scope {
        Scope::Organization => Holder::Tenant,
        Scope::SubOrganization(id) => Holder::SubOrganization(id.clone()),
        Scope::Deployment(id) => Holder::Deployment(id.clone()),
        Scope::Group(id) => Holder::Group(id.clone()),
        Scope::Endpoint(id) => Holder::Agent(id.clone()),
        Scope::User(id) => Holder::User(id.clone()),
    }
}
