//! Content scans and what they found, in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zentinelle_core::ids::{AgentId, TenantId};

use super::entities::{content_scan, content_violation, job};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// An agent's own scan.
pub(crate) async fn of_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agent: &AgentId,
    id: &str,
) -> Result<content_scan::Model, StoreError> {
    let found = content_scan::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()))
        .filter(content_scan::Column::AgentId.eq(agent.as_str()));
    found.one(db).await?.ok_or(StoreError::Missing { what: "scan" })
}

/// What a scan found, in order.
pub(crate) async fn violations_of(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    scan_id: &str,
) -> Result<Vec<content_violation::Model>, StoreError> {
    let found = content_violation::Entity::find()
        .filter(content_violation::Column::TenantId.eq(tenant.as_str()))
        .filter(content_violation::Column::ScanId.eq(scan_id))
        .order_by_asc(content_violation::Column::Id);
    Ok(found.all(db).await?)
}

/// Keeps a scan that has not run yet.
pub(crate) async fn insert(txn: &DatabaseTransaction, scan: content_scan::Model) -> Result<(), StoreError> {
    content_scan::Entity::insert(scan.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// A scan that has not run yet, locked; none when it ran already.
pub(crate) async fn waiting(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<content_scan::Model>, StoreError> {
    let wanted = content_scan::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    let row = rows::locked(txn, wanted, "scan").await?;
    Ok(Some(row).filter(|row| matches!(row.status.as_str(), "pending" | "scanning")))
}

/// Keeps the result of a queued scan in its row, and takes the content out of its job.
pub(crate) async fn finish(
    txn: &DatabaseTransaction,
    scan: content_scan::Model,
    violations: Vec<content_violation::Model>,
) -> Result<(), StoreError> {
    let key = job_key(&scan.id);
    let without_content = json!({ "tenant_id": scan.tenant_id, "scan_id": scan.id });
    scan.into_active_model().reset_all().update(txn).await?;
    for part in violations.chunks(200) {
        content_violation::Entity::insert_many(part.iter().cloned().map(|row| row.into_active_model()))
            .exec_without_returning(txn)
            .await?;
    }
    job::Entity::update_many()
        .col_expr(job::Column::Payload, Expr::value(without_content))
        .filter(job::Column::UniqueKey.eq(key))
        .exec(txn)
        .await?;
    Ok(())
}

/// The unique key of the job that runs a scan.
pub(crate) fn job_key(scan_id: &str) -> String {
    format!("scan:{scan_id}")
}

/// Which violations are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Of this user.
    pub(crate) user_id: Option<String>,
    /// Of this agent.
    pub(crate) agent_id: Option<String>,
    /// Of this type of rule.
    pub(crate) rule_type: Option<String>,
    /// Of this severity.
    pub(crate) severity: Option<String>,
    /// From this instant on.
    pub(crate) from: Option<i64>,
    /// Before this instant.
    pub(crate) to: Option<i64>,
}

fn select(tenant: &TenantId, wanted: &Wanted) -> Select<content_violation::Entity> {
    use content_violation::Column;
    content_violation::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .apply_if(wanted.user_id.as_deref(), |query, user| query.filter(Column::UserId.eq(user)))
        .apply_if(wanted.agent_id.as_deref(), |query, agent| query.filter(Column::AgentId.eq(agent)))
        .apply_if(wanted.rule_type.as_deref(), |query, rule_type| query.filter(Column::RuleType.eq(rule_type)))
        .apply_if(wanted.severity.as_deref(), |query, severity| query.filter(Column::Severity.eq(severity)))
        .apply_if(wanted.from, |query, from| query.filter(Column::CreatedAt.gte(from)))
        .apply_if(wanted.to, |query, to| query.filter(Column::CreatedAt.lt(to)))
}

/// A page of violations.
pub(crate) async fn violations(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
    page: &Page,
) -> Result<Paged<content_violation::Model>, StoreError> {
    page::read(
        db,
        select(tenant, wanted),
        content_violation::Column::Id,
        |row: &content_violation::Model| &row.id,
        page,
    )
    .await
}

/// The next violations after an id, oldest first, for exports.
pub(crate) async fn violations_after(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
    after: &str,
    most: u64,
) -> Result<Vec<content_violation::Model>, StoreError> {
    let next = select(tenant, wanted)
        .filter(content_violation::Column::Id.gt(after))
        .order_by_asc(content_violation::Column::Id)
        .limit(most);
    Ok(next.all(db).await?)
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this `content_type`.
    pub(crate) content_type: keyset::Words,
    /// With this `endpoint_id`.
    pub(crate) endpoint_id: Option<String>,
    /// With this `has_violations`.
    pub(crate) has_violations: Option<bool>,
    /// With this `was_blocked`.
    pub(crate) was_blocked: Option<bool>,
    /// With this `user_identifier`.
    pub(crate) user_identifier: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<content_scan::Entity> {
        use content_scan::Column;
        let rows = content_scan::Entity::find()
            .of(Column::TenantId, tenant)
            .one_of(Column::ContentType, &self.content_type)
            .same(Column::AgentId, &self.endpoint_id)
            .is(Column::WasBlocked, self.was_blocked)
            .same(Column::UserId, &self.user_identifier)
            .between(Column::CreatedAt, self.since, self.until);
        found_any(rows, self.has_violations)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<content_scan::Entity>] = &[
    ("createdAt", Order::By(content_scan::Column::CreatedAt), true),
    ("violationCount", Order::By(content_scan::Column::ViolationCount), true),
    (
        "maxSeverity",
        Order::Ranked(content_scan::Column::MaxSeverity, &["info", "low", "medium", "high", "critical"]),
        true,
    ),
];

/// Only scans that found something, or those that did not.
fn found_any(rows: Select<content_scan::Entity>, wanted: Option<bool>) -> Select<content_scan::Entity> {
    match wanted {
        None => rows,
        Some(true) => rows.filter(content_scan::Column::ViolationCount.gt(0)),
        Some(false) => rows.filter(content_scan::Column::ViolationCount.eq(0)),
    }
}

/// One scan.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<content_scan::Model>, StoreError> {
    Ok(content_scan::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Some scans.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<content_scan::Model>, StoreError> {
    use content_scan::Column;
    let found = content_scan::Entity::find().of(Column::TenantId, tenant);
    Ok(found.filter(Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}

/// What some scans found, in order.
pub(crate) async fn violations_of_all(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    scans: &[String],
) -> Result<Vec<content_violation::Model>, StoreError> {
    use content_violation::Column;
    let found = content_violation::Entity::find().of(Column::TenantId, tenant);
    let found = found.filter(Column::ScanId.is_in(scans.iter().map(String::as_str)));
    Ok(found.order_by_asc(Column::Id).limit(5_000).all(db).await?)
}

/// Which violations a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ViolationsListed {
    /// Of one of these types of rule.
    pub(crate) rule_type: keyset::Words,
    /// Of one of these severities.
    pub(crate) severity: keyset::Words,
    /// Of this agent.
    pub(crate) endpoint_id: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl ViolationsListed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<content_violation::Entity> {
        use content_violation::Column;
        content_violation::Entity::find()
            .of(Column::TenantId, tenant)
            .one_of(Column::RuleType, &self.rule_type)
            .one_of(Column::Severity, &self.severity)
            .same(Column::AgentId, &self.endpoint_id)
            .between(Column::CreatedAt, self.since, self.until)
    }
}

/// The orders of the list of violations, its usual one first.
pub(crate) const VIOLATION_SORTS: &[keyset::Sort<content_violation::Entity>] = &[
    ("createdAt", Order::By(content_violation::Column::CreatedAt), true),
    (
        "severity",
        Order::Ranked(content_violation::Column::Severity, &["info", "low", "medium", "high", "critical"]),
        true,
    ),
    ("ruleType", Order::By(content_violation::Column::RuleType), false),
];
