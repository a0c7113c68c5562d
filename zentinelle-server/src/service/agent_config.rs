//! What an agent is told: its configuration and policies, and whether they changed.
//!
//! A revision names one state of both. It is a digest, so it is the same on every replica and
//! after a restart, and changes exactly when something the agent is told changes.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::{Enforcement, Policy, PolicyType};

use super::standing;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::auth::key::hex;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::snapshot::TenantSettings;

/// Tells agents when they beat again. Unit: seconds.
const HEARTBEAT: &str = "heartbeat_interval_seconds";
/// What an agent is told unless its own configuration says otherwise.
const DEFAULTS: [(&str, u32); 3] =
    [("event_batch_size", 100), ("event_flush_interval_seconds", 5), ("config_refresh_interval_seconds", 300)];

/// One policy in a configuration. The Python client takes these keys and no others.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PolicyItem {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) policy_type: String,
    /// What a violation does: enforce, audit or disabled.
    pub(crate) enforcement: String,
    /// Its configuration.
    #[schema(value_type = Object)]
    pub(crate) config: Value,
}

impl PolicyItem {
    fn new(policy: &Policy) -> Self {
        Self {
            id: policy.id.as_str().to_owned(),
            name: policy.name.clone(),
            policy_type: policy.policy_type.clone(),
            enforcement: policy.enforcement.name().to_owned(),
            config: policy.config.clone(),
        }
    }
}

/// What an agent is told.
#[derive(Clone, Debug)]
pub(crate) struct AgentConfig {
    /// The agent.
    pub(crate) agent_id: AgentId,
    /// Its configuration, defaults included.
    pub(crate) config: Map<String, Value>,
    /// The policies that apply to it.
    pub(crate) policies: Vec<PolicyItem>,
    /// When any of this was last changed. Unit: microseconds since 1970.
    pub(crate) updated_at: i64,
    /// Names this state.
    pub(crate) revision: Arc<str>,
}

impl AgentConfig {
    /// The texts that enforced policies of a type list under a key.
    pub(crate) fn listed(&self, kind: PolicyType, key: &str) -> Option<Vec<String>> {
        let enforced =
            self.enforced(kind).find_map(|config| config.get(key)?.as_array().filter(|list| !list.is_empty()));
        enforced.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The configurations of the enforced policies of a type.
    pub(crate) fn enforced(&self, kind: PolicyType) -> impl Iterator<Item = &Value> {
        let enforced = move |item: &&PolicyItem| {
            item.policy_type == kind.name() && item.enforcement == Enforcement::Enforce.name()
        };
        self.policies.iter().filter(enforced).map(|item| &item.config)
    }
}

/// What each agent was last told, as far as this server knows.
#[derive(Debug)]
pub(crate) struct SeenRevisions(Cache<(TenantId, AgentId), Arc<str>>);

impl Default for SeenRevisions {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(24 * 3600)).build())
    }
}

impl SeenRevisions {
    /// Notes what an agent is told now, and says whether that is news to it. An agent of which
    /// nothing is known may have missed something, so to it everything is news.
    fn note(&self, agent: &AgentFacts, revision: &Arc<str>) -> bool {
        let key = (agent.agent.tenant_id.clone(), agent.agent.agent_id.clone());
        let news = self.0.get(&key).is_none_or(|seen| seen != *revision);
        if news {
            self.0.insert(key, revision.clone());
        }
        news
    }
}

/// Everything an agent is told. It counts as told when this returns.
pub(crate) async fn told(app: &App, agent: &Arc<AgentFacts>) -> Result<AgentConfig, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let policies = standing::of(&snapshot, agent, None);
    let config = configuration(agent, &snapshot.settings);
    let revision = revision(&config, &policies);
    app.seen_revisions.note(agent, &revision);
    let changed = policies.iter().filter_map(|policy| policy.updated_at.map(clock::micros));
    Ok(AgentConfig {
        agent_id: agent.agent.agent_id.clone(),
        updated_at: changed.max().unwrap_or_default().max(agent.updated_at),
        policies: policies.into_iter().map(PolicyItem::new).collect(),
        config,
        revision,
    })
}

/// How an agent says it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beat {
    /// Its health, in its own words.
    pub(crate) status: Option<String>,
    /// The digest of the configuration it works with.
    pub(crate) config_hash: Option<String>,
}

/// The answer to a heartbeat.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Heard {
    /// Always true.
    acknowledged: bool,
    /// Whether the agent should fetch its configuration again.
    config_changed: bool,
    /// When to beat again. Unit: seconds.
    next_heartbeat_seconds: u64,
}

/// Takes a heartbeat. It changes what is known of the agent's health and nothing else.
pub(crate) async fn heard(app: &App, agent: &Arc<AgentFacts>, beat: Beat) -> Result<Heard, ApiError> {
    let snapshot = app.snapshots.get(&agent.agent.tenant_id).await?;
    let policies = standing::of(&snapshot, agent, None);
    let config = configuration(agent, &snapshot.settings);
    let news = app.seen_revisions.note(agent, &revision(&config, &policies));
    let differs = beat.config_hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(&config_hash(&config)));
    app.recorder.record(&[Record::Heartbeat {
        tenant_id: agent.agent.tenant_id.clone(),
        agent_id: agent.agent.agent_id.as_str().to_owned(),
        health: health(beat.status.as_deref()).to_owned(),
        at: clock::now_micros(),
    }])?;
    let seconds = config.get(HEARTBEAT).and_then(Value::as_u64);
    Ok(Heard {
        acknowledged: true,
        config_changed: news || differs,
        next_heartbeat_seconds: seconds.unwrap_or_else(|| snapshot.settings.heartbeat_interval_seconds.into()),
    })
}

/// A client's word for its health; a word nobody knows tells nothing.
fn health(status: Option<&str>) -> &'static str {
    let Some(status) = status else { return "healthy" };
    ["healthy", "degraded", "unhealthy"].into_iter().find(|word| word.eq_ignore_ascii_case(status)).unwrap_or("unknown")
}

fn configuration(agent: &AgentFacts, settings: &TenantSettings) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert(HEARTBEAT.to_owned(), settings.heartbeat_interval_seconds.into());
    config.extend(DEFAULTS.map(|(key, value)| (key.to_owned(), value.into())));
    config.extend(agent.config.clone());
    config
}

/// Names a state of configuration and policies. A policy's version changes with the policy.
fn revision(config: &Map<String, Value>, policies: &[&Policy]) -> Arc<str> {
    let mut hasher = Sha256::new();
    let mut add = |part: &[u8]| {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    };
    add(python_json(&Value::Object(config.clone())).as_bytes());
    for policy in policies {
        add(policy.id.as_str().as_bytes());
        add(&policy.version.to_be_bytes());
        add(policy.enforcement.name().as_bytes());
    }
    hex(hasher.finalize().get(..16).unwrap_or_default()).into()
}

/// The digest by which clients name the configuration they have.
fn config_hash(config: &Map<String, Value>) -> String {
    hex(&Sha256::digest(python_json(&Value::Object(config.clone())).as_bytes()))
}

/// A value as Python's `json.dumps(value, sort_keys=True)` writes it: the text clients digest.
fn python_json(value: &Value) -> String {
    let mut text = String::new();
    write_python_json(value, &mut text);
    text
}

fn write_python_json(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_ascii(key, out);
                out.push_str(": ");
                write_python_json(object.get(key).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_python_json(item, out);
            }
            out.push(']');
        }
        Value::String(text) => write_ascii(text, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_ascii(text: &str, out: &mut String) {
    for letter in Value::from(text).to_string().chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}"); // writing to a string cannot fail
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{config_hash, health, python_json};

    #[test]
    fn the_digest_is_the_one_python_clients_make() {
        let value = json!({"b": [1, 2.5, null, true], "a": "é\u{1F600}\n\"", "c": {}});
        assert_eq!(python_json(&value), r#"{"a": "\u00e9\ud83d\ude00\n\"", "b": [1, 2.5, null, true], "c": {}}"#);
        let config = json!({"heartbeat_interval_seconds": 60});
        // hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
        assert_eq!(
            config_hash(config.as_object().expect("an object")),
            "c82a6eef5b0531ab6bba989e1935cce5b2b4c58c7b2be2bf058ec0dab4d08ce5"
        );
    }

    #[test]
    fn a_word_nobody_knows_tells_nothing_of_health() {
        assert_eq!(health(None), "healthy");
        assert_eq!(health(Some("Degraded")), "degraded");
        assert_eq!(health(Some("splendid")), "unknown");
    }
}
