//! Finding the texts in a fact: as they are, or nested in lists and objects.

use serde_json::Value;

/// Calls `found` with every text in `value`, however deep; stops at the first that gives
/// something and gives that back. Keys of objects are texts too: a secret hides there as well.
pub(super) fn find_in<'v, T>(value: &'v Value, found: &mut impl FnMut(&'v str) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().find_map(|item| find_in(item, found)),
        Value::Object(entries) => entries.iter().find_map(|(key, entry)| found(key).or_else(|| find_in(entry, found))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
