//! Anomalies, and the daily usage they are found in, in the database.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::counts::sum;
use super::entities::anomaly::{Column, Entity, Model};
use super::entities::usage_hourly;

/// Unit: microseconds.
const DAY: i64 = 86_400_000_000;

/// What an agent used on a day.
#[derive(Clone, Debug, PartialEq, Eq, sea_orm::FromQueryResult)]
pub(crate) struct Day {
    /// The agent.
    pub(crate) agent_id: String,
    /// How many days since 1970.
    pub(crate) day: i64,
    /// How many calls.
    pub(crate) calls: i64,
    /// How many tokens, read and written.
    pub(crate) tokens: i64,
    /// What they cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
}

/// What each agent used on each day from an instant on; days without use are left out.
pub(crate) async fn daily(db: &impl ConnectionTrait, tenant: &TenantId, since: i64) -> Result<Vec<Day>, StoreError> {
    use usage_hourly::Column::{AgentId, Calls, HourAt, InputTokens, OutputTokens, TenantId as Tenant, UsdMicros};
    // Whole days: instants are not negative, and integers divide without a rest on both databases.
    // The number stands in the text of the query: as a bound value it would be another one in each place.
    let day = || Expr::cust(format!("hour_at / {DAY}"));
    let found = usage_hourly::Entity::find()
        .select_only()
        .column(AgentId)
        .column_as(day(), "day")
        .column_as(sum(Expr::col(Calls)), "calls")
        .column_as(sum(Expr::col(InputTokens).add(Expr::col(OutputTokens))), "tokens")
        .column_as(sum(Expr::col(UsdMicros)), "usd_micros")
        .filter(Tenant.eq(tenant.as_str()))
        .filter(HourAt.gte(since))
        .group_by(AgentId)
        .group_by(day());
    Ok(found.into_model::<Day>().all(db).await?)
}

/// Keeps an anomaly. One that is known keeps its id and what people said of it.
pub(crate) async fn keep(txn: &DatabaseTransaction, row: Model) -> Result<(), StoreError> {
    use Column::{Actual, AgentId, DayAt, Expected, Measure, Severity, Sigma, TenantId as Tenant};
    let again = OnConflict::columns([Tenant, DayAt, AgentId, Measure])
        .update_columns([Actual, Expected, Sigma, Severity])
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(txn).await?;
    Ok(())
}

/// The anomalies of a tenant, newest day first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    since: Option<i64>,
    statuses: &[String],
    most: u64,
) -> Result<Vec<Model>, StoreError> {
    let mut found = Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .apply_if(since, |query, since| query.filter(Column::DayAt.gte(since)));
    if !statuses.is_empty() {
        found = found.filter(Column::Status.is_in(statuses.iter().map(String::as_str)));
    }
    Ok(found.order_by_desc(Column::DayAt).order_by_desc(Column::Sigma).limit(most).all(db).await?)
}

/// Keeps what somebody said of an anomaly. Returns it as it was before.
pub(crate) async fn set_status(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
    status: &str,
    by: &str,
    at: i64,
) -> Result<Model, StoreError> {
    let own = || Column::TenantId.eq(tenant.as_str()).and(Column::Id.eq(id));
    let found = Entity::find().filter(own()).one(txn).await?;
    let before = found.ok_or(StoreError::Missing { what: "anomaly" })?;
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::ChangedBy, Expr::value(by))
        .col_expr(Column::ChangedAt, Expr::value(at))
        .filter(own())
        .exec(txn)
        .await?;
    Ok(before)
}
