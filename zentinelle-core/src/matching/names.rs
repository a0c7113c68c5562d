//! Lists of names that are compared as a whole: tools, models, services, data types.
//!
//! A list that denies compares folded names (see [`fold`]), one that allows compares exactly. What an
//! empty list means is the policy's business: here nothing is found in it.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::text::fold;

/// Up to here a scan beats hashing the name.
const SCAN_LIMIT: usize = 8;

/// Names that deny, compared after folding.
#[derive(Clone, Debug, Default)]
pub struct DenyList {
    entries: Vec<Entry>,
    /// Folded name to index in `entries`; filled only for long lists.
    index: HashMap<Box<str>, usize, FixedState>,
}

#[derive(Clone, Debug)]
struct Entry {
    written: String,
    folded: Box<str>,
}

impl DenyList {
    /// Prepares the list. When two entries fold alike the earlier one is reported.
    #[must_use]
    pub fn new(entries: Vec<String>) -> Self {
        let entries: Vec<Entry> =
            entries.into_iter().map(|written| Entry { folded: fold(&written).into(), written }).collect();
        let mut index = HashMap::default();
        if entries.len() > SCAN_LIMIT {
            for (position, entry) in entries.iter().enumerate() {
                index.entry(entry.folded.clone()).or_insert(position);
            }
        }
        Self { entries, index }
    }

    /// The entry that `name` matches, as the policy's author wrote it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        if self.entries.is_empty() {
            return None;
        }
        let name = fold(name);
        let entry = if self.index.is_empty() {
            self.entries.iter().find(|entry| *entry.folded == *name)
        } else {
            self.index.get(&*name).and_then(|&position| self.entries.get(position))
        };
        entry.map(|entry| entry.written.as_str())
    }

    /// Whether the list has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.written.as_str())
    }
}

/// Names that allow, compared exactly.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    entries: Vec<String>,
    /// Filled only for long lists.
    index: HashSet<Box<str>, FixedState>,
}

impl AllowList {
    /// Prepares the list.
    #[must_use]
    pub fn new(entries: Vec<String>) -> Self {
        let mut index = HashSet::default();
        if entries.len() > SCAN_LIMIT {
            index.extend(entries.iter().map(|entry| Box::from(entry.as_str())));
        }
        Self { entries, index }
    }

    /// Whether `name` is listed, letter for letter.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        if self.index.is_empty() { self.entries.iter().any(|entry| entry == name) } else { self.index.contains(name) }
    }

    /// Whether the list has no entries, which most policies read as "no restriction".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_deny_list_answers_with_the_entry_as_written() {
        let list = DenyList::new(names(&["Shell ", "sudo"]));
        assert_eq!(list.find(" ｓＨｅｌｌ"), Some("Shell "));
        assert_eq!(list.find("SUDO"), Some("sudo"));
        assert_eq!(list.find("sudoku"), None);
        assert_eq!(DenyList::default().find(""), None);
    }

    #[test]
    fn a_long_deny_list_answers_like_a_short_one() {
        let mut many: Vec<String> = (0..200).map(|number| format!("Tool_{number}")).collect();
        many.push("tool_7".to_owned());
        let list = DenyList::new(many);
        assert_eq!(list.find("TOOL_7"), Some("Tool_7"));
        assert_eq!(list.find("tool_200"), None);
    }

    #[test]
    fn an_allow_list_is_exact() {
        for padding in [0, 50] {
            let mut entries = names(&["search"]);
            entries.extend((0..padding).map(|number| format!("tool_{number}")));
            let list = AllowList::new(entries);
            assert!(list.contains("search"));
            assert!(!list.contains("SEARCH"));
            assert!(!list.contains("search "));
        }
    }
}
