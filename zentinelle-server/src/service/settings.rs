//! What a tenant chooses for itself: read, changed key by key, in force at once.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Map, Value, json};
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

use super::change::Change;
use super::policies::{begin, diff, finish};
use crate::app::App;
use crate::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract;
use crate::snapshot::TenantSettings;
use crate::store::entities::tenant;
use crate::store::{StoreError, tenants};

/// A tenant's settings with the revision they belong to.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The settings, defaults filled in.
    pub(crate) settings: TenantSettings,
    /// Grows with every change that can change a decision.
    pub(crate) revision: i64,
    /// When the last such change was made. Unit: microseconds since 1970.
    pub(crate) updated_at: i64,
}

/// The caller's tenant's settings.
pub(crate) async fn get(app: &App, caller: &Caller) -> Result<Kept, ApiError> {
    let row = tenants::by_id(app.store.db(), &caller.tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    kept(row)
}

/// The time zone of a tenant, from what decides for it now.
pub(crate) async fn zone(app: &App, tenant: &TenantId) -> Result<jiff::tz::TimeZone, ApiError> {
    Ok(app.snapshots.get(tenant).await?.settings.zone())
}

/// Changes the keys that are named; null brings a default back. Unknown keys are refused.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    expected: Option<i64>,
    changes: Map<String, Value>,
) -> Result<Kept, ApiError> {
    let before = get(app, caller).await?;
    if expected.is_some_and(|revision| revision != before.revision) {
        return Err(StoreError::Stale { what: "tenant's settings" }.into());
    }
    let txn = begin(app, caller).await?;
    let row = tenants::by_id(&txn, &caller.tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
    // Somebody may have been faster between the look above and the lock.
    if expected.is_some_and(|revision| revision + 1 != row.policy_revision) {
        return Err(StoreError::Stale { what: "tenant's settings" }.into());
    }
    let old = row.settings.as_object().cloned().unwrap_or_default();
    let mut new = old.clone();
    for (key, value) in changes {
        if value.is_null() {
            // A key that nobody knows must not pass for one that was brought back.
            extract::read::<TenantSettings>(json!({ key.as_str(): default_of(&key) }))?;
            new.remove(&key);
        } else {
            new.insert(key, value);
        }
    }
    let settings: TenantSettings = extract::read(Value::Object(new.clone()))?;
    check(app, &settings)?;
    let found = diff::fields(&old, &new);
    if found.is_empty() {
        txn.rollback().await?;
        return get(app, caller).await;
    }
    tenant::Entity::update_many()
        .col_expr(tenant::Column::Settings, Expr::value(Value::Object(new)))
        .filter(tenant::Column::Id.eq(caller.tenant.as_str()))
        .exec(&txn)
        .await?;
    let change = Change {
        caller,
        action: AuditAction::Update,
        resource_type: "settings",
        resource_id: caller.tenant.as_str(),
        resource_name: "",
        changes: json!({ "added": found.added, "removed": found.removed, "changed": found.changed }),
    };
    change.record(&txn).await?;
    finish(app, caller, txn).await?;
    get(app, caller).await
}

fn default_of(key: &str) -> Value {
    serde_json::to_value(TenantSettings::default())
        .ok()
        .and_then(|settings| settings.get(key).cloned())
        .unwrap_or_default()
}

fn kept(row: tenant::Model) -> Result<Kept, ApiError> {
    let settings = serde_json::from_value(row.settings)
        .map_err(|error| StoreError::Unreadable { what: "tenant's settings", why: error.to_string() })?;
    Ok(Kept { settings, revision: row.policy_revision, updated_at: row.updated_at })
}

/// Refuses numbers that make no sense.
fn check(app: &App, settings: &TenantSettings) -> Result<(), ApiError> {
    for (key, found, low, high) in [
        ("content_limit", settings.content_limit, 0, 1_000_000),
        ("evaluate_per_minute", settings.evaluate_per_minute, 1, 100_000_000),
        ("heartbeat_interval_seconds", settings.heartbeat_interval_seconds, 1, 86_400),
        ("heartbeat_timeout_seconds", settings.heartbeat_timeout_seconds, 1, 7 * 86_400),
    ] {
        if !(low..=high).contains(&found) {
            return Err(ApiError::invalid(key, format!("is {found}, outside {low} to {high}")));
        }
    }
    if jiff::tz::TimeZone::get(&settings.time_zone).is_err() {
        let message = "is no time zone; write one such as `Europe/Berlin` or `UTC`";
        return Err(ApiError::invalid("time_zone", message));
    }
    let notifications = &settings.notifications;
    if !notifications.contact_email.is_empty() {
        super::users::email("notifications.contact_email", &notifications.contact_email)?;
    }
    if notifications.email && notifications.contact_email.is_empty() {
        let message = "cannot be on without `contact_email`: somebody must get the messages";
        return Err(ApiError::invalid("notifications.email", message));
    }
    if notifications.email && !app.config.notifications.smtp.is_on() {
        let message = "cannot be on: this server has no mail server; its operator sets `notifications.smtp`";
        return Err(ApiError::invalid("notifications.email", message));
    }
    if settings.heartbeat_timeout_seconds < settings.heartbeat_interval_seconds {
        let message = "is shorter than `heartbeat_interval_seconds`, so that every agent would count as unhealthy";
        return Err(ApiError::invalid("heartbeat_timeout_seconds", message));
    }
    Ok(())
}
