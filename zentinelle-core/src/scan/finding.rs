//! What a detector reports: never the text it matched, only where and what kind.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sort of content a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Keys, tokens, passwords.
    Secret,
    /// Personal data.
    Pii,
    /// Health data about a person.
    Phi,
    /// Text that tries to give the model new orders.
    Injection,
    /// Text that tries to talk the model out of its rules.
    Jailbreak,
    /// Vulgar words, slurs, threats and requests for harm.
    Profanity,
}

impl Category {
    /// Every category, in the order findings of equal place are listed.
    pub const ALL: [Self; 6] = [Self::Secret, Self::Pii, Self::Phi, Self::Injection, Self::Jailbreak, Self::Profanity];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a note.
    Low,
    /// Worth a warning.
    Medium,
    /// Harmful when it leaves the house.
    High,
    /// Gives access, or cannot be undone.
    Critical,
}

/// One thing found. Holds places and names, never the matched text, so it may be logged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What sort of content.
    pub category: Category,
    /// The detector that found it, in snake case, such as `aws_access_key`.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the detector is, from 0 to 1.
    pub confidence: f32,
    /// Where it stands, in bytes of the original text.
    pub span: Range<usize>,
}

impl Finding {
    /// Describes a hit at `span`.
    #[must_use]
    pub const fn new(
        category: Category,
        kind: &'static str,
        severity: Severity,
        confidence: f32,
        span: Range<usize>,
    ) -> Self {
        Self { category, kind, severity, confidence, span }
    }

    /// What takes the place of the matched text when it is masked.
    #[must_use]
    pub const fn marker(&self) -> Marker {
        Marker(self.kind)
    }
}

/// The text put in place of a masked finding: `[REDACTED:<kind>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker(&'static str);

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[REDACTED:{}]", self.0)
    }
}
