//! Cutting out the stretches of text in which something is hidden.

use std::ops::Range;

/// How much of the text before the first hidden thing belongs to its stretch, in bytes.
pub(crate) const LEAD: usize = 96;
/// How far after a hidden thing its stretch goes on.
const TRAIL: usize = 96;
/// The longest stretch between its first and last hidden thing, in bytes.
const LONGEST: usize = 2048;

/// Groups hidden things that stand near each other, in the order they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretches {
    /// From the first hidden thing of the stretch to the end of the last.
    open: Option<Range<usize>>,
}

impl Stretches {
    /// Takes note of a hidden thing; a stretch it does not belong to any more is `ready`.
    pub(crate) fn note(&mut self, place: Range<usize>, ready: &mut Vec<Range<usize>>) {
        match &mut self.open {
            Some(open) if place.start - open.end <= TRAIL && place.end - open.start <= LONGEST => open.end = place.end,
            Some(open) => {
                ready.push(open.start.saturating_sub(LEAD)..(open.end + TRAIL).min(place.start));
                *open = place;
            }
            None => self.open = Some(place),
        }
    }

    /// Declares that every hidden thing before `until` has been noted.
    pub(crate) fn settle(&mut self, until: usize, last: bool, ready: &mut Vec<Range<usize>>) {
        if let Some(open) = self.open.take_if(|open| last || until > open.end + TRAIL) {
            ready.push(open.start.saturating_sub(LEAD)..open.end + TRAIL);
        }
    }

    /// Where findings in the stretch that is still open may begin.
    pub(crate) fn open_from(&self) -> Option<usize> {
        self.open.as_ref().map(|open| open.start.saturating_sub(LEAD))
    }

    /// Drops `n` bytes from the front of the text.
    pub(crate) fn shift(&mut self, n: usize) {
        if let Some(open) = &mut self.open {
            *open = open.start - n..open.end - n;
        }
    }
}
