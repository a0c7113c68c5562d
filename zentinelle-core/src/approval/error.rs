//! Why a token was refused. Messages never hold the token, its claims or a key.

use crate::error::Code;

/// Codes of refused tokens and keys.
pub mod codes {
    use super::Code;

    /// Not a token, or one whose claims make no sense.
    pub const MALFORMED: Code = Code::new("approval.malformed");
    /// Signed with a key this ring does not hold.
    pub const UNKNOWN_KEY: Code = Code::new("approval.unknown_key");
    /// The signature does not fit the token.
    pub const BAD_SIGNATURE: Code = Code::new("approval.bad_signature");
    /// A good token, given for something of another kind.
    pub const WRONG_PURPOSE: Code = Code::new("approval.wrong_purpose");
    /// Issued after the moment of the request.
    pub const NOT_YET_VALID: Code = Code::new("approval.not_yet_valid");
    /// Past its expiry, older than allowed, or without any end.
    pub const EXPIRED: Code = Code::new("approval.expired");
    /// A good token that is bound to another policy, subject, user, agent or to other arguments.
    pub const NOT_BOUND: Code = Code::new("approval.not_bound");
    /// A key, secret or key id that cannot be used.
    pub const INVALID_KEY: Code = Code::new("approval.invalid_key");
}

/// Why a token or a key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    code: Code,
    message: &'static str,
}

impl TokenError {
    pub(super) const fn new(code: Code, message: &'static str) -> Self {
        Self { code, message }
    }

    pub(super) const fn malformed(message: &'static str) -> Self {
        Self::new(codes::MALFORMED, message)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The message without the code.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.message
    }
}
