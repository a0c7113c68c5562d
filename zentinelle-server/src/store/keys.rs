//! Keys in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    ExprTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select,
};
use serde::{Deserialize, Serialize};
use zentinelle_core::ids::{AgentId, TenantId};

use super::entities::api_key;
use super::{Store, StoreError};

/// The row of a key, whichever tenant it belongs to: the key is what tells the tenant.
pub(crate) async fn by_public_id(store: &Store, public_id: &str) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find().filter(api_key::Column::PublicId.eq(public_id)).one(store.db()).await?)
}

/// Which keys to list; what is none does not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The kind.
    pub(crate) kind: Option<String>,
    /// The agent of an agent key.
    pub(crate) agent_id: Option<String>,
    /// Whether only keys that can still be used are wanted, at this instant.
    pub(crate) usable_at: Option<i64>,
}

impl Filter {
    fn select(&self, tenant: &TenantId) -> Select<api_key::Entity> {
        let mut found = api_key::Entity::find().filter(api_key::Column::TenantId.eq(tenant.as_str()));
        if let Some(kind) = &self.kind {
            found = found.filter(api_key::Column::Kind.eq(kind.as_str()));
        }
        if let Some(agent) = &self.agent_id {
            found = found.filter(api_key::Column::AgentId.eq(agent.as_str()));
        }
        if let Some(now) = self.usable_at {
            let lasts =
                Condition::any().add(api_key::Column::ExpiresAt.is_null()).add(api_key::Column::ExpiresAt.gt(now));
            found = found.filter(api_key::Column::RevokedAt.is_null()).filter(lasts);
        }
        found
    }
}

/// Some keys of a tenant in the order of their ids, from behind `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<api_key::Model>, StoreError> {
    let mut found = filter.select(tenant);
    if let Some(after) = after {
        found = found.filter(api_key::Column::Id.gt(after));
    }
    Ok(found.order_by_asc(api_key::Column::Id).limit(limit).all(db).await?)
}

/// How many keys a filter finds.
pub(crate) async fn count(db: &impl ConnectionTrait, tenant: &TenantId, filter: &Filter) -> Result<u64, StoreError> {
    Ok(filter.select(tenant).count(db).await?)
}

/// One key.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<api_key::Model>, StoreError> {
    Ok(api_key::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Gives the row of a key that was replaced another id, since its successor takes over the old
/// one, and lets the key end.
pub(crate) async fn retire(
    db: &impl ConnectionTrait,
    row: &api_key::Model,
    new_id: &str,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
) -> Result<(), StoreError> {
    let retired = api_key::Entity::update_many()
        .col_expr(api_key::Column::Id, Expr::value(new_id))
        .col_expr(api_key::Column::ReplacedBy, Expr::value(row.id.as_str()))
        .col_expr(api_key::Column::ExpiresAt, Expr::value(expires_at))
        .col_expr(api_key::Column::RevokedAt, Expr::value(revoked_at))
        .filter(api_key::Column::TenantId.eq(row.tenant_id.as_str()))
        .filter(api_key::Column::Id.eq(row.id.as_str()))
        .filter(api_key::Column::PublicId.eq(row.public_id.as_str()))
        .exec(db)
        .await?;
    if retired.rows_affected == 1 { Ok(()) } else { Err(StoreError::Stale { what: "key" }) }
}

/// Keeps a new key.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: api_key::Model) -> Result<(), StoreError> {
    api_key::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

/// A key and those it took the place of, as far as they are not revoked.
pub(crate) async fn lineage(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Vec<api_key::Model>, StoreError> {
    let one = Condition::any().add(api_key::Column::Id.eq(id)).add(api_key::Column::ReplacedBy.eq(id));
    let found = api_key::Entity::find()
        .filter(api_key::Column::TenantId.eq(tenant.as_str()))
        .filter(one)
        .filter(api_key::Column::RevokedAt.is_null());
    Ok(found.all(db).await?)
}

/// Notes when a key was last used.
pub(crate) async fn note_use(store: &Store, tenant: &TenantId, public_id: &str, at: i64) -> Result<(), StoreError> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::LastUsedAt, Expr::value(at))
        .filter(api_key::Column::TenantId.eq(tenant.as_str()))
        .filter(api_key::Column::PublicId.eq(public_id))
        .exec(store.db())
        .await?;
    Ok(())
}

/// Ends keys at once.
pub(crate) async fn revoke(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
    at: i64,
) -> Result<(), StoreError> {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(at))
        .filter(api_key::Column::TenantId.eq(tenant.as_str()))
        .filter(api_key::Column::Id.is_in(ids.iter().map(String::as_str)))
        .exec(db)
        .await?;
    Ok(())
}

/// The public ids of keys that were revoked since an instant, of every tenant.
pub(crate) async fn revoked_since(db: &impl ConnectionTrait, since: i64) -> Result<Vec<String>, StoreError> {
    let found = api_key::Entity::find()
        .select_only()
        .column(api_key::Column::PublicId)
        .filter(api_key::Column::RevokedAt.gte(since));
    Ok(found.into_tuple::<String>().all(db).await?)
}

/// Counts one use of an enrolment key, unless it is used up, ended or revoked. Says whether it
/// was counted. The row stays locked until the transaction ends, so no use is given twice.
pub(crate) async fn count_use(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
    now: i64,
) -> Result<bool, StoreError> {
    use api_key::Column;
    let counted = api_key::Entity::update_many()
        .col_expr(Column::UseCount, Expr::col(Column::UseCount).add(1))
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(now)))
        .filter(Column::MaxUses.is_null().or(Expr::col(Column::UseCount).lt(Expr::col(Column::MaxUses))))
        .exec(txn)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// The keys of an agent that still open something.
pub(crate) async fn of_agent(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agent: &AgentId,
    now: i64,
) -> Result<Vec<api_key::Model>, StoreError> {
    use api_key::Column;
    let found = api_key::Entity::find()
        .filter(Column::TenantId.eq(tenant.as_str()))
        .filter(Column::AgentId.eq(agent.as_str()))
        .filter(Column::Kind.eq("agent"))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(now)));
    Ok(found.all(db).await?)
}

/// Ends a key, at once when `at` is not later than `now`. A key that ends sooner stays so.
pub(crate) async fn end(
    db: &impl ConnectionTrait,
    key: &api_key::Model,
    at: i64,
    now: i64,
    replaced_by: Option<&str>,
) -> Result<(), StoreError> {
    use api_key::Column;
    let at_once = at <= now;
    let end = key.expires_at.map_or(at, |end| std::cmp::min(end, at));
    api_key::Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at_once.then_some(now)))
        .col_expr(Column::ExpiresAt, Expr::value(if at_once { key.expires_at } else { Some(end) }))
        .col_expr(Column::ReplacedBy, Expr::value(replaced_by))
        .filter(Column::TenantId.eq(key.tenant_id.as_str()))
        .filter(Column::Id.eq(key.id.as_str()))
        .exec(db)
        .await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `status`.
    pub(crate) status: keyset::Words,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<api_key::Entity> {
        use api_key::Column;
        let rows = api_key::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Label, Column::PublicId], &self.search);
        in_state(rows, &self.status)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<api_key::Entity>] = &[
    ("createdAt", Order::By(api_key::Column::CreatedAt), true),
    ("name", Order::By(api_key::Column::Label), false),
    ("lastUsedAt", Order::By(api_key::Column::LastUsedAt), true),
    ("expiresAt", Order::By(api_key::Column::ExpiresAt), false),
];

/// Only keys in some states: `active`, `revoked` or `expired`.
fn in_state(rows: Select<api_key::Entity>, states: &keyset::Words) -> Select<api_key::Entity> {
    use api_key::Column;
    let Some(states) = states.as_deref().filter(|states| !states.is_empty()) else { return rows };
    let now = crate::clock::now_micros();
    let over = || Condition::all().add(Column::RevokedAt.is_null()).add(Column::ExpiresAt.lte(now));
    let state = |state: &String| match state.as_str() {
        "revoked" => Condition::all().add(Column::RevokedAt.is_not_null()),
        "expired" => over(),
        _ => Condition::all()
            .add(Column::RevokedAt.is_null())
            .add(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now))),
    };
    rows.filter(states.iter().map(state).fold(Condition::any(), Condition::add))
}

/// The keys of some agents that were not revoked, oldest first.
pub(crate) async fn newest_of_agents(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    agents: &[String],
) -> Result<Vec<api_key::Model>, StoreError> {
    use api_key::Column;
    let found = api_key::Entity::find()
        .of(Column::TenantId, tenant)
        .filter(Column::AgentId.is_in(agents.iter().map(String::as_str)))
        .filter(Column::RevokedAt.is_null());
    Ok(found.order_by_asc(Column::Id).all(db).await?)
}
