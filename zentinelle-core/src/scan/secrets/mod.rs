//! Secrets: keys, tokens, passwords and addresses that hold one.
//!
//! Most are data in [`table`]: a prefix and what must follow it. [`assigned`] reads the
//! forms that are sentences rather than tokens (`password = "…"`, authorization headers,
//! connection strings, private key blocks). [`keyed`] judges long runs that look like
//! nothing in particular by the words before them.

mod assigned;
pub(crate) mod judge;
pub(crate) mod keyed;
pub(crate) mod shape;
mod table;

use super::finding::{Category, Finding, Severity};
use super::window::{ALNUM, Window};
use shape::{Part, match_shape};
use std::ops::Range;

pub(crate) use table::RULES;

/// How a rule reads the text around its literal.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A token that begins with the literal and goes on as the parts say.
    Token(&'static [Part]),
    /// Anything else: given the literal's place, answers the secret's place.
    Read(fn(&Window<'_>, Range<usize>) -> Option<Range<usize>>),
}

/// One kind of secret that announces itself by a literal.
pub(crate) struct Rule {
    /// The name findings carry. Several rules may share one.
    pub(crate) name: &'static str,
    /// One of these stands wherever the rule matches.
    pub(crate) literals: &'static [&'static str],
    pub(crate) form: Form,
    pub(crate) severity: Severity,
    pub(crate) confidence: f32,
    /// Whether the literal's letter case matters.
    pub(crate) exact: bool,
    /// A last look at the matched bytes.
    pub(crate) check: Option<fn(&[u8]) -> bool>,
}

impl Rule {
    const fn token(name: &'static str, literals: &'static [&'static str], parts: &'static [Part]) -> Self {
        Self {
            name,
            literals,
            form: Form::Token(parts),
            severity: Severity::Critical,
            confidence: 0.95,
            exact: true,
            check: None,
        }
    }

    const fn read(
        name: &'static str,
        literals: &'static [&'static str],
        read: fn(&Window<'_>, Range<usize>) -> Option<Range<usize>>,
    ) -> Self {
        Self { form: Form::Read(read), exact: false, ..Self::token(name, literals, &[]) }
    }

    const fn any_case(mut self) -> Self {
        self.exact = false;
        self
    }

    const fn rated(mut self, severity: Severity, confidence: f32) -> Self {
        self.severity = severity;
        self.confidence = confidence;
        self
    }

    const fn checked(mut self, check: fn(&[u8]) -> bool) -> Self {
        self.check = Some(check);
        self
    }

    /// Judges the literal at `hit`.
    pub(crate) fn find(&self, window: &Window<'_>, hit: Range<usize>) -> Option<Finding> {
        let span = match self.form {
            Form::Token(parts) => {
                // A token that goes on to the left is another token.
                if window.follows(hit.start, ALNUM) && window.is(hit.start, ALNUM) {
                    return None;
                }
                if self.exact && !self.literals.iter().any(|l| l.as_bytes() == window.slice(hit.clone())) {
                    return None;
                }
                hit.start..match_shape(window, hit.end, parts)?
            }
            Form::Read(read) => read(window, hit)?,
        };
        if self.check.is_some_and(|check| !check(window.slice(span.clone()))) {
            return None;
        }
        Some(Finding::new(Category::Secret, self.name, self.severity, self.confidence, span))
    }
}

/// Whether `name` is the name of a kind of secret.
pub(crate) fn name_of(name: &str) -> Option<&'static str> {
    RULES.iter().map(|rule| rule.name).chain(keyed::names()).find(|known| *known == name)
}

/// Every kind of secret, each once, sorted.
pub(crate) fn names() -> std::collections::BTreeSet<&'static str> {
    RULES.iter().map(|rule| rule.name).chain(keyed::names()).collect()
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test may panic")]
mod tests;
