//! The texts under which stores outside the process keep totals and reservations.
//!
//! Names come from callers in part (a session, a user), so a text is escaped to what every
//! store accepts, and one that is too long for an index is replaced by its digest. Two names
//! never share a text.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::ids::ReservationId;
use crate::ledger::{Counter, Window};

/// Longest text kept as it is. Unit: bytes.
const MAX_BYTES: usize = 512;

/// A window in one word.
#[must_use]
pub fn window_text(window: Window) -> String {
    match window {
        Window::Fixed { seconds } => format!("fixed:{seconds}"),
        Window::Sliding { seconds } => format!("sliding:{seconds}"),
        Window::CalendarMonth => "month".to_owned(),
    }
}

/// The window a word names.
#[must_use]
pub fn parse_window(text: &str) -> Option<Window> {
    if text == "month" {
        return Some(Window::CalendarMonth);
    }
    let (kind, seconds) = text.split_once(':')?;
    let seconds = seconds.parse().ok()?;
    match kind {
        "fixed" => Some(Window::Fixed { seconds }),
        "sliding" => Some(Window::Sliding { seconds }),
        _ => None,
    }
}

/// The text of a running total: its window and its counter, the tenant included.
#[must_use]
pub fn total_text(counter: &Counter, window: Window) -> String {
    let (mut text, counter) = (window_text(window), counter.to_string());
    text.reserve(counter.len().saturating_add(1));
    text.push(':');
    let _ = push_short(&mut text, &counter, |c| c.is_control());
    text
}

/// The text of a reservation within its tenant.
#[must_use]
pub fn reservation_text(id: &ReservationId) -> String {
    let mut text = String::new();
    let _ = push_short(&mut text, id.as_str(), |c| c.is_control() || c == '%' || c == '#');
    text
}

/// A tenant as the part of a Redis key that chooses its slot.
#[must_use]
pub fn tag_text(tenant: &str) -> String {
    let mut text = String::new();
    let _ = push_short(&mut text, tenant, |c| c.is_control() || matches!(c, '%' | '#' | '{' | '}'));
    text
}

/// Escapes what `odd` picks; a text that grows too long is a digest after a `#`, which no
/// escaped text starts with alone: a counter's text has further parts.
fn push_short(into: &mut String, text: &str, odd: impl Fn(char) -> bool) -> std::fmt::Result {
    if text.len() > MAX_BYTES {
        into.push('#');
        return Sha256::digest(text).iter().try_for_each(|byte| write!(into, "{byte:02x}"));
    }
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'#' | b'{' | b'}');
    if text.bytes().all(is_plain) || !text.contains(&odd) {
        into.push_str(text);
        return Ok(());
    }
    for c in text.chars() {
        if odd(c) { write!(into, "%{:02X}", u32::from(c))? } else { into.push(c) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Holder;
    use std::collections::BTreeSet;

    #[test]
    fn names_that_differ_never_share_a_text() {
        let long = "x".repeat(10_000);
        let names = ["", "a", "a:b", "a%3Ab", "\0", "%00", "{a}", "ü\u{2028}", "#", &long, &format!("{long}y")];
        let mut texts = BTreeSet::new();
        for (tenant, subject) in names.iter().flat_map(|a| names.iter().map(move |b| (*a, *b))) {
            let counter = Counter {
                tenant: tenant.into(),
                holder: Holder::Tenant,
                meter: "m".into(),
                subject: Some(subject.to_owned().into()),
            };
            let text = total_text(&counter, Window::CalendarMonth);
            assert!(!text.contains('\0') && text.len() < 3_000, "{text}");
            assert!(texts.insert(text), "{tenant:?} {subject:?}");
        }
        let short: BTreeSet<_> = names.iter().map(|name| reservation_text(&(*name).into())).collect();
        assert_eq!(short.len(), names.len());
        assert!(names.iter().all(|name| !tag_text(name).contains(['{', '}'])));
    }

    #[test]
    fn a_window_reads_back_from_its_word() {
        for window in [Window::Fixed { seconds: 60 }, Window::Sliding { seconds: u32::MAX }, Window::CalendarMonth] {
            assert_eq!(parse_window(&window_text(window)), Some(window));
        }
        assert_eq!(parse_window("fixed:-1"), None);
    }
}
