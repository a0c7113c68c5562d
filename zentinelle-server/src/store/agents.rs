//! Agents in the database.

use std::sync::Arc;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Map, Value};
use zentinelle_core::Agent;
use zentinelle_core::agent::{AgentStatus, AgentType};
use zentinelle_core::ids::{AgentId, DeploymentId, GroupId, SubOrganizationId, TenantId};

use super::entities::{agent, behavioral_baseline};
use super::{Store, StoreError};
use crate::auth::AgentFacts;

/// The row of an agent, by the agent's own id.
pub(crate) async fn by_agent_id(
    store: &Store,
    tenant: &TenantId,
    id: &AgentId,
) -> Result<Option<agent::Model>, StoreError> {
    let found = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::AgentId.eq(id.as_str()));
    Ok(found.one(store.db()).await?)
}

/// What decisions need to know of an agent.
pub(crate) async fn facts(store: &Store, tenant: &TenantId, id: &AgentId) -> Result<Option<AgentFacts>, StoreError> {
    let Some(row) = by_agent_id(store, tenant, id).await? else { return Ok(None) };
    let key = (tenant.as_str().to_owned(), id.as_str().to_owned());
    let learnt = behavioral_baseline::Entity::find_by_id(key).one(store.db()).await?;
    let baseline = learnt.map(|row| serde_json::from_value(row.baseline)).transpose();
    let baseline = baseline
        .map_err(|error| StoreError::Unreadable { what: "behavioral baseline", why: error.to_string() })?
        .map(Arc::new);
    Ok(Some(AgentFacts {
        row_id: row.id.clone(),
        agent_type: row.agent_type.clone(),
        enrolled_by: row.enrolled_by.clone(),
        agent: Arc::new(to_core(row)?),
        baseline,
    }))
}

/// A row as the engine sees the agent.
fn to_core(row: agent::Model) -> Result<Agent, StoreError> {
    let unreadable = |why: String| StoreError::Unreadable { what: "agent", why };
    let status =
        AgentStatus::deserialize_name(&row.status).ok_or_else(|| unreadable(format!("status `{}`", row.status)))?;
    let capabilities = serde_json::from_value(row.capabilities).map_err(|error| unreadable(error.to_string()))?;
    let metadata = match row.metadata {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    Ok(Agent {
        tenant_id: TenantId::new(row.tenant_id),
        agent_id: AgentId::new(row.agent_id),
        name: row.name,
        // A type the engine has no name for is a custom one.
        agent_type: serde_json::from_value::<AgentType>(row.agent_type.into()).unwrap_or_default(),
        status,
        sub_organization_id: row.sub_organization_id.map(SubOrganizationId::new),
        deployment_id: row.deployment_id.map(DeploymentId::new),
        group_id: row.group_id.map(GroupId::new),
        capabilities,
        metadata,
    })
}

trait FromName: Sized {
    fn deserialize_name(name: &str) -> Option<Self>;
}

impl<T: serde::de::DeserializeOwned> FromName for T {
    fn deserialize_name(name: &str) -> Option<Self> {
        serde_json::from_value(Value::String(name.to_owned())).ok()
    }
}
