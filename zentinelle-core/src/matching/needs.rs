//! What a text must hold for a pattern to match at all: enough to pass most patterns over without
//! building their automata.
//!
//! The rule is one-sided: a text without its needs cannot match; one with them may or may not.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Texts that must occur, letter case aside. Judges ASCII texts only: beyond ASCII, letters fold in ways of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing that could be told.
    Nothing,
    /// This text, in small letters, with its pairs.
    Text(String, Pairs),
    /// Every one of these.
    All(Vec<Needs>),
    /// At least one of these.
    Any(Vec<Needs>),
}

impl Needs {
    /// What a parsed pattern needs.
    pub(super) fn of(hir: &Hir) -> Self {
        let mut gathered = Gathered::default();
        gathered.read(hir);
        gathered.finish()
    }

    /// Whether a text of ASCII letters may match.
    pub(super) fn met_by(&self, text: &str, pairs: Pairs) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(wanted, needed) => pairs.hold(*needed) && occurs(text.as_bytes(), wanted.as_bytes()),
            Self::All(needs) => needs.iter().all(|needs| needs.met_by(text, pairs)),
            Self::Any(needs) => needs.iter().any(|needs| needs.met_by(text, pairs)),
        }
    }

    /// Whether a text of ASCII letters that has these pairs may match: a first look that costs next to nothing.
    pub(super) fn may_be_met(&self, pairs: Pairs) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(_, needed) => pairs.hold(*needed),
            Self::All(needs) => needs.iter().all(|needs| needs.may_be_met(pairs)),
            Self::Any(needs) => needs.iter().any(|needs| needs.may_be_met(pairs)),
        }
    }

    fn text(text: String) -> Self {
        let pairs = Pairs::of(&text);
        Self::Text(text, pairs)
    }
}

/// Which letters stand side by side in a text, letter case aside: a bit for each pair, shared by several. A text holds
/// another only if it has all of its pairs; long texts have nearly every bit, and then it tells little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(u128);

impl Pairs {
    /// The pairs of a text.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let next = bytes.get(1..).unwrap_or_default();
        Self(bytes.iter().zip(next).fold(0, |pairs, (a, b)| {
            // Setting one bit makes small letters of capital ones, and of other characters the same in every text.
            let bit = u32::from(a | 0x20).wrapping_mul(37).wrapping_add(u32::from(b | 0x20).wrapping_mul(101));
            pairs | 1 << (bit % 128)
        }))
    }

    fn hold(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }
}

/// Whether `wanted`, in small letters, stands in `text`, in any.
fn occurs(text: &[u8], wanted: &[u8]) -> bool {
    let Some(&first) = wanted.first() else { return true };
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), text).any(|at| {
        let here = text.get(at..at + wanted.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(wanted))
    })
}

/// The needs of a sequence, with the letters that stand side by side so far.
#[derive(Default)]
struct Gathered {
    run: String,
    all: Vec<Needs>,
}

impl Gathered {
    fn read(&mut self, hir: &Hir) {
        match hir.kind() {
            // Takes no room, so letters before and after stand side by side.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) if text.is_ascii() => self.run.push_str(&text.to_ascii_lowercase()),
                _ => self.end_run(),
            },
            HirKind::Class(class) => match only_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.end_run(),
            },
            HirKind::Repetition(repetition) => {
                self.end_run();
                if repetition.min > 0 {
                    self.push(Needs::of(&repetition.sub));
                }
            }
            HirKind::Capture(capture) => self.read(&capture.sub),
            HirKind::Concat(subs) => subs.iter().for_each(|sub| self.read(sub)),
            HirKind::Alternation(subs) => {
                self.end_run();
                let each: Vec<Needs> = subs.iter().map(Needs::of).collect();
                if !each.contains(&Needs::Nothing) {
                    self.push(Needs::Any(each));
                }
            }
        }
    }

    fn push(&mut self, needs: Needs) {
        if needs != Needs::Nothing {
            self.all.push(needs);
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.all.push(Needs::text(std::mem::take(&mut self.run)));
        }
    }

    fn finish(mut self) -> Needs {
        self.end_run();
        match self.all.len() {
            0 => Needs::Nothing,
            1 => self.all.pop().unwrap_or(Needs::Nothing),
            _ => Needs::All(self.all),
        }
    }
}

/// The one ASCII character a class stands for, letter case aside.
fn only_letter(class: &Class) -> Option<char> {
    let mut only = None;
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().take(4).map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => {
            class.ranges().iter().take(4).map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    for (start, end) in ranges.into_iter().filter(|(start, _)| *start < 128) {
        if start != end {
            return None;
        }
        let letter = char::from_u32(start)?.to_ascii_lowercase();
        if only.is_some_and(|only| only != letter) {
            return None;
        }
        only = Some(letter);
    }
    only
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_syntax::ParserBuilder;

    use super::*;

    fn needs(pattern: &str) -> Needs {
        Needs::of(&ParserBuilder::new().case_insensitive(true).build().parse(pattern).unwrap())
    }

    #[test]
    fn letters_side_by_side_are_one_text() {
        let text = |text: &str| Needs::text(text.to_owned());
        assert_eq!(needs(r"\bRM\b"), text("rm"));
        assert_eq!(needs("(r)(m) -rf"), text("rm -rf"));
        assert_eq!(needs(r"rm\s+-rf"), Needs::All(vec![text("rm"), text("-rf")]));
        assert_eq!(needs("curl|wget"), Needs::Any(vec![text("curl"), text("wget")]));
        assert_eq!(needs("a?b*"), Needs::Nothing);
        assert_eq!(needs("curl|.*"), Needs::Nothing);
        assert_eq!(needs("[ab]c"), text("c"));
    }

    const PIECES: [&str; 18] = [
        "a", "b", "k", "K", "(a|b)", "(?:ab)+", "[ab]", "[^ab]", "?", "*", "+", ".", "^", "$", "|", "{2}", r"\b", r"\s",
    ];

    proptest! {
        #[test]
        fn a_text_that_matches_meets_the_needs(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 1..9),
            text in "[abkAB ]{0,8}",
        ) {
            let pattern = pieces.concat();
            let regex = regex::RegexBuilder::new(&pattern).case_insensitive(true).build();
            if regex.is_ok_and(|regex| regex.is_match(&text)) {
                let pairs = Pairs::of(&text);
                prop_assert!(needs(&pattern).may_be_met(pairs) && needs(&pattern).met_by(&text, pairs), "{pattern}");
            }
        }
    }
}
