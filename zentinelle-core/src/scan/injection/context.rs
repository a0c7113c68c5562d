//! How the words around a hit change what it weighs.
//!
//! A text that speaks *about* an attack uses the attack's words. What gives it away is its
//! grammar: the phrase stands in quotation marks after other words, the sentence names attacks,
//! examples or defences, the verb has a subject, or the sentence asks a question about the matter.

use std::sync::LazyLock;

use regex::Regex;

use super::signal::{Reading, Topic, compile};

/// How far before and after a hit its sentence is looked at, in bytes.
const REACH: usize = 160;

/// Speaks about attacks and words rather than uttering them.
static DISCUSSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"(?:(?:asked|told|instructed|tricked|convinced|persuad\w+|tells?|telling|asks|asking|instructs|instructing|forc(?:es?|ed|ing)|caus(?:es?|ed|ing)|gets?|getting|made|makes|making) (?:the|an?|its?|their|some|our) (?:\w+ )?(?:model|chatbot|bot|assistant|llm|ai|system|agent)|whether|attack(?:s|er|ers|ing)?|adversar\w+|malicious (?:actors?|users?|prompts?|inputs?|instructions?|emails?|content)|prompt[- ]injections?|injections?|injected|vulnerab\w+|exploit(?:s|ed|ing)?|mitigat\w+|defen[cds]\w+|detect(?:s|ed|ing|ion|or|ors)?|prevent\w*|protect\w*|guard against|filter(?:s|ing) (?:for|out)|block(?:s|ed|ing)?|security research\w*|papers?|literature|articles?|blog|lectures?|training data|data ?sets?|for example|e\.g\.?|example(?:s)? (?:of|:)|examples?|such as|the (?:phrase|term|words?|expression|payload)|phrases?|keywords?|phrases? like|(?:prompts?|strings|inputs?|messages?|something) (?:like|such as)|known as|so-called|called|titled|entitled|(?:what )?(?:does|do|did) (?:\w+ ){0,6}mean|meaning of|defin(?:e|ition)|classif\w+|unit tests?|test cases?|red[- ]team\w*|owasp|scanner|beispiel|angriff\w*|attaque\w*|ataque\w*|attacc\w+|атак\w*|пример\w*|atak\w*|saldırı\w*|flag(?:s|ged|ging)? (?:as|when|if|any|texts?)|reports? (?:that|of)|documented|documentation|explains?|discuss\w*|history of)",
        true,
    )
});

/// What follows a phrase that is only named.
static NAMED_AFTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"^[^\w\n]{0,4}(?:\w+ ){0,2}?(?:attacks?|injections?|attempts?|payloads?|strings?|phrases?|jailbreaks?|(?:is|are) (?:an? )?(?:\w+ )?(?:examples?|attacks?|common|typical|classic|known|jailbreaks?)|requests? (?:are|is|must)|means?)\b",
        false,
    )
});

/// The sentence asks about the matter instead of ordering.
static QUESTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"^[\s>*#\-\x22'“(]{0,6}(?:(?:hi|hello|hey|please|and|so|but|also|then),? )?(?:why|how|when|where|who|which|should|is|are|was|were|(?:does|did|do|has|have) (?:you|i|we|they|he|she|it|the|this|any|all|ai|an?|models|people|most|chatbots|llms|your|my|anyone)|can i|can we|could i|could we|may i|would it|will it|what (?:happens?|if|does|do|kind|is the (?:difference|best|meaning|purpose)|are the (?:risks?|consequences|best|benefits|differences|main)|are some|should|would|measures|steps|causes)|(?:can|could|would|will) (?:you|u|someone|anyone) (?:please |also |briefly )?(?:explain|describe|discuss|elaborate|help me understand|define|clarify|compare|recommend|suggest|summari[sz]e (?:how|why|when)|(?:tell|show|teach) me (?:how|why|when|whether|about)|provide (?:an? )?(?:\w+ )?(?:overview|explanation|examples?|guide|tips)|help)|explain|describe|discuss|compare|define|summari[sz]e (?:how|why|the (?:history|debate|arguments?)))\b",
        false,
    )
});

/// Says how far somebody has come, in words that otherwise give a role: "you are now ready to deploy".
static STATUS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"^you(?:['’]re| are) (?:now|about to be|going to be|no longer) (?:all )?(?:(?:almost|nearly|fully|successfully|automatically|properly) )?(?:ready|set|done|finished|logged (?:in|out)|signed (?:in|out|up)|connected|disconnected|subscribed|unsubscribed|registered|enrolled|up (?:to date|and running)|using version|running version|good to go|on (?:the )?(?:branch|page|list|version|waiting list)|following|viewing|looking at|seeing)\b",
        false,
    )
});

/// Ends of names of files that show what a file of secrets looks like and hold none.
const SAMPLES: [&str; 6] = [".dist", ".example", ".sample", ".schema", ".template", ".tpl"];

/// Ends of what stands before an order verb when the verb has a subject of its own or is denied.
const SUBJECTS: &[&str] = &[
    "i",
    "we",
    "they",
    "he",
    "she",
    "it",
    "who",
    "which",
    "that",
    "to",
    "not",
    "don't",
    "never",
    "cannot",
    "can't",
    "people",
    "users",
    "developers",
    "companies",
    "we'll",
    "i'll",
    "didn't",
    "doesn't",
    "won't",
    "would",
    "often",
    "sometimes",
    "usually",
    "they'd",
    "simply",
    "may",
    "might",
    "did",
    "does",
    "couldn't",
    "i'd",
    "tend",
    "students",
    "teachers",
    "drivers",
    "should",
    "could",
    "can",
    "cannot",
    "does not",
    "players",
    "employees",
    "nobody",
    "everyone",
    "politicians",
    "some",
    "many",
    "most",
    "or",
    "shouldn't",
    "must",
    "will",
    "dont",
    "for",
    "of",
    "the",
    "a",
    "with",
    "by",
];

/// Words that, with one of [`SUBJECTS`] after them, still make an order to the reader.
const ADDRESSED: &[&str] = &[
    "you",
    "you'll",
    "please",
    "assistant",
    "ai",
    "model",
    "gpt",
    "chatgpt",
    "now",
    "want",
    "need",
    "agent",
    "instructed",
    "told",
    "required",
    "ur",
    "u",
    "task",
    "is",
    "must",
    "should",
    "order",
    "command",
    "and",
    "goal",
];

/// The factor for one hit: 1 leaves its weight, less lowers it, more raises it.
pub(crate) fn factor(text: &str, start: usize, end: usize, reading: Reading, topic: Topic) -> f32 {
    if reading == Reading::Shape {
        return if in_code(text, start) { 0.6 } else { 1.0 };
    }
    let before = sentence_before(text, start);
    let after = sentence_after(text, end);
    let mut factor = 1.0;
    if quoted(text, start, end) {
        factor *= 0.4;
    }
    if in_code(text, start) {
        factor *= 0.5;
    }
    if found(&DISCUSSION, before) || found(&NAMED_AFTER, leading(after, 60)) {
        // A persona is described in the same words as an article about it.
        factor *= if matches!(topic, Topic::Jailbreak | Topic::Refusal) { 0.75 } else { 0.45 };
    }
    if found(&QUESTION, before)
        || (before.trim().is_empty()
            && found(&QUESTION, text.get(start..end).unwrap_or_default())
            && after.contains('?'))
    {
        factor *= 0.4;
    }
    if reading == Reading::Order {
        factor *= mood(before);
    }
    let rest = text.get(start..).unwrap_or_default();
    if topic == Topic::Role && found(&STATUS, leading(rest, 60)) {
        factor *= 0.3;
    }
    if topic == Topic::Exfiltration && names_a_sample(text.get(end..).unwrap_or_default()) {
        factor *= 0.3;
    }
    factor
}

/// Whether what follows a file's name makes it the name of a sample, as in `.env.example`.
fn names_a_sample(after: &str) -> bool {
    SAMPLES.iter().any(|end| {
        after.strip_prefix(end).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '/'))
    })
}

/// Whether the verb that opens a hit is an order. An order opens its sentence or follows words that
/// address the reader; a verb behind a subject, "to" or "not" reports or forbids.
fn mood(before: &str) -> f32 {
    let mut words =
        before.rsplit(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')).filter(|word| !word.is_empty());
    let Some(last) = words.next() else { return 1.15 };
    let last = last.to_ascii_lowercase();
    if !SUBJECTS.contains(&last.as_str()) {
        return 1.0;
    }
    let addressed = words.take(4).any(|word| ADDRESSED.contains(&word.to_ascii_lowercase().as_str()));
    if addressed { 0.95 } else { 0.45 }
}

/// The part of the sentence before `start`.
fn sentence_before(text: &str, start: usize) -> &str {
    let from = floor(text, start.saturating_sub(REACH));
    let window = text.get(from..start).unwrap_or_default();
    let cut = window.rfind(['.', '!', '?', '\n', ';', '。', '।', '！', '？']).map_or(0, |at| at.saturating_add(1));
    let cut = ceil(window, cut);
    window.get(cut..).unwrap_or_default()
}

/// The part of the sentence after `end`.
fn sentence_after(text: &str, end: usize) -> &str {
    let to = ceil(text, end.saturating_add(REACH).min(text.len()));
    let window = text.get(end..to).unwrap_or_default();
    let cut = window.find(['\n', '.', '!', '?', ';']).map_or(window.len(), |at| at.saturating_add(1));
    window.get(..cut).unwrap_or(window)
}

/// Whether the hit lies in quotation marks that follow other words of its line: quotation inside a
/// sentence. A wholly quoted text and a JSON value are not quotations.
fn quoted(text: &str, start: usize, end: usize) -> bool {
    let from = floor(text, start.saturating_sub(REACH));
    let line_before = text.get(from..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    let to = ceil(text, end.saturating_add(2 * REACH).min(text.len()));
    let line_after = text.get(end..to).unwrap_or_default().split('\n').next().unwrap_or_default();
    [('“', '”'), ('"', '"'), ('‘', '’'), ('«', '»'), ('`', '`'), ('„', '“'), ('「', '」'), ('『', '』'), ('\'', '\'')]
        .iter()
        .any(|&(open, close)| {
            let Some(at) = opening(line_before, open, close) else { return false };
            if !line_after.contains(close) {
                return false;
            }
            let lead = line_before.get(..at).unwrap_or_default();
            let structural =
                lead.trim_end().ends_with([':', '=', '{', '[', '(', ',']) && lead.contains(['"', '{', '=', '[']);
            !structural && lead.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count() >= 2
        })
}

/// Where a quotation that is still open at the end of `before` began.
fn opening(before: &str, open: char, close: char) -> Option<usize> {
    if open == close {
        let marks: Vec<usize> = before
            .match_indices(open)
            .filter(|&(at, _)| {
                open != '\'' || !before.get(..at).is_some_and(|lead| lead.ends_with(char::is_alphanumeric))
            })
            .map(|(at, _)| at)
            .collect();
        return if marks.len() % 2 == 1 { marks.last().copied() } else { None };
    }
    let at = before.rfind(open)?;
    match before.rfind(close) {
        Some(closed) if closed > at => None,
        _ => Some(at),
    }
}

/// Whether the hit lies in a fenced code block or on a line that is plainly a comment or a string of
/// program text.
fn in_code(text: &str, start: usize) -> bool {
    let before = text.get(floor(text, start.saturating_sub(6000))..start).unwrap_or_default();
    if before.matches("```").count() % 2 == 1 {
        return true;
    }
    let whole_line = without_place(before.rsplit('\n').next().unwrap_or_default());
    let line = whole_line.trim_start();
    // An indented "#" is a comment of a script; one at the margin may be a heading.
    if whole_line.starts_with("  ") && line.starts_with('#') {
        return true;
    }
    ["//", "/*", "* ", "///", "//!", "#[", "assert", "let ", "const ", "def ", "return ", "print(", "test("]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// A line as it stands in its file, when a search printed its place before it: `src/a.rs:12:  let x`.
fn without_place(line: &str) -> &str {
    let after_number = |text: &'_ str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 { None } else { text.get(digits..).and_then(|rest| rest.strip_prefix(':')).map(str::len) }
    };
    let name = line.find(':').filter(|at| !line.get(..*at).is_some_and(|name| name.contains(char::is_whitespace)));
    let behind_name = name.and_then(|at| line.get(at.saturating_add(1)..));
    let kept = after_number(line).or_else(|| behind_name.and_then(after_number));
    kept.and_then(|kept| line.get(line.len().saturating_sub(kept)..)).unwrap_or(line)
}

fn found(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    !text.trim().is_empty() && pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

fn leading(text: &str, bytes: usize) -> &str {
    text.get(..ceil(text, bytes.min(text.len()))).unwrap_or(text)
}

/// The nearest character boundary at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The nearest character boundary at or after `at`.
pub(crate) fn ceil(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

#[cfg(test)]
pub(crate) fn all_compile() -> bool {
    DISCUSSION.is_some() && NAMED_AFTER.is_some() && QUESTION.is_some() && STATUS.is_some()
}
