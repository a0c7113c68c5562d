//! Papers and accounts whose numbers mix letters and digits.

use std::ops::Range;

use super::super::finding::Severity::{self, Critical, High};
use super::super::finding::{Category, Finding};
use super::super::window::{ALNUM, DIGIT, UPPER, Window, is};
use super::checksum::{number, weighted};
use super::numeric::NEAR;

struct Kind {
    name: &'static str,
    /// The form, one letter a byte: `A` a capital, `9` a digit, `X` either.
    form: &'static [u8],
    check: fn(&[u8]) -> bool,
    /// If any, one must stand shortly before.
    words: &'static [&'static str],
    severity: Severity,
    confidence: f32,
}

static KINDS: &[Kind] = &[
    Kind { name: "uk_nino", form: b"AA999999A", check: is_nino, words: &[], severity: Critical, confidence: 0.85 },
    Kind {
        name: "in_pan",
        form: b"AAAAA9999A",
        check: |t| t.get(3).is_some_and(|kind| b"PCHABGJLFTE".contains(kind)),
        words: &[],
        severity: High,
        confidence: 0.8,
    },
    Kind { name: "es_dni", form: b"99999999A", check: is_dni, words: &[], severity: High, confidence: 0.8 },
    Kind { name: "es_nie", form: b"A9999999A", check: is_nie, words: &[], severity: High, confidence: 0.85 },
    Kind {
        name: "it_codice_fiscale",
        form: b"AAAAAAXXAXXAXXXA",
        check: is_codice_fiscale,
        words: &[],
        severity: Critical,
        confidence: 0.95,
    },
    Kind { name: "sg_nric", form: b"A9999999A", check: is_nric, words: &[], severity: High, confidence: 0.85 },
    Kind {
        name: "cn_resident_id",
        form: b"99999999999999999X",
        check: is_resident_id,
        words: &[],
        severity: Critical,
        confidence: 0.95,
    },
    Kind {
        name: "de_identity_card",
        form: b"XXXXXXXXX9",
        check: is_identity_card,
        words: &["ausweis", "personalausweis", "ausweisnummer", "identity card", "id card"],
        severity: High,
        confidence: 0.85,
    },
    Kind {
        name: "us_passport",
        form: b"A99999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.85,
    },
    Kind {
        name: "us_passport",
        form: b"999999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.8,
    },
    Kind {
        name: "us_passport",
        form: b"A999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.75,
    },
    Kind {
        name: "us_passport",
        form: b"A9999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.75,
    },
    Kind {
        name: "us_passport",
        form: b"AA999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.75,
    },
    Kind {
        name: "us_passport",
        form: b"AA9999999",
        check: |_| true,
        words: &["passport"],
        severity: High,
        confidence: 0.75,
    },
];

/// Words that announce a driving licence.
const LICENCE_WORDS: [&str; 9] = [
    "driver's license",
    "drivers license",
    "driver license",
    "driver's licence",
    "driving licence",
    "driving license",
    "driver licence",
    "dl number",
    "dl no",
];

/// Judges the word `word` against every kind.
pub(crate) fn find(window: &Window<'_>, word: Range<usize>, out: &mut Vec<Finding>) {
    let text = window.slice(word.clone());
    let mut add =
        |name, severity, confidence, span| out.push(Finding::new(Category::Pii, name, severity, confidence, span));
    for kind in KINDS {
        if has_form(text, kind.form)
            && (kind.check)(text)
            && (kind.words.is_empty() || window.mentions(word.start, NEAR, kind.words))
        {
            add(kind.name, kind.severity, kind.confidence, word.clone());
        }
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    if (5..=20).contains(&text.len())
        && digits >= 4
        && digits * 2 >= text.len()
        && window.mentions(word.start, NEAR, &LICENCE_WORDS)
    {
        add("us_driving_licence", High, 0.75, word.clone());
    }
    if matches!(text, [a, b, c, d, ..] if is(UPPER, *a) && is(UPPER, *b) && is(DIGIT, *c) && is(DIGIT, *d))
        && let Some(end) = iban(window, word.start)
    {
        add("iban", High, 0.95, word.start..end);
    }
}

fn has_form(text: &[u8], form: &[u8]) -> bool {
    text.len() == form.len()
        && text.iter().zip(form).all(|(byte, wanted)| match wanted {
            b'A' => is(UPPER, *byte),
            b'9' => is(DIGIT, *byte),
            _ => is(UPPER | DIGIT, *byte),
        })
}

/// A British insurance number written in pairs: `AB 12 34 56 C`.
pub(crate) fn spaced(window: &Window<'_>, digit: usize, out: &mut Vec<Finding>) {
    if window.before(digit) != Some(b' ')
        || digit < 3
        || !window.is(digit - 2, UPPER)
        || !window.is(digit - 3, UPPER)
        || window.follows(digit - 3, ALNUM)
    {
        return;
    }
    let end = digit + 10;
    let mut packed = Vec::with_capacity(9);
    for (offset, byte) in window.slice(digit - 3..end).iter().enumerate() {
        match (offset, byte) {
            (2 | 5 | 8 | 11, b' ') => {}
            (2 | 5 | 8 | 11, _) | (_, b' ') => return,
            _ => packed.push(*byte),
        }
    }
    // Ask for the byte after, so that a stream waits for it.
    if window.is(end, ALNUM) {
        return;
    }
    if has_form(&packed, b"AA999999A") && is_nino(&packed) {
        out.push(Finding::new(Category::Pii, "uk_nino", Critical, 0.85, digit - 3..end));
    }
}

fn is_nino(t: &[u8]) -> bool {
    let Some((prefix, rest)) = t.split_first_chunk::<2>() else { return false };
    let [first, second] = prefix;
    !b"DFIQUV".contains(first)
        && !b"DFIQUVO".contains(second)
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&prefix)
        && matches!(rest.last(), Some(b'A'..=b'D'))
}

fn values(t: &[u8]) -> Vec<u8> {
    t.iter().map(|byte| if byte.is_ascii_digit() { byte - b'0' } else { byte.saturating_sub(b'A') + 10 }).collect()
}

fn dni_letter(number: u32) -> Option<&'static u8> {
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(usize::try_from(number % 23).ok()?)
}

fn is_dni(t: &[u8]) -> bool {
    let digits = values(t.get(..8).unwrap_or_default());
    t.last() == dni_letter(number(&digits)) && number(&digits) > 99
}

fn is_nie(t: &[u8]) -> bool {
    let lead = match t.first() {
        Some(b'X') => 0,
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => return false,
    };
    t.last() == dni_letter(lead * 10_000_000 + number(&values(t.get(1..8).unwrap_or_default())))
}

fn is_nric(t: &[u8]) -> bool {
    let (offset, letters): (u32, &[u8]) = match t.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let sum = offset + weighted(&values(t.get(1..8).unwrap_or_default()), &[2, 7, 6, 5, 4, 3, 2]);
    t.last() == usize::try_from(sum % 11).ok().and_then(|index| letters.get(index))
}

fn is_resident_id(t: &[u8]) -> bool {
    let digits = values(t.get(..17).unwrap_or_default());
    let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let part = |range: Range<usize>| number(digits.get(range).unwrap_or_default());
    let born = matches!(part(6..10), 1900..=2099) && matches!(part(10..12), 1..=12) && matches!(part(12..14), 1..=31);
    born && t.last() == usize::try_from(sum % 11).ok().and_then(|index| b"10X98765432".get(index))
}

fn is_identity_card(t: &[u8]) -> bool {
    let values = values(t);
    let Some((check, head)) = values.split_last() else { return false };
    let sum = weighted(head, &[7, 3, 1, 7, 3, 1, 7, 3, 1]);
    t.iter().any(|byte| is(UPPER, *byte)) && sum % 10 == u32::from(*check)
}

fn is_codice_fiscale(t: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((check, head)) = t.split_last() else { return false };
    let sum: u32 = head
        .iter()
        .enumerate()
        .map(|(i, byte)| {
            let value = usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.saturating_sub(b'A') });
            // Places are counted from one, so the first is odd.
            if i % 2 == 0 { ODD.get(value).copied().unwrap_or(0) } else { u32::try_from(value).unwrap_or(0) }
        })
        .sum();
    let month = t.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month));
    month && u32::from(check.saturating_sub(b'A')) == sum % 26
}

/// Lengths of account numbers by country.
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// Where the international account number at `start` ends; it may be written in fours.
fn iban(window: &Window<'_>, start: usize) -> Option<usize> {
    let country = window.slice(start..start + 2);
    let (_, length) = IBAN_LENGTHS.iter().find(|(code, _)| code.as_slice() == country)?;
    let mut characters = Vec::with_capacity(*length);
    let mut at = start;
    while characters.len() < *length {
        match window.byte(at)? {
            byte if is(UPPER | DIGIT, byte) => characters.push(byte),
            b' ' | b'-' if characters.len() % 4 == 0 => {}
            _ => return None,
        }
        at += 1;
    }
    if window.is(at, ALNUM) {
        return None;
    }
    characters.rotate_left(4);
    let rest = characters.iter().fold(0_u32, |rest, byte| {
        if byte.is_ascii_digit() {
            (rest * 10 + u32::from(byte - b'0')) % 97
        } else {
            (rest * 100 + u32::from(byte - b'A') + 10) % 97
        }
    });
    (rest == 1).then_some(at)
}
