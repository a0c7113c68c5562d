//! Counts over a stretch of time, for alert rules.

use sea_orm::sea_query::{CaseStatement, Expr, Func};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait as _, FromQueryResult, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use zentinelle_core::ids::TenantId;

use super::entities::{agent, content_scan, content_violation, evaluation, incident, usage_record};
use super::{StoreError, wire_name};
use crate::service::alert_rules::{Condition, Counts, Metric};
use crate::service::content_rules::Severity;

/// Counts what a condition is about within its window, which ends at `now`. Only the metric's own
/// table is read; the rest stays zero.
pub(crate) async fn within(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    condition: &Condition,
    now: i64,
) -> Result<Counts, StoreError> {
    let (since, agent) = (condition.since(now), condition.agent_id.as_deref());
    let mut counts = Counts::default();
    match condition.metric {
        Metric::Evaluations | Metric::Denials | Metric::DenialPercent => {
            use evaluation::Column::{AgentId, Allowed, DryRun, OccurredAt, TenantId as Tenant};
            let asked = bounded(evaluation::Entity::find(), Tenant, AgentId, OccurredAt, tenant, agent, since, now)
                .filter(DryRun.eq(false));
            counts.evaluations = asked.clone().count(db).await?;
            counts.denials = asked.filter(Allowed.eq(false)).count(db).await?;
        }
        Metric::Violations => {
            use content_violation::Column::{AgentId, CreatedAt, RuleType, Severity, TenantId as Tenant};
            let found =
                bounded(content_violation::Entity::find(), Tenant, AgentId, CreatedAt, tenant, agent, since, now)
                    .apply_if(condition.rule_type, |query, wanted| query.filter(RuleType.eq(wire_name(&wanted))))
                    .apply_if(condition.least_severity, |query, least| query.filter(Severity.is_in(at_least(least))));
            counts.violations = found.count(db).await?;
        }
        Metric::BlockedScans => {
            use content_scan::Column::{AgentId, CreatedAt, TenantId as Tenant, WasBlocked};
            let scans = bounded(content_scan::Entity::find(), Tenant, AgentId, CreatedAt, tenant, agent, since, now);
            counts.blocked_scans = scans.filter(WasBlocked.eq(true)).count(db).await?;
        }
        Metric::Incidents => {
            use incident::Column::{AgentId, CreatedAt, Severity, TenantId as Tenant};
            let opened = bounded(incident::Entity::find(), Tenant, AgentId, CreatedAt, tenant, agent, since, now)
                .apply_if(condition.least_severity, |query, least| query.filter(Severity.is_in(at_least(least))));
            counts.incidents = opened.count(db).await?;
        }
        Metric::ModelCalls | Metric::Tokens | Metric::UsdMicros => {
            use usage_record::Column::{AgentId, OccurredAt, TenantId as Tenant};
            let calls = bounded(usage_record::Entity::find(), Tenant, AgentId, OccurredAt, tenant, agent, since, now);
            counts.model_calls = calls.clone().count(db).await?;
            let sums = calls
                .select_only()
                .column_as(sum(tokens()), "tokens")
                .column_as(sum(Expr::col(usage_record::Column::UsdMicros)), "usd_micros")
                .into_model::<Sums>()
                .one(db)
                .await?;
            if let Some(sums) = sums {
                counts.tokens = sums.tokens.and_then(|sum| u64::try_from(sum).ok()).unwrap_or_default();
                counts.usd_micros = sums.usd_micros.and_then(|sum| u64::try_from(sum).ok()).unwrap_or_default();
            }
        }
        Metric::UnhealthyAgents => {
            let ill = agent::Entity::find()
                .filter(agent::Column::TenantId.eq(tenant.as_str()))
                .filter(agent::Column::Health.eq("unhealthy").or(agent::Column::Status.eq("offline")))
                .apply_if(agent, |query, agent| query.filter(agent::Column::AgentId.eq(agent)));
            counts.unhealthy_agents = ill.count(db).await?;
        }
    }
    Ok(counts)
}

#[derive(FromQueryResult)]
struct Sums {
    tokens: Option<i64>,
    usd_micros: Option<i64>,
}

/// A sum as both databases give it: PostgreSQL would make it a decimal.
pub(crate) fn sum(of: Expr) -> Expr {
    of.sum().cast_as("BIGINT")
}

/// The tokens of a call, all classes. Reasoning is part of what was written.
pub(crate) fn tokens() -> Expr {
    use usage_record::Column::{CacheWriteTokens, CachedInputTokens, InputTokens, OutputTokens};
    Expr::col(InputTokens)
        .add(Expr::col(CachedInputTokens))
        .add(Expr::col(CacheWriteTokens))
        .add(Expr::col(OutputTokens))
}

fn at_least(least: Severity) -> Vec<String> {
    use Severity::{Critical, High, Info, Low, Medium};
    [Info, Low, Medium, High, Critical].iter().filter(|severity| **severity >= least).map(wire_name).collect()
}

#[expect(clippy::too_many_arguments, reason = "three columns of a table, and what each must be")]
fn bounded<E: EntityTrait, C: ColumnTrait>(
    select: Select<E>,
    tenant_column: C,
    agent_column: C,
    instant_column: C,
    tenant: &TenantId,
    agent: Option<&str>,
    since: i64,
    now: i64,
) -> Select<E> {
    select
        .filter(tenant_column.eq(tenant.as_str()))
        .filter(instant_column.gt(since))
        .filter(instant_column.lte(now))
        .apply_if(agent, |query, agent| query.filter(agent_column.eq(agent)))
}

/// How many decisions of a group were denied.
pub(crate) fn denied() -> Expr {
    let one: Expr = CaseStatement::new().case(evaluation::Column::Allowed.eq(false), 1_i64).finally(0_i64).into();
    sum(one)
}

/// What some agents spent since an instant. Unit: millionths of a US dollar.
pub(crate) async fn cost_of_agents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agents: &[String],
    since: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    use usage_record::Column;
    let found = usage_record::Entity::find()
        .select_only()
        .column(Column::AgentId)
        .column_as(sum(Expr::col(Column::UsdMicros)), "usd_micros")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.is_in(agents.iter().map(String::as_str)))
        .filter(Column::OccurredAt.gte(since))
        .group_by(Column::AgentId);
    Ok(found.into_tuple().all(db).await?)
}

/// How many rows a group has.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Group {
    /// What its rows have in common.
    pub(crate) name: String,
    /// How many.
    pub(crate) total: i64,
}

/// How many rows of a query stand under each value of a column, most first.
pub(crate) async fn by<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    column: E::Column,
) -> Result<Vec<Group>, StoreError> {
    let found = select
        .select_only()
        .column_as(column.into_expr(), "name")
        .column_as(Expr::cust("COUNT(*)"), "total")
        .filter(column.is_not_null())
        .group_by(column.into_expr())
        .order_by_desc(Expr::cust("COUNT(*)"))
        .limit(100);
    Ok(found.into_model::<Group>().all(db).await?)
}

/// What scans came to.
#[derive(Debug, Default, FromQueryResult)]
pub(crate) struct Scans {
    /// How many there were.
    pub(crate) total: i64,
    /// How many found something.
    pub(crate) found: i64,
    /// How many blocked.
    pub(crate) blocked: i64,
    /// How many redacted.
    pub(crate) redacted: i64,
    /// How long they took on average. Unit: microseconds.
    pub(crate) average_us: i64,
}

fn times(condition: Expr) -> Expr {
    let one: Expr = CaseStatement::new().case(condition, 1_i64).finally(0_i64).into();
    Expr::from(Func::coalesce([sum(one), Expr::val(0_i64)]))
}

/// What the scans of a stretch of time came to.
pub(crate) async fn scans(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
    until: i64,
) -> Result<Scans, StoreError> {
    use content_scan::Column;
    let found = content_scan::Entity::find()
        .select_only()
        .column_as(Expr::cust("COUNT(*)"), "total")
        .column_as(times(Column::ViolationCount.gt(0)), "found")
        .column_as(times(Column::WasBlocked.eq(true)), "blocked")
        .column_as(times(Column::WasRedacted.eq(true)), "redacted")
        .column_as(Expr::cust("COALESCE(CAST(AVG(scan_duration_us) AS BIGINT), 0)"), "average_us")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::CreatedAt.gte(since))
        .filter(Column::CreatedAt.lt(until));
    Ok(found.into_model::<Scans>().one(db).await?.unwrap_or_default())
}

fn violations(tenant: &TenantId, since: i64, until: i64) -> Select<content_violation::Entity> {
    use content_violation::Column;
    content_violation::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::CreatedAt.gte(since))
        .filter(Column::CreatedAt.lt(until))
}

/// How much was found of each kind.
pub(crate) async fn violations_by(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    column: content_violation::Column,
    since: i64,
    until: i64,
) -> Result<Vec<Group>, StoreError> {
    by(db, violations(tenant, since, until), column).await
}

/// How much happened on one day.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Day {
    /// How many days since 1970.
    pub(crate) day: i64,
    /// How much.
    pub(crate) total: i64,
    /// How much of it was refused.
    pub(crate) blocked: i64,
}

/// How much was found on each day.
pub(crate) async fn violations_by_day(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
    until: i64,
) -> Result<Vec<Day>, StoreError> {
    let day = || Expr::cust("created_at / 86400000000");
    let found = violations(tenant, since, until)
        .select_only()
        .column_as(day(), "day")
        .column_as(Expr::cust("COUNT(*)"), "total")
        .column_as(times(content_violation::Column::WasBlocked.eq(true)), "blocked")
        .group_by(day())
        .order_by_asc(day());
    Ok(found.into_model::<Day>().all(db).await?)
}

/// How much some rules found.
pub(crate) async fn violations_of_rules(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    rules: &[String],
) -> Result<Vec<(String, i64)>, StoreError> {
    use content_violation::Column;
    let found = content_violation::Entity::find()
        .select_only()
        .column(Column::RuleId)
        .column_as(Expr::cust("COUNT(*)"), "total")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::RuleId.is_in(rules.iter().map(String::as_str)))
        .group_by(Column::RuleId);
    Ok(found.into_tuple().all(db).await?)
}

/// Decisions of one bucket of time under one name.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Bucket {
    /// How many buckets since 1970.
    pub(crate) bucket: i64,
    /// By what they are told apart; none for all together.
    pub(crate) name: Option<String>,
    /// How many.
    pub(crate) total: i64,
    /// How many of them were denied.
    pub(crate) blocked: i64,
}

/// Decisions of a stretch of time, by hour or day and by user. Only short stretches are counted so; see
/// [`super::decision_hours`] for the others.
pub(crate) async fn decisions_by_user(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    (since, until): (i64, i64),
    hourly: bool,
) -> Result<Vec<Bucket>, StoreError> {
    use evaluation::Column;
    let bucket = || Expr::cust(if hourly { "occurred_at / 3600000000" } else { "occurred_at / 86400000000" });
    let found = evaluation::Entity::find()
        .select_only()
        .column_as(bucket(), "bucket")
        .column_as(Column::UserId.into_expr(), "name")
        .column_as(Expr::cust("COUNT(*)"), "total")
        .column_as(denied(), "blocked")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::OccurredAt.gte(since))
        .filter(Column::OccurredAt.lt(until))
        .filter(Column::DryRun.eq(false))
        .group_by(bucket())
        .group_by(Column::UserId)
        .order_by_asc(bucket());
    Ok(found.limit(20_000).into_model::<Bucket>().all(db).await?)
}

/// Usage of one bucket of time under one name.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Spend {
    /// How many buckets since 1970.
    pub(crate) bucket: i64,
    /// By what it is told apart; none for all together.
    pub(crate) name: Option<String>,
    /// How many calls.
    pub(crate) calls: i64,
    /// Tokens of all classes.
    pub(crate) tokens: i64,
    /// The cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
}

/// Usage of a stretch of time, by hour or day and by a column.
pub(crate) async fn usage_over_time(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    (since, until): (i64, i64),
    hourly: bool,
    by: Option<usage_record::Column>,
) -> Result<Vec<Spend>, StoreError> {
    use usage_record::Column;
    let bucket = || Expr::cust(if hourly { "occurred_at / 3600000000" } else { "occurred_at / 86400000000" });
    let found = usage_record::Entity::find()
        .select_only()
        .column_as(bucket(), "bucket")
        .column_as(Expr::cust("COUNT(*)"), "calls")
        .column_as(sum(tokens()), "tokens")
        .column_as(sum(Expr::col(Column::UsdMicros)), "usd_micros")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::OccurredAt.gte(since))
        .filter(Column::OccurredAt.lt(until))
        .group_by(bucket())
        .order_by_asc(bucket());
    let found = match by {
        Some(column) => found.column_as(column.into_expr(), "name").group_by(column.into_expr()),
        None => found.column_as(Expr::cust("CAST(NULL AS TEXT)"), "name"),
    };
    Ok(found.limit(20_000).into_model::<Spend>().all(db).await?)
}
