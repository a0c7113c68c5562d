//! Agents and their groups.

use serde::Deserialize;
use serde_json::{Value, json};
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::ids::AgentId;

use super::shared::{agent_of, at, bulk, input, not_too_many};
use crate::clock;
use crate::graphql::ask::{Ask, ById, Id, Resolvers, optional};
use crate::graphql::page::{self, Connection, PageArgs};
use crate::http::error::ApiError;
use crate::service::agent_groups::{self, GroupEdit};
use crate::service::agents::{self, Edit};
use crate::service::enrolment::Registration;
use crate::store::decision_hours::{self, Dimension, Width};
use crate::store::entities::{agent, agent_group};
use crate::store::{agent_groups as group_store, agents as store, counts, keys, keyset};

/// How long an agent's former key goes on beside a new one. Unit: seconds.
const GRACE_SECONDS: u32 = 3600;

pub(super) fn register(to: &mut Resolvers) {
    to.query("endpoints", endpoints);
    to.query("endpoint", async |ask: Ask, args: ById| optional(agent_of(&ask, &args.id.0).await.map(view)));
    to.query("agentsPage", async |ask: Ask, args: PageArgs<store::Listed>| -> Result<Connection, ApiError> {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "agents", select, store::SORTS, agent::Column::Id, view).await
    });
    to.query("agentGroups", groups);
    to.query("agentGroup", async |ask: Ask, args: ById| {
        optional(agent_groups::get(&ask.app, &ask.caller, &args.id.0).await.map(group_view))
    });
    to.query("agentGroupsPage", async |ask: Ask, args: PageArgs<group_store::Listed>| {
        let select = args.filter().select(ask.tenant());
        args.read(&ask, "agentGroups", select, group_store::SORTS, agent_group::Column::Id, group_view).await
    });
    to.mutation("createAgentEndpoint", create);
    to.mutation("updateAgentEndpoint", update);
    to.mutation("updateEndpointStatus", async |ask: Ask, args: Status| set(&ask, &args.id.0, &args.status).await);
    to.mutation("suspendAgentEndpoint", async |ask: Ask, args: ById| set(&ask, &args.id.0, "suspended").await);
    to.mutation("activateAgentEndpoint", async |ask: Ask, args: ById| set(&ask, &args.id.0, "active").await);
    to.mutation("regenerateEndpointApiKey", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = agent_of(&ask, &args.id.0).await?;
        let made = agents::rotate_key(&ask.app, &ask.caller, &AgentId::new(row.agent_id), GRACE_SECONDS).await?;
        Ok(json!({ "apiKey": made.key.as_str() }))
    });
    to.mutation("deleteAgentEndpoint", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        let row = agent_of(&ask, &args.id.0).await?;
        agents::delete(&ask.app, &ask.caller, &AgentId::new(row.agent_id)).await?;
        Ok(json!({}))
    });
    to.mutation("createAgentGroup", async |ask: Ask, args: Group| -> Result<Value, ApiError> {
        let made = agent_groups::create(&ask.app, &ask.caller, args.edit()).await?;
        Ok(json!({ "group": group_view(made) }))
    });
    to.mutation("updateAgentGroup", async |ask: Ask, args: Group| -> Result<Value, ApiError> {
        let id = args.id.0.clone();
        let made = agent_groups::edit(&ask.app, &ask.caller, &id, args.edit()).await?;
        Ok(json!({ "group": group_view(made) }))
    });
    to.mutation("deleteAgentGroup", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        agent_groups::delete(&ask.app, &ask.caller, &args.id.0).await?;
        Ok(json!({}))
    });
    to.mutation("assignAgentToGroup", async |ask: Ask, args: Membership| -> Result<Value, ApiError> {
        join(&ask, &args.agent_id.0, Some(args.group_id.0)).await
    });
    to.mutation("removeAgentFromGroup", async |ask: Ask, args: Membership| -> Result<Value, ApiError> {
        join(&ask, &args.agent_id.0, None).await
    });
    to.mutation("setAgents", set_many);
    nested(to);
}

/// Fields that need another load.
fn nested(to: &mut Resolvers) {
    to.batch("agent", async |app, tenant, ids| {
        let rows = store::by_agent_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.agent_id.clone(), view(row))).collect())
    });
    to.batch("agent_group", async |app, tenant, ids| {
        let rows = group_store::by_ids(app.store.db(), &tenant, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), group_view(row))).collect())
    });
    to.batch("agent_group_size", async |app, tenant, ids| {
        let sizes = group_store::sizes(app.store.db(), &tenant, &ids).await?;
        Ok(sizes.into_iter().map(|(id, size)| (id, json!(size))).collect())
    });
    to.batch("agent_keys", async |app, tenant, ids| {
        let rows = keys::newest_of_agents(app.store.db(), &tenant, &ids).await?;
        let shown = |row: crate::store::entities::api_key::Model| {
            (row.agent_id.unwrap_or_default(), json!({ "prefix": row.public_id, "expiresAt": at(row.expires_at) }))
        };
        // The newest comes last, and takes the place of those before it.
        Ok(rows.into_iter().map(shown).collect())
    });
    to.batch("agent_decisions", async |app, tenant, ids| {
        let now = clock::now_micros();
        let (range, by) = ((now - 86_400_000_000, now + 1), Dimension::Agent);
        let found = decision_hours::over_time(app.store.db(), &tenant, range, Width::Whole, by, Some(&ids)).await?;
        Ok(found.into_iter().map(|row| (row.name.unwrap_or_default(), json!([row.total, row.blocked]))).collect())
    });
    to.batch("agent_cost", async |app, tenant, ids| {
        let since = clock::now_micros() - 30 * 86_400_000_000;
        let rows = counts::cost_of_agents(app.store.db(), &tenant, &ids, since).await?;
        Ok(rows.into_iter().map(|(id, micros)| (id, json!(micros as f64 / 1e6))).collect())
    });
    to.field("AgentEndpointType", "agentGroup", async |ask: Ask, _: Value| {
        ask.load("agent_group", ask.of_parent("groupId")).await
    });
    to.field("AgentGroupType", "agentCount", async |ask: Ask, _: Value| {
        let size = ask.load("agent_group_size", ask.of_parent("id")).await?;
        Ok::<_, ApiError>(size.as_i64().unwrap_or_default())
    });
    to.field("AgentEndpointType", "apiKeyPrefix", async |ask: Ask, _: Value| {
        let key = ask.load("agent_keys", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(key.get("prefix").and_then(Value::as_str).unwrap_or_default().to_owned())
    });
    to.field("AgentEndpointType", "keyExpiresAt", async |ask: Ask, _: Value| {
        let key = ask.load("agent_keys", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(key.get("expiresAt").cloned().unwrap_or_default())
    });
    for (field, place) in [("decisions24h", 0), ("denied24h", 1)] {
        to.field("AgentEndpointType", field, move |ask: Ask, _: Value| async move {
            let counts = ask.load("agent_decisions", ask.of_parent("agentId")).await?;
            Ok::<_, ApiError>(counts.get(place).and_then(Value::as_i64).unwrap_or_default())
        });
    }
    to.field("AgentEndpointType", "costUsd30d", async |ask: Ask, _: Value| {
        let cost = ask.load("agent_cost", ask.of_parent("agentId")).await?;
        Ok::<_, ApiError>(cost.as_f64().unwrap_or_default())
    });
    to.field("AgentEndpointType", "sessions", sessions);
}

/// An agent, as it is answered.
pub(super) fn view(row: agent::Model) -> Value {
    json!({
        "id": row.id, "agentId": row.agent_id, "agentType": row.agent_type, "name": row.name,
        "description": row.description, "status": row.status, "health": row.health,
        "capabilities": row.capabilities, "metadata": row.metadata, "config": row.config,
        "lastHeartbeat": at(row.last_heartbeat_at), "createdAt": clock::iso(row.created_at),
        "updatedAt": clock::iso(row.updated_at), "deploymentName": row.deployment_id, "groupId": row.group_id,
    })
}

fn group_view(row: agent_group::Model) -> Value {
    json!({
        "id": row.id, "tenantId": row.tenant_id, "name": row.name, "slug": row.slug, "description": row.description,
        "tier": row.tier, "color": row.color, "createdAt": clock::iso(row.created_at),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoints {
    search: Option<String>,
    status: Option<String>,
    agent_type: Option<String>,
    deployment_id: Option<String>,
}

async fn endpoints(ask: Ask, args: Endpoints) -> Result<Vec<Value>, ApiError> {
    let wanted = store::Listed {
        search: args.search,
        status: keyset::word(args.status),
        agent_type: keyset::word(args.agent_type),
        deployment_id: args.deployment_id,
        ..store::Listed::default()
    };
    page::list(&ask, wanted.select(ask.tenant()), store::SORTS, agent::Column::Id, view).await
}

#[derive(Deserialize)]
struct Groups {
    search: Option<String>,
    tier: Option<String>,
}

async fn groups(ask: Ask, args: Groups) -> Result<Vec<Value>, ApiError> {
    let wanted = group_store::Listed { search: args.search, tier: keyset::word(args.tier) };
    page::list(&ask, wanted.select(ask.tenant()), group_store::SORTS, agent_group::Column::Id, group_view).await
}

#[derive(Deserialize)]
struct Create {
    input: CreateInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    name: String,
    agent_id: Option<String>,
    agent_type: String,
    tenant_id: Option<String>,
    capabilities: Option<Vec<String>>,
    metadata: Option<Value>,
    config: Option<Value>,
}

async fn create(ask: Ask, args: Create) -> Result<Value, ApiError> {
    let new = args.input;
    if new.tenant_id.as_deref().is_some_and(|named| !named.is_empty() && named != ask.tenant().as_str()) {
        return Err(ApiError::ForeignTenant);
    }
    let registration = Registration {
        agent_id: new.agent_id.filter(|id| !id.is_empty()),
        agent_type: Some(new.agent_type),
        ..Registration::default()
    };
    let edit = Edit {
        name: Some(new.name),
        capabilities: new.capabilities,
        metadata: new.metadata,
        config: new.config,
        ..Edit::default()
    };
    let (row, key) = agents::create(&ask.app, &ask.caller, registration, edit).await?;
    Ok(json!({ "endpoint": view(row), "apiKey": key.as_str() }))
}

#[derive(Deserialize)]
struct Update {
    input: UpdateInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    id: Id,
    name: Option<String>,
    agent_type: Option<String>,
    capabilities: Option<Vec<String>>,
    metadata: Option<Value>,
    config: Option<Value>,
}

async fn update(ask: Ask, args: Update) -> Result<Value, ApiError> {
    let change = args.input;
    let row = agent_of(&ask, &change.id.0).await?;
    let edit = Edit {
        name: change.name,
        agent_type: change.agent_type,
        capabilities: change.capabilities,
        metadata: change.metadata,
        config: change.config,
        ..Edit::default()
    };
    let row = agents::edit(&ask.app, &ask.caller, &AgentId::new(row.agent_id), edit).await?;
    Ok(json!({ "endpoint": view(row) }))
}

#[derive(Deserialize)]
struct Status {
    id: Id,
    status: String,
}

async fn set(ask: &Ask, id: &str, status: &str) -> Result<Value, ApiError> {
    let row = agent_of(ask, id).await?;
    let status: AgentStatus = input(json!({ "status": status })).map(|Wanted { status }| status)?;
    let row = agents::set_status(&ask.app, &ask.caller, &AgentId::new(row.agent_id), status).await?;
    Ok(json!({ "endpoint": view(row) }))
}

#[derive(Deserialize)]
struct Wanted {
    status: AgentStatus,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    id: Id,
    name: String,
    description: Option<String>,
    tier: Option<String>,
    color: Option<String>,
}

impl Group {
    fn edit(self) -> GroupEdit {
        GroupEdit {
            slug: None,
            name: Some(self.name),
            description: self.description,
            tier: self.tier,
            color: self.color,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Membership {
    agent_id: Id,
    #[serde(default)]
    group_id: Id,
}

async fn join(ask: &Ask, agent: &str, group: Option<String>) -> Result<Value, ApiError> {
    let row = agent_of(ask, agent).await?;
    let edit = Edit { group_id: Some(group), ..Edit::default() };
    let row = agents::edit(&ask.app, &ask.caller, &AgentId::new(row.agent_id), edit).await?;
    Ok(json!({ "id": row.id }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetMany {
    ids: Vec<String>,
    status: Option<String>,
    group_id: Option<Id>,
}

async fn set_many(ask: Ask, args: SetMany) -> Result<Value, ApiError> {
    not_too_many(&args.ids)?;
    let mut outcomes = Vec::with_capacity(args.ids.len());
    for id in args.ids {
        let mut outcome = Ok(());
        if let Some(status) = &args.status {
            outcome = set(&ask, &id, status).await.map(drop);
        }
        if let (Ok(()), Some(group)) = (&outcome, &args.group_id) {
            outcome = join(&ask, &id, Some(group.0.clone())).await.map(drop);
        }
        outcomes.push((id, outcome));
    }
    bulk(outcomes)
}

#[derive(Deserialize)]
struct Sessions {
    first: Option<i64>,
}

async fn sessions(ask: Ask, args: Sessions) -> Result<Value, ApiError> {
    let limit = page::size("first", args.first, 20)?;
    let since = clock::now_micros() - 30 * 86_400_000_000;
    let id = AgentId::new(ask.of_parent("agentId"));
    let found = store::sessions(ask.db(), ask.tenant(), &id, since, limit).await?;
    let view = |session: store::SessionSummary| {
        json!({
            "sessionId": session.session_id, "userIdentifier": session.user_id.unwrap_or_default(),
            "startedAt": clock::iso(session.first_at), "lastSeenAt": clock::iso(session.last_at),
            "decisions": session.evaluations, "denied": session.denied,
        })
    };
    Ok(found.into_iter().map(view).collect())
}
