//! Agent groups in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::{AgentId, TenantId};

use super::entities::{agent, agent_group};
use super::{StoreError, rows};
use crate::clock;

/// A page of a tenant's groups, in order of creation, after the one with the id `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<agent_group::Model>, StoreError> {
    let mut found = agent_group::Entity::find().filter(agent_group::Column::TenantId.eq(tenant.as_str()));
    if let Some(after) = after {
        found = found.filter(agent_group::Column::Id.gt(after));
    }
    Ok(found.order_by_asc(agent_group::Column::Id).limit(limit).all(db).await?)
}

/// A group by its id.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<agent_group::Model>, StoreError> {
    let key = (tenant.as_str().to_owned(), id.to_owned());
    Ok(agent_group::Entity::find_by_id(key).one(db).await?)
}

/// Keeps a new group.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: agent_group::Model) -> Result<(), StoreError> {
    let what = format!("an agent group with the slug `{}`", row.slug);
    let row = row.into_active_model();
    agent_group::Entity::insert(row).exec_without_returning(db).await.map_err(rows::unless_taken(what))?;
    Ok(())
}

/// Keeps a changed group.
pub(crate) async fn update(db: &impl ConnectionTrait, row: agent_group::Model) -> Result<(), StoreError> {
    let what = format!("an agent group with the slug `{}`", row.slug);
    let row = row.into_active_model().reset_all();
    agent_group::Entity::update(row).exec_without_returning(db).await.map_err(rows::unless_taken(what))?;
    Ok(())
}

/// Removes a group and says which agents stood in it; they stand in none from then on.
pub(crate) async fn delete(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Vec<AgentId>, StoreError> {
    let mine = agent::Column::TenantId.eq(tenant.as_str()).and(agent::Column::GroupId.eq(id));
    let members = agent::Entity::find().filter(mine.clone()).all(db).await?;
    agent::Entity::update_many()
        .col_expr(agent::Column::GroupId, Expr::value(Option::<String>::None))
        .col_expr(agent::Column::UpdatedAt, Expr::value(clock::now_micros()))
        .filter(mine)
        .exec(db)
        .await?;
    agent_group::Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(db).await?;
    Ok(members.into_iter().map(|row| AgentId::new(row.agent_id)).collect())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `tier`.
    pub(crate) tier: keyset::Words,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<agent_group::Entity> {
        use agent_group::Column;
        agent_group::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Name, Column::Slug], &self.search)
            .one_of(Column::Tier, &self.tier)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<agent_group::Entity>] = &[
    ("name", Order::By(agent_group::Column::Name), false),
    ("tier", Order::By(agent_group::Column::Tier), false),
    ("createdAt", Order::By(agent_group::Column::CreatedAt), true),
];

/// Some groups.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<agent_group::Model>, StoreError> {
    use agent_group::Column;
    let found = agent_group::Entity::find().of(Column::TenantId, tenant);
    Ok(found.filter(Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}

/// How many agents some groups have.
pub(crate) async fn sizes(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<(String, i64)>, StoreError> {
    use agent::Column;
    let found = agent::Entity::find()
        .select_only()
        .column(Column::GroupId)
        .column_as(Expr::col(Column::Id).count(), "agents")
        .of(Column::TenantId, tenant)
        .filter(Column::GroupId.is_in(ids.iter().map(String::as_str)))
        .group_by(Column::GroupId);
    Ok(found.into_tuple().all(db).await?)
}
