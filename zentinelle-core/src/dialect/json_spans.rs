//! JSON that remembers its bytes: every value knows where it stands, so that one literal can be
//! replaced and the rest left alone.
//!
//! Strict where two readers might see different values: a key given twice, a raw control
//! character in a text, a second value behind the first are refused. Lenient in one thing: half a
//! surrogate pair reads as U+FFFD, since some clients write it and some upstreams take it.
//! Texts are decoded only when somebody asks; lists of numbers are counted and not kept, since
//! embeddings have millions of them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memchr2;

use super::error::DecodeError;
use crate::error::{Code, Pointer};

/// Deepest nesting. Unit: levels.
const MAX_DEPTH: usize = 127;
/// Most values in one body, so that small bytes cannot become large trees.
const MAX_VALUES: usize = 1 << 17;

/// One value and its place.
#[derive(Debug)]
pub(super) struct Node<'b> {
    pub(super) range: Range<usize>,
    pub(super) json: Json<'b>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Json<'b> {
    Null,
    Bool(bool),
    Number(&'b str),
    String(Literal<'b>),
    /// A list of nothing but numbers, at least one: only how many.
    Numbers(usize),
    Array(Vec<Node<'b>>),
    Object(Vec<(Key<'b>, Node<'b>)>),
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Key<'b> {
    pub(super) name: Cow<'b, str>,
    pub(super) range: Range<usize>,
}

/// The inside of a string literal, escapes not yet undone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Literal<'b> {
    raw: &'b str,
    escaped: bool,
}

impl<'b> Literal<'b> {
    /// The text it stands for.
    pub(super) fn text(self) -> Cow<'b, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

impl<'b> Node<'b> {
    /// The value under a key of an object; null counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Json::Object(entries) = &self.json else { return None };
        let (_, node) = entries.iter().find(|(name, _)| name.name == key)?;
        (!matches!(node.json, Json::Null)).then_some(node)
    }

    /// The bytes of an entry of an object that is null, with a comma beside it, so that it can be cut.
    pub(super) fn null_entry(&self, key: &str) -> Option<Range<usize>> {
        let Json::Object(entries) = &self.json else { return None };
        let at = entries.iter().position(|(name, node)| name.name == key && matches!(node.json, Json::Null))?;
        let (name, node) = entries.get(at)?;
        if let Some((next, _)) = entries.get(at + 1) {
            return Some(name.range.start..next.range.start);
        }
        let start = at.checked_sub(1).and_then(|before| entries.get(before)).map(|(_, before)| before.range.end);
        Some(start.unwrap_or(name.range.start)..node.range.end)
    }

    pub(super) fn text(&self) -> Option<Cow<'b, str>> {
        match self.json {
            Json::String(literal) => Some(literal.text()),
            _ => None,
        }
    }

    /// The text under a key, when it is one.
    pub(super) fn text_at(&self, key: &str) -> Option<Cow<'b, str>> {
        self.get(key)?.text()
    }

    /// A whole number, zero or more, however it is written.
    pub(super) fn count(&self) -> Option<u64> {
        let Json::Number(number) = self.json else { return None };
        number.parse().ok().or_else(|| {
            let number: f64 = number.parse().ok()?;
            (number >= 0.0 && number.fract() == 0.0 && number < 1e15).then_some(number as u64)
        })
    }

    pub(super) fn count_at(&self, key: &str) -> Option<u64> {
        self.get(key)?.count()
    }

    pub(super) fn is_true_at(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| matches!(node.json, Json::Bool(true)))
    }

    /// The items of a list; of anything else none.
    pub(super) fn items(&self) -> &[Self] {
        match &self.json {
            Json::Array(items) => items,
            _ => &[],
        }
    }

    pub(super) fn items_at(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// What it is, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self.json {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a text",
            Json::Numbers(_) | Json::Array(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    pub(super) const fn is_object(&self) -> bool {
        matches!(self.json, Json::Object(_))
    }
}

/// Reads one JSON value that is the whole body.
pub(super) fn parse(body: &[u8]) -> Result<Node<'_>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|error| fault(error.valid_up_to(), "bytes that are no UTF-8"))?;
    let mut parser = Parser { text, at: 0, depth: 0, values: 0 };
    let node = parser.value()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(fault(parser.at, "something behind the value"));
    }
    Ok(node)
}

fn fault(at: usize, found: &str) -> DecodeError {
    refused(DecodeError::NOT_JSON, at, format!("{found} at byte {at}"), "one JSON value")
}

fn refused(code: Code, at: usize, found: String, expected: &'static str) -> DecodeError {
    DecodeError { code, pointer: Pointer::ROOT, offset: Some(at), found, expected }
}

struct Parser<'b> {
    text: &'b str,
    at: usize,
    depth: usize,
    values: usize,
}

impl<'b> Parser<'b> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault<T>(&self, found: &str) -> Result<T, DecodeError> {
        Err(fault(self.at, if self.byte().is_none() { "the end" } else { found }))
    }

    fn value(&mut self) -> Result<Node<'b>, DecodeError> {
        self.blanks();
        self.values += 1;
        if self.values > MAX_VALUES {
            let found = format!("more than {MAX_VALUES} values");
            return Err(refused(DecodeError::TOO_LARGE, self.at, found, "a smaller body"));
        }
        let start = self.at;
        let json = match self.byte() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            _ => self.word()?,
        };
        Ok(Node { range: start..self.at, json })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json<'b>, DecodeError>) -> Result<Json<'b>, DecodeError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let found = format!("more than {MAX_DEPTH} levels");
            return Err(refused(DecodeError::TOO_DEEP, self.at, found, "a value nested less deeply"));
        }
        self.at += 1;
        let json = inner(self);
        self.depth -= 1;
        json
    }

    fn word(&mut self) -> Result<Json<'b>, DecodeError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for (word, json) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(json);
            }
        }
        self.fault("no value")
    }

    fn number(&mut self) -> Result<&'b str, DecodeError> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        let leading_zero = self.byte() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return self.fault("a number that is none");
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.fault("a number that is none");
            }
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return self.fault("a number that is none");
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// A string literal; stands on its opening quote, ends behind its closing one.
    fn string(&mut self) -> Result<Literal<'b>, DecodeError> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(step) = memchr2(b'"', b'\\', rest) else {
                self.at = bytes.len();
                return self.fault("");
            };
            if let Some(control) = rest.iter().take(step).position(|byte| *byte < 0x20) {
                self.at += control;
                return self.fault("a raw control character");
            }
            self.at += step;
            if self.byte() == Some(b'"') {
                break;
            }
            escaped = true;
            self.at += 1;
            match self.byte() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    let digits = bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
                    if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                        return self.fault("an escape that is none");
                    }
                    self.at += 5;
                }
                _ => return self.fault("an escape that is none"),
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Literal { raw, escaped })
    }

    fn array(&mut self) -> Result<Json<'b>, DecodeError> {
        let mut items = Vec::new();
        let mut numbers = 0;
        self.blanks();
        if self.byte() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.blanks();
            // Numbers at the head of a list are counted; only a list that goes on with
            // something else needs them as values.
            if items.is_empty() && matches!(self.byte(), Some(b'-' | b'0'..=b'9')) {
                self.number()?;
                numbers += 1;
            } else {
                let item = self.value()?;
                if items.is_empty() {
                    self.values = self.values.saturating_add(numbers);
                    if self.values > MAX_VALUES {
                        let found = format!("more than {MAX_VALUES} values");
                        return Err(refused(DecodeError::TOO_LARGE, self.at, found, "a smaller body"));
                    }
                    let here = item.range.start;
                    items.extend((0..numbers).map(|_| Node { range: here..here, json: Json::Number("0") }));
                }
                items.push(item);
            }
            self.blanks();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(if items.is_empty() { Json::Numbers(numbers) } else { Json::Array(items) });
                }
                _ => return self.fault("a list that goes on without a comma"),
            }
        }
    }

    fn object(&mut self) -> Result<Json<'b>, DecodeError> {
        let mut entries: Vec<(Key<'b>, Node<'b>)> = Vec::new();
        self.blanks();
        if self.byte() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(entries));
        }
        loop {
            self.blanks();
            let start = self.at;
            if self.byte() != Some(b'"') {
                return self.fault("a key that is no text");
            }
            let name = self.string()?.text();
            let key = Key { name, range: start..self.at };
            self.blanks();
            if self.byte() != Some(b':') {
                return self.fault("a key without a colon");
            }
            self.at += 1;
            let value = self.value()?;
            entries.push((key, value));
            self.blanks();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    distinct(&entries)?;
                    return Ok(Json::Object(entries));
                }
                _ => return self.fault("an object that goes on without a comma"),
            }
        }
    }
}

/// Refuses a key that is given twice.
fn distinct(entries: &[(Key<'_>, Node<'_>)]) -> Result<(), DecodeError> {
    let twice = if entries.len() <= 16 {
        entries.iter().enumerate().find_map(|(index, (key, _))| {
            entries.iter().take(index).any(|(earlier, _)| earlier.name == key.name).then_some(key)
        })
    } else {
        let mut seen = BTreeSet::new();
        entries.iter().map(|(key, _)| key).find(|key| !seen.insert(key.name.as_ref()))
    };
    match twice {
        None => Ok(()),
        Some(key) => {
            let shown: String = key.name.chars().filter(|letter| !letter.is_control()).take(64).collect();
            let found = format!("the key `{shown}` twice in one object");
            Err(refused(DecodeError::DUPLICATE_KEY, key.range.start, found, "each key once"))
        }
    }
}

/// Undoes the escapes of a literal that has been checked.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut letters = escape.chars();
        let letter = letters.next().unwrap_or('\\');
        rest = letters.as_str();
        match letter {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (high, after) = unit(rest);
                rest = after;
                let low = rest.strip_prefix("\\u").map(unit).filter(|(low, _)| (0xDC00..0xE000).contains(low));
                match (high, low) {
                    (0xD800..0xDC00, Some((low, after))) => {
                        let letter = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        out.push(char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER));
                        rest = after;
                    }
                    _ => out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            same => out.push(same),
        }
    }
    out.push_str(rest);
    out
}

/// The four hexadecimal digits at the head of `rest`, and what follows them.
fn unit(rest: &str) -> (u32, &str) {
    let (digits, after) = rest.split_at_checked(4).unwrap_or((rest, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xFFFD), after)
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test may panic")]
mod tests;
