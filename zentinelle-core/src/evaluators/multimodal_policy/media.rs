//! Counts the media of a model call.
//!
//! Two sources: what the host counted (`multimodal`), and the parts of the request's body where
//! the host hands it on (`messages` in the forms of OpenAI and Anthropic, `contents` in that of
//! Gemini). The greater count of each kind is the one to judge by, so that neither hides media.

use serde_json::{Map, Value};

use crate::request::{Context, EvaluationError, Number};

const STATED: &str = "multimodal";

/// Keys of `multimodal` that are no count of a kind.
const NO_KINDS: [&str; 4] = ["images", "audio", "video", "total_media_bytes"];

/// How many media of each kind a request carries, and how large they are together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Media {
    pub(super) images: Number,
    pub(super) audio: Number,
    pub(super) video: Number,
    /// Documents, and kinds that nobody knows.
    pub(super) other: Number,
    /// Size of what is sent along; media that are only referred to have none.
    pub(super) bytes: Number,
}

/// Counts while it walks a body.
struct Count {
    media: Media,
    /// Whether the size matters, so that it is worth reading the data.
    weigh: bool,
}

impl Media {
    const NONE: Self = Self {
        images: Number::ZERO,
        audio: Number::ZERO,
        video: Number::ZERO,
        other: Number::ZERO,
        bytes: Number::ZERO,
    };

    /// What the request carries; none when it says nothing about media. Parts of the body are
    /// only weighed where asked.
    pub(super) fn of(context: &Context, weigh: bool) -> Result<Option<Self>, EvaluationError> {
        let stated = match context.raw(STATED) {
            None => None,
            // Null is a fault only where the request claims to carry media.
            Some(Value::Null) if !context.is_set("has_multimodal") => None,
            Some(Value::Object(details)) => Some(Self::stated(details)?),
            Some(other) => return Err(EvaluationError::wrong_type(STATED, "an object", other)),
        };
        let bodies = [context.get("messages"), context.get("contents")];
        if bodies.iter().all(Option::is_none) {
            return Ok(stated);
        }
        let mut count = Count { media: Self::NONE, weigh };
        for body in bodies.into_iter().flatten() {
            count.parts(body)?;
        }
        Ok(Some(stated.unwrap_or(Self::NONE).max(count.media)))
    }

    fn stated(details: &Map<String, Value>) -> Result<Self, EvaluationError> {
        let count = |key: &str| match details.get(key) {
            None => Ok(Number::ZERO),
            Some(Value::Number(number)) => match Number::from_json(number) {
                Some(count) if !count.is_negative() => Ok(count),
                _ => Err(EvaluationError::unreadable(STATED, format!("`{key}` of context `{STATED}` is negative"))),
            },
            Some(_) => Err(EvaluationError::unreadable(STATED, format!("`{key}` of context `{STATED}` is no number"))),
        };
        let mut other = Number::ZERO;
        for (key, value) in details {
            if value.is_number() && !NO_KINDS.contains(&key.as_str()) && !key.ends_with("_bytes") {
                other = other.plus(count(key)?);
            }
        }
        Ok(Self {
            images: count("images")?,
            audio: count("audio")?,
            video: count("video")?,
            other,
            bytes: count("total_media_bytes")?,
        })
    }

    fn max(self, other: Self) -> Self {
        let greater = |a: Number, b: Number| if b > a { b } else { a };
        Self {
            images: greater(self.images, other.images),
            audio: greater(self.audio, other.audio),
            video: greater(self.video, other.video),
            other: greater(self.other, other.other),
            bytes: greater(self.bytes, other.bytes),
        }
    }
}

impl Count {
    /// Walks messages, contents and their parts, nested results of tools included.
    fn parts(&mut self, value: &Value) -> Result<(), EvaluationError> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.parts(item)),
            Value::Object(part) => {
                self.part(part)?;
                let inner = ["content", "parts"].iter().filter_map(|key| part.get(*key));
                inner.into_iter().try_for_each(|inner| self.parts(inner))
            }
            _ => Ok(()),
        }
    }

    fn part(&mut self, part: &Map<String, Value>) -> Result<(), EvaluationError> {
        let text = |object: &Map<String, Value>, keys: &[&str]| {
            keys.iter().find_map(|key| object.get(*key)).and_then(Value::as_str).map(str::to_owned)
        };
        // Gemini: data or a file, with its type.
        for key in ["inlineData", "inline_data", "fileData", "file_data"] {
            if let Some(Value::Object(media)) = part.get(key) {
                self.add(Kind::of_type(&text(media, &["mimeType", "mime_type"]).unwrap_or_default()));
                self.weigh(media.get("data"))?;
            }
        }
        let kind = match part.get("type").and_then(Value::as_str).unwrap_or_default() {
            "image" | "image_url" | "input_image" => Kind::Image,
            "audio" | "input_audio" | "audio_url" => Kind::Audio,
            "video" | "video_url" | "input_video" => Kind::Video,
            "document" | "file" | "input_file" => Kind::Other,
            _ => return Ok(()),
        };
        // Anthropic: a source with type and data. OpenAI: a URL or data, bare or in an object of its own.
        let holders =
            ["source", "image_url", "input_audio", "audio_url", "video_url", "file", "file_data", "audio", "image"];
        let mut kind = kind;
        for holder in holders.iter().filter_map(|key| part.get(*key)) {
            let (media_type, data) = match holder {
                Value::String(_) => (None, Some(holder)),
                // A document given as plain text is text, and weighs what it is long.
                Value::Object(media) if media.get("type").and_then(Value::as_str) == Some("text") => {
                    let length = media.get("data").and_then(Value::as_str).map_or(0, str::len);
                    self.media.bytes = self.media.bytes.plus(Number::from(length as u64));
                    (None, None)
                }
                Value::Object(media) => (
                    text(media, &["media_type", "mime_type"]),
                    ["data", "url", "file_data"].iter().find_map(|key| media.get(*key)),
                ),
                _ => (None, None),
            };
            let in_url = data.and_then(Value::as_str).and_then(data_url).map(|(media_type, _)| media_type.to_owned());
            if let Some(media_type) = media_type.or(in_url) {
                kind = Kind::of_type(&media_type);
            }
            self.weigh(data)?;
        }
        self.add(kind);
        Ok(())
    }

    fn add(&mut self, kind: Kind) {
        let count = match kind {
            Kind::Image => &mut self.media.images,
            Kind::Audio => &mut self.media.audio,
            Kind::Video => &mut self.media.video,
            Kind::Other => &mut self.media.other,
        };
        *count = count.plus(Number::Int(1));
    }

    /// Adds the size of data that is sent along. What cannot be decoded is refused.
    fn weigh(&mut self, data: Option<&Value>) -> Result<(), EvaluationError> {
        let Some(text) = data.and_then(Value::as_str).filter(|_| self.weigh) else { return Ok(()) };
        let encoded = match data_url(text) {
            Some((_, encoded)) => encoded,
            None if text.contains("://") => return Ok(()),
            None => text,
        };
        let mut digits: i128 = 0;
        for byte in encoded.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => digits += 1,
                b'=' | b'\n' | b'\r' | b' ' | b'\t' => {}
                _ => return Err(EvaluationError::unreadable("messages", "a medium of the request is no base64")),
            }
        }
        self.media.bytes = self.media.bytes.plus(Number::Int(digits * 3 / 4));
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Image,
    Audio,
    Video,
    Other,
}

impl Kind {
    fn of_type(media_type: &str) -> Self {
        match media_type.trim().split('/').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            _ => Self::Other,
        }
    }
}

/// The media type and the encoded data of a `data:` URL.
fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.trim_start().split_once(',')?;
    let scheme = head.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    Some((head.get(5..)?.split(';').next().unwrap_or_default(), data))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn media(context: Value) -> [Number; 5] {
        let context = Context::from(context.as_object().unwrap().clone());
        let Media { images, audio, video, other, bytes } = Media::of(&context, true).unwrap().unwrap();
        [images, audio, video, other, bytes]
    }

    #[test]
    fn parts_of_every_provider_are_counted_and_measured() {
        let numbers = |numbers: [i128; 5]| numbers.map(Number::Int);
        let openai = json!({ "messages": [{ "role": "user", "content": [
            { "type": "text", "text": "look" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJDRA==" } },
            { "type": "image_url", "image_url": { "url": "https://a.test/x.png" } },
            { "type": "input_audio", "input_audio": { "data": "QUJD", "format": "wav" } },
        ] }] });
        assert_eq!(media(openai), numbers([2, 1, 0, 0, 7]));
        let anthropic = json!({ "messages": [{ "content": [{ "type": "tool_result", "content": [
            { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "QUJD" } },
            { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "QUJD" } },
        ] }] }] });
        assert_eq!(media(anthropic), numbers([1, 0, 0, 1, 6]));
        let gemini = json!({ "contents": [{ "parts": [
            { "text": "look" },
            { "inlineData": { "mimeType": "Video/mp4", "data": "QUJD" } },
            { "file_data": { "mime_type": "audio/wav", "file_uri": "gs://bucket/a.wav" } },
        ] }] });
        assert_eq!(media(gemini), numbers([0, 1, 1, 0, 3]));
    }

    #[test]
    fn a_false_count_hides_no_part_and_unknown_counts_are_a_kind() {
        let facts = json!({
            "multimodal": { "images": 0, "documents": 2, "text_bytes": 9, "total_media_bytes": 50 },
            "messages": [{ "content": [{ "type": "input_image", "image_url": "data:image/png;base64,QUJD" }] }],
        });
        assert_eq!(media(facts), [1, 0, 0, 2, 50].map(Number::Int));
    }

    #[test]
    fn data_that_is_no_base64_is_refused_where_its_size_matters() {
        let facts = json!({ "contents": { "parts": { "inline_data": { "mime_type": "image/png", "data": "%%" } } } });
        let context = Context::from(facts.as_object().unwrap().clone());
        assert!(Media::of(&context, true).is_err());
        assert!(Media::of(&context, false).is_ok());
    }
}
