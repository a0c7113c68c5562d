//! Content scanning: what in a text is secret, personal, or meant to harm. Knows no policy.
//!
//! ```
//! use zentinelle_core::scan::{Detectors, Scanner};
//!
//! let scanner = Scanner::new(Detectors::ALL);
//! let text = "write to jo.doe@corp.test today";
//! let findings = scanner.scan(text);
//! assert_eq!(findings[0].kind, "email");
//! assert_eq!(scanner.redact(text, &findings), "write to [REDACTED:email] today");
//! ```
//!
//! Secrets, personal data and profanity stand at a place, and [`Scanner`] finds them. Prompt
//! injection and jailbreaks are a judgement on a whole text, which [`judge`] makes.
//!
//! A text that arrives in pieces is scanned by [`stream::StreamScanner`], with the same
//! findings. Clean text costs a few passes and no allocation; see `engine` for how.
//!
//! Prompt injection is judged over a whole text rather than place by place, so it is not one
//! of the anchored detectors: it reads [`normalise::Views`] and asks a [`prefilter::Prefilter`]
//! of its own which of its rules can match at all.

mod decode;
mod engine;
mod finding;
pub mod injection;
mod judge;
mod lookalikes;
pub mod normalise;
mod phi;
mod phrase;
mod pii;
pub mod prefilter;
mod profanity;
mod resolve;
mod runs;
mod secrets;
pub mod stream;
mod stretch;
mod view;
mod window;

use std::collections::BTreeSet;

pub use finding::{Category, Finding, Marker, Severity};
pub use judge::{Judgement, Reading, detect, judge};
pub use view::View;

use crate::sorting;
use engine::Engine;
use resolve::{Masker, resolve};

/// Which detectors run: categories, less single kinds that are switched off. Injection and
/// jailbreaks are not among them: see [`judge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detectors {
    categories: u8,
    disabled: BTreeSet<&'static str>,
}

impl Detectors {
    /// Every detector.
    pub const ALL: Self = Self { categories: u8::MAX, disabled: BTreeSet::new() };
    /// No detector.
    pub const NONE: Self = Self { categories: 0, disabled: BTreeSet::new() };

    /// The detectors of `categories`.
    #[must_use]
    pub fn of(categories: &[Category]) -> Self {
        Self { categories: categories.iter().fold(0, |bits, category| bits | category.bit()), ..Self::NONE }
    }

    /// Switches off one kind, such as `bearer_token`. Answers whether there is such a kind,
    /// so that a misspelt name can be reported.
    pub fn disable(&mut self, kind: &str) -> bool {
        let known = secrets::name_of(kind)
            .or_else(|| pii::KINDS.iter().copied().find(|known| *known == kind))
            .or_else(|| phrase::families().map(|phrase| phrase.name).find(|known| *known == kind));
        self.disabled.extend(known);
        known.is_some()
    }

    /// Whether detectors of `category` run.
    #[must_use]
    pub const fn has(&self, category: Category) -> bool {
        self.categories & category.bit() != 0
    }

    pub(crate) fn any_of(&self, categories: &[Category]) -> bool {
        categories.iter().any(|category| self.has(*category))
    }

    pub(crate) fn is_disabled(&self, kind: &str) -> bool {
        !self.disabled.is_empty() && self.disabled.contains(kind)
    }
}

/// The names of every kind of secret, as [`Detectors::disable`] takes them, sorted.
#[must_use]
pub fn secret_kinds() -> BTreeSet<&'static str> {
    secrets::names()
}

/// The names of every kind of personal data, sorted.
#[must_use]
pub fn pii_kinds() -> BTreeSet<&'static str> {
    pii::KINDS.iter().copied().collect()
}

/// Scans whole texts.
#[derive(Clone, Debug)]
pub struct Scanner {
    detectors: Detectors,
}

impl Scanner {
    /// A scanner that runs `detectors`. Costs nothing; what is shared is built at the first scan.
    #[must_use]
    pub const fn new(detectors: Detectors) -> Self {
        Self { detectors }
    }

    /// Which detectors run.
    #[must_use]
    pub const fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    /// Everything found in `text`, by place. Of findings of one category where one lies
    /// within another, only the outer one is reported.
    #[must_use]
    pub fn scan(&self, text: &str) -> Vec<Finding> {
        let mut engine = Engine::default();
        engine.advance(&self.detectors, text, true);
        resolve(engine.found)
    }

    /// `text` with the findings replaced by their markers. Overlapping findings share one
    /// marker, that of the first. `findings` may come in any order.
    #[must_use]
    pub fn redact(&self, text: &str, findings: &[Finding]) -> String {
        let mut sorted: Vec<&Finding> = findings.iter().collect();
        sorting::sort_by(&mut sorted, |a, b| resolve::order(a, b));
        let mut out = String::with_capacity(text.len());
        let mut masker = Masker::default();
        for finding in sorted {
            masker.mask(text, 0, finding, &mut out);
        }
        masker.copy(text, 0, text.len(), &mut out);
        out
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test may panic")]
mod tests;
