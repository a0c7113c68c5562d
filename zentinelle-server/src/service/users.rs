//! People: who they are, what they may do, and their passwords.
//!
//! Whatever makes a person less than they were ends their sessions in the same transaction.

use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::change::Change;
use super::{fields, passwords, recovery_codes, totp};
use crate::app::App;
use crate::auth::directory::AuthError;
use crate::auth::{Caller, Role, SignedIn};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::user;
use crate::store::{Store, StoreError, tenants, user_sessions, users as store};

/// For how long a temporary password is good. Unit: microseconds.
const TEMPORARY: i64 = 7 * 86_400 * 1_000_000;
/// The longest e-mail address. Unit: characters.
const MOST_EMAIL: usize = 254;
/// What there is not.
const MISSING: ApiError = ApiError::NotFound { what: "user" };

/// A person to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewUser {
    /// Their e-mail address, by which they sign in.
    pub(crate) email: String,
    /// Their name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
}

/// What to change of a person; what is none stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserChange {
    /// Their name.
    pub(crate) name: Option<String>,
    /// What they may do.
    pub(crate) role: Option<Role>,
    /// Whether they may sign in.
    pub(crate) disabled: Option<bool>,
}

/// Reads an e-mail address: something on both sides of one `@`, in lower case.
pub(crate) fn email(field: &str, text: &str) -> Result<String, ApiError> {
    let text = text.trim().to_lowercase();
    fields::text(field, &text, MOST_EMAIL)?;
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    match text.split_once('@') {
        Some((name, host)) if plain(name) && plain(host) => Ok(text),
        _ => Err(ApiError::invalid(field, "is no e-mail address")),
    }
}

/// Makes a person. Without a password of an administrator's choice they get a temporary one, which is returned.
pub(crate) async fn create(
    db: &Store,
    caller: &Caller,
    new: NewUser,
    password: Option<&str>,
) -> Result<(user::Model, Option<Zeroizing<String>>), ApiError> {
    let email = email("email", &new.email)?;
    fields::name("name", &new.name, fields::MOST_NAME)?;
    let (text, temporary) = match password {
        Some(password) => {
            passwords::sound("password", password, &email)?;
            (Zeroizing::new(password.to_owned()), false)
        }
        None => (passwords::temporary()?, true),
    };
    let now = clock::now_micros();
    let row = user::Model {
        password_hash: Some(passwords::hash(&text).await?),
        password_temporary: temporary,
        password_expires_at: temporary.then(|| now.saturating_add(TEMPORARY)),
        password_changed_at: Some(now),
        ..blank(caller, email, new.name.trim().to_owned(), new.role)
    };
    let txn = db.begin().await?;
    insert(&txn, caller, &row).await?;
    txn.commit().await?;
    Ok((row, temporary.then_some(text)))
}

/// A person as the first sign-in at an identity provider makes them.
pub(crate) fn blank(caller: &Caller, email: String, name: String, role: Role) -> user::Model {
    let now = clock::now_micros();
    user::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        email,
        name,
        role: role.name().to_owned(),
        source: "local".to_owned(),
        oidc_subject: None,
        password_hash: None,
        password_temporary: false,
        password_expires_at: None,
        password_changed_at: None,
        sealed_totp: None,
        totp_confirmed: false,
        totp_last_step: 0,
        failures: 0,
        locked_until: None,
        disabled_at: None,
        last_sign_in_at: None,
        notify_by_email: false,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    }
}

/// Keeps a new person, and says so on the audit trail.
pub(crate) async fn insert(txn: &DatabaseTransaction, caller: &Caller, row: &user::Model) -> Result<(), ApiError> {
    store::insert(txn, row.clone()).await?;
    let changes = json!({ "email": row.email, "role": row.role, "source": row.source });
    record(txn, caller, AuditAction::Create, row, changes).await
}

async fn record(
    txn: &DatabaseTransaction,
    caller: &Caller,
    action: AuditAction,
    row: &user::Model,
    changes: Value,
) -> Result<(), ApiError> {
    let change =
        Change { caller, action, resource_type: "user", resource_id: &row.id, resource_name: &row.email, changes };
    Ok(change.record(txn).await?)
}

/// A person's row, read where nobody else changes the organisation's people.
async fn locked(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<user::Model, ApiError> {
    tenants::lock(txn, tenant).await?;
    store::by_id(txn, tenant, id).await?.ok_or(MISSING)
}

/// Refuses to leave an organisation without an administrator.
async fn leaves_one(txn: &DatabaseTransaction, tenant: &TenantId, id: &str) -> Result<(), ApiError> {
    if store::other_administrators(txn, tenant, id).await? > 0 {
        return Ok(());
    }
    let message = "the last administrator stays one; make another first".to_owned();
    Err(ApiError::Conflict { code: "last_administrator", message })
}

/// Changes a person.
pub(crate) async fn update(db: &Store, caller: &Caller, id: &str, change: UserChange) -> Result<user::Model, ApiError> {
    let txn = db.begin().await?;
    let mut row = locked(&txn, &caller.tenant, id).await?;
    let before = row.clone();
    if let Some(name) = &change.name {
        fields::name("name", name, fields::MOST_NAME)?;
        row.name = name.trim().to_owned();
    }
    if let Some(role) = change.role {
        row.role = role.name().to_owned();
    }
    let now = clock::now_micros();
    match change.disabled {
        Some(true) => row.disabled_at = row.disabled_at.or(Some(now)),
        Some(false) => (row.disabled_at, row.failures, row.locked_until) = (None, 0, None),
        None => {}
    }
    let was_admin = before.role == "admin" && before.disabled_at.is_none();
    if was_admin && (row.role != "admin" || row.disabled_at.is_some()) {
        leaves_one(&txn, &caller.tenant, id).await?;
    }
    if row == before {
        return Ok(row);
    }
    row.updated_at = now;
    store::put(&txn, row.clone()).await?;
    if row.role != before.role || row.disabled_at.is_some() {
        user_sessions::end_all(&txn, &caller.tenant, id, None, now).await?;
    }
    let changes = json!({ "name": [before.name, row.name], "role": [before.role, row.role],
        "disabled": [before.disabled_at.is_some(), row.disabled_at.is_some()] });
    record(&txn, caller, AuditAction::Update, &row, changes).await?;
    txn.commit().await?;
    Ok(row)
}

/// Takes a person away.
pub(crate) async fn delete(db: &Store, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = db.begin().await?;
    let row = locked(&txn, &caller.tenant, id).await?;
    if row.role == "admin" && row.disabled_at.is_none() {
        leaves_one(&txn, &caller.tenant, id).await?;
    }
    user_sessions::end_all(&txn, &caller.tenant, id, None, clock::now_micros()).await?;
    recovery_codes::forget(&txn, &row).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    record(&txn, caller, AuditAction::Delete, &row, json!({ "role": row.role })).await?;
    txn.commit().await?;
    Ok(())
}

/// Gives a person a temporary password, which is returned, and ends their sessions. With
/// `totp` their one-time codes are off as well: whoever lost the device cannot do that.
pub(crate) async fn reset(
    db: &Store,
    caller: &Caller,
    id: &str,
    totp: bool,
) -> Result<(user::Model, Zeroizing<String>), ApiError> {
    let text = passwords::temporary()?;
    let hash = passwords::hash(&text).await?;
    let txn = db.begin().await?;
    let mut row = locked(&txn, &caller.tenant, id).await?;
    let now = clock::now_micros();
    row.password_hash = Some(hash);
    row.password_temporary = true;
    row.password_expires_at = Some(now.saturating_add(TEMPORARY));
    row.password_changed_at = Some(now);
    (row.failures, row.locked_until) = (0, None);
    if totp {
        (row.sealed_totp, row.totp_confirmed) = (None, false);
        recovery_codes::forget(&txn, &row).await?;
    }
    row.updated_at = now;
    store::put(&txn, row.clone()).await?;
    user_sessions::end_all(&txn, &caller.tenant, id, None, now).await?;
    record(&txn, caller, AuditAction::Update, &row, json!({ "password": "reset", "totp": totp })).await?;
    txn.commit().await?;
    Ok((row, text))
}

/// The person who asks; who came with a key, or without anything, is none.
fn person(caller: &Caller) -> Result<&SignedIn, ApiError> {
    caller.signed_in.as_deref().filter(|signed_in| !signed_in.user_id.is_empty()).ok_or_else(|| {
        let message = "only a person who is signed in has a password; this caller came with a key, or in open mode";
        ApiError::NotAllowed { code: "not_a_person", message: message.to_owned() }
    })
}

/// The row of the person who asks.
pub(crate) async fn own(app: &App, caller: &Caller) -> Result<user::Model, ApiError> {
    let signed_in = person(caller)?;
    store::by_id(app.store.db(), &caller.tenant, &signed_in.user_id).await?.ok_or(MISSING)
}

/// Says whether the person who asks gets the organisation's messages by e-mail.
pub(crate) async fn notify_by_email(app: &App, caller: &Caller, wanted: bool) -> Result<(), ApiError> {
    let signed_in = person(caller)?;
    let txn = app.store.begin().await?;
    let mut row = locked(&txn, &caller.tenant, &signed_in.user_id).await?;
    let before = std::mem::replace(&mut row.notify_by_email, wanted);
    if before != wanted {
        row.updated_at = clock::now_micros();
        store::put(&txn, row.clone()).await?;
        record(&txn, caller, AuditAction::Update, &row, json!({ "notify_by_email": [before, wanted] })).await?;
    }
    txn.commit().await?;
    Ok(())
}

/// Changes the password of the person who asks, and ends their other sessions.
pub(crate) async fn change_password(app: &App, caller: &Caller, current: &str, new: &str) -> Result<(), ApiError> {
    let signed_in = person(caller)?;
    let row = own(app, caller).await?;
    passwords::sound("new", new, &row.email)?;
    super::sign_in::count_and_compare(app, &row, current, "current").await?;
    if new == current {
        return Err(ApiError::invalid("new", "is the password you have"));
    }
    let hash = passwords::hash(new).await?;
    let txn = app.store.begin().await?;
    set_password(&txn, caller, &row.id, hash, Some(&signed_in.session_id)).await?;
    txn.commit().await?;
    app.person_changed(&caller.tenant, &row.id).await;
    Ok(())
}

/// Keeps a password of the person's own choice, and ends their sessions but for one that may stay.
pub(crate) async fn set_password(
    txn: &DatabaseTransaction,
    caller: &Caller,
    id: &str,
    hash: String,
    but: Option<&str>,
) -> Result<user::Model, ApiError> {
    let mut row = locked(txn, &caller.tenant, id).await?;
    let now = clock::now_micros();
    row.password_hash = Some(hash);
    (row.password_temporary, row.password_expires_at) = (false, None);
    (row.failures, row.locked_until) = (0, None);
    row.password_changed_at = Some(now);
    row.updated_at = now;
    store::put(txn, row.clone()).await?;
    user_sessions::end_all(txn, &caller.tenant, id, but, now).await?;
    record(txn, caller, AuditAction::Update, &row, json!({ "password": "changed" })).await?;
    Ok(row)
}

/// Gives the person who asks a secret for one-time codes, as an address for their app. Codes are
/// asked for once one was confirmed.
pub(crate) async fn begin_totp(app: &App, caller: &Caller) -> Result<Zeroizing<String>, ApiError> {
    let signed_in = person(caller)?;
    let txn = app.store.begin().await?;
    let mut row = locked(&txn, &caller.tenant, &signed_in.user_id).await?;
    if row.totp_confirmed {
        let message = "one-time codes are on already; turn them off first".to_owned();
        return Err(ApiError::Conflict { code: "totp_on", message });
    }
    let (sealed, uri) = totp::begin(&app.keys, &caller.tenant, &row)?;
    row.sealed_totp = Some(sealed);
    row.updated_at = clock::now_micros();
    store::put(&txn, row).await?;
    txn.commit().await?;
    Ok(uri)
}

/// Turns one-time codes on, or off, for the person who asks and shows a code. Whoever turns them on
/// gets recovery codes, which are shown once; whoever lost the device turns them off with one.
pub(crate) async fn set_totp(
    app: &App,
    caller: &Caller,
    code: &str,
    on: bool,
) -> Result<Vec<Zeroizing<String>>, ApiError> {
    let row = own(app, caller).await?;
    if on == row.totp_confirmed {
        let message = format!("one-time codes are {} already", if on { "on" } else { "off" });
        return Err(ApiError::Conflict { code: if on { "totp_on" } else { "totp_off" }, message });
    }
    if on && row.sealed_totp.is_none() {
        let message = "there is no secret to confirm; begin first".to_owned();
        return Err(ApiError::Conflict { code: "totp_not_begun", message });
    }
    super::sign_in::count(app, &row).await?;
    let txn = app.store.begin().await?;
    if !totp::accepts(&txn, &app.keys, &row, code, clock::now_micros()).await?
        && (on || !recovery_codes::accepts(&txn, app.directory.hasher(), &row, code).await?)
    {
        return Err(ApiError::invalid("code", "is wrong, too old, or was used before"));
    }
    let mut row = locked(&txn, &caller.tenant, &row.id).await?;
    row.totp_confirmed = on;
    let codes = if on {
        recovery_codes::make(&txn, app.directory.hasher(), &row).await?
    } else {
        row.sealed_totp = None;
        recovery_codes::forget(&txn, &row).await?;
        Vec::new()
    };
    (row.failures, row.locked_until) = (0, None);
    row.updated_at = clock::now_micros();
    store::put(&txn, row.clone()).await?;
    record(&txn, caller, AuditAction::Update, &row, json!({ "totp": [!on, on] })).await?;
    txn.commit().await?;
    Ok(codes)
}

/// Gives the person who asks and shows a code new recovery codes, in the place of the old ones.
pub(crate) async fn renew_recovery_codes(
    app: &App,
    caller: &Caller,
    code: &str,
) -> Result<Vec<Zeroizing<String>>, ApiError> {
    let row = own(app, caller).await?;
    if !row.totp_confirmed {
        let message = "one-time codes are off, so there is nothing to recover".to_owned();
        return Err(ApiError::Conflict { code: "totp_off", message });
    }
    super::sign_in::count(app, &row).await?;
    let txn = app.store.begin().await?;
    if !totp::accepts(&txn, &app.keys, &row, code, clock::now_micros()).await? {
        return Err(ApiError::invalid("code", "is wrong, too old, or was used before"));
    }
    let codes = recovery_codes::make(&txn, app.directory.hasher(), &row).await?;
    record(&txn, caller, AuditAction::Update, &row, json!({ "recovery_codes": "renewed" })).await?;
    txn.commit().await?;
    store::uncount_try(app.store.db(), &caller.tenant, &row.id).await?;
    Ok(codes)
}

/// The person and their temporary password, when the organisation had nobody who could sign in.
pub(crate) async fn first_administrator(
    db: &Store,
    tenant: &TenantId,
    address: &str,
) -> Result<Option<(user::Model, Zeroizing<String>)>, ApiError> {
    if store::count(db.db(), tenant, &store::Filter::default()).await? > 0 {
        return Ok(None);
    }
    let new = NewUser { email: address.to_owned(), name: "Administrator".to_owned(), role: Role::Admin };
    match create(db, &Caller::local(tenant.clone()), new, None).await {
        Ok((row, text)) => Ok(text.map(|text| (row, text))),
        // Another server that starts at the same time made them.
        Err(ApiError::Store(StoreError::Exists { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The person of an e-mail address, for whoever works on this machine.
pub(crate) async fn by_email(db: &Store, tenant: &TenantId, address: &str) -> Result<user::Model, ApiError> {
    store::by_email(db.db(), tenant, &email("email", address)?).await?.ok_or(MISSING)
}

/// Used where a sign-in fails for a reason that is not told.
pub(super) fn refused() -> ApiError {
    AuthError::Credentials.into()
}
