//! What a plain YAML scalar means under the core schema of YAML 1.2.
//!
//! `yes`, `no`, `on` and `off` are texts here, dates and times too; numbers that cannot be kept
//! exactly, or are none, are refused.

use serde_json::{Number, Value};

/// Why a plain scalar has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// `.nan`, `.inf`.
    NotANumber,
    /// An integer or float outside of what can be kept.
    TooLarge,
}

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Value, Unfit> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(Unfit::NotANumber),
        _ => {}
    }
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Err(Unfit::NotANumber);
    }
    let radix = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix)?;
        (!digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))).then_some((digits, radix))
    };
    if let Some((digits, radix)) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return u64::from_str_radix(digits, radix).map(Value::from).map_err(|_| Unfit::TooLarge);
    }
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let number = if negative {
            text.parse::<i64>().map(Value::from).ok()
        } else {
            digits.parse::<u64>().map(Value::from).ok()
        };
        return number.ok_or(Unfit::TooLarge);
    }
    if is_float(digits) {
        let number = text.parse::<f64>().ok().and_then(Number::from_f64);
        return number.map(Value::Number).ok_or(Unfit::TooLarge);
    }
    Ok(Value::String(text.to_owned()))
}

/// `1.5`, `.5`, `1.`, `1e5`; the sign is already gone.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    exponent_fits && digits(whole) && digits(fraction) && whole.len() + fraction.len() > 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_older_yaml_are_texts() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "12:30",
            "2024-01-01",
            "1_000",
            "0b1",
            "-",
            ".",
            "e5",
            "1e",
            "+",
            "0x",
            "tRue",
        ] {
            assert_eq!(resolve(text), Ok(json!(text)));
        }
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        assert_eq!(resolve("18446744073709551615"), Ok(json!(u64::MAX)));
        assert_eq!(resolve("-9223372036854775808"), Ok(json!(i64::MIN)));
        assert_eq!(resolve("0x1F"), Ok(json!(31)));
        assert_eq!(resolve("0o17"), Ok(json!(15)));
        assert_eq!(resolve("010"), Ok(json!(10)));
        assert_eq!(resolve("-1.5e3"), Ok(json!(-1500.0)));
        assert_eq!(resolve("+.5"), Ok(json!(0.5)));
        for text in ["18446744073709551616", "-9223372036854775809", "1e999", "0xFFFFFFFFFFFFFFFFF"] {
            assert_eq!(resolve(text), Err(Unfit::TooLarge), "{text}");
        }
        for text in [".nan", "-.inf", "+.INF"] {
            assert_eq!(resolve(text), Err(Unfit::NotANumber), "{text}");
        }
    }
}
