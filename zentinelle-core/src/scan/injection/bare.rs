//! Bare phrases: texts that are little more than one of the phrases a `prompt_injection` policy names.
//!
//! "You are now a pirate" opens many harmless games, yet a policy that names it promises to refuse
//! it. Short texts are therefore matched literally; from nine words on the weighted judgement,
//! which can read context, decides alone.

use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::signal::compile;
use super::{Category, Families, Hit, Sensitivity, Severity, Source, Topic, View};

/// Longest text that is matched literally, in bytes and words.
const LONGEST: usize = 60;
const MOST_WORDS: usize = 8;
/// At low sensitivity a shorter hit is no evidence.
const SHORTEST_AT_LOW: usize = 10;

struct Phrase {
    kind: &'static str,
    /// In lower case; the pattern is only compiled and tried on a text that contains one of these.
    literals: &'static [&'static str],
    topic: Topic,
    pattern: &'static str,
}

const fn phrase(kind: &'static str, literals: &'static [&'static str], topic: Topic, pattern: &'static str) -> Phrase {
    Phrase { kind, literals, topic, pattern }
}

const PHRASES: &[Phrase] = &[
    phrase(
        "bare.override",
        &["ignore", "disregard"],
        Topic::Override,
        r"(?:ignore|disregard) (?:(?:all|any|the|your|of|these|those) ){0,3}(?:previous|prior|above|earlier|preceding)(?: \w+)? (?:instructions?|prompts?|rules?|directions?|commands?)",
    ),
    phrase(
        "bare.forget",
        &["forget"],
        Topic::Override,
        r"forget (?:everything|all)(?: \w+)? you(?:['’]ve| have| were)?(?: been)? (?:know|learned|told|were told)",
    ),
    phrase(
        "bare.role",
        &["now", "longer", "pretend", "play"],
        Topic::Role,
        r"you are (?:now|no longer) an?|you are now \w+|(?:pretend (?:to be|you(?:['’]re| are))|act as if you(?:['’]re| are)|role-?play as)",
    ),
    phrase("bare.from_now_on", &["now"], Topic::Role, r"from now on,? (?:you )?(?:are|will|should|must)"),
    phrase(
        "bare.extraction",
        &["prompt", "your"],
        Topic::Extraction,
        r"(?:show|reveal|tell|display|print|output)(?: me)? (?:your|the)(?: (?:initial|original|hidden|full))? (?:system )?prompt|what(?:['’]s| is| are) your (?:instructions?|rules?|guidelines?|(?:system )?prompt)|repeat your (?:initial |original )?(?:instructions?|prompt)",
    ),
    phrase("bare.mode", &["mode"], Topic::Authority, r"(?:enable|activate|enter) (?:developer|dev|jailbreak|dan) mode"),
    phrase("bare.anything", &["anything"], Topic::Jailbreak, r"do anything now"),
    phrase("bare.jailbreak", &["jailbreak"], Topic::Jailbreak, r"jailbreak(?:ed)?"),
    phrase(
        "bare.bypass",
        &["bypass"],
        Topic::Jailbreak,
        r"bypass(?:ing)? (?:(?:your|the|all|any|its) )?(?:safety|content|filters?|restrictions?)",
    ),
    phrase(
        "bare.hypothetical",
        &["hypothetical", "theoretical"],
        Topic::Jailbreak,
        r"hypothetically(?: speaking)? (?:if|what if)|purely (?:theoretical(?:ly)?|hypothetical(?:ly)?)",
    ),
    phrase(
        "bare.fiction",
        &["fiction", "imagine"],
        Topic::Jailbreak,
        r"in an? fiction(?:al)? (?:world|scenario|story)|in fiction(?:al)? (?:world|scenario|story)|imagine a (?:world|scenario) where",
    ),
    phrase(
        "bare.unfiltered",
        &["evil", "uncensored", "unrestricted", "unfiltered"],
        Topic::Jailbreak,
        r"you are (?:an? )?(?:evil|uncensored|unrestricted|unfiltered)",
    ),
    phrase(
        "bare.no_rules",
        &["pretend", "without"],
        Topic::Jailbreak,
        r"pretend (?:that )?there are no (?:rules|restrictions|limits)|without (?:any )?(?:restrictions?|limitations?|filters?)",
    ),
    phrase(
        "bare.decode",
        &["decode", "base64"],
        Topic::Carrier,
        r"decode (?:this|the following)\s?:|base64\s?:\s?[a-z0-9+/=]{4,}",
    ),
    phrase(
        "bare.note",
        &["note", "message", "instruction"],
        Topic::Indirect,
        r"(?:note|message|instructions?) (?:to|for) (?:the )?(?:assistant|ai|model|agent)\s?:",
    ),
    phrase(
        "bare.token",
        &["inst]", "<|", "sys>>"],
        Topic::Delimiter,
        r"\[/?inst\]|<\|(?:system|user|assistant|im_start|im_end)\|>|<</?sys>>",
    ),
    phrase("bare.element", &["<system>"], Topic::Delimiter, r"<system>[\s\S]+</system>"),
    phrase("bare.heading", &["#"], Topic::Delimiter, r"^#{1,6}[ \t]*(?:system|instructions?|override|new task)\b"),
    phrase(
        "bare.end",
        &["---"],
        Topic::Delimiter,
        r"-{3,}\s*(?:end of (?:document|content|context)|new instructions?)",
    ),
    phrase(
        "bare.ignore_content",
        &["ignore"],
        Topic::Indirect,
        r"ignore (?:all )?(?:the )?(?:above|previous|prior)(?: \w+)? (?:text|content|documents?)",
    ),
    phrase(
        "bare.print_secret",
        &["print"],
        Topic::Indirect,
        r"print (?:your |the )?(?:api[ _-]?key|system prompt|secret|password|token)s?",
    ),
    phrase(
        "bare.send_history",
        &["send"],
        Topic::Indirect,
        r"send (?:(?:all|the|this|your) ){0,2}(?:conversation|chat|history|context)(?: history)? to",
    ),
];

static COMPILED: [OnceLock<Option<Regex>>; PHRASES.len()] = [const { OnceLock::new() }; PHRASES.len()];

impl Phrase {
    fn occurs_in(&self, lowered: &str) -> bool {
        self.literals.iter().any(|literal| lowered.contains(literal))
    }

    fn compile(&self) -> Option<Regex> {
        let words = self.pattern.ends_with(|c: char| c.is_alphanumeric())
            && self.pattern.starts_with(|c: char| c.is_alphanumeric());
        let speaks = matches!(
            self.topic,
            Topic::Role | Topic::Extraction | Topic::Jailbreak | Topic::Authority | Topic::Override
        );
        compile(self.pattern, words || speaks)
    }
}

/// A bare phrase in any of the views.
pub(crate) fn find(views: &[View<'_>], source: Source, families: Families, sensitivity: Sensitivity) -> Option<Hit> {
    views.iter().enumerate().find_map(|(number, view)| {
        if !is_short(view.text) {
            return None;
        }
        let lowered = view.text.to_ascii_lowercase();
        PHRASES.iter().zip(&COMPILED).find_map(|(phrase, regex)| {
            if !applies(phrase.topic, source, families, sensitivity) || !phrase.occurs_in(&lowered) {
                return None;
            }
            let found = regex.get_or_init(|| phrase.compile()).as_ref()?.find(view.text)?;
            if is_aside(view.text.trim()) {
                return None;
            }
            // An argument in program text is a sample, not a request.
            if ["(\"", "('", "(`"]
                .iter()
                .any(|mark| view.text.get(..found.start()).is_some_and(|lead| lead.ends_with(mark)))
            {
                return None;
            }
            if sensitivity == Sensitivity::Low && found.len() < SHORTEST_AT_LOW {
                return None;
            }
            Some(Hit {
                kind: phrase.kind,
                topic: phrase.topic,
                category: if phrase.topic == Topic::Jailbreak { Category::Jailbreak } else { Category::Injection },
                severity: Severity::Medium,
                confidence: super::SUSPECT,
                view: number,
                span: found.range(),
            })
        })
    })
}

/// Structure and notes to the model are foreign to tool output; from the user they are text like any
/// other unless the policy is strict.
fn applies(topic: Topic, source: Source, families: Families, sensitivity: Sensitivity) -> bool {
    match topic {
        Topic::Delimiter | Topic::Indirect => {
            if source == Source::Tool {
                families.indirect
            } else {
                families.delimiter && sensitivity >= Sensitivity::High
            }
        }
        _ => families.include(topic),
    }
}

fn is_short(text: &str) -> bool {
    let text = text.trim();
    text.len() <= LONGEST && text.split_whitespace().count() <= MOST_WORDS
}

/// A question about the matter, or a proposal to play together.
fn is_aside(text: &str) -> bool {
    static ASIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compile(
            r"^(?:how|why|when|where|who|which|is|are|was|were|does|do|did|can|could|would|should|will|has|have|what (?:is|are|was|does|do) (?:the|a|an|some)|what (?:does|do|happens|if)|explain|describe|define|discuss|write|let['’]?s|let us|i|we|he|she|they|compare|give|list|summari[sz]e|translate|create|tips|tell me (?:about|how|why))",
            true,
        )
    });
    ASIDE.as_ref().is_some_and(|aside| aside.is_match(text))
}

#[cfg(test)]
pub(crate) fn all_compile() -> bool {
    PHRASES.iter().all(|phrase| phrase.compile().is_some())
}
