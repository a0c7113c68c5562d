//! Which of several overlapping findings stand, and how they are masked.
//!
//! Both are written as a single walk from left to right with a few numbers of state, so that
//! a stream that learns of its findings in order reaches exactly the answers of a whole text.

use std::cmp::Ordering;

use super::finding::{Category, Finding};
use crate::sorting;

/// The order of findings: by place, the longest first, then the surest.
pub(crate) fn order(a: &Finding, b: &Finding) -> Ordering {
    a.span
        .start
        .cmp(&b.span.start)
        .then(b.span.end.cmp(&a.span.end))
        .then(a.category.cmp(&b.category))
        .then(b.confidence.total_cmp(&a.confidence))
        .then(a.kind.cmp(b.kind))
}

/// Drops a finding that lies wholly within another of its category. Findings that merely
/// overlap both stand: masking only one of them would leave part of the other readable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolver {
    /// Per category, one past the furthest byte a kept finding covers.
    covered: [usize; Category::ALL.len()],
}

impl Resolver {
    /// Whether `finding` stands. Findings must be offered in [`order`].
    pub(crate) fn keeps(&mut self, finding: &Finding) -> bool {
        let Some(covered) = self.covered.get_mut(finding.category as usize) else {
            return true;
        };
        if finding.span.end <= *covered {
            return false;
        }
        *covered = finding.span.end;
        true
    }
}

/// Sorts findings and drops those that another one covers.
pub(crate) fn resolve(mut findings: Vec<Finding>) -> Vec<Finding> {
    sorting::sort_by(&mut findings, order);
    let mut resolver = Resolver::default();
    findings.retain(|finding| resolver.keeps(finding));
    findings
}

/// Copies text while replacing findings by their markers. Overlapping findings share the
/// marker of the first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Masker {
    /// How far the original has been dealt with.
    pub(crate) done: usize,
}

impl Masker {
    /// Masks one finding; `text` begins at byte `base` of the original.
    pub(crate) fn mask(&mut self, text: &str, base: usize, finding: &Finding, out: &mut String) {
        if finding.span.start >= self.done {
            self.copy(text, base, finding.span.start, out);
            out.push_str("[REDACTED:");
            out.push_str(finding.kind);
            out.push(']');
        }
        self.done = self.done.max(finding.span.end);
    }

    /// Copies what stands before byte `until` of the original and is not masked.
    pub(crate) fn copy(&mut self, text: &str, base: usize, until: usize, out: &mut String) {
        if until > self.done {
            let from = self.done.saturating_sub(base);
            out.push_str(text.get(from..until.saturating_sub(base)).unwrap_or_default());
            self.done = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn finding(kind: &'static str, span: std::ops::Range<usize>) -> Finding {
        Finding::new(Category::Pii, kind, Severity::Low, 0.5, span)
    }

    #[test]
    fn a_finding_within_another_goes_and_one_that_overlaps_stays() {
        let kept = resolve(vec![finding("c", 6..12), finding("a", 0..8), finding("b", 2..8)]);
        assert_eq!(kept.iter().map(|f| f.kind).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn overlapping_findings_leave_one_marker_and_no_letter() {
        let mut out = String::new();
        let mut masker = Masker::default();
        let text = "x 0123456789 y";
        for f in [finding("a", 2..8), finding("b", 6..12)] {
            masker.mask(text, 0, &f, &mut out);
        }
        masker.copy(text, 0, text.len(), &mut out);
        assert_eq!(out, "x [REDACTED:a] y");
    }
}
