//! Where each part of a value stood in the text it was read from.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{PolicyError, codes};

/// The places of a value and of everything below it. Ranges count bytes of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where the key stands, if the value belongs to one.
    pub key: Option<Range<usize>>,
    /// Where the value stands. For a key with nothing behind it, where the key stands.
    pub value: Range<usize>,
    /// Whether the value is a list or object of several lines without brackets.
    pub(super) block: bool,
    pub(super) below: Below,
}

/// The places below a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Below {
    #[default]
    Nothing,
    Items(Vec<Place>),
    Keys(BTreeMap<String, Place>),
}

impl Place {
    /// The place of the value at `pointer`, a JSON Pointer relative to this one.
    #[must_use]
    pub fn find(&self, pointer: &str) -> Option<&Self> {
        let (place, exact) = self.nearest(pointer);
        exact.then_some(place)
    }

    /// The place at `pointer`, or of the nearest parent that exists, and whether it is exact.
    #[must_use]
    pub fn nearest(&self, pointer: &str) -> (&Self, bool) {
        let mut place = self;
        for segment in pointer.split('/').skip(1) {
            let below = match &place.below {
                Below::Nothing => None,
                Below::Items(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                Below::Keys(keys) => keys.get(&segment.replace("~1", "/").replace("~0", "~")),
            };
            match below {
                Some(below) => place = below,
                None => return (place, false),
            }
        }
        (place, true)
    }

    /// What to underline for `error`: the key that is unknown or given twice, the key of the object
    /// that lacks one, else the value that is wrong, or its key when the value fills whole lines.
    #[must_use]
    pub fn of_error(&self, error: &PolicyError) -> Range<usize> {
        let (place, exact) = self.nearest(error.pointer().as_str());
        let about_keys = [codes::UNKNOWN_KEY, codes::DUPLICATE_KEY, codes::MISSING_KEY];
        let at_key = !exact || place.block || place.value.is_empty() || about_keys.contains(error.code());
        match &place.key {
            Some(key) if at_key => key.clone(),
            _ => place.value.clone(),
        }
    }
}
