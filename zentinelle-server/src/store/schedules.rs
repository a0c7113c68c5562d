//! Schedules in the database: when each runs next.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, Set};

use super::StoreError;
use super::entities::schedule::{self, Column};

/// Every schedule that ever ran.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<schedule::Model>, StoreError> {
    Ok(schedule::Entity::find().all(db).await?)
}

/// Makes a schedule, unless it is there.
pub(crate) async fn insert(db: &impl ConnectionTrait, name: &str, next_run_at: i64) -> Result<(), StoreError> {
    let row = schedule::ActiveModel {
        name: Set(name.to_owned()),
        last_run_at: Set(None),
        last_status: Set(None),
        next_run_at: Set(next_run_at),
    };
    schedule::Entity::insert(row)
        .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Takes the slot that is due, by moving the schedule to its next; false when another server did.
pub(crate) async fn claim(db: &impl ConnectionTrait, name: &str, now: i64, next: i64) -> Result<bool, StoreError> {
    let claimed = schedule::Entity::update_many()
        .col_expr(Column::LastRunAt, Expr::value(now))
        .col_expr(Column::LastStatus, Expr::value("started"))
        .col_expr(Column::NextRunAt, Expr::value(next))
        .filter(Column::Name.eq(name))
        .filter(Column::NextRunAt.lte(now))
        .exec(db)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Moves a schedule's next run to an earlier instant.
pub(crate) async fn bring_forward(db: &impl ConnectionTrait, name: &str, next: i64) -> Result<(), StoreError> {
    schedule::Entity::update_many()
        .col_expr(Column::NextRunAt, Expr::value(next))
        .filter(Column::Name.eq(name))
        .filter(Column::NextRunAt.gt(next))
        .exec(db)
        .await?;
    Ok(())
}
