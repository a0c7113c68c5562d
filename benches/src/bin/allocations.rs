//! Counts what a decision allocates and what a stored policy weighs. Prints JSON.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::alloc::System;
use std::hint::black_box;

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use zentinelle_benches::catalogue::{PLAIN, denied, engine, engine_of, permitted};
use zentinelle_benches::scale::stored;
use zentinelle_core::MemoryLedger;
use zentinelle_core::wire::DecisionDocument;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations of one run of `work`, after a first run that may fill caches.
fn allocations<T>(mut work: impl FnMut() -> T) -> (usize, usize) {
    black_box(work());
    let region = Region::new(ALLOCATOR);
    let result = black_box(work());
    let change = region.change();
    drop(result);
    (change.allocations + change.reallocations, change.bytes_allocated)
}

fn decision(count: usize) -> serde_json::Value {
    let (engine, ledger) = (engine(count), MemoryLedger::default());
    let of = |request: zentinelle_core::Request| {
        let (decided, bytes) = allocations(|| engine.decide(&request, &ledger));
        let decision = engine.decide(&request, &ledger);
        let (document, _) = allocations(|| DecisionDocument::new(&decision, &request));
        json!({ "decision": decided, "bytes": bytes, "document": document })
    };
    json!({ "policies": count, "permit": of(permitted()), "deny": of(denied()) })
}

fn main() {
    const STORED: usize = 100_000;
    let policies = stored(STORED);
    let region = Region::new(ALLOCATOR);
    let written = policies.clone();
    let change = region.change();
    let as_written = change.bytes_allocated - change.bytes_deallocated;
    drop(written);
    let region = Region::new(ALLOCATOR);
    let engine = engine_of(policies.clone());
    let change = region.change();
    let compiled = change.bytes_allocated - change.bytes_deallocated;
    drop(engine);
    let report = json!({
        "decisions": [decision(1), decision(PLAIN), decision(24)],
        "bytes_per_policy": { "stored": compiled / STORED, "of_which_as_written": as_written / STORED },
    });
    println!("{report:#}");
}
