//! Secrets recognised by how they are written down rather than by their own form.

use std::ops::Range;

use super::super::window::{ALNUM, B64, Class, LOWER, SLUG, SLUG_DOT, TOKEN, UPPER_DIGIT, VISIBLE, WORD, Window, is};
use super::judge;

/// Most bytes a quoted value may have.
const MAX_VALUE: usize = 256;
/// Most bytes an address may have.
const MAX_ADDRESS: usize = 512;
/// Most bytes of an authorization value.
const MAX_TOKEN: usize = 2048;
const QUOTES: &[u8] = b"'\"`";

/// After a key that ends at `at`: its closing quote if any, then `=` or `:` amid blanks.
fn assignment(window: &Window<'_>, mut at: usize) -> Option<usize> {
    // In a text that quotes JSON, the quote itself is escaped.
    if window.byte(at) == Some(b'\\') {
        at += 1;
    }
    if window.byte(at).is_some_and(|byte| QUOTES.contains(&byte)) {
        at += 1;
    }
    at = window.skip_blanks(at, 16);
    if !matches!(window.byte(at)?, b'=' | b':') {
        return None;
    }
    // `:=` and `=>` assign as well.
    at += 1;
    if matches!(window.byte(at), Some(b'=' | b'>')) {
        at += 1;
    }
    Some(window.skip_blanks(at, 16))
}

/// The inside of the quoted value that begins at `at`, if it ends on the same line.
fn quoted(window: &Window<'_>, at: usize) -> Option<Range<usize>> {
    let open = if window.byte(at) == Some(b'\\') { at + 1 } else { at };
    let quote = window.byte(open).filter(|byte| QUOTES.contains(byte))?;
    let start = open + 1;
    let mut end = start;
    while end - start <= MAX_VALUE {
        match window.byte(end)? {
            b'\n' | b'\r' => return None,
            byte if byte == quote => {
                let end = if window.before(end) == Some(b'\\') && open > at { end - 1 } else { end };
                return Some(start..end);
            }
            _ => end += 1,
        }
    }
    None
}

/// `password = "…"`: the value.
pub(super) fn password(window: &Window<'_>, key: Range<usize>) -> Option<Range<usize>> {
    let value = quoted(window, assignment(window, key.end)?)?;
    (!value.is_empty() && !judge::is_placeholder(window.slice(value.clone()))).then_some(value)
}

/// `api_key: "…"` of at least 16 bytes: the value.
pub(super) fn api_key(window: &Window<'_>, key: Range<usize>) -> Option<Range<usize>> {
    let value = quoted(window, assignment(window, key.end)?)?;
    let text = window.slice(value.clone());
    (text.len() >= 16 && text.iter().all(|byte| is(VISIBLE, *byte)) && !judge::is_placeholder(text)).then_some(value)
}

/// Where the credentials of an authorization header with `scheme` begin.
fn header(window: &Window<'_>, name: Range<usize>, scheme: &str) -> Option<usize> {
    let mut at = assignment(window, name.end)?;
    if window.byte(at) == Some(b'\\') {
        at += 1;
    }
    if window.byte(at).is_some_and(|byte| QUOTES.contains(&byte)) {
        at += 1;
    }
    if !window.reads(at, scheme) {
        return None;
    }
    let end = at + scheme.len();
    let value = window.skip_blanks(end, 16);
    (value > end).then_some(value)
}

/// `Authorization: Basic …`: the credentials.
pub(super) fn basic_header(window: &Window<'_>, name: Range<usize>) -> Option<Range<usize>> {
    let start = header(window, name, "basic")?;
    let mut end = window.run(start, B64, MAX_TOKEN);
    if end == start {
        return None;
    }
    end = window.run(end, 1 << b'=', 2);
    Some(start..end)
}

/// `Authorization: Bearer …`: the token, whatever it looks like.
pub(super) fn bearer_header(window: &Window<'_>, name: Range<usize>) -> Option<Range<usize>> {
    let start = header(window, name, "bearer")?;
    let end = window.run(start, TOKEN, MAX_TOKEN);
    (end > start).then_some(start..end)
}

/// `Bearer …` anywhere: the token, if it looks like one and not like prose.
pub(super) fn bearer(window: &Window<'_>, word: Range<usize>) -> Option<Range<usize>> {
    if window.follows(word.start, WORD) {
        return None;
    }
    let start = window.skip_blanks(word.end, 16);
    if start == word.end {
        return None;
    }
    let end = window.run(start, TOKEN, MAX_TOKEN);
    judge::is_token_like(window.slice(start..end)).then_some(start..end)
}

fn address_end(window: &Window<'_>, from: usize) -> usize {
    let mut at = from;
    while at - from < MAX_ADDRESS
        && window
            .byte(at)
            .is_some_and(|byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"'\"`<>".contains(&byte))
    {
        at += 1;
    }
    at
}

/// A data store's address that holds a password: all of it.
pub(super) fn connection(window: &Window<'_>, scheme: Range<usize>) -> Option<Range<usize>> {
    if window.follows(scheme.start, ALNUM) {
        return None;
    }
    let end = address_end(window, scheme.end);
    password_in(window.slice(scheme.end..end))?;
    Some(scheme.start..end)
}

/// A data store's address, with a password or without: even that tells where the data is.
pub(super) fn connection_address(window: &Window<'_>, scheme: Range<usize>) -> Option<Range<usize>> {
    if window.follows(scheme.start, ALNUM) {
        return None;
    }
    let end = address_end(window, scheme.end);
    (end > scheme.end).then_some(scheme.start..end)
}

/// Where the password of `user:password@host` stands.
fn password_in(address: &[u8]) -> Option<Range<usize>> {
    let authority = address.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(address.len());
    // A password may itself hold an `@`, and often an unescaped slash: the last `@` counts.
    let at = memchr::memrchr(b'@', address.get(..authority)?).or_else(|| memchr::memchr(b'@', address))?;
    let colon = memchr::memchr(b':', address.get(..at)?)?;
    let slash = memchr::memchr(b'/', address).unwrap_or(at);
    (colon < slash && colon + 1 < at && !judge::is_placeholder(address.get(colon + 1..at)?)).then_some(colon + 1..at)
}

/// `https://user:password@host`: the password.
pub(super) fn url_password(window: &Window<'_>, scheme: Range<usize>) -> Option<Range<usize>> {
    // Most addresses have no password; the host part alone decides.
    let host: Class = SLUG_DOT | 1 << b':' | 1 << b'%' | 1 << b'+' | 1 << b'~' | 1 << b'!' | 1 << b'$' | 1 << b'*';
    let end = window.run(scheme.end, host, 256);
    if window.byte(end) != Some(b'@') {
        return None;
    }
    let inside = password_in(window.slice(scheme.end..end + 1))?;
    Some(scheme.end + inside.start..scheme.end + inside.end)
}

/// The begin line of a private key, with the block that follows it as far as it has come.
pub(super) fn private_key(window: &Window<'_>, begin: Range<usize>) -> Option<Range<usize>> {
    let words = window.run(begin.end, UPPER_DIGIT | LOWER | 1 << b' ', 48);
    let label = window.slice(begin.end..words).to_ascii_uppercase();
    let is_private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    if !is_private || !window.reads(words, "-----") {
        return None;
    }
    let header = words + 5;
    let body: Class = B64
        | 1 << b'='
        | 1 << b' '
        | 1 << b'\n'
        | 1 << b'\r'
        | 1 << b'\t'
        | 1 << b'\\'
        | 1 << b':'
        | 1 << b','
        | 1 << b'-'
        | 1 << b'('
        | 1 << b')'
        | 1 << b'.';
    let mut at = header;
    // INVARIANT: `covered` only ever ends after what belongs to the key.
    let mut covered = header;
    let mut word = header;
    loop {
        if window.reads(at, "-----") {
            if window.reads(at, "-----end") {
                let tail = window.run(at + 8, UPPER_DIGIT | LOWER | 1 << b' ', 48);
                covered = window.run(tail, 1 << b'-', 5);
            }
            break;
        }
        let Some(byte) = window.byte(at).filter(|byte| is(body, *byte)) else {
            if at - word >= 16 {
                covered = at;
            }
            break;
        };
        at += 1;
        // Prose after a header that is only being talked about is not part of a key.
        if is(B64 | 1 << b'=', byte) {
            if at - word >= 24 {
                covered = at;
            }
        } else {
            word = at;
        }
    }
    Some(begin.start..covered)
}

/// A JSON web token: two parts that begin like encoded JSON, and a signature that may be empty.
pub(super) fn jwt(window: &Window<'_>, begin: Range<usize>) -> Option<Range<usize>> {
    if window.follows(begin.start, SLUG) {
        return None;
    }
    let header = window.run(begin.end, SLUG, 1024);
    if window.byte(header) != Some(b'.') || !window.reads(header + 1, "eyj") {
        return None;
    }
    let mut end = window.run(header + 4, SLUG, 2048);
    if end == header + 4 {
        return None;
    }
    if window.byte(end) == Some(b'.') {
        let signature = window.run(end + 1, SLUG, 700);
        // A full stop that ends a sentence is not a third part, but an empty signature is one.
        end = if signature > end + 1 { signature } else { end };
    }
    Some(begin.start..end)
}

/// A Telegram bot token: `<bot id>:AA…`.
pub(super) fn telegram(window: &Window<'_>, colon: Range<usize>) -> Option<Range<usize>> {
    let start = window.run_back(colon.start, super::super::window::DIGIT, 11);
    let end = window.run(colon.end, SLUG, 40);
    ((8..=10).contains(&(colon.start - start)) && end - colon.end == 33 && !window.follows(start, ALNUM))
        .then_some(start..end)
}

/// A Terraform Cloud token: fourteen letters, `.atlasv1.`, and sixty or more.
pub(super) fn terraform(window: &Window<'_>, middle: Range<usize>) -> Option<Range<usize>> {
    let start = window.run_back(middle.start, ALNUM, 14);
    let end = window.run(middle.end, SLUG, 80);
    (middle.start - start == 14 && end - middle.end >= 60).then_some(start..end)
}

/// An Entra client secret: three characters, a digit, `Q~`, and 31 to 34 more.
pub(super) fn entra_secret(window: &Window<'_>, middle: Range<usize>) -> Option<Range<usize>> {
    let class = SLUG_DOT | 1 << b'~';
    let start = window.run_back(middle.start, class, 4);
    let end = window.run(middle.end, class, 40);
    let fits = middle.start - start == 3 && (31..=34).contains(&(end - middle.end));
    (fits && window.slice(middle).ends_with(b"Q~")).then_some(start..end)
}
