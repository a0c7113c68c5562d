//! The root of an installation: a random key from which others are derived, one a purpose.

use std::fmt;

use zeroize::Zeroizing;

use super::error::SealError;
use super::keys::MasterKey;

const DERIVING: &[u8] = b"derive:";
const NAMING: &[u8] = b"name";

/// A random key that is made once. What is derived from it stays the same for as long as the
/// installation lives, whatever becomes of master keys. It is wiped from memory when dropped, and
/// never printed.
#[derive(Clone)]
pub(crate) struct Root(MasterKey);

impl Root {
    /// A new one.
    pub(crate) fn generate() -> Result<Self, SealError> {
        MasterKey::generate().map(Self)
    }

    /// As it was kept.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() != 32 {
            return Err(SealError::Malformed);
        }
        Ok(Self(MasterKey::of(String::new(), Zeroizing::new(bytes.to_vec()))))
    }

    /// To be sealed and kept.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.secret()
    }

    /// A key for one purpose, such as the hashes of API keys.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.0.expand(&[DERIVING, purpose.as_bytes()])
    }

    /// A name that tells this root from others and nothing else of it.
    pub(crate) fn name(&self) -> String {
        self.0.expand(&[NAMING]).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Root(..)")
    }
}
