//! Scanning texts, with places as JavaScript counts them: in UTF-16 code units.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use zentinelle_core::scan::injection::{Source, Verdict};
use zentinelle_core::scan::stream::{self, MAX_HOLD_BACK, Mode, StreamScanner};
use zentinelle_core::scan::{self, Category, Detectors, Severity};

use crate::utf16::Utf16;
use crate::{Class, Fault, json, options};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Which categories are looked for; all of them if left out.
    categories: Option<Vec<Category>>,
    /// Kinds that are not looked for.
    disabled: Vec<String>,
}

#[derive(Serialize)]
struct Finding {
    category: Category,
    kind: &'static str,
    severity: Severity,
    confidence: f32,
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct Redaction {
    text: String,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Judgement {
    score: f32,
    verdict: Verdict,
    findings: Vec<Finding>,
}

fn finding(found: &scan::Finding, place: Range<usize>) -> Finding {
    let scan::Finding { category, kind, severity, confidence, .. } = *found;
    Finding { category, kind, severity, confidence, start: place.start, end: place.end }
}

fn findings(text: &str, found: &[scan::Finding]) -> Vec<Finding> {
    let mut places = Utf16::new(text);
    found.iter().map(|found| finding(found, places.range(&found.span))).collect()
}

fn detectors(option_text: &str) -> Result<Detectors, Fault> {
    let Options { categories, disabled } = options(option_text, "scanner options")?;
    let mut detectors = categories.map_or(Detectors::ALL, |categories| Detectors::of(&categories));
    for (place, kind) in disabled.iter().enumerate() {
        if !detectors.disable(kind) {
            let message = format!("there is no kind `{kind}` to switch off");
            let mut fault = Fault::new(Class::Argument, "argument.unknown_kind", message);
            fault.pointer = format!("/disabled/{place}").into();
            return Err(fault);
        }
    }
    Ok(detectors)
}

/// Scans whole texts. Cloning is cheap.
#[derive(Clone)]
pub struct Scanner(scan::Scanner);

impl Scanner {
    /// A scanner with options as JSON.
    ///
    /// # Errors
    ///
    /// A fault of class `argument` for options or kinds nobody knows.
    pub fn new(option_text: &str) -> Result<Self, Fault> {
        Ok(Self(scan::Scanner::new(detectors(option_text)?)))
    }

    /// Everything found, as a JSON list.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn scan(&self, text: &str) -> Result<String, Fault> {
        json(&findings(text, &self.0.scan(text)))
    }

    /// The text with findings replaced by their markers, and the findings; as JSON.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn redact(&self, text: &str) -> Result<String, Fault> {
        let found = self.0.scan(text);
        json(&Redaction { text: self.0.redact(text, &found), findings: findings(text, &found) })
    }
}

/// Whether a text attacks a model, as JSON. `source` says who wrote it.
///
/// # Errors
///
/// A fault of class `argument` for a source nobody knows.
pub fn judge(text: &str, source: &str) -> Result<String, Fault> {
    let source: Source = serde_json::from_value(source.into()).map_err(|_| {
        Fault::new(Class::Argument, "argument.unknown_source", format!("`{source}` is no source of a text"))
            .with_help("expected `user`, `tool` or `model`")
    })?;
    let scan::Judgement { score, verdict, findings: found } = scan::judge(text, source);
    json(&Judgement { score, verdict, findings: findings(text, &found) })
}

/// Scans one stream. A finding's place counts from the start of the stream.
pub struct Stream {
    scanner: Option<StreamScanner>,
    /// The last part of what came in: findings that are still to come begin in it.
    tail: String,
    /// Where the tail begins in the stream, in bytes and in code units.
    tail_byte: usize,
    tail_unit: usize,
}

impl Stream {
    /// A scanner for one stream, with options as JSON. With `mask`, findings leave as markers.
    ///
    /// # Errors
    ///
    /// A fault of class `argument` for options or kinds nobody knows.
    pub fn new(option_text: &str, mask: bool) -> Result<Self, Fault> {
        let mode = if mask { Mode::Mask } else { Mode::Observe };
        let scanner = StreamScanner::new(detectors(option_text)?, mode);
        Ok(Self { scanner: Some(scanner), tail: String::new(), tail_byte: 0, tail_unit: 0 })
    }

    /// Takes the next piece; what may go out now and what was found in it, as JSON.
    ///
    /// # Errors
    ///
    /// If the stream has ended.
    pub fn push(&mut self, piece: &str) -> Result<String, Fault> {
        let scanner = self.scanner.as_mut().ok_or_else(|| Fault::used_up("stream"))?;
        let release = scanner.push(piece);
        self.tail.push_str(piece);
        let written = self.write(&release)?;
        // No more than this is ever held back, so no later finding begins before it.
        self.forget(self.tail.len().saturating_sub(MAX_HOLD_BACK));
        Ok(written)
    }

    /// Ends the stream; all that was held back, as JSON.
    ///
    /// # Errors
    ///
    /// If the stream has ended before.
    pub fn finish(&mut self) -> Result<String, Fault> {
        let scanner = self.scanner.take().ok_or_else(|| Fault::used_up("stream"))?;
        let release = scanner.finish();
        self.write(&release)
    }

    /// How many bytes are held back.
    #[must_use]
    pub fn held_back(&self) -> usize {
        self.scanner.as_ref().map_or(0, StreamScanner::held_back)
    }

    fn write(&self, release: &stream::Release) -> Result<String, Fault> {
        let mut places = Utf16::new(&self.tail);
        let placed = release.findings.iter().map(|found| {
            let within = |byte: usize| byte.saturating_sub(self.tail_byte);
            let place = places.range(&(within(found.span.start)..within(found.span.end)));
            finding(found, self.tail_unit + place.start..self.tail_unit + place.end)
        });
        json(&Redaction { findings: placed.collect(), text: release.text.clone() })
    }

    fn forget(&mut self, mut bytes: usize) {
        // Moving the tail costs its length, so wait until it pays.
        if bytes < MAX_HOLD_BACK {
            return;
        }
        while !self.tail.is_char_boundary(bytes) {
            bytes -= 1;
        }
        self.tail_unit += Utf16::new(&self.tail).at(bytes);
        self.tail_byte += bytes;
        self.tail.drain(..bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_a_stream_keep_their_place_when_its_start_is_forgotten() {
        let filler = "🦀 filler ".repeat(MAX_HOLD_BACK / 4);
        let whole = format!("{filler}jo.doe@corp.test");
        let mut stream = Stream::new("{}", true).unwrap();
        let mut found = String::new();
        for piece in whole.split_inclusive(' ') {
            found += &stream.push(piece).unwrap();
        }
        assert!(stream.tail.len() < 3 * MAX_HOLD_BACK, "the start was forgotten");
        found += &stream.finish().unwrap();
        let start = filler.encode_utf16().count();
        assert!(found.contains(&format!(r#""start":{start},"end":{}"#, start + 16)), "{start}");
        assert!(stream.finish().is_err());
    }
}
