//! The memory ledger.

use std::sync::Arc;

use serde::Deserialize;
use zentinelle_core::MemoryLedger;
use zentinelle_core::ids::ReservationId;
use zentinelle_core::ledger::{Batch, Counter, Ledger as _, LedgerError, MemoryLedgerConfig, Snapshot, Usage, Window};

use crate::{Class, Fault, instant, json, options};

/// How large a ledger may grow.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    max_counters: usize,
    max_reservations: usize,
    reservation_seconds: u32,
    hash_seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let MemoryLedgerConfig { max_counters, max_reservations, reservation_seconds, hash_seed } =
            MemoryLedgerConfig::default();
        Self { max_counters, max_reservations, reservation_seconds, hash_seed }
    }
}

/// Usage that happened elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spent {
    counter: Counter,
    window: Window,
    amount: u64,
}

/// Running totals in memory. Cloning shares them.
#[derive(Clone)]
pub struct Ledger(Arc<MemoryLedger>);

impl Ledger {
    /// An empty ledger.
    ///
    /// # Errors
    ///
    /// A fault of class `argument` for options nobody knows.
    pub fn new(option_text: &str) -> Result<Self, Fault> {
        Ok(Self(Arc::new(MemoryLedger::new(config(option_text)?))))
    }

    /// A ledger that goes on where a snapshot stopped.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger` if the text is no snapshot, or one that cannot be true.
    pub fn restore(option_text: &str, snapshot: &str) -> Result<Self, Fault> {
        let config = config(option_text)?;
        let snapshot: Snapshot = serde_json::from_str(snapshot).map_err(|_| {
            Fault::new(Class::Ledger, "ledger.malformed_snapshot", "the value is no snapshot of a ledger")
        })?;
        MemoryLedger::restore(config, snapshot)
            .map(|ledger| Self(Arc::new(ledger)))
            .map_err(|error| Fault::new(Class::Ledger, "ledger.unusable_snapshot", error.to_string()))
    }

    pub(crate) fn inner(&self) -> &MemoryLedger {
        &self.0
    }

    /// Adds every amount of a batch (JSON), or none; the outcome as JSON.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger`.
    pub fn apply(&self, batch: &str) -> Result<String, Fault> {
        let batch: Batch = read(batch, "a batch")?;
        json(&self.0.apply(&batch).map_err(refused)?)
    }

    /// Replaces reserved amounts by the true ones (JSON); the settlement as JSON.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger`.
    pub fn settle(&self, reservation: &str, usage: &str, now: f64) -> Result<String, Fault> {
        let usage: Usage = options(usage, "the usage of a reservation")?;
        json(&self.0.settle(&ReservationId::new(reservation), &usage, instant(now)?).map_err(refused)?)
    }

    /// Gives every reserved amount back; the settlement as JSON.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger`.
    pub fn release(&self, reservation: &str, now: f64) -> Result<String, Fault> {
        json(&self.0.release(&ReservationId::new(reservation), instant(now)?).map_err(refused)?)
    }

    /// Adds usage that happened elsewhere (JSON: `counter`, `window`, `amount`) without asking for a limit.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger`.
    pub fn record(&self, spent: &str, at: f64) -> Result<(), Fault> {
        let Spent { counter, window, amount } = read(spent, "usage")?;
        self.0.record(counter, window, amount, instant(at)?).map_err(refused)
    }

    /// Everything the ledger keeps, as JSON.
    ///
    /// # Errors
    ///
    /// A fault of class `argument` for an instant that is none.
    pub fn snapshot(&self, now: f64) -> Result<String, Fault> {
        json(&self.0.snapshot(instant(now)?))
    }

    /// How many totals are kept.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

fn config(option_text: &str) -> Result<MemoryLedgerConfig, Fault> {
    let Options { max_counters, max_reservations, reservation_seconds, hash_seed } =
        options(option_text, "ledger options")?;
    Ok(MemoryLedgerConfig { max_counters, max_reservations, reservation_seconds, hash_seed })
}

fn read<T: serde::de::DeserializeOwned>(text: &str, subject: &str) -> Result<T, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::new(Class::Ledger, "ledger.malformed", format!("the value is not {subject}: {error}")))
}

fn refused(error: LedgerError) -> Fault {
    let code = match &error {
        LedgerError::Unavailable(_) => "ledger.unavailable",
        LedgerError::Full { .. } => "ledger.full",
        LedgerError::ReservationExists(_) => "ledger.reservation_exists",
    };
    Fault::new(Class::Ledger, code, error.to_string())
}
