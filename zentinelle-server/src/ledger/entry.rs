//! What a ledger did, as the server's journal keeps it until the database has it.

use serde::{Deserialize, Serialize};
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::{Batch, Counter, Outcome, Unit, Usage, Window};

use super::total::{is_durable, start_from};

/// One step a ledger took. Only windows that must survive a restart are written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LedgerEntry {
    /// A batch was spent.
    Spent {
        /// When. Unit: microseconds since 1970.
        at: i64,
        /// What was added, windows of an hour or longer only.
        lines: Vec<Line>,
        /// Under which id the amounts wait for settlement, if they do.
        reservation: Option<Reserved>,
    },
    /// A reservation was replaced by the true usage.
    Settled {
        /// Whose.
        tenant: TenantId,
        /// Which.
        reservation: ReservationId,
        /// What was used in truth; none gives everything back.
        usage: Option<Usage>,
        /// When. Unit: microseconds since 1970.
        at: i64,
        /// Until when a server that learns of the settlement first keeps it in mind.
        expires_at: i64,
    },
}

/// A reservation that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reserved {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Its id.
    pub(crate) id: ReservationId,
    /// Until when it can be settled. Unit: microseconds since 1970.
    pub(crate) expires_at: i64,
}

/// An amount added to one running total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The running total.
    pub(crate) counter: Counter,
    /// Its window.
    pub(crate) window: Window,
    /// Where the window began. Unit: microseconds since 1970.
    pub(crate) start: i64,
    /// What was added.
    pub(crate) amount: u64,
    /// What `amount` counts.
    pub(crate) unit: Unit,
}

impl Line {
    /// When the amount counts as charged, in a batch of `at`: not before its window began.
    pub(super) fn charged_at(&self, at: i64) -> i64 {
        at.max(self.start)
    }
}

impl LedgerEntry {
    /// What to write down of a batch, if anything.
    pub(super) fn spent(batch: &Batch, outcome: &Outcome, reservation_seconds: u32) -> Option<Self> {
        if !outcome.committed {
            return None;
        }
        let lines: Vec<Line> = (batch.postings.iter().zip(&outcome.readings))
            .filter(|(posting, _)| is_durable(posting.window) && (posting.amount > 0 || batch.reservation.is_some()))
            .map(|(posting, reading)| Line {
                counter: posting.counter.clone(),
                window: posting.window,
                start: start_from(posting.window, reading.resets_at, batch.now),
                amount: posting.amount,
                unit: posting.unit,
            })
            .collect();
        let at = batch.now.as_microsecond();
        let reservation = batch.reservation.as_ref().zip(batch.postings.first()).map(|(id, posting)| Reserved {
            tenant: posting.counter.tenant.clone(),
            id: id.clone(),
            expires_at: expires_at(at, reservation_seconds),
        });
        (!lines.is_empty() || reservation.is_some()).then_some(Self::Spent { at, lines, reservation })
    }
}

/// Until when a reservation opened at `at` can be settled.
pub(super) fn expires_at(at: i64, reservation_seconds: u32) -> i64 {
    at.saturating_add(i64::from(reservation_seconds) * 1_000_000)
}
