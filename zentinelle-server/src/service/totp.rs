//! One-time codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds, which is what
//! every app does). The secret is sealed; a code is good once.

use totp_rs::{Builder, Totp};
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use crate::http::error::ApiError;
use crate::sealing::{MasterKeys, SealContext};
use crate::store::entities::user;
use crate::store::users as store;

/// The kind under which the secrets are sealed.
pub(crate) const SEALED_AS: &str = "totp";
/// 160 bits, as RFC 4226 recommends. Unit: bytes.
const SECRET_BYTES: usize = 20;

fn fault(error: impl std::fmt::Display) -> ApiError {
    ApiError::Internal(format!("one-time codes: {error}"))
}

fn totp(secret: &[u8], email: &str) -> Result<Totp, ApiError> {
    // The library takes no colon in a name, because addresses are written with one.
    let account = email.replace(':', " ");
    let builder = Builder::new().with_secret(secret.to_vec()).with_account_name(account);
    builder.with_issuer(Some("Zentinelle")).build().map_err(fault)
}

/// A new secret: sealed to be kept, and as the address that an app reads from a picture.
pub(crate) fn begin(
    keys: &MasterKeys,
    tenant: &TenantId,
    user: &user::Model,
) -> Result<(String, Zeroizing<String>), ApiError> {
    let mut secret = Zeroizing::new([0_u8; SECRET_BYTES]);
    getrandom::fill(secret.as_mut()).map_err(fault)?;
    let context = SealContext { tenant, kind: SEALED_AS, name: &user.id };
    let sealed = keys.seal(&context, secret.as_ref()).map_err(fault)?;
    let uri = totp(secret.as_ref(), &user.email)?.to_url().map_err(fault)?;
    Ok((sealed, Zeroizing::new(uri)))
}

/// Whether a code is right at an instant and was not used before; it is then used. Unit of `now`: microseconds.
pub(crate) async fn accepts(
    db: &impl sea_orm::ConnectionTrait,
    keys: &MasterKeys,
    user: &user::Model,
    code: &str,
    now: i64,
) -> Result<bool, ApiError> {
    let Some(sealed) = &user.sealed_totp else { return Ok(false) };
    let tenant = TenantId::new(user.tenant_id.as_str());
    let context = SealContext { tenant: &tenant, kind: SEALED_AS, name: &user.id };
    let secret = keys.open(&context, sealed).map_err(fault)?;
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let seconds = u64::try_from(now / 1_000_000).unwrap_or_default();
    let Some(step) = totp(secret.expose(), &user.email)?.check(&code, seconds) else { return Ok(false) };
    let step = i64::try_from(step).map_err(fault)?;
    Ok(store::use_step(db, &tenant, &user.id, step).await?)
}

/// The code of an instant, as an app would show it.
#[cfg(test)]
pub(crate) fn code(uri: &str, now: i64) -> String {
    Totp::from_url(uri).expect("an address").generate(u64::try_from(now / 1_000_000).expect("a time")).to_string()
}
