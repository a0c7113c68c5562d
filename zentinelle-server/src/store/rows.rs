//! Reading a row that will be written, and writing one whose name may be taken.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, SqlErr,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;

/// The one row a query selects, locked until the transaction ends.
pub(crate) async fn locked<E: EntityTrait>(
    txn: &DatabaseTransaction,
    select: Select<E>,
    what: &'static str,
) -> Result<E::Model, StoreError> {
    // On SQLite the transaction itself is the lock.
    let select = if txn.get_database_backend() == DbBackend::Postgres { select.lock_exclusive() } else { select };
    select.one(txn).await?.ok_or(StoreError::Missing { what })
}

/// Changes the newest row that meets a condition, such as to count it up instead of opening
/// another. Says whether there was one.
pub(crate) async fn change_newest<E: EntityTrait>(
    txn: &DatabaseTransaction,
    tenant: (E::Column, &TenantId),
    id: E::Column,
    meets: Condition,
    changes: impl IntoIterator<Item = (E::Column, Expr)>,
) -> Result<bool, StoreError> {
    let own = tenant.0.eq(tenant.1.as_str());
    let newest = E::find().select_only().column(id).filter(own.clone()).filter(meets).order_by_desc(id);
    let Some(newest) = newest.limit(1).into_tuple::<String>().one(txn).await? else { return Ok(false) };
    let change = changes.into_iter().fold(E::update_many(), |update, (column, to)| update.col_expr(column, to));
    change.filter(own).filter(id.eq(newest)).exec(txn).await?;
    Ok(true)
}

/// Reads a failure to write: a unique name that is taken is no fault of the database.
pub(crate) fn unless_taken(what: String) -> impl FnOnce(DbErr) -> StoreError {
    move |error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Exists { what },
        _ => StoreError::Database(error),
    }
}
