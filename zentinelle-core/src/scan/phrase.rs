//! Rules about wording rather than tokens: health data, profanity, threats.

use std::ops::Range;

use super::finding::{Category, Finding, Severity};
use super::window::{ALNUM, Class, LOWER, UPPER, Window};
use super::{phi, profanity};

/// Letters of words.
pub(crate) const LETTER: Class = UPPER | LOWER;

/// A rule announced by one of its literals.
pub(crate) struct Phrase {
    pub(crate) name: &'static str,
    pub(crate) category: Category,
    pub(crate) severity: Severity,
    pub(crate) confidence: f32,
    /// Lower case; one of these stands wherever the rule matches.
    pub(crate) literals: &'static [&'static str],
    /// Given the place of a literal, answers what to report.
    pub(crate) read: fn(&Window<'_>, Range<usize>) -> Option<Range<usize>>,
}

impl Phrase {
    /// Judges the literal at `hit`, which must begin a word.
    pub(crate) fn find(&self, window: &Window<'_>, hit: Range<usize>) -> Option<Finding> {
        if window.follows(hit.start, ALNUM) {
            return None;
        }
        let span = (self.read)(window, hit)?;
        Some(Finding::new(self.category, self.name, self.severity, self.confidence, span))
    }
}

/// Every rule of this sort.
pub(crate) fn families() -> impl Iterator<Item = &'static Phrase> {
    phi::RULES.iter().chain(profanity::RULES)
}

/// The word at `at`, lower-cased into `buffer` as far as it fits.
pub(crate) fn word<'b>(window: &Window<'_>, at: usize, buffer: &'b mut [u8; 24]) -> &'b [u8] {
    let end = window.run(at, LETTER | 1 << b'-', buffer.len());
    let mut length = 0;
    for (to, from) in buffer.iter_mut().zip(window.slice(at..end)) {
        *to = from.to_ascii_lowercase();
        length += 1;
    }
    buffer.get(..length).unwrap_or_default()
}
