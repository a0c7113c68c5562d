//! Agents in the database.

use super::keyset::{self, Narrow as _, Order};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use sea_orm::sea_query::{Expr, Func, LikeExpr};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait as _,
    ExprTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde_json::{Map, Value};
use zentinelle_core::Agent;
use zentinelle_core::agent::{AgentStatus, AgentType};
use zentinelle_core::ids::{AgentId, DeploymentId, GroupId, SubOrganizationId, TenantId};

use super::entities::{agent, behavioral_baseline, evaluation};
use super::{Store, StoreError, counts, rows};
use crate::auth::AgentFacts;

/// The row of an agent, by the agent's own id.
pub(crate) async fn by_agent_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &AgentId,
) -> Result<Option<agent::Model>, StoreError> {
    let found = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::AgentId.eq(id.as_str()));
    Ok(found.one(db).await?)
}

/// As [`by_agent_id`], and nobody else changes the row until the transaction ends.
pub(crate) async fn by_agent_id_locked(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &AgentId,
) -> Result<Option<agent::Model>, StoreError> {
    let found = agent::Entity::find()
        .filter(agent::Column::TenantId.eq(tenant.as_str()))
        .filter(agent::Column::AgentId.eq(id.as_str()));
    // On SQLite the transaction itself is the lock.
    let found = if txn.get_database_backend() == DbBackend::Postgres { found.lock_exclusive() } else { found };
    Ok(found.one(txn).await?)
}

/// What decisions need to know of an agent.
pub(crate) async fn facts(store: &Store, tenant: &TenantId, id: &AgentId) -> Result<Option<AgentFacts>, StoreError> {
    let Some(row) = by_agent_id(store.db(), tenant, id).await? else { return Ok(None) };
    let key = (tenant.as_str().to_owned(), id.as_str().to_owned());
    let learnt = behavioral_baseline::Entity::find_by_id(key).one(store.db()).await?;
    let baseline = learnt.map(|row| serde_json::from_value(row.baseline)).transpose();
    let baseline = baseline
        .map_err(|error| StoreError::Unreadable { what: "behavioral baseline", why: error.to_string() })?
        .map(Arc::new);
    Ok(Some(AgentFacts {
        config: row.config.as_object().cloned().unwrap_or_default(),
        updated_at: row.updated_at,
        enrolled_by: row.enrolled_by.clone(),
        agent: Arc::new(to_core(row)?),
        baseline,
    }))
}

/// Keeps a new agent.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: agent::Model) -> Result<(), StoreError> {
    let what = format!("Agent ID \"{}\"", row.agent_id);
    let row = row.into_active_model();
    agent::Entity::insert(row).exec_without_returning(db).await.map_err(rows::unless_taken(what))?;
    Ok(())
}

/// Keeps a changed agent. What heartbeats write stays as it is.
pub(crate) async fn update(db: &impl ConnectionTrait, row: agent::Model) -> Result<(), StoreError> {
    let mut row = row.into_active_model().reset_all();
    row.last_heartbeat_at = sea_orm::NotSet;
    agent::Entity::update(row).exec_without_returning(db).await?;
    Ok(())
}

/// Forgets what was learnt from an agent's past.
pub(crate) async fn forget_baseline(db: &impl ConnectionTrait, row: &agent::Model) -> Result<(), StoreError> {
    let key = (row.tenant_id.clone(), row.agent_id.clone());
    behavioral_baseline::Entity::delete_by_id(key).exec(db).await?;
    Ok(())
}

/// Removes an agent. What it did stays in the records.
pub(crate) async fn delete(db: &impl ConnectionTrait, row: &agent::Model) -> Result<(), StoreError> {
    forget_baseline(db, row).await?;
    agent::Entity::delete_by_id((row.tenant_id.clone(), row.id.clone())).exec(db).await?;
    Ok(())
}

/// Which agents a list shows; none narrows nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Of this status.
    pub(crate) status: Option<String>,
    /// In the group with this id.
    pub(crate) group_id: Option<String>,
    /// Of this type.
    pub(crate) agent_type: Option<String>,
    /// With this text in the id or name, whatever the letter case.
    pub(crate) text: Option<String>,
}

/// A page of a tenant's agents, in order of creation, after the one with the row id `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<agent::Model>, StoreError> {
    let mut found = agent::Entity::find().filter(agent::Column::TenantId.eq(tenant.as_str()));
    for (column, wanted) in [
        (agent::Column::Status, &filter.status),
        (agent::Column::GroupId, &filter.group_id),
        (agent::Column::AgentType, &filter.agent_type),
    ] {
        if let Some(wanted) = wanted {
            found = found.filter(column.eq(wanted.as_str()));
        }
    }
    if let Some(text) = &filter.text {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let like = |column: agent::Column| {
            Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
        };
        found = found.filter(like(agent::Column::AgentId).or(like(agent::Column::Name)));
    }
    if let Some(after) = after {
        found = found.filter(agent::Column::Id.gt(after));
    }
    Ok(found.order_by_asc(agent::Column::Id).limit(limit).all(db).await?)
}

/// What an agent did in one session.
#[derive(Debug, FromQueryResult)]
pub(crate) struct SessionSummary {
    /// The session's id, as the agent named it.
    pub(crate) session_id: String,
    /// How many decisions it asked for.
    pub(crate) evaluations: i64,
    /// The first of them. Unit: microseconds since 1970.
    pub(crate) first_at: i64,
    /// The latest of them. Unit: microseconds since 1970.
    pub(crate) last_at: i64,
    /// How many of them were denied.
    pub(crate) denied: i64,
    /// For whom, where it was said.
    pub(crate) user_id: Option<String>,
}

/// An agent's sessions since an instant, latest first.
pub(crate) async fn sessions(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &AgentId,
    since: i64,
    limit: u64,
) -> Result<Vec<SessionSummary>, StoreError> {
    let at = || Expr::col(evaluation::Column::OccurredAt);
    let found = evaluation::Entity::find()
        .select_only()
        .column(evaluation::Column::SessionId)
        .column_as(Expr::col(evaluation::Column::Id).count(), "evaluations")
        .column_as(at().min(), "first_at")
        .column_as(at().max(), "last_at")
        .column_as(counts::denied(), "denied")
        .column_as(Expr::col(evaluation::Column::UserId).max(), "user_id")
        .filter(evaluation::Column::TenantId.eq(tenant.as_str()))
        .filter(evaluation::Column::AgentId.eq(id.as_str()))
        .filter(evaluation::Column::OccurredAt.gte(since))
        .filter(evaluation::Column::SessionId.is_not_null())
        .group_by(evaluation::Column::SessionId)
        .order_by_desc(at().max())
        .order_by_asc(evaluation::Column::SessionId)
        .limit(limit);
    Ok(found.into_model::<SessionSummary>().all(db).await?)
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

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `status`.
    pub(crate) status: keyset::Words,
    /// With this `health`.
    pub(crate) health: keyset::Words,
    /// With this `agent_type`.
    pub(crate) agent_type: keyset::Words,
    /// With this `group_id`.
    pub(crate) group_id: Option<String>,
    /// With this `deployment_id`.
    pub(crate) deployment_id: Option<String>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<agent::Entity> {
        use agent::Column;
        agent::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::AgentId, Column::Name], &self.search)
            .one_of(Column::Status, &self.status)
            .one_of(Column::Health, &self.health)
            .one_of(Column::AgentType, &self.agent_type)
            .same(Column::GroupId, &self.group_id)
            .same(Column::DeploymentId, &self.deployment_id)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<agent::Entity>] = &[
    ("createdAt", Order::By(agent::Column::CreatedAt), true),
    ("name", Order::By(agent::Column::Name), false),
    ("agentId", Order::By(agent::Column::AgentId), false),
    ("status", Order::By(agent::Column::Status), false),
    ("health", Order::By(agent::Column::Health), false),
    ("agentType", Order::By(agent::Column::AgentType), false),
    ("lastHeartbeat", Order::By(agent::Column::LastHeartbeatAt), true),
    ("updatedAt", Order::By(agent::Column::UpdatedAt), true),
];

/// One agent, by its row's id or by its own.
pub(crate) async fn by_any_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<agent::Model>, StoreError> {
    let by_row = agent::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    match by_row {
        Some(row) => Ok(Some(row)),
        None => by_agent_id(db, tenant, &AgentId::new(id)).await,
    }
}

/// Some agents, by their own ids.
pub(crate) async fn by_agent_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<agent::Model>, StoreError> {
    use agent::Column;
    let found = agent::Entity::find().of(Column::TenantId, tenant);
    Ok(found.filter(Column::AgentId.is_in(ids.iter().map(String::as_str))).all(db).await?)
}
