//! How far recurring work has come.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait as _, Set};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::watermark::{self, Column};
use crate::clock;

/// Where a tenant's work of a name stands.
pub(crate) async fn get(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<watermark::Model>, StoreError> {
    Ok(watermark::Entity::find_by_id((tenant.as_str().to_owned(), name.to_owned())).one(db).await?)
}

/// Moves a tenant's work of a name to an instant, with further facts.
pub(crate) async fn set(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    name: &str,
    reached_at: i64,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let row = watermark::ActiveModel {
        tenant_id: Set(tenant.as_str().to_owned()),
        name: Set(name.to_owned()),
        reached_at: Set(reached_at),
        detail: Set(detail),
        updated_at: Set(clock::now_micros()),
    };
    let replace = OnConflict::columns([Column::TenantId, Column::Name])
        .update_columns([Column::ReachedAt, Column::Detail, Column::UpdatedAt])
        .to_owned();
    watermark::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}
