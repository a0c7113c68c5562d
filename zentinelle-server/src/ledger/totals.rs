//! Brings what the journals say into the tables `ledger_totals` and `ledger_reservations`.
//!
//! Applies where the ledger is kept in memory or in Redis: the tables then follow behind, and
//! are what a start, or a Redis that lost everything, begins from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::ConnectionTrait;
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::{Counter, Usage, Window};

use super::entry::{LedgerEntry, Line, Reserved};
use super::rows::{self, Kept, Row, Truth};
use super::total::{Total, is_durable};
use crate::store::StoreError;

/// What one entry does to one total.
enum Step {
    Record { amount: u64, start: i64, at: i64 },
    Adjust { reserved: u64, actual: u64, charged_at: i64, at: i64 },
}

impl Step {
    fn apply(&self, window: Window, total: &mut Total) {
        match *self {
            Self::Record { amount, start, at } => total.record(window, amount, start, at),
            Self::Adjust { reserved, actual, charged_at, at } => {
                total.adjust(window, reserved, actual, charged_at, at);
            }
        }
    }
}

/// Writes entries down, each exactly once: the caller keeps how far it came in the same
/// transaction. Entries of one journal must come in order; those of several servers may be
/// mixed, and a settlement may even come before its reservation.
pub(crate) async fn store(txn: &impl ConnectionTrait, entries: &[LedgerEntry]) -> Result<(), StoreError> {
    let mut book = Book::open(txn, entries).await?;
    let mut steps = Steps::default();
    for entry in entries {
        match entry {
            LedgerEntry::Spent { at, lines, reservation } => {
                for line in lines.iter().filter(|line| is_durable(line.window)) {
                    let step = Step::Record { amount: line.amount, start: line.start, at: *at };
                    steps.push(&line.counter, line.window, step);
                }
                if let Some(reserved) = reservation {
                    book.reserve(&mut steps, reserved, *at, lines);
                }
            }
            LedgerEntry::Settled { tenant, reservation, usage, at, expires_at } => {
                book.settle(&mut steps, tenant, reservation, *usage, *at, *expires_at);
            }
        }
    }
    book.close(txn).await?;
    steps.write(txn).await
}

/// What the entries do, gathered by total, so that each row is named and written once.
#[derive(Default)]
struct Steps(HashMap<(Counter, Window), Vec<Step>>);

impl Steps {
    fn push(&mut self, counter: &Counter, window: Window, step: Step) {
        self.0.entry((counter.clone(), window)).or_default().push(step);
    }

    async fn write(self, txn: &impl ConnectionTrait) -> Result<(), StoreError> {
        let mut rows = BTreeMap::new();
        let mut steps_of = BTreeMap::new();
        for ((counter, window), steps) in self.0 {
            let (name, row) = Row::empty(&counter, window);
            rows.insert(name.clone(), row);
            steps_of.insert(name, steps);
        }
        rows::lock(txn, &mut rows).await?;
        for (name, row) in &mut rows {
            for step in steps_of.get(name).into_iter().flatten() {
                step.apply(row.window, &mut row.total);
            }
        }
        rows::write(txn, &rows).await
    }
}

/// The reservations that the entries speak of.
struct Book {
    kept: BTreeMap<(TenantId, ReservationId), Kept>,
    stored: BTreeSet<(TenantId, ReservationId)>,
    changed: BTreeSet<(TenantId, ReservationId)>,
}

impl Book {
    async fn open(txn: &impl ConnectionTrait, entries: &[LedgerEntry]) -> Result<Self, StoreError> {
        let named = entries.iter().filter_map(|entry| match entry {
            LedgerEntry::Spent { reservation, .. } => {
                reservation.as_ref().map(|Reserved { tenant, id, .. }| (tenant.clone(), id.clone()))
            }
            LedgerEntry::Settled { tenant, reservation, .. } => Some((tenant.clone(), reservation.clone())),
        });
        let named: BTreeSet<_> = named.collect();
        let kept = if named.is_empty() { BTreeMap::new() } else { rows::lock_reservations(txn, &named).await? };
        Ok(Self { stored: kept.keys().cloned().collect(), kept, changed: BTreeSet::new() })
    }

    fn reserve(&mut self, steps: &mut Steps, reserved: &Reserved, at: i64, lines: &[Line]) {
        let key = (reserved.tenant.clone(), reserved.id.clone());
        self.changed.insert(key.clone());
        let kept = Kept {
            id: reserved.id.clone(),
            charged_at: at,
            expires_at: reserved.expires_at,
            lines: lines.to_vec(),
            settled: None,
        };
        match self.kept.remove(&key) {
            // Another server's journal told of the settlement first.
            Some(Kept { settled: Some(Truth(usage)), charged_at, .. }) if charged_at >= at => {
                adjust(steps, &kept, usage, charged_at);
            }
            _ => {
                self.kept.insert(key, kept);
            }
        }
    }

    fn settle(
        &mut self,
        steps: &mut Steps,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<Usage>,
        at: i64,
        expires_at: i64,
    ) {
        let key = (tenant.clone(), id.clone());
        self.changed.insert(key.clone());
        match self.kept.remove(&key) {
            Some(kept) if kept.settled.is_none() => {
                if kept.expires_at > at {
                    adjust(steps, &kept, usage, at);
                }
            }
            _ => {
                let settled = Some(Truth(usage));
                let kept = Kept { id: id.clone(), charged_at: at, expires_at, lines: Vec::new(), settled };
                self.kept.insert(key, kept);
            }
        }
    }

    async fn close(self, txn: &impl ConnectionTrait) -> Result<(), StoreError> {
        let open: Vec<_> = self.changed.iter().filter_map(|key| Some((&key.0, self.kept.get(key)?))).collect();
        rows::put_reservations(txn, &open).await?;
        // One that was opened and settled among these entries was never stored.
        let gone: Vec<_> =
            self.changed.iter().filter(|key| self.stored.contains(*key) && !self.kept.contains_key(*key)).collect();
        rows::drop_reservations(txn, &gone).await
    }
}

/// Replaces the amounts of a reservation by the true ones.
fn adjust(steps: &mut Steps, kept: &Kept, usage: Option<Usage>, at: i64) {
    for line in kept.lines.iter().filter(|line| is_durable(line.window)) {
        let Some(actual) = usage.map_or(Some(0), |usage| usage.of(line.unit)) else { continue };
        let step = Step::Adjust { reserved: line.amount, actual, charged_at: line.charged_at(kept.charged_at), at };
        steps.push(&line.counter, line.window, step);
    }
}

/// Deletes what is over since before `before`: a day of leeway lets journals be drained late. Not
/// for the midst of a transaction, which would hold rows in another order than everybody else.
/// Unit: microseconds since 1970.
pub(crate) async fn purge(db: &impl ConnectionTrait, before: i64) -> Result<u64, StoreError> {
    rows::purge(db, before).await
}
