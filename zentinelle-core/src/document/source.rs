//! From the text of a policy file to values that know where they stood.
//!
//! Applies to YAML 1.2 (core schema, any number of documents) and to JSON, which is YAML. What
//! makes YAML surprising or dangerous is refused with a code: keys given twice or that are no
//! texts, tags, merge keys, numbers that cannot be kept, aliases that refer to themselves or grow
//! without bound, documents that are too large or too deep. A fault in one document does not keep
//! the next one from being read.

mod builder;

use std::ops::Range;

use serde_json::Value;

use super::diagnostic::Problem;
use super::place::Place;
use builder::Builder;

/// Most bytes of a text.
pub const MAX_BYTES: usize = 1 << 20;
/// Most levels of lists and objects inside each other.
pub const MAX_DEPTH: usize = 64;
/// Most documents in a text.
pub const MAX_DOCUMENTS: usize = 10_000;
/// Most problems reported for a text.
const MAX_PROBLEMS: usize = 200;

/// Codes of faults in the text of a document.
pub mod codes {
    use crate::error::Code;

    /// The text is not well-formed.
    pub const SYNTAX: Code = Code::new("document.syntax");
    /// The same key twice in one object.
    pub const DUPLICATE_KEY: Code = Code::new("document.duplicate_key");
    /// A key that is not a text.
    pub const KEY_NOT_TEXT: Code = Code::new("document.key_not_text");
    /// Lists and objects are nested too deeply.
    pub const TOO_DEEP: Code = Code::new("document.too_deep");
    /// The text, or what its aliases expand to, is too large.
    pub const TOO_LARGE: Code = Code::new("document.too_large");
    /// An alias that refers to nothing or to itself, or aliases that expand without bound.
    pub const ALIAS: Code = Code::new("document.alias");
    /// A tag that has no meaning here.
    pub const TAG: Code = Code::new("document.tag");
    /// A merge key.
    pub const MERGE_KEY: Code = Code::new("document.merge_key");
    /// A number that is none or cannot be kept exactly.
    pub const NUMBER: Code = Code::new("document.number");
}

/// One document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// Where each part of it stands.
    pub place: Place,
    /// Whether something in it was reported. Then the value has stand-ins (`null`, or the first of
    /// two equal keys): look for more faults in it, but do not use it.
    pub faulty: bool,
}

/// What became of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The documents that could be read to their end, in order. Empty ones are left out.
    pub documents: Vec<Document>,
    /// What is wrong with the text.
    pub problems: Vec<Problem>,
}

/// Reads every document of `text`.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes, more than {MAX_BYTES}", text.len());
        parsed.problems.push(Problem::new(codes::TOO_LARGE, 0..0, message).with_help("split it into several files"));
        return parsed;
    }
    for chunk in chunks(text) {
        if parsed.documents.len() >= MAX_DOCUMENTS {
            let message = format!("the text has more than {MAX_DOCUMENTS} documents");
            let problem = Problem::new(codes::TOO_LARGE, chunk.start..chunk.start, message);
            parsed.problems.push(problem.with_help("split it into several files"));
            break;
        }
        Builder::new(text, chunk).run(&mut parsed);
        if parsed.problems.len() > MAX_PROBLEMS {
            parsed.problems.truncate(MAX_PROBLEMS);
            break;
        }
    }
    parsed
}

/// Splits before lines that start with `---` and behind those that start with `...`, which end a
/// document wherever they stand. Directives and comments before a document belong to it.
fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut offset = 0;
    let mut has_content = false;
    for line in text.split_inclusive('\n') {
        let line_start = offset.max(start);
        offset += line.len();
        let body = text.get(line_start..offset).unwrap_or_default();
        let begins = is_marker(body, "---");
        if begins && has_content {
            chunks.push(start..line_start);
            start = line_start;
        }
        has_content |= begins || !(body.trim().is_empty() || body.starts_with(['#', '%']));
        if is_marker(body, "...") {
            chunks.push(start..offset);
            start = offset;
            has_content = false;
        }
    }
    chunks.push(start..text.len());
    chunks
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

#[cfg(test)]
mod tests;
