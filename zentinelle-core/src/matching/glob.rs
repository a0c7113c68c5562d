//! Shell-style patterns, as Python's `fnmatch` reads them on POSIX.
//!
//! `*` is any run of characters, separators and line breaks included; `?` is one character; `[abc]`, `[a-z]` and
//! `[!a-z]` are classes. There is no escape character, an unclosed `[` is itself, a range that runs backwards
//! is empty, and a pattern covers the whole subject.
//!
//! The matcher is our own rather than a translation to a regular expression: it remembers only the latest `*`,
//! so time is bounded by pattern length times subject length, a pattern costs a few dozen bytes, and there is
//! no automaton to outgrow a limit.

use super::text::{fold, fold_untrimmed};

/// Longest pattern accepted, in characters.
const MAX_LENGTH: usize = 1024;

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// The pattern is too long.
    #[error("pattern has {length} characters; at most {MAX_LENGTH} are allowed; split it into several patterns")]
    TooLong {
        /// Length found, in characters.
        length: usize,
    },
}

/// One compiled pattern, case-sensitive.
#[derive(Clone, Debug)]
pub struct Glob(Shape);

/// Patterns people really write get a direct comparison; the rest are walked part by part.
#[derive(Clone, Debug)]
enum Shape {
    Literal(Box<str>),
    Anything,
    Prefix(Box<str>),
    Suffix(Box<str>),
    Infix(Box<memchr::memmem::Finder<'static>>),
    Parts(Box<[Part]>),
}

#[derive(Clone, Debug)]
enum Part {
    Text(Box<str>),
    Run,
    One,
    Class(Class),
}

#[derive(Clone, Debug, Default)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    fn holds(&self, c: char) -> bool {
        self.ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != self.negated
    }

    /// Adds the folded form of what the class names, for subjects that were folded.
    fn fold(&mut self) {
        // A negated class keeps its letters: widening what it excludes would narrow what it matches.
        if self.negated {
            return;
        }
        let mut folded = Vec::new();
        for &(low, high) in &self.ranges {
            if u32::from(high) - u32::from(low) > 512 {
                folded.push(('a', 'z'));
                continue;
            }
            for c in low..=high {
                let text = fold_untrimmed(c.encode_utf8(&mut [0; 4]));
                let mut chars = text.chars();
                if let (Some(single), None) = (chars.next(), chars.next())
                    && single != c
                {
                    folded.push((single, single));
                }
            }
        }
        self.ranges.append(&mut folded);
    }
}

impl Glob {
    /// Compiles a pattern that is matched letter for letter.
    ///
    /// # Errors
    /// [`GlobError::TooLong`] beyond 1024 characters.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        Ok(Self::from_parts(parse(pattern)?))
    }

    /// Compiles a pattern for subjects that went through [`fold`].
    ///
    /// Only the letters are folded, after the pattern has been read, so that a wide asterisk in a pattern stays
    /// the character it is.
    ///
    /// # Errors
    /// [`GlobError::TooLong`] beyond 1024 characters.
    pub fn folded(pattern: &str) -> Result<Self, GlobError> {
        let mut parts = parse(pattern.trim())?;
        for part in &mut parts {
            match part {
                Part::Text(text) => *text = fold_untrimmed(text).into(),
                Part::Class(class) => class.fold(),
                Part::Run | Part::One => {}
            }
        }
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self::from_parts(parts))
    }

    fn from_parts(parts: Vec<Part>) -> Self {
        Self(match parts.as_slice() {
            [] => Shape::Literal("".into()),
            [Part::Text(text)] => Shape::Literal(text.clone()),
            [Part::Run] => Shape::Anything,
            [Part::Text(text), Part::Run] => Shape::Prefix(text.clone()),
            [Part::Run, Part::Text(text)] => Shape::Suffix(text.clone()),
            [Part::Run, Part::Text(text), Part::Run] => {
                Shape::Infix(Box::new(memchr::memmem::Finder::new(text.as_bytes()).into_owned()))
            }
            _ => Shape::Parts(parts.into_boxed_slice()),
        })
    }

    /// Whether the pattern covers the whole of `subject`.
    #[must_use]
    pub fn is_match(&self, subject: &str) -> bool {
        match &self.0 {
            Shape::Literal(text) => **text == *subject,
            Shape::Anything => true,
            Shape::Prefix(text) => subject.starts_with(&**text),
            Shape::Suffix(text) => subject.ends_with(&**text),
            Shape::Infix(finder) => finder.find(subject.as_bytes()).is_some(),
            Shape::Parts(parts) => walk(parts, subject),
        }
    }

    /// Whether the pattern names single characters, whose meaning may change when a subject is folded.
    fn counts_characters(&self) -> bool {
        matches!(&self.0, Shape::Parts(parts)
            if parts.iter().any(|part| matches!(part, Part::One | Part::Class(_))))
    }
}

/// Matches parts in order; on a mismatch the latest run swallows one character more. Earlier runs never need to
/// move, because the shortest match of all before the latest run leaves the most for what follows.
fn walk(parts: &[Part], subject: &str) -> bool {
    let (mut next, mut rest) = (0, subject);
    let mut latest: Option<(usize, &str)> = None;
    loop {
        let stepped = match parts.get(next) {
            Some(Part::Run) => {
                latest = Some((next + 1, rest));
                Some(rest)
            }
            Some(Part::Text(text)) => rest.strip_prefix(&**text),
            Some(Part::One) => step(rest, |_| true),
            Some(Part::Class(class)) => step(rest, |c| class.holds(c)),
            None if rest.is_empty() => return true,
            None => None,
        };
        if let Some(remaining) = stepped {
            (next, rest) = (next + 1, remaining);
            continue;
        }
        let Some((after, from)) = latest else {
            return false;
        };
        let Some(shorter) = step(from, |_| true) else {
            return false;
        };
        latest = Some((after, shorter));
        (next, rest) = (after, shorter);
    }
}

fn step(text: &str, accepts: impl Fn(char) -> bool) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().filter(|&c| accepts(c)).map(|_| chars.as_str())
}

fn parse(pattern: &str) -> Result<Vec<Part>, GlobError> {
    let chars: Vec<char> = pattern.chars().collect();
    if chars.len() > MAX_LENGTH {
        return Err(GlobError::TooLong { length: chars.len() });
    }
    let mut parts = Vec::new();
    let mut text = String::new();
    let flush = |text: &mut String, parts: &mut Vec<Part>| {
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(text).into()));
        }
    };
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '*' => {
                flush(&mut text, &mut parts);
                if !matches!(parts.last(), Some(Part::Run)) {
                    parts.push(Part::Run);
                }
            }
            '?' => {
                flush(&mut text, &mut parts);
                parts.push(Part::One);
            }
            '[' => {
                // A `]` right after the opening (or after `!`) belongs to the class.
                let skip = usize::from(chars.get(at) == Some(&'!'));
                let skip = skip + usize::from(chars.get(at + skip) == Some(&']'));
                let close = chars.get(at + skip..).and_then(|rest| rest.iter().position(|&c| c == ']'));
                if let Some(body) = close.and_then(|offset| chars.get(at..at + skip + offset)) {
                    flush(&mut text, &mut parts);
                    parts.push(read_class(body));
                    at += body.len() + 1;
                } else {
                    text.push('[');
                }
            }
            _ => text.push(c),
        }
    }
    flush(&mut text, &mut parts);
    Ok(parts)
}

/// Reads what stands between the brackets.
///
/// `fnmatch` cuts the body at each hyphen that can stand between two ends, drops ranges that run backwards
/// together with their ends, and only then looks for the leading `!`. The order shows in odd patterns
/// (`[b-a!]` is any one character), so it is kept.
fn read_class(body: &[char]) -> Part {
    let mut chunks = cut_at_ranges(body);
    for k in (1..chunks.len()).rev() {
        let low = chunks.get(k - 1).and_then(|chunk| chunk.last()).copied();
        let high = chunks.get(k).and_then(|chunk| chunk.first()).copied();
        if low > high {
            let tail = chunks.remove(k);
            if let Some(chunk) = chunks.get_mut(k - 1) {
                chunk.pop();
                chunk.extend(tail.into_iter().skip(1));
            }
        }
    }
    // `None` stands for the hyphen of a range.
    let mut items: Vec<Option<char>> = Vec::with_capacity(body.len());
    for (k, chunk) in chunks.iter().enumerate() {
        if k > 0 {
            items.push(None);
        }
        items.extend(chunk.iter().copied().map(Some));
    }
    let negated = items.first() == Some(&Some('!'));
    let mut items = items.get(usize::from(negated)..).unwrap_or_default();
    if negated && items.is_empty() {
        return Part::One;
    }
    let mut class = Class { negated, ranges: Vec::new() };
    while let Some((first, rest)) = items.split_first() {
        items = rest;
        match (first, rest) {
            (Some(low), [None, Some(high), rest @ ..]) => {
                class.ranges.push((*low, *high));
                items = rest;
            }
            (Some(c), _) => class.ranges.push((*c, *c)),
            (None, _) => class.ranges.push(('-', '-')),
        }
    }
    Part::Class(class)
}

fn cut_at_ranges(body: &[char]) -> Vec<Vec<char>> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut search = if body.first() == Some(&'!') { 2 } else { 1 };
    while let Some(offset) = body.get(search..).and_then(|rest| rest.iter().position(|&c| c == '-')) {
        let hyphen = search + offset;
        chunks.push(body.get(start..hyphen).unwrap_or_default().to_vec());
        start = hyphen + 1;
        search = hyphen + 3;
    }
    match (body.get(start..).unwrap_or_default(), chunks.last_mut()) {
        ([], Some(last)) => last.push('-'),
        (tail, _) => chunks.push(tail.to_vec()),
    }
    chunks
}

/// Patterns in the order their author wrote them.
#[derive(Clone, Debug, Default)]
pub struct GlobList {
    folds: bool,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    written: String,
    glob: Glob,
    /// The same pattern for the subject as it came; only where folding can lose a match.
    unfolded: Option<Glob>,
}

impl GlobList {
    /// Patterns that allow: compared letter for letter.
    ///
    /// # Errors
    /// The index of the first refused pattern, and why.
    pub fn exact(patterns: Vec<String>) -> Result<Self, (usize, GlobError)> {
        Self::build(patterns, false)
    }

    /// Patterns that deny: pattern and subject are folded (see [`fold`]), so letter case, stray blanks and
    /// invisible characters do not matter.
    ///
    /// # Errors
    /// The index of the first refused pattern, and why.
    pub fn folded(patterns: Vec<String>) -> Result<Self, (usize, GlobError)> {
        Self::build(patterns, true)
    }

    fn build(patterns: Vec<String>, folds: bool) -> Result<Self, (usize, GlobError)> {
        let mut entries = Vec::with_capacity(patterns.len());
        for (index, written) in patterns.into_iter().enumerate() {
            let compile = if folds { Glob::folded } else { Glob::new };
            let glob = compile(&written).map_err(|error| (index, error))?;
            let unfolded = if folds && glob.counts_characters() {
                Some(Glob::new(&written).map_err(|error| (index, error))?)
            } else {
                None
            };
            entries.push(Entry { written, glob, unfolded });
        }
        Ok(Self { folds, entries })
    }

    /// The first pattern that covers `subject`, as written.
    #[must_use]
    pub fn find(&self, subject: &str) -> Option<&str> {
        if self.entries.is_empty() {
            return None;
        }
        let entry = if self.folds {
            let folded = fold(subject);
            self.entries.iter().find(|entry| {
                entry.glob.is_match(&folded) || entry.unfolded.as_ref().is_some_and(|glob| glob.is_match(subject))
            })
        } else {
            self.entries.iter().find(|entry| entry.glob.is_match(subject))
        };
        entry.map(|entry| entry.written.as_str())
    }

    /// Whether there are no patterns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The patterns as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.written.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, subject: &str) -> bool {
        Glob::new(pattern).unwrap().is_match(subject)
    }

    #[test]
    fn wildcards_cover_what_fnmatch_covers() {
        for (pattern, subject, expected) in [
            ("tool:*", "tool:search", true),
            ("tool:db_*", "tool:search", false),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "notexample.com", false),
            ("*.example.com", "example.com", false),
            ("a*b", "a/x\ny/b", true),
            ("*a*a*b", "aaaaaaaaaaaaac", false),
            ("sh?ll", "shell", true),
            ("sh?ll", "shll", false),
            ("?", "é", true),
            ("api[1-3].example.com", "api4.example.com", false),
            ("api[!1-3].x", "api4.x", true),
            ("[]]", "]", true),
            ("[!]]", "]", false),
            ("[!]]", "a", true),
            ("[abc", "[abc", true),
            ("[", "[", true),
            ("[z-a]", "z", false),
            ("[z-a]", "-", false),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[!-a]", "-", false),
            ("[b-a!]", "x", true),
            ("[b-a!-z]", "-", false),
            ("[^a]", "^", true),
            ("[^a]", "b", false),
            ("[a-c-e]", "-", true),
            ("[a-c-e]", "d", false),
            ("\\*", "\\anything", true),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(matches(pattern, subject), expected, "{pattern:?} on {subject:?}");
        }
    }

    #[test]
    fn patterns_that_deny_ignore_case_blanks_and_invisible_characters() {
        let list = GlobList::folded(vec!["Secret_*".into(), " pg:Internal.[A-C]?".into(), "＊".into()]).unwrap();
        assert_eq!(list.find(" SECRET_token"), Some("Secret_*"));
        assert_eq!(list.find("sec\u{200b}ret_x"), Some("Secret_*"));
        assert_eq!(list.find("PG:internal.bX"), Some(" pg:Internal.[A-C]?"));
        assert_eq!(list.find("anything"), None);
        assert_eq!(list.find("*"), Some("＊"));
        let negated = GlobList::folded(vec!["key[!a-z]".into()]).unwrap();
        assert_eq!(negated.find("keyA"), Some("key[!a-z]"));
    }

    #[test]
    fn a_pattern_beyond_the_limit_names_its_place_and_the_limit() {
        let (index, error) = GlobList::exact(vec!["a".into(), "x".repeat(1025)]).unwrap_err();
        assert_eq!(index, 1);
        assert_eq!(
            error.to_string(),
            "pattern has 1025 characters; at most 1024 are allowed; split it into several patterns"
        );
    }

    #[test]
    fn many_runs_on_a_long_subject_end_soon() {
        assert!(!matches(&"*a".repeat(500), &"b".repeat(20_000)));
        assert!(!matches(&format!("{}b", "*a".repeat(400)), &"a".repeat(20_000)));
    }

    proptest! {
        #[test]
        fn a_pattern_without_wildcards_matches_itself_only(text in "[^*?\\[]{0,20}", other in "[^*?\\[]{0,20}") {
            prop_assert!(matches(&text, &text));
            prop_assert_eq!(matches(&text, &other), text == other);
        }

        #[test]
        fn wildcards_in_brackets_are_literal(text in "[a-z*?\\[]{1,12}") {
            let escaped: String = text.chars().map(|c| if "*?[".contains(c) { format!("[{c}]") } else { c.to_string() }).collect();
            prop_assert!(matches(&escaped, &text));
            let longer = format!("{text}x");
            prop_assert!(!matches(&escaped, &longer));
        }

        #[test]
        fn no_pattern_panics(pattern in any::<String>(), odd in "[-!\\[\\]a-c*?]{0,16}", subject in any::<String>()) {
            for pattern in [pattern, odd] {
                let _ = Glob::new(&pattern).map(|glob| glob.is_match(&subject));
                let _ = Glob::folded(&pattern).map(|glob| glob.is_match(&subject));
            }
        }
    }
}
