//! How much of what agents say is kept.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zentinelle_core::audit::digest;

use crate::snapshot::{ContentKeeping, TenantSettings};

/// The context as the tenant wants it kept: whole, cut, as a digest, or not at all. Short facts
/// such as names and numbers stay in every case but the last, because records are found by them.
pub(crate) fn kept(context: &Map<String, Value>, settings: &TenantSettings) -> Value {
    match settings.content {
        ContentKeeping::Keep => Value::Object(context.clone()),
        ContentKeeping::Truncate => {
            let limit = settings.content_limit as usize;
            context.iter().map(|(key, value)| (key.clone(), cut(value, limit))).collect::<Map<_, _>>().into()
        }
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
        ContentKeeping::Truncate => {
            let limit = settings.content_limit as usize;
            // A text of no more bytes has no more characters.
            let end = if text.len() <= limit { None } else { text.char_indices().nth(limit) };
            text.get(..end.map_or(text.len(), |(end, _)| end)).unwrap_or_default().to_owned()
        }
        ContentKeeping::Hash => digest(&Value::from(text)).to_string(),
        ContentKeeping::Drop => String::new(),
    }
}

fn cut(value: &Value, limit: usize) -> Value {
    serde_json::to_value(Cut(value, limit)).unwrap_or_default()
}

/// A value, of which each text and each list is kept only up to a length.
#[derive(Debug)]
pub(super) struct Cut<'v>(pub(super) &'v Value, pub(super) usize);

impl Serialize for Cut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, limit) = *self;
        match value {
            Value::String(text) if text.len() > limit => match text.char_indices().nth(limit) {
                Some((end, _)) => serializer.collect_str(&format_args!("{}…", text.get(..end).unwrap_or_default())),
                None => serializer.serialize_str(text),
            },
            Value::Array(items) => serializer.collect_seq(items.iter().take(limit).map(|item| Cut(item, limit))),
            Value::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, entry)| (key, Cut(entry, limit))))
            }
            value => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::kept;
    use crate::snapshot::{ContentKeeping, TenantSettings};
    use serde_json::json;

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
