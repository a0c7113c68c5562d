//! A tenant's own prices in the database.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};
use zentinelle_core::ids::TenantId;

use super::entities::model_price::{Column, Entity, Model};
use super::{StoreError, rows};

/// Every price of a tenant's own.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find().filter(Column::TenantId.eq(tenant.as_str())).all(db).await?)
}

/// Keeps a price in the place of the one for the same model and instant, and answers that one.
pub(crate) async fn replace(txn: &DatabaseTransaction, row: Model) -> Result<Option<Model>, StoreError> {
    let same = Entity::find()
        .filter(Column::TenantId.eq(row.tenant_id.as_str()))
        .filter(Column::Provider.eq(row.provider.as_str()))
        .filter(Column::Model.eq(row.model.as_str()))
        .filter(Column::EffectiveAt.eq(row.effective_at));
    let before = same.one(txn).await?;
    if let Some(before) = &before {
        Entity::delete_by_id((before.tenant_id.clone(), before.id.clone())).exec(txn).await?;
    }
    let taken = rows::unless_taken(format!("a price of `{}` from that instant on", row.model));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map_err(taken)?;
    Ok(before)
}

/// Removes a price and answers it.
pub(crate) async fn take(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let key = (tenant.as_str().to_owned(), id.to_owned());
    let row = rows::locked(txn, Entity::find_by_id(key.clone()), "price").await?;
    Entity::delete_by_id(key).exec(txn).await?;
    Ok(row)
}
