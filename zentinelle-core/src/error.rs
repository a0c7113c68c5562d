//! Errors with a code, a place and a way out.
//!
//! The code is the contract, the message is for people, the pointer says where.
//! None of these types ever carries a secret or the text of a prompt.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stable, machine-readable name of an outcome: `<policy type>.<fault>`, for
/// example `context_limit.exceeded`. Set in stone once released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// Names a code. Meant for `const` items at the top of the file that uses it.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place inside a JSON value, as a JSON Pointer
/// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)). Empty means the whole value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pointer(Cow<'static, str>);

impl Pointer {
    /// The whole value.
    pub const ROOT: Self = Self(Cow::Borrowed(""));

    /// A fixed place, such as `/config/denied_tools`.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self(Cow::Borrowed(path))
    }

    /// The place as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This place one level further down, under the key `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        Self(Cow::Owned(format!("{}/{escaped}", self.0)))
    }

    /// This place one level further down, at the list position `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(Cow::Owned(format!("{}/{index}", self.0)))
    }

    /// The same place seen from a parent that keeps this value at `prefix`.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        Self(Cow::Owned(format!("{prefix}{}", self.0)))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Pointer {
    fn from(path: String) -> Self {
        Self(Cow::Owned(path))
    }
}

/// What is wrong with a policy: its envelope or its `config`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, JsonSchema)]
#[error("{message}")]
pub struct PolicyError {
    code: Code,
    message: String,
    pointer: Pointer,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl PolicyError {
    /// Makes an error at `pointer`, relative to the value being checked.
    pub fn new(code: Code, pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: pointer.into(), help: None }
    }

    /// A number outside its range. `key` is the name of the key at fault.
    pub fn out_of_range(key: &str, found: impl fmt::Display, low: impl fmt::Display, high: impl fmt::Display) -> Self {
        Self::new(codes::OUT_OF_RANGE, Pointer::ROOT.key(key), format!("`{key}` is {found}, outside {low} to {high}"))
    }

    /// A value that is well typed but makes no sense. `key` is the name of the key at fault.
    pub fn invalid(key: &str, message: impl Into<String>) -> Self {
        Self::new(codes::INVALID_VALUE, Pointer::ROOT.key(key), message)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Places the error below a parent, for example `/config`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer = self.pointer.under(prefix);
        self
    }

    /// Moves the error to another place.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<Pointer>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// Where in the policy the fault is.
    #[must_use]
    pub fn pointer(&self) -> &Pointer {
        &self.pointer
    }

    /// What to do about it, if there is something to say.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The message without code and place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<&'static str> for Pointer {
    fn from(path: &'static str) -> Self {
        Self::new(path)
    }
}

/// Codes of faults in policies and requests that belong to no single policy type.
pub mod codes {
    use super::Code;

    /// A key that the policy type does not know.
    pub const UNKNOWN_KEY: Code = Code::new("policy.unknown_key");
    /// A key that must be there is not.
    pub const MISSING_KEY: Code = Code::new("policy.missing_key");
    /// A value of the wrong JSON type.
    pub const WRONG_TYPE: Code = Code::new("policy.wrong_type");
    /// A text that is none of the allowed words.
    pub const UNKNOWN_VALUE: Code = Code::new("policy.unknown_value");
    /// A well-typed value that makes no sense.
    pub const INVALID_VALUE: Code = Code::new("policy.invalid_value");
    /// A number outside its range.
    pub const OUT_OF_RANGE: Code = Code::new("policy.out_of_range");
    /// The same key twice in one object.
    pub const DUPLICATE_KEY: Code = Code::new("policy.duplicate_key");
    /// A pattern that does not compile or uses what a linear-time engine cannot do.
    pub const INVALID_PATTERN: Code = Code::new("policy.invalid_pattern");
    /// Something that a small build of the engine leaves out; see the crate's features.
    pub const NOT_IN_THIS_BUILD: Code = Code::new("policy.not_in_this_build");
    /// A policy type that this engine does not have.
    pub const UNKNOWN_TYPE: Code = Code::new("policy.unknown_type");
}
