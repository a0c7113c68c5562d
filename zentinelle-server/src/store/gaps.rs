//! Who closes which gap, in the database.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::gap_assignment::{Column, Entity, Model};

/// Every assignment of a tenant.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find().filter(Column::TenantId.eq(tenant.as_str())).all(db).await?)
}

/// One assignment.
pub(crate) async fn one(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    framework: &str,
    control: &str,
) -> Result<Option<Model>, StoreError> {
    let key = (tenant.as_str().to_owned(), framework.to_owned(), control.to_owned());
    Ok(Entity::find_by_id(key).one(db).await?)
}

/// Keeps an assignment in the place of the one there was.
pub(crate) async fn put(db: &impl ConnectionTrait, row: Model) -> Result<(), StoreError> {
    use Column::{AssignedAt, AssignedBy, ControlId, DueAt, FrameworkId, Note, Owner, TenantId as Tenant};
    let again = OnConflict::columns([Tenant, FrameworkId, ControlId])
        .update_columns([Owner, DueAt, Note, AssignedBy, AssignedAt])
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// Takes an assignment away.
pub(crate) async fn delete(db: &impl ConnectionTrait, row: Model) -> Result<(), StoreError> {
    Entity::delete_by_id((row.tenant_id, row.framework_id, row.control_id)).exec(db).await?;
    Ok(())
}
