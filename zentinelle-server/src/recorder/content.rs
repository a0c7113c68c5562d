//! How much of what agents say is kept.

use serde_json::{Map, Value};
use zentinelle_core::audit::digest;

use crate::snapshot::{ContentKeeping, TenantSettings};

/// The context as the tenant wants it kept: whole, cut, as a digest, or not at all. Short facts
/// such as names and numbers stay in every case but the last, because records are found by them.
pub(crate) fn kept(context: &Map<String, Value>, settings: &TenantSettings) -> Value {
    match settings.content {
        ContentKeeping::Keep => Value::Object(context.clone()),
        ContentKeeping::Truncate => cut(context, settings.content_limit as usize),
        ContentKeeping::Hash => {
            serde_json::json!({ "digest": digest(&Value::Object(context.clone())).to_string() })
        }
        ContentKeeping::Drop => Value::Object(Map::new()),
    }
}

/// A text as the tenant wants it kept.
pub(crate) fn kept_text(text: &str, settings: &TenantSettings) -> String {
    match settings.content {
        ContentKeeping::Keep => text.to_owned(),
        ContentKeeping::Truncate => text.chars().take(settings.content_limit as usize).collect(),
        ContentKeeping::Hash => digest(&Value::from(text)).to_string(),
        ContentKeeping::Drop => String::new(),
    }
}

/// Takes out of a value the one character that PostgreSQL cannot keep: a record that cannot be
/// written would hold up all behind it.
pub(crate) fn storable(value: &mut Value) {
    match value {
        Value::String(text) => storable_text(text),
        Value::Array(items) => items.iter_mut().for_each(storable),
        Value::Object(entries) => {
            entries.values_mut().for_each(storable);
            if entries.keys().any(|key| key.contains('\0')) {
                let old = std::mem::take(entries);
                entries.extend(old.into_iter().map(|(mut key, value)| {
                    storable_text(&mut key);
                    (key, value)
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same for a text.
pub(crate) fn storable_text(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

fn cut(context: &Map<String, Value>, limit: usize) -> Value {
    context.iter().map(|(key, value)| (key.clone(), cut_value(value, limit))).collect::<Map<_, _>>().into()
}

fn cut_value(value: &Value, limit: usize) -> Value {
    match value {
        Value::String(text) if text.len() > limit => match text.char_indices().nth(limit) {
            Some((end, _)) => Value::from(format!("{}…", text.get(..end).unwrap_or_default())),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().take(limit).map(|item| cut_value(item, limit)).collect(),
        Value::Object(object) => cut(object, limit),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::kept;
    use crate::snapshot::{ContentKeeping, TenantSettings};
    use serde_json::json;

    #[test]
    fn what_no_database_keeps_is_taken_out() {
        let mut value = json!({"a\u{0}": ["b\u{0}", {"c": "\u{0}"}], "d": 1});
        super::storable(&mut value);
        assert_eq!(value, json!({"a\u{fffd}": ["b\u{fffd}", {"c": "\u{fffd}"}], "d": 1}));
    }

    #[test]
    fn content_is_kept_as_the_tenant_chose() {
        let context = json!({"tool": "shell", "input": {"command": "é".repeat(10)}});
        let context = context.as_object().expect("an object");
        let keep = |content| kept(context, &TenantSettings { content, content_limit: 5, ..TenantSettings::default() });
        assert_eq!(keep(ContentKeeping::Keep)["input"]["command"], "é".repeat(10));
        assert_eq!(keep(ContentKeeping::Truncate), json!({"tool": "shell", "input": {"command": "ééééé…"}}));
        assert_eq!(keep(ContentKeeping::Drop), json!({}));
        assert!(!keep(ContentKeeping::Hash).to_string().contains("shell"));
    }
}
