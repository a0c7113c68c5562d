//! Policies in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::{Expr, Func, LikeExpr};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, ExprTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zentinelle_core::Policy;
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::{policy, policy_revision};
use crate::clock;

/// Every policy of a tenant, in a stable order.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<policy::Model>, StoreError> {
    let found = policy::Entity::find()
        .filter(policy::Column::TenantId.eq(tenant.as_str()))
        .order_by_asc(policy::Column::CreatedAt)
        .order_by_asc(policy::Column::Id);
    Ok(found.all(db).await?)
}

/// Which policies to list; what is none does not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The type.
    pub(crate) policy_type: Option<String>,
    /// The level of the scope.
    pub(crate) scope_level: Option<String>,
    /// Who is meant by the scope.
    pub(crate) scope_id: Option<String>,
    /// Whether they take part.
    pub(crate) enabled: Option<bool>,
    /// The enforcement.
    pub(crate) enforcement: Option<String>,
    /// Who keeps them.
    pub(crate) source: Option<String>,
    /// What the name or description holds, whatever the case.
    pub(crate) text: Option<String>,
}

impl Filter {
    fn select(&self, tenant: &TenantId) -> Select<policy::Entity> {
        let mut found = policy::Entity::find().filter(policy::Column::TenantId.eq(tenant.as_str()));
        for (column, wanted) in [
            (policy::Column::PolicyType, &self.policy_type),
            (policy::Column::ScopeLevel, &self.scope_level),
            (policy::Column::ScopeId, &self.scope_id),
            (policy::Column::Enforcement, &self.enforcement),
            (policy::Column::Source, &self.source),
        ] {
            if let Some(wanted) = wanted {
                found = found.filter(column.eq(wanted.as_str()));
            }
        }
        if let Some(enabled) = self.enabled {
            found = found.filter(policy::Column::Enabled.eq(enabled));
        }
        if let Some(text) = &self.text {
            let literal = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let holds = |column: policy::Column| {
                Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(format!("%{literal}%")).escape('\\'))
            };
            found = found.filter(holds(policy::Column::Name).or(holds(policy::Column::Description)));
        }
        found
    }
}

/// Some policies of a tenant in the order of their ids, from behind `after`.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<policy::Model>, StoreError> {
    let mut found = filter.select(tenant);
    if let Some(after) = after {
        found = found.filter(policy::Column::Id.gt(after));
    }
    Ok(found.order_by_asc(policy::Column::Id).limit(limit).all(db).await?)
}

/// How many policies a filter finds.
pub(crate) async fn count(db: &impl ConnectionTrait, tenant: &TenantId, filter: &Filter) -> Result<u64, StoreError> {
    Ok(filter.select(tenant).count(db).await?)
}

/// One policy.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<policy::Model>, StoreError> {
    Ok(policy::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?)
}

/// Keeps a new policy.
pub(crate) async fn insert(db: &impl ConnectionTrait, row: policy::Model) -> Result<(), StoreError> {
    policy::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Replaces a policy by a later version of itself.
pub(crate) async fn replace(db: &impl ConnectionTrait, row: policy::Model) -> Result<(), StoreError> {
    let row = row.into_active_model().reset_all();
    policy::Entity::update(row).exec_without_returning(db).await?;
    Ok(())
}

/// Takes a policy away. Its revisions stay.
pub(crate) async fn delete(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<(), StoreError> {
    policy::Entity::delete_by_id((tenant.as_str().to_owned(), id.to_owned())).exec(db).await?;
    Ok(())
}

/// Adds a revision. There is no way to change one.
pub(crate) async fn append_revision(db: &impl ConnectionTrait, row: policy_revision::Model) -> Result<(), StoreError> {
    policy_revision::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

fn revisions_of(tenant: &TenantId, id: &str) -> Select<policy_revision::Entity> {
    policy_revision::Entity::find()
        .filter(policy_revision::Column::TenantId.eq(tenant.as_str()))
        .filter(policy_revision::Column::PolicyId.eq(id))
}

/// Some revisions of a policy, newest first.
pub(crate) async fn revisions(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    before: Option<i64>,
    offset: u64,
    limit: u64,
) -> Result<Vec<policy_revision::Model>, StoreError> {
    let mut found = revisions_of(tenant, id);
    if let Some(before) = before {
        found = found.filter(policy_revision::Column::Version.lt(before));
    }
    let found = found.order_by_desc(policy_revision::Column::Version).offset(offset).limit(limit);
    Ok(found.all(db).await?)
}

/// How many revisions a policy has, deleted or not.
pub(crate) async fn revision_count(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<u64, StoreError> {
    Ok(revisions_of(tenant, id).count(db).await?)
}

/// One revision.
pub(crate) async fn revision(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
    version: i64,
) -> Result<Option<policy_revision::Model>, StoreError> {
    Ok(revisions_of(tenant, id).filter(policy_revision::Column::Version.eq(version)).one(db).await?)
}

/// The newest version a policy ever had; zero when it never was.
pub(crate) async fn last_version(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<i64, StoreError> {
    let newest = revisions_of(tenant, id).order_by_desc(policy_revision::Column::Version).one(db).await?;
    Ok(newest.map_or(0, |row| row.version))
}

/// A row as the engine sees the policy.
pub(crate) fn to_core(row: policy::Model) -> Result<Policy, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Unreadable { what: "policy", why: error.to_string() };
    let mut scope = json!({ "type": row.scope_level });
    if let (Some(id), Some(scope)) = (row.scope_id, scope.as_object_mut()) {
        scope.insert("id".to_owned(), Value::String(id));
    }
    Ok(Policy {
        id: row.id.into(),
        tenant_id: row.tenant_id.into(),
        name: row.name,
        description: row.description,
        policy_type: row.policy_type,
        scope: serde_json::from_value(scope).map_err(unreadable)?,
        priority: row.priority,
        enforcement: serde_json::from_value(row.enforcement.into()).map_err(unreadable)?,
        inheritance: serde_json::from_value(row.inheritance.into()).map_err(unreadable)?,
        enabled: row.enabled,
        config: row.config,
        version: u64::try_from(row.version).unwrap_or(1),
        created_by: row.created_by,
        created_at: Some(clock::instant(row.created_at)),
        updated_at: Some(clock::instant(row.updated_at)),
    })
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `policy_type`.
    pub(crate) policy_type: keyset::Words,
    /// With this `scope_type`.
    pub(crate) scope_type: keyset::Words,
    /// With this `enforcement`.
    pub(crate) enforcement: keyset::Words,
    /// With this `enabled`.
    pub(crate) enabled: Option<bool>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<policy::Entity> {
        use policy::Column;
        policy::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Name, Column::Description, Column::PolicyType], &self.search)
            .one_of(Column::PolicyType, &self.policy_type)
            .one_of(Column::ScopeLevel, &self.scope_type)
            .one_of(Column::Enforcement, &self.enforcement)
            .is(Column::Enabled, self.enabled)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<policy::Entity>] = &[
    ("updatedAt", Order::By(policy::Column::UpdatedAt), true),
    ("name", Order::By(policy::Column::Name), false),
    ("policyType", Order::By(policy::Column::PolicyType), false),
    ("scopeType", Order::By(policy::Column::ScopeLevel), false),
    ("enforcement", Order::By(policy::Column::Enforcement), false),
    ("priority", Order::By(policy::Column::Priority), true),
    ("createdAt", Order::By(policy::Column::CreatedAt), true),
];

/// Some policies.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<policy::Model>, StoreError> {
    use policy::Column;
    let found = policy::Entity::find().of(Column::TenantId, tenant);
    Ok(found.filter(Column::Id.is_in(ids.iter().map(String::as_str))).all(db).await?)
}
