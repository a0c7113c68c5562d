//! Evidence that somebody else can check.
//!
//! Everything here is a function: records, heads and keys come in, entries, proofs and reports go out.

mod bundle;
mod canonical;
mod chain;
mod checkpoint;
mod digest;
pub mod merkle;
mod order;
mod record;
mod report;
mod verify;

pub use bundle::{FORMAT, Header, Line, MAX_LINE_BYTES};
pub use canonical::{InexactNumber, digest, digest_arguments, to_canonical_json};
pub use chain::{AppendError, Chain, Entry, MAX_RECORD_BYTES, MAX_RECORD_DEPTH};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey, CheckpointSigner, MAX_NOTE_BYTES};
pub use digest::{Digest, InvalidDigest};
pub use record::{AuditAction, AuditRecord, Outcome};
pub use report::{Fault, FaultKind, MAX_LISTED_FAULTS, Report, Status};
pub use verify::{Expectations, Verifier, verify};
