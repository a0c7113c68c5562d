//! How payloads are written after the handshake: JSON, or MessagePack with the same field names.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How payloads are written. The handshake itself is always JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// JSON: what every proxy speaks.
    #[default]
    Json,
    /// MessagePack, structures as maps with text keys. Only proxies built for it offer it.
    MsgPack,
}

/// A payload that is not what its type says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the payload is not {expected}: {message}")]
pub struct PayloadError {
    expected: &'static str,
    message: String,
}

impl PayloadError {
    pub(crate) fn new(expected: &'static str, message: impl std::fmt::Display) -> Self {
        Self { expected, message: message.to_string() }
    }
}

impl Encoding {
    /// The encoding's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MsgPack => "msgpack",
        }
    }

    /// The first of the proxy's `offers` that is among `ours`. Names we do not know are passed
    /// over, and no offer at all means JSON.
    #[must_use]
    pub fn choose(offers: &[String], ours: &[Self]) -> Self {
        let known = |offer: &String| ours.iter().copied().find(|encoding| encoding.name() == offer.as_str());
        offers.iter().find_map(known).unwrap_or_default()
    }

    /// Reads a payload that should be `expected`.
    pub(crate) fn read<T: DeserializeOwned>(self, payload: &[u8], expected: &'static str) -> Result<T, PayloadError> {
        match self {
            Self::Json => serde_json::from_slice(payload).map_err(|error| PayloadError::new(expected, error)),
            Self::MsgPack => rmp_serde::from_slice(payload).map_err(|error| PayloadError::new(expected, error)),
        }
    }

    /// Writes a payload.
    pub(crate) fn write<T: Serialize>(self, value: &T, expected: &'static str) -> Result<Vec<u8>, PayloadError> {
        match self {
            Self::Json => serde_json::to_vec(value).map_err(|error| PayloadError::new(expected, error)),
            Self::MsgPack => rmp_serde::to_vec_named(value).map_err(|error| PayloadError::new(expected, error)),
        }
    }
}

/// Body bytes: base64 text in JSON, and in MessagePack either that or raw bytes.
pub(crate) mod base64_bytes {
    use std::fmt;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_any(Base64)
    }

    struct Base64;

    impl Visitor<'_> for Base64 {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("body bytes in base64")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            // The cause would quote the body.
            STANDARD.decode(text).map_err(|_| E::custom("the body is not base64"))
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_offer_is_taken_and_none_means_json() {
        let both = [Encoding::Json, Encoding::MsgPack];
        let choose =
            |offers: &[&str], ours| Encoding::choose(&offers.iter().map(|&o| o.to_owned()).collect::<Vec<_>>(), ours);
        assert_eq!(choose(&["cbor", "msgpack", "json"], &both), Encoding::MsgPack);
        assert_eq!(choose(&["msgpack", "json"], &[Encoding::Json]), Encoding::Json);
        assert_eq!(choose(&[], &both), Encoding::Json);
    }
}
