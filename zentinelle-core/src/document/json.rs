//! Strict JSON, such as the lines of a request file.
//!
//! Stricter than JSON parsers usually are: a key given twice is refused, since two readers of the
//! same request might otherwise decide about different values.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::diagnostic::Problem;
use super::source::codes;

const DUPLICATE: &str = "key given twice: ";

/// Reads one JSON value. The span of a problem is relative to `text`.
///
/// # Errors
/// When `text` is not exactly one JSON value, or an object has a key twice.
pub fn parse(text: &str) -> Result<Value, Box<Problem>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| Box::new(problem(text, &error)))
}

/// Reads the lines of a text that holds one JSON value a line, skipping empty ones. Yields the
/// number of the line, from one, and its value; spans of problems are relative to the whole text.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, Result<Value, Box<Problem>>)> {
    let mut end = 0;
    text.split_inclusive('\n').enumerate().filter_map(move |(index, line)| {
        let start = end;
        end += line.len();
        if line.trim().is_empty() {
            return None;
        }
        let value = parse(line.trim_end_matches(['\n', '\r'])).map_err(|mut problem| {
            problem.span = problem.span.map(|span| span.start + start..span.end + start);
            problem
        });
        Some((index + 1, value))
    })
}

fn problem(text: &str, error: &serde_json::Error) -> Problem {
    let span = span(text, error);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some(key) = message.strip_prefix(DUPLICATE) {
        return Problem::new(codes::DUPLICATE_KEY, span, format!("the key `{key}` is given twice"))
            .with_help("keep one of the two");
    }
    if message.starts_with("recursion limit") {
        return Problem::new(codes::TOO_DEEP, span, "the value is nested too deeply")
            .with_help("nest at most 127 levels");
    }
    let message = message.replace("EOF", "the text ends").replace("expected ident", "expected true, false or null");
    Problem::new(codes::SYNTAX, span, format!("not valid JSON: {message}"))
}

/// The character the parser stopped at. Its columns count bytes, from one.
fn span(text: &str, error: &serde_json::Error) -> Range<usize> {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let mut start = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..start + length
}

/// A part of a JSON text, read as strictly as [`parse`] reads the whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StrictValue(pub Value);

impl<'de> Deserialize<'de> for StrictValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Strict.deserialize(deserializer).map(Self)
    }
}

/// Builds a value and refuses keys that are given twice.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().filter(|letter| !letter.is_control()).take(64).collect();
                return Err(A::Error::custom(format!("{DUPLICATE}{shown}")));
            }
            map.insert(key, access.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::diagnostic::{SourceFile, Style, render};

    fn rendered(text: &str) -> String {
        let file = SourceFile { name: "requests.jsonl", text };
        let problems: Vec<Problem> = lines(text).filter_map(|(_, value)| value.err().map(|problem| *problem)).collect();
        render(&problems, &file, Style::default())
    }

    #[test]
    fn lines_are_read_apart_and_empty_ones_skipped() {
        let values: Vec<_> = lines("{\"a\": 1}\r\n\n[2]\n").map(|(line, value)| (line, value.unwrap())).collect();
        assert_eq!(values, [(1, json!({ "a": 1 })), (3, json!([2]))]);
    }

    #[test]
    fn every_bad_line_is_shown_where_it_is_bad() {
        insta::assert_snapshot!(rendered(
            "{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n{\"é\": tru}\n{a: 1}\n[1,]\n[1\n1 2\n{\"a\": {\"é\": \"\u{1}\"}}\n"
        ));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let problem = parse(&"[".repeat(100_000)).unwrap_err();
        assert_eq!(problem.code, codes::TOO_DEEP);
    }
}
