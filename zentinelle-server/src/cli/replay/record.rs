//! What was recorded: requests, events, and earlier decisions.

use serde_json::{Map, Value};
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::wire::Defaults;
use zentinelle_core::{Agent, Event, Request};

use crate::cli::input::Line;
use crate::cli::requests::{self, Fault, Malformed};

/// A request that was made, and what became of it.
pub(super) struct Record {
    /// Where it stands in the file.
    pub(super) line: usize,
    /// The id that its author gave it.
    pub(super) id: Option<Value>,
    /// The request.
    pub(super) request: Request,
    /// Whether it was permitted, where that was recorded.
    pub(super) permitted: Option<bool>,
}

/// Reads one line of any of the three forms.
pub(super) fn read(line_number: usize, line: &Line<'_>, defaults: &Defaults) -> Result<Record, Malformed> {
    let value = requests::value(line)?;
    let has = |key: &str| value.get(key).is_some();
    let mut record = if has("event_type") {
        of_event(&value)?
    } else if has("policies_evaluated") {
        of_decision(&value, defaults)?
    } else {
        let asked = requests::from_value(&value, defaults)?;
        Record { line: 0, id: asked.id, request: asked.request, permitted: None }
    };
    record.line = line_number;
    // What was reserved was settled long ago; the worst case counts.
    record.request.reservation = None;
    Ok(record)
}

fn of_event(value: &Value) -> Result<Record, Malformed> {
    let event = decode_as::<Event>(value, "an event")
        .strict()
        .map_err(|errors| Malformed::new(Some(value), errors.into_iter().map(Fault::from).collect()))?;
    let (action, context) = event.attempt();
    let mut agent = Agent::new(event.tenant_id, event.agent_id);
    agent.deployment_id = event.deployment_id;
    let mut request = Request::new(agent, action.name(), event.occurred_at);
    request.context = context;
    request.user_id = event.user_id;
    Ok(Record { line: 0, id: Some(event.id.into()), request, permitted: permitted(&event.payload) })
}

/// A decision in its outward form says who asked and with which facts, but not what was attempted:
/// whoever records it must add the `action`, and should add `now` and `user_id`.
fn of_decision(value: &Value, defaults: &Defaults) -> Result<Record, Malformed> {
    let decided = value.as_object().cloned().unwrap_or_default();
    let mut request = Map::new();
    for key in ["id", "agent", "tenant_id", "agent_id", "user_id", "action", "context", "now", "dry_run"] {
        if let Some(found) = decided.get(key) {
            request.insert(key.to_owned(), found.clone());
        }
    }
    if !request.contains_key("action") {
        match decided.get("context").and_then(|context| context.get("action")) {
            Some(action @ Value::String(_)) => request.insert("action".to_owned(), action.clone()),
            _ => {
                let message = "the decision does not say which action it is about";
                let help = "record `action` beside the decision, or replay the requests";
                return Err(Malformed::new(Some(value), vec![Fault::new(message, help)]));
            }
        };
    }
    let asked = requests::from_value(&Value::Object(request), defaults)?;
    Ok(Record { line: 0, id: asked.id, request: asked.request, permitted: permitted(&decided) })
}

/// What was answered. In a dry run `allowed` says nothing, so the effect goes first.
fn permitted(facts: &Map<String, Value>) -> Option<bool> {
    match facts.get("effect").and_then(Value::as_str) {
        Some("permit") => Some(true),
        Some("deny") => Some(false),
        _ => facts.get("allowed").and_then(Value::as_bool),
    }
}
