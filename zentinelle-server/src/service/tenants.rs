//! Tenants: the organisations that own everything else.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, Set};
use zentinelle_core::ids::TenantId;

use crate::clock;
use crate::store::entities::tenant;
use crate::store::{Store, StoreError};

/// The tenant of a standalone server. Clients and demos in the field know it by this id.
pub(crate) const STANDALONE: &str = "00000000-0000-0000-0000-000000000001";

/// Makes a tenant, unless it is there. Says whether it was made.
pub(crate) async fn ensure(store: &Store, id: &TenantId, name: &str) -> Result<bool, StoreError> {
    let now = clock::now_micros();
    let row = tenant::ActiveModel {
        id: Set(id.as_str().to_owned()),
        name: Set(name.to_owned()),
        status: Set("active".to_owned()),
        settings: Set(serde_json::json!({})),
        policy_revision: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let made = tenant::Entity::insert(row)
        .on_conflict(OnConflict::column(tenant::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(store.db())
        .await?;
    Ok(matches!(made, sea_orm::TryInsertResult::Inserted(_)))
}
