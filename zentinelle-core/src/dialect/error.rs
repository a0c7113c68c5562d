//! Why a body could not be read.

use crate::error::{Code, Pointer};

/// A body that could not be read: where, what was found, what was expected. Never carries a text
/// of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: found {found}, expected {expected}", pointer = if pointer.as_str().is_empty() { "the body" } else { pointer.as_str() })]
pub struct DecodeError {
    /// The stable code, such as `dialect.wrong_type`.
    pub code: Code,
    /// Where in the body.
    pub pointer: Pointer,
    /// The byte at which reading stopped, when the body is no JSON.
    pub offset: Option<usize>,
    /// What stands there, in words.
    pub found: String,
    /// What should stand there, in words.
    pub expected: &'static str,
}

impl DecodeError {
    /// The body is no JSON at all.
    pub const NOT_JSON: Code = Code::new("dialect.not_json");
    /// A key is given twice, so two readers may see different values.
    pub const DUPLICATE_KEY: Code = Code::new("dialect.duplicate_key");
    /// Nested deeper than any SDK writes.
    pub const TOO_DEEP: Code = Code::new("dialect.too_deep");
    /// More bytes than the limit.
    pub const TOO_LARGE: Code = Code::new("dialect.too_large");
    /// A value of another JSON type than the format has there.
    pub const WRONG_TYPE: Code = Code::new("dialect.wrong_type");
    /// A key without which the body means nothing.
    pub const MISSING: Code = Code::new("dialect.missing");
    /// The path is of no operation whose body is known here.
    pub const UNKNOWN_OPERATION: Code = Code::new("dialect.unknown_operation");
}
