//! Rules that fields of any request share: how long a text may be, and what no text may hold.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::clock;
use crate::http::error::ApiError;

/// The longest name or id. Unit: characters.
pub(crate) const MOST_NAME: usize = 255;
/// The longest description of a policy. Unit: characters.
pub(crate) const MOST_DESCRIPTION: usize = 4_000;
/// The longest text that people write: a description, a note, a comment. Unit: characters.
pub(crate) const MOST_PROSE: usize = 20_000;
/// The most tokens one call may report; more is a slip of the client. Unit: tokens.
pub(crate) const MOST_TOKENS: u64 = 1_000_000_000_000;
/// The most one call may cost. Unit: millionths of a US dollar.
pub(crate) const MOST_USD_MICROS: u64 = 1_000_000_000_000;
/// The longest span of time: ten years. Unit: seconds.
const MOST_SECONDS: i64 = 10 * 366 * 86_400;
/// The largest JSON value that operators may keep. Unit: bytes.
const MOST_JSON: usize = 64 * 1024;

/// A word of the wire as people read it: `data_leak` is `Data leak`.
pub(crate) fn in_words(word: &str) -> String {
    let text = word.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

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

/// [`text`] for a text that must say something.
pub(crate) fn name(field: &str, name: &str, most: usize) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::invalid(field, "must not be empty"));
    }
    text(field, name, most)
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
    if has_nul(value) {
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

/// [`instant`], but a date or time without a zone is one of this zone.
pub(crate) fn instant_in(field: &str, given: Option<&str>, zone: &TimeZone) -> Result<Option<i64>, ApiError> {
    let read = |given: &str| match clock::parse_in(given, zone) {
        Some(at) => Ok(clock::micros(at)),
        None => point(field, given).map(clock::micros),
    };
    given.filter(|given| !given.is_empty()).map(read).transpose()
}

fn point(field: &str, given: &str) -> Result<Timestamp, ApiError> {
    clock::parse(given)
        .ok_or_else(|| ApiError::invalid(field, "is no instant; write one like 2026-01-31T12:00:00Z, or a date"))
}

/// A refusal with other names for the fields it speaks of.
pub(crate) fn renamed(error: ApiError, names: &[(&str, &str)]) -> ApiError {
    let ApiError::Invalid(faults) = error else { return error };
    let name = |field: String| names.iter().find(|(old, _)| *old == field).map_or(field, |(_, new)| (*new).to_owned());
    ApiError::Invalid(faults.into_iter().map(|(field, words)| (name(field), words)).collect())
}

/// What an agent said, with the characters replaced that a database cannot keep.
pub(crate) fn keepable<'t>(text: impl Into<Cow<'t, str>>) -> String {
    let text = text.into();
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.into_owned() }
}

/// The same for every text within a value.
pub(crate) fn keepable_value(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(keepable(text)),
        Value::Array(items) => items.into_iter().map(keepable_value).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (keepable(key), keepable_value(value))).collect()
        }
        other => other,
    }
}

/// Whether a NUL character stands anywhere in a value: PostgreSQL keeps none.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text can be an agent's id, an agent's type or a slug: letters, digits, `_` and `-`.
pub(crate) fn is_slug(text: &str, most: usize) -> bool {
    !text.is_empty()
        && text.len() <= most
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Reads a span of time: a number of seconds, or a number with `s`, `m`, `h`, `d` or `w`.
pub(crate) fn seconds(field: &str, text: &str) -> Result<i64, ApiError> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits).unwrap_or_default() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => 0,
    };
    let seconds = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    seconds
        .filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
        .ok_or_else(|| ApiError::invalid(field, "write a span such as `24h`, `30d` or `3600`, at most ten years"))
}

#[cfg(test)]
mod tests {
    use super::{has_nul, instant, is_slug, json, keepable_value, required, seconds, text};

    #[test]
    fn what_no_database_keeps_is_refused_or_replaced() {
        assert!(text("name", "a\0", 9).is_err() && text("name", "éé", 1).is_err() && text("name", "é", 1).is_ok());
        assert!(json("config", &serde_json::json!({"a": [{"b\0": 1}]})).is_err());
        assert_eq!(keepable_value(serde_json::json!({"a\0": ["\0"]})), serde_json::json!({"a\u{fffd}": ["\u{fffd}"]}));
        assert!(required("title", Some("  "), 9).is_err());
        assert!(instant("from", Some("soon")).is_err() && matches!(instant("from", Some("")), Ok(None)));
    }

    #[test]
    fn a_nul_is_found_however_deep_it_stands() {
        let nested = serde_json::json!({"a": [{"b": "x\0"}]});
        assert!(has_nul(&nested) && has_nul(&serde_json::json!({"a\0": 1})));
        assert!(!has_nul(&serde_json::json!({"a": [1, null, "x", "\\0"]})));
    }

    #[test]
    fn slugs_are_plain() {
        assert!(is_slug("vercel-ai", 50) && is_slug("A_1", 3));
        assert!(!is_slug("", 9) && !is_slug("a b", 9) && !is_slug("é", 9) && !is_slug("abc", 2));
    }

    #[test]
    fn spans_are_read_with_their_units_and_nothing_else_is() {
        for (text, expected) in [("90", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("2w", 1_209_600)] {
            assert_eq!(seconds("expires_in", text).expect("a span"), expected);
        }
        for text in ["", "0", "-5", "h", "1y", "9223372036854775807w", "1.5h", "400000d"] {
            assert!(seconds("expires_in", text).is_err(), "{text}");
        }
    }
}
