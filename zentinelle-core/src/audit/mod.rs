//! Evidence that somebody else can check.
//!
//! Everything here is a function: records, heads and keys come in, entries, proofs and reports go out. The host keeps
//! one [`Chain`] per tenant, appends to it under a lock, signs its head from time to time and hands the signed heads
//! to others. A [`Verifier`] needs the exported log and the public keys, and no server.
//!
//! ```
//! use zentinelle_core::audit::{AuditAction, AuditRecord, Chain, Checkpoint, CheckpointSigner, Line, Outcome};
//! use zentinelle_core::audit::{Expectations, Status, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut chain = Chain::genesis("acme");
//! let mut bundle = Line::header(chain.clone()).to_text()?;
//!
//! let now = "2026-03-11T12:00:00Z".parse()?;
//! let record = AuditRecord::new("r1", "acme", now, AuditAction::Decide, "request", Outcome::Denied);
//! bundle += &Line::Entry(Box::new(chain.append(record)?)).to_text()?;
//!
//! let signer = CheckpointSigner::new("log.example/2026", &[7; 32])?;
//! bundle += &Line::Checkpoint(signer.sign(&Checkpoint::new("acme", chain.tree_head()))).to_text()?;
//!
//! let keys = [signer.key().clone()];
//! assert_eq!(verify(bundle.as_bytes(), &keys, &Expectations::default()).status(), Status::Valid);
//! let edited = bundle.replace("denied", "success");
//! assert_eq!(verify(edited.as_bytes(), &keys, &Expectations::default()).status(), Status::Invalid);
//! # Ok(())
//! # }
//! ```

mod bundle;
mod canonical;
mod chain;
mod checkpoint;
mod digest;
pub mod merkle;
mod order;
mod receipt;
mod record;
mod report;
mod verify;

pub use bundle::{FORMAT, Header, Line, MAX_LINE_BYTES};
pub use canonical::{InexactNumber, digest, digest_arguments, to_canonical_json};
pub use chain::{AppendError, Chain, Entry, MAX_RECORD_BYTES, MAX_RECORD_DEPTH};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey, CheckpointSigner, MAX_NOTE_BYTES};
pub use digest::{Digest, InvalidDigest};
pub use receipt::{Receipt, ReceiptError};
pub use record::{AuditAction, AuditRecord, Outcome};
pub use report::{Fault, FaultKind, MAX_LISTED_FAULTS, Report, Status};
pub use verify::{Expectations, Verifier, verify};
