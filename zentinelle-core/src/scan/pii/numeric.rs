//! Numbers people are known by. One entry a kind: how it is grouped, its check, its words.
//!
//! Kinds whose check is weak, and all kinds written without separators, need one of their
//! words shortly before the number.

use super::super::finding::Severity::{self, Critical, High, Low, Medium};
use super::super::finding::{Category, Finding};
use super::super::window::{DIGIT, Window};
use super::checksum::{is_uniform, iso7064, luhn, modulo, number, verhoeff, weighted};
use super::number::Number;

/// How far before the number its words may stand, in bytes.
pub(crate) const NEAR: usize = 56;

/// When a kind needs one of its words nearby.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Always,
    /// Only when written without separators.
    Bare,
    Never,
}

struct Kind {
    name: &'static str,
    /// Lengths of its groups. A single group is the bare form.
    forms: &'static [&'static [usize]],
    separators: &'static [u8],
    check: fn(&[u8]) -> bool,
    words: &'static [&'static str],
    needs: Words,
    severity: Severity,
    confidence: f32,
}

static KINDS: &[Kind] = &[
    Kind {
        name: "ssn",
        forms: &[&[3, 2, 4], &[9]],
        separators: b"- .",
        check: is_ssn,
        words: &["ssn", "social security", "social sec", "soc sec"],
        needs: Words::Bare,
        severity: Critical,
        confidence: 0.9,
    },
    Kind {
        name: "us_itin",
        forms: &[&[3, 2, 4], &[9]],
        separators: b"- ",
        check: is_itin,
        words: &["itin", "taxpayer", "tax id"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.85,
    },
    Kind {
        name: "us_ein",
        forms: &[&[2, 7]],
        separators: b"-",
        check: |d| !is_uniform(d),
        words: &["ein", "employer id", "employer identification", "tax id", "fein"],
        needs: Words::Always,
        severity: Medium,
        confidence: 0.8,
    },
    Kind {
        name: "us_bank_routing",
        forms: &[&[9]],
        separators: b"",
        check: is_aba,
        words: &["routing", "aba", "rtn"],
        needs: Words::Always,
        severity: Medium,
        confidence: 0.8,
    },
    Kind {
        name: "uk_nhs_number",
        forms: &[&[3, 3, 4], &[10]],
        separators: b" -",
        check: is_nhs,
        words: &["nhs"],
        needs: Words::Always,
        severity: High,
        confidence: 0.9,
    },
    Kind {
        name: "ca_sin",
        forms: &[&[3, 3, 3], &[9]],
        separators: b" -",
        check: |d| luhn(d) && d.first() != Some(&0) && !is_uniform(d),
        words: &["sin", "social insurance"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.85,
    },
    Kind {
        name: "au_tfn",
        forms: &[&[3, 3, 3], &[9]],
        separators: b" -",
        check: |d| weighted(d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        words: &["tfn", "tax file"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.85,
    },
    Kind {
        name: "au_medicare",
        forms: &[&[4, 5, 1], &[10]],
        separators: b" -",
        check: is_medicare,
        words: &["medicare"],
        needs: Words::Always,
        severity: High,
        confidence: 0.85,
    },
    Kind {
        name: "in_aadhaar",
        forms: &[&[4, 4, 4], &[12]],
        separators: b" -",
        check: |d| verhoeff(d) && d.first().is_some_and(|first| *first > 1),
        words: &["aadhaar", "aadhar", "uidai", "uid"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.9,
    },
    Kind {
        name: "de_tax_id",
        forms: &[&[2, 3, 3, 3], &[11]],
        separators: b" ",
        check: |d| iso7064(d) && d.first() != Some(&0),
        words: &["steuer", "steuerid", "steuer-id", "steuerliche", "idnr", "tax id", "tin"],
        needs: Words::Always,
        severity: High,
        confidence: 0.85,
    },
    Kind {
        name: "fr_nir",
        forms: &[&[1, 2, 2, 2, 3, 3, 2], &[13, 2], &[15]],
        separators: b" ",
        check: is_nir,
        words: &["nir", "insee", "securite sociale", "sécurité sociale", "numéro de sécu"],
        needs: Words::Bare,
        severity: Critical,
        confidence: 0.85,
    },
    Kind {
        name: "br_cpf",
        forms: &[&[3, 3, 3, 2], &[11]],
        separators: b".-",
        check: is_cpf,
        words: &["cpf"],
        needs: Words::Bare,
        severity: Critical,
        confidence: 0.9,
    },
    Kind {
        name: "br_cnpj",
        forms: &[&[2, 3, 3, 4, 2], &[14]],
        separators: b"./-",
        check: is_cnpj,
        words: &["cnpj"],
        needs: Words::Bare,
        severity: Medium,
        confidence: 0.9,
    },
    Kind {
        name: "pl_pesel",
        forms: &[&[11]],
        separators: b"",
        check: is_pesel,
        words: &["pesel"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.9,
    },
    Kind {
        name: "se_personnummer",
        forms: &[&[6, 4], &[8, 4], &[10], &[12]],
        separators: b"-+",
        check: is_personnummer,
        words: &["personnummer", "personal number", "swedish id", "samordningsnummer"],
        needs: Words::Bare,
        severity: High,
        confidence: 0.75,
    },
    Kind {
        name: "nl_bsn",
        forms: &[&[9], &[4, 2, 3], &[3, 3, 3]],
        separators: b" .",
        check: is_bsn,
        words: &["bsn", "burgerservice", "burgerservicenummer", "sofi"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.9,
    },
    Kind {
        name: "jp_my_number",
        forms: &[&[4, 4, 4], &[12]],
        separators: b" -",
        check: is_my_number,
        words: &["my number", "mynumber", "individual number", "kojin"],
        needs: Words::Always,
        severity: Critical,
        confidence: 0.85,
    },
    Kind {
        name: "phone_us",
        forms: &[&[3, 3, 4]],
        separators: b"-. )",
        check: |d| d.first().is_some_and(|first| *first > 1),
        words: &[],
        needs: Words::Never,
        severity: Medium,
        confidence: 0.75,
    },
    Kind {
        name: "phone_us",
        forms: &[&[1, 3, 3, 4]],
        separators: b"-. )",
        check: |d| matches!(d, [1, area, ..] if *area > 1),
        words: &[],
        needs: Words::Never,
        severity: Medium,
        confidence: 0.8,
    },
    Kind {
        name: "phone_us",
        forms: &[&[10]],
        separators: b"",
        check: |d| d.first().is_some_and(|first| *first > 1) && d.get(3).is_some_and(|exchange| *exchange > 1),
        words: &["phone", "telephone", "tel", "mobile", "cell", "call", "fax"],
        needs: Words::Always,
        severity: Medium,
        confidence: 0.7,
    },
    Kind {
        name: "date_of_birth",
        forms: &[&[2, 2, 4], &[1, 2, 4], &[2, 1, 4], &[1, 1, 4]],
        separators: b"/-.",
        check: is_date,
        words: &["dob", "d.o.b", "born", "birth", "birthday", "birthdate", "geboren"],
        needs: Words::Always,
        severity: Medium,
        confidence: 0.85,
    },
    Kind {
        name: "date_of_birth",
        forms: &[&[4, 2, 2]],
        separators: b"/-.",
        check: is_iso_date,
        words: &["dob", "d.o.b", "born", "birth", "birthday", "birthdate", "geboren"],
        needs: Words::Always,
        severity: Medium,
        confidence: 0.85,
    },
    Kind {
        name: "us_zip_code",
        forms: &[&[5, 4], &[5]],
        separators: b"-",
        check: |d| !is_uniform(d),
        words: &["zip", "zip code", "zipcode", "postal code"],
        needs: Words::Always,
        severity: Low,
        confidence: 0.7,
    },
];

/// Judges a number against every kind.
pub(crate) fn find(window: &Window<'_>, read: &Number, out: &mut Vec<Finding>) {
    if read.before == Some(b'+') {
        out.extend(international_phone(window, read));
        return;
    }
    if !read.stands_alone(window) {
        return;
    }
    out.extend(card(window, read));
    let follows_number = read.before == Some(b' ') && window.follows(read.start - 1, DIGIT);
    let blanks = follows_number && read.groups().get(1).is_some_and(|group| group.separator == b' ');
    // Most numbers are told apart by their first two groups.
    let mut lengths = read.groups().iter().map(|group| group.length);
    let (first, second) = (lengths.next(), lengths.next());
    for kind in KINDS {
        for form in kind.forms {
            if form.first().copied() != first || form.len() > 1 && form.get(1).copied() != second {
                continue;
            }
            let bare = form.len() == 1;
            // Numbers in a row that happen to have the lengths of a phone number are just numbers.
            let in_a_row = blanks && kind.name == "phone_us";
            let wordless = kind.needs == Words::Never || kind.needs == Words::Bare && !bare;
            if !in_a_row
                && read.fits(form, kind.separators)
                && (kind.check)(read.digits(form.len()))
                && let Some(end) = read.end(window, form.len())
                && (wordless || window.mentions(read.start, NEAR, kind.words))
            {
                let start = read.start - usize::from(read.before == Some(b'(') && kind.name == "phone_us");
                out.push(Finding::new(Category::Pii, kind.name, kind.severity, kind.confidence, start..end));
                break;
            }
        }
    }
}

/// A payment card of 13 to 19 digits whose issuer is known and whose check digit is right.
fn card(window: &Window<'_>, read: &Number) -> Option<Finding> {
    let groups = read.groups();
    (1..=groups.len()).find_map(|count| {
        let digits = read.digits(count);
        if !(13..=19).contains(&digits.len()) {
            return None;
        }
        let regular = count == 1
            || groups.iter().take(count).enumerate().all(|(i, group)| {
                (i == 0 || matches!(group.separator, b' ' | b'-'))
                    && (if i == 0 { group.length == 4 } else { i + 1 == count || group.length >= 4 })
            });
        if !regular || !luhn(digits) || is_uniform(digits) {
            return None;
        }
        let name = issuer(digits)?;
        let end = read.end(window, count)?;
        Some(Finding::new(Category::Pii, name, Critical, 0.95, read.start..end))
    })
}

fn issuer(digits: &[u8]) -> Option<&'static str> {
    let first = number(digits.get(..4)?);
    let length = digits.len();
    let card = match first {
        3400..=3499 | 3700..=3799 => return (length == 15).then_some("amex_card"),
        4000..=4999 => matches!(length, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => length == 16,
        6011 | 6440..=6599 | 3528..=3589 | 6200..=6299 | 8100..=8171 => length >= 16,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => length >= 14,
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => true,
        2200..=2204 => length >= 16,
        _ => false,
    };
    card.then_some("credit_card")
}

/// A plus sign and 8 to 15 digits in at most six groups.
fn international_phone(window: &Window<'_>, read: &Number) -> Option<Finding> {
    let groups = read.groups();
    if read.digits(1).first() == Some(&0)
        || window.follows(read.start.saturating_sub(1), DIGIT | super::super::window::ALNUM)
    {
        return None;
    }
    let count = groups.iter().take(6).take_while(|group| group.digits <= 15 && group.separator != b'/').count();
    let digits = read.digits(count);
    let grouped = count > 1 && groups.first().is_some_and(|country| country.length <= 4);
    if digits.len() < 8 || !(grouped || count == 1) {
        return None;
    }
    let end = read.end(window, count)?;
    let name = if digits.first() == Some(&1) && digits.len() == 11 { "phone_us" } else { "phone_international" };
    Some(Finding::new(Category::Pii, name, Medium, 0.85, read.start - 1..end))
}

fn part(digits: &[u8], range: std::ops::Range<usize>) -> u32 {
    number(digits.get(range).unwrap_or_default())
}

fn is_ssn(d: &[u8]) -> bool {
    let (area, group, serial) = (part(d, 0..3), part(d, 3..5), part(d, 5..9));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

fn is_itin(d: &[u8]) -> bool {
    part(d, 0..3) >= 900 && matches!(part(d, 3..5), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

fn is_aba(d: &[u8]) -> bool {
    matches!(part(d, 0..2), 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn is_nhs(d: &[u8]) -> bool {
    let check = 11 - weighted(d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !is_uniform(d) && d.last().is_some_and(|last| u32::from(*last) == check % 11) && check != 10
}

fn is_medicare(d: &[u8]) -> bool {
    let check = weighted(d.get(..8).unwrap_or_default(), &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    d.first().is_some_and(|first| (2..=6).contains(first)) && d.get(8).is_some_and(|digit| u32::from(*digit) == check)
}

fn is_nir(d: &[u8]) -> bool {
    let key = 97 - modulo(d.get(..13).unwrap_or_default(), 97);
    matches!(d.first(), Some(1 | 2)) && matches!(part(d, 3..5), 1..=12 | 20..=42 | 50..=99) && part(d, 13..15) == key
}

/// The check digit of the Brazilian registers: weights from the right, starting at two.
fn brazilian(d: &[u8], longest: u32) -> u32 {
    let sum: u32 = d.iter().rev().zip((2..=longest).cycle()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let rest = sum % 11;
    if rest < 2 { 0 } else { 11 - rest }
}

fn has_brazilian_checks(d: &[u8], longest: u32) -> bool {
    let Some((head, [first, second])) = d.split_last_chunk::<2>() else { return false };
    let Some((but_last, _)) = d.split_last().map(|(last, rest)| (rest, last)) else { return false };
    !is_uniform(d)
        && brazilian(head, longest) == u32::from(*first)
        && brazilian(but_last, longest) == u32::from(*second)
}

fn is_cpf(d: &[u8]) -> bool {
    has_brazilian_checks(d, 11)
}

fn is_cnpj(d: &[u8]) -> bool {
    has_brazilian_checks(d, 9)
}

fn is_pesel(d: &[u8]) -> bool {
    let sum = weighted(d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    sum.is_multiple_of(10) && matches!(part(d, 2..4) % 20, 1..=12) && matches!(part(d, 4..6), 1..=31)
}

fn is_personnummer(d: &[u8]) -> bool {
    let short = d.get(d.len().saturating_sub(10)..).unwrap_or_default();
    let century = d.len() == 10 || matches!(part(d, 0..2), 18..=20);
    century && luhn(short) && matches!(part(short, 2..4), 1..=12) && matches!(part(short, 4..6), 1..=31 | 61..=91)
}

fn is_bsn(d: &[u8]) -> bool {
    let head = weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]);
    let last = d.last().map_or(0, |last| u32::from(*last));
    !is_uniform(d) && head >= last && (head - last).is_multiple_of(11)
}

fn is_my_number(d: &[u8]) -> bool {
    let rest = weighted(d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if rest <= 1 { 0 } else { 11 - rest };
    !is_uniform(d) && d.last().is_some_and(|last| u32::from(*last) == check)
}

fn is_date(d: &[u8]) -> bool {
    let Some((head, year)) = d.split_last_chunk::<4>() else { return false };
    // Which of the two is the month depends on the country; shorter ones have one digit each.
    let (a, b) = if head.len() == 4 { (part(head, 0..2), part(head, 2..4)) } else { (1, number(head)) };
    let plausible = a.min(b) >= 1 && a.min(b) <= 12 && (head.len() < 4 || a.max(b) <= 31);
    matches!(number(year), 1900..=2099) && plausible
}

fn is_iso_date(d: &[u8]) -> bool {
    matches!(part(d, 0..4), 1900..=2099) && matches!(part(d, 4..6), 1..=12) && matches!(part(d, 6..8), 1..=31)
}
