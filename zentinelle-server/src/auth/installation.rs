//! Keys of this installation, one for each purpose, all made from its master keys.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The keys that belong to this installation and to no tenant.
#[derive(Clone)]
pub(crate) struct InstallationKeys {
    roots: Vec<(String, Zeroizing<[u8; 32]>)>,
}

impl fmt::Debug for InstallationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.roots.iter().map(|(id, _)| id)).finish()
    }
}

impl InstallationKeys {
    /// Keys made from one root, known by an id of letters, digits, `-` and `_`.
    pub(crate) fn new(id: &str, root: [u8; 32]) -> Self {
        Self { roots: vec![(id.to_owned(), Zeroizing::new(root))] }
    }

    /// A key for one purpose, the same as long as the oldest root is there.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.derive_each(purpose).last().map(|(_, key)| key).unwrap_or_default()
    }

    /// A key for one purpose from each root, newest first, with the root's id. Sign with the
    /// first and accept any: signatures then outlive a rotation and follow it.
    pub(crate) fn derive_each(&self, purpose: &str) -> impl Iterator<Item = (&str, Zeroizing<[u8; 32]>)> {
        self.roots.iter().map(move |(id, root)| {
            #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(root.as_ref()).expect("HMAC takes keys of any length");
            mac.update(b"derive:");
            mac.update(purpose.as_bytes());
            (id.as_str(), Zeroizing::new(mac.finalize().into_bytes().into()))
        })
    }
}
