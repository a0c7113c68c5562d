//! Models in the database.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use zentinelle_core::ids::TenantId;

use super::entities::model::{Column, Entity, Model};
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

/// The names of a tenant's models.
pub(crate) async fn names(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let names = Entity::find().select_only().column(Column::Model).filter(Column::TenantId.eq(tenant.as_str()));
    Ok(names.into_tuple::<String>().all(db).await?)
}

/// One model.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "model" })
}

/// One model, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let wanted = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "model").await
}

/// Keeps a new model.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a model `{}` of that provider", row.model));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map(|_| ()).map_err(taken)
}

/// Keeps a changed model.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a model `{}` of that provider", row.model));
    row.into_active_model().reset_all().update(txn).await.map(|_| ()).map_err(taken)
}

/// Removes a model.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}
