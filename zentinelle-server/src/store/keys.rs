//! Keys in the database.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::entities::api_key;
use super::{Store, StoreError};

/// The row of a key, whichever tenant it belongs to: the key is what tells the tenant.
pub(crate) async fn by_public_id(store: &Store, public_id: &str) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find().filter(api_key::Column::PublicId.eq(public_id)).one(store.db()).await?)
}
