//! Content scans and what they found, in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
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
