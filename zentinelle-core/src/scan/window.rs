//! The bounded piece of text a detector may look at.
//!
//! INVARIANT: a detector sees the text only through a [`Window`] around its anchor: at most
//! [`LOOK_BEHIND`] bytes before and [`LOOK_AHEAD`] bytes after it, and the window notes when
//! the detector asked for a byte that has not arrived yet. An answer given without such a
//! question is the same however the text goes on, which is what makes scanning a stream give
//! the findings of scanning the whole.

use std::cell::Cell;
use std::ops::Range;

/// How many bytes before its anchor a detector may read.
pub(crate) const LOOK_BEHIND: usize = 128;
/// How many bytes after its anchor a detector may read. Holds the private key block of a
/// 4096-bit RSA key, the longest thing found as one piece.
pub(crate) const LOOK_AHEAD: usize = 4096;

/// A set of ASCII bytes.
pub(crate) type Class = u128;

const fn range(from: u8, to: u8) -> Class {
    let mut class = 0;
    let mut byte = from;
    while byte <= to {
        class |= 1 << byte;
        byte += 1;
    }
    class
}
const fn one(byte: u8) -> Class {
    1 << byte
}

/// `0-9`
pub(crate) const DIGIT: Class = range(b'0', b'9');
/// `A-Z`
pub(crate) const UPPER: Class = range(b'A', b'Z');
/// `a-z`
pub(crate) const LOWER: Class = range(b'a', b'z');
/// `A-Za-z0-9`
pub(crate) const ALNUM: Class = DIGIT | UPPER | LOWER;
/// `A-Za-z0-9_`
pub(crate) const WORD: Class = ALNUM | one(b'_');
/// `A-Za-z0-9_-`, the URL alphabet of base64
pub(crate) const SLUG: Class = WORD | one(b'-');
/// `A-Za-z0-9+/`, the classic alphabet of base64
pub(crate) const B64: Class = ALNUM | one(b'+') | one(b'/');
/// Both alphabets of base64.
pub(crate) const B64_ANY: Class = B64 | SLUG;
/// `0-9A-Fa-f`
pub(crate) const HEX: Class = DIGIT | range(b'A', b'F') | range(b'a', b'f');
/// Hexadecimal digits and `-`
pub(crate) const HEX_DASH: Class = HEX | one(b'-');
/// `A-Z0-9`
pub(crate) const UPPER_DIGIT: Class = UPPER | DIGIT;
/// Letters, digits, `_`, `-`, `.`, `~`, `+`, `/`, `=`: what an authorization token is made of.
pub(crate) const TOKEN: Class = B64_ANY | one(b'.') | one(b'~') | one(b'=');
/// `A-Za-z0-9_-.`
pub(crate) const SLUG_DOT: Class = SLUG | one(b'.');
/// `A-Za-z0-9_-=`
pub(crate) const SLUG_PAD: Class = SLUG | one(b'=');
/// `A-Za-z0-9/`
pub(crate) const PATH: Class = ALNUM | one(b'/') | one(b'-') | one(b'_') | one(b'@') | one(b'.');
/// `A-Za-z0-9%+/`
pub(crate) const ESCAPED: Class = B64 | one(b'%');
/// Any printable ASCII byte but the blank.
pub(crate) const VISIBLE: Class = range(0x21, 0x7e);

/// Whether `byte` is in `class`.
#[inline]
pub(crate) const fn is(class: Class, byte: u8) -> bool {
    byte < 128 && (class >> byte) & 1 == 1
}

/// See the module.
pub(crate) struct Window<'t> {
    bytes: &'t [u8],
    floor: usize,
    ceiling: usize,
    touched_end: Cell<bool>,
}

impl<'t> Window<'t> {
    /// The window of the anchor at byte `anchor` of `text`.
    pub(crate) fn around(text: &'t str, anchor: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            floor: anchor.saturating_sub(LOOK_BEHIND),
            ceiling: anchor.saturating_add(LOOK_AHEAD),
            touched_end: Cell::new(false),
        }
    }

    /// Whether an answer may change when more text arrives.
    pub(crate) fn touched_end(&self) -> bool {
        self.touched_end.get()
    }

    /// The byte at `at`, if it is within the window and the text.
    #[inline]
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        if at < self.floor || at >= self.ceiling {
            return None;
        }
        let byte = self.bytes.get(at).copied();
        if byte.is_none() {
            self.touched_end.set(true);
        }
        byte
    }

    /// The byte before `at`.
    #[inline]
    pub(crate) fn before(&self, at: usize) -> Option<u8> {
        self.byte(at.checked_sub(1)?)
    }

    /// Whether the byte at `at` exists and is in `class`.
    #[inline]
    pub(crate) fn is(&self, at: usize, class: Class) -> bool {
        self.byte(at).is_some_and(|byte| is(class, byte))
    }

    /// Whether the byte before `at` exists and is in `class`.
    #[inline]
    pub(crate) fn follows(&self, at: usize, class: Class) -> bool {
        self.before(at).is_some_and(|byte| is(class, byte))
    }

    /// One past the last byte of the run of `class` that begins at `from`, `max` bytes at most.
    pub(crate) fn run(&self, from: usize, class: Class, max: usize) -> usize {
        let mut at = from;
        while at - from < max && self.is(at, class) {
            at += 1;
        }
        at
    }

    /// The first byte of the run of `class` that ends before `to`, `max` bytes at most.
    pub(crate) fn run_back(&self, to: usize, class: Class, max: usize) -> usize {
        let mut at = to;
        while to - at < max && self.follows(at, class) {
            at -= 1;
        }
        at
    }

    /// Skips blanks and tabs, and line ends too if `lines`, `max` bytes at most.
    pub(crate) fn skip_blanks(&self, from: usize, max: usize) -> usize {
        self.run(from, one(b' ') | one(b'\t'), max)
    }

    /// Whether `literal` (lower case) stands at `at`, letter case ignored.
    pub(crate) fn reads(&self, at: usize, literal: &str) -> bool {
        literal
            .bytes()
            .enumerate()
            .all(|(i, wanted)| self.byte(at + i).is_some_and(|byte| byte.to_ascii_lowercase() == wanted))
    }

    /// The bytes of `range`, as far as they are within the window.
    pub(crate) fn slice(&self, range: Range<usize>) -> &'t [u8] {
        let range = range.start.max(self.floor)..range.end.min(self.ceiling);
        self.bytes.get(range).unwrap_or_default()
    }

    /// Whether one of `words` (lower case) begins a word in the `reach` bytes before `at`,
    /// letter case ignored.
    pub(crate) fn mentions(&self, at: usize, reach: usize, words: &[&str]) -> bool {
        let from = at.saturating_sub(reach).max(self.floor);
        let heard = self.slice(from..at);
        let mut within_word = from.checked_sub(1).and_then(|i| self.byte(i)).is_some_and(|b| b.is_ascii_alphabetic());
        for (index, byte) in heard.iter().enumerate() {
            let is_letter = byte.is_ascii_alphabetic();
            if is_letter && !within_word {
                let rest = heard.get(index..).unwrap_or_default();
                let stands = |word: &&str| {
                    let Some((said, after)) = rest.split_at_checked(word.len()) else { return false };
                    // A short word must also end there: `sin` is not in `since`.
                    said.eq_ignore_ascii_case(word.as_bytes())
                        && (word.len() > 4 || after.first().is_none_or(|next| !next.is_ascii_alphabetic()))
                };
                if words.iter().any(stands) {
                    return true;
                }
            }
            within_word = is_letter;
        }
        false
    }
}
