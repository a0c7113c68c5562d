//! Where people are signed in, in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::user_session;
use super::entities::user_session::Column;

/// The session of a cookie, whichever tenant it belongs to: the cookie is what tells the tenant.
pub(crate) async fn by_token(
    db: &impl ConnectionTrait,
    token_hash: &str,
) -> Result<Option<user_session::Model>, StoreError> {
    Ok(user_session::Entity::find().filter(Column::TokenHash.eq(token_hash)).one(db).await?)
}

/// One session.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<user_session::Model>, StoreError> {
    Ok(user_session::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// The open sessions of a person, or of everybody, the newest first.
pub(crate) async fn open(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    user: Option<&str>,
    seen_since: i64,
    now: i64,
    limit: u64,
) -> Result<Vec<user_session::Model>, StoreError> {
    let mut found = user_session::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::LastSeenAt.gt(seen_since));
    if let Some(user) = user {
        found = found.filter(Column::UserId.eq(user));
    }
    Ok(found.order_by_desc(Column::Id).limit(limit).all(db).await?)
}

/// Keeps a new session.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: user_session::Model) -> Result<(), StoreError> {
    user_session::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Notes that a session is in use.
pub(crate) async fn seen(db: &impl ConnectionTrait, tenant: &TenantId, id: &str, now: i64) -> Result<(), StoreError> {
    user_session::Entity::update_many()
        .col_expr(Column::LastSeenAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends one session. Says whether it was open.
pub(crate) async fn end(db: &impl ConnectionTrait, tenant: &TenantId, id: &str, now: i64) -> Result<bool, StoreError> {
    let ended = user_session::Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Ends every session of a person, but for one that may stay. Returns how many.
pub(crate) async fn end_all(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    user: &str,
    but: Option<&str>,
    now: i64,
) -> Result<u64, StoreError> {
    let mut ending = user_session::Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null());
    if let Some(but) = but {
        ending = ending.filter(Column::Id.ne(but));
    }
    Ok(ending.exec(db).await?.rows_affected)
}

/// Takes away what ended before an instant.
pub(crate) async fn forget(db: &impl ConnectionTrait, tenant: &TenantId, before: i64) -> Result<(), StoreError> {
    user_session::Entity::delete_many()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::ExpiresAt.lt(before))
        .exec(db)
        .await?;
    Ok(())
}
