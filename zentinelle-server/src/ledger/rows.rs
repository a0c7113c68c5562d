//! The rows of `ledger_totals` and `ledger_reservations`, for whoever adds to them.
//!
//! Everybody takes rows in the same order, so that two transactions cannot wait for each other:
//! reservations first, then totals; of each, first those that are new, in the order of their
//! names, then all, in the order the database gives them.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::shared::name::{parse_window, reservation_text, total_text, window_text};
use zentinelle_core::ledger::{Counter, Usage, Window};

use super::entry::Line;
use super::total::Total;
use crate::store::entities::{ledger_reservation, ledger_total};
use crate::store::{StoreError, bulk};

/// How many rows are named at once.
const CHUNK: usize = 1_000;
const LOCK_ATTEMPTS: u32 = 4;

/// A total with its name.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) counter: Counter,
    pub(super) window: Window,
    pub(super) total: Total,
}

impl Row {
    /// The row of a total to which nothing was charged yet, under its name.
    pub(super) fn empty(counter: &Counter, window: Window) -> (String, Self) {
        let row = Self { counter: counter.clone(), window, total: Total::new(window) };
        (total_text(counter, window), row)
    }
}

/// Reads the totals of `rows` and holds them until the transaction ends; those that are not
/// there yet are made. SQLite has one writer at a time, so there nothing needs to be held, and what
/// is not there is not made before [`write()`].
pub(super) async fn lock(txn: &impl ConnectionTrait, rows: &mut BTreeMap<String, Row>) -> Result<(), StoreError> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return read(txn, rows).await;
    }
    for _ in 0..LOCK_ATTEMPTS {
        let new: Vec<_> = rows.iter().map(|(name, row)| model(name, row)).collect();
        bulk::insert_new::<ledger_total::Entity>(txn, &new).await?;
        let mut held = 0;
        for names in names(rows).chunks(CHUNK) {
            let found = named(txn, names)?.order_by_asc(ledger_total::Column::Id).lock_exclusive().all(txn).await?;
            held += found.len();
            found.into_iter().try_for_each(|found| fill(rows, found))?;
        }
        if held == rows.len() {
            return Ok(());
        }
        // A row that was over was purged between the two statements.
    }
    Err(StoreError::Stale { what: "running total" })
}

/// Reads the totals of `rows` as they stand.
pub(super) async fn read(db: &impl ConnectionTrait, rows: &mut BTreeMap<String, Row>) -> Result<(), StoreError> {
    for names in names(rows).chunks(CHUNK) {
        named(db, names)?.all(db).await?.into_iter().try_for_each(|found| fill(rows, found))?;
    }
    Ok(())
}

fn names(rows: &BTreeMap<String, Row>) -> Vec<Vec<String>> {
    rows.keys().map(|name| vec![name.clone()]).collect()
}

fn named(db: &impl ConnectionTrait, names: &[Vec<String>]) -> Result<Select<ledger_total::Entity>, StoreError> {
    let is_named = bulk::is_among(db.get_database_backend(), &[ledger_total::Column::Id], names)?;
    Ok(ledger_total::Entity::find().filter(is_named))
}

fn fill(rows: &mut BTreeMap<String, Row>, found: ledger_total::Model) -> Result<(), StoreError> {
    let Some(row) = rows.get_mut(&found.id) else { return Ok(()) };
    row.total = total(row.window, &found)?;
    Ok(())
}

/// Writes the totals of `rows`, which must be locked.
pub(super) async fn write(txn: &impl ConnectionTrait, rows: &BTreeMap<String, Row>) -> Result<(), StoreError> {
    use ledger_total::Column::{EndsAt, Id, StartedAt, Steps, Used};
    let models: Vec<_> = rows.iter().map(|(name, row)| model(name, row)).collect();
    bulk::put::<ledger_total::Entity>(txn, &models, &[Id], &[Used, StartedAt, EndsAt, Steps]).await
}

/// A page of the totals that still run at `now`, in the order of their names.
pub(super) async fn running(
    db: &impl ConnectionTrait,
    now: i64,
    after: Option<&str>,
    most: u64,
) -> Result<Vec<(String, Row)>, StoreError> {
    let mut query = ledger_total::Entity::find().filter(ledger_total::Column::EndsAt.gt(now));
    if let Some(after) = after {
        query = query.filter(ledger_total::Column::Id.gt(after));
    }
    let found = query.order_by_asc(ledger_total::Column::Id).limit(most).all(db).await?;
    found.into_iter().map(|found| Ok((found.id.clone(), row(&found)?))).collect()
}

/// Deletes totals and reservations that are over since before `before`.
pub(super) async fn purge(db: &impl ConnectionTrait, before: i64) -> Result<u64, StoreError> {
    use sea_orm::sea_query::{LockBehavior, LockType, Query};
    // Rows that somebody holds are left for the next time.
    let over = Query::select()
        .column(ledger_total::Column::Id)
        .from(ledger_total::Entity)
        .and_where(ledger_total::Column::EndsAt.lt(before))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    let totals = ledger_total::Entity::delete_many()
        .filter(ledger_total::Column::Id.in_subquery(over))
        .exec(db)
        .await?
        .rows_affected;
    let reservations = ledger_reservation::Entity::delete_many()
        .filter(ledger_reservation::Column::ExpiresAt.lt(before))
        .exec(db)
        .await?
        .rows_affected;
    Ok(totals + reservations)
}

fn model(name: &str, row: &Row) -> ledger_total::Model {
    let (start, used, steps) = match &row.total {
        Total::Open { start, used, .. } => (*start, *used, "[]".to_owned()),
        Total::Sliding { steps } => {
            let used = steps.iter().fold(0_u64, |sum, (_, n)| sum.saturating_add(*n));
            (0, used, json(steps))
        }
    };
    ledger_total::Model {
        id: name.to_owned(),
        tenant_id: row.counter.tenant.as_str().to_owned(),
        counter: json(&row.counter),
        window_kind: window_text(row.window),
        used: used.cast_signed(),
        started_at: start,
        ends_at: row.total.ends_at(row.window),
        steps,
    }
}

fn row(found: &ledger_total::Model) -> Result<Row, StoreError> {
    let window =
        parse_window(&found.window_kind).ok_or_else(|| unreadable(format!("`{}` is no window", found.window_kind)))?;
    let counter = parse(&found.counter)?;
    Ok(Row { counter, window, total: total(window, found)? })
}

fn total(window: Window, found: &ledger_total::Model) -> Result<Total, StoreError> {
    Ok(match window {
        Window::Sliding { .. } => Total::Sliding { steps: parse(&found.steps)? },
        Window::Fixed { .. } | Window::CalendarMonth => {
            Total::Open { start: found.started_at, end: found.ends_at, used: found.used.cast_unsigned() }
        }
    })
}

/// A reservation that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) id: ReservationId,
    pub(super) charged_at: i64,
    pub(super) expires_at: i64,
    pub(super) lines: Vec<Line>,
    /// What was used in truth, where that was learned of before the reservation itself.
    pub(super) settled: Option<Truth>,
}

/// The true usage; none gives everything back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Truth(pub(super) Option<Usage>);

/// Reads reservations and holds them until the transaction ends.
pub(super) async fn lock_reservations(
    txn: &impl ConnectionTrait,
    ids: &BTreeSet<(TenantId, ReservationId)>,
) -> Result<BTreeMap<(TenantId, ReservationId), Kept>, StoreError> {
    use ledger_reservation::Column::{Id, TenantId as Tenant};
    let mut kept = BTreeMap::new();
    let ids: Vec<_> = ids.iter().collect();
    for ids in ids.chunks(CHUNK) {
        let query = ledger_reservation::Entity::find().filter(any_of(txn, ids)?);
        let query = query.order_by_asc(Tenant).order_by_asc(Id);
        for found in query.lock_exclusive().all(txn).await? {
            let tenant = TenantId::from(found.tenant_id.clone());
            let reservation = reservation(found)?;
            kept.insert((tenant, reservation.id.clone()), reservation);
        }
    }
    Ok(kept)
}

/// Every reservation that is open at `now`.
pub(super) async fn open_reservations(
    db: &impl ConnectionTrait,
    now: i64,
) -> Result<Vec<(TenantId, Kept)>, StoreError> {
    let query = ledger_reservation::Entity::find()
        .filter(ledger_reservation::Column::ExpiresAt.gt(now))
        .filter(ledger_reservation::Column::Settled.is_null());
    let found = query.all(db).await?;
    found.into_iter().map(|found| Ok((found.tenant_id.clone().into(), reservation(found)?))).collect()
}

/// Writes a reservation, in place of one that expired by `now`. Tells whether it did: one that is
/// still open stays.
pub(super) async fn put_reservation(
    txn: &impl ConnectionTrait,
    tenant: &TenantId,
    kept: &Kept,
    now: i64,
) -> Result<bool, StoreError> {
    // Within an upsert the new row is in sight too, so the column names its table.
    let kept_until = Expr::col((ledger_reservation::Entity, ledger_reservation::Column::ExpiresAt));
    let conflict = OnConflict::columns([ledger_reservation::Column::TenantId, ledger_reservation::Column::Id])
        .update_columns(REPLACED)
        .action_and_where(kept_until.lte(now))
        .to_owned();
    let written = ledger_reservation::Entity::insert(reservation_model(tenant, kept).into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(txn)
        .await?;
    Ok(written > 0)
}

/// Writes reservations, whatever stands in their place.
pub(super) async fn put_reservations(
    txn: &impl ConnectionTrait,
    kept: &[(&TenantId, &Kept)],
) -> Result<(), StoreError> {
    use ledger_reservation::Column::{Id, TenantId};
    let models: Vec<_> = kept.iter().map(|(tenant, kept)| reservation_model(tenant, kept)).collect();
    bulk::put::<ledger_reservation::Entity>(txn, &models, &[TenantId, Id], &REPLACED).await
}

/// Deletes reservations.
pub(super) async fn drop_reservations(
    txn: &impl ConnectionTrait,
    ids: &[&(TenantId, ReservationId)],
) -> Result<(), StoreError> {
    for ids in ids.chunks(CHUNK) {
        ledger_reservation::Entity::delete_many().filter(any_of(txn, ids)?).exec(txn).await?;
    }
    Ok(())
}

/// What a reservation changes of one that stands in its place.
const REPLACED: [ledger_reservation::Column; 4] = [
    ledger_reservation::Column::Lines,
    ledger_reservation::Column::Settled,
    ledger_reservation::Column::ChargedAt,
    ledger_reservation::Column::ExpiresAt,
];

fn any_of(db: &impl ConnectionTrait, ids: &[&(TenantId, ReservationId)]) -> Result<SimpleExpr, StoreError> {
    use ledger_reservation::Column::{Id, TenantId};
    let ids: Vec<_> = ids.iter().map(|(tenant, id)| vec![tenant.as_str().to_owned(), reservation_text(id)]).collect();
    bulk::is_among(db.get_database_backend(), &[TenantId, Id], &ids)
}

fn reservation_model(tenant: &TenantId, kept: &Kept) -> ledger_reservation::Model {
    ledger_reservation::Model {
        tenant_id: tenant.as_str().to_owned(),
        id: reservation_text(&kept.id),
        reservation: json(&kept.id),
        lines: json(&kept.lines),
        settled: kept.settled.as_ref().map(json),
        charged_at: kept.charged_at,
        expires_at: kept.expires_at,
    }
}

fn reservation(found: ledger_reservation::Model) -> Result<Kept, StoreError> {
    Ok(Kept {
        id: parse(&found.reservation)?,
        charged_at: found.charged_at,
        expires_at: found.expires_at,
        lines: parse(&found.lines)?,
        settled: found.settled.as_deref().map(parse).transpose()?,
    })
}

/// Ids, amounts and steps: nothing that JSON could not say.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))
}

fn unreadable(why: String) -> StoreError {
    StoreError::Unreadable { what: "running total", why }
}
