//! The small language the table of tokens is written in.
//!
//! A shape is read once from left to right without going back, so its cost is the length of
//! the token. That is enough for every vendor's format and needs nothing to be compiled when
//! the process starts.

use super::super::window::{Class, Window};

/// A piece of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// This text, letter case and all.
    Text(&'static str),
    /// Between `min` and `max` bytes of a class, as many as there are.
    Run(Class, usize, usize),
    /// These parts, if they are there.
    Maybe(&'static [Part]),
}

/// Exactly `n` bytes of `class`.
pub(crate) const fn exactly(class: Class, n: usize) -> Part {
    Part::Run(class, n, n)
}

/// At least `n` bytes of `class`, up to 256 more.
pub(crate) const fn at_least(class: Class, n: usize) -> Part {
    Part::Run(class, n, n + 256)
}

/// Matches `parts` at byte `at`; answers where they end.
pub(crate) fn match_shape(window: &Window<'_>, mut at: usize, parts: &[Part]) -> Option<usize> {
    for (index, part) in parts.iter().enumerate() {
        match *part {
            Part::Text(text) => {
                for wanted in text.bytes() {
                    if window.byte(at)? != wanted {
                        return None;
                    }
                    at += 1;
                }
            }
            Part::Run(class, min, max) => {
                let end = window.run(at, class, max);
                if end - at < min {
                    return None;
                }
                // A token of fixed length that goes on is something else.
                if min == max && index + 1 == parts.len() && window.is(end, class) {
                    return None;
                }
                at = end;
            }
            Part::Maybe(inner) => at = match_shape(window, at, inner).unwrap_or(at),
        }
    }
    Some(at)
}
