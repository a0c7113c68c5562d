//! The walk over a text that finds anchors and asks the detectors about them.
//!
//! An anchor is a cheap sign that something may stand here: a literal of a rule, an `@`, the
//! first digit of a word, a long run of token characters. A detector judges an anchor through
//! a bounded [`Window`]; an anchor whose window reaches past the text that has come waits.
//! So the findings of a text are a plain union over its anchors, and do not depend on the
//! pieces in which the text came. A whole text is a stream of one piece.
//!
//! What is hidden (invisible characters, lookalikes, escapes, encodings) is cut out as a
//! bounded stretch around it, rewritten, and scanned as a small text of its own.

use std::ops::Range;
use std::sync::LazyLock;

use super::Detectors;
use super::decode::{ESCAPE_REACH, decode_run, escape_at, unescape};
use super::finding::{Category, Finding};
use super::lookalikes::{is_invisible, is_styled, latin};
use super::normalise::normalise;
use super::prefilter::{Hit, Prefilter};
use super::runs::{PIECE, Runs};
use super::stretch::{LEAD, Stretches};
use super::view::View;
use super::window::{B64_ANY, LOOK_AHEAD, Window};
use super::{phrase, pii, secrets};

/// The literals of the built-in rules, secrets first. Shared by every scanner and built when
/// the first of them meets a text.
static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| {
    let secrets = secrets::RULES.iter().map(|rule| rule.literals);
    Prefilter::new(secrets.chain(phrase::families().map(|phrase| phrase.literals)))
});

/// How far before its anchor a finding may begin: the local part of an e-mail address.
const REACH_BACK: usize = 64;
/// How far before the end of the text something not yet recognisable may have begun.
const TAIL: usize = LEAD + ESCAPE_REACH + 6;
/// The most that can be undecided: a window, or a stretch, and what lies before it.
pub(crate) const MAX_UNDECIDED: usize = LOOK_AHEAD + REACH_BACK + TAIL;

#[derive(Clone, Debug)]
enum Anchor {
    Literal(Hit),
    At(usize),
    Digit(usize),
    Run(usize),
}

impl Anchor {
    const fn at(&self) -> usize {
        match self {
            Self::Literal(hit) => hit.span.start,
            Self::At(at) | Self::Digit(at) | Self::Run(at) => *at,
        }
    }
}

/// See the module. All places are bytes of the text as it is handed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engine {
    /// Findings so far, unsorted, overlaps unresolved.
    pub(crate) found: Vec<Finding>,
    /// How far literals, `@` and digits have been looked for.
    seen: usize,
    /// Anchors that wait for more text.
    pending: Vec<Anchor>,
    runs: Runs,
    /// How far hidden characters and escapes have been looked for.
    characters_seen: usize,
    escapes_seen: usize,
    characters: Stretches,
    escapes: Stretches,
    /// Whether this text is itself a view; one level of decoding is enough.
    is_view: bool,
}

impl Engine {
    /// Goes on to the end of `text`, of which more has come than last time. `last` says that
    /// nothing will follow.
    pub(crate) fn advance(&mut self, detectors: &Detectors, text: &str, last: bool) {
        for anchor in std::mem::take(&mut self.pending) {
            self.judge(detectors, text, anchor, last);
        }
        let bytes = text.as_bytes();
        let from = self.seen;
        self.seen = bytes.len();
        if detectors.any_of(&[Category::Secret, Category::Phi, Category::Profanity]) {
            PREFILTER.hits(text, from, |hit| self.judge(detectors, text, Anchor::Literal(hit), last));
        }
        if detectors.has(Category::Pii) {
            for at in memchr::memchr_iter(b'@', bytes.get(from..).unwrap_or_default()) {
                self.judge(detectors, text, Anchor::At(from + at), last);
            }
            first_digits(bytes, from, |at| self.judge(detectors, text, Anchor::Digit(at), last));
        }
        if detectors.has(Category::Secret) || !self.is_view {
            let mut runs = std::mem::take(&mut self.runs);
            runs.advance(bytes, |at| self.judge(detectors, text, Anchor::Run(at), last));
            self.runs = runs;
        }
        if !self.is_view {
            self.uncover(detectors, text, last);
        }
    }

    /// Every finding that begins before this byte is known.
    pub(crate) fn settled(&self) -> usize {
        let waiting = self.pending.iter().map(|anchor| anchor.at().saturating_sub(REACH_BACK));
        let open = [self.characters.open_from(), self.escapes.open_from()].into_iter().flatten();
        waiting.chain(open).chain([self.seen.saturating_sub(TAIL)]).min().unwrap_or(0)
    }

    /// No finding begins before this byte, unless characters or escapes that have not come yet hide
    /// one that begins in an earlier word than they stand in. What waits behind it shows a sign:
    /// an anchor, something hidden, the beginning of a phrase, or a word that may go on.
    pub(crate) fn unsuspected(&self, text: &str) -> usize {
        let word = |at: usize| {
            let before = text.as_bytes().get(..at).unwrap_or_default().iter().rev().take(REACH_BACK);
            let start = at - before.take_while(|byte| !byte.is_ascii_whitespace()).count();
            // Two capitals may be the head of a British insurance number written in pairs.
            match text.as_bytes().get(..start) {
                Some([.., a, b, b' ']) if a.is_ascii_uppercase() && b.is_ascii_uppercase() => start - 3,
                _ => start,
            }
        };
        let waiting = self.pending.iter().map(|anchor| word(anchor.at()));
        let open = [self.characters.open_from(), self.escapes.open_from()].into_iter().flatten();
        let first = waiting.chain(open).chain([word(text.len())]).chain(PREFILTER.begun_phrase(text)).min();
        first.unwrap_or(0).max(self.settled())
    }

    /// Drops `n` bytes from the front of the text.
    pub(crate) fn shift(&mut self, n: usize) {
        self.seen -= n;
        self.characters_seen -= n;
        self.escapes_seen -= n;
        self.runs.shift(n);
        self.characters.shift(n);
        self.escapes.shift(n);
        for anchor in &mut self.pending {
            match anchor {
                Anchor::Literal(hit) => hit.span = hit.span.start - n..hit.span.end - n,
                Anchor::At(at) | Anchor::Digit(at) | Anchor::Run(at) => *at -= n,
            }
        }
    }

    fn judge(&mut self, detectors: &Detectors, text: &str, anchor: Anchor, last: bool) {
        let window = Window::around(text, anchor.at());
        let before = self.found.len();
        match &anchor {
            Anchor::Literal(hit) => {
                let found = match secrets::RULES.get(hit.rule) {
                    Some(_) if !detectors.has(Category::Secret) => None,
                    Some(rule) => rule.find(&window, hit.span.clone()),
                    None => phrase::families()
                        .nth(hit.rule - secrets::RULES.len())
                        .filter(|phrase| detectors.has(phrase.category))
                        .and_then(|phrase| phrase.find(&window, hit.span.clone())),
                };
                self.found.extend(found);
            }
            Anchor::At(at) => self.found.extend(pii::email(&window, *at)),
            Anchor::Digit(at) => pii::at_digit(&window, *at, &mut self.found),
            Anchor::Run(at) => self.judge_run(detectors, text, &window, *at, last),
        }
        if window.touched_end() && !last {
            self.found.truncate(before);
            self.pending.push(anchor);
            return;
        }
        let mut index = before;
        while let Some(finding) = self.found.get_mut(index) {
            if detectors.is_disabled(finding.kind) {
                self.found.swap_remove(index);
                continue;
            }
            snap(text, &mut finding.span);
            index += 1;
        }
    }

    fn judge_run(&mut self, detectors: &Detectors, text: &str, window: &Window<'_>, at: usize, last: bool) {
        let end = window.run(at, B64_ANY, PIECE);
        if window.touched_end() && !last {
            return;
        }
        if detectors.has(Category::Secret) && !window.follows(at, B64_ANY) {
            secrets::keyed::find(window, at, &mut self.found);
        }
        if !self.is_view
            && let Some(view) = decode_run(text, at..end)
        {
            self.scan_view(detectors, &view, "", 0);
        }
    }

    /// Scans a view of the stretch `original`, which begins at byte `at`. A finding in a part
    /// that reads the same in the original is left to the scan of the original.
    fn scan_view(&mut self, detectors: &Detectors, view: &View, original: &str, at: usize) {
        let mut inner = Self { is_view: true, ..Self::default() };
        inner.advance(detectors, view.text(), true);
        for mut finding in inner.found {
            let span = view.original_span(finding.span.clone());
            if original.get(span.clone()).is_none_or(|same| view.text().get(finding.span.clone()) != Some(same)) {
                finding.span = at + span.start..at + span.end;
                self.found.push(finding);
            }
        }
    }

    /// Looks for what is hidden between the characters, and in escapes.
    fn uncover(&mut self, detectors: &Detectors, text: &str, last: bool) {
        let mut ready = Vec::new();
        let bytes = text.as_bytes();
        let rest = text.get(self.characters_seen..).unwrap_or_default();
        if rest.is_ascii() {
            self.characters_seen = text.len();
        } else {
            let mut before = text.get(..self.characters_seen).and_then(|seen| seen.chars().next_back());
            let mut characters = rest.char_indices().peekable();
            while let Some((offset, character)) = characters.next() {
                let next = characters.peek().map(|(_, next)| *next);
                // Whether a lookalike is meant to mislead shows in its neighbours.
                if next.is_none() && !last && !character.is_ascii() {
                    break;
                }
                let at = self.characters_seen + offset;
                if !character.is_ascii() && hides(before, character, next) {
                    self.characters.note(at..at + character.len_utf8(), &mut ready);
                }
                before = Some(character);
            }
            let left = characters.peek().is_none() && !last;
            let unread =
                if left { rest.chars().next_back().filter(|c| !c.is_ascii()).map_or(0, char::len_utf8) } else { 0 };
            self.characters_seen = text.len() - unread;
        }
        self.characters.settle(self.characters_seen, last, &mut ready);
        for stretch in ready.drain(..) {
            let stretch = inner_boundaries(text, stretch);
            let original = text.get(stretch.clone()).unwrap_or_default();
            if let Some(view) = normalise(original) {
                self.scan_view(detectors, &view, original, stretch.start);
            }
        }
        let from = self.escapes_seen;
        self.escapes_seen = text.len();
        for offset in memchr::memchr2_iter(b'%', b'&', bytes.get(from..).unwrap_or_default()) {
            let at = from + offset;
            if at + ESCAPE_REACH + 2 > bytes.len() && !last {
                self.escapes_seen = at;
                break;
            }
            if let Some(length) = escape_at(bytes, at) {
                self.escapes.note(at..at + length, &mut ready);
            }
        }
        self.escapes.settle(self.escapes_seen, last, &mut ready);
        for stretch in ready {
            let stretch = inner_boundaries(text, stretch);
            let original = text.get(stretch.clone()).unwrap_or_default();
            if let Some(view) = unescape(original) {
                self.scan_view(detectors, &view, original, stretch.start);
            }
        }
    }
}

/// Whether `character` is invisible, in fancy dress, or a lookalike next to a Latin letter.
fn hides(before: Option<char>, character: char, after: Option<char>) -> bool {
    is_invisible(character)
        || is_styled(character)
        || latin(character).is_some()
            && [before, after].into_iter().flatten().any(|neighbour| neighbour.is_ascii_alphanumeric())
}

/// Reports the first digit of every word that has one.
fn first_digits(bytes: &[u8], from: usize, mut report: impl FnMut(usize)) {
    const STEP: usize = 32;
    /// A digit further into a word than this is part of data, not of a number someone has.
    const LONGEST_HEAD: usize = 40;
    let rest = bytes.get(from..).unwrap_or_default();
    for (index, chunk) in rest.chunks(STEP).enumerate() {
        if !chunk.iter().fold(false, |found, byte| found | byte.is_ascii_digit()) {
            continue;
        }
        for (offset, byte) in chunk.iter().enumerate() {
            if byte.is_ascii_digit() {
                let at = from + index * STEP + offset;
                let head = bytes.get(at.saturating_sub(LONGEST_HEAD)..at).unwrap_or_default();
                match head.iter().rev().find(|byte| !byte.is_ascii_alphabetic()) {
                    Some(byte) if byte.is_ascii_digit() => {}
                    None if head.len() == LONGEST_HEAD => {}
                    _ => report(at),
                }
            }
        }
    }
}

/// Widens `span` to whole characters.
fn snap(text: &str, span: &mut Range<usize>) {
    while !text.is_char_boundary(span.start) {
        span.start -= 1;
    }
    while span.end < text.len() && !text.is_char_boundary(span.end) {
        span.end += 1;
    }
}

/// Narrows `span` to whole characters.
fn inner_boundaries(text: &str, span: Range<usize>) -> Range<usize> {
    let mut start = span.start;
    while start < text.len() && !text.is_char_boundary(start) {
        start += 1;
    }
    let mut end = span.end.min(text.len());
    while end > start && !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_fits_what_a_stream_holds_back() {
        assert!(PREFILTER.longest() + 16 <= TAIL);
        let literals =
            secrets::RULES.iter().map(|rule| rule.literals).chain(phrase::families().map(|rule| rule.literals));
        for literal in literals.flatten() {
            assert!(literal.len() >= super::super::prefilter::SHORTEST, "{literal} would not be looked for");
        }
    }

    #[test]
    fn only_the_first_digit_of_a_word_is_an_anchor() {
        let mut seen = Vec::new();
        first_digits(b"a1b2 34-56 x7", 0, |at| seen.push(at));
        assert_eq!(seen, [1, 5, 8, 12]);
    }
}
