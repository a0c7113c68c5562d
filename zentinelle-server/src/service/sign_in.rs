//! Signing in with an e-mail address and a password.
//!
//! Every try counts as failed until it did not: it is counted before the password is looked at, so
//! that many tries at the same moment are as many as one after the other. From the fifth failure on
//! the account waits, longer each time. Addresses that nobody has wait just the same.

use std::time::Duration;

use moka::sync::Cache;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::oidc::Provider;
use super::sessions::{self, From};
use super::{passwords, recovery_codes, totp, users};
use crate::app::App;
use crate::auth::{Caller, SignedInBy};
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::user;
use crate::store::users as store;

/// How many failures are free.
const FREE: i64 = 5;
/// The first wait; each further one is twice as long. Unit: seconds.
const FIRST_WAIT: i64 = 30;
/// The longest wait. Unit: seconds.
const LONGEST_WAIT: i64 = 15 * 60;
/// How many addresses that nobody has are counted at once.
const MOST_STRANGERS: u64 = 100_000;

/// What is remembered between tries.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// Failures of addresses that nobody has, and until when they wait.
    strangers: Cache<(TenantId, String), (i64, i64)>,
    /// The identity provider.
    pub(crate) oidc: Provider,
}

/// What somebody shows to sign in.
pub(crate) struct Shown {
    /// To which organisation.
    pub(crate) tenant: TenantId,
    /// The e-mail address.
    pub(crate) email: String,
    /// The password.
    pub(crate) password: Zeroizing<String>,
    /// A one-time code.
    pub(crate) code: Option<String>,
    /// Instead of a temporary password.
    pub(crate) new_password: Option<Zeroizing<String>>,
}

impl SignIn {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let life = Duration::from_secs(24 * 3_600);
        let strangers = Cache::builder().max_capacity(MOST_STRANGERS).time_to_idle(life).build();
        Self { strangers, oidc: Provider::default() }
    }

    /// Counts a try for an address that nobody has.
    fn count_stranger(&self, tenant: &TenantId, email: &str) -> Result<(), ApiError> {
        let key = (tenant.clone(), email.to_owned());
        let now = clock::now_micros();
        let (failures, until) = self.strangers.get(&key).unwrap_or_default();
        waits(until, now)?;
        self.strangers.insert(key, (failures + 1, locked_until(failures + 1, now).unwrap_or_default()));
        Ok(())
    }
}

/// Until when an account waits after so many failures. Unit of instants: microseconds.
fn locked_until(failures: i64, now: i64) -> Option<i64> {
    let further = failures.checked_sub(FREE).filter(|further| *further >= 0)?;
    let wait = FIRST_WAIT.checked_shl(u32::try_from(further).unwrap_or(u32::MAX)).filter(|wait| *wait > 0);
    let wait = if further > 16 { LONGEST_WAIT } else { wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT) };
    Some(now.saturating_add(wait * 1_000_000))
}

/// Refuses while an account waits.
fn waits(until: i64, now: i64) -> Result<(), ApiError> {
    let left = until.saturating_sub(now);
    if left <= 0 {
        return Ok(());
    }
    let retry_after = u32::try_from(left / 1_000_000).unwrap_or(u32::MAX).saturating_add(1);
    let message = format!("too many sign-ins failed; try again in {retry_after} seconds");
    Err(ApiError::Throttled { retry_after, message })
}

/// Counts a try of an account that exists, as failed until it is known not to be.
pub(super) async fn count(app: &App, row: &user::Model) -> Result<(), ApiError> {
    let tenant = TenantId::new(row.tenant_id.as_str());
    let mut row = row.clone();
    // Somebody else may try at the same moment.
    for _ in 0..20 {
        let now = clock::now_micros();
        waits(row.locked_until.unwrap_or_default(), now)?;
        let until = locked_until(row.failures + 1, now);
        if store::count_try(app.store.db(), &tenant, &row, until).await? {
            return Ok(());
        }
        row = store::by_id(app.store.db(), &tenant, &row.id).await?.ok_or_else(users::refused)?;
    }
    waits(i64::MAX, i64::MAX - 1)
}

/// Counts a try, and compares the password of somebody who is signed in.
pub(super) async fn count_and_compare(
    app: &App,
    row: &user::Model,
    password: &str,
    field: &str,
) -> Result<(), ApiError> {
    count(app, row).await?;
    if !passwords::matches(password, row.password_hash.as_deref()).await? {
        return Err(ApiError::invalid(field, "is not the password you have"));
    }
    store::uncount_try(app.store.db(), &TenantId::new(row.tenant_id.as_str()), &row.id).await?;
    Ok(())
}

/// Signs somebody in. Returns the cookie's value and who they are.
pub(crate) async fn with_password(
    app: &App,
    shown: Shown,
    from: &From,
) -> Result<(Zeroizing<String>, Caller), ApiError> {
    if !app.config.auth.takes_passwords() {
        let message = "this server takes no passwords; sign in with the identity provider, or use a key".to_owned();
        return Err(ApiError::NotAllowed { code: "passwords_off", message });
    }
    let email = shown.email.trim().to_lowercase();
    if email.len() > 1_024 || [email.as_str(), shown.tenant.as_str()].iter().any(|text| text.contains('\0')) {
        return Err(users::refused());
    }
    let known = store::by_email(app.store.db(), &shown.tenant, &email).await?;
    let Some(row) = known else {
        app.sign_in.count_stranger(&shown.tenant, &email)?;
        passwords::matches(&shown.password, None).await?;
        return Err(refused(app, "(nobody)", from, "unknown"));
    };
    count(app, &row).await?;
    let now = clock::now_micros();
    let fresh = row.password_expires_at.is_none_or(|end| end > now);
    let matches = passwords::matches(&shown.password, row.password_hash.as_deref()).await?;
    if !matches || !fresh || row.disabled_at.is_some() {
        let why = if !matches {
            "password"
        } else if fresh {
            "disabled"
        } else {
            "expired"
        };
        return Err(refused(app, &email, from, why));
    }
    if row.totp_confirmed {
        let Some(code) = shown.code.as_deref().filter(|code| !code.trim().is_empty()) else {
            store::uncount_try(app.store.db(), &shown.tenant, &row.id).await?;
            let message = "enter the code that your authenticator app shows, or a recovery code".to_owned();
            return Err(ApiError::NotAllowed { code: "totp_required", message });
        };
        // With a temporary password the same code may come twice: it is looked at when another was chosen.
        if (!row.password_temporary || shown.new_password.is_some())
            && !totp::accepts(app.store.db(), &app.keys, &row, code, now).await?
            && !recovery_codes::accepts(app.store.db(), app.directory.hasher(), &row, code).await?
        {
            return Err(refused(app, &email, from, "code"));
        }
    }
    let mut chosen = None;
    if row.password_temporary {
        // Whatever is wrong from here on is no guess.
        store::uncount_try(app.store.db(), &shown.tenant, &row.id).await?;
        let Some(new) = &shown.new_password else {
            let message = "the password is temporary: choose another, and send it as `new_password`".to_owned();
            return Err(ApiError::NotAllowed { code: "password_change_required", message });
        };
        passwords::sound("new_password", new, &row.email)?;
        if new.as_str() == shown.password.as_str() {
            return Err(ApiError::invalid("new_password", "is the temporary password"));
        }
        chosen = Some(passwords::hash(new).await?);
    }
    let txn = app.store.begin().await?;
    if let Some(hash) = chosen {
        let acting = sessions::acting(&row).ok_or_else(users::refused)?;
        users::set_password(&txn, &acting, &row.id, hash, None).await?;
    }
    let token = sessions::begin(&txn, app, &row, SignedInBy::Local, from).await?;
    txn.commit().await?;
    app.person_changed(&shown.tenant, &row.id).await;
    let caller = sessions::caller(app, &token).await?;
    Ok((token, caller))
}

fn refused(app: &App, email: &str, from: &From, why: &str) -> ApiError {
    app.metrics.key_refused("sign_in");
    tracing::warn!(email, address = from.address, why, "a sign-in was refused");
    users::refused()
}

#[cfg(test)]
mod tests {
    use super::{locked_until, waits};

    #[test]
    fn waits_grow_and_end() {
        let wait = |failures| locked_until(failures, 0).map(|until| until / 1_000_000);
        assert_eq!([wait(1), wait(4)], [None, None]);
        assert_eq!([wait(5), wait(6), wait(7), wait(8)], [Some(30), Some(60), Some(120), Some(240)]);
        assert_eq!([wait(10), wait(70), wait(i64::MAX)], [Some(900), Some(900), Some(900)]);
        assert!(waits(10, 10).is_ok() && waits(11, 10).is_err());
    }
}
