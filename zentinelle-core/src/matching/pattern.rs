//! Regular expressions that policies bring along.
//!
//! They run on an engine whose time grows with the length of the text and nothing else, so no pattern can hang a
//! check. The price is that look-around and back-references do not exist; the error says so and what to write
//! instead. Patterns written for Python mostly run unchanged: the small differences in `translate` are bridged.
//! One stays: `$` is the very end of the text, also when the text ends in a line break.
//!
//! A pattern is checked when it is made, and its automaton is built when a text first comes near it: that is most of
//! the work, and a hook that lives for one decision needs few of its patterns. Until then a text that lacks what the
//! pattern needs is passed over. Only a pattern that may be too large is built at once, to tell.

use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::needs::{Needs, Pairs};
use super::properties::{self, Fault};

/// Longest pattern accepted, in bytes.
const MAX_LENGTH: usize = 4096;
/// Memory one compiled pattern may take, in bytes.
const MAX_COMPILED: usize = 4 << 20;
/// Groups within groups.
const MAX_NESTING: u32 = 64;

/// Whether letter case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`, by Unicode's simple case folding.
    Insensitive,
}

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The pattern is too long.
    #[error("pattern has {length} bytes; at most {MAX_LENGTH} are allowed; split it into several patterns")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// The pattern uses a construct that cannot be matched in linear time, or that the engine lacks.
    #[error("character {at}: {construct} is not supported, because patterns run in linear time; {instead}")]
    Unsupported {
        /// Where, counted in characters from 1.
        at: usize,
        /// What was found.
        construct: &'static str,
        /// What to write in its place.
        instead: &'static str,
    },
    /// The pattern is malformed.
    #[error("character {at}: {found}")]
    Syntax {
        /// Where, counted in characters from 1.
        at: usize,
        /// What is wrong there.
        found: String,
    },
    /// The pattern grows too large when compiled.
    #[error("pattern needs more than {MAX_COMPILED} bytes when compiled; lower its repetition counts")]
    TooLarge,
}

/// A pattern that is known to compile.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    text: String,
    case: Case,
    needs: Needs,
    /// INVARIANT: never none. The text was parsed by the same rules, and fits.
    built: OnceLock<Option<Regex>>,
}

impl Checked {
    fn regex(&self) -> Option<&Regex> {
        self.built.get_or_init(|| build(&self.text, self.case).ok()).as_ref()
    }

    /// The automaton for a text that it may match.
    fn regex_for(&self, text: Searched<'_>) -> Option<&Regex> {
        if !text.pairs.is_none_or(|pairs| self.needs.may_be_met(pairs)) {
            return None;
        }
        match (self.built.get(), text.pairs) {
            (Some(built), _) => built.as_ref(),
            (None, Some(pairs)) if !self.needs.met_by(text.text, pairs) => None,
            (None, _) => self.regex(),
        }
    }
}

fn build(text: &str, case: Case) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(case == Case::Insensitive)
        .nest_limit(MAX_NESTING)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
}

/// A text that several patterns are looked for in.
#[derive(Clone, Copy, Debug)]
pub struct Searched<'t> {
    text: &'t str,
    /// None beyond ASCII, where they say nothing.
    pairs: Option<Pairs>,
}

impl<'t> Searched<'t> {
    /// Looks at a text once for all patterns.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self { text, pairs: text.is_ascii().then(|| Pairs::of(text)) }
    }
}

/// Memory an automaton takes at most, in bytes, by far: a byte of a literal is one state, a range of a class at most
/// seven sequences of four, and what is repeated is written out.
fn bound(hir: &Hir) -> usize {
    const STATE: usize = 64;
    const RANGE: usize = 28 * STATE;
    let own = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() * STATE,
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(RANGE),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() * STATE,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(repetition.min).saturating_add(1);
            bound(&repetition.sub).saturating_add(2 * STATE).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => {
            bound(&capture.sub).saturating_add(capture.name.as_ref().map_or(0, |name| name.len() * 2))
        }
        HirKind::Concat(subs) | HirKind::Alternation(subs) => {
            subs.iter().fold(subs.len() * STATE, |sum, sub| sum.saturating_add(bound(sub)))
        }
    };
    own.saturating_add(2 * STATE)
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`PatternError`]; it says where the fault is.
    pub fn new(source: &str, case: Case) -> Result<Self, PatternError> {
        if source.len() > MAX_LENGTH {
            return Err(PatternError::TooLong { length: source.len() });
        }
        let translated = translate(source)?.with_classes()?;
        // The parser is asked first, because it tells the place of a fault and the engine's own error does not.
        let parsed = regex_syntax::ParserBuilder::new()
            .nest_limit(MAX_NESTING)
            .case_insensitive(case == Case::Insensitive)
            .build()
            .parse(&translated.text);
        let hir = parsed.map_err(|error| translated.locate(&error))?;
        let built = match bound(&hir) <= MAX_COMPILED {
            true => OnceLock::new(),
            false => OnceLock::from(Some(build(&translated.text, case).map_err(|_| PatternError::TooLarge)?)),
        };
        Ok(Self(Arc::new(Checked { text: translated.text, case, needs: Needs::of(&hir), built })))
    }

    /// Whether the pattern occurs in `text`.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.occurs_in(Searched::new(text))
    }

    /// As [`Pattern::is_match`], in a text that other patterns are looked for in too.
    #[must_use]
    pub fn occurs_in(&self, text: Searched<'_>) -> bool {
        self.0.regex_for(text).is_some_and(|regex| regex.is_match(text.text))
    }

    /// The byte range of the leftmost occurrence in `text`.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        self.0.regex_for(Searched::new(text))?.find(text).map(|found| found.range())
    }

    /// The byte ranges of the occurrences in `text`, from left to right; none overlaps another.
    /// Each is found in linear time, so a caller bounds how many it takes.
    pub fn find_all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        self.0
            .regex_for(Searched::new(text))
            .into_iter()
            .flat_map(|regex| regex.find_iter(text))
            .map(|found| found.range())
    }
}

/// A pattern in the engine's syntax, and where its parts came from.
struct Translated {
    text: String,
    /// From which byte of `text` on, which character position in the source, from 1.
    origins: Vec<(usize, usize)>,
    end: usize,
}

impl Translated {
    fn new(end: usize) -> Self {
        Self { text: String::new(), origins: Vec::new(), end }
    }

    fn push(&mut self, text: &str, origin: usize) {
        self.origins.push((self.text.len(), origin));
        self.text.push_str(text);
    }

    fn origin(&self, offset: usize) -> usize {
        if offset >= self.text.len() {
            return self.end;
        }
        let begun = self.origins.partition_point(|(start, _)| *start <= offset);
        begun.checked_sub(1).and_then(|last| self.origins.get(last)).map_or(self.end, |(_, origin)| *origin)
    }

    /// The same with its classes by property written out.
    fn with_classes(self) -> Result<Self, PatternError> {
        let classes = properties::classes(&self.text, MAX_NESTING).map_err(|fault| match fault {
            Fault::Syntax(error) => self.locate(&error),
            Fault::Unknown(at, missing) => PatternError::Syntax { at: self.origin(at), found: missing.to_owned() },
            Fault::TooLarge => PatternError::TooLarge,
        })?;
        if classes.is_empty() {
            return Ok(self);
        }
        let mut out = Self::new(self.end);
        let mut classes = classes.into_iter().peekable();
        for (at, c) in self.text.char_indices() {
            if let Some((place, class)) = classes.peek() {
                if place.start == at {
                    out.push(class, self.origin(at));
                }
                let last = at + c.len_utf8() == place.end;
                if place.contains(&at) {
                    if last {
                        classes.next();
                    }
                    continue;
                }
            }
            out.push(c.encode_utf8(&mut [0; 4]), self.origin(at));
        }
        Ok(out)
    }

    fn locate(&self, error: &regex_syntax::Error) -> PatternError {
        let (offset, found) = match error {
            regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
            _ => (0, "not a regular expression".to_owned()),
        };
        PatternError::Syntax { at: self.origin(offset), found }
    }
}

const LOOK_AHEAD: &str = "match the wanted text itself, or use two patterns";
const BACK_REFERENCE: &str = "spell out what repeats, for example (aa|bb)";
const ATOMIC: &str = "drop the mark: nothing is ever retried here, so it gains nothing";

/// Rewrites what Python and this engine spell differently: `\Z`, `\<`, `\>`, `\0`, a `{` that starts no repetition, and
/// `[`, `&`, `~` inside a class, which are plain characters in Python.
fn translate(source: &str) -> Result<Translated, PatternError> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Translated::new(chars.len() + 1);
    let unsupported =
        |index: usize, construct, instead| PatternError::Unsupported { at: index + 1, construct, instead };
    let follows = |index: usize, text: &str| {
        chars.get(index..).is_some_and(|rest| text.chars().enumerate().all(|(offset, c)| rest.get(offset) == Some(&c)))
    };
    let mut index = 0;
    // Index of the first character of the class we are in, after `[` and `^`.
    let mut class: Option<usize> = None;
    let mut buffer = [0; 4];
    while let Some(&c) = chars.get(index) {
        let origin = index + 1;
        index += 1;
        match (c, class) {
            ('\\', _) => {
                let Some(&escaped) = chars.get(index) else {
                    out.push("\\", origin);
                    continue;
                };
                index += 1;
                match escaped {
                    '1'..='9' if class.is_none() => {
                        return Err(unsupported(index - 2, "a back-reference", BACK_REFERENCE));
                    }
                    'Z' => out.push("\\z", origin),
                    '<' | '>' | '\'' | '"' | '/' | '`' | ' ' | ',' | ':' | ';' | '=' | '!' | '@' | '%' | '_' => {
                        out.push(escaped.encode_utf8(&mut buffer), origin);
                    }
                    '0' => out.push("\\x00", origin),
                    'p' | 'P' => {
                        out.push("\\", origin);
                        out.push(escaped.encode_utf8(&mut buffer), origin);
                        // What follows is a name, not a count or a plain character.
                        if chars.get(index) == Some(&'{') {
                            index += 1;
                            out.push("{", index);
                        }
                    }
                    _ => {
                        out.push("\\", origin);
                        out.push(escaped.encode_utf8(&mut buffer), origin);
                    }
                }
            }
            ('(', None) if chars.get(index) == Some(&'?') => {
                for look in ["?=", "?!"] {
                    if follows(index, look) {
                        return Err(unsupported(index - 1, "look-ahead", LOOK_AHEAD));
                    }
                }
                for look in ["?<=", "?<!"] {
                    if follows(index, look) {
                        return Err(unsupported(index - 1, "look-behind", LOOK_AHEAD));
                    }
                }
                if follows(index, "?P=") {
                    return Err(unsupported(index - 1, "a back-reference", BACK_REFERENCE));
                }
                if follows(index, "?>") {
                    return Err(unsupported(index - 1, "an atomic group", ATOMIC));
                }
                if follows(index, "?(") {
                    return Err(unsupported(index - 1, "a conditional group", "use two patterns"));
                }
                if follows(index, "?#") {
                    return Err(unsupported(index - 1, "a comment", "drop it"));
                }
                out.push("(", origin);
            }
            ('[', None) => {
                out.push("[", origin);
                if chars.get(index) == Some(&'^') {
                    out.push("^", index + 1);
                    index += 1;
                }
                class = Some(index);
            }
            (']', Some(first)) => {
                if index - 1 == first {
                    out.push("\\]", origin);
                } else {
                    class = None;
                    out.push("]", origin);
                }
            }
            ('[' | '&' | '~', Some(_)) => {
                out.push("\\", origin);
                out.push(c.encode_utf8(&mut buffer), origin);
            }
            ('-', Some(_)) if chars.get(index) == Some(&'-') && chars.get(index + 1) == Some(&']') => {
                out.push("\\-", origin);
            }
            ('{', None) if !starts_repetition(chars.get(index..).unwrap_or_default()) => out.push("\\{", origin),
            _ => out.push(c.encode_utf8(&mut buffer), origin),
        }
    }
    Ok(out)
}

/// Whether what follows a `{` makes it a count: digits, maybe a comma and digits, then `}`.
fn starts_repetition(rest: &[char]) -> bool {
    let Some(close) = rest.iter().position(|&c| c == '}') else {
        return false;
    };
    let body = rest.get(..close).unwrap_or_default();
    !body.is_empty()
        && body.iter().any(char::is_ascii_digit)
        && body.iter().all(|c| c.is_ascii_digit() || *c == ',')
        && body.iter().filter(|&&c| c == ',').count() <= 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(source: &str) -> String {
        Pattern::new(source, Case::Sensitive).unwrap_err().to_string()
    }

    fn found(source: &str, text: &str) -> bool {
        Pattern::new(source, Case::Insensitive).unwrap().is_match(text)
    }

    #[test]
    fn patterns_written_for_python_run_unchanged() {
        assert!(found(r"card\s*\d{4}", "my CARD 1234"));
        assert!(found(r"end\Z", "the end"));
        assert!(found(r"https?:\/\/\<x\>", "http://<x>"));
        assert!(found(r#"{"key": "[^"]+"}"#, r#"{"key": "v"}"#));
        assert!(found(r"[[&~]x[]a]", "[x]"));
        assert!(found(r"(?P<word>ab){2}", "abab"));
        assert!(found(r"\'\;\@", "';@"));
        assert!(found(r"[^]]", "a"));
        assert!(!found(r"\<b\>", "b"));
    }

    #[test]
    fn letter_case_matters_only_when_asked_for() {
        assert!(!Pattern::new("abc", Case::Sensitive).unwrap().is_match("ABC"));
        assert_eq!(Pattern::new("abc", Case::Insensitive).unwrap().find("xABC"), Some(1..4));
    }

    #[test]
    fn a_refused_pattern_says_where_and_what_to_write_instead() {
        assert_eq!(
            error(r"(\w)\1"),
            "character 5: a back-reference is not supported, because patterns run in linear time; \
             spell out what repeats, for example (aa|bb)"
        );
        assert_eq!(
            error("ab(?!c)"),
            "character 3: look-ahead is not supported, because patterns run in linear time; \
             match the wanted text itself, or use two patterns"
        );
        assert!(error("(?<=a)b").starts_with("character 1: look-behind"));
        assert_eq!(error("é{b("), "character 4: unclosed group");
        assert_eq!(error(r"é\pLx\p{Greekk}"), "character 6: Unicode property not found");
        assert_eq!(error(r"é[\p{L}\p{sc=x}]"), "character 8: Unicode property value not found");
        assert_eq!(error(r"\p{Greek}é{b("), "character 13: unclosed group");
        assert_eq!(error(r"é(?-u)\pL"), "character 7: Unicode not allowed here");
        assert_eq!(error(r"\pL[z-a]"), "character 5: invalid character class range, the start must be <= the end");
        assert!(error("[z-a]").starts_with("character 2: invalid character class range"));
    }

    #[test]
    fn characters_are_named_by_property() {
        for source in [r"^\p{Greek}+$", r"^[\p{Greek}]+$", r"^\p{sc=Greek}+$", r"^\pL+$", r"^\p{Alphabetic}{3}$"] {
            assert!(found(source, "λόγ"), "{source}");
            assert!(!found(source, "123"), "{source}");
        }
    }

    #[test]
    fn as_many_classes_by_property_are_accepted_as_an_automaton_can_hold() {
        for class in [r"\pL", r"[\p{Greek}\PN]", r"\p{Uppercase}"] {
            let mut refused = 0;
            for count in [1, 10, 20, 40, 60, 80, 120, MAX_LENGTH / class.len()] {
                let source = class.repeat(count);
                let taken = Pattern::new(&source, Case::Sensitive);
                assert_eq!(taken.is_ok(), build(&source, Case::Sensitive).is_ok(), "{count} {class}");
                refused += usize::from(matches!(taken, Err(PatternError::TooLarge)));
            }
            assert!((1..8).contains(&refused), "{refused} {class}");
        }
    }

    #[test]
    fn a_pattern_that_grows_too_large_is_refused() {
        assert_eq!(Pattern::new(r"(\w{100}){100}{100}", Case::Sensitive).unwrap_err(), PatternError::TooLarge);
        assert!(error(&"a".repeat(5000)).starts_with("pattern has 5000 bytes; at most 4096"));
        assert!(Pattern::new(&"(".repeat(2000), Case::Sensitive).is_err());
    }

    #[test]
    fn classes_repeated_up_to_the_bound_compile_when_they_are_met() {
        for class in [r"\w", r"\W", r"\S", r"[^a]", r"(?i:[a-z])", r"\p{L}", r"[\x{7f}-\x{10ffff}]", r"."] {
            for count in 1..60 {
                let source = format!("(?:{class}{{{count}}}|x{class}*?){class}+");
                let Ok(pattern) = Pattern::new(&source, Case::Insensitive) else { continue };
                assert!(pattern.0.regex().is_some(), "{source}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_compiles_when_it_is_met(source in "[\\[\\](){}|?*+\\\\^a.wSpL0-9,]{0,24}") {
            if let Ok(pattern) = Pattern::new(&source, Case::Insensitive) {
                prop_assert!(pattern.0.regex().is_some());
            }
        }

        #[test]
        fn no_pattern_panics(source in any::<String>(), odd in "[-\\[\\](){}?\\\\^a&~0-9,<=!]{0,20}") {
            for source in [source, odd] {
                let _ = Pattern::new(&source, Case::Insensitive).map(|pattern| pattern.is_match("a-b[c]"));
            }
        }

        #[test]
        fn escaped_text_matches_itself(text in "\\PC{0,20}") {
            prop_assert!(Pattern::new(&regex::escape(&text), Case::Sensitive).unwrap().is_match(&text));
        }
    }
}
