//! Alert rules in the database.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use zentinelle_core::ids::TenantId;

use super::entities::alert_rule::{Column, Entity, Model};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// A page of a tenant's.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    let select = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    page::read(db, select, Column::Id, |row: &Model| &row.id, page).await
}

/// One alert rule.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "alert rule" })
}

/// One alert rule, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let wanted = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "alert rule").await
}

/// Keeps a new alert rule.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("an alert rule named `{}`", row.name));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map(|_| ()).map_err(taken)
}

/// Keeps a changed alert rule.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("an alert rule named `{}`", row.name));
    row.into_active_model().reset_all().update(txn).await.map(|_| ()).map_err(taken)
}

/// Removes an alert rule.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}
