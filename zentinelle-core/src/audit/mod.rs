//! Evidence that somebody else can check.
//!
//! Everything here is a function: records, heads and keys come in, entries, proofs and reports go out.

mod canonical;
mod digest;

pub use canonical::{InexactNumber, digest, digest_arguments, to_canonical_json};
pub use digest::{Digest, InvalidDigest};
