//! What texts and values from outside must keep to before they reach the database.

use serde_json::Value;

use crate::http::error::ApiError;

/// The longest name. Unit: characters.
pub(crate) const MOST_NAME: usize = 255;
/// The longest description or note. Unit: characters.
pub(crate) const MOST_DESCRIPTION: usize = 4_000;

/// Refuses a text that is too long or holds what no database keeps.
pub(crate) fn text(field: &str, text: &str, most: usize) -> Result<(), ApiError> {
    if text.chars().count() > most {
        return Err(ApiError::invalid(field, format!("longer than {most} characters")));
    }
    if text.contains('\0') {
        return Err(ApiError::invalid(field, "holds a NUL character"));
    }
    Ok(())
}

/// [`text`] for a text that must say something.
pub(crate) fn name(field: &str, name: &str, most: usize) -> Result<(), ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::invalid(field, "must not be empty"));
    }
    text(field, name, most)
}

/// Whether a NUL character stands anywhere in a value. PostgreSQL keeps none.
pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(keys) => keys.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
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

/// Ten years.
const MOST_SECONDS: i64 = 10 * 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::{has_nul, seconds};
    use serde_json::json;

    #[test]
    fn spans_are_read_with_their_units_and_nothing_else_is() {
        for (text, expected) in [("90", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("2w", 1_209_600)] {
            assert_eq!(seconds("expires_in", text).expect("a span"), expected);
        }
        for text in ["", "0", "-5", "h", "1y", "9223372036854775807w", "1.5h", "400000d"] {
            assert!(seconds("expires_in", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_nul_is_found_wherever_it_hides() {
        assert!(has_nul(&json!({"a": [{"b\0": 1}]})) && has_nul(&json!(["x\0"])) && !has_nul(&json!({"a": "\\0"})));
    }
}
