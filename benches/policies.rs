//! Many policies: stored, compiled, read, and met for the first time.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use zentinelle_benches::catalogue::{PLAIN, TENANT, engine_of, permitted};
use zentinelle_benches::scale::{document, one_each, stored};
use zentinelle_core::{Agent, MemoryLedger, PolicySet, Request, policy_document};

fn stored_policies(c: &mut Criterion) {
    let ledger = MemoryLedger::default();
    let request = permitted();
    let mut group = c.benchmark_group("stored");
    for count in [10, 1_000, 100_000] {
        let engine = engine_of(stored(count));
        assert_eq!(engine.decide(&request, &ledger).results().len(), PLAIN);
        group.bench_function(format!("{count}"), |b| b.iter(|| engine.decide(black_box(&request), &ledger)));
    }
    group.finish();
}

/// Agents that ask for the first time since the policies were compiled, in an order that
/// neither the processor's caches nor its prefetching can know.
fn cold(c: &mut Criterion) {
    const AGENTS: usize = 100_000;
    let ledger = MemoryLedger::default();
    let engine = engine_of(one_each(AGENTS));
    let scattered = (0..AGENTS).map(|step| (step * 77_479) % AGENTS);
    let context = permitted().context;
    let requests: Vec<Request> = scattered
        .map(|number| {
            let agent = Agent::new(TENANT, format!("agent-{number}"));
            let mut request = Request::new(agent, "tool_call", permitted_at());
            request.context = context.clone();
            request
        })
        .collect();
    let mut group = c.benchmark_group("cold");
    let mut next = requests.iter().cycle();
    group.bench_function("an agent unseen, of 100,000", |b| {
        b.iter(|| next.next().map(|request| engine.decide(black_box(request), &ledger)));
    });
    let small = stored(PLAIN);
    let request = permitted();
    group.bench_function("first decision after compiling 10", |b| {
        b.iter_batched(
            || engine_of(small.clone()),
            |engine| {
                let decision = engine.decide(black_box(&request), &ledger);
                (engine, decision)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn permitted_at() -> jiff::Timestamp {
    permitted_request().now
}

fn permitted_request() -> &'static Request {
    static REQUEST: std::sync::LazyLock<Request> = std::sync::LazyLock::new(permitted);
    &REQUEST
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("reading");
    group.sample_size(10);
    let many = stored(10_000);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("compile 10,000 policies", |b| {
        b.iter_batched(
            || many.clone(),
            |policies| PolicySet::compile(TENANT.into(), "bench", policies),
            BatchSize::PerIteration,
        );
    });
    let text = document(1_000);
    let (read, problems) = policy_document::read(&text);
    assert!(problems.is_empty() && read.policies().len() == 1_000, "{problems:#?}");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read and check a document of 1,000", |b| b.iter(|| policy_document::read(black_box(&text))));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1)).sample_size(20);
    targets = stored_policies, cold, reading
}
criterion_main!(benches);
