//! What one signal is, and how the readable patterns of the tables become regular expressions.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::needs::Needs;
use crate::matching::properties::written_out;

/// What a signal speaks of. Signals of one topic confirm each other less than signals of two:
/// see the `score` module.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Orders to drop or replace the instructions in force.
    Override,
    /// A new role for the model.
    Role,
    /// Asking for the system prompt or a secret it guards.
    Extraction,
    /// Claimed authority: administrators, makers of the model, special modes.
    Authority,
    /// Forged structure: role tokens, fake turns, fake ends of a document.
    Delimiter,
    /// Content that speaks to the model that reads it.
    Indirect,
    /// Sending data away.
    Exfiltration,
    /// Making the agent act for a stranger.
    Hijack,
    /// Personas and framings that put safety out of force.
    Jailbreak,
    /// Forbidding refusals, forcing a first phrase.
    Refusal,
    /// Instructions hidden in an encoding or in pieces.
    Carrier,
}

/// One row of a table.
#[derive(Debug)]
pub(crate) struct Signal {
    /// Stable name, shown to people and used in findings.
    pub(crate) kind: &'static str,
    /// The pattern is only tried on a text that contains one of these, ASCII letter case ignored.
    pub(crate) literals: &'static [&'static str],
    /// How likely a text from the user that holds this, and nothing else, is an attack: 0 to 1.
    pub(crate) user: f32,
    /// The same for text that came from a tool, a document or another stranger.
    pub(crate) foreign: f32,
    /// What the sentence around a hit may do to its weight.
    pub(crate) reading: Reading,
    /// What a text must hold beside a literal for the pattern to be tried.
    pub(crate) needs: LazyLock<Needs, fn() -> Needs>,
    /// The pattern, compiled on first use. `None` when it does not compile, which a test excludes.
    pub(crate) regex: LazyLock<Option<Expression>, fn() -> Option<Expression>>,
}

/// How the words around a hit are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reading {
    /// The hit opens with a verb and counts fully only as an order; quotation and discussion weaken it.
    Order,
    /// Quotation and discussion weaken it.
    Statement,
    /// Counts as it stands: structure rather than language.
    Shape,
}

/// A table: the signals of one topic.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) topic: Topic,
    pub(crate) signals: &'static [Signal],
}

/// Words the patterns share. A pattern names a list in braces.
const VOCABULARY: &[(&str, &str)] = &[
    (
        "{drop}",
        r"ignore|disregard|forget(?: about)?|discard|neglect|overlook|override|overrule|bypass|abandon|erase|dismiss|nullify|suspend|throw away|pay no attention to|do not (?:follow|obey|adhere to|comply with|listen to)|don['’]?t (?:follow|obey|listen to|adhere to)|stop (?:following|obeying|listening to)|cease following|delete|clear|cancel|drop|skip|unlearn|void|reset|violate|break",
    ),
    (
        "{dismiss}",
        r"ignore|disregard|forget(?: about)?|discard|neglect|overlook|abandon|erase|dismiss|nullify|unlearn|throw away|pay no attention to|do not (?:follow|obey|adhere to|comply with|listen to)|don['’]?t (?:follow|obey|listen to|adhere to)|stop (?:following|obeying|listening to)|cease following",
    ),
    (
        "{det}",
        r"all|any|every|each|the|of|your|ur|my|our|those|these|this|that|such|both|everything|whatever|other|about|it|its|them|their|a|an|to|on|from|in|and|or|rest|absolutely|completely|entirely|literally",
    ),
    (
        "{prior}",
        r"previous(?:ly)?|prior|above|preceding|earlier|past|former|initial|original|existing|current|foregoing|aforementioned|first|last|given|received|system|default|programmed|built-?in|internal|pre-?(?:set|defined|programmed|existing)|old|safety|ethical|content|moral|developer|openai|hidden|core|provided|standing|stated|before",
    ),
    (
        "{rules}",
        r"instructions?|instruct|directions?|directives?|prompts?|commands?|guidelines?|guidance|orders?|programming|constraints?|guardrails?|safeguards?|rules|polic(?:y|ies)|restrictions?|protocols?|regulations?|principles",
    ),
    (
        "{model}",
        r"a\.?i\.?|llms?|(?:large )?language models?|assistants?|chat ?bots?|(?:chat)?gpt(?:-\w+)?|copilots?|claude|gemini|bard|bing|llama|(?:ai|llm|virtual|intelligent|automated|autonomous|coding|browsing|email|web) (?:models?|assistants?|agents?|systems?|bots?|tools?|crawlers?|readers?)|agents?|models?|bots?",
    ),
    (
        "{ai}",
        r"a\.?i\.?|llms?|(?:large )?language models?|chat ?bots?|chatgpt|gpt(?:-\w+)?|copilot|claude|gemini|(?:ai|llm|virtual|automated|autonomous)(?: \w+)? (?:models?|assistants?|agents?|systems?|bots?|tools?|reviewers?|crawlers?)|(?:ai|llm) reviewers?|assistants?",
    ),
    (
        "{show}",
        r"reveal|show|print|repeat|output|display|share|leak|disclose|dump|write|copy|paste|recite|summari[sz]e|translate|spell|encode|tell|give|say|list|provide|return|expose|describe|explain|export|quote|echo|state|send|respond with|reply with|convert|reproduce|restate|rephrase|paraphrase|present|divulge|emit|type|post|put",
    ),
    (
        "{secretword}",
        r"passwords?|passphrases?|api[ _-]?keys?|credentials?|(?:access |auth(?:entication)? |session |bearer |security )?tokens?|secrets?|private keys?|ssh keys?|\.env\b|env(?:ironment)? (?:vars?|variables?)|credit cards?|social security|bank details|2fa|security codes?|verification codes?|(?:chat|conversation|message|browsing) (?:history|logs?)|conversations?|system prompts?|(?:personal|private|sensitive|confidential|customer|user|financial|medical|internal|account|genetic) (?:data|info(?:rmation)?|details|records?|files?|documents?|emails?)|contacts|address book|inbox|emails|(?:saved |stored )?payment methods?|genetic data",
    ),
    (
        "{bad}",
        r"illegal|unethical|immoral|harmful|dangerous|malicious|offensive|inappropriate|explicit|unlawful|amoral|criminal|hateful|violent|toxic|nsfw",
    ),
    (
        "{limit}",
        r"restrictions?|limits?|limitations?|filters?|censorship|boundaries|constraints?|rules|guidelines|guardrails|ethics|ethical|morals?|morality|disclaimers?|warnings?|safeguards|safety|moderation|regulations|inhibitions|policies|content polic(?:y|ies)",
    ),
];

/// Turns a table pattern into a regular expression: a named list becomes an alternation, and a
/// blank stands for what may lie between two words (white space, a comma, emphasis marks), and `\b` for `edge`.
pub(crate) fn expand(pattern: &str, edge: &str) -> String {
    let mut text = pattern.to_owned();
    for (name, words) in VOCABULARY {
        text = text.replace(name, &format!("(?:{words})"));
    }
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    let (mut in_class, mut escaped) = (false, false);
    for c in text.chars() {
        match (c, escaped, in_class) {
            (' ', false, false) => out.push_str(r#"[\s,*_"'’:]+"#),
            ('\\', false, _) => {}
            ('b', true, false) => out.push_str(edge),
            // The class holds both cases already; folding it again is most of a pattern's compile time.
            ('w', true, false) => out.push_str(&format!("(?-i:[{LETTERS}])")),
            ('w', true, true) => out.push_str(LETTERS),
            (_, true, _) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        match c {
            '[' if !escaped => in_class = true,
            ']' if !escaped => in_class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    out
}

/// What `\w` means in a pattern. Latin letters suffice, and the full Unicode class, repeated as
/// often as the tables repeat it, would make automata of many megabytes.
const LETTERS: &str = r"0-9A-Za-z_\u{C0}-\u{24F}";

/// The edge of a word. One that knows only ASCII keeps the search on its fast path in every text; a
/// pattern with other letters needs the real one, for it may begin with such a letter.
fn edge(pattern: &str) -> &'static str {
    if pattern.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) { r"\b" } else { ASCII_EDGE }
}

/// The pattern of a signal.
#[derive(Debug)]
pub(crate) struct Expression {
    exact: Regex,
    /// The same without its edges, where those keep a search off the fast path in a text with
    /// letters outside ASCII: what does not match it does not match the pattern either.
    rough: Option<Regex>,
}

impl Expression {
    pub(crate) fn new(pattern: &str, words: bool) -> Option<Self> {
        let rough = if edge(pattern) == ASCII_EDGE { None } else { Some(build(&expand(pattern, ""))?) };
        Some(Self { exact: compile(pattern, words)?, rough })
    }

    /// All that the pattern matches in `text`.
    pub(crate) fn find_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = regex::Match<'t>> {
        let may_match = self.rough.as_ref().is_none_or(|rough| rough.is_match(text));
        may_match.then(|| self.exact.find_iter(text)).into_iter().flatten()
    }
}

/// What a text must hold for a table pattern to match.
pub(crate) fn needs(pattern: &str) -> Needs {
    Needs::of(&expand(pattern, ""))
}

const ASCII_EDGE: &str = r"(?-u:\b)";

/// Compiles a pattern with bounded memory.
pub(crate) fn compile(pattern: &str, words: bool) -> Option<Regex> {
    let body = expand(pattern, edge(pattern));
    let edge = edge(pattern);
    let body = if words { format!("{edge}(?:{body})(?:{edge}|[^0-9A-Za-z_]|$)") } else { body };
    build(&body)
}

fn build(expanded: &str) -> Option<Regex> {
    RegexBuilder::new(&written_out(expanded)?)
        .case_insensitive(true)
        .multi_line(true)
        .size_limit(8 << 20)
        .dfa_size_limit(4 << 20)
        .build()
        .ok()
}

/// Writes one table. A row is: how it is read, its name, its literals, its pattern, its weight in
/// text from the user, its weight in text from elsewhere. `Shape` patterns bring their own edges;
/// the others are whole words.
macro_rules! table {
    ($topic:ident: $( $reading:ident $kind:literal [$($literal:literal),+ $(,)?] $pattern:literal $user:literal $foreign:literal; )+) => {
        static SIGNALS: [$crate::scan::injection::signal::Signal; [$($kind),+].len()] = [$(
            $crate::scan::injection::signal::Signal {
                kind: $kind,
                literals: &[$($literal),+],
                user: $user,
                foreign: $foreign,
                reading: $crate::scan::injection::signal::Reading::$reading,
                needs: std::sync::LazyLock::new(|| $crate::scan::injection::signal::needs($pattern)),
                regex: std::sync::LazyLock::new(|| $crate::scan::injection::signal::Expression::new(
                    $pattern,
                    !matches!(
                        $crate::scan::injection::signal::Reading::$reading,
                        $crate::scan::injection::signal::Reading::Shape
                    ),
                )),
            },
        )+];
        pub(crate) static TABLE: $crate::scan::injection::signal::Table = $crate::scan::injection::signal::Table {
            topic: $crate::scan::injection::signal::Topic::$topic,
            signals: &SIGNALS,
        };
    };
}
pub(crate) use table;
