//! Kinds of values a configuration holds: secrets that are never printed, addresses with a
//! password in them, networks, and times in words.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
use std::time::Duration;

use ipnet::IpNet;
use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// A text nobody is shown; wiped from memory when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself. Whoever takes it sees to it that it is not logged.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { HIDDEN })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { HIDDEN })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(deserializer)?)))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

/// The address of a service. What stands between the scheme and the host is not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct ServiceUrl(String);

impl ServiceUrl {
    /// The address as it may be shown.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        let Some((scheme, rest)) = self.0.split_once("://") else { return Cow::Borrowed(&self.0) };
        let place = rest.split('?').next().unwrap_or_default();
        match place.rsplit_once('@') {
            Some((_, place)) => Cow::Owned(format!("{scheme}://{HIDDEN}@{place}")),
            // What follows the question mark may be a password too.
            None => Cow::Owned(format!("{scheme}://{place}")),
        }
    }
}

impl Deref for ServiceUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl ServiceUrl {
    /// The whole address, password included.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ServiceUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for ServiceUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for ServiceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl<'de> Deserialize<'de> for ServiceUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network(IpNet);

impl Network {
    /// Whether an address belongs to it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether every address belongs to it.
    pub(crate) fn is_everything(&self) -> bool {
        self.0.prefix_len() == 0
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| D::Error::custom("expected an address or a network such as `10.0.0.0/8`"))
    }
}

/// A length of time as people write it: `30s`, `15m`, `6h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval(pub(crate) Duration);

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs();
        let (number, unit) = [(86_400, "d"), (3_600, "h"), (60, "m")]
            .into_iter()
            .find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length))
            .map_or((seconds, "s"), |(length, unit)| (seconds / length, unit));
        serializer.collect_str(&format_args!("{number}{unit}"))
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("expected a length of time such as `30s`, `15m`, `6h` or `7d`");
        // Days have no fixed length for the parser; here they are 24 hours.
        let duration = match text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok()) {
            Some(days) => Duration::from_secs(days.checked_mul(86_400).ok_or_else(wrong)?),
            None => {
                let signed: SignedDuration = text.parse().map_err(|_| wrong())?;
                Duration::try_from(signed).map_err(|_| wrong())?
            }
        };
        if duration < Duration::from_secs(1) { Err(wrong()) } else { Ok(Self(duration)) }
    }
}

macro_rules! written_as_text {
    ($($type:ident),*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                String::json_schema(generator)
            }
        }
    )*};
}

written_as_text!(Secret, ServiceUrl, Network, Interval);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Interval, Network, Secret, ServiceUrl};

    #[test]
    fn passwords_are_never_shown() {
        let url = ServiceUrl::from("postgres://zentinelle:hunter2@db:5432/z?sslmode=require&password=hunter2");
        let secret = Secret::from("hunter2");
        for shown in [
            format!("{url:?} {secret:?}"),
            serde_json::to_string(&url).expect("text"),
            serde_json::to_string(&secret).expect("text"),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(url.shown(), "postgres://(hidden)@db:5432/z");
        assert_eq!(ServiceUrl::from("redis://h:6379/0").shown(), "redis://h:6379/0");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let read = |text: &str| serde_json::from_value::<Interval>(text.into()).map(|interval| interval.0.as_secs());
        for (text, seconds) in [("30s", 30), ("15m", 900), ("6h", 21_600), ("7d", 604_800), ("1h 30m", 5_400)] {
            assert_eq!(read(text).expect(text), seconds, "{text}");
        }
        for text in ["", "30", "-5m", "0s", "soon", "99999999999999999999d"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::to_value(Interval(Duration::from_secs(5_400))).expect("text"), "90m");
    }

    #[test]
    fn a_single_address_is_a_network() {
        let network: Network = serde_json::from_value("10.1.2.3".into()).expect("read");
        assert!(network.contains([10, 1, 2, 3].into()) && !network.contains([10, 1, 2, 4].into()));
        assert!(serde_json::from_value::<Network>("10.0.0.0/33".into()).is_err());
    }
}
