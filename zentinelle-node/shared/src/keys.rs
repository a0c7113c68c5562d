//! Approvals: keys, tokens, and what a token claims.

use jiff::SignedDuration;
use serde_json::Value;
use zentinelle_core::approval::{self, Claims, Purpose, TokenError, digest_arguments};

use crate::{Class, Fault, instant, json, options};

/// A key that signs approvals.
pub struct SigningKey(approval::SigningKey);

/// The keys whose approvals are believed.
#[derive(Clone, Default)]
pub struct KeyRing(approval::KeyRing);

fn fault(error: TokenError) -> Fault {
    Fault::new(Class::Approval, error.code().as_str(), error.to_string())
}

fn thirty_two(bytes: &[u8]) -> Result<[u8; 32], Fault> {
    bytes.try_into().map_err(|_| {
        let found = bytes.len();
        Fault::new(Class::Approval, "approval.invalid_key", format!("an Ed25519 key has 32 bytes, found {found}"))
    })
}

impl SigningKey {
    /// A shared key for HMAC-SHA-256, of 32 bytes or more.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key`.
    pub fn hmac(id: &str, secret: &[u8]) -> Result<Self, Fault> {
        approval::SigningKey::hmac(id, secret).map(Self).map_err(fault)
    }

    /// A private Ed25519 key, given as its 32-byte seed.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key`.
    pub fn ed25519(id: &str, seed: &[u8]) -> Result<Self, Fault> {
        approval::SigningKey::ed25519(id, &thirty_two(seed)?).map(Self).map_err(fault)
    }

    /// The id written in tokens.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The public key of an Ed25519 key; nothing for a shared one.
    #[must_use]
    pub fn public_key(&self) -> Option<Vec<u8>> {
        self.0.verifying_key().public_bytes().map(Vec::from)
    }

    /// Writes and signs a token that says what the claims (JSON) say.
    ///
    /// # Errors
    ///
    /// A fault of class `argument` for claims nobody knows, `approval.malformed` for claims nobody would accept.
    pub fn mint(&self, claims: &str) -> Result<String, Fault> {
        let claims: Claims = options(claims, "the claims of an approval")?;
        self.0.mint(&claims).map_err(fault)
    }
}

impl KeyRing {
    /// Trusts one more shared key.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key`.
    pub fn trust_hmac(&mut self, id: &str, secret: &[u8]) -> Result<(), Fault> {
        let key = approval::VerifyingKey::hmac(id, secret).map_err(fault)?;
        self.0.insert(key).map_err(fault)
    }

    /// Trusts one more Ed25519 key, given as its 32 public bytes.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key`.
    pub fn trust_ed25519(&mut self, id: &str, public: &[u8]) -> Result<(), Fault> {
        let key = approval::VerifyingKey::ed25519(id, &thirty_two(public)?).map_err(fault)?;
        self.0.insert(key).map_err(fault)
    }

    /// Trusts the key that belongs to a signing key.
    ///
    /// # Errors
    ///
    /// `approval.invalid_key` if the ring has a key of that id.
    pub fn trust(&mut self, key: &SigningKey) -> Result<(), Fault> {
        self.0.insert(key.0.verifying_key()).map_err(fault)
    }

    /// Trusts the key of this id no longer. Says whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id)
    }

    /// The ids of the keys, as a JSON list.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn ids(&self) -> Result<String, Fault> {
        json(&self.0.ids().collect::<Vec<_>>())
    }

    /// What a token claims (JSON), if it is genuine, of this purpose and valid now.
    ///
    /// # Errors
    ///
    /// One of the `approval.*` codes.
    pub fn verify(&self, token: &str, purpose: &str, now: f64, max_age_seconds: Option<f64>) -> Result<String, Fault> {
        let purpose: Purpose = serde_json::from_value(Value::from(purpose)).map_err(|_| {
            Fault::new(Class::Argument, "argument.unknown_purpose", format!("`{purpose}` is no purpose of a token"))
                .with_help("expected `tool-approval`, `agent-capability-approval`, `human-oversight-approval` or `agent-delegation-v1`")
        })?;
        let max_age = max_age_seconds.map(SignedDuration::try_from_secs_f64).transpose();
        let max_age = max_age.map_err(|_| {
            Fault::new(Class::Argument, "argument.invalid_age", "the greatest age is no number of seconds")
        })?;
        json(&self.0.verify(token, purpose, instant(now)?, max_age).map_err(fault)?)
    }

    pub(crate) fn ring(&self) -> &approval::KeyRing {
        &self.0
    }
}

/// The digest of the exact arguments of a call (JSON), as approvals and audit records hold it.
///
/// # Errors
///
/// `approval.inexact_number` for a number that two readers could understand differently.
pub fn audit_digest(arguments: &str) -> Result<String, Fault> {
    let value: Value = options(arguments, "arguments")?;
    digest_arguments(&value)
        .map(|digest| digest.to_string())
        .map_err(|error| Fault::new(Class::Approval, "approval.inexact_number", error.to_string()))
}
