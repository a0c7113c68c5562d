//! The scalars of the contract, each with a check of what it takes and gives.

use async_graphql::Value;
use async_graphql::dynamic::Scalar;

use crate::clock;

/// A scalar with its check; one without a check would take anything.
pub(crate) fn scalar(name: &str) -> Option<Scalar> {
    let check: fn(&Value) -> bool = match name {
        // Answers may hold an id that a policy document gave; what clients write is checked by
        // `is_uuid` besides.
        "UUID" => |value| text(value).is_some_and(|text| !text.is_empty() && text.len() <= 200),
        "DateTime" => |value| text(value).is_some_and(|text| clock::parse(text).is_some()),
        "Date" => |value| text(value).is_some_and(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()),
        "Decimal" => |value| match value {
            Value::Number(_) => true,
            other => text(other).is_some_and(is_decimal),
        },
        "JSON" => |value| !matches!(value, Value::Binary(_)),
        _ => return None,
    };
    Some(Scalar::new(name).validator(check))
}

/// Whether a value is a UUID in its usual writing, or none at all.
pub(crate) fn is_uuid(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::String(text) => text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
        serde_json::Value::Array(items) => items.iter().all(is_uuid),
        _ => false,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.len() <= 30 && part.bytes().all(|byte| byte.is_ascii_digit());
    plain(whole) && plain(fraction)
}

#[cfg(test)]
mod tests {
    use super::is_decimal;

    #[test]
    fn decimals_are_plain() {
        for text in ["0", "-1.50", "12345.678901"] {
            assert!(is_decimal(text), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1_000", "--1"] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
