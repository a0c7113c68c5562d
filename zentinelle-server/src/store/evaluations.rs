//! Decisions in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Expr, LikeExpr, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
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

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `allowed`.
    pub(crate) allowed: Option<bool>,
    /// With this `action`.
    pub(crate) action: keyset::Words,
    /// With this `endpoint_id`.
    pub(crate) endpoint_id: Option<String>,
    /// With this `user_identifier`.
    pub(crate) user_identifier: Option<String>,
    /// With this `session_id`.
    pub(crate) session_id: Option<String>,
    /// With this `policy_type`.
    pub(crate) policy_type: keyset::Words,
    /// With something found against the call while this policy took part. Where every policy passed, what they said
    /// is kept elsewhere, once for many decisions.
    pub(crate) policy_id: Option<String>,
    /// With this `code`.
    pub(crate) code: keyset::Words,
    /// With this `source`.
    pub(crate) source: keyset::Words,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<Entity> {
        let all = Entity::find().of(Column::TenantId, tenant).between(Column::OccurredAt, self.since, self.until);
        let searched = [Column::Reason, Column::Resource, Column::Action, Column::AgentId, Column::Code, Column::Id];
        let rows = all
            .clone()
            .with_policy(&all, self.policy_id.as_deref())
            .search_newest(all, Column::OccurredAt, &searched, &self.search)
            .is(Column::Allowed, self.allowed)
            .one_of(Column::Action, &self.action)
            .same(Column::AgentId, &self.endpoint_id)
            .same(Column::UserId, &self.user_identifier)
            .same(Column::SessionId, &self.session_id)
            .one_of(Column::Code, &self.code)
            .one_of(Column::Source, &self.source);
        of_types(rows, &self.policy_type)
    }
}

/// A condition of decisions alone.
trait WithPolicy {
    /// Only decisions whose list of policies names one; the newest of `all` are looked through.
    fn with_policy(self, all: &Self, id: Option<&str>) -> Self;
}

impl WithPolicy for Select<Entity> {
    fn with_policy(self, all: &Self, id: Option<&str>) -> Self {
        let Some(id) = id.filter(|id| !id.is_empty()) else { return self };
        // The key is left out: PostgreSQL writes a space behind its colon and SQLite does not, and asking for both
        // would write each list out twice, which is what takes time. Nothing else in a list is an id of a policy.
        let named = LikeExpr::new(format!("%\"{}\"%", keyset::escaped(id))).escape('\\');
        let rows = self.newest_of(all.clone(), Column::OccurredAt);
        rows.filter(Expr::cust("CAST(policies AS TEXT)").like(named))
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<Entity>] = &[
    ("decidedAt", Order::By(Column::OccurredAt), true),
    ("riskScore", Order::By(Column::RiskScore), true),
    ("durationUs", Order::By(Column::DurationUs), true),
    ("agentId", Order::By(Column::AgentId), false),
    ("action", Order::By(Column::Action), false),
];

/// Only decisions whose code is of one of some policy types: `tool_permission.denied`.
fn of_types(rows: Select<Entity>, types: &keyset::Words) -> Select<Entity> {
    match types.as_deref() {
        None | Some([]) => rows,
        Some(types) => rows.filter(
            types.iter().fold(Condition::any(), |any, one| any.add(Column::Code.starts_with(format!("{one}.")))),
        ),
    }
}

/// The decisions of some stretch of time whose facts name a request or correlation id, newest first. What a tenant
/// keeps as a digest or not at all names none.
pub(crate) async fn correlated(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    (from, to): (i64, i64),
) -> Result<Vec<Model>, StoreError> {
    // Both databases spell it so.
    let named = |fact: &'static str| Expr::cust(fact).eq(id);
    let found = Entity::find()
        .of(Column::TenantId, tenant)
        .filter(Column::OccurredAt.between(from, to))
        .filter(Condition::any().add(named("context ->> 'correlation_id'")).add(named("context ->> 'request_id'")))
        .order_by_desc(Column::OccurredAt)
        .limit(500);
    Ok(found.all(db).await?)
}

/// One decision, with what every policy said.
pub(crate) async fn by_id(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<Option<Model>, StoreError> {
    Ok(Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Lists of what policies said, by the ids that decisions refer to them by.
pub(crate) async fn policy_lists(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<evaluation_policy::Model>, StoreError> {
    use evaluation_policy::Column as List;
    let found = evaluation_policy::Entity::find().filter(List::TenantId.eq(tenant.as_str()));
    Ok(found.filter(List::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}
