//! From a JSON value to a typed configuration, with every fault in one report.
//!
//! Applies to whatever people write: policy envelopes, their `config`, requests. A value without
//! fault takes one plain pass. Only when that fails is the value read again, each time with the
//! fault found so far papered over, until nothing new turns up.
//!
//! Decoding is strict: a text is never taken for a number, `null` only stands where a key is
//! optional, objects are never read from lists. The one kindness is that `5.0` is a whole number.
//!
//! Types that `serde` reads through a buffer (untagged and internally tagged enums, `flatten`) lose
//! two things: faults inside are placed at the buffered value, and `5.0` stays a float there.

mod access;
mod deserializer;
mod fault;
mod placeholder;
mod recovery;
mod words;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::PolicyError;
use deserializer::Reader;
use recovery::Recovery;

/// What became of a value that was decoded.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
    /// The typed value; present exactly when `errors` is empty.
    pub value: Option<T>,
    /// Keys that the type does not know. They are passed over, and reported when a policy is
    /// written, but do not by themselves make it unusable.
    pub unknown_keys: Vec<PolicyError>,
    /// Everything that makes the value unusable.
    pub errors: Vec<PolicyError>,
}

impl<T> Decoded<T> {
    /// The value, or the errors; unknown keys are forgiven.
    ///
    /// # Errors
    /// Whatever makes the value unusable.
    pub fn lenient(self) -> Result<T, Vec<PolicyError>> {
        self.value.ok_or(self.errors)
    }

    /// The value, or everything there is to say against it, unknown keys included.
    ///
    /// # Errors
    /// Whatever makes the value unusable, then the unknown keys.
    pub fn strict(self) -> Result<T, Vec<PolicyError>> {
        let Self { value, unknown_keys, mut errors } = self;
        errors.extend(unknown_keys);
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(errors),
        }
    }

    /// Places every fault below a parent, for example `/config`.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        let place = |faults: Vec<PolicyError>| faults.into_iter().map(|fault| fault.under(prefix)).collect();
        Self { value: self.value, unknown_keys: place(self.unknown_keys), errors: place(self.errors) }
    }
}

/// Decodes `value`; pointers in the faults are relative to it.
#[must_use]
pub fn decode<T: DeserializeOwned>(value: &Value) -> Decoded<T> {
    decode_as(value, "")
}

/// Decodes `value` and says in messages what it is, for example "a `context_limit` policy".
#[must_use]
pub fn decode_as<T: DeserializeOwned>(value: &Value, subject: &str) -> Decoded<T> {
    match T::deserialize(Reader::plain(value)) {
        Ok(decoded) => Decoded { value: Some(decoded), unknown_keys: Vec::new(), errors: Vec::new() },
        Err(fault) => Recovery::new(value, subject).run(fault),
    }
}

#[cfg(test)]
mod tests;
