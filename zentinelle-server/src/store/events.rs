//! Events in the database.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::event::{Column, Entity};

/// Which of some events are kept already, by their digests.
pub(crate) async fn known(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    digests: impl Iterator<Item = &str>,
) -> Result<BTreeSet<String>, StoreError> {
    let kept = Entity::find()
        .select_only()
        .column(Column::Digest)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Digest.is_in(digests))
        .into_tuple::<String>();
    Ok(kept.all(db).await?.into_iter().collect())
}
