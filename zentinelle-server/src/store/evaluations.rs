//! Decisions in the database.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _,
};
use serde_json::Value;
use zentinelle_core::ids::{AgentId, TenantId};

use super::StoreError;
use super::entities::evaluation::{Column, Entity, Model};
use super::entities::evaluation_policy;

/// How long a list of policies stays after the oldest decision that may refer to it. Unit: microseconds.
const LEEWAY: i64 = 86_400_000_000;

/// One of an agent's own decisions.
pub(crate) async fn of_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agent: &AgentId,
    id: &str,
) -> Result<Option<Model>, StoreError> {
    let found =
        Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).filter(Column::AgentId.eq(agent.as_str()));
    let Some(mut row) = found.one(db).await? else { return Ok(None) };
    if let Value::String(list) = &row.policies {
        let key = (row.tenant_id.clone(), list.clone());
        let list = evaluation_policy::Entity::find_by_id(key).one(db).await?;
        row.policies = list.map_or(Value::Array(Vec::new()), |list| list.policies);
    }
    Ok(Some(row))
}

/// Keeps what policies said, for the decisions that refer to it.
pub(crate) async fn keep_policies(db: &impl ConnectionTrait, row: evaluation_policy::Model) -> Result<(), StoreError> {
    use evaluation_policy::Column as List;
    let same = OnConflict::columns([List::TenantId, List::Id]).update_column(List::SeenAt).to_owned();
    evaluation_policy::Entity::insert(row.into_active_model()).on_conflict(same).exec_without_returning(db).await?;
    Ok(())
}

/// Deletes what no decision refers to any more.
pub(crate) async fn purge_policies(db: &impl ConnectionTrait, tenant: &TenantId, now: i64) -> Result<(), StoreError> {
    use evaluation_policy::Column as List;
    let oldest: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(Expr::col(Column::OccurredAt).min(), "oldest")
        .filter(Column::TenantId.eq(tenant.as_str()))
        .into_tuple()
        .one(db)
        .await?;
    let before = oldest.flatten().unwrap_or(now).saturating_sub(LEEWAY);
    evaluation_policy::Entity::delete_many()
        .filter(List::TenantId.eq(tenant.as_str()))
        .filter(List::SeenAt.lt(before))
        .exec(db)
        .await?;
    Ok(())
}
