//! What is usual for an agent, learnt from what it did.
//!
//! Learnt from permitted evaluations and from events, so that what was refused teaches nothing.
//! Where both tell of the same thing (a tool call is evaluated and then reported), the larger of
//! the two counts, not their sum.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};
use serde_json::Value;
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::request::Baseline;

use crate::app::App;
use crate::clock;
use crate::jobs::JobError;
use crate::store::entities::{agent, behavioral_baseline, evaluation, event, policy};
use crate::store::{Store, StoreError};

/// Unit: microseconds.
const HOUR: i64 = 3_600_000_000;
/// Unit: microseconds.
const DAY: i64 = 24 * HOUR;
/// What a policy that says nothing looks back. Unit: days.
const WINDOW_DAYS: f64 = 14.0;
/// The longest look back. Unit: days.
const MOST_DAYS: f64 = 366.0;
/// The least observations a baseline is learnt from.
const LEAST_SAMPLES: usize = 50;
/// The latest so many observations of each sort are looked at.
const MOST_SAMPLES: u64 = 20_000;

/// One thing an agent did.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub(super) struct Observation {
    /// The action, or the type of event.
    pub(super) name: String,
    /// The session, if the row says it.
    pub(super) session_id: Option<String>,
    /// The context, or the payload.
    pub(super) facts: Value,
    /// When. Unit: microseconds since 1970.
    pub(super) occurred_at: i64,
}

/// Learns anew for every agent of a tenant that has a policy which asks for it.
pub(crate) async fn learn(app: &App, tenant: &TenantId) -> Result<(), JobError> {
    let Some(days) = window(&app.store, tenant).await? else { return Ok(()) };
    let from = clock::now_micros().saturating_sub((days * DAY as f64) as i64);
    let agents: Vec<String> = agent::Entity::find()
        .select_only()
        .column(agent::Column::AgentId)
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::Status.ne("terminated"))
        .into_tuple()
        .all(app.store.db())
        .await?;
    for agent_id in agents {
        let evaluations = evaluations(&app.store, tenant, &agent_id, from).await?;
        let events = events(&app.store, tenant, &agent_id, from).await?;
        keep(&app.store, tenant, &agent_id, baseline(&evaluations, &events)).await?;
        app.agent_changed(tenant, &AgentId::new(agent_id)).await;
    }
    Ok(())
}

/// How far back the policies of a tenant look, in days; none when no policy asks for baselines.
async fn window(store: &Store, tenant: &TenantId) -> Result<Option<f64>, StoreError> {
    let policies = policy::Entity::find()
        .filter(policy::Column::TenantId.eq(tenant.as_str()))
        .filter(policy::Column::PolicyType.eq("behavioral_baseline"))
        .filter(policy::Column::Enabled.eq(true))
        .all(store.db())
        .await?;
    let days = policies.iter().map(|policy| {
        let days = policy.config.get("baseline_window_days").and_then(Value::as_f64).unwrap_or(WINDOW_DAYS);
        if days > 0.0 { days.min(MOST_DAYS) } else { WINDOW_DAYS }
    });
    Ok(days.reduce(f64::max))
}

async fn evaluations(store: &Store, tenant: &TenantId, agent: &str, from: i64) -> Result<Vec<Observation>, StoreError> {
    use evaluation::Column;
    let found = evaluation::Entity::find()
        .select_only()
        .column_as(Column::Action, "name")
        .column(Column::SessionId)
        .column_as(Column::Context, "facts")
        .column(Column::OccurredAt)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.eq(agent))
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::Allowed.eq(true))
        .filter(Column::DryRun.eq(false))
        .order_by_desc(Column::OccurredAt)
        .limit(MOST_SAMPLES);
    Ok(found.into_model().all(store.db()).await?)
}

async fn events(store: &Store, tenant: &TenantId, agent: &str, from: i64) -> Result<Vec<Observation>, StoreError> {
    use event::Column;
    let found = event::Entity::find()
        .select_only()
        .column_as(Column::EventType, "name")
        .column_as(sea_orm::sea_query::Expr::value(None::<String>), "session_id")
        .column_as(Column::Payload, "facts")
        .column(Column::OccurredAt)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.eq(agent))
        .filter(Column::OccurredAt.gte(from))
        .order_by_desc(Column::OccurredAt)
        .limit(MOST_SAMPLES);
    Ok(found.into_model().all(store.db()).await?)
}

/// Replaces an agent's baseline; none takes it away, so that nobody is measured by what is long
/// past.
async fn keep(store: &Store, tenant: &TenantId, agent: &str, learnt: Option<Baseline>) -> Result<(), StoreError> {
    use behavioral_baseline::Column;
    let key = (tenant.as_str().to_owned(), agent.to_owned());
    let Some(learnt) = learnt else {
        behavioral_baseline::Entity::delete_by_id(key).exec(store.db()).await?;
        return Ok(());
    };
    let samples = learnt.sample_count;
    let written = serde_json::to_value(learnt)
        .map_err(|error| StoreError::Unreadable { what: "behavioral baseline", why: error.to_string() })?;
    let row = behavioral_baseline::ActiveModel {
        tenant_id: Set(key.0),
        agent_id: Set(key.1),
        baseline: Set(written),
        sample_size: Set(i64::try_from(samples).unwrap_or(i64::MAX)),
        computed_at: Set(clock::now_micros()),
    };
    let replace = OnConflict::columns([Column::TenantId, Column::AgentId])
        .update_columns([Column::Baseline, Column::SampleSize, Column::ComputedAt])
        .to_owned();
    behavioral_baseline::Entity::insert(row).on_conflict(replace).exec_without_returning(store.db()).await?;
    Ok(())
}

/// The baseline of what an agent did; none when that is too little.
pub(super) fn baseline(evaluations: &[Observation], events: &[Observation]) -> Option<Baseline> {
    let samples = evaluations.len().max(events.len());
    if samples < LEAST_SAMPLES {
        return None;
    }
    let all = || evaluations.iter().chain(events);
    let is_tool_call = |one: &Observation| one.name == "tool_call" || one.name.starts_with("tool.");
    let mut domains: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for one in all() {
        if let Some(domain) = domain(&one.facts) {
            domains.entry(one.occurred_at.div_euclid(DAY)).or_default().insert(domain);
        }
    }
    let sessions = |rows: &[Observation]| count(rows.iter().filter(|one| is_tool_call(one)).filter_map(session));
    let hours = |rows: &[Observation]| count(rows.iter().map(|one| one.occurred_at.div_euclid(HOUR)));
    Some(Baseline {
        sample_count: samples as u64,
        token_usage_p95: p95(all().filter_map(|one| tokens(&one.facts)).collect()),
        tool_calls_per_session_p95: p95(larger(sessions(evaluations), sessions(events))),
        unique_domains_per_day_p95: p95(domains.values().map(|hosts| hosts.len() as f64).collect()),
        requests_per_hour_p95: p95(larger(hours(evaluations), hours(events))),
    })
}

fn count<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, u32> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

fn larger<K: Ord>(mut one: BTreeMap<K, u32>, other: BTreeMap<K, u32>) -> Vec<f64> {
    for (key, count) in other {
        let known = one.entry(key).or_default();
        *known = (*known).max(count);
    }
    one.into_values().map(f64::from).collect()
}

/// The 95th percentile by linear interpolation between the two nearest; zero of nothing.
pub(super) fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let place = 0.95 * last as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let at = |index: usize| values.get(index.min(last)).copied().unwrap_or_default();
    at(below) + (at(below + 1) - at(below)) * part
}

fn session(one: &Observation) -> Option<String> {
    let told = one.session_id.as_deref().or_else(|| one.facts.get("session_id").and_then(Value::as_str));
    told.filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The tokens one request or event speaks of, if it does.
fn tokens(facts: &Value) -> Option<f64> {
    let number = |key: &str| facts.get(key).and_then(Value::as_f64).filter(|count| count.is_finite() && *count > 0.0);
    let sum = |input: &str, output: &str| match (number(input), number(output)) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or_default() + output.unwrap_or_default()),
    };
    number("tokens_used")
        .or_else(|| number("total_tokens"))
        .or_else(|| sum("input_tokens", "output_tokens"))
        .or_else(|| sum("prompt_tokens", "completion_tokens"))
}

/// The host one request or event leads to, if it says one.
fn domain(facts: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let of_url = |url: String| reqwest::Url::parse(&url).ok()?.host_str().map(str::to_owned);
    let inputs = ["tool_input", "arguments", "args", "input", "parameters"];
    let named = text(facts, "domain").or_else(|| text(facts, "host"));
    named
        .or_else(|| text(facts, "url").and_then(of_url))
        .or_else(|| inputs.iter().filter_map(|key| facts.get(*key)).find_map(|input| of_url(text(input, "url")?)))
        .map(|host| host.trim_end_matches('.').to_ascii_lowercase())
        .filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Observation, baseline, p95};
    use serde_json::{Value, json};

    fn seen(name: &str, session: &str, facts: Value, minute: i64) -> Observation {
        let session_id = Some(session.to_owned()).filter(|id| !id.is_empty());
        Observation { name: name.to_owned(), session_id, facts, occurred_at: minute * 60_000_000 }
    }

    #[test]
    fn percentiles_are_interpolated_as_by_hand() {
        // 1..=20: 0.95 * 19 = 18.05, between the 19th and 20th value: 19 + 0.05 * (20 - 19).
        let found = p95((1..=20).rev().map(f64::from).collect());
        assert!((found - 19.05).abs() < 1e-9, "{found}");
        // 10, 20: 0.95 * 1 = 0.95: 10 + 0.95 * 10.
        assert!((p95(vec![20.0, 10.0]) - 19.5).abs() < 1e-9);
        assert_eq!((p95(vec![7.0]), p95(Vec::new())), (7.0, 0.0));
    }

    #[test]
    fn a_baseline_is_what_a_hand_computes() {
        // 60 tool calls, one a minute from minute 0: all in one hour and one day. Sessions a to c
        // take 30, 20 and 10 of them; tokens are 1 to 60; hosts are h0 to h3.
        let calls: Vec<Observation> = (0..60)
            .map(|minute| {
                let session = if minute < 30 {
                    "a"
                } else if minute < 50 {
                    "b"
                } else {
                    "c"
                };
                let facts = json!({"tokens_used": minute + 1, "url": format!("https://H{}.example/x", minute % 4)});
                seen("tool_call", session, facts, minute)
            })
            .collect();
        let learnt = baseline(&calls, &[]).expect("enough");
        assert_eq!(learnt.sample_count, 60);
        // 0.95 * 59 = 56.05: 57 + 0.05 * (58 - 57).
        assert!((learnt.token_usage_p95 - 57.05).abs() < 1e-9, "{learnt:?}");
        // 10, 20, 30: 0.95 * 2 = 1.9: 20 + 0.9 * 10.
        assert!((learnt.tool_calls_per_session_p95 - 29.0).abs() < 1e-9, "{learnt:?}");
        assert_eq!((learnt.unique_domains_per_day_p95, learnt.requests_per_hour_p95), (4.0, 60.0));
    }

    #[test]
    fn what_is_evaluated_and_reported_counts_once() {
        let evaluations: Vec<_> = (0..50).map(|minute| seen("tool_call", "s", json!({}), minute)).collect();
        let events: Vec<_> = (0..50).map(|minute| seen("tool.used", "", json!({"session_id": "s"}), minute)).collect();
        let learnt = baseline(&evaluations, &events).expect("enough");
        assert_eq!(
            (learnt.sample_count, learnt.tool_calls_per_session_p95, learnt.requests_per_hour_p95),
            (50, 50.0, 50.0)
        );
        assert!(baseline(&evaluations[..49], &events[..49]).is_none(), "49 are too few");
    }
}
