//! Scans one text many times and does nothing else: something for a profiler to watch.
//! Arguments: `find`, `judge` or `both`, bytes of text, how many times, and `dirty` for a dirty text.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::hint::black_box;
use std::time::Instant;

use zentinelle_benches::texts::{clean, dirty};
use zentinelle_core::scan::injection::Source;
use zentinelle_core::scan::{Detectors, Scanner, judge};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<usize>().ok());
    let (Some(what), Some(bytes), Some(times)) = (arguments.first(), number(1), number(2)) else {
        panic!("usage: scan find|judge|both BYTES TIMES [dirty]");
    };
    let text = if arguments.get(3).is_some_and(|word| word == "dirty") { dirty(bytes) } else { clean(bytes) };
    let scanner = Scanner::new(Detectors::ALL);
    let once = || {
        let found = if what == "judge" { 0 } else { scanner.scan(black_box(&text)).len() };
        let signals = if what == "find" { 0 } else { judge(black_box(&text), Source::Tool).findings.len() };
        (found, signals)
    };
    let found = once();
    let start = Instant::now();
    for _ in 0..times {
        black_box(once());
    }
    println!("{found:?} in {:?} each", start.elapsed() / times.max(1) as u32);
}
