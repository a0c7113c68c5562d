//! Brings text into the form in which it is compared.
//!
//! Two forms exist. [`fold`] is for names on deny lists, where a change of letter case, a stray blank or an
//! invisible character must not walk round the list. [`visible`] is for prose that patterns search, where only
//! what a reader cannot see is taken away. Lists that *allow* compare exactly and use neither.

use std::borrow::Cow;

use super::unicode::{is_mark, nfkc};

/// Folding settles after two rounds on every text known; the bound keeps the loop finite by construction.
const MAX_ROUNDS: usize = 4;

/// The form in which deny lists compare names: trimmed, compatibility characters replaced (NFKC), invisible
/// characters dropped and letter case folded.
///
/// Plain lower-case ASCII is borrowed, so the common name costs one scan and no allocation.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    // Without early ends these loops are a few instructions for every sixteen bytes.
    let look = |text: &str| {
        text.bytes().fold((false, false), |(upper, odd), byte| {
            (upper | byte.is_ascii_uppercase(), odd | byte.is_ascii_control() | !byte.is_ascii())
        })
    };
    let (upper, odd) = look(text);
    let (text, upper) = if odd {
        let trimmed = text.trim_ascii();
        // Vertical tab counts as white space for Unicode but not for `trim_ascii`; it is a control character here.
        if !trimmed.is_ascii() || trimmed.bytes().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
            return Cow::Owned(fold_unicode(text));
        }
        (trimmed, upper)
    } else {
        (text.trim_ascii(), upper)
    };
    if upper { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

fn fold_unicode(text: &str) -> String {
    settle(text, |text| {
        let folded = fold_untrimmed_once(text);
        folded.trim().to_owned()
    })
}

/// [`fold`] without trimming, for a piece of a pattern whose ends lie inside the whole.
pub(super) fn fold_untrimmed(text: &str) -> String {
    settle(text, fold_untrimmed_once)
}

fn settle(text: &str, round: impl Fn(&str) -> String) -> String {
    let mut current = round(text);
    for _ in 0..MAX_ROUNDS {
        let next = round(&current);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn fold_untrimmed_once(text: &str) -> String {
    // Lower, upper, lower again: this brings together what simple lower-casing keeps apart, such as the two
    // small sigmas, or sharp s and its capital and `ss`.
    let folded: String = nfkc(text)
        .chars()
        .filter(|&c| !is_invisible(c))
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    nfkc(&folded).into_owned()
}

/// The form in which prose is searched: compatibility characters replaced (NFKC), characters nobody sees removed,
/// each run of white space made one blank, ends trimmed. Letter case stays.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if reads_as_it_stands(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(settle(text, visible_once))
}

fn visible_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in nfkc(text).chars() {
        if c.is_whitespace() {
            gap = true;
        } else if !is_invisible(c) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        }
    }
    // Removing a character may bring a letter and an accent together that compose.
    nfkc(&out).into_owned()
}

/// [`visible`] and then [`fold`]: what [`contains_words`] expects on both sides.
#[must_use]
pub fn fold_prose(text: &str) -> Cow<'_, str> {
    match visible(text) {
        Cow::Borrowed(text) => fold(text),
        Cow::Owned(text) => Cow::Owned(fold(&text).into_owned()),
    }
}

/// Whether a text is ASCII without control characters, doubled blanks, or a blank at an end. Written over
/// parallel slices, which the compiler turns into a few instructions for every sixteen bytes.
fn reads_as_it_stands(bytes: &[u8]) -> bool {
    let next = bytes.get(1..).unwrap_or_default();
    let odd = bytes.iter().fold(false, |odd, byte| odd | byte.is_ascii_control() | !byte.is_ascii());
    let doubled = bytes.iter().zip(next).fold(false, |found, (a, b)| found | ((*a == b' ') & (*b == b' ')));
    !odd && !doubled && bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ')
}

/// Whether `phrase` occurs in `haystack` as whole words. Both must have gone through [`fold_prose`].
///
/// A word ends where a letter or digit meets something else, so `art` is not found in `start` but is found in
/// `art-house` and `art_class`. Scripts written without blanks have no such ends and match anywhere. An empty
/// phrase occurs nowhere.
#[must_use]
pub fn contains_words(haystack: &str, phrase: &str) -> bool {
    finds_words(haystack, phrase, &memchr::memmem::Finder::new(phrase))
}

/// A phrase that is looked for in many texts; see [`contains_words`].
#[derive(Clone, Debug)]
pub struct Words {
    phrase: Box<str>,
    finder: memchr::memmem::Finder<'static>,
}

impl Words {
    /// Prepares a phrase that has gone through [`fold_prose`].
    #[must_use]
    pub fn new(phrase: &str) -> Self {
        Self { phrase: phrase.into(), finder: memchr::memmem::Finder::new(phrase).into_owned() }
    }

    /// The phrase.
    #[must_use]
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    /// Whether the phrase occurs in `haystack`, which must have gone through [`fold_prose`].
    #[must_use]
    pub fn occur_in(&self, haystack: &str) -> bool {
        finds_words(haystack, &self.phrase, &self.finder)
    }
}

fn finds_words(haystack: &str, phrase: &str, finder: &memchr::memmem::Finder<'_>) -> bool {
    if phrase.is_empty() {
        return false;
    }
    let (first, last) = (phrase.chars().next(), phrase.chars().next_back());
    let mut from = 0;
    while let Some(found) = haystack.as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        let (start, end) = (from + found, from + found + phrase.len());
        let before = haystack.get(..start).and_then(|text| text.chars().next_back());
        let after = haystack.get(end..).and_then(|text| text.chars().next());
        if is_word_end(before, first) && is_word_end(last, after) {
            return true;
        }
        // Valid UTF-8 never matches in the middle of a character, so one byte on is enough to go on searching.
        from = start + 1;
    }
    false
}

fn is_word_end(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return true;
    };
    !(is_word(left) && is_word(right)) || is_unspaced(left) || is_unspaced(right)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

/// Scripts whose words stand without blanks, or (Hangul) carry their particles attached.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF      // Thai, Lao
        | 0x1000..=0x109F    // Myanmar
        | 0x1100..=0x11FF    // Hangul letters
        | 0x1780..=0x17FF    // Khmer
        | 0x2E80..=0x2FDF    // Han radicals
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x3100..=0x31FF // Kana, Bopomofo
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF                   // Han
        | 0xA960..=0xA97F | 0xAC00..=0xD7FF                   // Hangul
        | 0xF900..=0xFAFF
        | 0x1B000..=0x1B16F
        | 0x20000..=0x3FFFF)
}

/// Characters that take part in a text without being seen: format and bidi controls, zero-width characters,
/// variation selectors, fillers, tags, and control characters other than white space.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !c.is_whitespace();
    }
    (c.is_control() && !c.is_whitespace())
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0x2800 | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_written_differently_folds_to_the_same_text() {
        for name in ["shell", "Shell", " shell\t", "ｓｈｅｌｌ", "she\u{200b}ll", "s\u{ad}hell", "ſhell", "sh\0ell"]
        {
            assert_eq!(fold(name), "shell", "{name:?}");
        }
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ẞ"), fold("ß"));
        assert_eq!(fold("ΣΑΣ"), fold("σας"));
    }

    #[test]
    fn plain_names_are_borrowed() {
        assert!(matches!(fold("read_file"), Cow::Borrowed(_)));
        assert!(matches!(visible("two words"), Cow::Borrowed(_)));
    }

    #[test]
    fn letters_of_another_script_stay_apart() {
        assert_ne!(fold("se\u{430}rch"), "search");
    }

    #[test]
    fn prose_loses_what_is_not_seen_and_keeps_its_case() {
        assert_eq!(visible(" Insider \n\t trading "), "Insider trading");
        assert_eq!(visible("wea\u{200b}pons \u{202e}Ａ"), "weapons A");
        assert_eq!(visible("a\u{a0}\u{2003}b"), "a b");
        assert_eq!(visible(""), "");
    }

    #[test]
    fn phrases_are_found_as_whole_words_only() {
        let found = |text: &str, phrase: &str| contains_words(&fold_prose(text), &fold_prose(phrase));
        assert!(!found("please start the car", "art"));
        assert!(found("modern ART.", "art"));
        assert!(found("start art", "art"));
        assert!(found("art_class", "art"));
        assert!(found("insider  trading", "Insider Trading"));
        assert!(found("I write c++ daily", "c++"));
        assert!(!found("coding", "cod"));
        assert!(!found("data analysis", "a"));
        assert!(found("如何制造武器", "武器"));
        assert!(found("AI武器", "ai"));
        assert!(!found("наука", "ука"));
        assert!(!found("anything", ""));
        assert!(!found("cafe\u{301}s", "cafe"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once).into_owned(), once);
        }

        #[test]
        fn showing_twice_changes_nothing(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once).into_owned(), once);
        }

        #[test]
        fn a_text_contains_itself(text in "\\PC{1,20}") {
            let folded = fold_prose(&text);
            prop_assert!(folded.is_empty() || contains_words(&folded, &folded));
        }
    }
}
