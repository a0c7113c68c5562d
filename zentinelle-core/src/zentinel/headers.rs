//! Header fields and client addresses as the proxy writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Header fields, each name with its values, in the order in which they came.
///
/// The proxy writes names in lower case; lookups do not rely on it. A value that is not visible
/// ASCII arrives empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<String>)>);

impl Headers {
    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        field.and_then(|(_, values)| values.first()).map(String::as_str)
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// Every field with its values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[String])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Adds one value to a field.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }
}

/// One field for each name, however many there are and in whatever order their values come.
impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        let (mut headers, mut places) = (Self::default(), BTreeMap::new());
        for (name, value) in fields {
            let place = *places.entry(name).or_insert_with_key(|name| {
                headers.0.push((name.clone(), Vec::new()));
                headers.0.len() - 1
            });
            if let Some((_, values)) = headers.0.get_mut(place) {
                values.push(value);
            }
        }
        headers
    }
}

/// Names only: values hold credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, values) in &self.0 {
            map.serialize_entry(name, values)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header names, each with an array of values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(16).min(64));
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Headers(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// Who sent a request, as far as the proxy tells: older proxies write address and port into one
/// text, newer ones the address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address, without a scope or brackets.
    pub ip: IpAddr,
    /// The port, when it is known.
    pub port: Option<u16>,
}

impl ClientAddress {
    /// Reads `client_ip` and `client_port` of an event's metadata.
    #[must_use]
    pub fn read(client_ip: &str, client_port: u16) -> Option<Self> {
        if let Ok(both) = client_ip.parse::<SocketAddr>() {
            return Some(Self { ip: both.ip(), port: Some(both.port()).filter(|port| *port != 0) });
        }
        let bare = client_ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(client_ip);
        let ip = bare.parse().ok()?;
        Some(Self { ip, port: Some(client_port).filter(|port| *port != 0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_its_port_and_without() {
        let read = |ip, port| ClientAddress::read(ip, port).map(|at| (at.ip.to_string(), at.port));
        assert_eq!(read("127.0.0.1:55492", 0), Some(("127.0.0.1".into(), Some(55492))));
        assert_eq!(read("10.0.0.7", 443), Some(("10.0.0.7".into(), Some(443))));
        assert_eq!(read("10.0.0.7", 0), Some(("10.0.0.7".into(), None)));
        assert_eq!(read("[2001:db8::1]:80", 0), Some(("2001:db8::1".into(), Some(80))));
        assert_eq!(read("[2001:db8::1]", 81), Some(("2001:db8::1".into(), Some(81))));
        assert_eq!(read("2001:db8::1", 81), Some(("2001:db8::1".into(), Some(81))));
        assert_eq!(read("unknown", 81), None);
    }

    #[test]
    fn names_are_found_in_any_letter_case_and_values_are_not_shown() {
        let headers: Headers = serde_json::from_str(r#"{"authorization":["Bearer s3cret"],"x-a":["1","2"]}"#).unwrap();
        assert_eq!(headers.get("Authorization"), Some("Bearer s3cret"));
        assert_eq!(headers.all("X-A").collect::<Vec<_>>(), ["1", "2"]);
        assert!(!format!("{headers:?}").contains("s3cret"));
    }
}
