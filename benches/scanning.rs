//! Scanning text, clean and dirty, whole and in a stream, and beside plain patterns.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use regex::bytes::RegexSetBuilder;
use zentinelle_benches::texts::{clean, dirty};
use zentinelle_benches::token_patterns::PATTERNS;
use zentinelle_core::scan::injection::{Source, Verdict};
use zentinelle_core::scan::stream::{Mode, StreamScanner};
use zentinelle_core::scan::{Category, Detectors, Scanner, judge};

const SIZES: [(&str, usize); 3] = [("1 KB", 1 << 10), ("10 KB", 10 << 10), ("1 MB", 1 << 20)];

/// Every detector, as `zentinelle scan` runs them, and of that the search for attacks on a model alone.
fn whole(c: &mut Criterion) {
    let scanner = Scanner::new(Detectors::ALL);
    let mut group = c.benchmark_group("scan");
    for (name, size) in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        for (kind, text) in [("clean", clean(size)), ("dirty", dirty(size))] {
            assert_eq!(scanner.scan(&text).is_empty(), kind == "clean", "{name} {kind}: {:?}", scanner.scan(&text));
            assert_eq!(judge(&text, Source::Tool).verdict, Verdict::Clean);
            group.bench_function(format!("{kind}/{name}"), |b| {
                b.iter(|| (scanner.scan(black_box(&text)), judge(black_box(&text), Source::Tool)));
            });
            group.bench_function(format!("{kind}/{name}, injection alone"), |b| {
                b.iter(|| judge(black_box(&text), Source::Tool));
            });
        }
    }
    group.finish();
}

/// The built-in secrets beside one `RegexSet` of the same token formats: bytes, no Unicode,
/// the fastest way to say them. It knows which patterns match; the scanner also knows where.
fn secrets(c: &mut Criterion) {
    let scanner = Scanner::new(Detectors::of(&[Category::Secret]));
    let mut set = RegexSetBuilder::new(PATTERNS);
    let set = set.unicode(false).size_limit(1 << 28).dfa_size_limit(1 << 28).build().expect("the patterns compile");
    let mut group = c.benchmark_group("secrets");
    for (name, size) in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        for (kind, text) in [("clean", clean(size)), ("dirty", dirty(size))] {
            assert_eq!(set.is_match(text.as_bytes()), kind == "dirty");
            group.bench_function(format!("scanner/{kind}/{name}"), |b| b.iter(|| scanner.scan(black_box(&text))));
            group.bench_function(format!("RegexSet/{kind}/{name}"), |b| {
                b.iter(|| set.matches(black_box(text.as_bytes())).len());
            });
        }
    }
    group.finish();
}

/// A model's answer of 10 KB in pieces of 50 bytes.
fn stream(c: &mut Criterion) {
    let mut group = c.benchmark_group("stream");
    for (kind, text) in [("clean", clean(10 << 10)), ("dirty", dirty(10 << 10))] {
        let pieces = pieces(&text, 50);
        group.throughput(Throughput::Elements(pieces.len() as u64));
        group.bench_function(kind, |b| {
            b.iter(|| {
                let mut scanner = StreamScanner::new(Detectors::ALL, Mode::Mask);
                let found: usize = pieces.iter().map(|piece| scanner.push(black_box(piece)).findings.len()).sum();
                found + scanner.finish().findings.len()
            });
        });
    }
    group.finish();
}

/// `text` cut after about every `size` bytes, never within a character.
fn pieces(text: &str, size: usize) -> Vec<&str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(size));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(700)).sample_size(10);
    targets = whole, secrets, stream
}
criterion_main!(benches);
