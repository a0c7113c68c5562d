//! Policies in the database.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};
use zentinelle_core::Policy;
use zentinelle_core::ids::TenantId;

use super::StoreError;
use super::entities::policy;
use crate::clock;

/// Every policy of a tenant, in a stable order.
pub(crate) async fn all(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Vec<policy::Model>, StoreError> {
    let found = policy::Entity::find()
        .filter(policy::Column::TenantId.eq(tenant.as_str()))
        .order_by_asc(policy::Column::CreatedAt)
        .order_by_asc(policy::Column::Id);
    Ok(found.all(db).await?)
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
