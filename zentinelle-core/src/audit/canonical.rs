//! One spelling for each JSON value, so that equal values have equal digests.
//!
//! The form is that of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785): no blanks, keys sorted by their UTF-16
//! code units, shortest numbers. RFC 8785 reads every number as a double and so gives the integers
//! 9007199254740992 and 9007199254740993 one spelling. Two calls that move different sums must not share an
//! approval, so there is one exception: a whole number of 2^53 or more is written with its exact digits.
//! Documents that keep to I-JSON (RFC 7493), which has no such numbers, get the RFC 8785 form byte for byte.
//!
//! The rule in one sentence: equal numbers are written alike, different numbers differently. `1` and `1.0` are equal.

use serde_json::{Map, Number, Value};

use super::Digest;
use crate::sorting;

/// From here on not every whole number is a double.
const TWO_POW_53: f64 = 9_007_199_254_740_992.0;
/// From here on RFC 8785 writes doubles with an exponent, which no whole number held exactly can be.
const EXPONENT_FROM: f64 = 1e21;

/// A number so large that the text it was read from cannot be known from its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of 2^53 or more that is not a 64-bit integer is not held exactly; send it as text")]
pub struct InexactNumber;

/// The canonical spelling of a value, see the rule of this module. It reads back as an equal value.
#[must_use]
pub fn to_canonical_json(value: &Value) -> String {
    let mut out = String::with_capacity(128);
    write_value(value, &mut out);
    out
}

/// SHA-256 over the canonical spelling. Different values have different digests.
#[must_use]
pub fn digest(value: &Value) -> Digest {
    Digest::of_parts(&[to_canonical_json(value).as_bytes()])
}

/// The digest of the arguments of a call, for approvals that hold for exactly these arguments.
///
/// Integers beyond 64 bits lose digits when they are read as a [`Value`], so two calls that differ in the text
/// forwarded to the tool could look alike here.
///
/// # Errors
///
/// If a number is a double of 2^53 or more in size.
pub fn digest_arguments(arguments: &Value) -> Result<Digest, InexactNumber> {
    if holds_inexact_number(arguments) {
        return Err(InexactNumber);
    }
    Ok(digest(arguments))
}

fn holds_inexact_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.as_u64().is_none()
                && number.as_i64().is_none()
                && number.as_f64().is_none_or(|double| double.abs() >= TWO_POW_53)
        }
        Value::Array(items) => items.iter().any(holds_inexact_number),
        Value::Object(members) => members.values().any(holds_inexact_number),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(members, out),
    }
}

fn write_object(members: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    // Not the order of Rust's strings: beyond U+FFFF, UTF-16 code units sort differently from characters.
    sorting::sort_by(&mut sorted, |(left, _), (right, _)| {
        let alike = left.is_ascii() && right.is_ascii();
        if alike { left.cmp(right) } else { left.encode_utf16().cmp(right.encode_utf16()) }
    });
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

fn write_number(number: &Number, out: &mut String) {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(whole), _, _) => out.push_str(&whole.to_string()),
        (None, Some(whole), _) => out.push_str(&whole.to_string()),
        (None, None, Some(double)) if (TWO_POW_53..EXPONENT_FROM).contains(&double.abs()) => {
            out.push_str(&format!("{double:.0}"));
        }
        (None, None, Some(double)) => match serde_json_canonicalizer::to_string(&double) {
            Ok(text) => out.push_str(&text),
            // Not reached: a `Number` is finite. Its own text is still a spelling of its value.
            Err(_) => out.push_str(&number.to_string()),
        },
        (None, None, None) => out.push_str(&number.to_string()),
    }
}

/// The escapes of RFC 8785 section 3.2.2.2: two-character escapes where JSON has them, `\u00xx` for the other
/// control characters, everything else as it is.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // What is escaped is one byte, so what stands before it is text.
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut escaped = from.chars();
        match escaped.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(control) => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = escaped.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn keys_sort_by_utf16_code_units_and_blanks_vanish() {
        let value = read("{ \"\u{fb33}\": 1, \"\u{1f600}\": 2, \"b\" : [ 1 , {} ], \"a\": \"\\u0041\\u000f\\/\" }");
        let expected = "{\"a\":\"A\\u000f/\",\"b\":[1,{}],\"\u{1f600}\":2,\"\u{fb33}\":1}";
        assert_eq!(to_canonical_json(&value), expected);
    }

    #[test]
    fn equal_numbers_are_written_alike() {
        for (text, canonical) in [
            ("1.0", "1"),
            ("-0", "0"),
            ("1e2", "100"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("1E30", "1e+30"),
            ("4.50", "4.5"),
            ("9007199254740991", "9007199254740991"),
            ("1152921504606846976.0", "1152921504606846976"),
            ("1152921504606846976", "1152921504606846976"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(to_canonical_json(&read(text)), canonical, "{text}");
        }
    }

    #[test]
    fn whole_numbers_beyond_two_to_the_53_do_not_collide() {
        let numbers = [
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551614",
            "1152921504606846976.0",
            "1152921504606847000",
        ];
        let digests: std::collections::BTreeSet<_> = numbers.iter().map(|text| digest(&read(text))).collect();
        assert_eq!(digests.len(), numbers.len());
    }

    #[test]
    fn arguments_with_a_number_whose_digits_are_lost_have_no_digest() {
        assert!(digest_arguments(&json!({ "to": [18_446_744_073_709_551_615_u64, -0.25, i64::MIN] })).is_ok());
        for text in ["18446744073709551616", "1e16", "[{\"a\":-1e300}]"] {
            assert_eq!(digest_arguments(&read(text)), Err(InexactNumber), "{text}");
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_form_reads_back_as_itself(value in any_value()) {
            let text = to_canonical_json(&value);
            prop_assert_eq!(to_canonical_json(&read(&text)), text);
        }

        #[test]
        fn it_is_rfc_8785_wherever_that_is_exact(value in any_value()) {
            fn exact(value: &Value) -> bool {
                match value {
                    Value::Number(number) => number.as_f64().is_some_and(|double| double.abs() < TWO_POW_53 || double.abs() >= EXPONENT_FROM),
                    Value::Array(items) => items.iter().all(exact),
                    Value::Object(members) => members.values().all(exact),
                    _ => true,
                }
            }
            prop_assume!(exact(&value));
            prop_assert_eq!(to_canonical_json(&value), serde_json_canonicalizer::to_string(&value).expect("canonical"));
        }
    }
}
