//! How many decisions there were, over stretches of time too long to count row by row.
//!
//! Hours that are summed up are read from `decision_hours`; the rest, at both ends, is counted from
//! the decisions themselves. So the answer is exact, whenever the sums were made.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _,
};
use zentinelle_core::ids::TenantId;

use super::counts::{Bucket, denied, sum};
use super::entities::{decision_hour, evaluation};
use super::{StoreError, watermarks};

/// The watermark of how far decisions are summed up.
pub(crate) const ROLLED_UP: &str = "decisions_rolled_up";
/// Unit: microseconds.
const HOUR: i64 = 3_600_000_000;

/// An instant and a later one that is not part of it. Unit: microseconds since 1970.
type Range = (i64, i64);

/// By what decisions are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    /// By nothing.
    All,
    /// By agent.
    Agent,
    /// By action.
    Action,
    /// By the code of a denial.
    Code,
}

impl Dimension {
    /// As rows name it.
    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Agent => "agent",
            Self::Action => "action",
            Self::Code => "code",
        }
    }

    /// The name of a decision.
    fn expr(self) -> Expr {
        use evaluation::Column::{Action, AgentId, Code};
        match self {
            Self::All => Expr::cust("CAST('' AS TEXT)"),
            Self::Agent => AgentId.into_expr(),
            Self::Action => Action.into_expr(),
            Self::Code => Func::coalesce([Code.into_expr(), Expr::cust("''")]).into(),
        }
    }
}

/// How wide a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// An hour, UTC.
    Hour,
    /// A day, UTC.
    Day,
    /// The whole stretch.
    Whole,
}

impl Width {
    // The divisor is part of the text: as a bound value it would be another one in the grouping.
    fn of(self, column: &str) -> Expr {
        match self {
            Self::Hour => Expr::cust(format!("{column} / 3600000000")),
            Self::Day => Expr::cust(format!("{column} / 86400000000")),
            Self::Whole => Expr::cust("CAST(0 AS BIGINT)"),
        }
    }
}

/// The decisions of a stretch of time by bucket and name, those only tried not among them; of some names only, if
/// some are given.
pub(crate) async fn over_time(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    (since, until): Range,
    width: Width,
    by: Dimension,
    names: Option<&[String]>,
) -> Result<Vec<Bucket>, StoreError> {
    let rolled = watermarks::get(db, tenant, ROLLED_UP).await?.map_or(i64::MIN, |mark| mark.reached_at);
    let mut merged: BTreeMap<(i64, String), (i64, i64)> = BTreeMap::new();
    let mut add = |buckets: Vec<Bucket>| {
        for Bucket { bucket, name, total, blocked } in buckets {
            let sums = merged.entry((bucket, name.unwrap_or_default())).or_default();
            *sums = (sums.0.saturating_add(total), sums.1.saturating_add(blocked));
        }
    };
    let (whole, ends) = split((since, until), rolled);
    if let Some((from, to)) = whole {
        add(summed(db, tenant, from, to, width, by, names).await?);
    }
    for (from, to) in ends {
        add(counted(db, tenant, from, to, width, by, names).await?);
    }
    let bucket = |((bucket, name), (total, blocked)): ((i64, String), (i64, i64))| Bucket {
        bucket,
        name: Some(name),
        total,
        blocked,
    };
    Ok(merged.into_iter().map(bucket).collect())
}

/// The names with the most decisions of a stretch of time, or the most denials, most first.
pub(crate) async fn greatest(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    range: Range,
    by: Dimension,
    only_denied: bool,
    most: usize,
) -> Result<Vec<(String, i64)>, StoreError> {
    let found = over_time(db, tenant, range, Width::Whole, by, None).await?;
    let count = |bucket: &Bucket| if only_denied { bucket.blocked } else { bucket.total };
    let mut names: Vec<(String, i64)> =
        found.iter().map(|bucket| (bucket.name.clone().unwrap_or_default(), count(bucket))).collect();
    names.retain(|(_, count)| *count > 0);
    names.sort_by(|(one, count), (other, greater)| greater.cmp(count).then_with(|| one.cmp(other)));
    names.truncate(most);
    Ok(names)
}

/// The whole hours of a stretch that are summed up, and what is left of it before and after them.
fn split((since, until): Range, rolled: i64) -> (Option<Range>, Vec<Range>) {
    let first = since.saturating_add(HOUR - 1).div_euclid(HOUR).saturating_mul(HOUR);
    let last = Ord::min(rolled, until.div_euclid(HOUR).saturating_mul(HOUR));
    if last <= first {
        return (None, vec![(since, until)]);
    }
    let ends = [(since, first), (last, until)];
    (Some((first, last)), ends.into_iter().filter(|(from, to)| from < to).collect())
}

async fn summed(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
    width: Width,
    by: Dimension,
    names: Option<&[String]>,
) -> Result<Vec<Bucket>, StoreError> {
    use decision_hour::Column;
    let found = decision_hour::Entity::find()
        .select_only()
        .expr_as(width.of("hour_at"), "bucket")
        .column(Column::Name)
        .column_as(sum(Expr::col(Column::Decisions)), "total")
        .column_as(sum(Expr::col(Column::Denied)), "blocked")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Dimension.eq(by.name()))
        .filter(Column::HourAt.gte(from))
        .filter(Column::HourAt.lt(to))
        .apply_if(names, |query, names| query.filter(Column::Name.is_in(names.iter().map(String::as_str))))
        .group_by(width.of("hour_at"))
        .group_by(Column::Name);
    Ok(found.into_model::<Bucket>().all(db).await?)
}

async fn counted(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    from: i64,
    to: i64,
    width: Width,
    by: Dimension,
    names: Option<&[String]>,
) -> Result<Vec<Bucket>, StoreError> {
    use evaluation::Column;
    let found = evaluation::Entity::find()
        .select_only()
        .expr_as(width.of("occurred_at"), "bucket")
        .expr_as(by.expr(), "name")
        .column_as(Expr::cust("COUNT(*)"), "total")
        .column_as(denied(), "blocked")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::OccurredAt.lt(to))
        .filter(Column::DryRun.eq(false))
        .apply_if(names, |query, names| query.filter(by.expr().is_in(names.iter().map(String::as_str))))
        .group_by(width.of("occurred_at"))
        .group_by(by.expr());
    Ok(found.into_model::<Bucket>().all(db).await?)
}

#[cfg(test)]
mod tests {
    use super::{HOUR, split};

    #[test]
    fn what_is_not_whole_and_summed_up_is_counted_and_nothing_twice() {
        // From the middle of hour 2 to the middle of hour 9; hours before 7 are summed up.
        let (since, until) = (2 * HOUR + 5, 9 * HOUR + 5);
        let (whole, ends) = split((since, until), 7 * HOUR);
        assert_eq!(whole, Some((3 * HOUR, 7 * HOUR)));
        assert_eq!(ends, [(since, 3 * HOUR), (7 * HOUR, until)]);
        assert_eq!(split((3 * HOUR, 7 * HOUR), 9 * HOUR), (Some((3 * HOUR, 7 * HOUR)), Vec::new()));
        assert_eq!(split((since, until), i64::MIN), (None, vec![(since, until)]), "nothing is summed up");
        assert_eq!(split((since, since + 10), 9 * HOUR), (None, vec![(since, since + 10)]), "within an hour");
    }
}
