//! A memory ledger written down, for hosts that live shorter than their counters.
//!
//! A command that decides one request and exits keeps its totals in a file: restore, apply,
//! snapshot. The ledger does no I/O itself; who may write the file, and how two processes
//! take turns, is the host's business.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::total::Total;
use super::{Line, MemoryLedger, MemoryLedgerConfig, Reservation, SHARDS, unpoisoned};
use crate::ids::ReservationId;
use crate::ledger::{Counter, Unit, Window};
use crate::sorting;

/// The form of snapshot written here.
const VERSION: u32 = 1;

/// Most lines a kept reservation may have: far more than one decision can charge.
const MAX_LINES: usize = 1_000;

/// Everything a [`MemoryLedger`] keeps. Serializes to the same bytes for the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    version: u32,
    totals: Vec<KeptTotal>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reservations: Vec<KeptReservation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTotal {
    counter: Counter,
    window: Window,
    spent: Spent,
}

/// What a running total stands at. Where a window ends follows from where it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Spent {
    Since { start: Timestamp, used: u64 },
    Steps(Vec<(i64, u64)>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptReservation {
    id: ReservationId,
    expires_at: Timestamp,
    charged_at: Timestamp,
    lines: Vec<KeptLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptLine {
    counter: Counter,
    window: Window,
    unit: Unit,
    amount: u64,
    /// When it counts as charged; without it, with the reservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charged_at: Option<Timestamp>,
}

/// Why a snapshot cannot be restored. Nothing is restored then: a ledger that forgets half
/// of what was spent would admit what it must refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Written by another version.
    #[error("the snapshot has version {found}, expected {VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// More than the ledger may hold.
    #[error("the snapshot holds {found} entries, more than the {limit} the ledger keeps")]
    TooLarge {
        /// How many entries it holds.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The same counter or reservation twice, so it is unclear which one is true.
    #[error("the snapshot holds `{0}` twice")]
    Duplicate(String),
    /// Steps out of order, too many of them, or a total that does not suit its window.
    #[error("the snapshot's total of `{0}` does not suit its window")]
    Unsuitable(String),
}

impl MemoryLedger {
    /// Everything that still counts at `now`, taken at one instant. Ended windows and expired
    /// reservations are left out, so a snapshot is as bounded as the ledger.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        // Shards before reservations, as `apply` takes them; all at once, so that no batch is
        // seen in part.
        let shards: Vec<_> = (0..SHARDS).map(|place| self.shard(place)).collect();
        let book = unpoisoned(self.reservations.lock());
        let mut totals: Vec<KeptTotal> = shards
            .iter()
            .flat_map(|shard| shard.totals.iter())
            .filter(|kept| !kept.total.is_over(now))
            .filter_map(|kept| {
                Some(KeptTotal { counter: kept.counter.clone(), window: kept.window, spent: kept.total.spent()? })
            })
            .collect();
        sorting::sort_by(&mut totals, |a, b| (&a.counter, a.window).cmp(&(&b.counter, b.window)));
        let mut reservations: Vec<KeptReservation> = book
            .open
            .iter()
            .filter(|(_, open)| open.expires_at > now)
            .map(|(id, open)| KeptReservation {
                id: id.clone(),
                expires_at: open.expires_at,
                charged_at: open.charged_at,
                lines: open.lines.iter().map(|line| KeptLine::of(line, open.charged_at)).collect(),
            })
            .collect();
        sorting::sort_by(&mut reservations, |a, b| a.id.cmp(&b.id));
        Snapshot { version: VERSION, totals, reservations }
    }

    /// A ledger that goes on where a snapshot stopped. All or nothing.
    pub fn restore(config: MemoryLedgerConfig, snapshot: Snapshot) -> Result<Self, RestoreError> {
        let Snapshot { version, totals, reservations } = snapshot;
        if version != VERSION {
            return Err(RestoreError::UnknownVersion { found: version });
        }
        for (found, limit) in [(totals.len(), config.max_counters), (reservations.len(), config.max_reservations)] {
            if found > limit {
                return Err(RestoreError::TooLarge { found, limit });
            }
        }
        let ledger = Self::new(config);
        for KeptTotal { counter, window, spent } in totals {
            let total = Total::restore(window, spent).ok_or_else(|| RestoreError::Unsuitable(counter.to_string()))?;
            let key = ledger.key(&counter, window);
            let mut shard = ledger.shard(key.place());
            if shard.total(key).is_some() {
                return Err(RestoreError::Duplicate(counter.to_string()));
            }
            *shard.open(key) = total;
        }
        let mut seen = BTreeSet::new();
        let mut book = unpoisoned(ledger.reservations.lock());
        for kept in reservations {
            if kept.lines.len() > MAX_LINES {
                return Err(RestoreError::TooLarge { found: kept.lines.len(), limit: MAX_LINES });
            }
            if !seen.insert(kept.id.clone()) {
                return Err(RestoreError::Duplicate(kept.id.as_str().to_owned()));
            }
            let lines = kept.lines.into_iter().map(|line| line.into_line(kept.charged_at)).collect();
            let open = Reservation { expires_at: kept.expires_at, charged_at: kept.charged_at, lines };
            book.open.insert(kept.id, open);
        }
        drop(book);
        Ok(ledger)
    }
}

impl KeptLine {
    fn of(line: &Line, reserved_at: Timestamp) -> Self {
        Self {
            counter: line.counter.clone(),
            window: line.window,
            unit: line.unit,
            amount: line.amount,
            charged_at: Some(line.charged_at).filter(|at| *at != reserved_at),
        }
    }

    fn into_line(self, reserved_at: Timestamp) -> Line {
        let Self { counter, window, unit, amount, charged_at } = self;
        Line { counter, window, unit, amount, charged_at: charged_at.unwrap_or(reserved_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Batch, Holder, Ledger, Mode, Posting, Usage};

    const NOON: Timestamp = Timestamp::constant(1_773_230_400, 0);

    fn counter(meter: &'static str) -> Counter {
        Counter { tenant: "t".into(), holder: Holder::Agent("a".into()), meter: meter.into(), subject: None }
    }

    fn batch(window: Window, now: Timestamp) -> Batch {
        let posting = Posting { counter: counter("calls"), window, amount: 4, unit: Unit::Tokens, limit: Some(10) };
        Batch { postings: vec![posting], now, mode: Mode::Commit, reservation: Some("r".into()) }
    }

    fn through_json(ledger: &MemoryLedger, now: Timestamp) -> MemoryLedger {
        let text = serde_json::to_string(&ledger.snapshot(now)).unwrap();
        MemoryLedger::restore(MemoryLedgerConfig::default(), serde_json::from_str(&text).unwrap()).unwrap()
    }

    #[test]
    fn totals_and_reservations_go_on_where_the_snapshot_stopped() {
        for window in [Window::Fixed { seconds: 60 }, Window::Sliding { seconds: 60 }, Window::CalendarMonth] {
            let ledger = MemoryLedger::default();
            assert!(ledger.apply(&batch(window, NOON)).unwrap().committed);
            let again = through_json(&ledger, NOON);
            assert_eq!(again.used(&counter("calls"), window, NOON), 4, "{window:?}");
            assert!(again.apply(&batch(window, NOON)).is_err(), "the reservation is still open");
            let usage = Usage { tokens: Some(1), ..Usage::default() };
            assert!(again.settle(&"r".into(), &usage, NOON).unwrap().found);
            assert_eq!(again.used(&counter("calls"), window, NOON), 1, "{window:?}");
            assert_eq!(again.snapshot(NOON), through_json(&again, NOON).snapshot(NOON));
        }
    }

    #[test]
    fn what_was_charged_to_a_window_that_a_later_call_began_is_settled_after_a_restore() {
        let later = NOON.saturating_add(jiff::SignedDuration::from_millis(2)).unwrap();
        for window in [Window::Fixed { seconds: 60 }, Window::Sliding { seconds: 60 }, Window::CalendarMonth] {
            let ledger = MemoryLedger::default();
            assert!(ledger.apply(&Batch { reservation: None, ..batch(window, later) }).unwrap().committed);
            assert!(ledger.apply(&batch(window, NOON)).unwrap().committed);
            let again = through_json(&ledger, later);
            assert_eq!(again.snapshot(later), ledger.snapshot(later));
            for ledger in [ledger, again] {
                let usage = Usage { tokens: Some(1), ..Usage::default() };
                assert!(ledger.settle(&"r".into(), &usage, later).unwrap().found);
                assert_eq!(ledger.used(&counter("calls"), window, later), 5, "{window:?}");
            }
        }
    }

    #[test]
    fn what_is_over_is_not_written_down() {
        let ledger = MemoryLedger::default();
        ledger.apply(&batch(Window::Fixed { seconds: 60 }, NOON)).unwrap();
        let later = NOON.saturating_add(jiff::SignedDuration::from_hours(2)).unwrap();
        assert_eq!(ledger.snapshot(later), MemoryLedger::default().snapshot(later));
    }

    #[test]
    fn a_snapshot_that_cannot_be_true_is_refused_as_a_whole() {
        let total = |window: &str, spent: &str| {
            format!(
                r#"{{"counter":{{"tenant":"t","holder":"tenant","meter":"m","subject":null}},"window":{window},"spent":{{{spent}}}}}"#
            )
        };
        let text =
            |version: u32, totals: &[String]| format!(r#"{{"version":{version},"totals":[{}]}}"#, totals.join(","));
        let fixed = r#"{"fixed":{"seconds":60}}"#;
        let sliding = r#"{"sliding":{"seconds":60}}"#;
        let since = r#""since":{"start":"2026-03-11T12:00:00Z","used":1}"#;
        let restore = |text: String| {
            let snapshot = serde_json::from_str(&text).expect(&text);
            MemoryLedger::restore(MemoryLedgerConfig::default(), snapshot).map(|_| ())
        };
        assert_eq!(restore(text(9, &[])), Err(RestoreError::UnknownVersion { found: 9 }));
        let twice = total(fixed, since);
        assert_eq!(restore(text(1, &[twice.clone(), twice])), Err(RestoreError::Duplicate("t:m:tenant".into())));
        let unsuitable = Err(RestoreError::Unsuitable("t:m:tenant".into()));
        assert_eq!(restore(text(1, &[total(sliding, since)])), unsuitable);
        assert_eq!(restore(text(1, &[total(fixed, r#""steps":[[1,1]]"#)])), unsuitable);
        assert_eq!(restore(text(1, &[total(sliding, r#""steps":[[2,1],[1,1]]"#)])), unsuitable);
        let extremes = r#""steps":[[-9223372036854775808,18446744073709551615],[9223372036854775807,1]]"#;
        assert_eq!(restore(text(1, &[total(sliding, extremes)])), Ok(()));
    }

    #[test]
    fn extreme_totals_refuse_rather_than_overflow() {
        let text = r#"{"version":1,"totals":[
            {"counter":{"tenant":"t","holder":{"agent":"a"},"meter":"calls","subject":null},
             "window":{"sliding":{"seconds":60}},
             "spent":{"steps":[[-9223372036854775808,18446744073709551615],[9223372036854775807,18446744073709551615]]}},
            {"counter":{"tenant":"t","holder":{"agent":"a"},"meter":"calls","subject":null},
             "window":{"fixed":{"seconds":4294967295}},
             "spent":{"since":{"start":"9999-12-30T22:00:00Z","used":18446744073709551615}}}]}"#;
        let ledger = MemoryLedger::restore(MemoryLedgerConfig::default(), serde_json::from_str(text).unwrap()).unwrap();
        for window in [Window::Sliding { seconds: 60 }, Window::Fixed { seconds: u32::MAX }] {
            assert!(!ledger.apply(&batch(window, NOON)).unwrap().committed);
        }
    }
}
