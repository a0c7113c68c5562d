//! Anomalies: days on which an agent used far more than in the seven days before.
//!
//! A day counts when it lies at least two standard deviations above the mean of the week before
//! it. A week that was all alike has no deviation, so a tenth of its mean stands in for it; an agent
//! that worked on fewer than three days of the week has no usual day yet.

use hashbrown::HashMap;
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::anomalies::{self as store, Day};
use crate::store::entities::anomaly;

/// Unit: microseconds.
const DAY: i64 = 86_400_000_000;
/// How many days are compared with.
const WEEK: i64 = 7;
/// The fewest of them with any use.
const LEAST_DAYS: usize = 3;
/// From how many deviations on a day is unusual.
const LEAST_SIGMA: f64 = 2.0;
/// How many days are looked at: today, and yesterday when it is over.
const LOOKED_AT: i64 = 2;
/// What people may say of one.
pub(crate) const STATUSES: [&str; 3] = ["open", "acknowledged", "dismissed"];

/// Looks at yesterday and at today so far.
pub(crate) async fn find(app: &App, tenant: &TenantId) -> Result<(), ApiError> {
    let now = clock::now_micros();
    find_at(app, tenant, now).await
}

async fn find_at(app: &App, tenant: &TenantId, now: i64) -> Result<(), ApiError> {
    let today = now.div_euclid(DAY);
    let since = (today - WEEK - LOOKED_AT + 1) * DAY;
    let days = store::daily(app.store.db(), tenant, since).await?;
    let unusual = unusual(&days, today);
    if unusual.is_empty() {
        return Ok(());
    }
    let txn = app.store.begin().await?;
    for one in unusual {
        let row = anomaly::Model {
            tenant_id: tenant.as_str().to_owned(),
            day_at: one.day * DAY,
            agent_id: one.agent_id,
            measure: one.measure.to_owned(),
            id: clock::new_id(),
            severity: severity(one.sigma).to_owned(),
            actual: one.actual,
            expected: one.expected,
            sigma: one.sigma,
            status: "open".to_owned(),
            changed_by: None,
            changed_at: None,
            found_at: now,
        };
        store::keep(&txn, row).await?;
    }
    txn.commit().await?;
    Ok(())
}

fn severity(sigma: f64) -> &'static str {
    if sigma >= 6.0 {
        "high"
    } else if sigma >= 3.5 {
        "medium"
    } else {
        "low"
    }
}

/// One unusual day of one measure.
#[derive(Clone, Debug, PartialEq)]
struct Unusual {
    agent_id: String,
    day: i64,
    measure: &'static str,
    actual: i64,
    expected: f64,
    sigma: f64,
}

/// A measure of a day, by its name.
type Measure = (&'static str, fn(&Day) -> i64);

const MEASURES: [Measure; 3] =
    [("calls", |day| day.calls), ("tokens", |day| day.tokens), ("usd_micros", |day| day.usd_micros)];

fn unusual(days: &[Day], today: i64) -> Vec<Unusual> {
    let mut by_agent: HashMap<&str, Vec<&Day>> = HashMap::new();
    for day in days {
        by_agent.entry(&day.agent_id).or_default().push(day);
    }
    let mut found = Vec::new();
    for (agent, days) in by_agent {
        for day in days.iter().filter(|day| day.day > today - LOOKED_AT && day.day <= today) {
            let week: Vec<&&Day> = days.iter().filter(|one| (day.day - WEEK..day.day).contains(&one.day)).collect();
            if week.len() < LEAST_DAYS {
                continue;
            }
            for (measure, of) in MEASURES {
                let values: Vec<i64> = week.iter().map(|day| of(day)).collect();
                let (actual, (mean, deviation)) = (of(day), spread(&values));
                let sigma = (actual as f64 - mean) / deviation.max(mean / 10.0).max(1.0);
                if sigma >= LEAST_SIGMA {
                    let agent_id = agent.to_owned();
                    found.push(Unusual { agent_id, day: day.day, measure, actual, expected: mean, sigma });
                }
            }
        }
    }
    found.sort_by(|a, b| (a.day, &a.agent_id, a.measure).cmp(&(b.day, &b.agent_id, b.measure)));
    found
}

/// Mean and standard deviation over a week; days without use count as nothing used.
fn spread(values: &[i64]) -> (f64, f64) {
    let week = WEEK as f64;
    let mean = values.iter().sum::<i64>() as f64 / week;
    let idle = (WEEK as usize).saturating_sub(values.len()) as f64 * mean * mean;
    let squares: f64 = values.iter().map(|value| (*value as f64 - mean).powi(2)).sum();
    (mean, ((squares + idle) / week).sqrt())
}

/// Says what somebody thinks of an anomaly.
pub(crate) async fn set(app: &App, caller: &Caller, id: &str, status: &str) -> Result<(), ApiError> {
    if !STATUSES.contains(&status) {
        return Err(ApiError::invalid("status", format!("must be one of {}", STATUSES.join(", "))));
    }
    let txn = app.store.begin().await?;
    let now = clock::now_micros();
    let before = store::set_status(&txn, &caller.tenant, id, status, &caller.actor(), now).await?;
    let change = Change {
        caller,
        action: AuditAction::Update,
        resource_type: "anomaly",
        resource_id: id,
        resource_name: &before.agent_id,
        changes: json!({ "status": [before.status, status], "measure": before.measure }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Day, find_at, store, unusual};
    use crate::store::entities::usage_hourly;
    use crate::testing::TestServer;

    fn day(day: i64, calls: i64) -> Day {
        Day { agent_id: "a".to_owned(), day, calls, tokens: 0, usd_micros: 0 }
    }

    #[test]
    fn a_day_far_above_the_week_before_is_unusual_and_growth_is_not() {
        let week = |calls: [i64; 7]| (0..7).zip(calls).map(|(at, calls)| day(90 + at, calls)).collect::<Vec<_>>();
        let found = |calls: [i64; 7], today: i64| {
            let mut days = week(calls);
            days.push(day(97, today));
            unusual(&days, 97).into_iter().map(|one| one.sigma.round()).collect::<Vec<_>>()
        };
        assert_eq!(found([100; 7], 500), [40.0], "a tenth of the mean stands in for no deviation");
        assert_eq!(found([100; 7], 110), [] as [f64; 0]);
        assert_eq!(found([50, 150, 50, 150, 50, 150, 100], 180), [] as [f64; 0]);
        let few = vec![day(95, 1), day(96, 1), day(97, 500)];
        assert!(unusual(&few, 97).is_empty(), "two days make no usual day");
    }

    #[tokio::test]
    async fn an_anomaly_is_found_once_and_keeps_what_people_said() {
        use sea_orm::{EntityTrait as _, IntoActiveModel as _};
        for server in [TestServer::sqlite().await, TestServer::postgres().await] {
            let (db, tenant) = (server.app.store.db(), &server.tenant);
            for at in 0..9_i64 {
                let row = usage_hourly::Model {
                    tenant_id: tenant.as_str().to_owned(),
                    hour_at: (100 + at) * super::DAY + 3_600_000_000 * 23,
                    agent_id: "builder".to_owned(),
                    provider: "openai".to_owned(),
                    model: "m".to_owned(),
                    calls: if at == 8 { 900 } else { 100 },
                    input_tokens: 10,
                    output_tokens: 0,
                    usd_micros: 0,
                };
                usage_hourly::Entity::insert(row.into_active_model()).exec_without_returning(db).await.expect("kept");
            }
            let now = 109 * super::DAY - 1;
            find_at(&server.app, tenant, now).await.expect("looked");
            let found = store::list(db, tenant, None, &[], 10).await.expect("listed");
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(
                (found[0].measure.as_str(), found[0].actual, found[0].severity.as_str()),
                ("calls", 900, "high")
            );
            let txn = server.app.store.begin().await.expect("a transaction");
            store::set_status(&txn, tenant, &found[0].id, "dismissed", "ann", 1).await.expect("set");
            txn.commit().await.expect("committed");
            find_at(&server.app, tenant, now).await.expect("looked again");
            let again = store::list(db, tenant, None, &["dismissed".to_owned()], 10).await.expect("listed");
            assert_eq!((again.len(), &again[0].id), (1, &found[0].id));
        }
    }
}
