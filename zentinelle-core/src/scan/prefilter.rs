//! One pass over the text that finds which rules can match at all.
//!
//! Every rule names literals of which one must occur wherever the rule matches. All literals
//! of all families of rules go into one table, so a clean text costs one pass, however many
//! rules there are.
//!
//! The pass asks two small bitmaps, at each byte, whether any literal begins with the three or
//! four bytes that stand here; only then are literals compared. An Aho-Corasick automaton over
//! the same literals reads a little faster as a full table and slower as a compact one, but
//! building it takes milliseconds, which a command-line hook would pay for every call; the
//! bitmaps are ready in microseconds.

use std::ops::Range;

use crate::sorting;

/// One literal that occurs in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule whose literal it is, counted over all families.
    pub rule: usize,
    /// Where the literal stands, in bytes.
    pub span: Range<usize>,
}

/// The fewest bytes a literal may have; a shorter one would be everywhere.
pub const SHORTEST: usize = 3;

/// Finds the literals of rules in text, ASCII letter case ignored.
#[derive(Clone, Debug)]
pub struct Prefilter {
    /// Which hashes of three bytes begin a literal of three bytes.
    three: Bits,
    /// Which hashes of four bytes begin a longer literal.
    four: Bits,
    /// The literals, by hash.
    entries: Vec<Entry>,
    /// For every upper half of a hash, and for both lengths, where its literals begin in `entries`.
    begins: Vec<u16>,
    rules: usize,
    longest: usize,
    /// The literals of more than one word.
    phrases: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    rule: usize,
    literal: &'static str,
}

impl Prefilter {
    /// Prepares the literals of `rules`, each given as its literals. To combine families, chain
    /// their tables: the rules of the second family begin at the length of the first.
    /// Literals shorter than [`SHORTEST`] are not looked for.
    pub fn new(rules: impl Iterator<Item = &'static [&'static str]>) -> Self {
        let mut prefilter = Self {
            three: Bits::new(),
            four: Bits::new(),
            entries: Vec::new(),
            begins: Vec::new(),
            rules: 0,
            longest: 0,
            phrases: Vec::new(),
        };
        for (rule, literals) in rules.enumerate() {
            prefilter.rules = rule + 1;
            for literal in literals {
                let hash = match literal.as_bytes() {
                    [a, b, c] => prefilter.three.set(folded([*a, *b, *c, 0]) & THREE_BYTES),
                    [a, b, c, d, ..] => prefilter.four.set(folded([*a, *b, *c, *d])) | FOUR,
                    _ => continue,
                };
                prefilter.longest = prefilter.longest.max(literal.len());
                if literal.trim_end().contains(' ') {
                    prefilter.phrases.push(literal);
                }
                prefilter.entries.push(Entry { hash, rule, literal });
            }
        }
        sorting::sort_by_key(&mut prefilter.entries, |entry| (entry.hash, entry.rule));
        let begin = |bucket: u32| prefilter.entries.partition_point(|entry| bucket_of(entry.hash) < bucket);
        prefilter.begins = (0..=2 * BUCKETS).map(|bucket| u16::try_from(begin(bucket)).unwrap_or(u16::MAX)).collect();
        prefilter
    }

    /// How many rules there are.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules
    }

    /// The longest literal, in bytes.
    #[must_use]
    pub const fn longest(&self) -> usize {
        self.longest
    }

    /// Where the end of `text` may begin a literal of more than one word, if it may.
    pub fn begun_phrase(&self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let begins = |tail: &[u8]| {
            self.phrases
                .iter()
                .any(|phrase| phrase.as_bytes().get(..tail.len()).is_some_and(|head| head.eq_ignore_ascii_case(tail)))
        };
        let from = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        (from..bytes.len()).find(|at| bytes.get(*at..).is_some_and(begins))
    }

    /// Reports every literal of `text` that ends after byte `from`, in the order they begin.
    pub fn hits(&self, text: &str, from: usize, mut report: impl FnMut(Hit)) {
        let bytes = text.as_bytes();
        let start = from.saturating_sub(self.longest.saturating_sub(1)).min(bytes.len());
        let rest = bytes.get(start..).unwrap_or_default();
        let mut at = start;
        for window in rest.array_windows::<4>() {
            let value = folded(*window);
            let (three, four) = (hash(value & THREE_BYTES), hash(value));
            // Both maps are asked without a branch in between; almost always both say no.
            let (in_three, in_four) = (self.three.has(three), self.four.has(four));
            if in_three | in_four {
                if in_three {
                    self.compare(bytes, at, three, from, &mut report);
                }
                if in_four {
                    self.compare(bytes, at, four | FOUR, from, &mut report);
                }
            }
            at += 1;
        }
        // The last three bytes have no window of four.
        if let Some(&[a, b, c]) = bytes.get(at..) {
            self.compare(bytes, at, hash(folded([a, b, c, 0]) & THREE_BYTES), from, &mut report);
        }
    }

    /// Compares the literals whose first bytes hash to `hash` with what stands at `at`.
    #[inline(never)]
    fn compare(&self, bytes: &[u8], at: usize, hash: u32, from: usize, report: &mut impl FnMut(Hit)) {
        let bucket = bucket_of(hash) as usize;
        let Some(&[first, end]) = self.begins.get(bucket..bucket + 2) else { return };
        let near = self.entries.get(usize::from(first)..usize::from(end)).unwrap_or_default();
        for Entry { rule, literal, .. } in near.iter().filter(|entry| entry.hash == hash) {
            let end = at + literal.len();
            // The first bytes agree already; a look at the last one settles most of the rest.
            let there = bytes.get(at..end).filter(|there| {
                let ends = there.last().zip(literal.as_bytes().last());
                ends.is_some_and(|(found, wanted)| found.eq_ignore_ascii_case(wanted))
            });
            let stands = there.is_some_and(|there| there.eq_ignore_ascii_case(literal.as_bytes()));
            if stands && end > from {
                report(Hit { rule: *rule, span: at..end });
            }
        }
    }

    /// Which rules have a literal in `text`.
    #[must_use]
    pub fn fired(&self, text: &str) -> Fired {
        let mut fired = Fired::default();
        self.hits(text, 0, |hit| fired.note(&hit));
        fired
    }
}

/// Marks the hash of four bytes apart from that of three.
const FOUR: u32 = 1 << 16;
/// How many buckets the hashes of one length fall into.
const BUCKETS: u32 = 1 << 12;
/// The part of a folded value that comes from its first three bytes.
const THREE_BYTES: u32 = 0x00ff_ffff;

/// Four bytes as a number, letter case folded away. A few signs fold together as well, which
/// only makes a comparison in vain.
const fn folded(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// The bucket of a hash, marked or not.
const fn bucket_of(hash: u32) -> u32 {
    hash >> 4
}

const fn hash(value: u32) -> u32 {
    value.wrapping_mul(0x9e37_79b1) >> 16
}

/// A set of hashes.
#[derive(Clone, Debug)]
struct Bits(Box<[u64; 1024]>);

impl Bits {
    fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    fn set(&mut self, value: u32) -> u32 {
        let hash = hash(value);
        if let Some(word) = self.0.get_mut((hash >> 6) as usize & 1023) {
            *word |= 1 << (hash & 63);
        }
        hash
    }

    #[inline]
    fn has(&self, hash: u32) -> bool {
        self.0.get((hash >> 6) as usize & 1023).is_some_and(|word| word >> (hash & 63) & 1 == 1)
    }
}

/// The rules that have a literal in a text, and between which bytes their literals stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// By rule; an empty span means none. Grows to the highest rule that fired.
    spans: Vec<Range<usize>>,
}

impl Fired {
    /// Adds one literal. Lets several users share a single pass over the text.
    pub fn note(&mut self, hit: &Hit) {
        if self.spans.len() <= hit.rule {
            self.spans.resize(hit.rule + 1, 0..0);
        }
        if let Some(span) = self.spans.get_mut(hit.rule) {
            if span.start == span.end {
                *span = hit.span.clone();
            } else {
                span.start = span.start.min(hit.span.start);
                span.end = span.end.max(hit.span.end);
            }
        }
    }

    /// Whether no rule fired.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether `rule` fired.
    #[must_use]
    pub fn has(&self, rule: usize) -> bool {
        self.span(rule).is_some()
    }

    /// From the first byte of the first literal of `rule` to the end of its last.
    #[must_use]
    pub fn span(&self, rule: usize) -> Option<Range<usize>> {
        self.spans.get(rule).filter(|span| span.start < span.end).cloned()
    }

    /// The rules that fired, in ascending order.
    pub fn rules(&self) -> impl Iterator<Item = usize> + '_ {
        self.spans.iter().enumerate().filter(|(_, span)| span.start < span.end).map(|(rule, _)| rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: [&[&str]; 2] = [&["alpha", "omega"], &["beta"]];
    const SECOND: [&[&str]; 1] = [&["alphabet"]];

    #[test]
    fn families_are_numbered_one_after_the_other_and_overlaps_are_all_seen() {
        let prefilter = Prefilter::new(FIRST.into_iter().chain(SECOND));
        let fired = prefilter.fired("an ALPHABET and an omega");
        assert_eq!(fired.rules().collect::<Vec<_>>(), [0, 1, 2].into_iter().filter(|r| *r != 1).collect::<Vec<_>>());
        assert_eq!(fired.span(0), Some(3..24));
        assert!(prefilter.fired("nothing here").is_empty());
    }

    #[test]
    fn a_later_start_still_sees_a_literal_that_began_before_it() {
        let prefilter = Prefilter::new(FIRST.into_iter());
        let count = |from| {
            let mut count = 0;
            prefilter.hits("xx beta", from, |_| count += 1);
            count
        };
        assert_eq!((count(0), count(5), count(7)), (1, 1, 0));
    }

    #[test]
    fn literals_are_found_wherever_they_stand() {
        const WORDS: [&[&str]; 2] = [&["eyj", "beta"], &["eyjabc"]];
        let prefilter = Prefilter::new(WORDS.into_iter());
        for text in ["eyj", "EyJ.", "..eyj", "...eyj.", "eyjabc", "a eyj eyjabc beta"] {
            let mut found = Vec::new();
            prefilter.hits(text, 0, |hit| found.push((hit.rule, hit.span.start)));
            let lower = text.to_lowercase();
            let mut expected: Vec<_> = [(0, "eyj"), (0, "beta"), (1, "eyjabc")]
                .into_iter()
                .flat_map(|(rule, word)| lower.match_indices(word).map(move |(at, _)| (rule, at)).collect::<Vec<_>>())
                .collect();
            expected.sort_by_key(|(rule, at)| (*at, *rule));
            assert_eq!(found, expected, "{text}");
        }
    }
}
