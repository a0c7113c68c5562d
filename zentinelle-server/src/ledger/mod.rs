//! Where running totals are kept.

use zentinelle_core::ledger::{Batch, Ledger as _, LedgerError, MemoryLedger, MemoryLedgerConfig, Outcome};

/// Where running totals are kept.
#[derive(Debug)]
pub(crate) enum LedgerStore {
    /// In memory.
    Embedded(MemoryLedger),
}

impl LedgerStore {
    /// An empty ledger in memory.
    pub(crate) fn in_memory() -> Self {
        Self::Embedded(MemoryLedger::new(MemoryLedgerConfig::default()))
    }

    /// Spends a batch, or only looks.
    pub(crate) async fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        match self {
            Self::Embedded(ledger) => ledger.apply(batch),
        }
    }

    /// Whether the ledger answers.
    pub(crate) fn is_healthy(&self) -> bool {
        true
    }
}
