//! Where running totals are kept: in this process, in the database, or in Redis.
//!
//! One server alone keeps them in memory and writes them behind to the database; several
//! servers share them in Redis (one round trip for a decision, whatever it charges) or in
//! PostgreSQL. All three follow the rules of the core's memory ledger, and one conformance
//! suite holds them to it.
//!
//! A ledger that is away answers [`LedgerError::Unavailable`]. What that means for a request is
//! the caller's choice, made by the tenant's setting and closed by default.

pub(crate) mod embedded;
pub(crate) mod entry;
mod group;
pub(crate) mod health;
pub(crate) mod redis;
mod rows;
mod sql;
mod total;
pub(crate) mod totals;

#[cfg(test)]
mod conformance;

use jiff::Timestamp;
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::{Batch, Counter, LedgerError, Outcome, Settlement, Usage, Window};

pub(crate) use self::embedded::Embedded;
pub(crate) use self::entry::LedgerEntry;
use self::entry::expires_at;
pub(crate) use self::health::Health;
use self::health::HealthBoard;
pub(crate) use self::redis::RedisLedger;
pub(crate) use self::sql::SqlLedger;

pub(crate) use zentinelle_core::ledger::shared::RESERVATION_SECONDS;

/// Where this server keeps running totals.
#[derive(Debug)]
pub(crate) enum LedgerStore {
    /// In this process.
    Embedded(Embedded),
    /// In the database.
    Sql(SqlLedger),
    /// In Redis.
    Redis(RedisLedger),
}

/// Whether a failure means that the ledger is away, which a tenant may choose to overlook. Any
/// other failure is an answer about the request itself and always denies it.
pub(crate) fn is_away(error: &LedgerError) -> bool {
    match error {
        LedgerError::Unavailable(_) => true,
        LedgerError::Full { .. } | LedgerError::ReservationExists(_) => false,
    }
}

impl LedgerStore {
    /// Adds every amount of the batch, or none when one does not fit; or only looks. A batch
    /// belongs to one tenant, that of its postings; one without postings keeps no reservation.
    pub(crate) async fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        match self {
            Self::Embedded(ledger) => ledger.apply(batch),
            // Each in a place of its own: together they would make every decision carry their size.
            Self::Sql(ledger) => Box::pin(ledger.apply(batch)).await,
            Self::Redis(ledger) => Box::pin(ledger.apply(batch)).await,
        }
    }

    /// Replaces the reserved amounts by the true ones, in the windows they were charged to.
    pub(crate) async fn settle(
        &self,
        tenant: &TenantId,
        reservation: &ReservationId,
        usage: &Usage,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        self.replace(tenant, reservation, Some(usage), now).await
    }

    /// Gives every reserved amount back: the request was not made after all.
    pub(crate) async fn release(
        &self,
        tenant: &TenantId,
        reservation: &ReservationId,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        self.replace(tenant, reservation, None, now).await
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        match self {
            Self::Embedded(ledger) => ledger.settle(tenant, id, usage, now),
            Self::Sql(ledger) => Box::pin(ledger.settle(tenant, id, usage, now.as_microsecond())).await,
            Self::Redis(ledger) => Box::pin(ledger.settle(tenant, id, usage, now.as_microsecond())).await,
        }
    }

    /// The total of a counter in its current window.
    pub(crate) async fn used(&self, counter: &Counter, window: Window, now: Timestamp) -> Result<u64, LedgerError> {
        match self {
            Self::Embedded(ledger) => Ok(ledger.used(counter, window, now)),
            Self::Sql(ledger) => ledger.used(counter, window, now.as_microsecond()).await,
            Self::Redis(ledger) => ledger.used(counter, window, now.as_microsecond()).await,
        }
    }

    /// What the caller must append to the journal before it answers a request whose batch had
    /// this outcome. None where nothing was spent that must survive a restart, and where the
    /// ledger is the database itself.
    pub(crate) fn entry(&self, batch: &Batch, outcome: &Outcome) -> Option<LedgerEntry> {
        LedgerEntry::spent(batch, outcome, self.journaled_reservation_seconds()?)
    }

    /// What the caller must append to the journal before it acknowledges a settlement, or with
    /// no usage a release.
    pub(crate) fn settled_entry(
        &self,
        tenant: &TenantId,
        reservation: &ReservationId,
        usage: Option<&Usage>,
        settlement: Settlement,
        now: Timestamp,
    ) -> Option<LedgerEntry> {
        let seconds = self.journaled_reservation_seconds()?;
        let at = now.as_microsecond();
        settlement.found.then(|| LedgerEntry::Settled {
            tenant: tenant.clone(),
            reservation: reservation.clone(),
            usage: usage.copied(),
            at,
            expires_at: expires_at(at, seconds),
        })
    }

    fn journaled_reservation_seconds(&self) -> Option<u32> {
        match self {
            Self::Embedded(ledger) => Some(ledger.reservation_seconds()),
            Self::Redis(ledger) => Some(ledger.reservation_seconds()),
            Self::Sql(_) => None,
        }
    }

    /// Whether the ledger answers, to be reported.
    pub(crate) fn health(&self) -> Health {
        match self {
            Self::Embedded(_) => Health::default(),
            Self::Sql(ledger) => ledger.health(),
            Self::Redis(ledger) => ledger.health(),
        }
    }
}
