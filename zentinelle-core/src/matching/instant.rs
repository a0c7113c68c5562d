//! Points in time as callers state them: ISO 8601 text, or a number of seconds since 1970.
//!
//! Text without an offset is UTC. Anything else is an error, never "absent": a time that cannot be read must
//! not switch off the rule that needs it. Whether a time lies too far ahead is for the policy to say.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::Offset};
use serde_json::Value;

/// 9999-12-31T23:59:59Z. Milliseconds of any day since 1979 lie beyond it, so they are refused, not misread.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Why a value is not a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstantError {
    /// Text that is no ISO 8601 date and time.
    #[error("not a date and time; expected ISO 8601 such as 2026-03-11T12:00:00Z")]
    Unreadable,
    /// A number beyond the year 9999, most likely milliseconds.
    #[error("too large to be seconds since 1970; milliseconds must be divided by 1000")]
    TooLarge,
    /// Neither text nor a number.
    #[error("neither text nor a number; expected ISO 8601 text or seconds since 1970")]
    WrongType,
}

/// Reads ISO 8601 text. Without an offset it is UTC; a date alone is its first instant.
///
/// # Errors
/// [`InstantError::Unreadable`] when the text is anything else.
pub fn from_text(text: &str) -> Result<Timestamp, InstantError> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let civil: DateTime = text.parse().map_err(|_| InstantError::Unreadable)?;
    Offset::UTC.to_timestamp(civil).map_err(|_| InstantError::Unreadable)
}

/// Reads a number of seconds since 1970-01-01T00:00:00Z. Fractions count to the microsecond.
///
/// # Errors
/// [`InstantError::TooLarge`] beyond the year 9999, [`InstantError::Unreadable`] for what is not a number.
pub fn from_seconds(seconds: f64) -> Result<Timestamp, InstantError> {
    if !seconds.is_finite() {
        return Err(InstantError::Unreadable);
    }
    if seconds.abs() > LAST_SECOND {
        return Err(InstantError::TooLarge);
    }
    // In range by the check above, so the cast neither saturates nor loses the sign.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by LAST_SECOND")]
    let micros = (seconds * 1_000_000.0).round() as i64;
    Timestamp::from_microsecond(micros).map_err(|_| InstantError::TooLarge)
}

/// Reads either form from a JSON value.
///
/// # Errors
/// Those of [`from_text`] and [`from_seconds`]; [`InstantError::WrongType`] for any other kind of value.
pub fn from_json(value: &Value) -> Result<Timestamp, InstantError> {
    match value {
        Value::String(text) => from_text(text),
        Value::Number(number) => from_seconds(number.as_f64().ok_or(InstantError::TooLarge)?),
        _ => Err(InstantError::WrongType),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_instant_is_read_from_every_spelling() {
        let noon = from_text("2026-03-11T12:00:00Z").unwrap();
        for text in [
            "2026-03-11T12:00:00",
            "2026-03-11 12:00:00",
            "2026-03-11T12:00",
            "2026-03-11T14:00:00+02:00",
            "2026-03-11T12:00:00.000000+00:00",
            " 2026-03-11T12:00:00Z ",
        ] {
            assert_eq!(from_text(text), Ok(noon), "{text}");
        }
        assert_eq!(from_json(&json!(noon.as_second())), Ok(noon));
        assert_eq!(from_json(&json!(noon.as_second() as f64)), Ok(noon));
        assert_eq!(from_text("2026-03-11"), from_text("2026-03-11T00:00:00Z"));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert_eq!(from_text("soon"), Err(InstantError::Unreadable));
        assert_eq!(from_text(""), Err(InstantError::Unreadable));
        assert_eq!(from_text("2026-02-30T00:00:00Z"), Err(InstantError::Unreadable));
        assert_eq!(from_json(&json!(1_770_000_000_000_u64)), Err(InstantError::TooLarge));
        assert_eq!(from_json(&json!(["x"])), Err(InstantError::WrongType));
        assert_eq!(from_json(&json!(true)), Err(InstantError::WrongType));
        assert_eq!(from_seconds(f64::NAN), Err(InstantError::Unreadable));
    }

    proptest! {
        #[test]
        fn no_text_or_number_panics(text in any::<String>(), number in any::<f64>()) {
            let _ = from_text(&text);
            let _ = from_seconds(number);
        }
    }
}
