//! How many tokens a call holds, at most.
//!
//! Where the model's tokenizer is public the host plugs it in and texts are counted. Everywhere
//! else a text is estimated so that prose, code, numbers and other scripts come out at or above
//! what the vendors' tokenizers make of them:
//!
//! | in the text | tokens |
//! | --- | --- |
//! | a run of lower-case letters, with a capital before it | one for every four letters, at least one |
//! | letters of mixed case or with digits among them, such as keys and base64 | one for every two |
//! | a digit | one |
//! | a sign | one |
//! | one blank between words | none |
//! | any other run of blanks, a line end | one for every four, at least one |
//! | any other letter | its bytes in UTF-8 less one |
//!
//! It never exceeds the bytes of the text, which no byte-level tokenizer can.
//!
//! Around the texts: 8 tokens for a message, 8 for a part, 16 for a tool and its schema as text,
//! 350 for the instructions a vendor adds where there is any tool, 64 for the call.
//!
//! Media, the most the vendors' own formulae give for one of any size:
//!
//! | vendor | image | sound | film | document |
//! | --- | --- | --- | --- | --- |
//! | OpenAI | 1,445 (85 and 170 for each of 8 tiles), 48,169 for the small models that count 33 times as many, 10,000 for those that take originals, 85 or 2,833 at low detail | bytes / 100 | as film of Google's | bytes / 2, at least 4,600 |
//! | Anthropic | 4,784 | as OpenAI's | as OpenAI's | as OpenAI's |
//! | Google | 6,192 (258 for each of 24 tiles), 2,240 at the highest stated resolution | bytes / 100 | bytes / 20 | as OpenAI's |
//!
//! A medium behind a URL or an id counts as an image, or as 100,000 where it is longer than one.

use super::call::Call;
use super::model::{Media, MediaKind, Part, ToolResult};
use super::route::Dialect;

const PER_CALL: u64 = 64;
const PER_MESSAGE: u64 = 8;
const PER_PART: u64 = 8;
const PER_TOOL: u64 = 16;
const FOR_TOOLS: u64 = 350;
/// What a medium counts whose length nobody here knows.
const UNKNOWN_LENGTH: u64 = 100_000;
const SMALLEST_DOCUMENT: u64 = 4_600;

/// Counts the tokens of one text the way a model does.
pub trait CountTokens {
    /// The number of tokens in `text`, without any structure around it.
    fn count(&self, text: &str) -> u64;
}

impl<F: Fn(&str) -> u64> CountTokens for F {
    fn count(&self, text: &str) -> u64 {
        self(text)
    }
}

/// How many tokens a call holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenEstimate {
    /// Upper estimate of the input tokens.
    pub input: u64,
    /// The part of `input` that is images, sound, film and documents.
    pub media: u64,
    /// Whether texts were counted by a tokenizer rather than estimated.
    pub counted: bool,
}

impl Call {
    /// How many tokens the call holds at most, by the rules of the module `estimate`. `counter`
    /// counts the tokens of one text exactly where the model's tokenizer is public; without it an
    /// upper estimate is used. Content the provider adds ([`Call::unseen`]) is not in it.
    #[must_use]
    pub fn estimate(&self, counter: Option<&dyn CountTokens>) -> TokenEstimate {
        let count = |text: &str| counter.map_or_else(|| estimate_text(text), |counter| counter.count(text));
        let mut tokens = PER_CALL.saturating_add(self.token_ids);
        let mut add = |more: u64| tokens = tokens.saturating_add(more);
        for text in &self.system {
            add(count(&text.text).saturating_add(PER_MESSAGE));
        }
        for message in &self.messages {
            add(PER_MESSAGE);
            message.parts.iter().for_each(|part| add(part_tokens(part, &count)));
        }
        for tool in &self.tools {
            let described = tool.description.as_ref().map_or(0, |text| count(&text.text));
            let schema = tool.schema.as_ref().map_or(0, |schema| count(&schema.to_string()));
            add(PER_TOOL.saturating_add(count(&tool.name)).saturating_add(described).saturating_add(schema));
        }
        if !self.tools.is_empty() {
            add(FOR_TOOLS);
        }
        let model = self.model.as_deref().unwrap_or_default();
        let media: u64 = self.media().into_iter().map(|medium| media_tokens(self.route.dialect, model, medium)).sum();
        TokenEstimate { input: tokens.saturating_add(media), media, counted: counter.is_some() }
    }
}

/// The tokens of a part but for its media.
fn part_tokens(part: &Part, count: &impl Fn(&str) -> u64) -> u64 {
    let inner = match part {
        Part::Text(text) | Part::Reasoning(text) => count(&text.text),
        Part::ToolUse(call) => count(&call.name).saturating_add(count(&call.arguments)),
        Part::ToolResult(ToolResult { parts, .. }) => parts.iter().map(|part| part_tokens(part, count)).sum(),
        Part::Document { texts, .. } | Part::Unknown { texts, .. } => {
            texts.iter().map(|text| count(&text.text).saturating_add(PER_PART)).sum()
        }
        Part::Media(_) => 0,
    };
    inner.saturating_add(PER_PART)
}

/// The most tokens one medium can count.
fn media_tokens(dialect: Dialect, model: &str, media: &Media) -> u64 {
    let image = match dialect {
        Dialect::OpenAi => {
            let low = media.detail.as_deref() == Some("low");
            let name = model.rsplit('/').next().unwrap_or_default();
            match (name.starts_with("gpt-4o-mini"), low) {
                (true, true) => 2_833,
                (true, false) => 48_169,
                (false, true) => 85,
                (false, false) if is_tiled(name) => 1_445,
                (false, false) => 10_000,
            }
        }
        Dialect::Anthropic => 4_784,
        Dialect::Google => match media.detail.as_deref() {
            Some(stated) if stated.to_ascii_uppercase().contains("HIGH") => 2_240,
            _ => 6_192,
        },
    };
    match (media.kind, media.bytes) {
        (MediaKind::Image, _) => image,
        (_, None) => UNKNOWN_LENGTH,
        (MediaKind::Audio, Some(bytes)) => bytes / 100 + 1,
        (MediaKind::Video, Some(bytes)) => bytes / 20 + image,
        (MediaKind::Document | MediaKind::Other, Some(bytes)) => (bytes / 2).max(SMALLEST_DOCUMENT),
    }
}

/// Models that count an image by its tiles.
fn is_tiled(name: &str) -> bool {
    ["gpt-4o", "gpt-4-", "gpt-4.5", "chatgpt-4o", "o1", "o3"].iter().any(|prefix| name.starts_with(prefix))
        || name == "gpt-4.1"
        || name.starts_with("gpt-4.1-2")
}

/// What a byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    Other,
}

/// The upper estimate of one text; see the module.
#[must_use]
pub fn estimate_text(text: &str) -> u64 {
    let mut tokens: u64 = 0;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let class = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => Class::Word,
            b' ' | b'\t' | b'\n' | b'\r' => Class::Blank,
            _ => Class::Other,
        };
        let mut run = 1;
        let mut changes = u64::from(byte.is_ascii_digit());
        let mut digits = u64::from(byte.is_ascii_digit());
        let here = class(byte);
        if here == Class::Other {
            // A continuation byte is a token of its own, the first byte of a letter is not.
            tokens += u64::from(byte < 0xC0);
            continue;
        }
        let mut last = byte;
        while let Some(next) = bytes.next_if(|next| class(*next) == here) {
            run += 1;
            digits += u64::from(next.is_ascii_digit());
            // A capital after the first letter, or a digit, makes a word no word.
            changes += u64::from(next.is_ascii_digit() || (next.is_ascii_uppercase() && last.is_ascii_lowercase()));
            last = next;
        }
        tokens += match here {
            Class::Blank if run == 1 && byte == b' ' => 0,
            Class::Blank => 1 + run / 4,
            _ if digits == run => digits,
            _ if changes > 0 => (1 + run / 2).max(digits).min(run),
            _ => 1 + (run - 1) / 4,
        };
    }
    tokens.min(u64::try_from(text.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_estimated_at_or_above_what_tokenizers_make_of_them() {
        // The greatest count of the public tokenizers (cl100k, o200k) for each.
        for (text, counted) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("internationalization", 3),
            ("fn main() { println!(\"{}\", 12345); }", 14),
            ("1234567890", 4),
            ("AKIAIOSFODNN7EXAMPLE", 10),
            ("    return x\n\n", 4),
            ("\u{4f60}\u{597d}\u{4e16}\u{754c}", 5),
            ("\u{1f600}\u{1f600}", 4),
            ("", 0),
        ] {
            let estimate = estimate_text(text);
            assert!(estimate >= counted, "{text:?}: {estimate} under {counted}");
            assert!(estimate <= text.len() as u64, "{text:?}");
        }
    }

    #[test]
    fn prose_is_not_estimated_at_more_than_twice_its_tokens() {
        let prose = "Policies, request, counters and the time go in; a decision comes out. There is no clock inside. ";
        let estimate = estimate_text(&prose.repeat(10));
        assert!((210..420).contains(&estimate), "{estimate}");
    }
}
