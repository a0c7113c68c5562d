//! Counts what one answer allocates in each engine. Prints JSON.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::alloc::System;

use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use zentinelle_rivals::{Casbin, Cedar, Contestant, Regorus, RegorusData, RegorusVm, Zentinelle, questions};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn contest<C: Contestant + Default>() -> Value {
    let mut contestant = C::default();
    let ready: Vec<_> = questions().iter().map(|(agent, tool, _)| contestant.question(agent, tool)).collect();
    let mut ask = || ready.iter().filter(|question| contestant.ask(question)).count();
    // The first round may fill caches.
    ask();
    let region = Region::new(ALLOCATOR);
    ask();
    let change = region.change();
    let count = change.allocations + change.reallocations;
    json!({ "name": C::NAME, "per_question": count as f64 / ready.len() as f64 })
}

fn main() {
    let counts = [
        contest::<Zentinelle>(),
        contest::<Cedar>(),
        contest::<Regorus>(),
        contest::<RegorusData>(),
        contest::<RegorusVm>(),
        contest::<Casbin>(),
    ];
    println!("{:#}", Value::from(counts.to_vec()));
}
