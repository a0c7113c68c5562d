//! What a tenant pays for a model.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::model_price;

/// The tenant's own price of a model at an instant. An empty provider stands for any.
pub(crate) async fn price(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    provider: &str,
    model: &str,
    at: i64,
) -> Result<Option<model_price::Model>, StoreError> {
    let mut found = model_price::Entity::find()
        .filter(model_price::Column::TenantId.eq(tenant.as_str()))
        .filter(model_price::Column::Model.eq(model))
        .filter(model_price::Column::EffectiveAt.lte(at));
    if !provider.is_empty() {
        found = found.filter(model_price::Column::Provider.eq(provider));
    }
    Ok(found.order_by_desc(model_price::Column::EffectiveAt).one(db).await?)
}
