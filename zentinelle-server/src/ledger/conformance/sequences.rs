//! Any sequence of operations gives the answers of the core's memory ledger, to the last unit
//! and the last microsecond.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::{Batch, Ledger as _, MemoryLedger, Mode, Posting, Unit, Usage, Window};

use super::backends::{self, at, counter, tenant};
use crate::ledger::LedgerStore;

pub(super) const WINDOWS: [Window; 7] = [
    Window::Fixed { seconds: 60 },
    Window::Fixed { seconds: 86_400 },
    Window::Fixed { seconds: u32::MAX },
    Window::Sliding { seconds: 0 },
    Window::Sliding { seconds: 60 },
    Window::Sliding { seconds: 7_200 },
    Window::CalendarMonth,
];
pub(super) const METERS: [&str; 2] = ["calls", "spend:%7B\0}"];
const UNITS: [Unit; 4] = [Unit::Calls, Unit::Tokens, Unit::UsdMicros, Unit::Bytes];

#[derive(Clone, Debug)]
pub(super) enum Op {
    Apply { lines: BTreeMap<(usize, usize), (u64, usize, Option<u64>)>, peek: bool, reservation: Option<u8> },
    Settle(u8, Usage),
    Release(u8),
    Advance(i64),
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 0_u64..6,
        2 => 0_u64..20_000_000_000,
        1 => prop::sample::select(vec![9_999_999_999, 10_000_000_000, 30_000_000_005]),
        1 => prop::sample::select(vec![(1 << 53) + 1, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX]),
    ]
}

fn limit() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        2 => Just(None),
        6 => (0_u64..30).prop_map(Some),
        2 => amount().prop_map(Some),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let line = (amount(), 0..UNITS.len(), limit());
    let lines = prop::collection::btree_map((0..METERS.len(), 0..WINDOWS.len()), line, 0..4);
    let reservation = prop::option::weighted(0.4, 0_u8..3);
    let true_amount = || prop::option::of(amount());
    let usage = (true_amount(), true_amount(), true_amount()).prop_map(|(tokens, usd_micros, bytes)| Usage {
        tokens,
        usd_micros,
        bytes,
    });
    let micros = prop::sample::select(vec![
        -1_000, // another server's clock, or a request that was overtaken
        1,
        999_999,
        1_000_000,
        30_000_000,
        60_000_000,
        121_000_000,
        3_599_999_999,
        3_600_000_000,
        86_400_000_000,
        1_728_000_000_000,
    ]);
    prop_oneof![
        8 => (lines, prop::bool::weighted(0.15), reservation)
            .prop_map(|(lines, peek, reservation)| Op::Apply { lines, peek, reservation }),
        2 => (0_u8..3, usage).prop_map(|(id, usage)| Op::Settle(id, usage)),
        1 => (0_u8..3).prop_map(Op::Release),
        3 => micros.prop_map(Op::Advance),
    ]
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..30)
}

pub(super) fn start() -> impl Strategy<Value = Timestamp> {
    prop::sample::select(vec![
        at("2027-12-31T23:59:58.999999Z"),
        at("2028-02-29T12:00:00Z"),
        at("2028-03-01T00:00:00Z"),
    ])
}

/// Builds the batch of an operation.
pub(super) fn batch(
    tenant: &TenantId,
    lines: &BTreeMap<(usize, usize), (u64, usize, Option<u64>)>,
    peek: bool,
    reservation: Option<u8>,
    now: Timestamp,
) -> Batch {
    let posting = |(&(meter, window), &(amount, unit, limit)): (&(usize, usize), &(u64, usize, Option<u64>))| Posting {
        counter: counter(tenant, METERS[meter]),
        window: WINDOWS[window],
        amount,
        unit: UNITS[unit],
        limit,
    };
    let mode = if peek { Mode::Peek } else { Mode::Commit };
    // A batch of nothing keeps no reservation in a store.
    let reservation = reservation.filter(|_| !lines.is_empty()).map(|id| id.to_string().into());
    Batch { postings: lines.iter().map(posting).collect(), now, mode, reservation }
}

pub(super) fn advance(now: &mut Timestamp, micros: i64) {
    *now = now.checked_add(SignedDuration::from_micros(micros)).expect("this century");
}

async fn compare(ledger: &LedgerStore, mut now: Timestamp, ops: &[Op]) {
    let (model, tenant) = (MemoryLedger::default(), tenant());
    for op in ops {
        match op {
            Op::Apply { lines, peek, reservation } => {
                let batch = batch(&tenant, lines, *peek, *reservation, now);
                assert_eq!(ledger.apply(&batch).await, model.apply(&batch), "{batch:?}");
            }
            Op::Settle(id, usage) => {
                let id = id.to_string().into();
                let settled = ledger.settle(&tenant, &id, usage, now).await;
                assert_eq!(settled, model.settle(&id, usage, now), "{usage:?}");
            }
            Op::Release(id) => {
                let id = id.to_string().into();
                assert_eq!(ledger.release(&tenant, &id, now).await, model.release(&id, now));
            }
            Op::Advance(micros) => advance(&mut now, *micros),
        }
    }
    for (meter, window) in METERS.iter().flat_map(|meter| WINDOWS.map(|window| (*meter, window))) {
        let counter = counter(&tenant, meter);
        let used = ledger.used(&counter, window, now).await.expect("it answers");
        assert_eq!(used, model.used(&counter, window, now), "{meter} {window:?}");
    }
}

fn holds(cases: u32, ledger: impl Future<Output = LedgerStore>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ledger = runtime.block_on(ledger);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(start(), ops()), |(start, ops)| {
        runtime.block_on(compare(&ledger, start, &ops));
        Ok(())
    });
    runtime.block_on(async { drop(ledger) });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_embedded_ledger_answers_as_the_model() {
    holds(256, async { backends::embedded() });
}

#[test]
fn sqlite_answers_as_the_model() {
    holds(64, backends::sqlite());
}

#[test]
fn postgres_answers_as_the_model() {
    holds(48, backends::postgres());
}

#[test]
fn redis_answers_as_the_model() {
    holds(256, backends::redis());
}
