//! What the first page shows: every number is counted when it is asked for.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use serde::Deserialize;
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use super::shared::display;
use super::{alerts as alert_resolvers, audit as audit_resolvers};
use crate::clock;
use crate::graphql::ask::{Ask, Instant, Resolvers};
use crate::http::error::ApiError;
use crate::service::usage;
use crate::store::decision_hours::{self, Dimension, Width};
use crate::store::entities::{agent, alert, content_violation, incident, policy, usage_record};
use crate::store::{agents, alerts, approvals, audit, counts, incidents, keyset, policies, usage as usage_store};

/// One day. Unit: microseconds.
const DAY: i64 = 86_400_000_000;
/// One hour. Unit: microseconds.
const HOUR: i64 = 3_600_000_000;
/// The most lines of a chart; the rest is one line.
const MOST_LINES: usize = 12;
/// The line of the rest.
const OTHERS: &str = "(others)";

pub(super) fn register(to: &mut Resolvers) {
    to.query("dashboardStats", stats);
    to.query("monitoringStats", monitoring);
    to.query("overview", overview);
    to.query("activitySeries", series);
}

fn tally(groups: &[counts::Group]) -> Value {
    let one = |group: &counts::Group| json!({ "key": group.name, "label": display(&group.name), "count": group.total });
    groups.iter().map(one).collect()
}

fn count_of(groups: &[counts::Group], name: &str) -> i64 {
    groups.iter().find(|group| group.name == name).map_or(0, |group| group.total)
}

/// Decisions by day, the days without any among them.
fn by_day(buckets: &[counts::Bucket], since: i64, days: i64, pick: impl Fn(&counts::Bucket) -> i64) -> Vec<(i64, i64)> {
    let first = since.div_euclid(DAY);
    (first..first + days)
        .map(|day| (day * DAY, buckets.iter().filter(|bucket| bucket.bucket == day).map(&pick).sum()))
        .collect()
}

async fn stats(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let (db, tenant, now) = (ask.db(), ask.tenant(), clock::now_micros());
    let of_agents = || agents::Listed::default().select(tenant);
    let status = counts::by(db, of_agents(), agent::Column::Status).await?;
    let health = counts::by(db, of_agents(), agent::Column::Health).await?;
    let total: i64 = status.iter().map(|group| group.total).sum();
    let active = count_of(&status, "active");
    let healthy = count_of(&health, "healthy");
    let types = counts::by(db, policies::Listed::default().select(tenant), policy::Column::PolicyType).await?;
    let all: i64 = types.iter().map(|group| group.total).sum();
    let enabled = policies::Listed { enabled: Some(true), ..policies::Listed::default() };
    let enabled = keyset::count(db, enabled.select(tenant)).await?;
    let today = now.div_euclid(DAY) * DAY;
    let months = (today - 59 * DAY, now + 1);
    let buckets = decision_hours::over_time(db, tenant, months, Width::Day, Dimension::All, None).await?;
    let days = |back: i64, many: i64| -> i64 {
        by_day(&buckets, today - back * DAY, many, |bucket| bucket.total).iter().map(|(_, total)| total).sum()
    };
    let (week, before) = (days(6, 7), days(13, 7));
    let trend = if before == 0 { 0.0 } else { (week - before) as f64 * 100.0 / before as f64 };
    let open = alerts::Listed { status: Some(vec!["open".to_owned()]), ..alerts::Listed::default() };
    let window = |limit| keyset::Window { limit, descending: true, backwards: false, from: None };
    let order = keyset::Order::By(alert::Column::CreatedAt);
    let (open, _) = keyset::read(db, open.select(tenant), order, alert::Column::Id, window(5)).await?;
    let sequence = crate::store::entities::audit_entry::Column::Sequence;
    let order = keyset::Order::By(sequence);
    let (recent, _) = keyset::read(db, audit::Listed::default().select(tenant), order, sequence, window(10)).await?;
    let recent: Vec<Value> = recent
        .into_iter()
        .map(|row| {
            json!({
                "id": row.sequence.to_string(), "type": row.action, "actor": row.actor,
                "description": format!("{} {}", display(&row.action), display(&row.resource_type).to_lowercase()),
                "timestamp": clock::iso(row.recorded_at),
            })
        })
        .collect();
    let steps = first_steps(&ask, total > 0, all > 0, days(59, 60) > 0).await?;
    let done = steps.iter().filter(|(_, done)| *done).count();
    Ok(json!({
        "agents": {
            "total": total, "active": active, "inactive": total - active, "healthy": healthy,
            "unhealthy": count_of(&health, "unhealthy"),
        },
        "policies": {
            "total": all, "enabled": enabled, "disabled": all - i64::try_from(enabled).unwrap_or(all),
            "byType": types.iter().map(|group| json!({ "type": group.name, "count": group.total })).collect::<Vec<_>>(),
        },
        "apiUsage": {
            "today": days(0, 1), "thisWeek": week, "thisMonth": days(29, 30), "trend": trend,
            "last7Days": by_day(&buckets, today - 6 * DAY, 7, |bucket| bucket.total).iter().map(|(_, total)| *total).collect::<Vec<_>>(),
        },
        "recentActivity": recent,
        "alerts": open.into_iter().map(alert_resolvers::view).collect::<Vec<_>>(),
        "checklist": {
            "items": steps.iter().map(|(key, done)| json!({ "key": key, "isComplete": done, "completedAt": null })).collect::<Vec<_>>(),
            "completedCount": done, "totalCount": steps.len(),
            "progressPercent": done as f64 * 100.0 / steps.len().max(1) as f64,
            "isAllComplete": done == steps.len(), "dismissed": false,
        },
    }))
}

/// What somebody who begins does first, and whether it was done.
async fn first_steps(
    ask: &Ask,
    agents: bool,
    policies: bool,
    decisions: bool,
) -> Result<Vec<(&'static str, bool)>, ApiError> {
    let webhooks = crate::store::webhooks::Listed::default().select(ask.tenant());
    let webhooks = keyset::count(ask.db(), webhooks).await? > 0;
    Ok(vec![
        ("register_agent", agents),
        ("create_policy", policies),
        ("first_decision", decisions),
        ("add_webhook", webhooks),
    ])
}

async fn monitoring(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let (db, tenant, now) = (ask.db(), ask.tenant(), clock::now_micros());
    let today = now.div_euclid(DAY) * DAY;
    let calls = |since: Option<i64>| crate::store::interactions::Listed {
        since: since.map(Instant),
        ..crate::store::interactions::Listed::default()
    };
    let count = async |since: Option<i64>| keyset::count(db, calls(since).select(tenant)).await;
    let scans = counts::scans(db, tenant, 0, now + 1).await?;
    let types = counts::violations_by(db, tenant, content_violation::Column::RuleType, 0, now + 1).await?;
    let severities = counts::violations_by(db, tenant, content_violation::Column::Severity, 0, now + 1).await?;
    let used = usage_store::total(db, tenant, today, now + 1).await?;
    let tokens = [used.input_tokens, used.cached_input_tokens, used.cache_write_tokens, used.output_tokens];
    let tokens: i64 = tokens.into_iter().flatten().sum();
    let latency = crate::store::interactions::average_latency(db, tenant, now - 30 * DAY).await?;
    Ok(json!({
        "totalInteractions": count(None).await?, "interactionsToday": count(Some(today)).await?,
        "interactionsThisHour": count(Some(now - HOUR)).await?, "totalScans": scans.total,
        "scansWithViolations": scans.found, "scansBlocked": scans.blocked,
        "violationsByType": types.iter().map(|group| json!({ "ruleType": group.name, "count": group.total })).collect::<Vec<_>>(),
        "violationsBySeverity": severities.iter().map(|group| json!({ "severity": group.name, "count": group.total })).collect::<Vec<_>>(),
        "totalTokensToday": tokens, "totalCostToday": used.usd_micros.unwrap_or_default() as f64 / 1e6,
        "avgLatencyMs": latency, "avgScanDurationMs": scans.average_us as f64 / 1000.0,
    }))
}

#[derive(Deserialize)]
struct Overview {
    days: Option<i64>,
}

async fn overview(ask: Ask, args: Overview) -> Result<Value, ApiError> {
    let days = args.days.unwrap_or(7);
    if !(1..=366).contains(&days) {
        return Err(ApiError::invalid("days", "must be 1 to 366"));
    }
    let (db, tenant, now) = (ask.db(), ask.tenant(), clock::now_micros());
    let until = now.div_euclid(DAY) * DAY + DAY;
    let (since, before) = (until - days * DAY, until - 2 * days * DAY);
    // Four sums over many rows, which the database makes side by side.
    let (buckets, spend, mut top, dear) = tokio::try_join!(
        decision_hours::over_time(db, tenant, (before, until), Width::Day, Dimension::All, None),
        counts::usage_over_time(db, tenant, (before, until), false, None),
        decision_hours::greatest(db, tenant, (since, until), Dimension::Code, true, 9),
        usage_store::by_group(db, tenant, usage_store::Grouping::Agent, since, until, 8),
    )?;
    let decisions = |pick: fn(&counts::Bucket) -> i64| {
        trend(days, since, buckets.iter().map(|bucket| (bucket.bucket, pick(bucket) as f64)))
    };
    let spent = |pick: fn(&counts::Spend) -> f64| trend(days, since, spend.iter().map(|day| (day.bucket, pick(day))));
    let open = alerts::Listed { status: Some(vec!["open".into(), "acknowledged".into()]), ..alerts::Listed::default() };
    let open_alerts = counts::by(db, open.select(tenant), alert::Column::Severity).await?;
    let unresolved = || incidents::Listed {
        status: Some(vec!["open".into(), "investigating".into(), "mitigating".into()]),
        ..incidents::Listed::default()
    };
    let open_incidents = counts::by(db, unresolved().select(tenant), incident::Column::Severity).await?;
    let breached = incidents::Listed { sla_status: Some(vec!["breached".into()]), ..unresolved() };
    let pending = approvals::Listed { status: Some(vec!["pending".into()]), ..approvals::Listed::default() };
    let of_agents = || agents::Listed::default().select(tenant);
    let in_force = policies::Listed { enabled: Some(true), ..policies::Listed::default() };
    top.retain(|(code, _)| !code.is_empty());
    top.truncate(8);
    let top: Vec<_> = top.into_iter().map(|(name, total)| counts::Group { name, total }).collect();
    let by_status = counts::by(db, of_agents(), agent::Column::Status).await?;
    let all_policies = counts::by(db, in_force.select(tenant), policy::Column::Enforcement).await?;
    let steps = first_steps(&ask, !by_status.is_empty(), !all_policies.is_empty(), !buckets.is_empty()).await?;
    Ok(json!({
        "days": days,
        "decisions": decisions(|bucket| bucket.total), "denied": decisions(|bucket| bucket.blocked),
        "tokens": spent(|day| day.tokens as f64), "costUsd": spent(|day| day.usd_micros as f64 / 1e6),
        "pendingApprovals": keyset::count(db, pending.select(tenant)).await?,
        "openAlerts": tally(&open_alerts), "openIncidents": tally(&open_incidents),
        "breachedSla": keyset::count(db, breached.select(tenant)).await?,
        "agentsByHealth": tally(&counts::by(db, of_agents(), agent::Column::Health).await?),
        "agentsByStatus": tally(&by_status), "policiesByEnforcement": tally(&all_policies),
        "topDenials": tally(&top),
        "topAgentsByCost": dear.iter().map(spender).collect::<Vec<_>>(),
        "budgets": budgets(&ask).await?,
        "chain": audit_resolvers::status(&ask, false).await?,
        "firstSteps": steps.iter().map(|(key, done)| json!({ "key": key, "done": done })).collect::<Vec<_>>(),
    }))
}

fn spender(sums: &usage_store::Sums) -> Value {
    let tokens = [sums.input_tokens, sums.cached_input_tokens, sums.cache_write_tokens, sums.output_tokens];
    let name = sums.name.clone().unwrap_or_default();
    json!({
        "key": name, "label": name, "costUsd": sums.usd_micros.unwrap_or_default() as f64 / 1e6,
        "tokens": tokens.into_iter().flatten().sum::<i64>() as f64,
    })
}

/// What the budgets in force come to.
pub(super) async fn budgets(ask: &Ask) -> Result<Vec<Value>, ApiError> {
    let found = usage::budgets(&ask.app, &ask.caller).await?;
    Ok(found
        .into_iter()
        .map(|budget| {
            let scope = budget.scope.id().map_or_else(
                || budget.scope.level().name().to_owned(),
                |id| format!("{}:{id}", budget.scope.level().name()),
            );
            json!({
                "policyId": budget.policy_id, "policyName": budget.policy_name, "scope": scope,
                "limitUsd": budget.limit as f64 / 1e6, "spentUsd": budget.used.unwrap_or_default() as f64 / 1e6,
            })
        })
        .collect())
}

/// The days asked for beside as many days before them.
fn trend(days: i64, since: i64, buckets: impl Iterator<Item = (i64, f64)>) -> Value {
    let first = since.div_euclid(DAY);
    let mut points: BTreeMap<i64, f64> = (first..first + days).map(|day| (day, 0.0)).collect();
    let mut previous = 0.0;
    for (day, value) in buckets {
        match points.get_mut(&day) {
            Some(point) => *point += value,
            None => previous += value,
        }
    }
    json!({
        "total": points.values().sum::<f64>(), "previous": previous,
        "points": points.iter().map(|(day, value)| json!({ "at": clock::iso(day * DAY), "value": value })).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
struct Series {
    since: Instant,
    until: Option<Instant>,
    bucket: Option<String>,
    by: Option<String>,
    measure: Option<String>,
}

/// A chart's lines. Buckets without anything are there, with zero.
async fn series(ask: Ask, args: Series) -> Result<Value, ApiError> {
    let (db, tenant) = (ask.db(), ask.tenant());
    let until = args.until.map_or_else(clock::now_micros, |until| until.0);
    let bucket = args.bucket.as_deref().unwrap_or("day");
    let (hourly, width) = match bucket {
        "hour" => (true, HOUR),
        "day" => (false, DAY),
        _ => return Err(ApiError::invalid("bucket", "expected hour or day")),
    };
    let since = args.since.0;
    if until <= since || (until - since) / width > 1_000 {
        return Err(ApiError::invalid("since", "lies after `until`, or more than 1000 buckets before it"));
    }
    let measure = args.measure.as_deref().unwrap_or("decisions");
    let by = args.by.as_deref().filter(|by| !by.is_empty());
    let wrong_by = || ApiError::invalid("by", format!("`{measure}` cannot be told apart so"));
    let mut rows: Vec<(i64, String, f64)> = Vec::new();
    let unit = match measure {
        "decisions" | "denied" => {
            let (range, only_denied) = ((since, until), measure == "denied");
            let width = if hourly { Width::Hour } else { Width::Day };
            let found = match by {
                None => decision_hours::over_time(db, tenant, range, width, Dimension::All, None).await?,
                Some("agent") => by_agent(db, tenant, range, width, only_denied).await?,
                Some("user") => counts::decisions_by_user(db, tenant, range, hourly).await?,
                Some("policy_type") => {
                    decision_hours::over_time(db, tenant, range, width, Dimension::Code, None).await?
                }
                Some("action") => decision_hours::over_time(db, tenant, range, width, Dimension::Action, None).await?,
                Some(_) => return Err(wrong_by()),
            };
            for row in found {
                let value = if only_denied { row.blocked } else { row.total };
                // A code begins with the type of policy: `tool_permission.denied`.
                let name = row.name.unwrap_or_default();
                let name = match by {
                    Some("policy_type") => name.split('.').next().unwrap_or_default().to_owned(),
                    _ => name,
                };
                rows.push((row.bucket, name, value as f64));
            }
            "decisions"
        }
        "calls" | "tokens" | "cost" => {
            let column = match by {
                None => None,
                Some("agent") => Some(usage_record::Column::AgentId),
                Some("user") => Some(usage_record::Column::UserId),
                Some("model") => Some(usage_record::Column::Model),
                Some("provider") => Some(usage_record::Column::Provider),
                Some(_) => return Err(wrong_by()),
            };
            for row in counts::usage_over_time(db, tenant, (since, until), hourly, column).await? {
                let value = match measure {
                    "calls" => row.calls as f64,
                    "tokens" => row.tokens as f64,
                    _ => row.usd_micros as f64 / 1e6,
                };
                rows.push((row.bucket, row.name.unwrap_or_default(), value));
            }
            match measure {
                "calls" => "calls",
                "tokens" => "tokens",
                _ => "usd",
            }
        }
        _ => return Err(ApiError::invalid("measure", "expected decisions, denied, calls, tokens or cost")),
    };
    let buckets: Vec<i64> = (since.div_euclid(width)..=(until - 1).div_euclid(width)).collect();
    Ok(json!({ "bucket": bucket, "unit": unit, "lines": lines(rows, &buckets, width, by.is_none()) }))
}

/// Decisions by the agents with the most of them, and by all others together.
async fn by_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    range: (i64, i64),
    width: Width,
    only_denied: bool,
) -> Result<Vec<counts::Bucket>, ApiError> {
    let names = decision_hours::greatest(db, tenant, range, Dimension::Agent, only_denied, MOST_LINES).await?;
    let all = names.len() < MOST_LINES;
    let names: Vec<String> = names.into_iter().map(|(name, _)| name).take(MOST_LINES - 1).collect();
    let mut found = decision_hours::over_time(db, tenant, range, width, Dimension::Agent, Some(&names)).await?;
    if all {
        return Ok(found);
    }
    let mut rest = decision_hours::over_time(db, tenant, range, width, Dimension::All, None).await?;
    for bucket in &mut rest {
        bucket.name = Some(OTHERS.to_owned());
        for named in found.iter().filter(|named| named.bucket == bucket.bucket) {
            bucket.total -= named.total;
            bucket.blocked -= named.blocked;
        }
    }
    found.extend(rest);
    Ok(found)
}

/// The rows as lines, the greatest first; what is beyond the most lines is one of its own.
fn lines(rows: Vec<(i64, String, f64)>, buckets: &[i64], width: i64, single: bool) -> Vec<Value> {
    let mut named: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    for (bucket, name, value) in rows {
        *named.entry(name).or_default().entry(bucket).or_default() += value;
    }
    if single && named.is_empty() {
        named.insert(String::new(), BTreeMap::new());
    }
    let mut lines: Vec<(String, BTreeMap<i64, f64>)> = named.into_iter().collect();
    let total = |points: &BTreeMap<i64, f64>| points.values().sum::<f64>();
    let is_rest = |(name, _): &(String, BTreeMap<i64, f64>)| name == OTHERS;
    lines.sort_by(|one, other| is_rest(one).cmp(&is_rest(other)).then(total(&other.1).total_cmp(&total(&one.1))));
    if lines.len() > MOST_LINES {
        let mut rest = BTreeMap::new();
        for (_, points) in lines.split_off(MOST_LINES - 1) {
            for (bucket, value) in points {
                *rest.entry(bucket).or_insert(0.0) += value;
            }
        }
        lines.push((OTHERS.to_owned(), rest));
    }
    let point = |points: &BTreeMap<i64, f64>, bucket: &i64| json!({ "at": clock::iso(bucket * width), "value": points.get(bucket).copied().unwrap_or_default() });
    let line = |(name, points): (String, BTreeMap<i64, f64>)| {
        let label = match name.as_str() {
            "" if single => "All".to_owned(),
            "" => "(none)".to_owned(),
            name => name.to_owned(),
        };
        json!({
            "key": name, "label": label, "total": total(&points),
            "points": buckets.iter().map(|bucket| point(&points, bucket)).collect::<Vec<_>>(),
        })
    };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{DAY, lines, trend};

    #[test]
    fn days_without_anything_are_there_with_zero() {
        let found = trend(3, 10 * DAY, [(9, 5.0), (10, 1.0), (12, 2.0)].into_iter());
        assert_eq!((found["total"].as_f64(), found["previous"].as_f64()), (Some(3.0), Some(5.0)));
        assert_eq!(found["points"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn what_is_beyond_the_most_lines_is_one_of_its_own() {
        let rows = (0..20).map(|name| (1, format!("{name:02}"), f64::from(20 - name))).collect();
        let found = lines(rows, &[1, 2], DAY, false);
        assert_eq!(found.len(), 12);
        assert_eq!(found[0]["key"], "00");
        assert_eq!((&found[11]["key"], found[11]["total"].as_f64()), (&"(others)".into(), Some(45.0)));
    }
}
