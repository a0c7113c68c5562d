//! Reading a number as people write it: groups of digits with separators.

use smallvec::SmallVec;

use super::super::window::{ALNUM, DIGIT, Window};

/// Most digits of a number anyone is known by.
const MOST_DIGITS: usize = 20;

/// One group of digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// What separates it from the group before; `)` stands for a closing bracket. Zero for the first.
    pub(crate) separator: u8,
    /// Its length.
    pub(crate) length: usize,
    /// How many digits there are up to its end.
    pub(crate) digits: usize,
    /// One past its last byte.
    pub(crate) end: usize,
}

/// A number that begins at a digit which begins a word.
#[derive(Debug)]
pub(crate) struct Number {
    /// Its first byte, an opening bracket or plus sign not counted.
    pub(crate) start: usize,
    /// The byte before it.
    pub(crate) before: Option<u8>,
    digits: SmallVec<[u8; MOST_DIGITS]>,
    groups: SmallVec<[Group; 8]>,
}

impl Number {
    /// Reads the number at `start`. `None` if it is too long to be a number someone has.
    pub(crate) fn read(window: &Window<'_>, start: usize) -> Option<Self> {
        let mut number = Self { start, before: window.before(start), digits: SmallVec::new(), groups: SmallVec::new() };
        let (mut at, mut separator) = (start, 0);
        loop {
            let end = window.run(at, DIGIT, MOST_DIGITS);
            if end == at || number.digits.len() + (end - at) > MOST_DIGITS {
                break;
            }
            number.digits.extend(window.slice(at..end).iter().map(|byte| byte - b'0'));
            number.groups.push(Group { separator, length: end - at, digits: number.digits.len(), end });
            if number.groups.len() == 8 {
                break;
            }
            at = end;
            separator = match window.byte(at) {
                Some(byte @ (b' ' | b'-' | b'.' | b'/' | b')' | b'+')) => byte,
                _ => break,
            };
            at += 1;
            let bracket = match separator {
                b')' => matches!(window.byte(at), Some(b' ' | b'-' | b'.')),
                b' ' => window.byte(at) == Some(b'('),
                _ => false,
            };
            at += usize::from(bracket);
        }
        (!number.groups.is_empty()).then_some(number)
    }

    /// The digits of the first `groups` groups.
    pub(crate) fn digits(&self, groups: usize) -> &[u8] {
        let count = groups.checked_sub(1).and_then(|last| self.groups.get(last)).map_or(0, |group| group.digits);
        self.digits.get(..count).unwrap_or_default()
    }

    /// The groups.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Where the number ends if it consists of the first `groups` groups; `None` if it cannot
    /// end there, since the digits go on or a word does.
    pub(crate) fn end(&self, window: &Window<'_>, groups: usize) -> Option<usize> {
        let end = self.groups.get(groups.checked_sub(1)?)?.end;
        let goes_on = window.is(end, ALNUM | 1 << b'_')
            || matches!(window.byte(end), Some(b'.' | b'-' | b',' | b'/')) && window.is(end + 1, DIGIT);
        (!goes_on).then_some(end)
    }

    /// Whether the number begins here and is not the later part of another.
    pub(crate) fn stands_alone(&self, window: &Window<'_>) -> bool {
        match self.before {
            Some(b'.' | b'_' | b'$' | b'%') => false,
            Some(b'-' | b',' | b'/') => !window.follows(self.start.saturating_sub(1), ALNUM),
            _ => true,
        }
    }

    /// How many groups have the lengths `form` with separators out of `separators`.
    pub(crate) fn fits(&self, form: &[usize], separators: &[u8]) -> bool {
        self.groups.len() >= form.len()
            && self.groups.iter().zip(form).all(|(group, length)| {
                group.length == *length && (group.separator == 0 || separators.contains(&group.separator))
            })
    }
}
