//! Content rules in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::entities::content_rule::{Column, Entity, Model};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// Every rule of a tenant.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find().filter(Column::TenantId.eq(tenant.as_str())).all(db).await?)
}

/// A page of a tenant's rules.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    let rules = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    page::read(db, rules, Column::Id, |row: &Model| &row.id, page).await
}

/// One rule.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "content rule" })
}

/// One rule, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let wanted = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "content rule").await
}

/// Keeps a new rule.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a content rule named `{}`", row.name));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map(|_| ()).map_err(taken)
}

/// Keeps a changed rule.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a content rule named `{}`", row.name));
    row.into_active_model().reset_all().update(txn).await.map(|_| ()).map_err(taken)
}

/// Removes a rule.
pub(crate) async fn delete(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(db).await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `rule_type`.
    pub(crate) rule_type: keyset::Words,
    /// With this `severity`.
    pub(crate) severity: keyset::Words,
    /// With this `enforcement`.
    pub(crate) enforcement: keyset::Words,
    /// With this `enabled`.
    pub(crate) enabled: Option<bool>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Name], &self.search)
            .one_of(Column::RuleType, &self.rule_type)
            .one_of(Column::Severity, &self.severity)
            .one_of(Column::Enforcement, &self.enforcement)
            .is(Column::Enabled, self.enabled)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] = &[
    ("createdAt", Order::By(Column::CreatedAt), true),
    ("name", Order::By(Column::Name), false),
    ("severity", Order::Ranked(Column::Severity, &["info", "low", "medium", "high", "critical"]), true),
    ("ruleType", Order::By(Column::RuleType), false),
    ("priority", Order::By(Column::Priority), true),
];

/// Some rules.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<Model>, StoreError> {
    let found = Entity::find().of(Column::TenantId, tenant);
    Ok(found.filter(Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}
