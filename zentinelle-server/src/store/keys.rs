//! Keys in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _,
};
use zentinelle_core::ids::{AgentId, TenantId};

use super::entities::api_key;
use super::{Store, StoreError};

/// The row of a key, whichever tenant it belongs to: the key is what tells the tenant.
pub(crate) async fn by_public_id(store: &Store, public_id: &str) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find().filter(api_key::Column::PublicId.eq(public_id)).one(store.db()).await?)
}

/// Counts one use of an enrolment key, unless it is used up, ended or revoked. Says whether it
/// was counted. The row stays locked until the transaction ends, so no use is given twice.
pub(crate) async fn count_use(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<bool, StoreError> {
    use api_key::Column;
    let counted = api_key::Entity::update_many()
        .col_expr(Column::UseCount, Expr::col(Column::UseCount).add(1))
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(now)))
        .filter(Column::MaxUses.is_null().or(Expr::col(Column::UseCount).lt(Expr::col(Column::MaxUses))))
        .exec(txn)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// The keys of an agent that still open something.
pub(crate) async fn of_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agent: &AgentId,
    now: i64,
) -> Result<Vec<api_key::Model>, StoreError> {
    use api_key::Column;
    let found = api_key::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.eq(agent.as_str()))
        .filter(Column::Kind.eq("agent"))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(now)));
    Ok(found.all(db).await?)
}

/// Ends a key, at once when `at` is not later than `now`. A key that ends sooner stays so.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    key: &api_key::Model,
    at: i64,
    now: i64,
    replaced_by: Option<&str>,
) -> Result<(), StoreError> {
    use api_key::Column;
    let at_once = at <= now;
    let end = key.expires_at.map_or(at, |end| std::cmp::min(end, at));
    api_key::Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at_once.then_some(now)))
        .col_expr(Column::ExpiresAt, Expr::value(if at_once { key.expires_at } else { Some(end) }))
        .col_expr(Column::ReplacedBy, Expr::value(replaced_by))
        .filter(Column::TenantId.eq(key.tenant_id.as_str()))
        .filter(Column::Id.eq(key.id.as_str()))
        .exec(db)
        .await?;
    Ok(())
}
