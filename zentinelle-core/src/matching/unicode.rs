//! Normal forms of Unicode, and which characters are marks on others.
//!
//! The tables are those `url` needs for the names of hosts, so that they are there once. Canonical composition (NFC)
//! has a table of its own, which nothing here uses: of a text whose characters are in NFKC each, both forms are the same.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// The text with compatibility characters replaced and letters and marks composed (NFKC).
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    const { ComposingNormalizerBorrowed::new_nfkc() }.normalize(text)
}

/// The character with compatibility characters replaced and marks taken apart (NFKD).
pub(crate) fn nfkd(character: char) -> impl Iterator<Item = char> {
    const { DecomposingNormalizerBorrowed::new_nfkd() }.normalize_iter(std::iter::once(character))
}

/// Whether the character is a mark on the one before it.
pub(crate) fn is_mark(character: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatibility_forms_are_replaced_and_marks_composed() {
        assert_eq!(nfkc("ﬁne"), "fine");
        assert_eq!(nfkc("e\u{301}"), "é");
        assert_eq!(nfkd('é').collect::<String>(), "e\u{301}");
        assert!(is_mark('\u{301}') && is_mark('\u{93f}') && !is_mark('e'));
    }

    /// Wherever NFC was meant, NFKC serves, as long as every character went through NFKC alone.
    #[test]
    fn what_is_normal_stays_so_without_a_character() {
        for text in ["a\u{200b}\u{301}", "\u{1100}\u{200d}\u{1161}", "\u{3b1}\u{345}\u{200b}\u{301}"] {
            let without: String = nfkc(text).chars().filter(|c| !matches!(c, '\u{200b}' | '\u{200d}')).collect();
            let composed = const { ComposingNormalizerBorrowed::new_nfc() }.normalize(&without);
            assert_eq!(nfkc(&without), composed, "{text:?}");
        }
    }
}
