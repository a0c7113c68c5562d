//! The key that signs the heads of audit chains, and whose signatures are believed.

use zentinelle_core::audit::{CheckpointKey, CheckpointSigner};

use crate::sealing::Root;

/// What the key is derived for.
const PURPOSE: &str = "audit-checkpoint";

/// Signs with the key of this installation, and believes it.
#[derive(Debug)]
pub(crate) struct AuditKeys {
    signer: CheckpointSigner,
    trusted: [CheckpointKey; 1],
}

impl AuditKeys {
    /// The keys of an installation. The root has its name in theirs, so another root brings
    /// another name.
    #[expect(clippy::expect_used, reason = "runs once at the start, with a name made here")]
    pub(crate) fn new(root: &Root) -> Self {
        let name = format!("zentinelle-audit-{}", root.name());
        let signer = CheckpointSigner::new(&name, &root.derive(PURPOSE)).expect("the name has no blanks");
        Self { trusted: [signer.key().clone()], signer }
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
