//! Secrets at rest: whatever must come back in clear is sealed before it reaches the database.
//!
//! A value is sealed with XChaCha20-Poly1305 under the newest master key and bound to the tenant,
//! the kind and the name it belongs to, so a row that is copied to another place does not open
//! there. A sealed value is text:
//!
//! ```text
//! zs1.<key id>.<nonce>.<ciphertext and tag>      nonce and ciphertext in base64url without padding
//! ```
//!
//! To rotate, a key is added at the end of the file, what older keys sealed is sealed again, and
//! only then the old line goes: `zentinelle key rotate-master`. Servers read the file again when
//! it changes. Master keys seal and do nothing else: every other key of an installation comes
//! from its [`Root`], which is itself kept sealed, so that it outlives them.

mod error;
mod file;
mod keys;
mod root;

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

pub(crate) use self::error::SealError;
pub(crate) use self::file::KeyFile;
pub(crate) use self::keys::MasterKeys;
use self::keys::{MasterKey, is_key_id, newest};
pub(crate) use self::root::Root;

const VERSION: &str = "zs1";
const NONCE_BYTES: usize = 24;
const SEALING: &[u8] = b"seal";

/// What a sealed value belongs to. It opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealContext<'a> {
    /// The tenant that owns the value.
    pub(crate) tenant: &'a TenantId,
    /// What sort of value it is, such as `webhook`.
    pub(crate) kind: &'a str,
    /// Which one of its sort.
    pub(crate) name: &'a str,
}

/// A value in clear. It is wiped from memory when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The value itself. Whoever takes it sees to it that it is not logged.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The value itself, if it is text.
    pub(crate) fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

impl MasterKeys {
    /// Seals a value under the newest key. Two seals of one value differ.
    pub(crate) fn seal(&self, context: &SealContext<'_>, plaintext: &[u8]) -> Result<String, SealError> {
        let keys = self.all();
        let key = newest(&keys);
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(SealError::Random)?;
        let aad = associated_data(key.id(), context);
        let sealed = cipher(key)
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plaintext, aad: &aad })
            .map_err(|_| SealError::Rejected { key_id: key.id().to_owned() })?; // only a value of 256 GiB
        let (nonce, sealed) = (URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed));
        Ok(format!("{VERSION}.{}.{nonce}.{sealed}", key.id()))
    }

    /// Opens what was sealed for the same tenant, kind and name under any of the keys.
    pub(crate) fn open(&self, context: &SealContext<'_>, sealed: &str) -> Result<Plaintext, SealError> {
        let parts = Parts::of(sealed)?;
        let key_id = || parts.key_id.to_owned();
        let find = || self.all().iter().find(|key| key.id() == parts.key_id).cloned();
        // It may be one that was added since the file was read.
        let found = find().or_else(|| {
            self.look();
            find()
        });
        let key = found.ok_or_else(|| SealError::UnknownKey { key_id: key_id() })?;
        let nonce = URL_SAFE_NO_PAD.decode(parts.nonce).map_err(|_| SealError::Malformed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Malformed)?;
        let ciphertext = URL_SAFE_NO_PAD.decode(parts.ciphertext).map_err(|_| SealError::Malformed)?;
        let aad = associated_data(key.id(), context);
        cipher(&key)
            .decrypt(XNonce::from_slice(&nonce), Payload { msg: &ciphertext, aad: &aad })
            .map(|plaintext| Plaintext(Zeroizing::new(plaintext)))
            .map_err(|_| SealError::Rejected { key_id: key_id() })
    }

    /// Whether a sealed value should be sealed again, because a newer key is there.
    pub(crate) fn needs_rotation(&self, sealed: &str) -> Result<bool, SealError> {
        Ok(key_of(sealed)? != newest(&self.all()).id())
    }
}

/// The id of the master key that sealed a value.
pub(crate) fn key_of(sealed: &str) -> Result<&str, SealError> {
    Ok(Parts::of(sealed)?.key_id)
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    let sealing = key.expand(&[SEALING]);
    XChaCha20Poly1305::new(sealing.as_slice().into())
}

/// What a sealed value is bound to. Each part has its length in front, so that no two contexts
/// read alike.
fn associated_data(key_id: &str, context: &SealContext<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [VERSION, key_id, context.tenant.as_str(), context.kind, context.name] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

/// The parts of a sealed value's text.
struct Parts<'a> {
    key_id: &'a str,
    nonce: &'a str,
    ciphertext: &'a str,
}

impl<'a> Parts<'a> {
    fn of(sealed: &'a str) -> Result<Self, SealError> {
        let mut parts = sealed.split('.');
        let (Some(VERSION), Some(key_id), Some(nonce), Some(ciphertext), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::Malformed);
        };
        if is_key_id(key_id) { Ok(Self { key_id, nonce, ciphertext }) } else { Err(SealError::Malformed) }
    }
}
