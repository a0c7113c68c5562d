//! What the embedded ledger spent survives a server that is killed: the journal's entries bring
//! the tables up to date, and the next start reads them.

use jiff::Timestamp;
use proptest::test_runner::{Config, TestRunner};
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::{MemoryLedgerConfig, Usage, Window};

use super::backends::{self, DAY, MINUTE, commit, counter, now, posting, tenant};
use super::sequences::{METERS, Op, WINDOWS, advance, batch, ops, start};
use crate::ledger::entry::LedgerEntry;
use crate::ledger::total::is_durable;
use crate::ledger::{Embedded, LedgerStore, totals};
use crate::store::{Store, testing};

/// Drains entries as the recorder does, as they come out of the journal's file.
async fn drain(store: &Store, entries: &[LedgerEntry]) {
    let text = serde_json::to_string(entries).expect("entries are plain");
    let entries: Vec<LedgerEntry> = serde_json::from_str(&text).expect("they read back");
    let txn = store.begin().await.expect("a transaction");
    totals::store(&txn, &entries).await.expect("stored");
    txn.commit().await.expect("committed");
}

async fn load(store: &Store, now: Timestamp) -> LedgerStore {
    let ledger = Embedded::load(store, MemoryLedgerConfig::default(), now).await.expect("it loads");
    LedgerStore::Embedded(ledger)
}

/// Runs the operations, and returns what the server wrote into its journal.
async fn run(ledger: &LedgerStore, tenant: &TenantId, now: &mut Timestamp, ops: &[Op]) -> Vec<LedgerEntry> {
    let mut journal = Vec::new();
    for op in ops {
        let (id, usage) = match op {
            Op::Apply { lines, peek, reservation } => {
                let batch = batch(tenant, lines, *peek, *reservation, *now);
                if let Ok(outcome) = ledger.apply(&batch).await {
                    journal.extend(ledger.entry(&batch, &outcome));
                }
                continue;
            }
            Op::Advance(micros) => {
                advance(now, *micros);
                continue;
            }
            Op::Settle(id, usage) => (id, Some(usage)),
            Op::Release(id) => (id, None),
        };
        let id = id.to_string().into();
        let settlement = match usage {
            Some(usage) => ledger.settle(tenant, &id, usage, *now).await,
            None => ledger.release(tenant, &id, *now).await,
        };
        journal.extend(ledger.settled_entry(tenant, &id, usage, settlement.expect("it answers"), *now));
    }
    journal
}

async fn survives(store: &Store, mut now: Timestamp, before: &[Op], cut: usize, after: &[Op]) {
    let tenant = tenant();
    let ledger = backends::embedded();
    let journal = run(&ledger, &tenant, &mut now, before).await;
    let (drained, left) = journal.split_at(cut.min(journal.len()));
    drain(store, drained).await;
    // The server is killed here; the next one drains what was left, and starts.
    drain(store, left).await;
    let again = load(store, now).await;
    for (meter, window) in METERS.iter().flat_map(|meter| WINDOWS.map(|window| (*meter, window))) {
        if is_durable(window) {
            let m = counter(&tenant, meter);
            let (was, is) = (ledger.used(&m, window, now).await, again.used(&m, window, now).await);
            assert_eq!(was, is, "{meter} {window:?}");
        }
    }
    // Both go on alike: reservations that were open are open still.
    let mut other = now;
    for op in after {
        if let Op::Apply { .. } = op {
            continue; // short windows stand differently now
        }
        let op = std::slice::from_ref(op);
        assert_eq!(run(&ledger, &tenant, &mut now, op).await, run(&again, &tenant, &mut other, op).await);
    }
    for window in WINDOWS.into_iter().filter(|window| is_durable(*window)) {
        let m = counter(&tenant, METERS[0]);
        assert_eq!(ledger.used(&m, window, now).await, again.used(&m, window, now).await, "{window:?}");
    }
}

fn holds(cases: u32, store: impl Future<Output = Store>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = runtime.block_on(store);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(start(), ops(), 0_usize..30, ops()), |(start, before, cut, after)| {
        runtime.block_on(survives(&store, start, &before, cut, &after));
        Ok(())
    });
    runtime.block_on(async { drop(store) });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn embedded_totals_survive_a_crash_on_sqlite() {
    holds(96, testing::sqlite());
}

#[test]
fn embedded_totals_survive_a_crash_on_postgres() {
    holds(32, testing::postgres());
}

#[tokio::test]
async fn short_windows_are_not_written_down() {
    let (ledger, tenant) = (backends::embedded(), tenant());
    let batch = commit(vec![posting(&counter(&tenant, "m"), MINUTE, 1, Some(1))], now(), None);
    let outcome = ledger.apply(&batch).await.expect("it answers");
    assert!(outcome.committed && ledger.entry(&batch, &outcome).is_none());
    let refused = ledger.apply(&batch).await.expect("it answers");
    assert!(!refused.committed && ledger.entry(&batch, &refused).is_none());
}

#[tokio::test]
async fn entries_of_several_servers_may_come_in_any_order() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let (ledger, tenant, now) = (backends::embedded(), tenant(), now());
        let m = counter(&tenant, "m");
        let windows = [DAY, Window::Sliding { seconds: 7_200 }, Window::CalendarMonth];
        let mut journal = Vec::new();
        for id in ["a", "b"] {
            let postings = windows.map(|window| posting(&m, window, 10, None)).to_vec();
            let batch = commit(postings, now, Some(id));
            let outcome = ledger.apply(&batch).await.expect("it answers");
            journal.extend(ledger.entry(&batch, &outcome));
        }
        for (id, usage) in [("a", Some(Usage { tokens: Some(3), ..Usage::default() })), ("b", None)] {
            let settlement = match &usage {
                Some(usage) => ledger.settle(&tenant, &id.into(), usage, now).await,
                None => ledger.release(&tenant, &id.into(), now).await,
            };
            let settlement = settlement.expect("it answers");
            journal.extend(ledger.settled_entry(&tenant, &id.into(), usage.as_ref(), settlement, now));
        }
        // Settlements first, each entry in a transaction of its own.
        for entry in journal.iter().rev() {
            drain(&store, std::slice::from_ref(entry)).await;
        }
        let again = load(&store, now).await;
        for window in windows {
            assert_eq!(again.used(&m, window, now).await, Ok(3), "{window:?}");
        }
        assert!(!again.release(&tenant, &"a".into(), now).await.expect("it answers").found);
    }
}

#[tokio::test]
async fn thousands_of_entries_are_drained_at_once() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let (ledger, tenant, now) = (backends::embedded(), tenant(), now());
        let (mut opened, mut settled) = (Vec::new(), Vec::new());
        for number in 0..2_000 {
            let mut m = counter(&tenant, "m");
            m.subject = Some(number.to_string().into());
            let id = number.to_string();
            let batch = commit(vec![posting(&m, DAY, 10, None)], now, Some(&id));
            let outcome = ledger.apply(&batch).await.expect("it answers");
            opened.extend(ledger.entry(&batch, &outcome));
            let usage = Usage { tokens: Some(4), ..Usage::default() };
            let id = id.as_str().into();
            let settlement = ledger.settle(&tenant, &id, &usage, now).await.expect("it answers");
            settled.extend(ledger.settled_entry(&tenant, &id, Some(&usage), settlement, now));
        }
        drain(&store, &opened).await;
        drain(&store, &settled).await;
        let again = load(&store, now).await;
        let mut m = counter(&tenant, "m");
        m.subject = Some("1999".into());
        assert_eq!(again.used(&m, DAY, now).await, Ok(4));
        assert!(!again.release(&tenant, &"1999".into(), now).await.expect("it answers").found);
    }
}

#[tokio::test]
async fn what_is_over_is_purged_and_what_runs_stays() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let (ledger, tenant, now) = (backends::embedded(), tenant(), now());
        let hour = Window::Fixed { seconds: 3_600 };
        let postings =
            vec![posting(&counter(&tenant, "m"), hour, 1, None), posting(&counter(&tenant, "m"), DAY, 1, None)];
        let batch = commit(postings, now, Some("r"));
        let outcome = ledger.apply(&batch).await.expect("it answers");
        drain(&store, ledger.entry(&batch, &outcome).as_slice()).await;
        let later = now.as_microsecond() + 7_200_000_000;
        assert_eq!(totals::purge(store.db(), later).await.expect("purged"), 2, "the hour and the reservation");
        assert_eq!(totals::purge(store.db(), later).await.expect("purged"), 0);
        assert_eq!(load(&store, now).await.used(&counter(&tenant, "m"), DAY, now).await, Ok(1));
    }
}
