//! Keys that sign and check tokens, each with an id so that they can be changed without a gap.

use std::collections::BTreeMap;
use std::fmt;

use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::{TokenError, codes};

/// Shortest secret of an HMAC key. Unit: bytes.
pub const MIN_SECRET_BYTES: usize = 32;

const BAD_SIGNATURE: TokenError = TokenError::new(codes::BAD_SIGNATURE, "the signature does not fit the token");

/// A key that signs tokens. Its secret is wiped when it is dropped and never printed.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    secret: SigningSecret,
}

#[derive(Clone)]
enum SigningSecret {
    Hmac(Zeroizing<Vec<u8>>),
    // Wipes itself.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A key that checks tokens. The HMAC kind can sign as well, so keep it as secret as a signing key.
#[derive(Clone)]
pub struct VerifyingKey {
    id: String,
    material: VerifyingMaterial,
}

#[derive(Clone)]
enum VerifyingMaterial {
    Hmac(Zeroizing<Vec<u8>>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

/// The keys a verifier trusts, by id. A ring without keys verifies nothing.
#[derive(Clone, Default)]
pub struct KeyRing(BTreeMap<String, VerifyingMaterial>);

impl SigningKey {
    /// A shared key for HMAC-SHA-256. `secret` has at least [`MIN_SECRET_BYTES`] bytes.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` for a short secret or an id that is not 1 to 64 letters, digits, `-` or `_`.
    pub fn hmac(id: &str, secret: &[u8]) -> Result<Self, TokenError> {
        Ok(Self { id: key_id(id)?, secret: SigningSecret::Hmac(hmac_secret(secret)?) })
    }

    /// A private Ed25519 key, given as its 32-byte seed.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` for an id that is not 1 to 64 letters, digits, `-` or `_`.
    pub fn ed25519(id: &str, seed: &[u8; 32]) -> Result<Self, TokenError> {
        let key = Box::new(ed25519_dalek::SigningKey::from_bytes(seed));
        Ok(Self { id: key_id(id)?, secret: SigningSecret::Ed25519(key) })
    }

    /// The id written in tokens.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let material = match &self.secret {
            SigningSecret::Hmac(secret) => VerifyingMaterial::Hmac(secret.clone()),
            SigningSecret::Ed25519(key) => VerifyingMaterial::Ed25519(Box::new(key.verifying_key())),
        };
        VerifyingKey { id: self.id.clone(), material }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        match &self.secret {
            SigningSecret::Hmac(secret) => Ok(mac(secret, message)?.finalize().into_bytes().to_vec()),
            SigningSecret::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

impl VerifyingKey {
    /// A shared key for HMAC-SHA-256. `secret` has at least [`MIN_SECRET_BYTES`] bytes.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` for a short secret or an id that is not 1 to 64 letters, digits, `-` or `_`.
    pub fn hmac(id: &str, secret: &[u8]) -> Result<Self, TokenError> {
        Ok(Self { id: key_id(id)?, material: VerifyingMaterial::Hmac(hmac_secret(secret)?) })
    }

    /// A public Ed25519 key.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` for bytes that are no usable public key, or an id that is not 1 to 64 letters,
    /// digits, `-` or `_`.
    pub fn ed25519(id: &str, public: &[u8; 32]) -> Result<Self, TokenError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public)
            .ok()
            .filter(|key| !key.is_weak())
            .ok_or(TokenError::new(codes::INVALID_KEY, "the bytes are no usable Ed25519 public key"))?;
        Ok(Self { id: key_id(id)?, material: VerifyingMaterial::Ed25519(Box::new(key)) })
    }

    /// The id written in tokens.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public key, to be handed to others. Nothing for a shared key.
    #[must_use]
    pub fn public_bytes(&self) -> Option<[u8; 32]> {
        match &self.material {
            VerifyingMaterial::Hmac(_) => None,
            VerifyingMaterial::Ed25519(key) => Some(key.to_bytes()),
        }
    }
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts one more key.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` if the ring already has a key of that id: which of the two to believe would be a guess.
    pub fn insert(&mut self, key: VerifyingKey) -> Result<(), TokenError> {
        if self.0.contains_key(&key.id) {
            return Err(TokenError::new(codes::INVALID_KEY, "the ring already holds a key of this id"));
        }
        self.0.insert(key.id, key.material);
        Ok(())
    }

    /// Builds a ring.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` if two keys share an id.
    pub fn from_keys(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, TokenError> {
        let mut ring = Self::new();
        keys.into_iter().try_for_each(|key| ring.insert(key))?;
        Ok(ring)
    }

    /// Trusts the key of this id no longer. Says whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    /// The ids of the keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Says whether the ring has no keys and so verifies nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn check(&self, id: &str, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let key =
            self.0.get(id).ok_or(TokenError::new(codes::UNKNOWN_KEY, "the token is signed with an unknown key"))?;
        match key {
            // Compares in constant time.
            VerifyingMaterial::Hmac(secret) => mac(secret, message)?.verify_slice(signature).map_err(|_| BAD_SIGNATURE),
            VerifyingMaterial::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(message, &signature))
                .map_err(|_| BAD_SIGNATURE),
        }
    }
}

fn mac(secret: &[u8], message: &[u8]) -> Result<Hmac<Sha256>, TokenError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .map_err(|_| TokenError::new(codes::INVALID_KEY, "the secret cannot be used"))?;
    mac.update(message);
    Ok(mac)
}

fn hmac_secret(secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(TokenError::new(codes::INVALID_KEY, "a secret has at least 32 bytes"));
    }
    Ok(Zeroizing::new(secret.to_vec()))
}

/// Key ids stand between the dots of a token and in log lines, so they are kept plain.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn key_id(id: &str) -> Result<String, TokenError> {
    if is_key_id(id) {
        return Ok(id.to_owned());
    }
    Err(TokenError::new(codes::INVALID_KEY, "a key id has 1 to 64 letters, digits, `-` or `_`"))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secrets_odd_ids_and_weak_keys_are_refused() {
        assert!(SigningKey::hmac("k", &[7; 32]).is_ok());
        assert!(SigningKey::hmac("k", &[7; 31]).is_err());
        for id in ["", "a.b", "ü", "a b", &"k".repeat(65)] {
            assert!(SigningKey::ed25519(id, &[7; 32]).is_err(), "{id}");
        }
        assert!(VerifyingKey::ed25519("k", &[0; 32]).is_err(), "a point of small order");
    }

    #[test]
    fn debug_output_shows_ids_and_nothing_else() {
        let shared = SigningKey::hmac("shared", b"a secret that nobody should read").expect("key");
        let private = SigningKey::ed25519("private", b"a secret that nobody should read").expect("key");
        let ring = KeyRing::from_keys([shared.verifying_key(), private.verifying_key()]).expect("ring");
        assert_eq!(format!("{ring:?}"), r#"{"private", "shared"}"#);
        assert_eq!(
            format!("{shared:?} {private:?} {:?}", shared.verifying_key()),
            r#"SigningKey { id: "shared", .. } SigningKey { id: "private", .. } VerifyingKey { id: "shared", .. }"#
        );
    }

    #[test]
    fn a_ring_holds_one_key_per_id() {
        let key = |byte| SigningKey::ed25519("k", &[byte; 32]).expect("key").verifying_key();
        assert!(KeyRing::from_keys([key(1), key(2)]).is_err());
        let mut ring = KeyRing::from_keys([key(1)]).expect("ring");
        assert!(ring.remove("k") && !ring.remove("k") && ring.is_empty());
    }
}
