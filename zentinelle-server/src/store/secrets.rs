//! Secrets and provider keys in the database, sealed.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::secret;

fn of_kind(tenant: &TenantId, kind: &str) -> Select<secret::Entity> {
    secret::Entity::find().filter(secret::Column::TenantId.eq(tenant.as_str())).filter(secret::Column::Kind.eq(kind))
}

/// Some secrets of a kind in the order of their names, from behind `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    kind: &str,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<secret::Model>, StoreError> {
    let mut found = of_kind(tenant, kind);
    if let Some(after) = after {
        found = found.filter(secret::Column::Name.gt(after));
    }
    Ok(found.order_by_asc(secret::Column::Name).limit(limit).all(db).await?)
}

/// How many secrets of a kind there are.
pub(crate) async fn count(db: &impl ConnectionTrait, tenant: &TenantId, kind: &str) -> Result<u64, StoreError> {
    Ok(of_kind(tenant, kind).count(db).await?)
}

/// One secret.
pub(crate) async fn by_name(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    kind: &str,
    name: &str,
) -> Result<Option<secret::Model>, StoreError> {
    Ok(of_kind(tenant, kind).filter(secret::Column::Name.eq(name)).one(db).await?)
}

/// Keeps a secret, in the place of an earlier one of the name.
pub(crate) async fn put(db: &impl ConnectionTrait, row: secret::Model) -> Result<(), StoreError> {
    let replace = OnConflict::columns([secret::Column::TenantId, secret::Column::Kind, secret::Column::Name])
        .update_columns([
            secret::Column::Sealed,
            secret::Column::LastFour,
            secret::Column::ScopeLevel,
            secret::Column::ScopeId,
            secret::Column::Active,
            secret::Column::UpdatedAt,
        ])
        .to_owned();
    secret::Entity::insert(row.into_active_model().reset_all()).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

/// Takes a secret away.
pub(crate) async fn delete(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    kind: &str,
    name: &str,
) -> Result<(), StoreError> {
    secret::Entity::delete_many()
        .filter(secret::Column::TenantId.eq(tenant.as_str()))
        .filter(secret::Column::Kind.eq(kind))
        .filter(secret::Column::Name.eq(name))
        .exec(db)
        .await?;
    Ok(())
}
