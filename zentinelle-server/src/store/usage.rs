//! What model calls used, summed up by the database.

use sea_orm::sea_query::{Alias, Expr};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, FromQueryResult, Order, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::counts::sum;
use super::entities::usage_record::{Column, Entity};

/// By what usage is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// By agent.
    Agent,
    /// By vendor and model.
    Model,
    /// By vendor.
    Provider,
    /// By user.
    User,
    /// By day, UTC.
    Day,
    /// By hour, UTC.
    Hour,
}

impl Grouping {
    fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Hour)
    }
}

/// The sums of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Sums {
    /// The group's name; none for calls of nobody.
    pub(crate) name: Option<String>,
    /// Of models, the vendor.
    pub(crate) provider: Option<String>,
    /// Of times, how many days or hours since 1970.
    pub(crate) bucket: Option<i64>,
    /// How many calls.
    pub(crate) calls: i64,
    /// Tokens read in full.
    pub(crate) input_tokens: Option<i64>,
    /// Tokens read from caches.
    pub(crate) cached_input_tokens: Option<i64>,
    /// Tokens put into caches.
    pub(crate) cache_write_tokens: Option<i64>,
    /// Tokens written.
    pub(crate) output_tokens: Option<i64>,
    /// The reasoning in them.
    pub(crate) reasoning_tokens: Option<i64>,
    /// The cost. Unit: millionths of a US dollar.
    pub(crate) usd_micros: Option<i64>,
    /// How many of the calls have an estimated cost.
    pub(crate) estimated_calls: Option<i64>,
}

fn within(tenant: &TenantId, from: i64, to: i64) -> Select<Entity> {
    let estimated = Expr::case(Column::Estimated.eq(true), 1_i64).finally(0_i64);
    Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::OccurredAt.lt(to))
        .select_only()
        .column_as(Expr::col(Column::Id).count(), "calls")
        .column_as(sum(Expr::col(Column::InputTokens)), "input_tokens")
        .column_as(sum(Expr::col(Column::CachedInputTokens)), "cached_input_tokens")
        .column_as(sum(Expr::col(Column::CacheWriteTokens)), "cache_write_tokens")
        .column_as(sum(Expr::col(Column::OutputTokens)), "output_tokens")
        .column_as(sum(Expr::col(Column::ReasoningTokens)), "reasoning_tokens")
        .column_as(sum(Expr::col(Column::UsdMicros)), "usd_micros")
        .column_as(sum(estimated.into()), "estimated_calls")
}

/// The sums of a stretch of time by group: times in order, else what costs most first.
pub(crate) async fn by_group(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    grouping: Grouping,
    from: i64,
    to: i64,
    most: u64,
) -> Result<Vec<Sums>, StoreError> {
    let nothing = || Expr::cust("CAST(NULL AS TEXT)");
    let name = |column: Column| Expr::col(column);
    let select = within(tenant, from, to);
    let select = match grouping {
        Grouping::Agent => select.column_as(name(Column::AgentId), "name").group_by(Column::AgentId),
        Grouping::Provider => select.column_as(name(Column::Provider), "name").group_by(Column::Provider),
        Grouping::User => select.column_as(name(Column::UserId), "name").group_by(Column::UserId),
        Grouping::Model => select.column_as(name(Column::Model), "name").group_by(Column::Model),
        Grouping::Day | Grouping::Hour => select.column_as(nothing(), "name"),
    };
    let select = if grouping == Grouping::Model {
        select.column_as(name(Column::Provider), "provider").group_by(Column::Provider)
    } else {
        select.column_as(nothing(), "provider")
    };
    // The divisor is part of the text: as a bound value it would be another one in the grouping.
    let bucket = match grouping {
        Grouping::Day => Expr::cust("occurred_at / 86400000000"),
        Grouping::Hour => Expr::cust("occurred_at / 3600000000"),
        _ => Expr::cust("CAST(NULL AS BIGINT)"),
    };
    let select = select.column_as(bucket, "bucket");
    let select = if grouping.is_time() {
        select.group_by(Expr::col(Alias::new("bucket"))).order_by(Expr::col(Alias::new("bucket")), Order::Asc)
    } else {
        select.order_by(Expr::col(Alias::new("usd_micros")), Order::Desc)
    };
    Ok(select.limit(most).into_model::<Sums>().all(db).await?)
}

/// The sums of a stretch of time.
pub(crate) async fn total(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Sums, StoreError> {
    let select = within(tenant, from, to)
        .column_as(Expr::cust("CAST(NULL AS TEXT)"), "name")
        .column_as(Expr::cust("CAST(NULL AS TEXT)"), "provider")
        .column_as(Expr::cust("CAST(NULL AS BIGINT)"), "bucket");
    Ok(select.into_model::<Sums>().one(db).await?.unwrap_or_default())
}
