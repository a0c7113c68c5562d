//! What agents may fetch: sealed secrets and system prompts.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{secret, system_prompt};

/// Every active bundle of a tenant, by name.
pub(crate) async fn bundles(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<secret::Model>, StoreError> {
    let found = secret::Entity::find()
        .filter(secret::Column::TenantId.eq(tenant.as_str()))
        .filter(secret::Column::Kind.eq("bundle"))
        .filter(secret::Column::Active.eq(true))
        .order_by_asc(secret::Column::Name);
    Ok(found.all(db).await?)
}

/// Every enabled system prompt of a tenant, by slug.
pub(crate) async fn prompts(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
) -> Result<Vec<system_prompt::Model>, StoreError> {
    let found = system_prompt::Entity::find()
        .filter(system_prompt::Column::TenantId.eq(tenant.as_str()))
        .filter(system_prompt::Column::Enabled.eq(true))
        .order_by_asc(system_prompt::Column::Slug);
    Ok(found.all(db).await?)
}
