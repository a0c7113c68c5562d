//! System prompts in the database.

use super::keyset::Narrow as _;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, Set,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::entities::system_prompt::{Column, Entity, Model};
use super::entities::system_prompt_revision;
use super::page::{self, Page, Paged};
use super::{StoreError, rows};

/// A page of a tenant's.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    let select = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    page::read(db, select, Column::Id, |row: &Model| &row.id, page).await
}

/// Some system prompts.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<Model>, StoreError> {
    let found = Entity::find().filter(Column::TenantId.eq(tenant.as_str()));
    Ok(found.filter(Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}

/// One system prompt.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "system prompt" })
}

/// One system prompt, locked until the transaction ends.
pub(crate) async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    let wanted = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "system prompt").await
}

/// Keeps a new system prompt.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a system prompt `{}`", row.slug));
    Entity::insert(row.into_active_model()).exec_without_returning(txn).await.map(|_| ()).map_err(taken)
}

/// Keeps a changed system prompt.
pub(crate) async fn update(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    let taken = rows::unless_taken(format!("a system prompt `{}`", row.slug));
    row.into_active_model().reset_all().update(txn).await.map(|_| ()).map_err(taken)
}

/// Removes a system prompt.
pub(crate) async fn delete(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(txn).await?;
    Ok(())
}

/// Keeps a version of a prompt's text. Versions stay when the prompt goes.
pub(crate) async fn keep_revision(txn: &DatabaseTransaction, row: &Model, by: &str) -> Result<(), StoreError> {
    let revision = system_prompt_revision::ActiveModel {
        tenant_id: Set(row.tenant_id.clone()),
        prompt_id: Set(row.id.clone()),
        version: Set(row.version),
        prompt_text: Set(row.prompt_text.clone()),
        changed_by: Set(by.to_owned()),
        changed_at: Set(row.updated_at),
    };
    system_prompt_revision::Entity::insert(revision).exec_without_returning(txn).await?;
    Ok(())
}

/// A page of a prompt's versions, newest first. `before` is the version the last page ended with.
pub(crate) async fn revisions(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    prompt_id: &str,
    before: Option<i64>,
    most: u64,
) -> Result<Vec<system_prompt_revision::Model>, StoreError> {
    use system_prompt_revision::Column as Revision;
    let found = system_prompt_revision::Entity::find()
        .filter(Revision::TenantId.eq(tenant.as_str()))
        .filter(Revision::PromptId.eq(prompt_id))
        .apply_if(before, |query, before| query.filter(Revision::Version.lt(before)))
        .order_by_desc(Revision::Version)
        .limit(most);
    Ok(found.all(db).await?)
}

/// One version of a prompt.
pub(crate) async fn revision(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    prompt_id: &str,
    version: i64,
) -> Result<system_prompt_revision::Model, StoreError> {
    let key = (tenant.as_str().to_owned(), prompt_id.to_owned(), version);
    let found = system_prompt_revision::Entity::find_by_id(key).one(db).await?;
    found.ok_or(StoreError::Missing { what: "version of the system prompt" })
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Title, Column::Slug, Column::PromptText], &self.search)
    }
}
