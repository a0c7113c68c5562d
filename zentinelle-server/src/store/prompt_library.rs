//! What people think of system prompts, in the database.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{prompt_favorite, prompt_rating, system_prompt};

/// The most prompts of a library.
const MOST: u64 = 5_000;

/// The prompts of a tenant, newest first.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<system_prompt::Model>, StoreError> {
    let found = system_prompt::Entity::find()
        .filter(system_prompt::Column::TenantId.eq(tenant.as_str()))
        .order_by_desc(system_prompt::Column::Id)
        .limit(MOST);
    Ok(found.all(db).await?)
}

/// Every mark in a tenant.
pub(crate) async fn favorites(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<prompt_favorite::Model>, StoreError> {
    let found = prompt_favorite::Entity::find().filter(prompt_favorite::Column::TenantId.eq(tenant.as_str()));
    Ok(found.all(db).await?)
}

/// Every rating in a tenant.
pub(crate) async fn ratings(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<prompt_rating::Model>, StoreError> {
    let found = prompt_rating::Entity::find().filter(prompt_rating::Column::TenantId.eq(tenant.as_str()));
    Ok(found.all(db).await?)
}

/// Keeps a mark, or takes it away. Doing either twice does no harm.
pub(crate) async fn mark(db: &impl ConnectionTrait, row: prompt_favorite::Model, on: bool) -> Result<(), StoreError> {
    use prompt_favorite::Column::{PromptId, TenantId as Tenant, UserId};
    if on {
        let again = OnConflict::columns([Tenant, PromptId, UserId]).do_nothing().to_owned();
        let insert = prompt_favorite::Entity::insert(row.into_active_model()).on_conflict(again).try_insert();
        insert.exec_without_returning(db).await?;
    } else {
        prompt_favorite::Entity::delete_by_id((row.tenant_id, row.prompt_id, row.user_id)).exec(db).await?;
    }
    Ok(())
}

/// Keeps a rating in the place of the same person's earlier one. Returns what is kept.
pub(crate) async fn rate(
    txn: &DatabaseTransaction,
    row: prompt_rating::Model,
) -> Result<prompt_rating::Model, StoreError> {
    use prompt_rating::Column::{PromptId, Rating, Review, TenantId as Tenant, UpdatedAt, UserId};
    let key = (row.tenant_id.clone(), row.prompt_id.clone(), row.user_id.clone());
    let again = OnConflict::columns([Tenant, PromptId, UserId]).update_columns([Rating, Review, UpdatedAt]).to_owned();
    prompt_rating::Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(txn).await?;
    prompt_rating::Entity::find_by_id(key).one(txn).await?.ok_or(StoreError::Missing { what: "rating" })
}
