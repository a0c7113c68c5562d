//! The ledger of a server that is alone: in memory, without waiting.
//!
//! Nothing here touches a disk. The caller appends a [`super::LedgerEntry`] to its journal before it
//! answers, the journal is drained into the database, and a start reads the totals back. So
//! the journal must be drained before [`Embedded::load`]. Windows shorter than an hour start
//! anew with the process.

use jiff::Timestamp;
use serde_json::{Value, json};
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::shared::name::{reservation_text, tag_text};
use zentinelle_core::ledger::shared::window::instant;
use zentinelle_core::ledger::{
    Batch, Counter, Ledger as _, LedgerError, MemoryLedger, MemoryLedgerConfig, Mode, Outcome, RestoreError,
    Settlement, Snapshot, Usage, Window,
};

use super::entry::Line;
use super::rows::{self, Kept, Row};
use super::total::Total;
use crate::store::{Store, StoreError};

/// Totals read from the database at a time.
const PAGE: u64 = 5_000;

/// Why the totals of an earlier run cannot be taken up. The server must not start without them:
/// it would admit what is already spent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds is not a ledger's.
    #[error("the running totals of the last run cannot be taken up: {0}")]
    Totals(String),
    /// The ledger may not hold as many.
    #[error("the running totals of the last run cannot be taken up")]
    Restore(#[from] RestoreError),
}

/// Keeps running totals in this process.
#[derive(Debug)]
pub(crate) struct Embedded {
    memory: MemoryLedger,
    reservation_seconds: u32,
}

impl Embedded {
    /// An empty ledger.
    pub(crate) fn new(config: MemoryLedgerConfig) -> Self {
        Self { reservation_seconds: config.reservation_seconds, memory: MemoryLedger::new(config) }
    }

    /// A ledger that goes on where the database stopped.
    pub(crate) async fn load(store: &Store, config: MemoryLedgerConfig, now: Timestamp) -> Result<Self, LoadError> {
        let at = now.as_microsecond();
        let mut totals = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = rows::running(store.db(), at, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            totals.extend(page.iter().map(|(_, row)| total_json(row)));
        }
        let open = rows::open_reservations(store.db(), at).await?;
        let reservations: Vec<_> = open.iter().map(|(tenant, kept)| reservation_json(tenant, kept)).collect();
        let snapshot = json!({ "version": 1, "totals": totals, "reservations": reservations });
        let snapshot: Snapshot =
            serde_json::from_value(snapshot).map_err(|error| LoadError::Totals(error.to_string()))?;
        let reservation_seconds = config.reservation_seconds;
        Ok(Self { memory: MemoryLedger::restore(config, snapshot)?, reservation_seconds })
    }

    pub(super) fn reservation_seconds(&self) -> u32 {
        self.reservation_seconds
    }

    pub(super) fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        let Some((id, first)) = batch.reservation.as_ref().zip(batch.postings.first()) else {
            if batch.postings.is_empty() {
                return Ok(Outcome { committed: batch.mode == Mode::Commit, readings: Vec::new() });
            }
            return self.memory.apply(batch);
        };
        let mut qualified = batch.clone();
        qualified.reservation = Some(qualify(&first.counter.tenant, id));
        self.memory.apply(&qualified).map_err(|error| match error {
            LedgerError::ReservationExists(_) => LedgerError::ReservationExists(id.clone()),
            other => other,
        })
    }

    pub(super) fn settle(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        let id = qualify(tenant, id);
        match usage {
            Some(usage) => self.memory.settle(&id, usage, now),
            None => self.memory.release(&id, now),
        }
    }

    pub(super) fn used(&self, counter: &Counter, window: Window, now: Timestamp) -> u64 {
        self.memory.used(counter, window, now)
    }
}

/// The id of a reservation among those of every tenant.
fn qualify(tenant: &TenantId, id: &ReservationId) -> ReservationId {
    format!("{{{}}}{}", tag_text(tenant.as_str()), reservation_text(id)).into()
}

fn total_json(row: &Row) -> Value {
    let spent = match &row.total {
        Total::Open { start, used, .. } => json!({ "since": { "start": instant(*start), "used": used } }),
        Total::Sliding { steps } => json!({ "steps": steps }),
    };
    json!({ "counter": row.counter, "window": row.window, "spent": spent })
}

fn reservation_json(tenant: &TenantId, kept: &Kept) -> Value {
    let line = |line: &Line| {
        json!({
            "counter": line.counter,
            "window": line.window,
            "unit": line.unit,
            "amount": line.amount,
            "charged_at": instant(line.charged_at(kept.charged_at)),
        })
    };
    json!({
        "id": qualify(tenant, &kept.id),
        "expires_at": instant(kept.expires_at),
        "charged_at": instant(kept.charged_at),
        "lines": kept.lines.iter().map(line).collect::<Vec<_>>(),
    })
}
