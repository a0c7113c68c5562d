//! Decides one request many times and does nothing else: something for a profiler to watch.
//! Arguments: how many policies, how many times, and `deny` for the denied request.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::hint::black_box;

use zentinelle_benches::catalogue::{denied, engine, permitted};
use zentinelle_core::MemoryLedger;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<usize>().ok());
    let (Some(policies), Some(times)) = (number(0), number(1)) else {
        panic!("usage: decide POLICIES TIMES [deny]");
    };
    let (engine, ledger) = (engine(policies), MemoryLedger::default());
    let request = if arguments.get(2).is_some_and(|word| word == "deny") { denied() } else { permitted() };
    let permitted = (0..times).filter(|_| engine.decide(black_box(&request), &ledger).is_permitted()).count();
    println!("{permitted} of {times} permitted");
}
