//! Policies in the database.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set};
use serde_json::{Value, json};
use zentinelle_core::Policy;
use zentinelle_core::ids::TenantId;

use super::entities::policy;
use super::{StoreError, wire_name};
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

/// The row of a new policy.
pub(crate) fn new_row(policy: &Policy, source: &str, author: &str) -> policy::ActiveModel {
    let now = clock::now_micros();
    policy::ActiveModel {
        tenant_id: Set(policy.tenant_id.as_str().to_owned()),
        id: Set(policy.id.as_str().to_owned()),
        name: Set(policy.name.clone()),
        description: Set(policy.description.clone()),
        policy_type: Set(policy.policy_type.clone()),
        scope_level: Set(policy.scope.level().name().to_owned()),
        scope_id: Set(policy.scope.id().map(str::to_owned)),
        config: Set(policy.config.clone()),
        priority: Set(policy.priority),
        enabled: Set(policy.enabled),
        enforcement: Set(wire_name(&policy.enforcement)),
        inheritance: Set(wire_name(&policy.inheritance)),
        version: Set(i64::try_from(policy.version).unwrap_or(1)),
        source: Set(source.to_owned()),
        created_by: Set(author.to_owned()),
        created_at: Set(now),
        updated_at: Set(now),
    }
}
