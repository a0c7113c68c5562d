//! Models in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::entities::model::{Column, Entity, Model};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// What the approval of a model is that may not be used.
pub(crate) const DENIED: &str = "denied";

/// A page of a tenant's.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    let select = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    page::read(db, select, Column::Id, |row: &Model| &row.id, page).await
}

/// The names of a tenant's models.
pub(crate) async fn names(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let names = Entity::find().select_only().column(Column::Model).filter(Column::TenantId.eq(tenant.as_str()));
    Ok(names.into_tuple::<String>().all(db).await?)
}

/// The names of the models that a tenant denied.
pub(crate) async fn denied(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
    let names = Entity::find()
        .select_only()
        .column(Column::Model)
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Approval.eq(DENIED))
        .order_by_asc(Column::Model);
    Ok(names.into_tuple::<String>().all(db).await?)
}

/// One model.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "model" })
}

/// One model, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let wanted = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "model").await
}

/// Keeps a new model.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a model `{}` of that provider", row.model));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map(|_| ()).map_err(taken)
}

/// Keeps a changed model.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a model `{}` of that provider", row.model));
    row.into_active_model().reset_all().update(txn).await.map(|_| ()).map_err(taken)
}

/// Removes a model.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `provider_slug`.
    pub(crate) provider_slug: keyset::Words,
    /// With this `model_type`.
    pub(crate) model_type: keyset::Words,
    /// With this `risk_level`.
    pub(crate) risk_level: keyset::Words,
    /// With this `approval`.
    pub(crate) approval: keyset::Words,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Model, Column::DisplayName, Column::Provider], &self.search)
            .one_of(Column::Provider, &self.provider_slug)
            .one_of(Column::ModelType, &self.model_type)
            .one_of(Column::RiskLevel, &self.risk_level)
            .one_of(Column::Approval, &self.approval)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] = &[
    ("name", Order::By(Column::DisplayName), false),
    ("provider", Order::By(Column::Provider), false),
    ("createdAt", Order::By(Column::CreatedAt), true),
    ("approval", Order::By(Column::Approval), false),
];
