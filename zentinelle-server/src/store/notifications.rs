//! Notifications in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, Select, TryInsertResult,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::notification::{Column, Entity, Model};
use super::page::{self, Page, Paged};

/// A page of notifications, in one state or all.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    status: Option<&str>,
    page: &Page,
) -> Result<Paged<Model>, StoreError> {
    let select = Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .apply_if(status, |query, status| query.filter(Column::Status.eq(status)));
    page::read(db, select, Column::Id, |row: &Model| &row.id, page).await
}

/// One notification of a tenant.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Keeps a notification, unless it is there. Says whether it was not.
pub(crate) async fn insert_new(db: &impl ConnectionTrait, row: &Model) -> Result<bool, StoreError> {
    let inserted = Entity::insert(row.clone().into_active_model())
        .on_conflict(OnConflict::columns([Column::TenantId, Column::Id]).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Whether another of the same kind, severity and subject was kept within a span before. Unit: microseconds.
pub(crate) async fn is_repeated(db: &impl ConnectionTrait, row: &Model, within: i64) -> Result<bool, StoreError> {
    let found = Entity::find()
        .filter(Column::TenantId.eq(row.tenant_id.as_str()))
        .filter(Column::CreatedAt.gt(row.created_at.saturating_sub(within)))
        .filter(Column::Kind.eq(row.kind.as_str()))
        .filter(Column::Severity.eq(row.severity.as_str()))
        .filter(Column::Subject.eq(row.subject.as_str()))
        .limit(1);
    Ok(found.one(db).await?.is_some())
}

/// Marks a notification as read, unless it was, and answers it.
pub(crate) async fn read(db: &impl ConnectionTrait, tenant: &TenantId, id: &str, at: i64) -> Result<Model, StoreError> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value("read"))
        .col_expr(Column::ReadAt, Expr::value(at))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq("unread"))
        .exec(db)
        .await?;
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "notification" })
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// In one of these states.
    pub(crate) status: keyset::Words,
    /// Of one of these kinds.
    #[serde(rename = "type")]
    pub(crate) kind: keyset::Words,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        Entity::find()
            .of(Column::TenantId, tenant)
            .one_of(Column::Status, &self.status)
            .one_of(Column::Kind, &self.kind)
            .between(Column::CreatedAt, self.since, None)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] =
    &[("createdAt", Order::By(Column::CreatedAt), true), ("type", Order::By(Column::Kind), false)];

/// Marks every notification as read, and says how many were not.
pub(crate) async fn read_all(db: &impl ConnectionTrait, tenant: &TenantId, at: i64) -> Result<u64, StoreError> {
    let changed = Entity::update_many()
        .col_expr(Column::Status, Expr::value("read"))
        .col_expr(Column::ReadAt, Expr::value(at))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Status.eq("unread"))
        .exec(db)
        .await?;
    Ok(changed.rows_affected)
}

/// Marks a notification as not read.
pub(crate) async fn unread(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Model, StoreError> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value("unread"))
        .col_expr(Column::ReadAt, Expr::value(Option::<i64>::None))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "notification" })
}
