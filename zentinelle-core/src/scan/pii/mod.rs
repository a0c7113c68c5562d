//! Personal data: what identifies, reaches or locates a person.
//!
//! Everything here hangs on an `@` or on a digit, so text without either costs one cheap
//! pass. [`numeric`] holds the numbers, [`document`] what mixes letters and digits,
//! [`network`] addresses of machines and wallets, [`place`] postal addresses.

pub(crate) mod checksum;
mod document;
mod network;
mod number;
mod numeric;
mod place;

use super::finding::{Category, Finding, Severity};
use super::window::{ALNUM, Class, LOWER, SLUG, SLUG_DOT, UPPER, Window};
use number::Number;

/// Every kind of personal data, for those who list or disable them.
pub(crate) const KINDS: &[&str] = &[
    "amex_card",
    "au_medicare",
    "au_tfn",
    "bitcoin_address",
    "br_cnpj",
    "br_cpf",
    "ca_sin",
    "cn_resident_id",
    "credit_card",
    "date_of_birth",
    "de_identity_card",
    "de_tax_id",
    "email",
    "es_dni",
    "es_nie",
    "ethereum_address",
    "fr_nir",
    "iban",
    "in_aadhaar",
    "in_pan",
    "ipv4_address",
    "ipv6_address",
    "it_codice_fiscale",
    "jp_my_number",
    "mac_address",
    "nl_bsn",
    "phone_international",
    "phone_us",
    "pl_pesel",
    "postal_address",
    "se_personnummer",
    "sg_nric",
    "ssn",
    "uk_nhs_number",
    "uk_nino",
    "us_bank_routing",
    "us_driving_licence",
    "us_ein",
    "us_itin",
    "us_passport",
    "us_zip_code",
];

/// Most bytes of the local part of an address.
const LOCAL: usize = 64;
/// Most bytes of a domain.
const DOMAIN: usize = 253;

/// The e-mail address around the `@` at `at`.
pub(crate) fn email(window: &Window<'_>, at: usize) -> Option<Finding> {
    let local: Class = SLUG_DOT | 1 << b'+' | 1 << b'%' | 1 << b'\'';
    let mut start = window.run_back(at, local, LOCAL);
    while start < at && window.is(start, 1 << b'.' | 1 << b'\'' | 1 << b'-' | 1 << b'%') {
        start += 1;
    }
    let mut end = window.run(at + 1, SLUG_DOT, DOMAIN);
    while end > at && window.follows(end, 1 << b'.' | 1 << b'-' | 1 << b'_') {
        end -= 1;
    }
    let domain = window.slice(at + 1..end);
    let dot = memchr::memrchr(b'.', domain)?;
    let top = domain.get(dot + 1..)?;
    let fits = start < at
        && window.before(at) != Some(b'.')
        && dot > 0
        && domain.first().is_some_and(u8::is_ascii_alphanumeric)
        && top.len() >= 2
        && (top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--"))
        && !domain.windows(2).any(|pair| pair == b"..");
    fits.then(|| Finding::new(Category::Pii, "email", Severity::Medium, 0.95, start..end))
}

/// Everything that can begin in the word whose first digit stands at `at`.
pub(crate) fn at_digit(window: &Window<'_>, at: usize, out: &mut Vec<Finding>) {
    let start = window.run_back(at, UPPER | LOWER, 40);
    network::find(window, start, at, out);
    if start == at
        && let Some(number) = Number::read(window, at)
    {
        numeric::find(window, &number, out);
        place::address(window, at, out);
    }
    let end = window.run(start, ALNUM, 72);
    let fraction = window.before(start) == Some(b'.') && window.follows(start - 1, ALNUM);
    if end - start <= 70 && !fraction && !window.follows(start, SLUG) && !window.is(end, 1 << b'_') {
        document::find(window, start..end, out);
    }
    document::spaced(window, at, out);
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test may panic")]
mod tests;
