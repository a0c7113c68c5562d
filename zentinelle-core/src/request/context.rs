//! Facts about one request, read through typed accessors.
//!
//! A text where a number belongs is an error, not "absent": a caller must not be able to
//! switch a check off by sending the wrong type.

use std::borrow::Cow;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Number;
use crate::error::{Code, Pointer};
use crate::matching::instant;
use crate::sorting;

const WRONG_TYPE: Code = Code::new("request.wrong_type");
const NEGATIVE: Code = Code::new("request.negative");
const UNREADABLE_TIME: Code = Code::new("request.unreadable_time");
const IN_FUTURE: Code = Code::new("request.in_future");
const UNREADABLE: Code = Code::new("request.unreadable");

/// How far ahead of the request's own instant a reported time may lie.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Facts about one request, supplied by the host. A JSON object; read only.
///
/// A decision looks up far more keys than it finds, many of them several times, so the facts
/// stand in a sorted list beside a small index that is built once.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Context {
    /// In order of their keys.
    facts: Vec<Fact>,
    index: Index,
}

#[derive(Clone, PartialEq)]
struct Fact {
    key: String,
    value: Value,
    /// The next fact whose key shares a bit of the index with this one's.
    next: Option<u16>,
}

/// Finds a key by its bit: a bit for every key that is there, where several keys may share
/// one, and for every set bit the first fact that has it.
#[derive(Clone, Default, PartialEq, Eq)]
struct Index {
    bits: u128,
    first: Vec<u16>,
}

/// From here on a search by halves is faster than a chain of keys that share a bit.
const MOST_INDEXED: usize = 256;

impl Index {
    fn of(facts: &mut [Fact]) -> Self {
        let bits = facts.iter().fold(0, |bits, fact| bits | Self::bit(&fact.key));
        let mut index = Self { bits, first: Vec::new() };
        if facts.len() > MOST_INDEXED {
            return index;
        }
        let mut first = vec![None; bits.count_ones() as usize];
        for (place, fact) in facts.iter_mut().enumerate().rev() {
            if let Some(head) = first.get_mut(index.rank(Self::bit(&fact.key))) {
                fact.next = head.replace(u16::try_from(place).unwrap_or(u16::MAX));
            }
        }
        index.first = first.into_iter().flatten().collect();
        index
    }

    /// Mixes length, first, middle and last letter: enough to tell keys apart, and worked out
    /// when compiling for a key written in the code.
    #[inline]
    fn bit(key: &str) -> u128 {
        let letters = key.as_bytes();
        let letter = |place: usize| letters.get(place).copied().map_or(0, usize::from);
        let ends = letter(0) * 7 + letter(letters.len() / 2) * 31 + letter(letters.len().saturating_sub(1)) * 57;
        1 << ((ends + letters.len() * 11) % 128)
    }

    #[inline]
    fn may_hold(&self, bit: u128) -> bool {
        self.bits & bit != 0
    }

    /// How many of the bits that are set stand below `bit`.
    fn rank(&self, bit: u128) -> usize {
        (self.bits & bit.wrapping_sub(1)).count_ones() as usize
    }
}

/// A fact of the request that cannot be judged. Under an enforced policy this denies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// The stable code.
    pub code: Code,
    /// Where in the request the fact stands.
    pub pointer: Pointer,
    /// What was found and what was expected; never the value of a long text.
    pub message: String,
}

impl EvaluationError {
    /// A fact that is well typed but cannot be read, such as an address that is none.
    #[must_use]
    pub fn unreadable(key: &str, message: impl Into<String>) -> Self {
        Self::at(UNREADABLE, key, message.into())
    }

    /// A fact of the wrong JSON type.
    #[must_use]
    pub fn wrong_type(key: &str, expected: &str, found: &Value) -> Self {
        Self::at(WRONG_TYPE, key, format!("context `{key}` is {}, expected {expected}", kind_of(found)))
    }

    /// A quantity below zero.
    #[must_use]
    pub fn negative(key: &str) -> Self {
        Self::at(NEGATIVE, key, format!("context `{key}` is negative"))
    }

    fn at(code: Code, key: &str, message: String) -> Self {
        Self { code, pointer: Pointer::new("/context").key(key), message }
    }
}

impl Context {
    /// The value under `key`; null counts as absent.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.raw(key).filter(|value| !value.is_null())
    }

    /// The value under `key`, null included.
    #[must_use]
    #[inline]
    pub fn raw(&self, key: &str) -> Option<&Value> {
        let bit = Index::bit(key);
        if self.index.may_hold(bit) { self.find(bit, key) } else { None }
    }

    fn find(&self, bit: u128, key: &str) -> Option<&Value> {
        if self.facts.len() > MOST_INDEXED {
            let place = self.facts.binary_search_by(|fact| fact.key.as_str().cmp(key)).ok()?;
            return self.facts.get(place).map(|fact| &fact.value);
        }
        let mut place = self.index.first.get(self.index.rank(bit)).copied();
        while let Some(fact) = place.and_then(|place| self.facts.get(usize::from(place))) {
            if fact.key == key {
                return Some(&fact.value);
            }
            place = fact.next;
        }
        None
    }

    /// All facts, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.facts.iter().map(|fact| (&fact.key, &fact.value))
    }

    /// All facts, as a JSON object.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.extend(self.iter().map(|(key, value)| (key.clone(), value.clone())));
        map
    }

    /// A text; absent and null give none.
    pub fn text(&self, key: &str) -> Result<Option<&str>, EvaluationError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(EvaluationError::wrong_type(key, "a text", other)),
        }
    }

    /// A name: a text that is not empty; absent, null and empty give none.
    pub fn name(&self, key: &str) -> Result<Option<&str>, EvaluationError> {
        Ok(self.text(key)?.filter(|text| !text.is_empty()))
    }

    /// A number of any sign; absent and null give none.
    pub fn number(&self, key: &str) -> Result<Option<Number>, EvaluationError> {
        self.get(key).map(|value| number(key, value)).transpose()
    }

    /// A number, zero or more; absent and null give none.
    pub fn quantity(&self, key: &str) -> Result<Option<Number>, EvaluationError> {
        let quantity = self.number(key)?;
        if quantity.is_some_and(Number::is_negative) {
            return Err(EvaluationError::negative(key));
        }
        Ok(quantity)
    }

    /// A number, zero or more, that counts as zero when the key is absent. Null is an error.
    pub fn quantity_or_zero(&self, key: &str) -> Result<Number, EvaluationError> {
        match self.raw(key) {
            None => Ok(Number::ZERO),
            Some(value) => {
                let quantity = number(key, value)?;
                if quantity.is_negative() { Err(EvaluationError::negative(key)) } else { Ok(quantity) }
            }
        }
    }

    /// A list; absent and null give none.
    pub fn list(&self, key: &str) -> Result<Option<&[Value]>, EvaluationError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(EvaluationError::wrong_type(key, "a list", other)),
        }
    }

    /// An object; absent and null give none.
    pub fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, EvaluationError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(EvaluationError::wrong_type(key, "an object", other)),
        }
    }

    /// Whether a flag is set, by Python's idea of truth: `false`, 0, `""`, `[]`, `{}` and null are false.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.raw(key).is_some_and(truthy)
    }

    /// An instant: ISO 8601 text (no offset means UTC) or Unix seconds, at most a minute ahead of `now`.
    /// Absent, null, empty text and zero give none.
    pub fn instant(&self, key: &str, now: Timestamp) -> Result<Option<Timestamp>, EvaluationError> {
        let Some(value) = self.get(key).filter(|value| truthy(value)) else { return Ok(None) };
        let at = instant::from_json(value).map_err(|fault| {
            EvaluationError::at(UNREADABLE_TIME, key, format!("context `{key}` is no time: {fault}"))
        })?;
        if at.duration_since(now) > SKEW {
            return Err(EvaluationError::at(IN_FUTURE, key, format!("context `{key}` lies in the future")));
        }
        Ok(Some(at))
    }
}

impl From<Map<String, Value>> for Context {
    fn from(facts: Map<String, Value>) -> Self {
        let mut facts: Vec<Fact> = facts.into_iter().map(|(key, value)| Fact { key, value, next: None }).collect();
        // Already in order, unless another crate of the build has made maps keep theirs.
        if !facts.is_sorted_by(|a, b| a.key < b.key) {
            sorting::sort_by(&mut facts, |a, b| a.key.cmp(&b.key));
        }
        let index = Index::of(&mut facts);
        Self { facts, index }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(")?;
        f.debug_map().entries(self.iter()).finish()?;
        f.write_str(")")
    }
}

impl Serialize for Context {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl JsonSchema for Context {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Context".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Map<String, Value>>::json_schema(generator)
    }
}

/// Truth as Python sees it: `false`, 0, `""`, `[]`, `{}` and null are false, all else is true.
#[must_use]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

fn number(key: &str, value: &Value) -> Result<Number, EvaluationError> {
    match value {
        Value::Number(number) => Number::from_json(number),
        _ => None,
    }
    .ok_or_else(|| EvaluationError::wrong_type(key, "a number", value))
}

/// The JSON type of a value, in words.
#[must_use]
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
