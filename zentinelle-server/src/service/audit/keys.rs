//! The keys that sign the heads of audit chains, and those whose signatures are believed.

use zentinelle_core::audit::{CheckpointKey, CheckpointSigner};

use crate::sealing::MasterKeys;

/// What the keys are derived for.
const PURPOSE: &str = "audit-checkpoint";

/// Signs with the newest key, believes every key of this installation.
#[derive(Debug)]
pub(crate) struct AuditKeys {
    signer: CheckpointSigner,
    trusted: Vec<CheckpointKey>,
}

impl AuditKeys {
    /// The keys of an installation. Each has the id of the root it comes from in its name, so a
    /// new root brings a new name.
    #[expect(clippy::expect_used, reason = "runs once at the start, with names made here")]
    pub(crate) fn new(keys: &MasterKeys) -> Self {
        let signers = keys.derive_each(PURPOSE).map(|(id, seed)| {
            let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
            CheckpointSigner::new(&format!("zentinelle-audit-{id}"), &seed).expect("the name has no blanks")
        });
        let mut signers: Vec<CheckpointSigner> = signers.collect();
        let trusted = signers.iter().map(|signer| signer.key().clone()).collect();
        Self { signer: signers.swap_remove(0), trusted }
    }

    /// The key that signs now.
    pub(crate) fn signer(&self) -> &CheckpointSigner {
        &self.signer
    }

    /// Every key whose checkpoints are believed.
    pub(crate) fn trusted(&self) -> &[CheckpointKey] {
        &self.trusted
    }
}
