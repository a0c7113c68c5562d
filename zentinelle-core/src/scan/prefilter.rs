//! One pass over the text that finds which rules can match at all.
//!
//! Every rule names literals of which one must occur wherever the rule matches. All literals
//! of all families of rules go into one automaton, so a clean text costs one pass, however
//! many rules there are.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// One literal that occurs in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule whose literal it is, counted over all families.
    pub rule: usize,
    /// Where the literal stands, in bytes.
    pub span: Range<usize>,
}

/// Finds the literals of rules in text, ASCII letter case ignored.
#[derive(Clone, Debug)]
pub struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// Rule of each literal.
    owner: Vec<usize>,
    rules: usize,
    longest: usize,
}

impl Prefilter {
    /// Builds the automaton of `rules`, each given as its literals. To combine families, chain
    /// their tables: the rules of the second family begin at the length of the first.
    pub fn new(rules: impl Iterator<Item = &'static [&'static str]>) -> Self {
        let mut owner = Vec::new();
        let mut literals = Vec::new();
        let mut count = 0;
        for (rule, of_rule) in rules.enumerate() {
            count = rule + 1;
            for literal in of_rule {
                owner.push(rule);
                literals.push(*literal);
            }
        }
        // The contiguous automaton builds in a fraction of the time of the full table, and a
        // command-line hook builds it once per text. A table too large to build cannot be
        // made from literals in the source; a test pins that it is always there.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(&literals)
            .ok();
        Self { automaton, owner, rules: count, longest: literals.iter().map(|l| l.len()).max().unwrap_or(0) }
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

    /// Every literal of `text` that ends after byte `from`, in the order of their ends.
    pub fn hits<'a>(&'a self, text: &'a str, from: usize) -> impl Iterator<Item = Hit> + 'a {
        let start = from.saturating_sub(self.longest.saturating_sub(1)).min(text.len());
        self.automaton
            .as_ref()
            .and_then(|automaton| automaton.try_find_overlapping_iter(Input::new(text.as_bytes()).range(start..)).ok())
            .into_iter()
            .flatten()
            .filter(move |hit| hit.end() > from)
            .filter_map(|hit| {
                let rule = *self.owner.get(hit.pattern().as_usize())?;
                Some(Hit { rule, span: hit.start()..hit.end() })
            })
    }

    /// Which rules have a literal in `text`.
    #[must_use]
    pub fn fired(&self, text: &str) -> Fired {
        let mut fired = Fired::default();
        for hit in self.hits(text, 0) {
            fired.note(&hit);
        }
        fired
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
        assert_eq!(prefilter.hits("xx beta", 5).count(), 1);
        assert_eq!(prefilter.hits("xx beta", 7).count(), 0);
    }
}
