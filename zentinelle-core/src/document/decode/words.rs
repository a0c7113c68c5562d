//! Faults in words: no Rust type names, the value found, the value wanted, and a way out.

use std::borrow::Cow;

use serde::de::Unexpected;
use serde_json::Value;

use super::deserializer::unexpected;
use super::fault::{Found, Kind};
use super::placeholder::Shape;
use crate::error::{Pointer, PolicyError, codes};

/// Longest text that is repeated in a message; longer ones may hold a prompt.
const MAX_QUOTED: usize = 24;
/// Most words listed in a help.
const MAX_LISTED: usize = 12;

/// Where a fault is.
pub(super) struct Place<'v> {
    pub(super) pointer: Pointer,
    /// The name of the place for people; none for the whole value.
    pub(super) name: Option<String>,
    pub(super) value: Option<&'v Value>,
    pub(super) is_key: bool,
}

/// What was found, in words.
pub(super) fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(found) => format!("{found}"),
        Unexpected::Unsigned(number) => format!("{number}"),
        Unexpected::Signed(number) => format!("{number}"),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Char(letter) => quoted(letter.encode_utf8(&mut [0; 4])),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        _ => "something else".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    let length = text.chars().count();
    if text.is_empty() {
        "an empty text".to_owned()
    } else if length > MAX_QUOTED || text.chars().any(char::is_control) {
        format!("a text of {length} characters")
    } else {
        format!("the text `{text}`")
    }
}

/// What serde expected, in the words of people who write policies.
pub(super) fn expected(serde: &str, only_the_range: bool) -> Cow<'_, str> {
    standard(serde, only_the_range).unwrap_or(Cow::Borrowed(serde))
}

/// As [`expected`], or none when the text is not one of serde's own.
fn standard(serde: &str, only_the_range: bool) -> Option<Cow<'static, str>> {
    let words = match serde {
        "a boolean" => "true or false",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            return Some(if only_the_range { range(serde) } else { Cow::Borrowed("a whole number") });
        }
        "f32" | "f64" | "a number" => "a number",
        "a character" => "a single character",
        "a string" | "a borrowed string" | "str" | "string" | "path string" | "variant identifier"
        | "field identifier" => "a text",
        "a sequence" | "a set" => "a list",
        "a map" => "an object",
        "unit" => "null",
        _ if serde.starts_with("a nonzero ") => "a whole number other than zero",
        _ if ["tuple", "an array of", "a tuple"].iter().any(|start| serde.starts_with(start)) => "a list",
        _ if serde.starts_with("struct ") || serde.contains("tagged enum ") => "an object",
        _ if serde.starts_with("enum ") => "one of the known words",
        _ if serde.starts_with("unit ") => "null",
        _ => return None,
    };
    Some(Cow::Borrowed(words))
}

/// The range of an integer type.
fn range(name: &str) -> Cow<'static, str> {
    match name {
        "i8" => Cow::Borrowed("a whole number from -128 to 127"),
        "i16" => Cow::Borrowed("a whole number from -32768 to 32767"),
        "i32" => Cow::Owned(format!("a whole number from {} to {}", i32::MIN, i32::MAX)),
        "u8" => Cow::Borrowed("a whole number from 0 to 255"),
        "u16" => Cow::Borrowed("a whole number from 0 to 65535"),
        "u32" => Cow::Owned(format!("a whole number from 0 to {}", u32::MAX)),
        "u64" | "u128" | "usize" => Cow::Borrowed("a whole number, zero or more"),
        _ => Cow::Owned(format!("a whole number from {} to {}", i64::MIN, i64::MAX)),
    }
}

impl Shape {
    fn one(&self) -> Cow<'static, str> {
        match self {
            Self::Bool => Cow::Borrowed("true or false"),
            Self::Integer(_) => Cow::Borrowed("a whole number"),
            Self::Number => Cow::Borrowed("a number"),
            Self::Text => Cow::Borrowed("a text"),
            Self::Words(words) => Cow::Owned(one_of(words)),
            Self::List(item) => match item.as_deref().and_then(Self::many) {
                Some(items) => Cow::Owned(format!("a list of {items}")),
                None => Cow::Borrowed("a list"),
            },
            Self::Object => Cow::Borrowed("an object"),
            Self::Null => Cow::Borrowed("null"),
            Self::Any => Cow::Borrowed("a value"),
        }
    }

    fn many(&self) -> Option<&'static str> {
        Some(match self {
            Self::Integer(_) => "whole numbers",
            Self::Number => "numbers",
            Self::Text | Self::Words(_) => "texts",
            Self::List(_) => "lists",
            Self::Object => "objects",
            Self::Bool | Self::Null | Self::Any => return None,
        })
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [only] => format!("`{only}`"),
        words if words.len() <= MAX_LISTED => format!("one of {}", list(words)),
        _ => "one of the known words".to_owned(),
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The known word most like `word`, if one is like enough.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let folded = word.to_lowercase();
    let likeness = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        strsim::normalized_damerau_levenshtein(&folded, &candidate)
            .max(strsim::jaro_winkler(&folded, &candidate) - 0.15)
    };
    known
        .iter()
        .map(|candidate| (likeness(candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// What to do about a word that is none of the known ones.
fn help_with_words(word: &str, known: &[&str], kind: &str) -> String {
    match nearest(word, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => format!("no {kind} are known here"),
        None if known.len() <= MAX_LISTED => format!("known {kind}: {}", list(known)),
        None => format!("{} {kind} are known, among them {}", known.len(), list(known.get(..6).unwrap_or_default())),
    }
}

/// The report of an unknown key.
pub(super) fn unknown_key(pointer: Pointer, key: &str, known: &[&str], subject: &str) -> PolicyError {
    let inside = if subject.is_empty() { String::new() } else { format!(" in {subject}") };
    PolicyError::new(codes::UNKNOWN_KEY, pointer, format!("unknown key `{}`{inside}", short(key)))
        .with_help(help_with_words(key, known, "keys"))
}

/// A key or word as it may stand in a message.
fn short(word: &str) -> String {
    let clean: String = word.chars().filter(|letter| !letter.is_control()).take(64).collect();
    if clean.len() < word.len() { format!("{clean}…") } else { clean }
}

/// The report of any other fault.
pub(super) fn put(kind: &Kind, place: Place<'_>, shape: Option<&Shape>, subject: &str) -> PolicyError {
    let name = place.name.as_deref().map(short);
    let of_name = || name.as_ref().map(|name| format!(" for `{name}`")).unwrap_or_default();
    match kind {
        Kind::UnknownKey { key, known } => unknown_key(place.pointer, key, known, subject),
        Kind::UnknownWord { word, known } if place.is_key => {
            PolicyError::new(codes::UNKNOWN_VALUE, place.pointer, format!("unknown key `{}`", short(word)))
                .with_help(help_with_words(word, known, "keys"))
        }
        Kind::UnknownWord { word, known } => {
            let word_in_message = short(word);
            let message = format!("unknown value `{word_in_message}`{}", of_name());
            PolicyError::new(codes::UNKNOWN_VALUE, place.pointer, message)
                .with_help(help_with_words(word, known, "values"))
        }
        Kind::NotAWord { found, known } => {
            let expected = one_of(known);
            wrong(codes::WRONG_TYPE, place, name, subject, found, &expected).with_help(format!("write {expected}"))
        }
        Kind::Missing(key) => {
            let what = shape.map(|shape| format!(", {}", shape.one())).unwrap_or_default();
            PolicyError::new(codes::MISSING_KEY, place.pointer, format!("missing key `{key}`"))
                .with_help(format!("add `{key}`{what}"))
        }
        Kind::Duplicate => {
            let key = name.unwrap_or_default();
            let message = format!("`{key}` repeats a key that is already given under another name");
            PolicyError::new(codes::DUPLICATE_KEY, place.pointer, message).with_help("keep one of the two")
        }
        Kind::WrongType { found, expected } => {
            let expected = match (standard(expected, false), shape) {
                (Some(_), Some(shape)) if *shape != Shape::Any => shape.one(),
                (Some(words), _) => words,
                (None, _) => Cow::Borrowed(expected.as_str()),
            };
            let help = help_with_type(found, &expected, place.value, name.as_deref());
            wrong(codes::WRONG_TYPE, place, name, subject, &found.words, &expected).with_help(help)
        }
        Kind::WrongValue { found, expected } => {
            let code = if found.whole_number { codes::OUT_OF_RANGE } else { codes::INVALID_VALUE };
            let expected = self::expected(expected, found.whole_number);
            wrong(code, place, name, subject, &found.words, &expected).with_help(format!("write {expected}"))
        }
        Kind::WrongLength { found, expected } => {
            let (found, expected) = (items(*found), length(expected));
            let what = name.map_or("the value".to_owned(), |name| format!("`{name}`"));
            let message = format!("{what} has {found}, expected {expected}");
            PolicyError::new(codes::INVALID_VALUE, place.pointer, message).with_help(format!("write {expected}"))
        }
        Kind::Custom(message) => {
            let message = match message.starts_with("data did not match any variant of untagged enum") {
                true => "the value has none of the forms allowed here",
                false => message.as_str(),
            };
            let message = match name {
                Some(name) => format!("`{name}`: {message}"),
                None => message.to_owned(),
            };
            PolicyError::new(codes::INVALID_VALUE, place.pointer, message)
        }
    }
}

/// "`max_turns` is the text `5`, expected a whole number".
fn wrong(
    code: crate::error::Code,
    place: Place<'_>,
    name: Option<String>,
    subject: &str,
    found: &str,
    expected: &str,
) -> PolicyError {
    // Where an object was read into a buffer first, the fault may lie anywhere below its place.
    let here = place.is_key || place.value.is_none_or(|value| self::found(unexpected(value)) == found);
    let what = match (name, subject) {
        (Some(name), _) if !here => format!("a value in `{name}`"),
        (None, _) if !here => "a value".to_owned(),
        (Some(name), _) if place.is_key => format!("the key `{name}`"),
        (Some(name), _) => format!("`{name}`"),
        (None, "") => "the value".to_owned(),
        (None, subject) => subject.to_owned(),
    };
    let found = if place.is_key && code == codes::WRONG_TYPE { "not a number" } else { found };
    PolicyError::new(code, place.pointer, format!("{what} is {found}, expected {expected}"))
}

fn items(number: usize) -> String {
    if number == 1 { "1 item".to_owned() } else { format!("{number} items") }
}

/// What serde expected of a length.
fn length(serde: &str) -> String {
    let number = serde.split(' ').find_map(|word| word.parse::<usize>().ok());
    number.map_or_else(|| serde.to_owned(), items)
}

/// What to do about a value of the wrong type.
fn help_with_type(found: &Found, expected: &str, value: Option<&Value>, name: Option<&str>) -> String {
    match value {
        Some(Value::String(text)) if expected == "true or false" => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "no" | "off" | "n" => {
                let word = if matches!(text.to_lowercase().as_str(), "yes" | "on" | "y") { "true" } else { "false" };
                format!("write `{word}`: `yes`, `no`, `on` and `off` are texts in YAML 1.2")
            }
            word @ ("true" | "false") => format!("write {word} in lower case and without quotes"),
            _ => "write true or false".to_owned(),
        },
        Some(Value::String(text)) if expected.contains("number") && text.trim().parse::<f64>().is_ok() => {
            format!("write {} without quotes", short(text.trim()))
        }
        Some(scalar @ (Value::Number(_) | Value::Bool(_))) if expected == "a text" => {
            format!("put it in quotes: \"{scalar}\"")
        }
        Some(Value::String(_) | Value::Number(_) | Value::Bool(_)) if expected.starts_with("a list") => {
            format!("write {expected}, even for a single item: [...]")
        }
        Some(Value::Null) if found.words == "null" => match name {
            Some(name) if !name.ends_with(']') => format!("write {expected} after `{name}`"),
            _ => format!("write {expected}"),
        },
        _ => format!("write {expected}"),
    }
}
