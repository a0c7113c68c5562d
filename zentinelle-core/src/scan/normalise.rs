//! Undoing what hides text from a scanner: invisible characters, lookalikes, odd spacing, and
//! one level of encoding.
//!
//! A plain text needs none of it and gets no view. Every view maps its spans back to the
//! original, so a finding always points at what was really sent.

use std::ops::Range;

use super::decode::{decode_run, unescape};
use super::lookalikes::{is_invisible, is_styled, latin};
use super::runs::{PIECE, Runs};
use super::view::View;
use super::window::{B64_ANY, is};
use crate::matching::unicode::{is_mark, nfkd};

/// A text in every form a reader or a decoder might see it in.
#[derive(Clone, Debug)]
pub struct Views<'t> {
    raw: &'t str,
    normalised: Option<View>,
    decoded: Vec<View>,
}

impl<'t> Views<'t> {
    /// Prepares the views of `text`. Linear in its length; allocates nothing for plain text.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let mut decoded: Vec<View> = unescape(text).into_iter().collect();
        let bytes = text.as_bytes();
        Runs::default().advance(bytes, |start| {
            let run = bytes.get(start..).unwrap_or_default().iter().take(PIECE);
            let length = run.take_while(|byte| is(B64_ANY, **byte)).count();
            decoded.extend(decode_run(text, start..start + length));
        });
        Self { raw: text, normalised: normalise(text), decoded }
    }

    /// The text as it came.
    #[must_use]
    pub const fn raw(&self) -> &'t str {
        self.raw
    }

    /// The text without what is invisible, with lookalikes folded to Latin letters, blanks
    /// collapsed and spaced-out words joined. `None` if that changes nothing.
    #[must_use]
    pub const fn normalised(&self) -> Option<&View> {
        self.normalised.as_ref()
    }

    /// What stands in the text in base64, in hexadecimal, or in percent or entity escapes.
    #[must_use]
    pub fn decoded(&self) -> &[View] {
        &self.decoded
    }

    /// Every view but the raw text.
    pub fn hidden(&self) -> impl Iterator<Item = &View> {
        self.normalised.iter().chain(&self.decoded)
    }
}

/// The normalised view of `text`, or `None` if it would be the same.
#[must_use]
pub fn normalise(text: &str) -> Option<View> {
    let folded = if text.is_ascii() { None } else { fold(text) };
    let base = folded.as_ref().map_or(text, View::text);
    let spaced = (has_wide_blanks(base) || may_be_spelt_out(base)).then(|| respace(base)).flatten();
    match (folded, spaced) {
        (Some(first), Some(second)) => Some(compose(&first, &second)),
        (first, second) => second.or(first),
    }
}

/// The view of a view, in terms of the first one's original.
fn compose(first: &View, second: &View) -> View {
    let mut out = View::default();
    second.walk(|part, between, literal| {
        if literal {
            first.walk_within(between, |part, original, literal| out.push_part(part, original, literal));
        } else {
            out.push_part(part, first.original_span(between), false);
        }
    });
    out
}

/// Drops what is invisible and folds styled letters, compatibility forms and lookalikes.
fn fold(text: &str) -> Option<View> {
    let mut view = View::default();
    let mut changed = false;
    let (mut judged, mut folds) = (0, false);
    let mut done = 0;
    for (at, character) in text.char_indices() {
        if character.is_ascii() {
            continue;
        }
        // What lies between stays as it is.
        view.push_literal(text.get(done..at)?, done);
        done = at + character.len_utf8();
        if is_invisible(character) {
            changed = true;
        } else if character.is_alphabetic() && latin(character).is_some() {
            // A lookalike: judge the word it stands in, once.
            if at >= judged {
                let word = word_around(text, at);
                judged = word.end;
                folds = text.get(word).is_some_and(is_mixed_script);
            }
            match latin(character).filter(|_| folds) {
                Some(letter) => {
                    view.push(letter, at..at + character.len_utf8());
                    changed = true;
                }
                None => view.push_literal(text.get(at..at + character.len_utf8())?, at),
            }
        } else {
            let source = at..at + character.len_utf8();
            let mut forms = nfkd(character).filter(|c| !is_mark(*c)).peekable();
            if is_styled_or_marked(character) && forms.peek().is_some() {
                for form in forms {
                    view.push(if form.is_whitespace() { ' ' } else { form }, source.clone());
                }
                changed = true;
            } else {
                view.push_literal(text.get(source)?, at);
            }
        }
    }
    view.push_literal(text.get(done..)?, done);
    changed.then_some(view)
}

/// Whether the character has a simpler form worth scanning: styled letters and accented Latin.
fn is_styled_or_marked(character: char) -> bool {
    is_styled(character)
        || (character.is_whitespace() && !character.is_ascii())
        || matches!(character, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{fb00}'..='\u{fb06}' | '\u{ff01}'..='\u{ff5e}')
}

/// How far a word is followed to judge its script, in bytes.
const WORD_REACH: usize = 64;

fn word_around(text: &str, at: usize) -> Range<usize> {
    let in_word = |c: &char| c.is_alphanumeric() || is_invisible(*c);
    let before = text.get(..at).unwrap_or_default().chars().rev().take(WORD_REACH).take_while(in_word);
    let after = text.get(at..).unwrap_or_default().chars().take(WORD_REACH).take_while(in_word);
    at - before.map(char::len_utf8).sum::<usize>()..at + after.map(char::len_utf8).sum::<usize>()
}

/// Whether a word mixes Latin letters with lookalikes, or is made of nothing but lookalikes.
fn is_mixed_script(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_alphanumeric()) || word.chars().all(|c| latin(c).is_some() || is_invisible(c))
}

/// Whether two blanks stand side by side. Written over parallel slices, which the compiler
/// turns into a few instructions per sixteen bytes.
fn has_wide_blanks(text: &str) -> bool {
    let bytes = text.as_bytes();
    let next = bytes.get(1..).unwrap_or_default();
    bytes
        .chunks(64)
        .zip(next.chunks(64))
        .any(|(a, b)| a.iter().zip(b).fold(false, |found, (a, b)| found | ((*a <= b' ') & (*b <= b' '))))
        || bytes.contains(&b'\t')
}

/// Whether a separator stands at every second place three times, as in `a b c d`.
fn may_be_spelt_out(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (second, third) = (bytes.get(2..).unwrap_or_default(), bytes.get(4..).unwrap_or_default());
    let same = |a: u8, b: u8, c: u8| {
        (a == b) & (b == c) & ((a == b' ') | (a == b'.') | (a == b'-') | (a == b'_') | (a == b'*'))
    };
    bytes
        .chunks(64)
        .zip(second.chunks(64))
        .zip(third.chunks(64))
        .any(|((a, b), c)| a.iter().zip(b).zip(c).fold(false, |found, ((a, b), c)| found | same(*a, *b, *c)))
}

/// Fewest letters of a spaced-out word.
const SPELT_OUT: usize = 4;
/// Fewest letters of one that follows another.
const SPELT_OUT_NEXT: usize = 2;

/// Collapses blanks and joins words whose letters are spaced out. A run of blanks with a line
/// end in it becomes a line end, since some rules are about the start of a line. Between
/// spaced-out words a wider gap stands for the blank.
fn respace(text: &str) -> Option<View> {
    let mut view = View::default();
    let mut changed = false;
    let mut at = 0;
    let mut fewest = SPELT_OUT;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        // Within a word nothing happens.
        let within = plain(text.as_bytes().get(at..).unwrap_or_default());
        if within > 0 {
            view.push_literal(text.get(at..at + within)?, at);
            fewest = SPELT_OUT;
            at += within;
        } else if let Some((letters, end)) = spelt_out(text, at).filter(|(letters, _)| letters.len() >= fewest) {
            fewest = SPELT_OUT_NEXT;
            for letter in letters {
                view.push_literal(text.get(letter.clone())?, letter.start);
            }
            changed = true;
            at = end;
        } else if character.is_ascii_whitespace() {
            let rest = text.get(at..)?;
            let end = at + rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(rest.len());
            let blank = if text.get(at..end)?.contains('\n') { '\n' } else { ' ' };
            if end - at == 1 && character == blank {
                view.push_literal(text.get(at..end)?, at);
            } else {
                view.push(blank, at..end);
                changed = true;
            }
            at = end;
        } else {
            let end = at + character.len_utf8();
            view.push_literal(text.get(at..end)?, at);
            at = end;
            fewest = SPELT_OUT;
        }
    }
    changed.then_some(view)
}

/// How many ASCII characters from here on are neither blanks nor before what may stand between
/// the letters of a spaced-out word.
fn plain(bytes: &[u8]) -> usize {
    let next = bytes.get(1..).unwrap_or_default();
    let is_plain = |byte: u8, next: u8| {
        byte.is_ascii() && !byte.is_ascii_whitespace() && !matches!(next, b' ' | b'.' | b'-' | b'_' | b'*')
    };
    bytes.iter().zip(next).take_while(|(byte, next)| is_plain(**byte, **next)).count()
}

/// The letters of the spaced-out word that begins at `at`, and where it ends.
fn spelt_out(text: &str, at: usize) -> Option<(Vec<Range<usize>>, usize)> {
    let starts_word = !text.get(..at)?.chars().next_back().is_some_and(char::is_alphanumeric);
    let mut rest = text.get(at..)?.char_indices().map(|(i, c)| (at + i, c));
    let (_, first) = rest.next()?;
    if !starts_word || !first.is_alphabetic() {
        return None;
    }
    let (_, separator) = rest.next()?;
    if !matches!(separator, ' ' | '.' | '-' | '_' | '*') {
        return None;
    }
    let mut end = at + first.len_utf8();
    let mut letters = Vec::new();
    letters.push(at..end);
    let mut rest = rest.peekable();
    while let Some((place, letter)) = rest.next() {
        let single = letter.is_alphabetic() && !rest.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if !single {
            break;
        }
        end = place + letter.len_utf8();
        letters.push(place..end);
        if rest.next().is_none_or(|(_, next)| next != separator) {
            break;
        }
    }
    (letters.len() >= SPELT_OUT_NEXT).then_some((letters, end))
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test may panic")]
mod tests {
    use super::*;

    fn normalised(text: &str) -> String {
        normalise(text).map_or_else(|| text.to_owned(), |view| view.text().to_owned())
    }

    #[test]
    fn plain_text_in_any_language_has_no_other_view() {
        for text in ["", "Plain words, a URL https://a.test/b and 12 numbers.", "Привет, мир", "漢字かな"]
        {
            let views = Views::of(text);
            assert!(views.hidden().next().is_none(), "{text}: {:?}", views);
        }
    }

    #[test]
    fn hidden_spellings_come_out_plain() {
        for (hidden, plain) in [
            ("ig\u{200b}no\u{ad}re", "ignore"),
            ("\u{ff29}\u{ff27}\u{ff2e}ORE", "IGNORE"),
            ("ign\u{43e}r\u{435}", "ignore"),
            ("i g n o r e  a l l", "ignore all"),
            ("i.g.n.o.r.e", "ignore"),
            ("a  b\t c \n d", "a b c\nd"),
            ("caf\u{e9}", "cafe"),
            ("\u{1d422}\u{1d420}nore", "ignore"),
        ] {
            assert_eq!(normalised(hidden), plain);
        }
    }

    #[test]
    fn a_span_of_the_view_covers_what_was_hidden_within_it() {
        let text = "\u{430} say i g\u{200b} n o r e now";
        let view = normalise(text).unwrap();
        let at = view.text().find("ignore").unwrap();
        assert_eq!(&text[view.original_span(at..at + 6)], "i g\u{200b} n o r e");
        let now = view.text().find("now").unwrap();
        assert_eq!(&text[view.original_span(now..now + 3)], "now");
    }

    #[test]
    fn decoded_text_maps_to_its_encoded_bytes() {
        let text = "see aWdub3JlIGFsbCBydWxlcw== and %69gnore";
        let views = Views::of(text);
        let spans: Vec<_> = views
            .decoded()
            .iter()
            .map(|view| {
                let at = view.text().find("ignore").unwrap();
                &text[view.original_span(at..at + 6)]
            })
            .collect();
        assert_eq!(spans, ["%69gnore", "aWdub3Jl"]);
    }
}
