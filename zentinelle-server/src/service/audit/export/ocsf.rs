//! The trail in the Open Cybersecurity Schema Framework, one JSON event a line.
//!
//! A decision is an *API Activity* with the `security_control` profile, since it says whether a
//! call was allowed; an export is one as well, and reads. A sign-in is an *Authentication*. All
//! else is an *Entity Management*: somebody made, changed or removed a thing that is managed.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use zentinelle_core::audit::{AuditAction, AuditRecord, Entry, Outcome};

use super::super::kept::risk_of;
use super::unreadable;
use crate::clock;
use crate::store::{StoreError, wire_name};

/// The version of the schema that the events keep to.
const VERSION: &str = "1.5.0";
const PRODUCT: &str = "Zentinelle";

/// A class of events with its activity.
struct Class {
    category: (u64, &'static str),
    class: (u64, &'static str),
    activity: (u64, &'static str),
}

impl Class {
    fn of(action: AuditAction) -> Self {
        let managed = |id, name| Self {
            category: (3, "Identity & Access Management"),
            class: (3004, "Entity Management"),
            activity: (id, name),
        };
        let authentication = |id, name| Self {
            category: (3, "Identity & Access Management"),
            class: (3002, "Authentication"),
            activity: (id, name),
        };
        let api = |id, name| Self {
            category: (6, "Application Activity"),
            class: (6003, "API Activity"),
            activity: (id, name),
        };
        match action {
            AuditAction::Create => managed(1, "Create"),
            AuditAction::Access => managed(2, "Read"),
            AuditAction::Update | AuditAction::RotateKey => managed(3, "Update"),
            AuditAction::Delete => managed(4, "Delete"),
            AuditAction::Activate => managed(10, "Activate"),
            AuditAction::Suspend => managed(12, "Suspend"),
            AuditAction::Approve => managed(99, "Approve"),
            AuditAction::Reject => managed(99, "Reject"),
            AuditAction::Login => authentication(1, "Logon"),
            AuditAction::Logout => authentication(2, "Logoff"),
            AuditAction::Export => api(2, "Read"),
            AuditAction::Decide => api(99, "Decide"),
            _ => managed(99, "Other"),
        }
    }
}

/// One entry as a line.
pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) -> Result<(), StoreError> {
    serde_json::to_writer(&mut *out, &event(entry)).map_err(|error| unreadable(&error))?;
    out.push(b'\n');
    Ok(())
}

/// One entry as an event.
fn event(entry: &Entry) -> Value {
    let record = &entry.record;
    let Class { category, class, activity } = Class::of(record.action);
    let (severity_id, severity) = severity(record);
    let (status_id, status) = match record.outcome {
        Outcome::Success => (1, "Success"),
        Outcome::Denied | Outcome::Failure => (2, "Failure"),
    };
    let mut event = json!({
        "category_uid": category.0, "category_name": category.1,
        "class_uid": class.0, "class_name": class.1,
        "activity_id": activity.0, "activity_name": activity.1,
        "type_uid": class.0 * 100 + activity.0, "type_name": format!("{}: {}", class.1, activity.1),
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "time": clock::micros(record.timestamp).div_euclid(1_000),
        "message": message(record),
        "metadata": metadata(entry),
        "actor": actor(record),
        "unmapped": unmapped(entry),
    });
    let Some(fields) = event.as_object_mut() else { return event };
    if let Some(code) = record.decision.get("code").and_then(Value::as_str) {
        fields.insert("status_code".to_owned(), code.into());
    }
    if let Some(reason) = record.decision.get("reason").and_then(Value::as_str) {
        fields.insert("status_detail".to_owned(), reason.into());
    }
    fields.insert("src_endpoint".to_owned(), source(record));
    match class.0 {
        6003 => api_activity(record, fields),
        3002 => {
            fields.insert("user".to_owned(), user(record).unwrap_or_else(|| json!({ "name": "unknown" })));
            fields.insert("service".to_owned(), json!({ "name": PRODUCT }));
        }
        _ => {
            fields.insert("entity".to_owned(), entity(record));
            if let Some(note) = record.changes.get("note").and_then(Value::as_str) {
                fields.insert("comment".to_owned(), note.into());
            }
        }
    }
    event
}

fn metadata(entry: &Entry) -> Value {
    let profiles = if entry.record.action == AuditAction::Decide { json!(["security_control"]) } else { json!([]) };
    json!({
        "version": VERSION,
        "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": env!("CARGO_PKG_VERSION") },
        "uid": entry.record.id, "sequence": entry.sequence, "tenant_uid": entry.record.tenant_id,
        "log_name": "audit", "profiles": profiles,
    })
}

/// What the schema has no place for, hashes first: with the bundle they show that the event is
/// the one that was recorded.
fn unmapped(entry: &Entry) -> Value {
    let record = &entry.record;
    let mut unmapped = Map::new();
    unmapped.insert("entry_hash".to_owned(), entry.entry_hash.to_string().into());
    unmapped.insert("chain_hash".to_owned(), entry.chain_hash.to_string().into());
    for (key, value) in [("changes", &record.changes), ("metadata", &record.metadata), ("decision", &record.decision)] {
        if !value.is_null() {
            unmapped.insert(key.to_owned(), value.clone());
        }
    }
    unmapped.into()
}

fn actor(record: &AuditRecord) -> Value {
    let mut actor = Map::new();
    if let Some(user) = user(record) {
        actor.insert("user".to_owned(), user);
    }
    if let Some(agent) = &record.agent_id {
        actor.insert("app_uid".to_owned(), agent.as_str().into());
        actor.insert("app_name".to_owned(), agent.as_str().into());
    }
    if actor.is_empty() {
        actor.insert("app_name".to_owned(), PRODUCT.into());
    }
    actor.into()
}

fn user(record: &AuditRecord) -> Option<Value> {
    let id = record.ext_user_id.as_deref()?;
    let mut user = json!({ "uid": id, "name": id });
    if let (Some(key), Some(fields)) = (&record.api_key_prefix, user.as_object_mut()) {
        fields.insert("credential_uid".to_owned(), key.as_str().into());
    }
    Some(user)
}

/// Where the call came from: its address when it is known, else the agent or the service itself.
fn source(record: &AuditRecord) -> Value {
    if let Some(address) = record.ip_address.as_deref().filter(|text| text.parse::<IpAddr>().is_ok()) {
        return json!({ "ip": address });
    }
    match &record.agent_id {
        Some(agent) => json!({ "uid": agent, "name": agent }),
        None => json!({ "svc_name": PRODUCT, "name": PRODUCT }),
    }
}

fn entity(record: &AuditRecord) -> Value {
    let mut entity = Map::new();
    entity.insert("type".to_owned(), record.resource_type.as_str().into());
    if let Some(id) = &record.resource_id {
        entity.insert("uid".to_owned(), id.as_str().into());
    }
    let name = record.resource_name.as_deref().or(record.resource_id.as_deref()).unwrap_or(&record.resource_type);
    entity.insert("name".to_owned(), name.into());
    entity.into()
}

fn api_activity(record: &AuditRecord, fields: &mut Map<String, Value>) {
    let operation = match record.decision.get("action").and_then(Value::as_str) {
        Some(action) => action.to_owned(),
        None => wire_name(&record.action),
    };
    fields.insert("api".to_owned(), json!({ "operation": operation, "service": { "name": PRODUCT } }));
    fields.insert("resources".to_owned(), json!([entity(record)]));
    if record.action != AuditAction::Decide {
        return;
    }
    let (action_id, action, disposition_id, disposition) = match record.outcome {
        Outcome::Success => (1, "Allowed", 1, "Allowed"),
        Outcome::Denied => (2, "Denied", 2, "Blocked"),
        Outcome::Failure => (0, "Unknown", 0, "Unknown"),
    };
    fields.insert("action_id".to_owned(), action_id.into());
    fields.insert("action".to_owned(), action.into());
    fields.insert("disposition_id".to_owned(), disposition_id.into());
    fields.insert("disposition".to_owned(), disposition.into());
    fields.insert("is_alert".to_owned(), (record.outcome == Outcome::Denied).into());
    if let Some(score) = risk_of(record) {
        let (id, level) = match score {
            75.. => (3, "High"),
            50.. => (2, "Medium"),
            25.. => (1, "Low"),
            _ => (0, "Info"),
        };
        fields.insert("risk_score".to_owned(), score.into());
        fields.insert("risk_level_id".to_owned(), id.into());
        fields.insert("risk_level".to_owned(), level.into());
    }
    let policy = record.decision.get("determining").and_then(|ids| ids.get(0)).and_then(Value::as_str);
    if let Some(policy) = policy {
        fields.insert("policy".to_owned(), json!({ "uid": policy }));
    }
}

fn severity(record: &AuditRecord) -> (u64, &'static str) {
    match (record.outcome, risk_of(record), record.action) {
        (Outcome::Denied, Some(75..), _) => (4, "High"),
        (Outcome::Denied, _, _) | (Outcome::Failure, _, _) => (3, "Medium"),
        (_, Some(75..), _) => (3, "Medium"),
        (_, _, AuditAction::Delete | AuditAction::Suspend | AuditAction::Export | AuditAction::RotateKey) => (2, "Low"),
        _ => (1, "Informational"),
    }
}

fn message(record: &AuditRecord) -> String {
    let who = record.ext_user_id.as_deref().or(record.agent_id.as_deref()).unwrap_or(PRODUCT);
    let what = record.resource_name.as_deref().or(record.resource_id.as_deref()).unwrap_or_default();
    let action = wire_name(&record.action);
    format!("{who}: {action} {} {what}", record.resource_type).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use zentinelle_core::audit::{AuditAction, AuditRecord, Chain, Outcome};

    use super::event;

    const ACTIONS: [AuditAction; 13] = [
        AuditAction::Create,
        AuditAction::Update,
        AuditAction::Delete,
        AuditAction::Access,
        AuditAction::Login,
        AuditAction::Logout,
        AuditAction::RotateKey,
        AuditAction::Suspend,
        AuditAction::Activate,
        AuditAction::Decide,
        AuditAction::Approve,
        AuditAction::Reject,
        AuditAction::Export,
    ];

    /// The fields the schema requires, by class.
    fn required(class: u64) -> Vec<&'static str> {
        let base = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"];
        let own: &[&str] = match class {
            6003 => &["actor", "api", "src_endpoint"],
            3002 => &["user"],
            3004 => &["entity"],
            other => panic!("unexpected class {other}"),
        };
        base.iter().chain(own).copied().collect()
    }

    fn has_one_of(event: &Value, pointer: &str, names: &[&str]) {
        let object = event.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {event}"));
        assert!(names.iter().any(|name| object.get(name).is_some_and(|value| !value.is_null())), "{pointer}: {object}");
    }

    #[test]
    fn every_event_has_what_its_class_requires() {
        let now = "2026-03-11T12:00:00.123456Z".parse().expect("an instant");
        let mut chain = Chain::genesis("t");
        for action in ACTIONS {
            for bare in [true, false] {
                let mut record = AuditRecord::new("r1", "t", now, action, "policy", Outcome::Denied);
                if !bare {
                    record.agent_id = Some("a".into());
                    record.ext_user_id = Some("alice".into());
                    record.ip_address = Some("192.0.2.1".into());
                    record.resource_id = Some("p1".into());
                    record.decision = json!({"risk_score": 80, "code": "c", "reason": "r", "action": "tool_call", "determining": ["p"]});
                }
                let event = event(&chain.append(record).expect("appended"));
                let class = event["class_uid"].as_u64().expect("a class");
                for name in required(class) {
                    assert!(event.get(name).is_some_and(|value| !value.is_null()), "{action:?}: {name} in {event}");
                }
                let activity = event["activity_id"].as_u64().expect("an activity");
                assert_eq!(event["type_uid"], class * 100 + activity);
                assert_eq!(event["category_uid"], class / 1000);
                assert_eq!(event["time"], 1_773_230_400_123_u64, "milliseconds");
                assert_eq!(event["metadata"]["version"], super::VERSION);
                has_one_of(&event, "/metadata/product", &["name", "uid"]);
                has_one_of(&event, "/actor", &["process", "user", "session", "app_name", "app_uid"]);
                has_one_of(&event, "/src_endpoint", &["ip", "uid", "name", "hostname", "svc_name"]);
                match class {
                    6003 => assert!(event["api"]["operation"].is_string()),
                    3002 => has_one_of(&event, "", &["service", "dst_endpoint"]),
                    _ => has_one_of(&event, "/entity", &["name", "uid"]),
                }
                assert_eq!(
                    event["metadata"]["profiles"] == json!(["security_control"]),
                    event.get("action_id").is_some()
                );
            }
        }
    }
}
