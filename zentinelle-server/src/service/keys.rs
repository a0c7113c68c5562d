//! Issuing, rotating and revoking keys. A key's text exists once, in the reply that issues it.

use sea_orm::{DatabaseTransaction, EntityTrait as _, Set};
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::AgentId;

use super::change::Change;
use crate::app::App;
use crate::auth::key::{IssuedKey, KeyHasher, KeyKind};
use crate::auth::{Caller, Identity, Permission, Role};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::api_key;
use crate::store::{keys as store, tenants};

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

/// What a key does not have.
const MISSING: ApiError = ApiError::NotFound { what: "key" };
/// The longest time for which a rotated key goes on beside its successor. Unit: seconds.
pub(crate) const MOST_OVERLAP_SECONDS: u32 = 30 * 86_400;

/// Refuses a key that would open more to its bearer than the caller may do.
pub(crate) fn within_own(caller: &Caller, new: &NewKey) -> Result<(), ApiError> {
    let Identity::Operator { role, scopes, .. } = &caller.identity else {
        return Err(ApiError::Forbidden { needed: None });
    };
    if new.kind != KeyKind::Operator {
        // Such a key acts for agents, or makes them.
        let needed = Permission::parse("agents:write");
        return match &needed {
            Some(permission) if caller.may(permission) => Ok(()),
            _ => Err(ApiError::Forbidden { needed }),
        };
    }
    let above = |why: &str| ApiError::NotAllowed { code: "above_own_rights", message: why.to_owned() };
    if new.role.is_none_or(|new| new > *role) {
        return Err(above("a key cannot have a higher role than the key that makes it"));
    }
    if !scopes.is_empty() && (new.scopes.is_empty() || !new.scopes.iter().all(|scope| scopes.contains(scope))) {
        return Err(above("a key that is narrowed to scopes makes only keys narrowed to some of them"));
    }
    Ok(())
}

/// Checks what a request asks for, whoever asks.
pub(crate) fn sound(new: &NewKey) -> Result<(), ApiError> {
    super::fields::name("label", &new.label, super::fields::MOST_NAME)?;
    match (new.kind, new.role) {
        (KeyKind::Agent, _) => {
            return Err(ApiError::invalid("kind", "keys of agents are made where the agent is registered"));
        }
        (KeyKind::Operator, None) => {
            return Err(ApiError::invalid("role", "an operator key has a role: admin, operator or viewer"));
        }
        (KeyKind::Operator, Some(role)) => {
            if let Some(scope) = new.scopes.iter().find(|scope| !role.has(scope)) {
                let message = format!("`{scope}` is no permission of the role {}", role.name());
                return Err(ApiError::invalid("scopes", message));
            }
            if new.max_uses.is_some() {
                return Err(ApiError::invalid("max_uses", "only keys that enrol agents have uses"));
            }
        }
        (KeyKind::Enrolment | KeyKind::Bootstrap, Some(_)) => {
            return Err(ApiError::invalid("role", "only operator keys have a role"));
        }
        (KeyKind::Enrolment | KeyKind::Bootstrap, None) if !new.scopes.is_empty() => {
            return Err(ApiError::invalid("scopes", "only operator keys have scopes"));
        }
        (KeyKind::Enrolment | KeyKind::Bootstrap, None) => {}
    }
    if new.max_uses.is_some_and(|uses| uses < 1) {
        return Err(ApiError::invalid("max_uses", "expected at least 1; leave it out for any number"));
    }
    if new.expires_at.is_some_and(|end| end <= clock::now_micros()) {
        return Err(ApiError::invalid("expires_at", "lies in the past"));
    }
    Ok(())
}

/// Makes a key for an operator who asks for one.
pub(crate) async fn create(app: &App, caller: &Caller, new: NewKey) -> Result<(api_key::Model, IssuedKey), ApiError> {
    sound(&new)?;
    if let Some(scope) = new.scopes.iter().find(|scope| !app.access.knows(scope)) {
        return Err(ApiError::invalid("scopes", format!("no route asks for `{scope}`")));
    }
    within_own(caller, &new)?;
    let txn = app.store.begin().await?;
    let issued = issue(&txn, app.directory.hasher(), caller, new).await?;
    let row = store::by_id(&txn, &caller.tenant, &issued.id).await?.ok_or(MISSING)?;
    txn.commit().await?;
    // Somebody may have tried the public part before there was such a key.
    app.key_changed(&caller.tenant, &row.public_id).await;
    Ok((row, issued.key))
}

/// Replaces a key's secret. The key keeps its id, so the agents it enrolled stay its own; the old
/// secret goes on for `overlap_seconds`, under an id of its own.
pub(crate) async fn rotate(
    app: &App,
    caller: &Caller,
    id: &str,
    overlap_seconds: u32,
) -> Result<(api_key::Model, IssuedKey), ApiError> {
    if overlap_seconds > MOST_OVERLAP_SECONDS {
        return Err(ApiError::invalid("overlap_seconds", format!("expected at most {MOST_OVERLAP_SECONDS}")));
    }
    let txn = app.store.begin().await?;
    tenants::lock(&txn, &caller.tenant).await?;
    let row = store::by_id(&txn, &caller.tenant, id).await?.ok_or(MISSING)?;
    let now = clock::now_micros();
    let over = row.revoked_at.is_some() || row.replaced_by.is_some() || row.expires_at.is_some_and(|end| end <= now);
    if over {
        let message = "the key has ended or was replaced; make a new one".to_owned();
        return Err(ApiError::Conflict { code: "key_not_active", message });
    }
    let unreadable = || ApiError::Internal(format!("the stored key {id} makes no sense"));
    let kind = KeyKind::from_name(&row.kind).ok_or_else(unreadable)?;
    within_own(caller, &as_new(&row, kind).ok_or_else(unreadable)?)?;
    let key = app
        .directory
        .hasher()
        .issue(kind, caller.tenant.as_str())
        .map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?;
    let overlap_ends = now.saturating_add(i64::from(overlap_seconds) * 1_000_000);
    let old_ends = row.expires_at.map_or(overlap_ends, |end| end.min(overlap_ends));
    let old_id = clock::new_id();
    store::retire(&txn, &row, &old_id, Some(old_ends), (overlap_seconds == 0).then_some(now)).await?;
    let new = api_key::Model {
        public_id: key.public_id.clone(),
        secret_hash: key.secret_hash.clone(),
        created_by: caller.actor(),
        created_at: now,
        last_used_at: None,
        ..row.clone()
    };
    store::insert(&txn, new.clone()).await?;
    let change = Change {
        caller,
        action: AuditAction::RotateKey,
        resource_type: "api_key",
        resource_id: id,
        resource_name: &row.label,
        changes: json!({ "kind": row.kind, "public_id": [row.public_id, key.public_id],
            "overlap_seconds": overlap_seconds, "old_key_id": old_id }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    for public_id in [&row.public_id, &new.public_id] {
        app.key_changed(&caller.tenant, public_id).await;
    }
    Ok((new, key))
}

/// What a stored key would be if it were made anew.
fn as_new(row: &api_key::Model, kind: KeyKind) -> Option<NewKey> {
    let scopes = row.scopes.as_array()?.iter().map(|scope| Permission::parse(scope.as_str()?));
    Some(NewKey {
        role: row.role.as_deref().and_then(Role::from_name),
        scopes: scopes.collect::<Option<_>>()?,
        ..NewKey::new(kind, row.label.as_str())
    })
}

/// Ends a key, and the secrets it had before if they still run. Effective when this returns.
pub(crate) async fn revoke(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let ended = revoke_in(&txn, caller, id).await?;
    txn.commit().await?;
    for public_id in ended {
        app.key_changed(&caller.tenant, &public_id).await;
    }
    Ok(())
}

/// [`revoke`] in a transaction of the caller's; returns the public ids that end.
pub(crate) async fn revoke_in(txn: &DatabaseTransaction, caller: &Caller, id: &str) -> Result<Vec<String>, ApiError> {
    // A rotation at the same moment would otherwise bring a secret that this does not end.
    tenants::lock(txn, &caller.tenant).await?;
    let row = store::by_id(txn, &caller.tenant, id).await?.ok_or(MISSING)?;
    let ended = store::lineage(txn, &caller.tenant, id).await?;
    if ended.is_empty() {
        return Ok(Vec::new()); // it was revoked before
    }
    let ids: Vec<String> = ended.iter().map(|row| row.id.clone()).collect();
    store::revoke(txn, &caller.tenant, &ids, clock::now_micros()).await?;
    let change = Change {
        caller,
        action: AuditAction::Delete,
        resource_type: "api_key",
        resource_id: id,
        resource_name: &row.label,
        changes: json!({ "kind": row.kind, "public_id": row.public_id, "revoked": ids.len() }),
    };
    change.record(txn).await?;
    Ok(ended.into_iter().map(|row| row.public_id).collect())
}
