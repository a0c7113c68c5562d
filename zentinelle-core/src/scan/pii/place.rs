//! Postal addresses, by house number, street and the words streets end with.

use super::super::finding::{Category, Finding, Severity};
use super::super::window::{ALNUM, DIGIT, LOWER, UPPER, Window, is};

const STREETS: [&[u8]; 26] = [
    b"street",
    b"st",
    b"avenue",
    b"ave",
    b"road",
    b"rd",
    b"boulevard",
    b"blvd",
    b"lane",
    b"ln",
    b"drive",
    b"dr",
    b"court",
    b"ct",
    b"way",
    b"place",
    b"pl",
    b"square",
    b"sq",
    b"terrace",
    b"parkway",
    b"pkwy",
    b"highway",
    b"hwy",
    b"crescent",
    b"close",
];

/// The address whose house number begins at `digit`: `12 Long Acre Lane, Leeds`, with state
/// and ZIP code if they follow.
pub(crate) fn address(window: &Window<'_>, digit: usize, out: &mut Vec<Finding>) {
    let number = window.run(digit, DIGIT, 6);
    if number - digit > 5 || window.byte(number) != Some(b' ') || window.follows(digit, ALNUM | 1 << b'-' | 1 << b'.') {
        return;
    }
    let mut at = number + 1;
    for index in 0..5 {
        let end = window.run(at, ALNUM | 1 << b'\'', 24);
        let word = window.slice(at..end);
        // Streets are written with capitals, or they are prose; some are numbered: `5th`.
        let named =
            word.first().is_some_and(|first| is(UPPER | DIGIT, *first)) && word.iter().any(u8::is_ascii_alphabetic);
        if !named {
            return;
        }
        if index > 0 && STREETS.iter().any(|street| street.eq_ignore_ascii_case(word)) {
            let end = with_town(window, end);
            out.push(Finding::new(Category::Pii, "postal_address", Severity::Medium, 0.75, digit..end));
            return;
        }
        if window.byte(end) != Some(b' ') {
            return;
        }
        at = end + 1;
    }
}

/// Where the address ends when town, state and ZIP code are counted in.
fn with_town(window: &Window<'_>, street_end: usize) -> usize {
    let mut at = window.run(street_end, 1 << b'.' | 1 << b',' | 1 << b' ', 3);
    let town = window.run(at, UPPER | LOWER | 1 << b' ' | 1 << b',', 48);
    at = window.run_back(town, 1 << b' ', 4);
    let state = window.slice(at.saturating_sub(2)..at);
    let zip = window.run(town, DIGIT, 6);
    if state.len() == 2 && state.iter().all(|byte| is(UPPER, *byte)) && zip - town == 5 && !window.is(zip, ALNUM) {
        let plus_four = window.run(zip + 1, DIGIT, 5);
        return if window.byte(zip) == Some(b'-') && plus_four - zip == 5 { plus_four } else { zip };
    }
    street_end
}
