//! The judgement on one text: what the core's detectors say, in one shape.

use serde::Serialize;
use zentinelle_core::scan::{Category, Detectors, Finding, Scanner};

use super::Source;

/// What a text is, as far as injection and jailbreaks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Nothing, or too little.
    Clean,
    /// More likely an attack than not.
    Suspect,
    /// Hardly anything else.
    Malicious,
}

/// The judgement on one text.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// How likely the text is an attack, from 0 to 1.
    pub(super) score: f32,
    pub(super) findings: Vec<Finding>,
}

/// Judges texts with every detector on.
pub(super) struct Judge {
    scanner: Scanner,
}

impl Judge {
    pub(super) fn new() -> Self {
        Self { scanner: Scanner::new(Detectors::ALL) }
    }

    pub(super) fn judge(&self, text: &str, _source: Source) -> Judgement {
        Judgement { verdict: Verdict::Clean, score: 0.0, findings: self.scanner.scan(text) }
    }

    /// The text with what was found replaced by markers.
    pub(super) fn redact(&self, text: &str, judgement: &Judgement) -> String {
        let found: Vec<Finding> =
            judgement.findings.iter().filter(|finding| judgement.counts(finding)).cloned().collect();
        self.scanner.redact(text, &found)
    }
}

impl Judgement {
    /// Whether anything was found that should be acted on.
    pub(super) fn is_remarkable(&self) -> bool {
        self.verdict != Verdict::Clean || self.findings.iter().any(|finding| self.counts(finding))
    }

    /// Signs of an attack that do not add up to one count for nothing.
    fn counts(&self, finding: &Finding) -> bool {
        self.verdict != Verdict::Clean || !matches!(finding.category, Category::Injection | Category::Jailbreak)
    }
}
