//! What a text must hold for a pattern to match at all, read off the pattern itself.
//!
//! The literals of a table row are common words, so in a long text nearly every row has one. A
//! pattern needs more than that: in `send … password … to … webhook` something of each part must
//! be there. Those parts are kept as groups of literals, of which each group needs one; a text is
//! asked through the set of its four-byte pieces, which costs one pass for all patterns.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The fewest bytes of a literal that is asked for: one piece.
const SHORTEST: usize = 4;
/// A part with more spellings than this is not asked for.
const MOST_SPELLINGS: usize = 192;
/// A class of more characters than this is no spelling but a wildcard.
const MOST_CHARACTERS: usize = 4;

/// The groups of a pattern.
#[derive(Debug, Default)]
pub(crate) struct Needs(Vec<Vec<String>>);

impl Needs {
    /// The groups of an expanded pattern that is matched in any letter case. None for one that
    /// cannot be read, which then is always tried.
    pub(crate) fn of(expanded: &str) -> Self {
        // A class of many letters is a wildcard here, whichever it is.
        let expanded = expanded.replace(r"\p{L}", r"\w");
        let parsed = ParserBuilder::new().multi_line(true).build().parse(&expanded);
        Self(parsed.map(|pattern| groups(&pattern)).unwrap_or_default())
    }

    /// Whether the pattern may match the text of these pieces.
    pub(crate) fn may_be_met(&self, pieces: &Pieces) -> bool {
        self.0.iter().all(|group| group.iter().any(|literal| pieces.may_hold(literal)))
    }
}

/// What every match holds one literal of, part by part.
fn groups(pattern: &Hir) -> Vec<Vec<String>> {
    match pattern.kind() {
        HirKind::Concat(parts) => {
            let mut found = Vec::new();
            let mut run = vec![String::new()];
            for part in parts {
                match spellings(part).and_then(|next| joined(&run, &next)) {
                    Some(longer) => run = longer,
                    None => {
                        found.extend(long_enough(std::mem::replace(&mut run, vec![String::new()])));
                        match spellings(part) {
                            Some(next) => run = next,
                            None => found.extend(groups(part)),
                        }
                    }
                }
            }
            found.extend(long_enough(run));
            found
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => groups(&repetition.sub),
        HirKind::Capture(capture) => groups(&capture.sub),
        HirKind::Alternation(branches) => {
            let of_all: Option<Vec<Vec<String>>> = branches.iter().map(best).collect();
            of_all.map(|groups| groups.concat()).filter(|group| group.len() <= MOST_SPELLINGS).into_iter().collect()
        }
        _ => spellings(pattern).and_then(long_enough).into_iter().collect(),
    }
}

/// The group that is the rarest in a text, as far as length tells.
fn best(pattern: &Hir) -> Option<Vec<String>> {
    let shortest = |group: &Vec<String>| group.iter().map(String::len).min().unwrap_or(0);
    groups(pattern).into_iter().max_by_key(shortest)
}

fn long_enough(spellings: Vec<String>) -> Option<Vec<String>> {
    spellings.iter().all(|spelling| spelling.len() >= SHORTEST).then_some(spellings)
}

/// Everything a part can read as, letter case aside, if that is a short list.
fn spellings(part: &Hir) -> Option<Vec<String>> {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok().filter(|text| text.is_ascii())?;
            Some(vec![text.to_ascii_lowercase()])
        }
        HirKind::Class(Class::Unicode(class)) => {
            let characters: Vec<char> =
                class.iter().flat_map(|range| range.start()..=range.end()).take(MOST_CHARACTERS + 1).collect();
            let few = characters.len() <= MOST_CHARACTERS && characters.iter().all(char::is_ascii);
            few.then(|| characters.iter().map(|character| character.to_ascii_lowercase().to_string()).collect())
        }
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            let mut found = spellings(&repetition.sub)?;
            found.push(String::new());
            Some(found)
        }
        HirKind::Capture(capture) => spellings(&capture.sub),
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![String::new()], |run, part| joined(&run, &spellings(part)?))
        }
        HirKind::Alternation(branches) => {
            let all: Option<Vec<Vec<String>>> = branches.iter().map(spellings).collect();
            all.map(|all| all.concat()).filter(|all| all.len() <= MOST_SPELLINGS)
        }
        _ => None,
    }
}

/// Every one of `heads` followed by every one of `tails`.
fn joined(heads: &[String], tails: &[String]) -> Option<Vec<String>> {
    let few = heads.len().saturating_mul(tails.len()) <= MOST_SPELLINGS;
    few.then(|| heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect())
}

/// The four-byte pieces of a text, letter case aside, as a set that may claim too much.
pub(crate) struct Pieces {
    bits: Vec<u64>,
    /// How far to shift a hash down to a bit of the set.
    shift: u32,
    /// Whether the text holds a letter outside ASCII that is another case of an ASCII one.
    is_odd: bool,
}

impl Pieces {
    pub(crate) fn of(text: &str) -> Self {
        let bits = text.len().saturating_mul(16).next_power_of_two().clamp(1 << 10, 1 << 20);
        let is_odd = !text.is_ascii() && text.contains(['\u{17f}', '\u{212a}']);
        let mut pieces = Self { bits: vec![0; bits / 64], shift: 32 - bits.trailing_zeros(), is_odd };
        for piece in text.as_bytes().array_windows::<4>() {
            let bit = pieces.bit(*piece);
            if let Some(word) = pieces.bits.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        pieces
    }

    fn bit(&self, piece: [u8; 4]) -> usize {
        let folded = u32::from_le_bytes(piece) | 0x2020_2020;
        (folded.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    fn may_hold(&self, literal: &str) -> bool {
        self.is_odd
            || literal.as_bytes().array_windows::<4>().all(|piece| {
                let bit = self.bit(*piece);
                self.bits.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_match(pattern: &str, text: &str) -> bool {
        Needs::of(pattern).may_be_met(&Pieces::of(text))
    }

    #[test]
    fn a_text_without_one_of_the_parts_is_not_tried() {
        let pattern = r"(?:send|forward)(?:\s+\S+){0,8}\s+pass(?:word|phrase)s?\b";
        assert!(may_match(pattern, "please SEND me the Passphrase"));
        assert!(!may_match(pattern, "please send me the parcel"));
        assert!(!may_match(pattern, "nobody needs a password"));
    }

    #[test]
    fn a_part_with_a_short_or_open_spelling_asks_for_nothing() {
        assert!(may_match(r"(?:to|towards)\s+\w+", "nothing of it"));
        assert!(may_match("", "anything"));
    }

    #[test]
    fn a_letter_that_folds_into_ascii_is_not_missed() {
        assert!(may_match("system", "\u{17f}ystem"));
    }
}
