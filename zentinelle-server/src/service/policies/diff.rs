//! What differs between two versions of a policy: one level deep, and one more for the config.

use serde_json::{Map, Value, json};

/// The fields that differ.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// Only in the later one.
    pub(crate) added: Map<String, Value>,
    /// Only in the earlier one.
    pub(crate) removed: Map<String, Value>,
    /// In both, as `[old, new]`; of the config, what differs inside it.
    pub(crate) changed: Map<String, Value>,
}

impl Fields {
    /// Whether nothing differs.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// The fields that differ, in the order of the alphabet.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.added.keys().chain(self.removed.keys()).chain(self.changed.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// What differs between two objects, with the config looked into.
pub(crate) fn fields(old: &Map<String, Value>, new: &Map<String, Value>) -> Fields {
    let mut found = shallow(old, new);
    if let (Some(change), Some(Value::Object(old)), Some(Value::Object(new))) =
        (found.changed.get_mut("config"), old.get("config"), new.get("config"))
    {
        let inside = shallow(old, new);
        *change = json!({ "added": inside.added, "removed": inside.removed, "changed": inside.changed });
    }
    found
}

fn shallow(old: &Map<String, Value>, new: &Map<String, Value>) -> Fields {
    let mut found = Fields::default();
    for (key, value) in new {
        match old.get(key) {
            None => drop(found.added.insert(key.clone(), value.clone())),
            Some(before) if before != value => drop(found.changed.insert(key.clone(), json!([before, value]))),
            Some(_) => {}
        }
    }
    for (key, value) in old {
        if !new.contains_key(key) {
            found.removed.insert(key.clone(), value.clone());
        }
    }
    found
}

/// The keys that a change of the config touches.
pub(crate) fn touched(change: &Value) -> Vec<&str> {
    let parts = ["added", "removed", "changed"].into_iter().filter_map(|part| change.get(part)?.as_object());
    parts.flat_map(|part| part.keys().map(String::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use super::fields;
    use serde_json::{Value, json};

    #[test]
    fn the_config_is_looked_into_and_the_rest_is_not() {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        let old = object(json!({"name": "a", "priority": 1, "config": {"keep": 1, "gone": 2, "other": [1]}, "x": 0}));
        let new = object(json!({"name": "a", "priority": 2, "config": {"keep": 1, "new": 3, "other": [2]}, "y": 0}));
        let found = fields(&old, &new);
        assert_eq!(json!(found.added), json!({"y": 0}));
        assert_eq!(json!(found.removed), json!({"x": 0}));
        let config = json!({"added": {"new": 3}, "removed": {"gone": 2}, "changed": {"other": [[1], [2]]}});
        assert_eq!(json!(found.changed), json!({"priority": [1, 2], "config": config}));
        assert_eq!(found.names(), ["config", "priority", "x", "y"]);
        assert!(fields(&old, &old).is_empty());
    }
}
