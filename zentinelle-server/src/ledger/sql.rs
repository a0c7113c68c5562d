//! The ledger in the database: several servers on PostgreSQL without Redis.
//!
//! A transaction holds the rows of every counter, taken in one order, while it reads, compares and
//! writes; the arithmetic is done here, so both databases follow one rule. The batches that come
//! while one is under way share the next, each judged by what those before it left. Slower than
//! Redis by the round trips of a transaction, and exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::shared::name::total_text;
use zentinelle_core::ledger::shared::window::start_of;
use zentinelle_core::ledger::{
    Batch, Counter, LedgerError, Mode, Outcome, Posting, Reading, Settlement, Usage, Window,
};

use super::entry::{Line, expires_at};
use super::group::Group;
use super::rows::{self, Kept, Row};
use super::{Health, HealthBoard};
use crate::store::{Store, StoreError};

/// How often a batch is tried again that the database ended for the sake of another.
const RETRIES: u32 = 3;

/// Keeps running totals in the database.
#[derive(Debug)]
pub(crate) struct SqlLedger {
    tables: Arc<Tables>,
    commits: Group,
}

/// The tables of a ledger.
#[derive(Debug)]
struct Tables {
    store: Store,
    timeout: Duration,
    reservation_seconds: u32,
    health: HealthBoard,
}

impl SqlLedger {
    /// A ledger in `store` that gives up after `timeout`.
    pub(crate) fn new(store: Store, timeout: Duration, reservation_seconds: u32) -> Self {
        let tables = Arc::new(Tables { store, timeout, reservation_seconds, health: HealthBoard::default() });
        let commits = Group::start(Arc::clone(&tables), |tables: Arc<Tables>, batches: Vec<Batch>| async move {
            tables.within(|| tables.commit_all(&batches)).await
        });
        Self { tables, commits }
    }

    pub(crate) fn health(&self) -> Health {
        self.tables.health.read()
    }

    pub(crate) async fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        if batch.postings.is_empty() {
            return Ok(Outcome { committed: batch.mode == Mode::Commit, readings: Vec::new() });
        }
        let tables = &self.tables;
        let applied = match batch.mode {
            Mode::Peek => tables.within(|| tables.peek(batch)).await?,
            Mode::Commit if batch.reservation.is_none() => Some(self.committed(batch).await?),
            Mode::Commit => tables.within(|| tables.commit(batch)).await?,
        };
        applied.ok_or_else(|| match &batch.reservation {
            Some(id) => LedgerError::ReservationExists(id.clone()),
            None => LedgerError::Unavailable("the database answered for another batch".to_owned()),
        })
    }

    pub(crate) async fn settle(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> Result<Settlement, LedgerError> {
        let tables = &self.tables;
        tables.within(|| tables.replace(tenant, id, usage, now)).await
    }

    pub(crate) async fn used(&self, counter: &Counter, window: Window, now: i64) -> Result<u64, LedgerError> {
        let tables = &self.tables;
        tables.within(|| tables.used(counter, window, now)).await
    }

    /// Commits a batch together with others. Its turn may come after one that fails, so it may
    /// wait for as long again.
    async fn committed(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        let patience = self.tables.timeout * 2;
        match tokio::time::timeout(patience, self.commits.apply(batch)).await {
            Ok(applied) => applied,
            Err(_) => {
                Err(LedgerError::Unavailable(format!("the database did not answer within {} ms", patience.as_millis())))
            }
        }
    }
}

impl Tables {
    async fn used(&self, counter: &Counter, window: Window, now: i64) -> Result<u64, StoreError> {
        let mut rows = BTreeMap::from([Row::empty(counter, window)]);
        rows::read(self.store.db(), &mut rows).await?;
        Ok(rows.values().next().map_or(0, |row| row.total.used(window, now)))
    }

    async fn peek(&self, batch: &Batch) -> Result<Option<Outcome>, StoreError> {
        let (names, mut rows) = rows_of(batch);
        rows::read(self.store.db(), &mut rows).await?;
        Ok(Some(Outcome { committed: false, readings: readings(batch, &names, &rows) }))
    }

    /// Commits batches without reservations, as if one came after the other.
    async fn commit_all(&self, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError> {
        let mut rows = BTreeMap::new();
        let names: Vec<_> = batches
            .iter()
            .map(|batch| {
                let (names, more) = rows_of(batch);
                rows.extend(more);
                names
            })
            .collect();
        let txn = self.store.begin().await?;
        rows::lock(&txn, &mut rows).await?;
        let outcomes: Vec<_> =
            batches.iter().zip(&names).map(|(batch, names)| spend(batch, names, &mut rows)).collect();
        if outcomes.iter().any(|outcome| outcome.committed) {
            rows::write(&txn, &rows).await?;
            txn.commit().await?;
        } else {
            txn.rollback().await?;
        }
        Ok(outcomes)
    }

    /// Commits a batch; none where its reservation is open already.
    async fn commit(&self, batch: &Batch) -> Result<Option<Outcome>, StoreError> {
        let now = batch.now.as_microsecond();
        let (names, mut rows) = rows_of(batch);
        let txn = self.store.begin().await?;
        let mut kept = batch.reservation.as_ref().map(|id| self.reservation(id, batch, now));
        let tenant = batch.postings.first().map(|posting| &posting.counter.tenant);
        let reserved = match kept.as_ref().zip(tenant) {
            None => true,
            Some((kept, tenant)) => rows::put_reservation(&txn, tenant, kept, now).await?,
        };
        rows::lock(&txn, &mut rows).await?;
        let outcome = spend(batch, &names, &mut rows);
        if !outcome.committed || !reserved {
            txn.rollback().await?;
            return Ok((!outcome.committed).then_some(outcome));
        }
        if let Some((kept, tenant)) = kept.as_mut().zip(tenant)
            && begin_as_charged(kept, &names, &rows, now)
        {
            rows::put_reservations(&txn, &[(tenant, &*kept)]).await?;
        }
        rows::write(&txn, &rows).await?;
        txn.commit().await?;
        Ok(Some(outcome))
    }

    fn reservation(&self, id: &ReservationId, batch: &Batch, now: i64) -> Kept {
        let line = |posting: &Posting| Line {
            counter: posting.counter.clone(),
            window: posting.window,
            start: start_of(posting.window, now),
            amount: posting.amount,
            unit: posting.unit,
        };
        Kept {
            id: id.clone(),
            charged_at: now,
            expires_at: expires_at(now, self.reservation_seconds),
            lines: batch.postings.iter().map(line).collect(),
            settled: None,
        }
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> Result<Settlement, StoreError> {
        let txn = self.store.begin().await?;
        let key = (tenant.clone(), id.clone());
        let kept = rows::lock_reservations(&txn, &BTreeSet::from([key.clone()])).await?.remove(&key);
        let Some(kept) = kept.filter(|kept| kept.expires_at > now && kept.settled.is_none()) else {
            txn.rollback().await?;
            return Ok(Settlement::default());
        };
        rows::drop_reservations(&txn, &[&key]).await?;
        let mut overran = false;
        let mut rows: BTreeMap<String, Row> =
            kept.lines.iter().map(|line| Row::empty(&line.counter, line.window)).collect();
        rows::lock(&txn, &mut rows).await?;
        for line in &kept.lines {
            let Some(actual) = usage.map_or(Some(0), |usage| usage.of(line.unit)) else { continue };
            overran |= actual > line.amount;
            if let Some(row) = rows.get_mut(&total_text(&line.counter, line.window)) {
                row.total.adjust(line.window, line.amount, actual, line.charged_at(kept.charged_at), now);
            }
        }
        rows::write(&txn, &rows).await?;
        txn.commit().await?;
        Ok(Settlement { found: true, overran })
    }

    /// Runs one operation within the time it is given, again where the database asks for that.
    async fn within<T, F>(&self, operation: impl Fn() -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let attempts = async {
            let mut tries = 0;
            loop {
                match operation().await {
                    Err(error) if tries < RETRIES && is_transient(&error) => tries += 1,
                    done => return done,
                }
            }
        };
        let why = match tokio::time::timeout(self.timeout, attempts).await {
            Ok(Ok(done)) => {
                self.health.up();
                return Ok(done);
            }
            Ok(Err(error)) => {
                tracing::debug!(error = ?error, "the ledger's database failed");
                error.to_string()
            }
            Err(_) => format!("the database did not answer within {} ms", self.timeout.as_millis()),
        };
        self.health.away(&why);
        Err(LedgerError::Unavailable(why))
    }
}

/// The totals of a batch: the name of each posting's, and one row for each name.
fn rows_of(batch: &Batch) -> (Vec<String>, BTreeMap<String, Row>) {
    let named: Vec<_> = batch.postings.iter().map(|posting| Row::empty(&posting.counter, posting.window)).collect();
    let names = named.iter().map(|(name, _)| name.clone()).collect();
    (names, named.into_iter().collect())
}

/// Adds what a batch spends to the rows of its totals, if all of it fits.
fn spend(batch: &Batch, names: &[String], rows: &mut BTreeMap<String, Row>) -> Outcome {
    let now = batch.now.as_microsecond();
    let readings = readings(batch, names, rows);
    let committed = batch.postings.iter().zip(&readings).all(|(posting, reading)| posting.fits(reading.used));
    if committed {
        for (posting, name) in batch.postings.iter().zip(names) {
            let Some(row) = rows.get_mut(name) else { continue };
            if batch.reservation.is_some() {
                row.total.open(posting.window, now);
            }
            row.total.add(posting.window, posting.amount, now);
        }
    }
    Outcome { committed, readings }
}

/// Writes into a reservation where the windows began that its amounts were charged to. Says whether one
/// is another than was thought.
fn begin_as_charged(kept: &mut Kept, names: &[String], rows: &BTreeMap<String, Row>, now: i64) -> bool {
    let mut differs = false;
    for (line, name) in kept.lines.iter_mut().zip(names) {
        let Some(row) = rows.get(name) else { continue };
        let began = row.total.began(line.window, now);
        differs |= began > now;
        line.start = began;
    }
    differs
}

fn readings(batch: &Batch, names: &[String], rows: &BTreeMap<String, Row>) -> Vec<Reading> {
    let now = batch.now.as_microsecond();
    let read = |(posting, name): (&Posting, &String)| {
        let total = rows.get(name).map(|row| row.total.read(posting.window, now));
        total.unwrap_or_else(|| super::total::Total::new(posting.window).read(posting.window, now))
    };
    batch.postings.iter().zip(names).map(read).collect()
}

/// Whether a transaction ended that may well succeed the next time: by a deadlock or a
/// serialization failure on PostgreSQL, for a writer in the way on SQLite, or since rows that
/// were over went away under it.
fn is_transient(error: &StoreError) -> bool {
    let error = match error {
        StoreError::Stale { .. } => return true,
        StoreError::Database(DbErr::Exec(error) | DbErr::Query(error)) => error,
        _ => return false,
    };
    let sea_orm::RuntimeErr::SqlxError(error) = error else { return false };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "40P01" | "40001" | "5" | "517"))
}
