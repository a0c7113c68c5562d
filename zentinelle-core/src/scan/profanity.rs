//! Vulgar words, slurs, threats and requests for harm.
//!
//! Words are written with each letter once; a text may stretch any of them.

use std::ops::Range;

use super::finding::{Category, Severity};
use super::phrase::{LETTER, Phrase};
use super::window::{ALNUM, Window};

const fn rule(
    name: &'static str,
    severity: Severity,
    literals: &'static [&'static str],
    read: fn(&Window<'_>, Range<usize>) -> Option<Range<usize>>,
) -> Phrase {
    Phrase { name, category: Category::Profanity, severity, confidence: 0.85, literals, read }
}

/// The rules of this file. The literals are the beginnings a stretched word can have.
pub(crate) static RULES: &[Phrase] = &[
    rule(
        "vulgar_language",
        Severity::Low,
        &[
            "fuc", "fuu", "ffu", "shit", "shii", "bitc", "biit", "biii", "assh", "asss", "bast", "baas", "cunt",
            "cuun", "wank",
        ],
        vulgar,
    ),
    rule("slur", Severity::High, &["nig", "nii", "fag", "faa", "whor", "slut", "kike", "spic", "chink"], slur),
    rule("threat", Severity::High, &["kill you", "hurt you", "kill yourself", "go die", "go and die", "kys"], threat),
    rule(
        "harmful_instructions",
        Severity::Critical,
        &[
            "how to make a bomb",
            "how to build a bomb",
            "how to make poison",
            "how to make explosives",
            "step by step",
            "step-by-step",
            "instructions for",
        ],
        harm,
    ),
];

const VULGAR: [&str; 6] = ["fuck", "shit", "bitch", "ashole", "bastard", "cunt"];
const SLURS: [&str; 9] = ["niger", "niga", "fagot", "whore", "slut", "kike", "spic", "chink", "wanker"];
const ENDINGS: [&str; 10] = ["", "s", "es", "er", "ers", "ed", "ing", "y", "in", "ty"];

fn vulgar(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    stretched(window, hit.start, &VULGAR)
}

fn slur(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    stretched(window, hit.start, &SLURS).filter(|span| {
        // Country and river share their first five letters with a slur.
        let text = window.slice(span.clone());
        !text.to_ascii_lowercase().starts_with(b"niger") || text.len() > 6 && window.reads(span.start, "nigg")
    })
}

/// Matches one of `words` with stretched letters and a usual ending.
fn stretched(window: &Window<'_>, start: usize, words: &[&str]) -> Option<Range<usize>> {
    const LONGEST_STRETCH: usize = 16;
    words.iter().find_map(|word| {
        let mut at = start;
        for letter in word.bytes() {
            let end = window.run(at, 1 << letter | 1 << letter.to_ascii_uppercase(), LONGEST_STRETCH);
            if end == at {
                return None;
            }
            at = end;
        }
        ENDINGS.iter().find_map(|ending| {
            let end = at + ending.len();
            (window.reads(at, ending) && !window.is(end, LETTER)).then_some(start..end)
        })
    })
}

fn threat(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    if window.is(hit.end, ALNUM) && !window.reads(hit.end, "r") {
        return None;
    }
    let begins = |text: &str| window.reads(hit.start, text);
    if begins("kill yourself") || begins("kys") || begins("go die") || begins("go and die") {
        return (!window.is(hit.end, ALNUM)).then_some(hit);
    }
    // "will kill you" threatens; "that would kill your battery" does not.
    let announced = window.mentions(hit.start, 16, &["will", "ll", "gonna", "going to"]);
    let spoken_by_me = window.mentions(hit.start, 24, &["i", "we", "i'm", "i'll", "we'll"]);
    (announced && spoken_by_me && !window.is(hit.end, LETTER)).then_some(hit)
}

fn harm(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    if window.reads(hit.start, "how to") {
        return Some(hit);
    }
    const MEANS: [&str; 8] = ["weapon", "explosive", "bomb", "poison", "kill", "murder", "nerve agent", "grenade"];
    let from = window.skip_blanks(hit.end, 4);
    // The thing itself must follow within a few words.
    (from..from + 40)
        .find_map(|at| MEANS.iter().find(|means| window.reads(at, means)).map(|means| hit.start..at + means.len()))
}
