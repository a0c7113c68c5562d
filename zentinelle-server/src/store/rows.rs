//! Reading a row that will be written, and writing one whose name may be taken.

use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QuerySelect as _, Select, SqlErr,
};

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

/// Reads a failure to write: a unique name that is taken is no fault of the database.
pub(crate) fn unless_taken(what: String) -> impl FnOnce(DbErr) -> StoreError {
    move |error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Exists { what },
        _ => StoreError::Database(error),
    }
}
