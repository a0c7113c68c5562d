//! Enrolling agents: with a token, with a tenant's enrolment key, or again with their own key.
//!
//! A use of a key is counted in the transaction that makes the agent, so a registration that
//! fails costs nothing and two at once cannot share the last use.

use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use serde_json::{Map, Value, json};
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::{AgentId, TenantId};
use zeroize::Zeroizing;

use super::change::Change;
use super::fields;
use super::keys::{self, Issued, NewKey};
use crate::app::App;
use crate::auth::key::KeyKind;
use crate::auth::{AgentFacts, Caller, Identity};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::agent;
use crate::store::{StoreError, agents};
use crate::webhooks::{self, Emission};

/// The longest id of an agent. Unit: characters.
const MOST_ID: usize = 100;
/// The longest type of an agent. Unit: characters.
const MOST_TYPE: usize = 50;
/// The longest name of an agent. Unit: characters.
const MOST_NAME: usize = 255;
/// The longest name of a capability. Unit: characters.
const MOST_CAPABILITY: usize = 50;
/// The most capabilities.
const MOST_CAPABILITIES: usize = 500;
/// The most metadata, written as JSON. Unit: bytes.
const MOST_METADATA: usize = 64 * 1024;
/// How often another generated id is tried when one is taken.
const TRIES: usize = 4;

/// What an agent says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    /// The id it wants; made up when none is given.
    pub(crate) agent_id: Option<String>,
    /// What kind of software it is.
    pub(crate) agent_type: Option<String>,
    /// Its name, for people.
    pub(crate) name: Option<String>,
    /// What it can do; none leaves what is known.
    pub(crate) capabilities: Option<Vec<String>>,
    /// Further facts; none leaves what is known.
    pub(crate) metadata: Option<Value>,
}

/// What is done when an enrolment key names an agent that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is a conflict.
    Refuse,
    /// It is that agent again, if this key enrolled it.
    Return,
}

/// How a client registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// What is done when the agent exists.
    pub(crate) existing: Existing,
    /// Whether a new agent gets a key of its own; some clients have no use for one.
    pub(crate) issue_key: bool,
}

/// A registered agent.
pub(crate) struct Registered {
    /// The agent.
    pub(crate) agent: Arc<AgentFacts>,
    /// Its own key, if one was issued. It is shown once.
    pub(crate) key: Option<Zeroizing<String>>,
    /// Whether the agent is new.
    pub(crate) created: bool,
}

impl Registration {
    /// Checks what was sent, and brings it into the form in which it is kept.
    pub(crate) fn checked(mut self) -> Result<Self, ApiError> {
        let slug = "may hold letters, digits, `_` and `-`";
        if let Some(id) = &self.agent_id
            && !fields::is_slug(id, MOST_ID)
        {
            return Err(ApiError::invalid("agent_id", format!("{slug}, at most {MOST_ID} of them")));
        }
        if let Some(kind) = &self.agent_type
            && !fields::is_slug(kind, MOST_TYPE)
        {
            return Err(ApiError::invalid("agent_type", format!("{slug}, at most {MOST_TYPE} of them")));
        }
        if let Some(name) = &self.name {
            fields::text("name", name, MOST_NAME)?;
        }
        if let Some(capabilities) = &self.capabilities {
            if capabilities.len() > MOST_CAPABILITIES {
                return Err(ApiError::invalid("capabilities", format!("more than {MOST_CAPABILITIES}")));
            }
            for capability in capabilities {
                fields::text("capabilities", capability, MOST_CAPABILITY)?;
            }
        }
        self.metadata = self.metadata.take().map(checked_metadata).transpose()?;
        Ok(self)
    }
}

/// Metadata as an object; another value stands under `value`.
pub(crate) fn checked_metadata(metadata: Value) -> Result<Value, ApiError> {
    if fields::has_nul(&metadata) {
        return Err(ApiError::invalid("metadata", "holds a NUL character"));
    }
    if metadata.to_string().len() > MOST_METADATA {
        return Err(ApiError::invalid("metadata", format!("more than {MOST_METADATA} bytes")));
    }
    Ok(if metadata.is_object() { metadata } else { json!({ "value": metadata }) })
}

/// Registers the agent that calls.
pub(crate) async fn register(
    app: &App,
    caller: &Caller,
    registration: Registration,
    terms: Terms,
) -> Result<Registered, ApiError> {
    let registration = registration.checked()?;
    match &caller.identity {
        Identity::Agent(facts) => {
            if registration.agent_id.as_deref().is_some_and(|id| id != facts.agent.agent_id.as_str()) {
                return Err(ApiError::NotAllowed {
                    code: "agent_id_mismatch",
                    message: "Agent ID mismatch".to_owned(),
                });
            }
            again(app, caller, facts.agent.agent_id.clone(), registration).await
        }
        Identity::Enrolment => {
            let known = match registration.agent_id.as_deref() {
                Some(id) => agents::by_agent_id(app.store.db(), &caller.tenant, &AgentId::new(id)).await?,
                None => None,
            };
            match known {
                None => enrol(app, caller, registration, terms.issue_key).await,
                Some(row) if terms.existing == Existing::Return && enrolled_by(&row, caller) => {
                    if row.status != AgentStatus::Active.name() && row.status != AgentStatus::Provisioning.name() {
                        let message =
                            format!("agent `{}` is {}: an operator can activate it", row.agent_id, row.status);
                        return Err(ApiError::NotAllowed { code: "agent_not_active", message });
                    }
                    again(app, caller, AgentId::new(row.agent_id), registration).await
                }
                Some(row) => Err(taken(&row.agent_id)),
            }
        }
        Identity::Operator { .. } => Err(ApiError::Forbidden { needed: None }),
    }
}

fn enrolled_by(row: &agent::Model, caller: &Caller) -> bool {
    caller.kind == KeyKind::Enrolment && row.enrolled_by.as_deref() == Some(&*caller.key_id)
}

fn taken(id: &str) -> ApiError {
    ApiError::Conflict { code: "already_exists", message: format!("Agent ID \"{id}\" already exists") }
}

/// Makes an agent with an enrolment key or token.
async fn enrol(
    app: &App,
    caller: &Caller,
    registration: Registration,
    issue_key: bool,
) -> Result<Registered, ApiError> {
    let Some(agent_type) = registration.agent_type.clone() else {
        return Err(ApiError::invalid("agent_type", "This field is required."));
    };
    let generated = registration.agent_id.is_none();
    let mut tries = 0;
    loop {
        let id = registration.agent_id.clone().unwrap_or_else(|| generated_id(&agent_type));
        let row = new_row(caller, id, agent_type.clone(), registration.clone());
        match enrol_as(app, caller, row, issue_key).await {
            Err(ApiError::Store(StoreError::Exists { .. })) if generated && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn enrol_as(app: &App, caller: &Caller, row: agent::Model, issue_key: bool) -> Result<Registered, ApiError> {
    let id = AgentId::new(row.agent_id.as_str());
    let txn = app.store.begin().await?;
    // Tokens derived from a secret have no row in which uses could be counted.
    if !caller.key_id.is_empty()
        && !crate::store::keys::count_use(&txn, &caller.tenant, &caller.key_id, clock::now_micros()).await?
    {
        let message = "the enrolment key is used up or has ended".to_owned();
        return Err(ApiError::NotAllowed { code: "enrolment_used_up", message });
    }
    create(&txn, caller, row).await?;
    let key = if issue_key { Some(new_key(&txn, app, caller, &id).await?.key.text) } else { None };
    txn.commit().await?;
    app.agent_changed(&caller.tenant, &id).await;
    Ok(Registered { agent: facts(app, &caller.tenant, &id).await?, key, created: true })
}

/// Keeps a new agent, in the transaction of whoever makes it.
pub(crate) async fn create(txn: &DatabaseTransaction, caller: &Caller, row: agent::Model) -> Result<(), ApiError> {
    let id = AgentId::new(row.agent_id.as_str());
    let (name, agent_type) = (row.name.clone(), row.agent_type.clone());
    let changes = json!({ "agent_type": agent_type, "status": row.status });
    agents::insert(txn, row).await?;
    let now = clock::now_micros();
    let registered = Emission::of_registration(&caller.tenant, id.as_str(), &name, &agent_type, now);
    webhooks::emit(txn, registered).await?;
    let change = Change {
        caller,
        action: AuditAction::Create,
        resource_type: "agent",
        resource_id: id.as_str(),
        resource_name: &name,
        changes,
    };
    Ok(change.record(txn).await?)
}

/// Issues a key to an agent.
pub(crate) async fn new_key(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &Caller,
    id: &AgentId,
) -> Result<Issued, ApiError> {
    let new = NewKey { agent_id: Some(id.clone()), ..NewKey::new(KeyKind::Agent, id.as_str()) };
    keys::issue(txn, app.directory.hasher(), caller, new).await
}

/// Takes up what a known agent says of itself now. Nothing is written when nothing is new.
async fn again(app: &App, caller: &Caller, id: AgentId, registration: Registration) -> Result<Registered, ApiError> {
    let txn = app.store.begin().await?;
    let missing = ApiError::NotFound { what: "agent" };
    let before = agents::by_agent_id_locked(&txn, &caller.tenant, &id).await?.ok_or(missing)?;
    let mut after = before.clone();
    if let Some(name) = registration.name {
        after.name = name;
    }
    if let Some(capabilities) = registration.capabilities {
        after.capabilities = json!(capabilities);
    }
    if let Some(metadata) = registration.metadata {
        after.metadata = metadata;
    }
    if after == before {
        txn.rollback().await?;
    } else {
        after.updated_at = clock::now_micros();
        let change = Change {
            caller,
            action: AuditAction::Update,
            resource_type: "agent",
            resource_id: id.as_str(),
            resource_name: &after.name,
            changes: difference(&before, &after),
        };
        change.record(&txn).await?;
        agents::update(&txn, after).await?;
        txn.commit().await?;
        app.agent_changed(&caller.tenant, &id).await;
    }
    Ok(Registered { agent: facts(app, &caller.tenant, &id).await?, key: None, created: false })
}

/// What changed between two states of an agent, before and after, for the audit trail.
pub(crate) fn difference(before: &agent::Model, after: &agent::Model) -> Value {
    let object = |row: &agent::Model| match serde_json::to_value(row) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let (before, after) = (object(before), object(after));
    let changed = after.into_iter().filter_map(|(field, new)| {
        let old = before.get(&field)?;
        (old != &new && field != "updated_at").then(|| (field, json!([old, new])))
    });
    Value::Object(changed.collect())
}

/// An agent that was just written.
async fn facts(app: &App, tenant: &TenantId, id: &AgentId) -> Result<Arc<AgentFacts>, ApiError> {
    app.directory.agent(tenant, id).await?.ok_or(ApiError::NotFound { what: "agent" })
}

/// The row of a new agent.
pub(crate) fn new_row(caller: &Caller, id: String, agent_type: String, registration: Registration) -> agent::Model {
    let now = clock::now_micros();
    agent::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        name: registration.name.unwrap_or_else(|| id.clone()),
        agent_id: id,
        description: String::new(),
        agent_type,
        status: AgentStatus::Active.name().to_owned(),
        health: "unknown".to_owned(),
        capabilities: json!(registration.capabilities.unwrap_or_default()),
        metadata: registration.metadata.unwrap_or_else(|| json!({})),
        config: json!({}),
        sub_organization_id: None,
        deployment_id: None,
        group_id: None,
        enrolled_by: Some(caller.key_id.to_string()).filter(|key| !key.is_empty()),
        registered_at: now,
        last_heartbeat_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// An id for an agent that names none: its type and eight hexadecimal digits.
pub(crate) fn generated_id(agent_type: &str) -> String {
    let random = uuid::Uuid::now_v7().simple().to_string();
    format!("{}-{}", agent_type.to_ascii_lowercase(), random.get(24..).unwrap_or_default())
}
