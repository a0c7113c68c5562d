//! Health data: what someone has, what they take, and the numbers they are filed under.

use std::ops::Range;

use super::finding::{Category, Severity};
use super::phrase::{LETTER, Phrase, word};
use super::window::{ALNUM, DIGIT, Window};

/// Most bytes of what follows the announcing words.
const CLAUSE: usize = 64;

const fn rule(
    name: &'static str,
    confidence: f32,
    literals: &'static [&'static str],
    read: fn(&Window<'_>, Range<usize>) -> Option<Range<usize>>,
) -> Phrase {
    Phrase { name, category: Category::Phi, severity: Severity::High, confidence, literals, read }
}

/// The rules of this file.
pub(crate) static RULES: &[Phrase] = &[
    rule("diagnosis", 0.85, &["diagnosed with", "diagnosis", "dx:", "dx of"], diagnosis),
    rule("medication", 0.8, &["prescribed", "taking", "medication", "rx:", "rx "], medication),
    rule(
        "medical_record_number",
        0.85,
        &["mrn", "medical record", "patient id", "patient number", "chart number"],
        number,
    ),
    rule(
        "health_insurance_id",
        0.8,
        &[
            "insurance id",
            "insurance number",
            "member id",
            "subscriber id",
            "medicare number",
            "medicaid id",
            "policy holder id",
        ],
        number,
    ),
];

/// Where the next words begin: after blanks and at most one colon or equals sign.
fn value(window: &Window<'_>, end: usize) -> (usize, bool) {
    let at = window.skip_blanks(end, 8);
    let marked = matches!(window.byte(at), Some(b':' | b'='));
    (window.skip_blanks(if marked { at + 1 } else { at }, 8), marked)
}

/// The clause that begins at `at`: to the next punctuation or line end.
fn clause(window: &Window<'_>, at: usize) -> usize {
    let end = window.run(at, LETTER | DIGIT | 1 << b' ' | 1 << b'-' | 1 << b'/' | 1 << b'\'', CLAUSE);
    end - window.slice(at..end).iter().rev().take_while(|byte| **byte == b' ').count()
}

/// Words after which no illness and no medicine follows.
fn is_filler(word: &[u8]) -> bool {
    const FILLER: [&[u8]; 22] = [
        b"the", b"this", b"that", b"these", b"an", b"our", b"your", b"their", b"by", b"in", b"on", b"to", b"for",
        b"and", b"or", b"was", b"as", b"what", b"which", b"problem", b"it", b"error",
    ];
    word.len() < 3 || FILLER.contains(&word)
}

fn diagnosis(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    let plain = window.reads(hit.start, "diagnosis");
    let (mut at, marked) = value(window, hit.end);
    if plain && !marked {
        // "diagnosis of asthma", "diagnosis is asthma"; a bare "diagnosis" says nothing.
        let mut buffer = [0; 24];
        let link = word(window, at, &mut buffer);
        if link != b"of" && link != b"is" {
            return None;
        }
        at = window.skip_blanks(at + 2, 8);
    }
    let mut buffer = [0; 24];
    let next = word(window, at, &mut buffer);
    (window.is(at, ALNUM) && !is_filler(next)).then(|| hit.start..clause(window, at))
}

fn medication(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    let (at, marked) = value(window, hit.end);
    if at == hit.end && !marked && window.byte(hit.end - 1) != Some(b' ') && window.byte(hit.end - 1) != Some(b':') {
        return None;
    }
    let end = clause(window, at);
    let mut buffer = [0; 24];
    let first = word(window, at, &mut buffer);
    let clinical = window.reads(hit.start, "prescribed") && !is_filler(first) && window.is(at, LETTER) && first != b"a";
    (clinical || names_medicine(window, at, end) || states_dose(window, at, end)).then_some(hit.start..end)
}

/// Whether one of the first words of the clause is a medicine, by name or by its ending.
fn names_medicine(window: &Window<'_>, from: usize, end: usize) -> bool {
    const NAMES: [&[u8]; 24] = [
        b"aspirin",
        b"ibuprofen",
        b"paracetamol",
        b"acetaminophen",
        b"insulin",
        b"metformin",
        b"warfarin",
        b"heparin",
        b"lithium",
        b"morphine",
        b"oxycodone",
        b"hydrocodone",
        b"codeine",
        b"tramadol",
        b"fentanyl",
        b"methadone",
        b"prednisone",
        b"prozac",
        b"xanax",
        b"zoloft",
        b"adderall",
        b"ritalin",
        b"viagra",
        b"gabapentin",
    ];
    const ENDINGS: [&[u8]; 18] = [
        b"statin",
        b"pril",
        b"sartan",
        b"olol",
        b"cillin",
        b"mycin",
        b"floxacin",
        b"cycline",
        b"prazole",
        b"conazole",
        b"azepam",
        b"zolam",
        b"oxetine",
        b"dipine",
        b"triptan",
        b"gliptin",
        b"vudine",
        b"caine",
    ];
    let mut at = from;
    for _ in 0..4 {
        let mut buffer = [0; 24];
        let next = word(window, at, &mut buffer);
        if NAMES.contains(&next) || next.len() > 6 && ENDINGS.iter().any(|ending| next.ends_with(ending)) {
            return true;
        }
        at = window.skip_blanks(at + next.len().max(1), 4);
        if at >= end {
            break;
        }
    }
    false
}

/// Whether the clause states a dose, such as `20 mg`.
fn states_dose(window: &Window<'_>, from: usize, end: usize) -> bool {
    (from..end).any(|at| {
        if !window.is(at, DIGIT) || window.follows(at, ALNUM) {
            return false;
        }
        let number = window.run(at, DIGIT | 1 << b'.', 8);
        let unit = window.skip_blanks(number, 2);
        ["mg", "mcg", "ml", "iu", "units", "tablets", "capsules", "pills"]
            .iter()
            .any(|name| window.reads(unit, name) && !window.is(unit + name.len(), ALNUM))
    })
}

/// `MRN: 00123456`: the number.
fn number(window: &Window<'_>, hit: Range<usize>) -> Option<Range<usize>> {
    let mut at = hit.end;
    // "medical record number is", "member id no."
    for filler in [" number", " no.", " no", " id", " #", "#", " is", ":", "="] {
        let next = window.skip_blanks(at, 4);
        let word = filler.trim_start();
        if window.reads(next, word) && (next > at || !filler.starts_with(' ')) {
            at = next + word.len();
        }
    }
    let start = window.skip_blanks(at, 4);
    let end = window.run(start, ALNUM | 1 << b'-', 24);
    let digits = window.slice(start..end).iter().filter(|byte| byte.is_ascii_digit()).count();
    (start > hit.end && digits >= 5 && !window.is(end, ALNUM)).then_some(start..end)
}
