//! One event as clients send it: most name a `type`, the C# client only a category.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use zentinelle_core::ids::AgentId;

use crate::auth::key::hex;
use crate::clock;
use crate::service::fields::has_nul;

/// The longest type. Unit: characters.
const MOST_TYPE: usize = 100;
/// The longest user id and event id. Unit: characters.
const MOST_ID: usize = 255;
/// How much of a timestamp that cannot be read is kept. Unit: characters.
const MOST_TIMESTAMP: usize = 100;

/// The categories by which the C# client says what happened.
const CSHARP_CATEGORIES: [&str; 6] =
    ["model_request", "tool_call", "policy_evaluation", "user_interaction", "error", "custom"];

/// An event that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reported {
    /// What happened.
    pub(super) event_type: String,
    /// What it is kept for: telemetry, audit, alert or compliance.
    pub(super) category: &'static str,
    /// Its facts.
    pub(super) payload: Map<String, Value>,
    /// The user it happened for.
    pub(super) user_id: Option<String>,
    /// When it happened. Unit: microseconds since 1970.
    pub(super) occurred_at: i64,
    /// The timestamp as it was sent, when it could not be read.
    pub(super) raw_timestamp: Option<String>,
    /// The timestamp as it was sent.
    timestamp: Option<String>,
    /// The client's own id of the event.
    client_id: Option<String>,
}

/// The agent an event names.
pub(super) fn agent_of(event: &Value) -> Option<&str> {
    event.get("agent_id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

impl Reported {
    /// Reads an event; else says what is wrong with it, as code and words.
    pub(super) fn read(value: Value, received_at: i64) -> Result<Self, (&'static str, String)> {
        if has_nul(&value) {
            return Err(("nul_character", "the event holds a NUL character".to_owned()));
        }
        let Value::Object(mut object) = value else {
            return Err(("not_an_object", "the event is not an object".to_owned()));
        };
        let category = take_text(&mut object, "category")?;
        let event_type = take_text(&mut object, "type")?;
        let user_id = match take_text(&mut object, "user_id")? {
            Some(user) => Some(user),
            None => take_text(&mut object, "userId")?,
        };
        let client_id = match take_text(&mut object, "id")? {
            Some(id) => Some(id),
            None => take_text(&mut object, "event_id")?,
        };
        object.remove("agent_id");
        let timestamp =
            object.remove("timestamp").filter(|sent| !sent.is_null() && sent != "").map(|sent| match sent {
                Value::String(text) => text,
                other => other.to_string(),
            });
        let read = timestamp.as_deref().and_then(clock::parse).map(clock::micros);
        let raw_timestamp = timestamp.as_ref().filter(|_| read.is_none());
        let raw_timestamp = raw_timestamp.map(|text| text.chars().take(MOST_TIMESTAMP).collect());
        let (category, event_type, payload) = match event_type {
            Some(event_type) => (stored(category.as_deref())?, event_type, payload_of(object.remove("payload"))),
            None => {
                let named = category.map(|category| snake_case(&category));
                let named = named.filter(|category| CSHARP_CATEGORIES.contains(&category.as_str()));
                let event_type = named.ok_or_else(|| ("missing_type", "the event has no `type`".to_owned()))?;
                (stored(Some(&event_type))?, event_type, object)
            }
        };
        at_most("type", &event_type, MOST_TYPE)?;
        at_most("user_id", user_id.as_deref().unwrap_or_default(), MOST_ID)?;
        at_most("id", client_id.as_deref().unwrap_or_default(), MOST_ID)?;
        let occurred_at = read.unwrap_or(received_at);
        Ok(Self { event_type, category, payload, user_id, occurred_at, raw_timestamp, timestamp, client_id })
    }

    /// A digest of what the event says.
    pub(super) fn content_digest(&self, agent: &AgentId) -> [u8; 32] {
        let mut hasher = Sha256::new();
        let payload = serde_json::to_vec(&self.payload).unwrap_or_default();
        let timestamp = self.timestamp.as_deref().unwrap_or_default();
        let (kind, payload) = match &self.client_id {
            Some(id) => ("id", id.as_bytes()),
            None => ("content", payload.as_slice()),
        };
        // An id alone tells events apart, whatever else they say.
        let (event_type, timestamp) = match self.client_id {
            Some(_) => ("", ""),
            None => (self.event_type.as_str(), timestamp),
        };
        for part in [kind.as_bytes(), agent.as_str().as_bytes(), event_type.as_bytes(), timestamp.as_bytes(), payload] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// Names the event for good: the same event sent again has the same name. `nth` counts the
    /// events of a batch that say the same.
    pub(super) fn digest(&self, content: &[u8; 32], nth: u32) -> String {
        match (&self.client_id, &self.timestamp) {
            (Some(_), _) => hex(content),
            // Without id and time nothing tells a repetition from a second event.
            (None, None) => clock::new_id(),
            (None, Some(_)) if nth == 0 => hex(content),
            (None, Some(_)) => {
                let mut hasher = Sha256::new_with_prefix(content);
                hasher.update(nth.to_be_bytes());
                hex(&hasher.finalize())
            }
        }
    }
}

fn take_text(object: &mut Map<String, Value>, key: &str) -> Result<Option<String>, (&'static str, String)> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) if key != "type" && key != "category" => Ok(Some(number.to_string())),
        Some(_) => Err(("wrong_type", format!("`{key}` is not a text"))),
    }
}

fn at_most(field: &str, text: &str, most: usize) -> Result<(), (&'static str, String)> {
    match text.chars().count() > most {
        true => Err(("too_long", format!("`{field}` is longer than {most} characters"))),
        false => Ok(()),
    }
}

/// A payload as an object; another value stands under `value`.
fn payload_of(payload: Option<Value>) -> Map<String, Value> {
    match payload {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(object)) => object,
        Some(other) => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// What an event of a category is kept for. The C# client names categories of its own.
fn stored(category: Option<&str>) -> Result<&'static str, (&'static str, String)> {
    let Some(category) = category else { return Ok("telemetry") };
    match snake_case(category).as_str() {
        "telemetry" | "model_request" | "user_interaction" | "custom" => Ok("telemetry"),
        "audit" | "tool_call" | "policy_evaluation" => Ok("audit"),
        "alert" | "error" => Ok("alert"),
        "compliance" => Ok("compliance"),
        _ => Err((
            "unknown_category",
            format!("unknown category `{category}`: expected telemetry, audit, alert or compliance"),
        )),
    }
}

/// `ModelRequest` as `model_request`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Reported, snake_case};

    fn read(value: Value) -> Result<Reported, &'static str> {
        Reported::read(value, 7).map_err(|(code, _)| code)
    }

    #[test]
    fn a_timestamp_that_cannot_be_read_is_kept_and_the_event_too() {
        let event = read(json!({"type": "t", "timestamp": "yesterday"})).expect("kept");
        assert_eq!((event.occurred_at, event.raw_timestamp.as_deref()), (7, Some("yesterday")));
        let event = read(json!({"type": "t", "timestamp": 12.5})).expect("kept");
        assert_eq!((event.occurred_at, event.raw_timestamp.as_deref()), (7, Some("12.5")));
        let event = read(json!({"type": "t", "timestamp": "2026-01-01T00:00:00.000001+00:00Z"})).expect("kept");
        assert_eq!((event.occurred_at, event.raw_timestamp), (1_767_225_600_000_001, None));
        let event = read(json!({"type": "t", "timestamp": null, "payload": null, "user_id": ""})).expect("kept");
        assert_eq!((event.occurred_at, event.raw_timestamp, event.user_id), (7, None, None));
    }

    #[test]
    fn the_categories_of_the_csharp_client_are_mapped() {
        for (name, event_type, category) in [
            ("ModelRequest", "model_request", "telemetry"),
            ("ToolCall", "tool_call", "audit"),
            ("PolicyEvaluation", "policy_evaluation", "audit"),
            ("UserInteraction", "user_interaction", "telemetry"),
            ("Error", "error", "alert"),
            ("Custom", "custom", "telemetry"),
            ("tool_call", "tool_call", "audit"),
        ] {
            let event = read(json!({"category": name, "action": "x", "success": true, "agent_id": "a"})).expect("kept");
            assert_eq!((event.event_type.as_str(), event.category), (event_type, category), "{name}");
            assert_eq!(Value::from(event.payload), json!({"action": "x", "success": true}), "{name}");
        }
        assert_eq!(snake_case("userID"), "user_i_d");
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_code() {
        for (value, code) in [
            (json!(7), "not_an_object"),
            (json!({}), "missing_type"),
            (json!({"type": "", "category": "audit"}), "missing_type"),
            (json!({"type": 7}), "wrong_type"),
            (json!({"type": "t", "category": "gossip"}), "unknown_category"),
            (json!({"type": "t".repeat(101)}), "too_long"),
            (json!({"type": "t", "user_id": "u".repeat(256)}), "too_long"),
            (json!({"type": "t", "payload": {"a": ["\0"]}}), "nul_character"),
        ] {
            assert_eq!(read(value.clone()), Err(code), "{value}");
        }
    }

    #[test]
    fn the_same_event_has_the_same_name_and_others_have_others() {
        let name = |value: Value, nth: u32| {
            let event = read(value).expect("an event");
            event.digest(&event.content_digest(&"a".into()), nth)
        };
        let one = json!({"type": "t", "timestamp": "2026-01-01T00:00:00Z", "payload": {"a": 1, "b": 2}});
        assert_eq!(name(one.clone(), 0), name(one.clone(), 0));
        assert_ne!(name(one.clone(), 0), name(one, 1));
        let timeless = json!({"type": "t", "payload": {}});
        assert_ne!(name(timeless.clone(), 0), name(timeless, 0));
        let named = |payload: i64| json!({"id": "e-1", "type": "t", "payload": {"a": payload}});
        assert_eq!(name(named(1), 0), name(named(2), 1));
    }
}
