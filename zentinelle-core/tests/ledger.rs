//! The memory ledger under races, in its windows and at its bounds.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test reads files, prints what it ran, and may panic"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use zentinelle_core::ids::ReservationId;
use zentinelle_core::ledger::{
    Batch, Counter, Holder, LedgerError, MemoryLedgerConfig, Mode, Posting, Unit, Usage, Window,
};
use zentinelle_core::{Ledger, MemoryLedger};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn counter(meter: &str) -> Counter {
    Counter { tenant: "acme".into(), holder: Holder::Tenant, meter: meter.to_owned().into(), subject: None }
}

fn posting(meter: &str, amount: u64, limit: u64, window: Window) -> Posting {
    Posting { counter: counter(meter), window, amount, unit: Unit::Calls, limit: Some(limit) }
}

fn batch(postings: Vec<Posting>, now: Timestamp) -> Batch {
    Batch { postings, now, mode: Mode::Commit, reservation: None }
}

const MINUTE: Window = Window::Fixed { seconds: 60 };

#[test]
fn sixty_four_threads_racing_for_one_limit_admit_exactly_the_limit() {
    let ledger = Arc::new(MemoryLedger::default());
    let (admitted, now) = (Arc::new(AtomicU64::new(0)), at("2026-03-11T12:00:00Z"));
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let (ledger, admitted) = (Arc::clone(&ledger), Arc::clone(&admitted));
            scope.spawn(move || {
                for _ in 0..50 {
                    // A second counter per thread, so that batches lock different sets of shards.
                    let own = posting(&format!("own-{thread}"), 1, u64::MAX, MINUTE);
                    let shared = posting("shared", 1, 1_000, MINUTE);
                    if ledger.apply(&batch(vec![own, shared], now)).unwrap().committed {
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(admitted.load(Ordering::Relaxed), 1_000);
    assert_eq!(ledger.used(&counter("shared"), MINUTE, now), 1_000);
    let own: u64 = (0..64).map(|thread| ledger.used(&counter(&format!("own-{thread}")), MINUTE, now)).sum();
    assert_eq!(own, 1_000, "a refused batch left part of itself behind");
}

#[test]
fn a_batch_is_spent_whole_or_not_at_all_and_the_readings_name_what_did_not_fit() {
    let (ledger, now) = (MemoryLedger::default(), at("2026-03-11T12:00:00Z"));
    let outcome = ledger.apply(&batch(vec![posting("a", 1, 5, MINUTE), posting("b", 3, 2, MINUTE)], now)).unwrap();
    assert!(!outcome.committed);
    assert_eq!(ledger.used(&counter("a"), MINUTE, now), 0);
    assert_eq!(outcome.readings.len(), 2);
}

#[test]
fn a_fixed_window_runs_from_its_first_charge_and_is_not_renewed() {
    let (ledger, start) = (MemoryLedger::default(), at("2026-03-11T12:00:30Z"));
    let spend = |now| ledger.apply(&batch(vec![posting("m", 1, 2, MINUTE)], now)).unwrap();
    assert!(spend(start).committed);
    assert!(spend(start + SignedDuration::from_secs(59)).committed);
    let refused = spend(start + SignedDuration::from_secs(59));
    assert!(!refused.committed);
    assert_eq!(refused.readings[0].resets_at, start + SignedDuration::from_secs(60));
    assert!(spend(start + SignedDuration::from_secs(60)).committed);
}

#[test]
fn a_sliding_window_has_no_seam() {
    let (ledger, start) = (MemoryLedger::default(), at("2026-03-11T12:00:59Z"));
    let window = Window::Sliding { seconds: 60 };
    let spend = |now| ledger.apply(&batch(vec![posting("m", 1, 3, window)], now)).unwrap().committed;
    for _ in 0..3 {
        assert!(spend(start));
    }
    assert!(!spend(start + SignedDuration::from_secs(2)), "a fixed window would have let this pass at a minute's end");
    assert!(!spend(start + SignedDuration::from_secs(59)));
    assert!(spend(start + SignedDuration::from_secs(62)));
}

#[test]
fn a_month_ends_at_midnight_utc() {
    let (ledger, end) = (MemoryLedger::default(), at("2026-02-28T23:59:59Z"));
    ledger.record(counter("spend"), Window::CalendarMonth, 7, end).unwrap();
    assert_eq!(ledger.used(&counter("spend"), Window::CalendarMonth, end), 7);
    assert_eq!(ledger.used(&counter("spend"), Window::CalendarMonth, at("2026-03-01T00:00:00Z")), 0);
}

#[test]
fn ended_windows_are_dropped_and_a_full_ledger_refuses_rather_than_forgets() {
    let ledger = MemoryLedger::new(MemoryLedgerConfig { max_counters: 640, ..MemoryLedgerConfig::default() });
    let now = at("2026-03-11T12:00:00Z");
    let spend = |name: usize, now| ledger.apply(&batch(vec![posting(&format!("m{name}"), 1, 9, MINUTE)], now));
    let refused = (0..10_000).filter(|name| spend(*name, now) == Err(LedgerError::Full { limit: 640 })).count();
    assert!(refused > 9_000);
    assert!(ledger.len() <= 640);
    let later = now + SignedDuration::from_secs(61);
    assert!(spend(20_000, later).unwrap().committed, "ended windows must make room");
}

#[test]
fn an_expired_reservation_stays_at_its_reserved_amount() {
    let (ledger, now) = (MemoryLedger::default(), at("2026-03-11T12:00:00Z"));
    let id = ReservationId::new("r1");
    let mut reserve = batch(vec![posting("m", 40, 100, Window::CalendarMonth)], now);
    reserve.reservation = Some(id.clone());
    assert!(ledger.apply(&reserve).unwrap().committed);
    assert_eq!(ledger.apply(&reserve), Err(LedgerError::ReservationExists(id.clone())));
    assert_eq!(ledger.used(&counter("m"), Window::CalendarMonth, now), 40, "a refused second use must add nothing");
    let late = now + SignedDuration::from_hours(2);
    assert!(!ledger.settle(&id, &Usage::default(), late).unwrap().found);
    assert_eq!(ledger.used(&counter("m"), Window::CalendarMonth, late), 40);
}

#[test]
fn a_released_reservation_gives_everything_back_once() {
    let (ledger, now) = (MemoryLedger::default(), at("2026-03-11T12:00:00Z"));
    let id = ReservationId::new("r1");
    let mut reserve = batch(vec![posting("m", 40, 100, Window::CalendarMonth)], now);
    reserve.reservation = Some(id.clone());
    ledger.apply(&reserve).unwrap();
    assert!(ledger.release(&id, now).unwrap().found);
    assert!(!ledger.release(&id, now).unwrap().found);
    assert_eq!(ledger.used(&counter("m"), Window::CalendarMonth, now), 0);
}

#[test]
fn a_reservation_of_nothing_is_settled_with_what_it_came_to() {
    let (ledger, now) = (MemoryLedger::default(), at("2026-03-11T12:00:00Z"));
    let id = ReservationId::new("r1");
    let mut reserve = batch(vec![posting("m", 0, 100, Window::CalendarMonth)], now);
    reserve.postings[0].unit = Unit::Tokens;
    reserve.reservation = Some(id.clone());
    ledger.apply(&reserve).unwrap();
    let later = now + SignedDuration::from_secs(1);
    ledger.apply(&batch(vec![posting("m", 3, 100, Window::CalendarMonth)], later)).unwrap();
    let settled = ledger.settle(&id, &Usage { tokens: Some(5), ..Usage::default() }, later).unwrap();
    assert!(settled.found && settled.overran);
    assert_eq!(ledger.used(&counter("m"), Window::CalendarMonth, later), 8);
}

#[test]
fn a_batch_that_sweeps_its_own_shard_loses_no_amount() {
    let ledger = MemoryLedger::new(MemoryLedgerConfig { max_counters: 64 * 64, ..MemoryLedgerConfig::default() });
    let (now, names) = (at("2026-03-11T12:00:00Z"), |round: usize| (0..40).map(move |n| format!("{round}-{n}")));
    for round in 0..100 {
        // Every window of an earlier round is over, so each round sweeps while it opens its own.
        let now = now + SignedDuration::from_mins(2 * round as i64);
        let postings = names(round).map(|name| posting(&name, 1, 1, MINUTE)).collect();
        assert!(ledger.apply(&batch(postings, now)).unwrap().committed);
        for name in names(round) {
            assert_eq!(ledger.used(&counter(&name), MINUTE, now), 1, "{name}");
        }
    }
}

#[test]
fn two_counters_never_share_a_key() {
    let named = |tenant: &str, meter: &'static str, subject: &'static str| Counter {
        tenant: tenant.into(),
        holder: Holder::Tenant,
        meter: meter.into(),
        subject: Some(subject.into()),
    };
    assert_ne!(named("a:b", "c", "d").to_string(), named("a", "b:c", "d").to_string());
    assert_ne!(named("a", "c", "d:e").to_string(), named("a", "c", "d%3Ae").to_string());
}
