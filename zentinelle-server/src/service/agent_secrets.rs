//! The secrets an agent may fetch: those of its scope that its `secret_access` policies allow.

use std::collections::BTreeMap;
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
use crate::sealing::{MasterKeys, SealContext};
use crate::snapshot::Snapshot;
use crate::store::entities::secret;
use crate::store::handouts;

/// The action under which policies judge the fetching of a bundle.
const ACTION: &str = "secret_access";
/// How long an agent may keep what it fetched. Unit: microseconds.
const KEPT_FOR: i64 = 60 * 1_000_000;

/// The text of a bundle; none when it does not open.
fn opened(keys: &MasterKeys, tenant: &TenantId, row: &secret::Model) -> Option<Zeroizing<String>> {
    let opened = keys.open(&SealContext { tenant, kind: &row.kind, name: &row.name }, &row.sealed).ok()?;
    opened.expose_text().map(|text| Zeroizing::new(text.to_owned()))
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
        let Some(text) = opened(&app.keys, tenant, &row) else {
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
pub(crate) fn scope_of(level: &str, id: Option<&str>) -> Option<Scope> {
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
    use std::sync::Arc;

    use sea_orm::{EntityTrait as _, IntoActiveModel as _};
    use serde_json::json;
    use zentinelle_core::ids::AgentId;

    use super::{fetch, scope_of, values};
    use crate::sealing::SealContext;
    use crate::store::entities::{audit_entry, secret};
    use crate::testing::TestServer;

    #[tokio::test]
    async fn an_agent_gets_what_its_scope_and_policies_allow_and_it_is_on_record() {
        let server = TestServer::sqlite().await;
        let key = server.agent("builder").await;
        for (name, text, scope_level, scope_id) in [
            ("ai", r#"{"OPENAI":"o"}"#, "organization", None),
            ("mail", "m", "endpoint", Some("builder")),
            ("other", "x", "endpoint", Some("someone")),
            ("denied", "x", "organization", None),
            ("broken", "", "organization", None),
        ] {
            let context = SealContext { tenant: &server.tenant, kind: "bundle", name };
            let sealed = server.app.keys.seal(&context, text.as_bytes()).expect("sealed");
            let sealed = if name == "broken" { "garbage".to_owned() } else { sealed };
            let row = secret::Model {
                tenant_id: server.tenant.as_str().into(),
                name: name.into(),
                kind: "bundle".into(),
                sealed,
                last_four: String::new(),
                scope_level: scope_level.into(),
                scope_id: scope_id.map(str::to_owned),
                active: true,
                created_by: String::new(),
                created_at: 1,
                updated_at: 1,
                last_used_at: None,
            };
            let row = row.into_active_model();
            secret::Entity::insert(row).exec_without_returning(server.app.store.db()).await.expect("kept");
        }
        server.policy("secret_access", json!({"allowed_bundles": ["ai", "mail", "other", "broken"]})).await;
        let agent = server.app.directory.agent(&server.tenant, &AgentId::new("builder")).await.expect("asked");
        let agent = agent.expect("an agent");
        let caller = server.app.directory.authenticate(&key).await.expect("a caller");
        let fetched = fetch(&server.app, &caller, &Arc::clone(&agent)).await.expect("secrets");
        let secrets: Vec<(&str, &str)> = fetched.secrets.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(secrets, [("OPENAI", "o"), ("mail", "m")]);
        let on_record = async || {
            let rows = audit_entry::Entity::find().all(server.app.store.db()).await.expect("rows");
            rows.into_iter().filter(|row| row.resource_type == "secret" && row.entry.contains("\"mail\"")).count()
        };
        server.eventually(1, on_record).await;
    }

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
