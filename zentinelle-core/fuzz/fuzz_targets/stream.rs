//! Any text in any pieces: a stream finds what a scan of the whole text finds, masks the
//! same, and holds back no more than it promises. The first byte chooses the pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zentinelle_core::scan::stream::{Mode, StreamScanner};
use zentinelle_core::scan::{Detectors, Scanner};

fuzz_target!(|input: (u8, &str)| {
    let (seed, text) = input;
    let step = usize::from(seed % 64) + 1;
    let scanner = Scanner::new(Detectors::ALL);
    let whole = scanner.scan(text);
    for finding in &whole {
        assert!(text.is_char_boundary(finding.span.start) && text.is_char_boundary(finding.span.end));
    }
    let mut stream = StreamScanner::new(Detectors::ALL, Mode::Mask);
    let (mut found, mut masked) = (Vec::new(), String::new());
    let mut rest = text;
    while !rest.is_empty() {
        let mut cut = step.min(rest.len());
        while !rest.is_char_boundary(cut) {
            cut += 1;
        }
        let (chunk, tail) = rest.split_at(cut);
        let release = stream.push(chunk);
        found.extend(release.findings);
        masked.push_str(&release.text);
        rest = tail;
    }
    let release = stream.finish();
    found.extend(release.findings);
    masked.push_str(&release.text);
    assert_eq!(found, whole);
    assert_eq!(masked, scanner.redact(text, &whole));
});
