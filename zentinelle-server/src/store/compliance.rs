//! What compliance looks at, and what it keeps, in the database. Every count is bounded in time or
//! answered by an index, however many decisions there are.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _,
    FromQueryResult, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{
    agent, alert_rule, api_key, approval, assessment, content_rule, evaluation, finding, framework_choice, incident,
    model, system_prompt, usage_hourly,
};

/// How many calls people decided about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApprovalCounts {
    /// Decided by people.
    pub(crate) decided: u64,
    /// Nobody decided in time.
    pub(crate) expired: u64,
    /// Still waiting.
    pub(crate) pending: u64,
    /// When the newest was asked for.
    pub(crate) newest: Option<i64>,
}

#[derive(FromQueryResult)]
struct ByStatus {
    status: String,
    count: i64,
    newest: Option<i64>,
}

/// The calls that were asked for since an instant, by what became of them.
pub(crate) async fn approvals(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
) -> Result<ApprovalCounts, StoreError> {
    use approval::Column::{Id, RequestedAt, Status, TenantId as Tenant};
    let found = approval::Entity::find()
        .select_only()
        .column(Status)
        .column_as(Id.count(), "count")
        .column_as(RequestedAt.max(), "newest")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(RequestedAt.gte(since))
        .group_by(Status)
        .into_model::<ByStatus>()
        .all(db)
        .await?;
    let mut counts = ApprovalCounts::default();
    for row in found {
        let count = u64::try_from(row.count).unwrap_or_default();
        match row.status.as_str() {
            "approved" | "denied" | "consumed" => counts.decided += count,
            "expired" => counts.expired += count,
            "pending" => counts.pending += count,
            _ => {}
        }
        counts.newest = Ord::max(counts.newest, row.newest);
    }
    Ok(counts)
}

/// When the newest decision was made that was no trial.
pub(crate) async fn newest_decision(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Option<i64>, StoreError> {
    use evaluation::Column::{OccurredAt, TenantId as Tenant};
    let newest = evaluation::Entity::find()
        .select_only()
        .column(OccurredAt)
        .filter(Tenant.eq(tenant.as_str()))
        .order_by_desc(OccurredAt)
        .limit(1);
    Ok(newest.into_tuple().one(db).await?)
}

/// How many decisions were made since an instant.
pub(crate) async fn decisions_since(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
) -> Result<u64, StoreError> {
    use evaluation::Column::{OccurredAt, TenantId as Tenant};
    let found = evaluation::Entity::find().filter(Tenant.eq(tenant.as_str())).filter(OccurredAt.gte(since));
    Ok(found.count(db).await?)
}

/// The enabled content rules.
pub(crate) async fn content_rules(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<content_rule::Model>, StoreError> {
    let found = content_rule::Entity::find()
        .filter(content_rule::Column::TenantId.eq(tenant.as_str()))
        .filter(content_rule::Column::Enabled.eq(true));
    Ok(found.order_by_asc(content_rule::Column::Id).all(db).await?)
}

/// The enabled alert rules.
pub(crate) async fn alert_rules(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<alert_rule::Model>, StoreError> {
    let found = alert_rule::Entity::find()
        .filter(alert_rule::Column::TenantId.eq(tenant.as_str()))
        .filter(alert_rule::Column::Enabled.eq(true));
    Ok(found.order_by_asc(alert_rule::Column::Id).all(db).await?)
}

/// Incidents: how many there ever were, how many are open, how many of those are late, when one came last.
pub(crate) async fn incidents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    now: i64,
) -> Result<(u64, u64, u64, Option<i64>), StoreError> {
    use incident::Column::{DetectedAt, DueAt, Status, TenantId as Tenant};
    let own = || incident::Entity::find().filter(Tenant.eq(tenant.as_str()));
    let open = || own().filter(Status.is_in(["open", "investigating", "mitigating"]));
    let newest = own().select_only().column_as(DetectedAt.max(), "newest").into_tuple::<Option<i64>>().one(db).await?;
    let late = open().filter(DueAt.lt(now)).count(db).await?;
    Ok((own().count(db).await?, open().count(db).await?, late, newest.flatten()))
}

/// The models of the registry.
pub(crate) async fn models(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<model::Model>, StoreError> {
    Ok(model::Entity::find().filter(model::Column::TenantId.eq(tenant.as_str())).all(db).await?)
}

/// The models that were called since an instant: vendor, name and calls.
pub(crate) async fn models_used(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: i64,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    use usage_hourly::Column::{Calls, HourAt, Model, Provider, TenantId as Tenant};
    let found = usage_hourly::Entity::find()
        .select_only()
        .columns([Provider, Model])
        .column_as(super::counts::sum(Expr::col(Calls)), "calls")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(HourAt.gte(since))
        .group_by(Provider)
        .group_by(Model)
        .order_by_asc(Provider)
        .order_by_asc(Model);
    Ok(found.into_tuple().all(db).await?)
}

/// The agents that may act: their names for themselves.
pub(crate) async fn agents(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let found = agent::Entity::find()
        .select_only()
        .column(agent::Column::AgentId)
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::Status.is_in(["active", "provisioning"]))
        .order_by_asc(agent::Column::AgentId);
    Ok(found.into_tuple().all(db).await?)
}

/// The keys in force, without what opens them.
#[derive(Debug, FromQueryResult)]
pub(crate) struct KeyRow {
    /// Its id.
    pub(crate) id: String,
    /// agent | enrolment | bootstrap | operator.
    pub(crate) kind: String,
    /// Its name for people.
    pub(crate) label: String,
    /// Of an agent key: the agent.
    pub(crate) agent_id: Option<String>,
    /// When it ends.
    pub(crate) expires_at: Option<i64>,
}

/// The keys of agents and operators that are in force.
pub(crate) async fn keys(db: &impl ConnectionTrait, tenant: &TenantId, now: i64) -> Result<Vec<KeyRow>, StoreError> {
    use api_key::Column::{AgentId, ExpiresAt, Id, Kind, Label, RevokedAt, TenantId as Tenant};
    let found = api_key::Entity::find()
        .select_only()
        .columns([Id, Kind, Label, AgentId, ExpiresAt])
        .filter(Tenant.eq(tenant.as_str()))
        .filter(Kind.is_in(["agent", "operator"]))
        .filter(RevokedAt.is_null())
        .filter(ExpiresAt.is_null().or(ExpiresAt.gt(now)))
        .order_by_asc(Id);
    Ok(found.into_model().all(db).await?)
}

/// How many system prompts are enabled, and when one was changed last.
pub(crate) async fn prompts(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<(u64, Option<i64>), StoreError> {
    use system_prompt::Column::{Enabled, TenantId as Tenant, UpdatedAt};
    let own = system_prompt::Entity::find().filter(Tenant.eq(tenant.as_str())).filter(Enabled.eq(true));
    let newest =
        own.clone().select_only().column_as(UpdatedAt.max(), "newest").into_tuple::<Option<i64>>().one(db).await?;
    Ok((own.count(db).await?, newest.flatten()))
}

/// What a tenant chose of frameworks.
pub(crate) async fn choices(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<framework_choice::Model>, StoreError> {
    let own = framework_choice::Entity::find().filter(framework_choice::Column::TenantId.eq(tenant.as_str()));
    Ok(own.all(db).await?)
}

/// Keeps a choice.
pub(crate) async fn choose(txn: &DatabaseTransaction, row: framework_choice::Model) -> Result<(), StoreError> {
    use framework_choice::Column::{ChangedAt, ChangedBy, Enabled, FrameworkId, TenantId as Tenant};
    let again = OnConflict::columns([Tenant, FrameworkId]).update_columns([Enabled, ChangedBy, ChangedAt]).to_owned();
    framework_choice::Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(txn).await?;
    Ok(())
}

/// Keeps what a look at all controls came to.
pub(crate) async fn keep_assessment(txn: &DatabaseTransaction, row: assessment::Model) -> Result<(), StoreError> {
    assessment::Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// The newest looks.
pub(crate) async fn assessments(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    most: u64,
) -> Result<Vec<assessment::Model>, StoreError> {
    let found = assessment::Entity::find()
        .filter(assessment::Column::TenantId.eq(tenant.as_str()))
        .order_by_desc(assessment::Column::Id)
        .limit(most);
    Ok(found.all(db).await?)
}

/// The findings that are open.
pub(crate) async fn open_findings(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<finding::Model>, StoreError> {
    let found = finding::Entity::find()
        .filter(finding::Column::TenantId.eq(tenant.as_str()))
        .filter(finding::Column::ResolvedAt.is_null());
    Ok(found.all(db).await?)
}

/// The newest findings, open or not.
pub(crate) async fn findings(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    most: u64,
) -> Result<Vec<finding::Model>, StoreError> {
    let found = finding::Entity::find()
        .filter(finding::Column::TenantId.eq(tenant.as_str()))
        .order_by_desc(finding::Column::FoundAt)
        .order_by_asc(finding::Column::FrameworkId)
        .order_by_asc(finding::Column::ControlId)
        .limit(most);
    Ok(found.all(db).await?)
}

/// Keeps new findings.
pub(crate) async fn insert_findings(txn: &DatabaseTransaction, rows: Vec<finding::Model>) -> Result<(), StoreError> {
    for some in rows.chunks(200) {
        let rows = some.iter().cloned().map(sea_orm::IntoActiveModel::into_active_model);
        finding::Entity::insert_many::<finding::ActiveModel, _>(rows).exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Keeps a changed finding.
pub(crate) async fn update_finding(txn: &DatabaseTransaction, row: finding::Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}
