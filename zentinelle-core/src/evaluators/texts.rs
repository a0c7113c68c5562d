//! Finding the texts in a fact: as they are, or nested in lists and objects.

use serde_json::Value;

use crate::error::Pointer;

/// Where a text stands, from the inside out; becomes a pointer only when somebody asks.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// A fact of the context.
    Fact(&'p str),
    /// An entry of an object.
    Key(&'p Place<'p>, &'p str),
    /// An item of a list.
    Item(&'p Place<'p>, usize),
}

impl Place<'_> {
    pub(super) fn pointer(&self) -> Pointer {
        match self {
            Self::Fact(key) => Pointer::new("/context").key(key),
            Self::Key(parent, key) => parent.pointer().key(key),
            Self::Item(parent, index) => parent.pointer().index(*index),
        }
    }
}

/// Calls `found` with every text in `value`, however deep; stops at the first that gives
/// something and gives that back. Keys of objects are texts too: a secret hides there as well.
pub(super) fn find_in<'v, T>(
    value: &'v Value,
    place: &Place<'_>,
    found: &mut impl FnMut(&'v str, &Place<'_>) -> Option<T>,
) -> Option<T> {
    match value {
        Value::String(text) => found(text, place),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| find_in(item, &Place::Item(place, index), found))
        }
        Value::Object(entries) => entries
            .iter()
            .find_map(|(key, entry)| found(key, place).or_else(|| find_in(entry, &Place::Key(place, key), found))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
