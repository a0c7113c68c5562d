//! Counts over a stretch of time, for alert rules.

use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait as _, FromQueryResult, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _, Select,
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

/// How many decisions one agent asked for.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Decisions {
    /// The agent.
    pub(crate) agent_id: String,
    /// How many.
    pub(crate) total: i64,
    /// How many of them were denied.
    pub(crate) denied: i64,
}

/// How many decisions some agents asked for since an instant.
pub(crate) async fn decisions_of_agents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agents: &[String],
    since: i64,
) -> Result<Vec<Decisions>, StoreError> {
    use evaluation::Column;
    let found = evaluation::Entity::find()
        .select_only()
        .column(Column::AgentId)
        .column_as(Expr::col(Column::Id).count(), "total")
        .column_as(denied(), "denied")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.is_in(agents.iter().map(String::as_str)))
        .filter(Column::OccurredAt.gte(since))
        .filter(Column::DryRun.eq(false))
        .group_by(Column::AgentId);
    Ok(found.into_model::<Decisions>().all(db).await?)
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
