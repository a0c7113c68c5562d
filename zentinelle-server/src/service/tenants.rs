//! Tenants: the organisations that own everything else.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait as _, Set};
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use super::keys::{self, Issued, NewKey};
use crate::app::App;
use crate::auth::key::{KeyHasher, KeyKind};
use crate::auth::{Caller, Permission, Role};
use crate::clock;
use crate::config::Mode;
use crate::http::error::ApiError;
use crate::store::entities::tenant;
use crate::store::{Store, StoreError};

/// The tenant of a standalone server. Clients and demos in the field know it by this id. On a
/// server for many, its operators are those of the installation: they alone see and make tenants.
pub(crate) const STANDALONE: &str = "00000000-0000-0000-0000-000000000001";

/// Makes a tenant, unless it is there. Says whether it was made.
pub(crate) async fn ensure(store: &Store, id: &TenantId, name: &str) -> Result<bool, StoreError> {
    insert(store.db(), id, name).await
}

async fn insert(db: &impl ConnectionTrait, id: &TenantId, name: &str) -> Result<bool, StoreError> {
    let now = clock::now_micros();
    let row = tenant::ActiveModel {
        id: Set(id.as_str().to_owned()),
        name: Set(name.to_owned()),
        status: Set("active".to_owned()),
        settings: Set(serde_json::json!({})),
        policy_revision: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let made = tenant::Entity::insert(row)
        .on_conflict(OnConflict::column(tenant::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    // A row that was there already counts as inserted, with nothing affected.
    Ok(matches!(made, sea_orm::TryInsertResult::Inserted(rows) if rows > 0))
}

/// Refuses everybody but the operators of the installation.
pub(crate) fn of_installation(caller: &Caller) -> Result<(), ApiError> {
    if caller.tenant.as_str() == STANDALONE {
        return Ok(());
    }
    let message = "only operators of the installation's own tenant see and make tenants".to_owned();
    Err(ApiError::NotAllowed { code: "not_of_installation", message })
}

/// A tenant to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewTenant {
    /// Its id; made when there is none.
    pub(crate) id: Option<String>,
    /// Its name for people.
    pub(crate) name: String,
    /// Whether its first administrator's key is wanted.
    pub(crate) admin_key: bool,
}

/// Makes a tenant, and the key of its first administrator if that is wanted.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    new: NewTenant,
) -> Result<(tenant::Model, Option<Issued>), ApiError> {
    of_installation(caller)?;
    // A first administrator may do everything, so whoever is narrowed cannot ask for one.
    let keys = Permission::parse("keys:write");
    if new.admin_key && !keys.as_ref().is_some_and(|permission| caller.may(permission)) {
        return Err(ApiError::Forbidden { needed: keys });
    }
    if app.config.mode == Mode::Standalone {
        let message = "this server serves one organisation; set `mode: multi_tenant` to serve many".to_owned();
        return Err(ApiError::Conflict { code: "standalone", message });
    }
    let txn = app.store.begin().await?;
    let made = create_in(&txn, app.directory.hasher(), caller, new).await?;
    txn.commit().await?;
    Ok(made)
}

/// [`create`] in a transaction of the caller's, without asking who may.
pub(crate) async fn create_in(
    txn: &DatabaseTransaction,
    hasher: &KeyHasher,
    caller: &Caller,
    new: NewTenant,
) -> Result<(tenant::Model, Option<Issued>), ApiError> {
    super::fields::name("name", &new.name, super::fields::MOST_NAME)?;
    let id = new.id.filter(|id| !id.is_empty()).unwrap_or_else(clock::new_id);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.len() > 64 || !id.bytes().all(plain) || id.starts_with('-') {
        return Err(ApiError::invalid("id", "expected at most 64 lower-case letters, digits and `-`"));
    }
    let id = TenantId::new(id);
    if !insert(txn, &id, &new.name).await? {
        return Err(StoreError::Exists { what: format!("tenant `{id}`") }.into());
    }
    let change = |caller| Change {
        caller,
        action: AuditAction::Create,
        resource_type: "tenant",
        resource_id: id.as_str(),
        resource_name: &new.name,
        changes: json!({}),
    };
    change(caller).record(txn).await?;
    // Whoever made it also stands at the head of its own trail.
    let within = Caller { tenant: id.clone(), ..caller.clone() };
    change(&within).record(txn).await?;
    let issued = match new.admin_key {
        true => {
            let first = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "first administrator") };
            Some(keys::issue(txn, hasher, &within, first).await?)
        }
        false => None,
    };
    let row = crate::store::tenants::by_id(txn, &id).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    Ok((row, issued))
}

/// Gives the caller's tenant another name.
pub(crate) async fn rename(app: &App, caller: &Caller, name: &str) -> Result<(), ApiError> {
    super::fields::name("name", name, super::fields::MOST_NAME)?;
    let txn = app.store.begin().await?;
    let row = crate::store::tenants::by_id(&txn, &caller.tenant).await?;
    let row = row.ok_or(StoreError::Missing { what: "tenant" })?;
    if row.name != name {
        crate::store::tenants::rename(&txn, &caller.tenant, name, clock::now_micros()).await?;
        let change = Change {
            caller,
            action: AuditAction::Update,
            resource_type: "tenant",
            resource_id: &row.id,
            resource_name: name,
            changes: json!({ "name": [row.name, name] }),
        };
        change.record(&txn).await?;
    }
    txn.commit().await?;
    Ok(())
}
