//! Sessions of people: a random cookie of which a keyed hash is kept, read from the database at
//! every request, so that a session that is ended is ended everywhere at once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::directory::AuthError;
use crate::auth::key::KeyHasher;
use crate::auth::{Caller, Identity, Role, SignedIn, SignedInBy};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{user, user_session};
use crate::store::{StoreError, keys, tenants, user_sessions as store, users};

/// Unit of instants and spans: microseconds.
const SECOND: i64 = 1_000_000;
/// How often the use of a session is noted.
const NOTED_EVERY: i64 = 60 * SECOND;
/// How long a session that ended is still in the table.
const KEPT: i64 = 30 * 86_400 * SECOND;
/// A random token in base64. Unit: characters.
const TOKEN_LENGTH: usize = 43;
/// The most sessions that are listed.
const MOST_LISTED: u64 = 500;

/// Where a session is used from.
#[derive(Clone, Debug, Default)]
pub(crate) struct From {
    /// The client's address.
    pub(crate) address: String,
    /// What the browser calls itself.
    pub(crate) user_agent: String,
}

/// Begins a session for a person who proved who they are. Returns the cookie's value, which is kept nowhere.
pub(crate) async fn begin(
    txn: &DatabaseTransaction,
    app: &App,
    user: &user::Model,
    by: SignedInBy,
    from: &From,
) -> Result<Zeroizing<String>, ApiError> {
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(random.as_mut()).map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?;
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_ref()));
    let now = clock::now_micros();
    let tenant = TenantId::new(user.tenant_id.as_str());
    let row = user_session::Model {
        tenant_id: user.tenant_id.clone(),
        id: clock::new_id(),
        user_id: user.id.clone(),
        token_hash: app.directory.hasher().session_digest(&token),
        signed_in_by: by.name().to_owned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.saturating_add(i64::from(app.config.auth.absolute_seconds) * SECOND),
        revoked_at: None,
        ip_address: from.address.clone(),
        user_agent: fields::keepable(&from.user_agent).chars().take(fields::MOST_NAME).collect(),
    };
    store::forget(txn, &tenant, now.saturating_sub(KEPT)).await?;
    users::signed_in(txn, &tenant, &user.id, now).await?;
    let caller = caller_of(user, &row, by).ok_or(AuthError::Credentials)?;
    let change = Change {
        caller: &caller,
        action: AuditAction::Login,
        resource_type: "user",
        resource_id: &user.id,
        resource_name: &user.email,
        changes: json!({ "session": row.id, "by": by.name(), "ip_address": row.ip_address }),
    };
    store::insert(txn, row.clone()).await?;
    change.record(txn).await?;
    Ok(token)
}

/// The person whose cookie this is, as long as the session runs and they may sign in.
pub(crate) async fn caller(app: &App, token: &str) -> Result<Caller, AuthError> {
    let Some(row) = find(app, token).await? else { return Err(AuthError::SessionEnded) };
    let now = clock::now_micros();
    if !runs(app, &row, now) {
        return Err(AuthError::SessionEnded);
    }
    let tenant = TenantId::new(row.tenant_id.as_str());
    let user = users::by_id(app.store.db(), &tenant, &row.user_id).await?;
    let user = user.filter(|user| user.disabled_at.is_none()).ok_or(AuthError::SessionEnded)?;
    let is_active = tenants::by_id(app.store.db(), &tenant).await?.is_some_and(|tenant| tenant.status == "active");
    let by = match row.signed_in_by.as_str() {
        "oidc" => SignedInBy::Oidc,
        _ => SignedInBy::Local,
    };
    let caller = caller_of(&user, &row, by).filter(|_| is_active).ok_or(AuthError::SessionEnded)?;
    if row.last_seen_at.saturating_add(NOTED_EVERY) <= now {
        store::seen(app.store.db(), &tenant, &row.id, now).await?;
    }
    Ok(caller)
}

async fn find(app: &App, token: &str) -> Result<Option<user_session::Model>, AuthError> {
    if token.len() != TOKEN_LENGTH {
        return Ok(None);
    }
    Ok(store::by_token(app.store.db(), &digest(app.directory.hasher(), token)).await?)
}

fn digest(hasher: &KeyHasher, token: &str) -> String {
    hasher.session_digest(token)
}

/// A person before they have a session, for what is recorded of them.
pub(super) fn acting(user: &user::Model) -> Option<Caller> {
    let signed_in = SignedIn {
        by: SignedInBy::Local,
        user_id: user.id.clone(),
        session_id: String::new(),
        email: Some(user.email.clone()),
        name: user.name.clone(),
    };
    Some(Caller::person(TenantId::new(user.tenant_id.as_str()), Role::from_name(&user.role)?, &user.email, signed_in))
}

/// A person's row as a caller; none when the row makes no sense.
fn caller_of(user: &user::Model, session: &user_session::Model, by: SignedInBy) -> Option<Caller> {
    let signed_in = SignedIn {
        by,
        user_id: user.id.clone(),
        session_id: session.id.clone(),
        email: Some(user.email.clone()),
        name: user.name.clone(),
    };
    Some(Caller::person(TenantId::new(user.tenant_id.as_str()), Role::from_name(&user.role)?, &user.email, signed_in))
}

/// Ends the session of a cookie. Nothing happens when there is none.
pub(crate) async fn sign_out(app: &App, token: &str) -> Result<(), ApiError> {
    let Ok(caller) = caller(app, token).await else { return Ok(()) };
    let Some(signed_in) = &caller.signed_in else { return Ok(()) };
    end(app, &caller, &signed_in.session_id.clone(), AuditAction::Logout).await
}

/// The open sessions that a caller may see: their own, and everybody's for who looks after people.
pub(crate) async fn list(app: &App, caller: &Caller, user: Option<&str>) -> Result<Vec<user_session::Model>, ApiError> {
    let now = clock::now_micros();
    let since = now.saturating_sub(i64::from(app.config.auth.idle_seconds) * SECOND);
    Ok(store::open(app.store.db(), &caller.tenant, user, since, now, MOST_LISTED).await?)
}

/// Ends a session of the caller's own, or, where `of_others` says so, of anybody in the organisation.
pub(crate) async fn revoke(app: &App, caller: &Caller, id: &str, of_others: bool) -> Result<(), ApiError> {
    const MISSING: ApiError = ApiError::NotFound { what: "session" };
    let row = store::by_id(app.store.db(), &caller.tenant, id).await?.ok_or(MISSING)?;
    let own = caller.signed_in.as_ref().is_some_and(|signed_in| signed_in.user_id == row.user_id);
    if !own && !of_others {
        return Err(MISSING);
    }
    end(app, caller, id, AuditAction::Delete).await
}

/// Whether what let a caller in still does: the session runs, or the key is good, and the role is
/// what it was. For what goes on after a request, such as a subscription.
pub(crate) async fn still_in(app: &App, caller: &Caller) -> Result<bool, StoreError> {
    let now = clock::now_micros();
    let Some(signed_in) = caller.signed_in.as_deref() else {
        let row = keys::by_public_id(&app.store, &caller.public_id).await?;
        return Ok(row.is_some_and(|row| row.revoked_at.is_none() && row.expires_at.is_none_or(|end| end > now)));
    };
    if signed_in.session_id.is_empty() {
        return Ok(true); // open mode lets everybody in
    }
    let Some(row) = store::by_id(app.store.db(), &caller.tenant, &signed_in.session_id).await? else {
        return Ok(false);
    };
    let user = users::by_id(app.store.db(), &caller.tenant, &row.user_id).await?;
    let same = |user: &user::Model| {
        let role = Role::from_name(&user.role);
        user.disabled_at.is_none()
            && matches!(&caller.identity, Identity::Operator { role: now, .. } if role == Some(*now))
    };
    Ok(runs(app, &row, now) && user.as_ref().is_some_and(same))
}

/// Whether a session runs at an instant.
fn runs(app: &App, row: &user_session::Model, now: i64) -> bool {
    let idle = i64::from(app.config.auth.idle_seconds) * SECOND;
    row.revoked_at.is_none() && row.expires_at > now && row.last_seen_at.saturating_add(idle) > now
}

async fn end(app: &App, caller: &Caller, id: &str, action: AuditAction) -> Result<(), ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, id).await?;
    let txn = app.store.begin().await?;
    if store::end(&txn, &caller.tenant, id, clock::now_micros()).await? {
        let change =
            Change { caller, action, resource_type: "session", resource_id: id, resource_name: "", changes: json!({}) };
        change.record(&txn).await?;
    }
    txn.commit().await?;
    if let Some(row) = row {
        app.person_changed(&caller.tenant, &row.user_id).await;
    }
    Ok(())
}
