//! Rules that fields of any request share: how long a text may be, and what no text may hold.

use jiff::Timestamp;
use serde_json::Value;

use crate::clock;
use crate::http::error::ApiError;

/// The longest name or id. Unit: characters.
pub(crate) const MOST_NAME: usize = 255;
/// The longest text that people write: a description, a note, a comment. Unit: characters.
pub(crate) const MOST_PROSE: usize = 20_000;
/// The most tokens one call may report; more is a slip of the client. Unit: tokens.
pub(crate) const MOST_TOKENS: u64 = 1_000_000_000_000;
/// The most one call may cost. Unit: millionths of a US dollar.
pub(crate) const MOST_USD_MICROS: u64 = 1_000_000_000_000;
/// The largest JSON value that operators may keep. Unit: bytes.
const MOST_JSON: usize = 64 * 1024;

/// Refuses a text that is too long or holds NUL, which PostgreSQL cannot keep.
pub(crate) fn text(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    // A text of few bytes has few characters; counting is for the others.
    if text.len() > most && text.chars().count() > most {
        return Err(ApiError::invalid(field, format!("longer than {most} characters")));
    }
    if text.contains('\0') {
        return Err(ApiError::invalid(field, "holds a NUL character"));
    }
    Ok(())
}

/// The same for a text that may be missing.
pub(crate) fn optional(field: &str, given: Option<&str>, most: usize) -> Result<(), ApiError> {
    given.map_or(Ok(()), |given| text(field, given, most))
}

/// A text that must be there, without the blanks around it.
pub(crate) fn required(field: &str, given: Option<&str>, most: usize) -> Result<String, ApiError> {
    let given = given.map(str::trim).filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| ApiError::invalid(field, "is missing"))?;
    text(field, given, most)?;
    Ok(given.to_owned())
}

/// Refuses a JSON value that is too large or holds NUL.
pub(crate) fn json(field: &str, value: &Value) -> Result<(), ApiError> {
    let written = value.to_string();
    if written.len() > MOST_JSON {
        return Err(ApiError::invalid(field, format!("larger than {MOST_JSON} bytes")));
    }
    if holds_nul(value) {
        return Err(ApiError::invalid(field, "holds a NUL character"));
    }
    Ok(())
}

/// A list of names: how many, how long, and no NUL.
pub(crate) fn names(field: &str, names: &[String], most: usize) -> Result<(), ApiError> {
    if names.len() > most {
        return Err(ApiError::invalid(field, format!("holds {} entries, at most {most} are allowed", names.len())));
    }
    names.iter().try_for_each(|name| text(field, name, MOST_NAME))
}

/// An instant that may be missing. Unit of the answer: microseconds.
pub(crate) fn instant(field: &str, given: Option<&str>) -> Result<Option<i64>, ApiError> {
    given.filter(|given| !given.is_empty()).map(|given| point(field, given).map(clock::micros)).transpose()
}

fn point(field: &str, given: &str) -> Result<Timestamp, ApiError> {
    clock::parse(given)
        .ok_or_else(|| ApiError::invalid(field, "is no instant; write one like 2026-01-31T12:00:00Z, or a date"))
}

/// What an agent said, with the characters replaced that a database cannot keep.
pub(crate) fn keepable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The same for every text within a value.
pub(crate) fn keepable_value(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(keepable(&text)),
        Value::Array(items) => items.into_iter().map(keepable_value).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (keepable(&key), keepable_value(value))).collect()
        }
        other => other,
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{instant, json, keepable_value, required, text};

    #[test]
    fn what_no_database_keeps_is_refused_or_replaced() {
        assert!(text("name", "a\0", 9).is_err() && text("name", "éé", 1).is_err() && text("name", "é", 1).is_ok());
        assert!(json("config", &serde_json::json!({"a": [{"b\0": 1}]})).is_err());
        assert_eq!(keepable_value(serde_json::json!({"a\0": ["\0"]})), serde_json::json!({"a\u{fffd}": ["\u{fffd}"]}));
        assert!(required("title", Some("  "), 9).is_err());
        assert!(instant("from", Some("soon")).is_err() && matches!(instant("from", Some("")), Ok(None)));
    }
}
