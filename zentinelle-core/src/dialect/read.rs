//! Reading values of a body: typed, with the place in every error, and texts with their bytes.

use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Media, MediaKind, Part, Text};
use crate::error::Pointer;

/// Where a value stands, from the inside out; becomes a pointer only when somebody asks.
#[derive(Clone, Copy)]
pub(super) enum At<'p> {
    Root,
    Key(&'p Self, &'p str),
    Item(&'p Self, usize),
}

/// Longest pointer that is written out: a stranger's keys may be of any length, and every text
/// below them has a pointer. What is longer ends with an ellipsis. Unit: bytes.
const MAX_POINTER: usize = 512;

impl At<'_> {
    pub(super) fn pointer(&self) -> Pointer {
        let mut path = String::new();
        self.write(&mut path);
        if path.is_empty() { Pointer::ROOT } else { Pointer::from(path) }
    }

    fn write(&self, path: &mut String) {
        let (Self::Key(parent, _) | Self::Item(parent, _)) = self else { return };
        parent.write(path);
        if path.len() >= MAX_POINTER {
            return;
        }
        path.push('/');
        match self {
            Self::Root => {}
            Self::Item(_, index) => path.push_str(&index.to_string()),
            Self::Key(_, key) => {
                for letter in key.chars() {
                    match letter {
                        '~' => path.push_str("~0"),
                        '/' => path.push_str("~1"),
                        letter => path.push(letter),
                    }
                    if path.len() >= MAX_POINTER {
                        break;
                    }
                }
            }
        }
        if path.len() >= MAX_POINTER {
            path.push('\u{2026}');
        }
    }
}

/// A value of another type than the format has there.
pub(super) fn wrong(node: &Node<'_>, at: &At<'_>, expected: &'static str) -> DecodeError {
    let (code, found) = (DecodeError::WRONG_TYPE, node.kind().to_owned());
    DecodeError { code, pointer: at.pointer(), offset: Some(node.range.start), found, expected }
}

/// A key that must be there and is not.
pub(super) fn missing(at: &At<'_>, expected: &'static str) -> DecodeError {
    let (code, found) = (DecodeError::MISSING, "nothing".to_owned());
    DecodeError { code, pointer: at.pointer(), offset: None, found, expected }
}

/// An object; anything else is an error.
pub(super) fn object(node: &Node<'_>, at: &At<'_>) -> Result<(), DecodeError> {
    if node.is_object() { Ok(()) } else { Err(wrong(node, at, "an object")) }
}

/// A text with its place.
pub(super) fn text(node: &Node<'_>, at: &At<'_>) -> Result<Text, DecodeError> {
    let text = node.text().ok_or_else(|| wrong(node, at, "a text"))?;
    Ok(Text { text: text.into_owned(), pointer: at.pointer(), range: node.range.clone() })
}

/// The text under a key, if the key is there.
pub(super) fn text_at(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<Option<Text>, DecodeError> {
    node.get(key).map(|value| text(value, &At::Key(at, key))).transpose()
}

/// The name under a key, if the key is there: a text whose bytes nobody needs.
pub(super) fn name_at(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<Option<String>, DecodeError> {
    let Some(value) = node.get(key) else { return Ok(None) };
    let text = value.text().ok_or_else(|| wrong(value, &At::Key(at, key), "a text"))?;
    Ok(Some(text.into_owned()))
}

/// The whole number under a key, if the key is there.
pub(super) fn count_at(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<Option<u64>, DecodeError> {
    let Some(value) = node.get(key) else { return Ok(None) };
    let count = value.count().ok_or_else(|| wrong(value, &At::Key(at, key), "a whole number, zero or more"))?;
    Ok(Some(count))
}

/// The number under a key, if the key is there.
pub(super) fn number_at(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<Option<f64>, DecodeError> {
    let Some(value) = node.get(key) else { return Ok(None) };
    match value.json {
        Json::Number(number) => Ok(number.parse().ok()),
        _ => Err(wrong(value, &At::Key(at, key), "a number")),
    }
}

/// The flag under a key; absent is false.
pub(super) fn flag_at(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<bool, DecodeError> {
    match node.get(key) {
        None => Ok(false),
        Some(value) => match value.json {
            Json::Bool(flag) => Ok(flag),
            _ => Err(wrong(value, &At::Key(at, key), "a boolean")),
        },
    }
}

/// The list under a key; absent is empty.
pub(super) fn list_at<'n, 'b>(node: &'n Node<'b>, key: &str, at: &At<'_>) -> Result<&'n [Node<'b>], DecodeError> {
    match node.get(key) {
        None => Ok(&[]),
        Some(value) => match &value.json {
            Json::Array(items) => Ok(items),
            _ => Err(wrong(value, &At::Key(at, key), "a list")),
        },
    }
}

/// The bytes of a value as they came.
pub(super) fn raw<'b>(body: &'b [u8], node: &Node<'_>) -> &'b str {
    body.get(node.range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Names and opaque data that hold no words: scanning them only finds what is not there.
const OPAQUE: [&str; 25] = [
    "b64_json",
    "call_id",
    "content_hash",
    "data",
    "encrypted_content",
    "encrypted_index",
    "encrypted_stdout",
    "fingerprint",
    "id",
    "item_id",
    "mimeType",
    "media_type",
    "mime_type",
    "obfuscation",
    "object",
    "partial_image_b64",
    "response_id",
    "responseId",
    "role",
    "signature",
    "status",
    "system_fingerprint",
    "thoughtSignature",
    "tool_use_id",
    "type",
];

/// From this many bytes on the key of a stranger's object is a text of its own.
const LONG_KEY: usize = 24;

/// Every text in a value of unknown shape, however deep.
pub(super) fn every_text(node: &Node<'_>, at: &At<'_>, texts: &mut Vec<Text>) {
    gather(node, at, &[], texts);
}

/// The same but for ids and opaque data. Only for what a provider writes: a stranger could hide
/// words under such keys.
pub(super) fn readable_texts(node: &Node<'_>, at: &At<'_>, texts: &mut Vec<Text>) {
    gather(node, at, &OPAQUE, texts);
}

fn gather(node: &Node<'_>, at: &At<'_>, opaque: &[&str], texts: &mut Vec<Text>) {
    match &node.json {
        Json::String(literal) => {
            let text = literal.text();
            if !text.is_empty() {
                texts.push(Text { text: text.into_owned(), pointer: at.pointer(), range: node.range.clone() });
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(item, &At::Item(at, index), opaque, texts);
            }
        }
        Json::Object(entries) => {
            for (key, value) in entries {
                let at = At::Key(at, &key.name);
                if key.name.len() >= LONG_KEY {
                    let text = key.name.clone().into_owned();
                    texts.push(Text { text, pointer: at.pointer(), range: key.range.clone() });
                }
                let is_text = matches!(value.json, Json::String(_));
                if !(is_text && (opaque.contains(&key.name.as_ref()) || is_label(&key.name, value))) {
                    gather(value, &at, opaque, texts);
                }
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Numbers(_) => {}
    }
}

/// Whether a value only says of what kind its object is: one short word and nothing else.
fn is_label(key: &str, value: &Node<'_>) -> bool {
    let word = |text: &str| text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    matches!(key, "type" | "role") && value.text().is_some_and(|text| word(&text))
}

/// A part of a kind nobody knows here.
pub(super) fn unknown(kind: &str, node: &Node<'_>, at: &At<'_>) -> Part {
    let mut texts = Vec::new();
    every_text(node, at, &mut texts);
    Part::Unknown { kind: kind.to_owned(), texts }
}

impl MediaKind {
    /// The kind a media type belongs to.
    pub(super) fn of_mime(mime: &str) -> Self {
        match mime.trim().split('/').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            "text" | "application" => Self::Document,
            _ => Self::Other,
        }
    }
}

impl Media {
    /// A medium whose data is behind a URL or an id.
    pub(super) fn referred(kind: MediaKind, mime: Option<String>, reference: String, at: &At<'_>) -> Self {
        Self { kind, mime, bytes: None, reference: Some(reference), detail: None, pointer: at.pointer() }
    }

    /// A medium whose data stands in the body, in base64.
    ///
    /// # Errors
    /// When it is no base64: what cannot be decoded cannot be weighed.
    pub(super) fn encoded(
        kind: MediaKind,
        mime: Option<String>,
        data: &str,
        node: &Node<'_>,
        at: &At<'_>,
    ) -> Result<Self, DecodeError> {
        let bytes = decoded_length(data).ok_or_else(|| {
            let mut error = wrong(node, at, "base64");
            error.found = "a text that is no base64".to_owned();
            error
        })?;
        Ok(Self { kind, mime, bytes: Some(bytes), reference: None, detail: None, pointer: at.pointer() })
    }

    /// A medium given as a `data:` URL, a URL or bare base64.
    pub(super) fn from_url(kind: MediaKind, node: &Node<'_>, at: &At<'_>) -> Result<Self, DecodeError> {
        let url = node.text().ok_or_else(|| wrong(node, at, "a text"))?;
        match data_url(&url) {
            Some((mime, data)) => {
                let mime = (!mime.is_empty()).then(|| mime.to_owned());
                let kind = mime.as_deref().map_or(kind, MediaKind::of_mime);
                Self::encoded(kind, mime, data, node, at)
            }
            None => Ok(Self::referred(kind, None, url.into_owned(), at)),
        }
    }
}

/// The media type and the data of a `data:` URL.
pub(super) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.trim_start().split_once(',')?;
    let (scheme, rest) = head.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    Some((rest.split(';').next().unwrap_or_default(), data))
}

/// How many bytes base64 text stands for, if it is such text.
fn decoded_length(data: &str) -> Option<u64> {
    let mut digits: u64 = 0;
    for byte in data.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => digits += 1,
            b'=' | b'\n' | b'\r' | b' ' | b'\t' => {}
            _ => return None,
        }
    }
    Some(digits * 3 / 4)
}

#[cfg(test)]
mod tests {
    use super::super::json_spans::parse;
    use super::*;

    #[test]
    fn every_text_of_a_strange_value_is_found_and_opaque_data_is_not() {
        let body =
            br#"{"type": "x", "rows": [{"a": "one"}, "two"], "signature": "abc", "a key as long as a sentence": 1}"#;
        let mut texts = Vec::new();
        readable_texts(&parse(body).unwrap(), &At::Root, &mut texts);
        let found: Vec<_> = texts.iter().map(|text| (text.text.as_str(), text.pointer.as_str())).collect();
        assert_eq!(
            found,
            [("one", "/rows/0/a"), ("two", "/rows/1"), ("a key as long as a sentence", "/a key as long as a sentence")]
        );
    }

    #[test]
    fn pointers_of_long_keys_are_cut_short() {
        let body = format!(r#"{{"{}": {{"a": [1, "x"]}}, "b~/c": "y"}}"#, "k".repeat(100_000));
        let mut texts = Vec::new();
        every_text(&parse(body.as_bytes()).unwrap(), &At::Root, &mut texts);
        assert!(texts.iter().all(|text| text.pointer.as_str().len() < MAX_POINTER + 10));
        assert_eq!(texts.last().unwrap().pointer.as_str(), "/b~0~1c");
    }

    #[test]
    fn media_are_weighed_by_their_data() {
        let of = |body: &'static str| {
            let node = parse(body.as_bytes()).unwrap();
            Media::from_url(MediaKind::Image, &node, &At::Root)
        };
        let media = of(r#""data:image/png;base64,QUJDRA==""#).unwrap();
        assert_eq!((media.kind, media.mime.as_deref(), media.bytes), (MediaKind::Image, Some("image/png"), Some(4)));
        assert_eq!(of(r#""https://a.test/x.png""#).unwrap().bytes, None);
        assert_eq!(of(r#""data:image/png;base64,<svg>""#).unwrap_err().expected, "base64");
    }
}
