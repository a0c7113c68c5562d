//! The root of this installation, from which every key comes that seals nothing: made at the
//! first start, and kept sealed in the database that every replica reads.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use zentinelle_core::ids::TenantId;

use crate::clock;
use crate::sealing::{MasterKeys, Root, SealContext, SealError};
use crate::store::entities::secret;
use crate::store::{Store, StoreError};

/// No tenant has an empty id, so none can read it.
const NOBODY: &str = "";
/// The kind of secret it is.
pub(super) const KIND: &str = "root";
const NAME: &str = "root";

/// Why the root could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootError {
    /// It does not open.
    #[error("the root of this installation's keys does not open: {0}")]
    Sealed(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The root; made when there is none. Of several servers that start at once, one makes it.
pub(crate) async fn load(store: &Store, keys: &MasterKeys) -> Result<Root, RootError> {
    let tenant = TenantId::new(NOBODY);
    let context = SealContext { tenant: &tenant, kind: KIND, name: NAME };
    if let Some(sealed) = kept(store).await? {
        return Ok(Root::from_bytes(keys.open(&context, &sealed)?.expose())?);
    }
    let now = clock::now_micros();
    let row = secret::Model {
        tenant_id: NOBODY.to_owned(),
        name: NAME.to_owned(),
        kind: KIND.to_owned(),
        sealed: keys.seal(&context, Root::generate()?.expose())?,
        last_four: String::new(),
        scope_level: "organization".to_owned(),
        scope_id: None,
        active: true,
        created_by: "zentinelle".to_owned(),
        created_at: now,
        updated_at: now,
        last_used_at: None,
    };
    let first = OnConflict::columns([secret::Column::TenantId, secret::Column::Kind, secret::Column::Name])
        .do_nothing()
        .to_owned();
    let made = secret::Entity::insert(row.into_active_model()).on_conflict(first).try_insert();
    made.exec_without_returning(store.db()).await.map_err(StoreError::from)?;
    let sealed = kept(store).await?.ok_or(StoreError::Missing { what: "root key" })?;
    Ok(Root::from_bytes(keys.open(&context, &sealed)?.expose())?)
}

async fn kept(store: &Store) -> Result<Option<String>, StoreError> {
    let found = secret::Entity::find_by_id((NOBODY.to_owned(), KIND.to_owned(), NAME.to_owned()));
    Ok(found.one(store.db()).await?.map(|row| row.sealed))
}
