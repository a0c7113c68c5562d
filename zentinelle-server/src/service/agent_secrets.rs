//! The secrets an agent may fetch: those of its scope that its `secret_access` policies allow.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::ids::TenantId;
use zentinelle_core::scope::{Scope, ScopeChain};
use zentinelle_core::{Engine, NoPolicy, PolicySet, PolicyType, Request};
use zeroize::Zeroizing;

use super::standing;
use crate::app::App;
use crate::auth::{AgentFacts, Caller};
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::snapshot::Snapshot;
use crate::store::handouts;

/// The action under which policies judge the fetching of a bundle.
const ACTION: &str = "secret_access";
/// How long an agent may keep what it fetched. Unit: microseconds.
const KEPT_FOR: i64 = 60 * 1_000_000;

/// Opens what is sealed in the database.
pub(crate) trait SecretReader: Debug + Send + Sync {
    /// The text sealed for a tenant under a kind and name; none when it does not open.
    fn open(&self, tenant: &TenantId, kind: &str, name: &str, sealed: &str) -> Option<Zeroizing<String>>;
}

/// Opens nothing: a server without master keys hands out no secrets.
#[derive(Debug)]
pub(crate) struct NoSecrets;

impl SecretReader for NoSecrets {
    fn open(&self, _: &TenantId, _: &str, _: &str, _: &str) -> Option<Zeroizing<String>> {
        None
    }
}

/// What an agent fetched.
pub(crate) struct Fetched {
    /// Names and values.
    pub(crate) secrets: BTreeMap<String, String>,
    /// Until when it may be kept. Unit: microseconds since 1970.
    pub(crate) expires_at: i64,
}

/// The secrets of an agent. Handing any out is on the audit trail before the answer.
pub(crate) async fn fetch(app: &App, caller: &Caller, agent: &Arc<AgentFacts>) -> Result<Fetched, ApiError> {
    let tenant = &agent.agent.tenant_id;
    let snapshot = app.snapshots.get(tenant).await?;
    let engine = secret_access(&snapshot, agent);
    let chain = ScopeChain::new(&agent.agent, None);
    let (mut secrets, mut names) = (BTreeMap::new(), Vec::new());
    for row in handouts::bundles(app.store.db(), tenant).await? {
        let mine = scope_of(&row.scope_level, row.scope_id.as_deref()).is_some_and(|scope| chain.is_covered_by(&scope));
        if !mine || !is_allowed(&engine, agent, &row.name) {
            continue;
        }
        let Some(text) = app.secrets.open(tenant, &row.kind, &row.name, &row.sealed) else {
            tracing::error!(%tenant, bundle = row.name, "a sealed secret does not open and was left out");
            continue;
        };
        secrets.extend(values(&row.name, &text));
        names.push(row.name);
    }
    if !names.is_empty() {
        app.recorder.record_durably(&[Record::Audit(Box::new(handed_out(caller, agent, names)))]).await?;
    }
    Ok(Fetched { secrets, expires_at: clock::now_micros().saturating_add(KEPT_FOR) })
}

/// An engine of the agent's `secret_access` policies alone: limits and approvals of other types
/// are about what agents do, not about what they are given at their start.
fn secret_access(snapshot: &Snapshot, agent: &AgentFacts) -> Engine {
    let policies = standing::of(snapshot, agent, None);
    let policies = policies.into_iter().filter(|policy| policy.policy_type == PolicyType::SecretAccess.name());
    let set = PolicySet::compile(snapshot.tenant.clone(), snapshot.revision.to_string(), policies.cloned().collect());
    Engine::new(set).with_no_policy(NoPolicy::Permit)
}

fn is_allowed(engine: &Engine, agent: &AgentFacts, bundle: &str) -> bool {
    let mut request = Request::new(agent.agent.clone(), ACTION, clock::now());
    request.context = Map::from_iter([("bundle_slug".to_owned(), Value::from(bundle))]).into();
    engine.assess(&request).conclude(None).is_permitted()
}

/// A row's scope; none when it makes no sense, which then covers nobody.
fn scope_of(level: &str, id: Option<&str>) -> Option<Scope> {
    let scope = match id {
        Some(id) => json!({ "type": level, "id": id }),
        None => json!({ "type": level }),
    };
    serde_json::from_value(scope).ok()
}

/// A bundle is an object of texts, or one text under the bundle's own name.
fn values(bundle: &str, text: &str) -> Vec<(String, String)> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect(),
        _ => vec![(bundle.to_owned(), text.to_owned())],
    }
}

/// What the audit trail says: which bundles, never what is in them.
fn handed_out(caller: &Caller, agent: &AgentFacts, names: Vec<String>) -> AuditRecord {
    let tenant = agent.agent.tenant_id.as_str();
    let mut record =
        AuditRecord::new(clock::new_id(), tenant, clock::now(), AuditAction::Access, "secret", Outcome::Success);
    record.agent_id = Some(agent.agent.agent_id.as_str().to_owned());
    record.api_key_prefix = Some(caller.public_id.to_string()).filter(|id| !id.is_empty());
    record.metadata = json!({ "bundles": names });
    record
}

#[cfg(test)]
mod tests {
    use super::{scope_of, values};

    #[test]
    fn a_bundle_is_an_object_or_one_text() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(values("ai", r#"{"A":"x","B":7}"#), [pair("A", "x"), pair("B", "7")]);
        assert_eq!(values("ai", "plain"), [pair("ai", "plain")]);
        assert_eq!(values("ai", "[1]"), [pair("ai", "[1]")]);
    }

    #[test]
    fn a_scope_that_makes_no_sense_covers_nobody() {
        assert!(scope_of("organization", None).is_some() && scope_of("endpoint", Some("a")).is_some());
        assert!(scope_of("endpoint", None).is_none() && scope_of("galaxy", None).is_none());
    }
}
