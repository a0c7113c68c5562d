//! Enrolment tokens derived from a secret, as older installations hand them out.
//!
//! Such a token is `bt_<tenant>_<HMAC-SHA256 of the tenant's id>`. It never expires and cannot
//! be revoked on its own, so none is accepted unless the operator gives the secret.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use super::key::{BOOTSTRAP_PREFIX, from_hex};

/// Checks derived tokens; without a secret it accepts none.
#[derive(Clone, Default)]
pub(crate) struct LegacyTokens(Option<Zeroizing<String>>);

impl fmt::Debug for LegacyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "LegacyTokens(on)" } else { "LegacyTokens(off)" })
    }
}

impl LegacyTokens {
    /// Tokens derived from a secret; an empty one accepts none.
    pub(crate) fn new(secret: &str) -> Self {
        Self((!secret.is_empty()).then(|| Zeroizing::new(secret.to_owned())))
    }

    /// The tenant a derived token enrols into.
    pub(crate) fn tenant(&self, token: &str) -> Option<TenantId> {
        let secret = self.0.as_ref()?;
        // From the right, because the tenant's id may hold underscores itself.
        let (tenant, proof) = token.strip_prefix(BOOTSTRAP_PREFIX)?.rsplit_once('_')?;
        let proof = from_hex(proof)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(tenant.as_bytes());
        mac.verify_slice(&proof).ok()?;
        Some(TenantId::new(tenant))
    }

    /// The token of a tenant.
    #[cfg(test)]
    pub(crate) fn token(&self, tenant: &str) -> String {
        let secret = self.0.as_ref().expect("a secret");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(tenant.as_bytes());
        format!("{BOOTSTRAP_PREFIX}{tenant}_{}", super::key::hex(&mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::LegacyTokens;

    #[test]
    fn a_derived_token_opens_its_own_tenant_and_only_with_the_secret() {
        let tokens = LegacyTokens::new("bootstrap");
        let token = tokens.token("north_west");
        assert_eq!(tokens.tenant(&token).expect("its tenant").as_str(), "north_west");
        assert!(tokens.tenant(&token.replace("north", "south")).is_none());
        assert!(LegacyTokens::new("other").tenant(&token).is_none());
        assert!(LegacyTokens::new("").tenant(&token).is_none());
        assert!(!format!("{tokens:?}").contains("bootstrap"));
    }

    #[test]
    fn the_form_is_the_one_older_installations_use() {
        // HMAC-SHA256 with the key `key` over the text `tenant`.
        let token = "bt_tenant_59fa2beda7e9e4872add55be5ddad415048a3bb33bb61914e299b84407f8909c";
        assert!(LegacyTokens::new("key").tenant(token).is_some());
    }
}
