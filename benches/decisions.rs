//! One decision with 1, 10 and all 24 policies, and each policy type alone.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use zentinelle_benches::catalogue::{PLAIN, denied, engine, engine_of, permitted, policies};
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Effect, MemoryLedger};

const ALL: usize = 24;

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("decision");
    for count in [1, PLAIN, ALL] {
        let (engine, ledger) = (engine(count), MemoryLedger::default());
        for (name, request, effect) in [("permit", permitted(), Effect::Permit), ("deny", denied(), Effect::Deny)] {
            let decision = engine.decide(&request, &ledger);
            assert_eq!(decision.effect(), effect, "{}", decision.explain());
            assert_eq!(decision.results().len(), count);
            group.bench_function(format!("{count}/{name}"), |b| {
                b.iter(|| engine.decide(black_box(&request), &ledger));
            });
            group.bench_function(format!("{count}/{name}, trace"), |b| b.iter(|| black_box(&decision).trace().len()));
            group.bench_function(format!("{count}/{name}, wire document as JSON"), |b| {
                b.iter(|| serde_json::to_vec(&DecisionDocument::new(black_box(&decision), &request)));
            });
        }
    }
    group.finish();
}

/// What each type costs: one policy of it alone, less what an engine without policies takes.
fn types(c: &mut Criterion) {
    let ledger = MemoryLedger::default();
    let request = permitted();
    let mut group = c.benchmark_group("type");
    let empty = engine_of(Vec::new());
    group.bench_function("none", |b| b.iter(|| empty.decide(black_box(&request), &ledger)));
    for policy in policies(ALL) {
        let name = policy.policy_type.clone();
        let engine = engine_of(vec![policy]);
        group.bench_function(name, |b| b.iter(|| engine.decide(black_box(&request), &ledger)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(700)).sample_size(20);
    targets = decisions, types
}
criterion_main!(benches);
