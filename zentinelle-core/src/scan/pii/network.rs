//! Addresses of machines and of wallets.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

use super::super::finding::Severity::{Low, Medium};
use super::super::finding::{Category, Finding};
use super::super::window::{ALNUM, DIGIT, HEX, LOWER, Window, is};

/// Judges the word that begins at `start` and has its first digit at `digit`.
pub(crate) fn find(window: &Window<'_>, start: usize, digit: usize, out: &mut Vec<Finding>) {
    let mut add =
        |name, severity, confidence, span| out.push(Finding::new(Category::Pii, name, severity, confidence, span));
    if start == digit {
        if let Some(end) = ipv4(window, digit) {
            add("ipv4_address", Low, 0.6, digit..end);
        }
        if let Some(end) = ethereum(window, digit) {
            add("ethereum_address", Medium, 0.9, digit..end);
        }
    }
    if matches!(window.byte(digit), Some(b'1' | b'3'))
        && let Some(end) = bitcoin(window, start, digit)
    {
        add("bitcoin_address", Medium, 0.95, start..end);
    }
    // Most words with a digit have neither separator beside them.
    let (left, right) = (window.run_back(digit, HEX, 5), window.run(digit, HEX, 5));
    let beside = [window.before(left), window.byte(right)];
    if beside.contains(&Some(b':')) {
        let group = window.run_back(digit, HEX | 1 << b':', 39);
        if !window.follows(group, ALNUM | 1 << b'_' | 1 << b'.') {
            if let Some(end) = mac(window, group) {
                add("mac_address", Low, 0.85, group..end);
            } else if let Some(end) = ipv6(window, group) {
                add("ipv6_address", Low, 0.8, group..end);
            }
        }
    } else if beside.contains(&Some(b'-')) {
        let group = window.run_back(digit, HEX | 1 << b'-', 16);
        if !window.follows(group, ALNUM | 1 << b'-')
            && let Some(end) = mac(window, group)
        {
            add("mac_address", Low, 0.85, group..end);
        }
    }
}

/// Whether the number is rather an object identifier of one of the large arcs, `2.5.4.3`.
fn is_object_identifier(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [1, 2 | 3, ..] | [2, 5 | 16, ..])
}

/// Whether an address can lead to a person: not this machine, not a private network, not a
/// group of machines.
fn is_public(address: Ipv4Addr) -> bool {
    let own = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified();
    let many = address.is_broadcast() || address.is_multicast() || matches!(address.octets(), [0 | 240..=255, ..]);
    !own && !many
}

fn ipv4(window: &Window<'_>, start: usize) -> Option<usize> {
    if matches!(window.before(start), Some(b'.' | b'-' | b'_' | b'/'))
        && window.follows(start.saturating_sub(1), ALNUM | 1 << b'.')
    {
        return None;
    }
    let mut at = start;
    for octet in 0..4 {
        if octet > 0 {
            if window.byte(at)? != b'.' {
                return None;
            }
            at += 1;
        }
        let end = window.run(at, DIGIT, 4);
        if !(1..=3).contains(&(end - at)) {
            return None;
        }
        at = end;
    }
    let goes_on = window.is(at, ALNUM | 1 << b'_')
        || window.byte(at) == Some(b'.') && window.is(at + 1, ALNUM)
        || window.byte(at) == Some(b'-');
    let text = std::str::from_utf8(window.slice(start..at)).ok()?;
    // The parser checks ranges and refuses leading zeros. Four small numbers are a version
    // when the text says so.
    let address: Ipv4Addr = text.parse().ok()?;
    (!goes_on
        && is_public(address)
        && !is_object_identifier(address)
        && !window.mentions(start, 16, &["version", "ver", "release", "v"]))
    .then_some(at)
}

fn ipv6(window: &Window<'_>, start: usize) -> Option<usize> {
    let mut end = window.run(start, HEX | 1 << b':', 40);
    while end > start && window.follows(end, 1 << b':') && !window.slice(start..end).ends_with(b"::") {
        end -= 1;
    }
    let text = window.slice(start..end);
    let colons = text.iter().filter(|byte| **byte == b':').count();
    let digits = text.iter().filter(|byte| is(HEX, **byte)).count();
    if !(2..=7).contains(&colons) || digits < 6 || window.is(end, ALNUM) {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified() && !address.is_multicast()).then_some(end)
}

/// Six pairs of hexadecimal digits with one kind of separator.
fn mac(window: &Window<'_>, start: usize) -> Option<usize> {
    let separator = window.byte(start + 2).filter(|byte| matches!(byte, b':' | b'-'))?;
    for pair in 0..6 {
        let at = start + pair * 3;
        if !window.is(at, HEX) || !window.is(at + 1, HEX) || pair < 5 && window.byte(at + 2) != Some(separator) {
            return None;
        }
    }
    let end = start + 17;
    (!window.is(end, ALNUM | 1 << b':' | 1 << b'-')).then_some(end)
}

fn ethereum(window: &Window<'_>, start: usize) -> Option<usize> {
    if !window.reads(start, "0x") {
        return None;
    }
    let end = window.run(start + 2, HEX, 41);
    let text = window.slice(start + 2..end);
    (text.len() == 40 && !window.is(end, ALNUM) && text.iter().any(|byte| Some(byte) != text.first())).then_some(end)
}

/// A Bitcoin address, by its checksum: the older form in base 58, the newer in bech32.
fn bitcoin(window: &Window<'_>, start: usize, digit: usize) -> Option<usize> {
    let end = window.run(start, ALNUM, 72);
    let text = window.slice(start..end);
    if window.follows(start, ALNUM) {
        return None;
    }
    let valid = if start == digit {
        (26..=35).contains(&text.len()) && is_base58_checked(text)
    } else {
        (42..=62).contains(&text.len()) && text.starts_with(b"bc1") && is_bech32(text)
    };
    valid.then_some(end)
}

fn is_base58_checked(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for byte in text {
        let Some(value) = memchr::memchr(*byte, ALPHABET) else { return false };
        let mut carry = u32::try_from(value).unwrap_or(0);
        for slot in bytes.iter_mut().rev() {
            carry += u32::from(*slot) * 58;
            *slot = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let Some((body, check)) = bytes.split_last_chunk::<4>() else { return false };
    Sha256::digest(Sha256::digest(body)).starts_with(check)
}

fn is_bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let step = |state: u32, value: u32| {
        let top = state >> 25;
        [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].iter().enumerate().fold(
            (state & 0x01ff_ffff) << 5 ^ value,
            |state, (bit, generator)| if top >> bit & 1 == 1 { state ^ generator } else { state },
        )
    };
    // The human-readable part `bc`, expanded.
    let mut state = [3, 3, 0, 2, 3].into_iter().fold(1, step);
    for byte in text.get(3..).unwrap_or_default() {
        if !is(LOWER | DIGIT, *byte) {
            return false;
        }
        let Some(value) = memchr::memchr(*byte, ALPHABET) else { return false };
        state = step(state, u32::try_from(value).unwrap_or(0));
    }
    state == 1 || state == 0x2bc8_30a3
}
