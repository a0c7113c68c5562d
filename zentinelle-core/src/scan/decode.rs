//! One level of decoding: base64, hexadecimal, percent escapes, character entities.

use std::ops::Range;

use super::view::View;
use super::window::{B64, HEX, SLUG, is};

/// Fewest readable bytes for something decoded to count as text.
const READABLE: usize = 12;

/// What the run at `run` of `text` reads as when decoded, if that is text.
pub(crate) fn decode_run(text: &str, run: Range<usize>) -> Option<View> {
    let bytes = text.as_bytes().get(run.clone())?;
    if bytes.iter().all(|byte| is(HEX, *byte)) {
        return from_hex(bytes, run.start);
    }
    // The run may have swallowed something before the encoded text, so try each alignment.
    (0..4).find_map(|skip| from_base64(bytes.get(skip..)?, run.start + skip))
}

fn from_hex(bytes: &[u8], at: usize) -> Option<View> {
    let mut decoded = Vec::with_capacity(bytes.len() / 2);
    for pair in bytes.chunks_exact(2) {
        let [high, low] = pair else { break };
        decoded.push(hex_value(*high)? << 4 | hex_value(*low)?);
    }
    readable(&decoded, |byte| at + byte * 2..at + byte * 2 + 2)
}

fn from_base64(bytes: &[u8], at: usize) -> Option<View> {
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3 + 2);
    for group in bytes.chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            bits = bits << 6 | base64_value(*byte)?;
        }
        let [_, first, second, third] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        decoded.extend_from_slice([first, second, third].get(..group.len() - 1).unwrap_or_default());
        // Binary data shows itself at once; do not decode all of it.
        if decoded.len() == READABLE && !decoded.iter().all(|byte| is_readable(*byte)) {
            return None;
        }
    }
    readable(&decoded, |byte| {
        let start = at + byte / 3 * 4 + byte % 3;
        start..start + 2
    })
}

fn is_readable(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The leading part of `decoded` that is text; `source` gives where a decoded byte stood.
fn readable(decoded: &[u8], source: impl Fn(usize) -> Range<usize>) -> Option<View> {
    let length = decoded.iter().position(|byte| !is_readable(*byte)).unwrap_or(decoded.len());
    let head = decoded.get(..length)?;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    // Bytes that merely happen to be UTF-8 are rarely mostly ASCII.
    let ascii = text.bytes().filter(u8::is_ascii).count();
    if text.len() < READABLE || ascii * 2 < text.len() {
        return None;
    }
    let mut view = View::default();
    for (at, character) in text.char_indices() {
        view.push(character, source(at).start..source(at + character.len_utf8() - 1).end);
    }
    Some(view)
}

fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn base64_value(byte: u8) -> Option<u32> {
    if !is(B64 | SLUG, byte) {
        return None;
    }
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    }))
}

/// Longest entity that is read, in bytes.
const LONGEST_ENTITY: usize = 10;

/// How many bytes after its first byte decide whether an escape is one.
pub(crate) const ESCAPE_REACH: usize = LONGEST_ENTITY;

/// The length of the escape at byte `at`: `%41`, `&#65;`, `&#x41;`, `&amp;`.
pub(crate) fn escape_at(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'%' => bytes.get(at + 1..at + 3)?.iter().all(|byte| is(HEX, *byte)).then_some(3),
        b'&' => entity_at(bytes, at).map(|(length, _)| length),
        _ => None,
    }
}

fn entity_at(bytes: &[u8], at: usize) -> Option<(usize, char)> {
    let rest = bytes.get(at + 1..)?;
    let end = rest.iter().take(LONGEST_ENTITY).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(rest.get(..end)?).ok()?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())?
        }
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" | "Tab" => ' ',
            "NewLine" => '\n',
            "colon" => ':',
            "equals" => '=',
            "commat" => '@',
            "lowbar" => '_',
            "hyphen" | "dash" => '-',
            "period" => '.',
            "sol" => '/',
            "shy" | "zwnj" | "zwj" => '\u{200b}',
            _ => return None,
        },
    };
    Some((end + 2, character))
}

/// `text` with its escapes resolved, or `None` if it has none.
pub(crate) fn unescape(text: &str) -> Option<View> {
    let bytes = text.as_bytes();
    let mut view: Option<View> = None;
    let mut done = 0;
    for at in memchr::memchr2_iter(b'%', b'&', bytes) {
        if at < done {
            continue;
        }
        if let Some((length, character)) = entity_at(bytes, at).filter(|_| bytes.get(at) == Some(&b'&')) {
            let view = view.get_or_insert_default();
            view.push_literal(text.get(done..at).unwrap_or_default(), done);
            view.push(character, at..at + length);
            done = at + length;
        } else if let Some((length, character)) = percent_at(bytes, at) {
            let view = view.get_or_insert_default();
            view.push_literal(text.get(done..at).unwrap_or_default(), done);
            view.push(character, at..at + length);
            done = at + length;
        }
    }
    let mut view = view?;
    view.push_literal(text.get(done..).unwrap_or_default(), done);
    Some(view)
}

/// The character whose UTF-8 bytes are escaped at `at`, and the length of the escapes.
fn percent_at(bytes: &[u8], at: usize) -> Option<(usize, char)> {
    let mut buffer = [0_u8; 4];
    for index in 0..buffer.len() {
        let [b'%', high, low] = bytes.get(at + index * 3..at + index * 3 + 3)? else { return None };
        *buffer.get_mut(index)? = hex_value(*high)? << 4 | hex_value(*low)?;
        if let Ok(text) = std::str::from_utf8(buffer.get(..=index)?) {
            return text.chars().next().map(|character| ((index + 1) * 3, character));
        }
    }
    None
}
