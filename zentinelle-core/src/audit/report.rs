//! What a verifier found.

use serde::{Deserialize, Serialize};

use super::Digest;

/// How many faults are listed; the others are only counted.
pub const MAX_LISTED_FAULTS: usize = 100;

/// One way in which a log is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// An entry does not fit its hashes or does not follow the one before: it, or that one, was changed.
    Edited,
    /// A line stands at another place than it should.
    Reordered,
    /// An entry does not belong here: a repetition, or one that fits nowhere.
    Inserted,
    /// Entries are missing, and later ones are there.
    Missing,
    /// Entries at the end are missing that a checkpoint or the verifier knows of.
    Truncated,
    /// Two entries or two checkpoints claim one place, each well formed: history was written twice.
    Forked,
    /// The entries fit each other, but not what was signed or known earlier: history was written anew.
    Rewritten,
    /// A checkpoint that no trusted key signed as it stands.
    BadSignature,
    /// A header, entry or checkpoint of another tenant.
    WrongTenant,
    /// A line that cannot be read, or is no line of a bundle.
    Malformed,
}

/// A fault and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Line of the bundle, from 1, where it was noticed. None for the bundle as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Sequence number of the entry, or of the first one concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Sequence number of the last entry concerned, if it is known and there can be several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u64>,
    /// The same for people.
    pub message: String,
}

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No fault, and a trusted checkpoint or a known head vouches for entries that were read.
    Valid,
    /// No fault, but nothing signed or known vouches: whoever wrote the log could have written it anew.
    Unanchored,
    /// There was no entry to verify. This is not "valid".
    NothingVerified,
    /// At least one fault.
    Invalid,
}

/// What a verifier found in a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The tenant, from the header or from what was expected.
    pub tenant_id: Option<String>,
    /// Number of entries whose hashes were recomputed and found right.
    pub entries: u64,
    /// Sequence number of the first entry that the bundle should hold.
    pub first_sequence: u64,
    /// Sequence number of the last entry found; one less than `first_sequence` if there is none.
    pub last_sequence: u64,
    /// Chain hash of the last entry.
    pub chain_hash: Option<Digest>,
    /// Merkle root over all entries up to the last. None if it cannot be known because entries are missing.
    pub root: Option<Digest>,
    /// Number of trusted checkpoints that fit the entries.
    pub checkpoints: u64,
    /// Sequence number up to which a trusted checkpoint or a known head vouches. Zero: nowhere.
    /// Later entries could be removed or replaced unnoticed.
    pub anchored_through: u64,
    /// Number of checkpoints that could not be judged because no key was given.
    pub unjudged_checkpoints: u64,
    /// The last line, if it breaks off in its middle, as after a crash. Not a fault; nothing of it was used.
    pub torn_tail: Option<u64>,
    /// The first [`MAX_LISTED_FAULTS`] faults.
    pub faults: Vec<Fault>,
    /// Number of all faults.
    pub fault_count: u64,
}

impl Report {
    /// The outcome in one word.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.fault_count > 0 {
            Status::Invalid
        } else if self.entries == 0 {
            Status::NothingVerified
        } else if self.anchored_through < self.first_sequence {
            Status::Unanchored
        } else {
            Status::Valid
        }
    }

    /// Says whether entries were verified, none is at fault, and something signed or known vouches for them.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.status() == Status::Valid
    }

    /// Adds a fault and says where it is listed, if it is.
    pub(super) fn add(&mut self, fault: Fault) -> Option<usize> {
        self.fault_count = self.fault_count.saturating_add(1);
        if self.faults.len() >= MAX_LISTED_FAULTS {
            return None;
        }
        self.faults.push(fault);
        Some(self.faults.len() - 1)
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind, line: Option<u64>, sequence: Option<u64>, message: impl Into<String>) -> Self {
        Self { kind, line, sequence, through: None, message: message.into() }
    }
}
