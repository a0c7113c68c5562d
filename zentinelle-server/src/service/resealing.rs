//! Sealing again, under the newest master key, what older ones sealed, so that they can go.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use super::totp;
use crate::auth::Caller;
use crate::sealing::{self, MasterKeys, SealContext, SealError};
use crate::store::entities::{secret, user, webhook};
use crate::store::{Store, StoreError};
use crate::webhooks;

/// How many rows are read at a time.
const AT_ONCE: u64 = 200;

/// What became of everything that is sealed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resealed {
    /// How many values were sealed again.
    pub(crate) resealed: u64,
    /// Which values did not open, and why. They stay as they are.
    pub(crate) unreadable: Vec<String>,
    /// How many values each master key seals now.
    pub(crate) in_use: BTreeMap<String, u64>,
}

/// One sealed value and where it stands.
struct Sealed {
    tenant: TenantId,
    kind: String,
    name: String,
    sealed: String,
}

/// Goes through everything that is sealed, for every tenant. `progress` hears of each value. What
/// is changed in the meantime is sealed by whoever changes it.
pub(crate) async fn run(
    store: &Store,
    keys: &MasterKeys,
    caller: &Caller,
    mut progress: impl FnMut(),
) -> Result<Resealed, StoreError> {
    let mut outcome = Resealed::default();
    let mut after = None;
    loop {
        let mut rows =
            secret::Entity::find().cursor_by((secret::Column::TenantId, secret::Column::Kind, secret::Column::Name));
        if let Some(after) = after {
            rows.after(after);
        }
        let rows = rows.first(AT_ONCE).all(store.db()).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.tenant_id.clone(), last.kind.clone(), last.name.clone()));
        for row in rows {
            let tenant = TenantId::new(row.tenant_id);
            let value = Sealed { tenant, kind: row.kind, name: row.name, sealed: row.sealed };
            if let Some(again) = outcome.again(keys, &value) {
                let changed = secret::Entity::update_many()
                    .col_expr(secret::Column::Sealed, Expr::value(again))
                    .filter(secret::Column::TenantId.eq(value.tenant.as_str()))
                    .filter(secret::Column::Kind.eq(value.kind.as_str()))
                    .filter(secret::Column::Name.eq(value.name.as_str()))
                    .filter(secret::Column::Sealed.eq(value.sealed.as_str()));
                outcome.resealed += changed.exec(store.db()).await?.rows_affected;
            }
            progress();
        }
    }
    let mut after = None;
    loop {
        let mut rows = webhook::Entity::find().cursor_by((webhook::Column::TenantId, webhook::Column::Id));
        if let Some(after) = after {
            rows.after(after);
        }
        let rows = rows.first(AT_ONCE).all(store.db()).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.tenant_id.clone(), last.id.clone()));
        for row in rows {
            let Some(sealed) = row.sealed_secret else { continue };
            let (tenant, kind) = (TenantId::new(row.tenant_id), webhooks::SEALED_AS.to_owned());
            let value = Sealed { tenant, kind, name: row.id, sealed };
            if let Some(again) = outcome.again(keys, &value) {
                let changed = webhook::Entity::update_many()
                    .col_expr(webhook::Column::SealedSecret, Expr::value(again))
                    .filter(webhook::Column::TenantId.eq(value.tenant.as_str()))
                    .filter(webhook::Column::Id.eq(value.name.as_str()))
                    .filter(webhook::Column::SealedSecret.eq(value.sealed.as_str()));
                outcome.resealed += changed.exec(store.db()).await?.rows_affected;
            }
            progress();
        }
    }
    let mut after = None;
    loop {
        let with = user::Entity::find().filter(user::Column::SealedTotp.is_not_null());
        let mut rows = with.cursor_by((user::Column::TenantId, user::Column::Id));
        if let Some(after) = after {
            rows.after(after);
        }
        let rows = rows.first(AT_ONCE).all(store.db()).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.tenant_id.clone(), last.id.clone()));
        for row in rows {
            let Some(sealed) = row.sealed_totp else { continue };
            let (tenant, kind) = (TenantId::new(row.tenant_id), totp::SEALED_AS.to_owned());
            let value = Sealed { tenant, kind, name: row.id, sealed };
            if let Some(again) = outcome.again(keys, &value) {
                let changed = user::Entity::update_many()
                    .col_expr(user::Column::SealedTotp, Expr::value(again))
                    .filter(user::Column::TenantId.eq(value.tenant.as_str()))
                    .filter(user::Column::Id.eq(value.name.as_str()))
                    .filter(user::Column::SealedTotp.eq(value.sealed.as_str()));
                outcome.resealed += changed.exec(store.db()).await?.rows_affected;
            }
            progress();
        }
    }
    outcome.in_use = in_use(store).await?;
    if outcome.resealed > 0 {
        let change = Change {
            caller,
            action: AuditAction::RotateKey,
            resource_type: "master_key",
            resource_id: &keys.newest_id(),
            resource_name: "",
            changes: json!({ "resealed": outcome.resealed, "unreadable": outcome.unreadable.len(), "in_use": outcome.in_use }),
        };
        let txn = store.begin().await?;
        change.record(&txn).await?;
        txn.commit().await?;
    }
    Ok(outcome)
}

/// How many values there are.
pub(crate) async fn count(store: &Store) -> Result<u64, StoreError> {
    let hooks = webhook::Entity::find().filter(webhook::Column::SealedSecret.is_not_null());
    let codes = user::Entity::find().filter(user::Column::SealedTotp.is_not_null());
    let others = hooks.count(store.db()).await? + codes.count(store.db()).await?;
    Ok(secret::Entity::find().count(store.db()).await? + others)
}

/// How many values each master key seals.
async fn in_use(store: &Store) -> Result<BTreeMap<String, u64>, StoreError> {
    use sea_orm::QuerySelect as _;
    let secrets = secret::Entity::find().select_only().column(secret::Column::Sealed);
    let hooks = webhook::Entity::find()
        .select_only()
        .column(webhook::Column::SealedSecret)
        .filter(webhook::Column::SealedSecret.is_not_null());
    let codes = user::Entity::find()
        .select_only()
        .column(user::Column::SealedTotp)
        .filter(user::Column::SealedTotp.is_not_null());
    let mut counts = BTreeMap::new();
    for sealed in secrets
        .into_tuple::<String>()
        .all(store.db())
        .await?
        .into_iter()
        .chain(hooks.into_tuple::<String>().all(store.db()).await?)
        .chain(codes.into_tuple::<String>().all(store.db()).await?)
    {
        *counts.entry(sealing::key_of(&sealed).unwrap_or("unreadable").to_owned()).or_default() += 1;
    }
    Ok(counts)
}

impl Resealed {
    /// The value under the newest key; none when it is so already, or does not open.
    fn again(&mut self, keys: &MasterKeys, value: &Sealed) -> Option<String> {
        let context = SealContext { tenant: &value.tenant, kind: &value.kind, name: &value.name };
        let again = || -> Result<Option<String>, SealError> {
            if !keys.needs_rotation(&value.sealed)? {
                return Ok(None);
            }
            let opened = keys.open(&context, &value.sealed)?;
            keys.seal(&context, opened.expose()).map(Some)
        };
        again().unwrap_or_else(|error| {
            self.unreadable.push(format!("{} `{}` of tenant `{}`: {error}", value.kind, value.name, value.tenant));
            None
        })
    }
}
