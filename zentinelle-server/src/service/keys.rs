//! Issuing and revoking keys. A key's text exists once, in the reply that issues it.

use sea_orm::{DatabaseTransaction, EntityTrait as _, Set};
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::AgentId;

use super::change::Change;
use crate::auth::key::{IssuedKey, KeyHasher, KeyKind};
use crate::auth::{Caller, Permission, Role};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::api_key;

/// What a new key is to be.
#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    /// What it is for.
    pub(crate) kind: KeyKind,
    /// A name for people.
    pub(crate) label: String,
    /// Of an operator key: the role.
    pub(crate) role: Option<Role>,
    /// Of an operator key: the permissions it is narrowed to.
    pub(crate) scopes: Vec<Permission>,
    /// Of an agent key: the agent.
    pub(crate) agent_id: Option<AgentId>,
    /// Of an enrolment key: how many agents it may enrol.
    pub(crate) max_uses: Option<i64>,
    /// When it ends. Unit: microseconds since 1970.
    pub(crate) expires_at: Option<i64>,
}

impl NewKey {
    /// A key of a kind with nothing special.
    pub(crate) fn new(kind: KeyKind, label: impl Into<String>) -> Self {
        Self {
            kind,
            label: label.into(),
            role: None,
            scopes: Vec::new(),
            agent_id: None,
            max_uses: None,
            expires_at: None,
        }
    }
}

/// A key that was issued, with the id of its row.
pub(crate) struct Issued {
    /// The row's id.
    pub(crate) id: String,
    /// The key itself, to be shown once.
    pub(crate) key: IssuedKey,
}

/// Makes a key for the caller's tenant.
pub(crate) async fn issue(
    txn: &DatabaseTransaction,
    hasher: &KeyHasher,
    caller: &Caller,
    new: NewKey,
) -> Result<Issued, ApiError> {
    let key = hasher
        .issue(new.kind, caller.tenant.as_str())
        .map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?;
    let id = clock::new_id();
    let scopes: Vec<String> = new.scopes.iter().map(ToString::to_string).collect();
    let row = api_key::ActiveModel {
        tenant_id: Set(caller.tenant.as_str().to_owned()),
        id: Set(id.clone()),
        kind: Set(new.kind.name().to_owned()),
        public_id: Set(key.public_id.clone()),
        secret_hash: Set(key.secret_hash.clone()),
        label: Set(new.label.clone()),
        role: Set(new.role.map(|role| role.name().to_owned())),
        scopes: Set(json!(scopes)),
        agent_id: Set(new.agent_id.as_ref().map(|id| id.as_str().to_owned())),
        max_uses: Set(new.max_uses),
        use_count: Set(0),
        expires_at: Set(new.expires_at),
        revoked_at: Set(None),
        replaced_by: Set(None),
        created_by: Set(caller.actor()),
        created_at: Set(clock::now_micros()),
        last_used_at: Set(None),
    };
    api_key::Entity::insert(row).exec_without_returning(txn).await?;
    let change = Change {
        caller,
        action: AuditAction::Create,
        resource_type: "api_key",
        resource_id: &id,
        resource_name: &new.label,
        changes: json!({ "kind": new.kind.name(), "public_id": key.public_id, "scopes": scopes,
            "role": new.role.map(Role::name), "agent_id": new.agent_id, "expires_at": new.expires_at }),
    };
    change.record(txn).await?;
    Ok(Issued { id, key })
}
