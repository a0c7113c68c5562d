//! Tenants in the database: their settings, and the revision of what decides for them.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait as _, ExprTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::tenant;
use crate::clock;

/// A tenant's row.
pub(crate) async fn by_id(db: &impl ConnectionTrait, id: &TenantId) -> Result<Option<tenant::Model>, StoreError> {
    Ok(tenant::Entity::find_by_id(id.as_str()).one(db).await?)
}

/// Makes changes of one tenant wait in line from here to the end of the transaction.
pub(crate) async fn lock(txn: &DatabaseTransaction, id: &TenantId) -> Result<(), StoreError> {
    // On SQLite the transaction itself is the lock.
    if txn.get_database_backend() == DbBackend::Postgres {
        tenant::Entity::find_by_id(id.as_str()).lock_exclusive().one(txn).await?;
    }
    Ok(())
}

/// Some tenants in the order of their ids, from behind `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<tenant::Model>, StoreError> {
    let mut found = tenant::Entity::find();
    if let Some(after) = after {
        found = found.filter(tenant::Column::Id.gt(after));
    }
    Ok(found.order_by_asc(tenant::Column::Id).limit(limit).all(db).await?)
}

/// How many tenants there are.
pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(tenant::Entity::find().count(db).await?)
}

/// The tenants that are active.
pub(crate) async fn active(db: &impl ConnectionTrait) -> Result<Vec<TenantId>, StoreError> {
    let ids: Vec<String> = tenant::Entity::find()
        .select_only()
        .column(tenant::Column::Id)
        .filter(tenant::Column::Status.eq("active"))
        .order_by_asc(tenant::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(TenantId::new).collect())
}

/// Counts up the tenant's policy revision and returns it. Call it in the transaction of every
/// change that can change a decision; it also makes such changes of one tenant wait in line.
pub(crate) async fn bump_revision(db: &impl ConnectionTrait, id: &TenantId) -> Result<i64, StoreError> {
    tenant::Entity::update_many()
        .col_expr(tenant::Column::PolicyRevision, Expr::col(tenant::Column::PolicyRevision).add(1))
        .col_expr(tenant::Column::UpdatedAt, Expr::value(clock::now_micros()))
        .filter(tenant::Column::Id.eq(id.as_str()))
        .exec(db)
        .await?;
    by_id(db, id).await?.map(|row| row.policy_revision).ok_or(StoreError::Missing { what: "tenant" })
}

/// The policy revision of every tenant.
pub(crate) async fn revisions(db: &impl ConnectionTrait) -> Result<BTreeMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> = tenant::Entity::find()
        .select_only()
        .columns([tenant::Column::Id, tenant::Column::PolicyRevision])
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Gives a tenant another name.
pub(crate) async fn rename(db: &impl ConnectionTrait, id: &TenantId, name: &str, at: i64) -> Result<(), StoreError> {
    tenant::Entity::update_many()
        .col_expr(tenant::Column::Name, Expr::value(name))
        .col_expr(tenant::Column::UpdatedAt, Expr::value(at))
        .filter(tenant::Column::Id.eq(id.as_str()))
        .exec(db)
        .await?;
    Ok(())
}
