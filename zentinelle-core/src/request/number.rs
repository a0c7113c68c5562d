//! Numbers as people write them in policies and requests, compared without surprises.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A JSON number. Whole numbers stay exact beyond 2^53; text and booleans are not numbers.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i128),
    /// A number with a fraction; never NaN.
    Float(f64),
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self::Int(0);

    /// Reads a JSON number.
    #[must_use]
    pub fn from_json(number: &serde_json::Number) -> Option<Self> {
        if let Some(n) = number.as_u64() {
            Some(Self::Int(n.into()))
        } else if let Some(n) = number.as_i64() {
            Some(Self::Int(n.into()))
        } else {
            number.as_f64().and_then(Self::from_f64)
        }
    }

    /// Reads a float; NaN is no number.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
        if value.is_nan() {
            None
        } else if value.fract() == 0.0 && value.abs() <= EXACT {
            Some(Self::Int(value as i128))
        } else {
            Some(Self::Float(value))
        }
    }

    /// The number as a float, rounded where it must be.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(x) => x,
        }
    }

    /// Whether the number is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        match self {
            Self::Int(n) => n < 0,
            Self::Float(x) => x < 0.0,
        }
    }

    /// The number rounded up to a count, never below zero, at most `u64::MAX`.
    #[must_use]
    pub fn ceil_u64(self) -> u64 {
        match self {
            Self::Int(n) => u64::try_from(n.max(0)).unwrap_or(u64::MAX),
            Self::Float(x) => x.ceil() as u64, // saturates
        }
    }

    /// The number rounded down to a count, never below zero, at most `u64::MAX`.
    #[must_use]
    pub fn floor_u64(self) -> u64 {
        match self {
            Self::Int(n) => u64::try_from(n.max(0)).unwrap_or(u64::MAX),
            Self::Float(x) => x.floor() as u64, // saturates
        }
    }

    /// The smallest count that is at least `percent` per cent of this, never below zero, at most `u64::MAX`.
    #[must_use]
    pub fn percent_ceil_u64(self, percent: Self) -> u64 {
        if let (Self::Int(whole), Self::Int(percent)) = (self, percent)
            && let Some(product) = whole.checked_mul(percent)
        {
            return Self::Int(product.max(0).saturating_add(99) / 100).ceil_u64();
        }
        Self::Float(self.as_f64() * percent.as_f64() / 100.0).ceil_u64()
    }

    /// The sum; exact for whole numbers.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a.saturating_add(b)),
            (a, b) => Self::Float(a.as_f64() + b.as_f64()),
        }
    }

    /// Whether this is at least `percent` per cent of `limit`, by multiplying rather than dividing.
    #[must_use]
    pub fn reaches_percent_of(self, limit: Self, percent: Self) -> bool {
        if let (Self::Int(used), Self::Int(limit), Self::Int(percent)) = (self, limit, percent)
            && let (Some(left), Some(right)) = (used.checked_mul(100), limit.checked_mul(percent))
        {
            return left >= right;
        }
        self.as_f64() * 100.0 >= limit.as_f64() * percent.as_f64()
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        Self::Int(n.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Float(x) => x.fmt(f),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Int(n) => match (u64::try_from(n), i64::try_from(n)) {
                (Ok(n), _) => serializer.serialize_u64(n),
                (_, Ok(n)) => serializer.serialize_i64(n),
                _ => serializer.serialize_f64(n as f64),
            },
            Self::Float(x) => serializer.serialize_f64(x),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_u64<E>(self, n: u64) -> Result<Number, E> {
                Ok(Number::Int(n.into()))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Number, E> {
                Ok(Number::Int(n.into()))
            }
            fn visit_f64<E: de::Error>(self, x: f64) -> Result<Number, E> {
                Number::from_f64(x).ok_or_else(|| E::invalid_value(de::Unexpected::Float(x), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

/// An amount of money in millionths of a US dollar, so that sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdMicros(pub u64);

impl UsdMicros {
    /// Converts dollars, rounding any fraction of a millionth up: a cost is never lost.
    /// Amounts below zero are no money.
    #[must_use]
    pub fn from_usd(dollars: Number) -> Option<Self> {
        if dollars.is_negative() {
            return None;
        }
        Some(Self(match dollars {
            Number::Int(n) => u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(1_000_000),
            // Shortest decimal text, so that 0.07 is 70,000 and not 70,001 millionths.
            Number::Float(x) => decimal_micros(&x.to_string()),
        }))
    }
}

/// Millionths in the decimal text of a positive number without exponent, rounded up.
fn decimal_micros(text: &str) -> u64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let mut micros: u64 = 0;
    let mut rest = false;
    for position in 0..fraction.len().max(6) {
        let digit = fraction.as_bytes().get(position).map_or(0, |byte| u64::from(byte.saturating_sub(b'0')));
        if position < 6 {
            micros = micros * 10 + digit;
        } else {
            rest |= digit > 0;
        }
    }
    whole.saturating_mul(1_000_000).saturating_add(micros).saturating_add(u64::from(rest))
}

impl fmt::Display for UsdMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros.is_multiple_of(10_000) {
            write!(f, "${dollars}.{:02}", micros / 10_000)
        } else {
            write!(f, "${dollars}.{micros:06}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_beyond_two_to_the_53_stay_exact() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        assert!(number("9007199254740993") > number("9007199254740992"));
        assert_eq!(number("5.0"), number("5"));
        assert!(serde_json::from_str::<Number>("\"5\"").is_err());
        assert!(serde_json::from_str::<Number>("true").is_err());
    }

    #[test]
    fn money_is_exact_to_a_millionth_and_rounds_up() {
        let micros = |x: f64| UsdMicros::from_usd(Number::from_f64(x).unwrap()).unwrap().0;
        assert_eq!(micros(0.07), 70_000);
        assert_eq!(micros(79.99), 79_990_000);
        assert_eq!(micros(0.000_000_1), 1);
        assert_eq!(micros(100.0), 100_000_000);
        assert_eq!(UsdMicros::from_usd(Number::Int(-1)), None);
    }

    #[test]
    fn a_share_is_reached_exactly_at_its_percentage() {
        let n = Number::Int;
        assert!(n(80).reaches_percent_of(n(100), n(80)));
        assert!(!Number::Float(79.99).reaches_percent_of(n(100), n(80)));
        assert_eq!([3, 5, 10].map(|limit| n(limit).percent_ceil_u64(n(80))), [3, 4, 8]);
        assert_eq!(Number::Float(2.5).percent_ceil_u64(n(80)), 2);
        assert_eq!(n(-3).percent_ceil_u64(n(80)), 0);
    }
}
