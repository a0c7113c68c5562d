//! Evidence of one entry, for somebody who has the public key and nothing else.

use serde::{Deserialize, Serialize};

use super::merkle::InclusionProof;
use super::{Checkpoint, CheckpointError, CheckpointKey, Digest, Entry};

/// One entry with the proof that it is in the log that was signed. Shows nothing of the other entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Chain hash of the entry before; of the first entry, that of [`super::Chain::genesis`].
    pub previous: Digest,
    /// The entry.
    pub entry: Entry,
    /// From [`super::merkle::prove_inclusion`], for the size in the checkpoint.
    pub inclusion: InclusionProof,
    /// A signed checkpoint that covers the entry.
    pub checkpoint: String,
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The record does not fit its hashes.
    #[error("the entry was changed")]
    Edited,
    /// The checkpoint is not believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is of another tenant's log.
    #[error("the checkpoint is of another tenant than the entry")]
    WrongTenant,
    /// The entry is not where the receipt says.
    #[error("the entry is not in the log that was signed")]
    NotIncluded,
}

impl Receipt {
    /// Says whether a log that one of `keys` signed holds this entry at its place, and gives that checkpoint.
    ///
    /// # Errors
    ///
    /// If the entry was changed, the checkpoint is not believed or of another tenant, or does not cover the entry.
    pub fn verify(&self, keys: &[CheckpointKey]) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys)?;
        if checkpoint.origin != Checkpoint::origin_of(&self.entry.record.tenant_id) {
            return Err(ReceiptError::WrongTenant);
        }
        if !self.entry.follows(&self.previous) {
            return Err(ReceiptError::Edited);
        }
        let in_place = self.entry.sequence.checked_sub(1) == Some(self.inclusion.index);
        if !in_place || !self.inclusion.verify(&self.entry.leaf_hash(), &checkpoint.tree) {
            return Err(ReceiptError::NotIncluded);
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::merkle::prove_inclusion;
    use crate::audit::{AuditAction, AuditRecord, Chain, CheckpointSigner, Outcome};
    use jiff::Timestamp;
    use serde_json::json;

    fn receipts() -> (Vec<Receipt>, CheckpointKey) {
        let signer = CheckpointSigner::new("log.example", &[5; 32]).expect("signer");
        let mut chain = Chain::genesis("t");
        let (mut before, mut leaves) = (Vec::new(), Vec::new());
        for id in 0..9 {
            let record = AuditRecord::new(
                format!("r{id}"),
                "t",
                Timestamp::UNIX_EPOCH,
                AuditAction::Decide,
                "request",
                Outcome::Denied,
            );
            let previous = chain.chain_hash();
            let entry = chain.append(record).expect("entry");
            leaves.push(entry.leaf_hash());
            before.push((previous, entry));
        }
        let checkpoint = signer.sign(&Checkpoint::new("t", chain.tree_head()));
        let receipts = before.into_iter().map(|(previous, entry)| Receipt {
            previous,
            inclusion: prove_inclusion(leaves.as_slice(), entry.sequence - 1, 9).expect("proof"),
            entry,
            checkpoint: checkpoint.clone(),
        });
        (receipts.collect(), signer.key().clone())
    }

    #[test]
    fn a_receipt_stands_alone() {
        let (receipts, key) = receipts();
        for receipt in receipts {
            let text = json!(receipt).to_string();
            let read: Receipt = serde_json::from_str(&text).expect("receipt");
            assert_eq!(read.verify(std::slice::from_ref(&key)).map(|checkpoint| checkpoint.tree.size), Ok(9));
            assert_eq!(read.verify(&[]), Err(ReceiptError::Checkpoint(CheckpointError::NotTrusted)));
        }
    }

    #[test]
    fn whatever_is_changed_it_proves_nothing() {
        let (receipts, key) = receipts();
        let judge = |change: fn(&mut Receipt)| {
            let mut receipt = receipts[4].clone();
            change(&mut receipt);
            receipt.verify(std::slice::from_ref(&key)).err()
        };
        assert_eq!(judge(|receipt| receipt.entry.record.outcome = Outcome::Success), Some(ReceiptError::Edited));
        assert_eq!(judge(|receipt| receipt.entry.sequence = 4), Some(ReceiptError::Edited));
        assert_eq!(judge(|receipt| receipt.previous = receipt.entry.chain_hash), Some(ReceiptError::Edited));
        assert_eq!(judge(|receipt| receipt.entry.record.tenant_id = "u".into()), Some(ReceiptError::WrongTenant));
        assert_eq!(judge(|receipt| receipt.inclusion.index = 5), Some(ReceiptError::NotIncluded));
        let made_up = judge(|receipt| {
            let mut chain = Chain::genesis("t");
            receipt.previous = chain.chain_hash();
            receipt.entry = chain.append(receipt.entry.record.clone()).expect("entry");
            receipt.inclusion.index = 0;
        });
        assert_eq!(made_up, Some(ReceiptError::NotIncluded));
    }
}
