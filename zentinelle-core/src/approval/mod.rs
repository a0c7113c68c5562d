//! Signed approvals and delegations: a human's or a parent agent's word, bound to what it was given for.
//!
//! A token says what may be done ([`Claims`]) and proves who said so. [`SigningKey::mint`] writes one,
//! [`KeyRing::verify`] reads one back for a stated [`Purpose`] and moment, and [`Claims::check`] compares what it
//! is bound to with the request at hand. Verifying changes nothing; that a token is used once is kept by the host,
//! through a counter named after [`Claims::id`].
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
