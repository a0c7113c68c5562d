//! Filters, orders and pages that every list shares.
//!
//! A page begins after a place: the value a list is sorted by, and the id that breaks ties. Pages
//! then neither skip nor repeat rows while others come and go, however deep they are.

use sea_orm::sea_query::{CaseStatement, Expr, Func, LikeExpr, Query};
use sea_orm::{
    ColumnTrait, ColumnType, Condition, ConnectionTrait, EntityTrait, ExprTrait as _, ModelTrait, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select, Value,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::TenantId;

use super::StoreError;
use crate::clock;

/// Some words, any of which will do; none for all.
pub(crate) type Words = Option<Vec<String>>;
/// An order that a list has: its name, by what, and whether the greatest comes first usually.
pub(crate) type Sort<E> = (&'static str, Order<E>, bool);

/// How far a list counts what it finds: beyond, nobody reads on, and counting would take longer than reading.
pub(crate) const MOST_COUNTED: u64 = 10_000;
/// In how many of the newest rows of a stretch of time a log looks for a text.
const MOST_SEARCHED: u64 = 50_000;

/// One word, if there is one.
pub(crate) fn word(word: Option<String>) -> Words {
    word.filter(|word| !word.is_empty()).map(|word| vec![word])
}

/// An instant as clients write it. Unit: microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) i64);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant = clock::parse(&text).ok_or_else(|| serde::de::Error::custom("is no instant"))?;
        Ok(Self(clock::micros(instant)))
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&clock::iso(self.0))
    }
}

/// One value of a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Point {
    /// A whole number.
    Number(i64),
    /// Any number.
    Real(f64),
    /// A text.
    Text(String),
}

impl Point {
    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(_) | Self::Real(_) => "",
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Real(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// Where a page begins.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// By what the list is sorted.
    pub(crate) at: Point,
    /// What breaks ties.
    pub(crate) id: Point,
}

/// Which rows of a list.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// How many.
    pub(crate) limit: u64,
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
    /// Whether the rows before the place are wanted instead of those after it.
    pub(crate) backwards: bool,
    /// The place; none for the beginning, or the end.
    pub(crate) from: Option<Place>,
}

/// By what a list is sorted.
#[derive(Debug)]
pub(crate) enum Order<E: EntityTrait> {
    /// By a column. What is missing counts as least.
    By(E::Column),
    /// By the rank of a text in a list of words, least first.
    Ranked(E::Column, &'static [&'static str]),
}

impl<E: EntityTrait> Clone for Order<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: EntityTrait> Copy for Order<E> {}

fn is_text(column: &ColumnType) -> bool {
    matches!(column, ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_))
}

impl<E: EntityTrait> Order<E> {
    fn expr(self) -> Expr {
        match self {
            Self::By(column) => {
                let definition = column.def();
                let plain = column.into_expr();
                if !definition.is_null() {
                    return plain;
                }
                let least: Value = if is_text(definition.get_column_type()) { "".into() } else { i64::MIN.into() };
                Func::coalesce([plain, Expr::val(least)]).into()
            }
            Self::Ranked(column, words) => {
                let ranks = words.iter().zip(0_i64..);
                let case = ranks.fold(CaseStatement::new(), |case, (word, rank)| case.case(column.eq(*word), rank));
                case.finally(-1_i64).into()
            }
        }
    }

    fn point(self, row: &E::Model) -> Point
    where
        E::Model: ModelTrait<Entity = E>,
    {
        match self {
            Self::By(column) => point(row.get(column), is_text(column.def().get_column_type())),
            Self::Ranked(column, words) => {
                let word = point(row.get(column), true);
                let rank = words.iter().zip(0_i64..).find(|(known, _)| **known == word.as_text());
                Point::Number(rank.map_or(-1, |(_, rank)| rank))
            }
        }
    }
}

fn point(value: Value, text: bool) -> Point {
    match value {
        Value::BigInt(Some(number)) => Point::Number(number),
        Value::Int(Some(number)) => Point::Number(number.into()),
        Value::Bool(Some(flag)) => Point::Number(flag.into()),
        Value::Double(Some(number)) => Point::Real(number),
        Value::String(Some(text)) => Point::Text(text.to_string()),
        _ if text => Point::Text(String::new()),
        _ => Point::Number(i64::MIN),
    }
}

/// Where a row stands.
pub(crate) fn place<E>(row: &E::Model, order: Order<E>, id: E::Column) -> Place
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    Place { at: order.point(row), id: Order::<E>::By(id).point(row) }
}

/// How many rows a query finds.
pub(crate) async fn count<E>(db: &impl ConnectionTrait, select: Select<E>) -> Result<u64, StoreError>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    Ok(select.count(db).await?)
}

/// How many rows a query finds, counted as far as [`MOST_COUNTED`]: one more stands for any number beyond.
pub(crate) async fn count_bounded<E: EntityTrait>(
    db: &impl ConnectionTrait,
    select: Select<E>,
) -> Result<u64, StoreError> {
    let found = select.select_only().expr_as(Expr::val(1_i64), "one").limit(MOST_COUNTED + 1).into_query();
    let counted = Query::select().expr_as(Expr::cust("COUNT(*)"), "counted").from_subquery(found, "found").to_owned();
    let row = db.query_one(&counted).await?;
    let counted: i64 = row.map(|row| row.try_get("", "counted")).transpose()?.unwrap_or_default();
    Ok(u64::try_from(counted).unwrap_or_default())
}

/// Reads one page of what a query finds, and says whether there is more beyond it.
pub(crate) async fn read<E>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    order: Order<E>,
    id: E::Column,
    window: Window,
) -> Result<(Vec<E::Model>, bool), StoreError>
where
    E: EntityTrait,
{
    let falling = window.descending != window.backwards;
    let mut found = select;
    if let Some(from) = &window.from {
        let (at, key) = (from.at.value(), from.id.value());
        let expr = || order.expr();
        let (beyond, no_further, tie) = if falling {
            (expr().lt(at.clone()), expr().lte(at.clone()), id.lt(key))
        } else {
            (expr().gt(at.clone()), expr().gte(at.clone()), id.gt(key))
        };
        // The first condition is implied by the second; an index can use it.
        let after = Condition::any().add(beyond).add(Condition::all().add(expr().eq(at)).add(tie));
        found = found.filter(Condition::all().add(no_further).add(after));
    }
    found = if falling {
        found.order_by_desc(order.expr()).order_by_desc(id)
    } else {
        found.order_by_asc(order.expr()).order_by_asc(id)
    };
    let mut rows = found.limit(window.limit.saturating_add(1)).all(db).await?;
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    if window.backwards {
        rows.reverse();
    }
    Ok((rows, more))
}

/// A text as a part of a pattern, in which none of its characters has a meaning. The escape is a backslash.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Conditions that leave a query as it is where nothing is asked for.
pub(crate) trait Narrow: Sized {
    /// The columns.
    type Column: ColumnTrait;

    /// Only rows of a tenant.
    fn of(self, column: Self::Column, tenant: &TenantId) -> Self;
    /// Only rows with one of some texts; none for any.
    fn one_of(self, column: Self::Column, wanted: &Words) -> Self;
    /// Only rows with a text; none or an empty one for any.
    fn same(self, column: Self::Column, wanted: &Option<String>) -> Self;
    /// Only rows that are, or are not.
    fn is(self, column: Self::Column, wanted: Option<bool>) -> Self;
    /// Only rows from an instant on, and before another.
    fn between(self, column: Self::Column, since: Option<Instant>, until: Option<Instant>) -> Self;
    /// Only rows with a text in one of some columns, whatever the letter case.
    fn search(self, columns: &[Self::Column], wanted: &Option<String>) -> Self;
    /// Only the newest of some rows, as many as can be searched while somebody waits. `rows` are those of the tenant
    /// and the stretch of time, `at` is when they happened.
    fn newest_of(self, rows: Self, at: Self::Column) -> Self;
    /// [`Narrow::search`] in a log, which grows without end: only its newest rows are searched.
    fn search_newest(self, rows: Self, at: Self::Column, columns: &[Self::Column], wanted: &Option<String>) -> Self;
}

impl<E: EntityTrait> Narrow for Select<E> {
    type Column = E::Column;

    fn of(self, column: E::Column, tenant: &TenantId) -> Self {
        self.filter(column.eq(tenant.as_str()))
    }

    fn one_of(self, column: E::Column, wanted: &Words) -> Self {
        match wanted.as_deref() {
            None | Some([]) => self,
            Some(wanted) => self.filter(column.is_in(wanted.iter().map(String::as_str))),
        }
    }

    fn same(self, column: E::Column, wanted: &Option<String>) -> Self {
        match wanted.as_deref().filter(|wanted| !wanted.is_empty()) {
            Some(wanted) => self.filter(column.eq(wanted)),
            None => self,
        }
    }

    fn is(self, column: E::Column, wanted: Option<bool>) -> Self {
        match wanted {
            Some(wanted) => self.filter(column.eq(wanted)),
            None => self,
        }
    }

    fn between(self, column: E::Column, since: Option<Instant>, until: Option<Instant>) -> Self {
        let later = match since {
            Some(since) => self.filter(column.gte(since.0)),
            None => self,
        };
        match until {
            Some(until) => later.filter(column.lt(until.0)),
            None => later,
        }
    }

    fn search(self, columns: &[E::Column], wanted: &Option<String>) -> Self {
        let Some(wanted) = wanted.as_deref().map(str::trim).filter(|wanted| !wanted.is_empty()) else { return self };
        let escaped = escaped(&wanted.to_lowercase());
        let like = |column: &E::Column| {
            let text: Expr = Func::lower(column.into_expr()).into();
            text.like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
        };
        self.filter(columns.iter().map(like).fold(Condition::any(), Condition::add))
    }

    fn search_newest(self, rows: Self, at: E::Column, columns: &[E::Column], wanted: &Option<String>) -> Self {
        if wanted.as_deref().is_none_or(|wanted| wanted.trim().is_empty()) {
            return self;
        }
        self.newest_of(rows, at).search(columns, wanted)
    }

    fn newest_of(self, rows: Self, at: E::Column) -> Self {
        let oldest = rows.select_only().column(at).order_by_desc(at).offset(MOST_SEARCHED).limit(1).into_query();
        let oldest = Expr::from(Func::coalesce([Expr::SubQuery(None, Box::new(oldest.into())), Expr::val(i64::MIN)]));
        // PostgreSQL cannot know how far back a computed instant lies, and takes a third of the table for what is after
        // it. With an end beside it, it is a stretch, which is taken for a short one and found by its index.
        self.filter(at.into_expr().gt(oldest)).filter(at.lte(i64::MAX))
    }
}
