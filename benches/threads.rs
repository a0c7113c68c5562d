//! The ledger and the engine under 1, 2 and 8 threads.
//!
//! A figure is wall time divided by all that all threads did, so with enough cores twice the
//! threads halve it; on a machine with fewer cores it cannot fall below the cores' share.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use zentinelle_benches::catalogue::{PLAIN, engine, permitted};
use zentinelle_core::Ledger;
use zentinelle_core::MemoryLedger;
use zentinelle_core::ledger::{Batch, Counter, Holder, Mode, Posting, Unit, Window};

const THREADS: [usize; 3] = [1, 2, 8];

/// Wall time of `iterations` shared evenly among `threads`.
fn together(threads: usize, iterations: u64, work: impl Fn(usize) + Sync) -> Duration {
    let share = iterations.div_ceil(threads as u64);
    let barrier = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                (0..share).for_each(|_| work(thread));
                barrier.wait();
            });
        }
        barrier.wait();
        let start = Instant::now();
        barrier.wait();
        start.elapsed().mul_f64(iterations as f64 / (share * threads as u64) as f64)
    })
}

fn batch(agent: &str) -> Batch {
    let posting = |meter: &'static str, seconds| Posting {
        counter: Counter {
            tenant: "acme".into(),
            holder: Holder::AgentAndUser(agent.into(), Some("user-7".into())),
            meter: meter.into(),
            subject: None,
        },
        window: Window::Fixed { seconds },
        amount: 1,
        unit: Unit::Calls,
        limit: Some(u64::MAX),
    };
    Batch {
        postings: vec![posting("rate_limit.requests_per_minute", 60), posting("rate_limit.requests_per_hour", 3_600)],
        now: permitted().now,
        mode: Mode::Commit,
        reservation: None,
    }
}

fn ledger(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    for threads in THREADS {
        let ledger = MemoryLedger::default();
        let own: Vec<Batch> = (0..threads).map(|thread| batch(&format!("agent-{thread}"))).collect();
        group.bench_function(format!("own counters/{threads}"), |b| {
            b.iter_custom(|n| {
                together(threads, n, |thread| {
                    black_box(ledger.apply(&own[thread])).expect("there is room");
                })
            });
        });
        let shared = batch("shared");
        group.bench_function(format!("one counter/{threads}"), |b| {
            b.iter_custom(|n| {
                together(threads, n, |_| {
                    black_box(ledger.apply(&shared)).expect("there is room");
                })
            });
        });
    }
    group.finish();
}

fn engines(c: &mut Criterion) {
    let (engine, ledger) = (engine(PLAIN), MemoryLedger::default());
    let mut group = c.benchmark_group("threads");
    for threads in THREADS {
        let requests: Vec<_> = (0..threads).map(|_| permitted()).collect();
        group.bench_function(format!("{threads}"), |b| {
            b.iter_custom(|n| {
                together(threads, n, |thread| {
                    black_box(engine.decide(&requests[thread], &ledger));
                })
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(700)).sample_size(15);
    targets = ledger, engines
}
criterion_main!(benches);
