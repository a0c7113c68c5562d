//! Signed approvals and delegations: a human's or a parent agent's word, bound to what it was given for.
//!
//! A token says what may be done ([`Claims`]) and proves who said so. [`SigningKey::mint`] writes one,
//! [`KeyRing::verify`] reads one back for a stated [`Purpose`] and moment, and [`Claims::check`] compares what it
//! is bound to with the request at hand. Verifying changes nothing; that a token is used once is kept by the host,
//! through a counter named after [`Claims::id`].
//!
//! ```
//! use jiff::{SignedDuration, Timestamp};
//! use zentinelle_core::approval::{Binding, Claims, KeyRing, Purpose, SigningKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::hmac("2026-03", b"at least thirty-two bytes of secret")?;
//! let ring = KeyRing::from_keys([key.verifying_key()])?;
//!
//! let now: Timestamp = "2026-03-11T12:00:00Z".parse()?;
//! let claims = Claims {
//!     policy: Some("payments".into()),
//!     tool: Some("wire_money".into()),
//!     ..Claims::new(Purpose::ToolApproval, "approval-1", now)
//! };
//! let token = key.mint(&claims)?;
//!
//! let day = Some(SignedDuration::from_hours(24));
//! let claims = ring.verify(&token, Purpose::ToolApproval, now, day)?;
//! claims.check(&Binding { policy: "payments", tool: Some("wire_money"), ..Binding::default() })?;
//! assert!(claims.check(&Binding { policy: "payments", tool: Some("close_account"), ..Binding::default() }).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Format
//!
//! `zt1.<key id>.<payload>.<signature>`: the payload is the claims as JSON, payload and signature are base64url
//! without padding. The signature covers `zentinelle-token-v1`, a zero byte, and the token up to the last dot.
//! The algorithm is not written in the token: it belongs to the key, so nobody can talk a verifier into another one.

mod claims;
mod error;
mod keys;
mod token;

pub use claims::{Binding, Claims, Purpose, TrustLevel};
pub use error::{TokenError, codes};
pub use keys::{KeyRing, MIN_SECRET_BYTES, SigningKey, VerifyingKey};
pub use token::MAX_TOKEN_BYTES;

pub use crate::audit::{Digest, InexactNumber, digest, digest_arguments};
