//! Secrets that agents fetch, and keys of model providers. They are sealed before they reach the
//! database, and nothing here gives more of one back than its last four characters.

use std::fmt;

use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::scope::ScopeLevel;
use zeroize::Zeroizing;

use super::change::Change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::sealing::{MasterKeys, SealContext};
use crate::store::entities::secret;
use crate::store::secrets as store;

/// The longest secret. Unit: bytes.
const MOST_BYTES: usize = 64 * 1024;
/// Of a shorter one, four characters would be too much to show.
const SHOWN_FROM: usize = 16;
/// The longest name. Unit: characters.
const MOST_NAME: usize = 128;

/// What sort of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Handed to agents.
    Bundle,
    /// Used by the proxy for calls to a provider.
    Provider,
}

impl Kind {
    /// As the database and the seal name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Provider => "provider",
        }
    }

    /// As the audit trail names it.
    const fn resource(self) -> &'static str {
        match self {
            Self::Bundle => "secret",
            Self::Provider => "provider_key",
        }
    }

    /// What there is not.
    pub(crate) const fn missing(self) -> ApiError {
        match self {
            Self::Bundle => ApiError::NotFound { what: "secret" },
            Self::Provider => ApiError::NotFound { what: "provider key" },
        }
    }
}

/// A secret to be kept.
pub(crate) struct NewSecret {
    /// The value in clear.
    pub(crate) value: Zeroizing<String>,
    /// For whom: a level, or a level and an id.
    pub(crate) scope: Option<String>,
    /// Whether it is handed out.
    pub(crate) active: bool,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret").field("scope", &self.scope).field("active", &self.active).finish_non_exhaustive()
    }
}

/// The keys that seal and open what is kept here.
fn master_keys(app: &App) -> &MasterKeys {
    &app.keys
}

/// Refuses a name that could not stand in a path or an environment.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > MOST_NAME || !name.bytes().all(plain) {
        let message = format!("expected 1 to {MOST_NAME} letters, digits, `_`, `-` and `.`");
        return Err(ApiError::invalid("name", message));
    }
    Ok(())
}

/// Seals and keeps a secret. Says whether it is new.
pub(crate) async fn put(
    app: &App,
    caller: &Caller,
    kind: Kind,
    name: &str,
    new: NewSecret,
) -> Result<(secret::Model, bool), ApiError> {
    check_name(name)?;
    if new.value.is_empty() {
        return Err(ApiError::invalid("value", "must not be empty"));
    }
    if new.value.len() > MOST_BYTES {
        return Err(ApiError::invalid("value", format!("longer than {MOST_BYTES} bytes")));
    }
    let (scope_level, scope_id) = scope(new.scope.as_deref())?;
    let context = SealContext { tenant: &caller.tenant, kind: kind.name(), name };
    let sealed =
        master_keys(app).seal(&context, new.value.as_bytes()).map_err(|error| ApiError::Internal(error.to_string()))?;
    let txn = app.store.begin().await?;
    let known = store::by_name(&txn, &caller.tenant, kind.name(), name).await?;
    let now = clock::now_micros();
    let row = secret::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        name: name.to_owned(),
        kind: kind.name().to_owned(),
        sealed,
        last_four: last_four(&new.value),
        scope_level,
        scope_id,
        active: new.active,
        created_by: known.as_ref().map_or_else(|| caller.actor(), |row| row.created_by.clone()),
        created_at: known.as_ref().map_or(now, |row| row.created_at),
        updated_at: now,
        last_used_at: known.as_ref().and_then(|row| row.last_used_at),
    };
    store::put(&txn, row.clone()).await?;
    let change = Change {
        caller,
        action: if known.is_some() { AuditAction::Update } else { AuditAction::Create },
        resource_type: kind.resource(),
        resource_id: name,
        resource_name: name,
        changes: json!({ "scope": row.scope_level, "scope_id": row.scope_id, "active": row.active, "value": "sealed" }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    changed(app, caller, kind).await;
    Ok((row, known.is_none()))
}

/// Takes a secret away.
pub(crate) async fn delete(app: &App, caller: &Caller, kind: Kind, name: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    store::by_name(&txn, &caller.tenant, kind.name(), name).await?.ok_or(kind.missing())?;
    store::delete(&txn, &caller.tenant, kind.name(), name).await?;
    let change = Change {
        caller,
        action: AuditAction::Delete,
        resource_type: kind.resource(),
        resource_id: name,
        resource_name: name,
        changes: json!({}),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    changed(app, caller, kind).await;
    Ok(())
}

/// Keys of providers are kept in memory by the proxy of every replica.
async fn changed(app: &App, caller: &Caller, kind: Kind) {
    if kind == Kind::Provider {
        app.provider_keys_changed(&caller.tenant).await;
    }
}

/// What may be shown of a secret.
fn last_four(value: &str) -> String {
    if value.starts_with('{') {
        return String::new(); // several in one
    }
    let length = value.chars().count();
    if length < SHOWN_FROM { String::new() } else { value.chars().skip(length - 4).filter(|c| *c != '\0').collect() }
}

/// Reads for whom a secret is: `organization`, or a level and an id as `endpoint:builder`.
fn scope(text: Option<&str>) -> Result<(String, Option<String>), ApiError> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("organization");
    super::fields::text("scope", text, 255)?;
    let (level, id) = text.split_once(':').map_or((text, None), |(level, id)| (level, Some(id)));
    let level = ScopeLevel::ALL.into_iter().find(|known| known.name() == level);
    match (level, id.filter(|id| !id.is_empty())) {
        (Some(ScopeLevel::Organization), None) => Ok((text.to_owned(), None)),
        (Some(level), Some(id)) if level != ScopeLevel::Organization => {
            Ok((level.name().to_owned(), Some(id.to_owned())))
        }
        _ => Err(ApiError::invalid("scope", "write `organization`, or a level and an id, such as `endpoint:builder`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{NewSecret, last_four};

    #[test]
    fn of_a_short_secret_nothing_is_shown_and_of_none_more_than_four_characters() {
        assert_eq!([last_four("hunter2"), last_four("sk-0123456789abcdef")], ["", "cdef"]);
        let new = NewSecret { value: "sk-0123456789abcdef".to_owned().into(), scope: None, active: true };
        assert!(!format!("{new:?}").contains("sk-"));
    }
}
