//! Agents as their operators see them: made, changed, suspended, given new keys, removed; and
//! the end of an agent that deregisters itself.

use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::AgentId;
use zeroize::Zeroizing;

use super::change::Change;
use super::enrolment::{self, Registration, checked_metadata, difference, generated_id};
use super::fields;
use crate::app::App;
use crate::auth::{AgentFacts, Caller};
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::store::agents::{self, Filter, SessionSummary};
use crate::store::entities::{agent, event};
use crate::store::{agent_groups, keys as key_rows};

/// The longest description. Unit: characters.
const MOST_DESCRIPTION: usize = 4_000;
/// The longest id of a team or deployment. Unit: characters.
const MOST_PLACE: usize = 255;
/// The most configuration of one agent, written as JSON. Unit: bytes.
const MOST_CONFIG: usize = 64 * 1024;

/// What an operator changes about an agent; none leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    /// Its name.
    pub(crate) name: Option<String>,
    /// What kind of software it is.
    pub(crate) agent_type: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// What it can do.
    pub(crate) capabilities: Option<Vec<String>>,
    /// Further facts.
    pub(crate) metadata: Option<Value>,
    /// What it is told to do, such as how often to report.
    pub(crate) config: Option<Value>,
    /// The team it belongs to, or that it belongs to none.
    pub(crate) sub_organization_id: Option<Option<String>>,
    /// The deployment it runs in, or that it runs in none.
    pub(crate) deployment_id: Option<Option<String>>,
    /// The group it belongs to, or that it belongs to none.
    pub(crate) group_id: Option<Option<String>>,
}

impl Edit {
    /// Checks the edit and makes it.
    async fn apply(self, txn: &DatabaseTransaction, caller: &Caller, row: &mut agent::Model) -> Result<(), ApiError> {
        let said = Registration {
            name: self.name.filter(|name| !name.is_empty()),
            agent_type: self.agent_type.filter(|agent_type| !agent_type.is_empty()),
            capabilities: self.capabilities,
            ..Registration::default()
        };
        let said = said.checked()?;
        if let Some(agent_type) = said.agent_type {
            row.agent_type = agent_type;
        }
        if let Some(name) = said.name {
            row.name = name;
        }
        if let Some(capabilities) = said.capabilities {
            row.capabilities = json!(capabilities);
        }
        if let Some(description) = self.description {
            fields::text("description", &description, MOST_DESCRIPTION)?;
            row.description = description;
        }
        if let Some(metadata) = self.metadata {
            row.metadata = checked_metadata(metadata)?;
        }
        if let Some(config) = self.config {
            row.config = checked_config(config)?;
        }
        for (field, new, place) in [
            ("sub_organization_id", self.sub_organization_id, &mut row.sub_organization_id),
            ("deployment_id", self.deployment_id, &mut row.deployment_id),
        ] {
            let Some(new) = new else { continue };
            fields::text(field, new.as_deref().unwrap_or_default(), MOST_PLACE)?;
            *place = new.filter(|id| !id.is_empty());
        }
        if let Some(group) = self.group_id {
            let group = group.filter(|id| !id.is_empty());
            if let Some(id) = &group {
                fields::text("group_id", id, MOST_PLACE)?;
                if agent_groups::by_id(txn, &caller.tenant, id).await?.is_none() {
                    return Err(ApiError::invalid("group_id", "there is no such agent group"));
                }
            }
            row.group_id = group;
        }
        Ok(())
    }
}

fn checked_config(config: Value) -> Result<Value, ApiError> {
    if !config.is_object() {
        return Err(ApiError::invalid("config", "must be an object"));
    }
    if fields::has_nul(&config) {
        return Err(ApiError::invalid("config", "holds a NUL character"));
    }
    if config.to_string().len() > MOST_CONFIG {
        return Err(ApiError::invalid("config", format!("more than {MOST_CONFIG} bytes")));
    }
    let interval = config.get("heartbeat_interval_seconds");
    if interval.is_some_and(|seconds| !seconds.as_u64().is_some_and(|seconds| (1..=86_400).contains(&seconds))) {
        return Err(ApiError::invalid("config", "`heartbeat_interval_seconds` must be 1 to 86400"));
    }
    Ok(config)
}

/// A page of agents.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<agent::Model>, ApiError> {
    Ok(agents::list(app.store.db(), &caller.tenant, filter, after, limit).await?)
}

/// One agent.
pub(crate) async fn get(app: &App, caller: &Caller, id: &AgentId) -> Result<agent::Model, ApiError> {
    let found = agents::by_agent_id(app.store.db(), &caller.tenant, id).await?;
    found.ok_or(ApiError::NotFound { what: "agent" })
}

/// What an agent did in its sessions of the last days, latest first.
pub(crate) async fn sessions(
    app: &App,
    caller: &Caller,
    id: &AgentId,
    days: u32,
    limit: u64,
) -> Result<Vec<SessionSummary>, ApiError> {
    let known = get(app, caller, id).await?;
    let since = clock::now_micros().saturating_sub(i64::from(days) * 86_400_000_000);
    let id = AgentId::new(known.agent_id);
    Ok(agents::sessions(app.store.db(), &caller.tenant, &id, since, limit).await?)
}

/// Makes an agent and its key.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    registration: Registration,
    edit: Edit,
) -> Result<(agent::Model, Zeroizing<String>), ApiError> {
    let registration = registration.checked()?;
    let Some(agent_type) = registration.agent_type.clone() else {
        return Err(ApiError::invalid("agent_type", "This field is required."));
    };
    let id = registration.agent_id.clone().unwrap_or_else(|| generated_id(&agent_type));
    let mut row = enrolment::new_row(caller, id, agent_type, registration);
    row.enrolled_by = None; // an operator's key does not act for agents
    let txn = app.store.begin().await?;
    edit.apply(&txn, caller, &mut row).await?;
    enrolment::create(&txn, caller, row.clone()).await?;
    let key = enrolment::new_key(&txn, app, caller, &AgentId::new(row.agent_id.as_str())).await?.key.text;
    txn.commit().await?;
    app.agent_changed(&caller.tenant, &AgentId::new(row.agent_id.as_str())).await;
    Ok((row, key))
}

/// Changes an agent.
pub(crate) async fn edit(app: &App, caller: &Caller, id: &AgentId, edit: Edit) -> Result<agent::Model, ApiError> {
    let txn = app.store.begin().await?;
    let before = locked(&txn, caller, id).await?;
    let mut after = before.clone();
    edit.apply(&txn, caller, &mut after).await?;
    save(app, caller, txn, before, after, AuditAction::Update).await
}

/// Stops an agent for the time being, or lets it work again.
pub(crate) async fn set_status(
    app: &App,
    caller: &Caller,
    id: &AgentId,
    status: AgentStatus,
) -> Result<agent::Model, ApiError> {
    let txn = app.store.begin().await?;
    let before = locked(&txn, caller, id).await?;
    let suspends = status == AgentStatus::Suspended;
    if suspends && before.status == AgentStatus::Terminated.name() {
        let message = "the agent deregistered: there is nothing to suspend".to_owned();
        return Err(ApiError::Conflict { code: "agent_terminated", message });
    }
    let after = agent::Model { status: status.name().to_owned(), ..before.clone() };
    let action = if suspends { AuditAction::Suspend } else { AuditAction::Activate };
    save(app, caller, txn, before, after, action).await
}

/// Removes an agent and revokes its keys. What it did stays in the records.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &AgentId) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = locked(&txn, caller, id).await?;
    let revoked = revoke_keys(&txn, caller, id).await?;
    agents::delete(&txn, &row).await?;
    let change = Change {
        caller,
        action: AuditAction::Delete,
        resource_type: "agent",
        resource_id: id.as_str(),
        resource_name: &row.name,
        changes: json!({ "revoked_keys": revoked }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    told(app, caller, id, &revoked).await;
    Ok(())
}

/// A new key, and when the former ones end.
pub(crate) struct Rotated {
    /// The new key's row.
    pub(crate) key_id: String,
    /// The new key, shown once.
    pub(crate) key: Zeroizing<String>,
    /// When the former keys end. Unit: microseconds since 1970.
    pub(crate) former_end_at: i64,
}

/// Issues a new key; the former ones go on for a while, so that the agent can be told.
pub(crate) async fn rotate_key(
    app: &App,
    caller: &Caller,
    id: &AgentId,
    grace_seconds: u32,
) -> Result<Rotated, ApiError> {
    let txn = app.store.begin().await?;
    let row = locked(&txn, caller, id).await?;
    let now = clock::now_micros();
    let former_end_at = now.saturating_add(i64::from(grace_seconds) * 1_000_000);
    let former = key_rows::of_agent(&txn, &caller.tenant, id, now).await?;
    let issued = enrolment::new_key(&txn, app, caller, id).await?;
    for key in &former {
        key_rows::end(&txn, key, former_end_at, now, Some(&issued.id)).await?;
    }
    let former: Vec<String> = former.into_iter().map(|key| key.public_id).collect();
    let change = Change {
        caller,
        action: AuditAction::RotateKey,
        resource_type: "agent",
        resource_id: id.as_str(),
        resource_name: &row.name,
        changes: json!({ "new_key": issued.key.public_id, "former_keys": former, "former_end_at": clock::iso(former_end_at) }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    told(app, caller, id, &former).await;
    Ok(Rotated { key_id: issued.id, key: issued.key.text, former_end_at })
}

/// Ends an agent at its own wish. A second time changes nothing.
pub(crate) async fn deregister(app: &App, caller: &Caller, facts: &Arc<AgentFacts>) -> Result<(), ApiError> {
    let id = &facts.agent.agent_id;
    let txn = app.store.begin().await?;
    let before = locked(&txn, caller, id).await?;
    if before.status == AgentStatus::Terminated.name() {
        txn.rollback().await?;
        return Ok(());
    }
    let revoked = revoke_keys(&txn, caller, id).await?;
    agents::forget_baseline(&txn, &before).await?;
    let mut after = agent::Model { status: AgentStatus::Terminated.name().to_owned(), ..before.clone() };
    after.health = "unknown".to_owned();
    save(app, caller, txn, before, after, AuditAction::Update).await?;
    told(app, caller, id, &revoked).await;
    app.recorder.record(&[Record::Event(Box::new(stopped(caller, id)))])
}

/// The event that says an agent is gone.
fn stopped(caller: &Caller, id: &AgentId) -> event::Model {
    let (now, event_id) = (clock::now_micros(), clock::new_id());
    event::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        digest: event_id.clone(),
        id: event_id,
        agent_id: id.as_str().to_owned(),
        user_id: None,
        event_type: "stop".to_owned(),
        category: "audit".to_owned(),
        payload: json!({ "agent_id": id.as_str(), "source": "agent", "reason": "deregistered" }),
        batch_id: String::new(),
        raw_timestamp: None,
        occurred_at: now,
        received_at: now,
    }
}

/// The row of an agent, read in the transaction that will change it.
async fn locked(txn: &DatabaseTransaction, caller: &Caller, id: &AgentId) -> Result<agent::Model, ApiError> {
    agents::by_agent_id_locked(txn, &caller.tenant, id).await?.ok_or(ApiError::NotFound { what: "agent" })
}

/// Keeps a changed agent, records the change, and lets every replica know.
async fn save(
    app: &App,
    caller: &Caller,
    txn: DatabaseTransaction,
    before: agent::Model,
    mut after: agent::Model,
    action: AuditAction,
) -> Result<agent::Model, ApiError> {
    if after == before {
        txn.rollback().await?;
        return Ok(after);
    }
    after.updated_at = clock::now_micros();
    let change = Change {
        caller,
        action,
        resource_type: "agent",
        resource_id: &after.agent_id,
        resource_name: &after.name,
        changes: difference(&before, &after),
    };
    change.record(&txn).await?;
    agents::update(&txn, after.clone()).await?;
    txn.commit().await?;
    app.agent_changed(&caller.tenant, &AgentId::new(after.agent_id.as_str())).await;
    Ok(after)
}

/// Revokes an agent's keys and names their public parts.
async fn revoke_keys(txn: &DatabaseTransaction, caller: &Caller, id: &AgentId) -> Result<Vec<String>, ApiError> {
    let now = clock::now_micros();
    let keys = key_rows::of_agent(txn, &caller.tenant, id, now).await?;
    for key in &keys {
        key_rows::end(txn, key, now, now, None).await?;
    }
    Ok(keys.into_iter().map(|key| key.public_id).collect())
}

/// Lets every replica know of a changed agent and its keys.
async fn told(app: &App, caller: &Caller, id: &AgentId, keys: &[String]) {
    for public_id in keys {
        app.key_changed(&caller.tenant, public_id).await;
    }
    app.agent_changed(&caller.tenant, id).await;
}
