//! The hash chain of one tenant: each entry holds the hash of everything before it.
//!
//! [`Chain`] is the head of the chain: state in, state out. The host keeps it in one row per tenant, locks that row,
//! appends and stores head and entry in one transaction, so that two writers cannot fork the chain.
//!
//! # Hashes
//!
//! SHA-256 over a list of parts, each preceded by its length as eight bytes, big endian; the first part names the
//! kind of hash. All hashes enter as 32 bytes, sequence numbers as eight bytes, big endian.
//!
//! | hash | parts |
//! |---|---|
//! | genesis | `zentinelle-audit-genesis-v1`, tenant id |
//! | entry | `zentinelle-audit-entry-v1`, canonical JSON of the whole record |
//! | chain | `zentinelle-audit-chain-v1`, chain hash before (or genesis), sequence number, entry hash |
//!
//! The chain hashes are the leaves of the Merkle tree whose root is signed in checkpoints. An unsigned chain shows
//! accidents only: whoever can write the whole of it can hash it anew.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::merkle::{Frontier, TreeHead, leaf_hash};
use super::{AuditRecord, Digest, to_canonical_json};

/// Why a record cannot be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The record belongs to the chain of another tenant.
    #[error("the record belongs to another tenant than the chain")]
    WrongTenant,
    /// The record is nested deeper than readers of JSON go.
    #[error("the record is nested deeper than {MAX_RECORD_DEPTH} levels")]
    TooDeep,
    /// The record is larger than a verifier takes.
    #[error("the record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// No sequence number is left, or the record cannot be written as JSON.
    #[error("the record cannot be written")]
    Unwritable,
}

/// Deepest nesting of lists and objects in a record. An agent that nests its arguments deeper must not be able to
/// leave an entry behind that nobody can read.
pub const MAX_RECORD_DEPTH: usize = 100;

/// Longest record in canonical JSON. Unit: bytes.
pub const MAX_RECORD_BYTES: usize = 4 << 20;

/// The head of a chain: all that is needed to append to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ChainState", into = "ChainState")]
pub struct Chain {
    tenant_id: String,
    chain_hash: Digest,
    // INVARIANT: its size is the sequence number of the last entry.
    tree: Frontier,
}

/// A [`Chain`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainState {
    tenant_id: String,
    size: u64,
    chain_hash: Digest,
    frontier: Vec<Digest>,
}

/// One record in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place in the chain, from 1, without gaps.
    pub sequence: u64,
    /// Hash of the record.
    pub entry_hash: Digest,
    /// Hash of this entry and, through the one before, of all earlier ones.
    pub chain_hash: Digest,
    /// The record.
    pub record: AuditRecord,
}

impl Chain {
    /// The head of an empty chain.
    #[must_use]
    pub fn genesis(tenant_id: &str) -> Self {
        Self { tenant_id: tenant_id.to_owned(), chain_hash: genesis_hash(tenant_id), tree: Frontier::new() }
    }

    /// The tenant.
    #[must_use]
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// Sequence number of the last entry; zero for an empty chain.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Chain hash of the last entry, or the genesis hash.
    #[must_use]
    pub fn chain_hash(&self) -> Digest {
        self.chain_hash
    }

    /// Size and Merkle root, to be signed in a checkpoint.
    #[must_use]
    pub fn tree_head(&self) -> TreeHead {
        self.tree.head()
    }

    pub(super) fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// Puts a record at the end of the chain. Nothing has changed if it fails.
    ///
    /// # Errors
    ///
    /// If the record belongs to another tenant, is too deep or too long, or cannot be written.
    pub fn append(&mut self, record: AuditRecord) -> Result<Entry, AppendError> {
        self.append_written(record).map(|(entry, _)| entry)
    }

    /// As [`Chain::append`], and the entry in canonical JSON besides: a host that keeps it letter for letter need
    /// not write the record once more.
    ///
    /// # Errors
    ///
    /// As [`Chain::append`].
    pub fn append_written(&mut self, record: AuditRecord) -> Result<(Entry, String), AppendError> {
        if record.tenant_id != self.tenant_id {
            return Err(AppendError::WrongTenant);
        }
        let written = serde_json::to_value(&record).map_err(|_| AppendError::Unwritable)?;
        if !shallower_than(&written, MAX_RECORD_DEPTH) {
            return Err(AppendError::TooDeep);
        }
        let canonical = to_canonical_json(&written);
        if canonical.len() > MAX_RECORD_BYTES {
            return Err(AppendError::TooLong);
        }
        let sequence = self.size().checked_add(1).ok_or(AppendError::Unwritable)?;
        let entry_hash = entry_hash(&canonical);
        let chain_hash = chain_hash(&self.chain_hash, sequence, &entry_hash);
        self.tree.push(leaf_hash(chain_hash.as_bytes()));
        self.chain_hash = chain_hash;
        // Its keys in their order; the digests and the number need no escapes.
        let text = format!(
            r#"{{"chain_hash":"{chain_hash}","entry_hash":"{entry_hash}","record":{canonical},"sequence":{sequence}}}"#
        );
        Ok((Entry { sequence, entry_hash, chain_hash, record }, text))
    }
}

impl Entry {
    /// Hash of this entry as a leaf of the Merkle tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Digest {
        leaf_hash(self.chain_hash.as_bytes())
    }

    /// Says whether the hashes fit the record and the chain hash of the entry before
    /// (for the first entry: that of [`Chain::genesis`]).
    #[must_use]
    pub fn follows(&self, previous: &Digest) -> bool {
        let Ok(written) = serde_json::to_value(&self.record) else { return false };
        self.entry_hash == entry_hash(&to_canonical_json(&written))
            && self.chain_hash == chain_hash(previous, self.sequence, &self.entry_hash)
    }
}

pub(super) fn genesis_hash(tenant_id: &str) -> Digest {
    Digest::framed("zentinelle-audit-genesis-v1", &[tenant_id.as_bytes()])
}

/// Takes the record in canonical JSON.
pub(super) fn entry_hash(canonical: &str) -> Digest {
    Digest::framed("zentinelle-audit-entry-v1", &[canonical.as_bytes()])
}

fn shallower_than(value: &Value, depth: usize) -> bool {
    let below = |child| depth > 0 && shallower_than(child, depth - 1);
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(below),
        Value::Object(members) => depth > 0 && members.values().all(below),
        _ => true,
    }
}

pub(super) fn chain_hash(previous: &Digest, sequence: u64, entry_hash: &Digest) -> Digest {
    let parts: [&[u8]; 3] = [previous.as_bytes(), &sequence.to_be_bytes(), entry_hash.as_bytes()];
    Digest::framed("zentinelle-audit-chain-v1", &parts)
}

impl From<Chain> for ChainState {
    fn from(chain: Chain) -> Self {
        Self {
            tenant_id: chain.tenant_id,
            size: chain.tree.size(),
            chain_hash: chain.chain_hash,
            frontier: chain.tree.nodes().to_vec(),
        }
    }
}

impl TryFrom<ChainState> for Chain {
    type Error = &'static str;

    fn try_from(state: ChainState) -> Result<Self, &'static str> {
        let tree = Frontier::from_nodes(state.size, state.frontier).ok_or("the frontier does not fit the size")?;
        if state.size == 0 && state.chain_hash != genesis_hash(&state.tenant_id) {
            return Err("an empty chain begins with the genesis hash of its tenant");
        }
        Ok(Self { tenant_id: state.tenant_id, chain_hash: state.chain_hash, tree })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditAction, Outcome};
    use jiff::Timestamp;
    use serde_json::json;

    fn record(id: &str) -> AuditRecord {
        AuditRecord::new(id, "t", Timestamp::UNIX_EPOCH, AuditAction::Update, "policy", Outcome::Success)
    }

    #[test]
    fn a_head_that_was_stored_goes_on_as_if_it_had_not_been() {
        let mut kept = Chain::genesis("t");
        let mut stored = json!(kept);
        for number in 0..20 {
            let mut chain: Chain = serde_json::from_value(stored).expect("chain");
            let entry = chain.append(record(&number.to_string())).expect("entry");
            assert_eq!(kept.append(record(&number.to_string())), Ok(entry));
            stored = json!(chain);
        }
        assert_eq!(stored, json!(kept));
        assert_eq!(kept.size(), 20);
    }

    #[test]
    fn the_text_of_an_entry_is_its_canonical_json() {
        let mut chain = Chain::genesis("t");
        for note in [json!({ "note": "a\u{1}\"\n\\\u{e9}\u{10ffff}", "b": [1.5, null] }), json!(null)] {
            let (entry, text) = chain.append_written(AuditRecord { metadata: note, ..record("1") }).expect("entry");
            assert_eq!(text, to_canonical_json(&json!(entry)));
        }
    }

    #[test]
    fn another_tenant_is_refused_and_changes_nothing() {
        let mut chain = Chain::genesis("u");
        assert_eq!(chain.append(record("1")), Err(AppendError::WrongTenant));
        assert_eq!(chain, Chain::genesis("u"));
        assert_ne!(chain.chain_hash(), Chain::genesis("t").chain_hash());
    }

    #[test]
    fn a_record_that_nobody_could_read_back_is_refused() {
        let nested = |levels| (0..levels).fold(json!(0), |inner, _| json!([inner]));
        let mut chain = Chain::genesis("t");
        assert!(chain.append(AuditRecord { changes: nested(MAX_RECORD_DEPTH - 1), ..record("1") }).is_ok());
        let deep = AuditRecord { changes: nested(MAX_RECORD_DEPTH), ..record("2") };
        assert_eq!(chain.append(deep), Err(AppendError::TooDeep));
        let long = AuditRecord { changes: json!("x".repeat(MAX_RECORD_BYTES)), ..record("2") };
        assert_eq!(chain.append(long), Err(AppendError::TooLong));
        assert_eq!(chain.size(), 1);
    }

    #[test]
    fn an_entry_follows_its_predecessor_only_as_it_was() {
        let mut chain = Chain::genesis("t");
        let first = chain.append(record("1")).expect("entry");
        let second = chain.append(AuditRecord { metadata: json!({ "note": "a|b" }), ..record("2") }).expect("entry");
        assert!(first.follows(&Chain::genesis("t").chain_hash()) && second.follows(&first.chain_hash));
        assert!(!second.follows(&Chain::genesis("t").chain_hash()));
        let mut edited = second;
        edited.record.metadata = json!({ "note": "a" });
        assert!(!edited.follows(&first.chain_hash));
    }

    #[test]
    fn the_hashes_are_the_ones_that_are_written_down() {
        // Computed with another program from the table in the module's documentation.
        assert_eq!(
            Chain::genesis("t").chain_hash().to_string(),
            "0f9e6dec55bf91b476902c40d7c9d2676fff355ae1f507027719f1f198a8e72c"
        );
        let entry = Chain::genesis("t").append(record("1")).expect("entry");
        assert_eq!(entry.entry_hash.to_string(), "bb8660f03812db6709b67b4fb7b6a78a764529153a771695c3d2bba358e9d051");
        assert_eq!(entry.chain_hash.to_string(), "11ece5f6342139bcafe2e227bfc8cd2070bb628bb1e3f367aadb85e289e2ebee");
    }

    #[test]
    fn a_head_that_does_not_add_up_is_not_read() {
        let state = json!(Chain::genesis("t"));
        for (key, value) in [("size", json!(1)), ("tenant_id", json!("u")), ("more", json!(1))] {
            let mut state = state.clone();
            state[key] = value;
            assert!(serde_json::from_value::<Chain>(state).is_err(), "{key}");
        }
    }
}
