//! Decisions in the database.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use zentinelle_core::ids::{AgentId, TenantId};

use super::StoreError;
use super::entities::evaluation::{Column, Entity, Model};

/// One of an agent's own decisions.
pub(crate) async fn of_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agent: &AgentId,
    id: &str,
) -> Result<Option<Model>, StoreError> {
    let found = Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).filter(Column::AgentId.eq(agent.as_str()));
    Ok(found.one(db).await?)
}
