//! Recovery codes in the database: only those that are still good.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::recovery_code::{Column, Entity, Model};

/// Keeps the codes of a person in the place of those there were.
pub(crate) async fn replace(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    user: &str,
    rows: Vec<Model>,
) -> Result<(), StoreError> {
    let own = Entity::delete_many().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::UserId.eq(user));
    own.exec(db).await?;
    if !rows.is_empty() {
        let rows = rows.into_iter().map(|row| row.into_active_model());
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Uses up a code. Says whether it was good.
pub(crate) async fn use_up(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    user: &str,
    code_hash: &str,
) -> Result<bool, StoreError> {
    let used = Entity::delete_by_id((tenant.as_str().to_owned(), user.to_owned(), code_hash.to_owned())).exec(db);
    Ok(used.await?.rows_affected == 1)
}

/// How many codes of a person are still good.
pub(crate) async fn left(db: &impl ConnectionTrait, tenant: &TenantId, user: &str) -> Result<u64, StoreError> {
    let own = Entity::find().filter(Column::TenantId.eq(tenant.as_str())).filter(Column::UserId.eq(user));
    Ok(own.count(db).await?)
}
