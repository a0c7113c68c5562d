//! Notifications in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryTrait as _,
};
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

/// Marks a notification as read, unless it was, and answers it.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    at: i64,
) -> Result<Model, StoreError> {
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
