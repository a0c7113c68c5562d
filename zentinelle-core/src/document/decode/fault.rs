//! The error of our deserializer: what went wrong and where, not yet in words.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// One fault. Boxed, since the way without faults should not carry its size.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// Keys and list positions, innermost first: they are added while the error travels up.
    path: Vec<String>,
    origin: Origin,
}

/// Which part of the place is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The value at the path.
    Value,
    /// The object at the path, read as a struct, so that single keys of it can be papered over.
    Struct,
    /// The last key of the path.
    Key,
}

/// What kind of fault it is.
#[derive(Debug)]
pub(super) enum Kind {
    UnknownKey { key: String, known: &'static [&'static str] },
    UnknownWord { word: String, known: &'static [&'static str] },
    NotAWord { found: String, known: &'static [&'static str] },
    Missing(&'static str),
    Duplicate,
    WrongType { found: Found, expected: String },
    WrongValue { found: Found, expected: String },
    WrongLength { found: usize, expected: String },
    Custom(String),
}

/// What stood in the place of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// In words: "the text `abc`".
    pub(super) words: String,
    /// Whether it is a whole number, so that only its range can be wrong.
    pub(super) whole_number: bool,
}

impl From<Unexpected<'_>> for Found {
    fn from(unexpected: Unexpected<'_>) -> Self {
        let whole_number = matches!(unexpected, Unexpected::Unsigned(_) | Unexpected::Signed(_));
        Self { words: super::words::found(unexpected), whole_number }
    }
}

impl Fault {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, path: Vec::new(), origin: Origin::Value }))
    }

    /// Says that the fault lies below `segment`.
    pub(super) fn below(mut self, segment: impl fmt::Display) -> Self {
        self.0.path.push(segment.to_string());
        self
    }

    /// Says that the key `key` itself is at fault.
    pub(super) fn at_key(mut self, key: &str) -> Self {
        self.0.origin = Origin::Key;
        self.below(key)
    }

    /// Says that the object at hand is at fault and was read as a struct.
    pub(super) fn in_struct(mut self) -> Self {
        if self.0.path.is_empty() && self.0.origin == Origin::Value {
            self.0.origin = Origin::Struct;
        }
        self
    }

    /// Whether the fault is a key given twice whose place is not yet known.
    pub(super) fn is_unplaced_duplicate(&self) -> bool {
        self.0.path.is_empty() && matches!(self.0.kind, Kind::Duplicate)
    }

    /// The parts: what, where from the outside in, and which part of that.
    pub(super) fn into_parts(self) -> (Kind, Vec<String>, Origin) {
        let Inner { kind, mut path, origin } = *self.0;
        path.reverse();
        (kind, path, origin)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only seen when a hand-written `Deserialize` passes an error on as text.
        match &self.0.kind {
            Kind::UnknownKey { key, .. } => write!(f, "unknown key `{key}`"),
            Kind::UnknownWord { word, .. } => write!(f, "unknown value `{word}`"),
            Kind::NotAWord { found, .. } => {
                write!(f, "expected one of the known words, found {found}")
            }
            Kind::Missing(key) => write!(f, "missing key `{key}`"),
            Kind::Duplicate => f.write_str("the same key is given twice"),
            Kind::WrongType { found, expected } | Kind::WrongValue { found, expected } => {
                let expected = super::words::expected(expected, found.whole_number);
                write!(f, "expected {expected}, found {}", found.words)
            }
            Kind::WrongLength { found, .. } => write!(f, "unexpected number of items: {found}"),
            Kind::Custom(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Custom(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::WrongType { found: unexpected.into(), expected: expected.to_string() })
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::WrongValue { found: unexpected.into(), expected: expected.to_string() })
    }

    fn invalid_length(found: usize, expected: &dyn Expected) -> Self {
        Self::new(Kind::WrongLength { found, expected: expected.to_string() })
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownWord { word: word.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownKey { key: key.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Kind::Missing(key))
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::new(Kind::Duplicate)
    }
}
