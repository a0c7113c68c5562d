//! Saved views in the database.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use zentinelle_core::ids::TenantId;

use super::entities::saved_view::{Column, Entity, Model};
use super::{StoreError, rows};

/// The views of a tenant, of one page or all, by page and name.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: Option<&str>,
    most: u64,
) -> Result<Vec<Model>, StoreError> {
    let found = Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .apply_if(page, |query, page| query.filter(Column::Page.eq(page)))
        .order_by_asc(Column::Page)
        .order_by_asc(Column::Name)
        .order_by_asc(Column::Id)
        .limit(most);
    Ok(found.all(db).await?)
}

/// One view, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    rows::locked(txn, Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())), "saved view").await
}

/// Keeps a new view.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// Keeps a changed view.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}

/// Removes a view.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}
