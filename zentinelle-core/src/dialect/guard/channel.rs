//! One run of text under watch: its scanner, how far that has decided, and what is to be masked.

use std::ops::Range;

use crate::scan::stream::{Mode, StreamScanner};
use crate::scan::{Detectors, Finding, Marker};

/// See the module. All places are bytes of the channel's text as it came.
#[derive(Debug)]
pub(super) struct Watched {
    /// None: the channel has ended, and begins anew if more follows.
    scanner: Option<StreamScanner>,
    detectors: Detectors,
    /// How much text has come in.
    pushed: usize,
    /// Where the text of the present scanner begins.
    base: usize,
    /// How much of it is decided: no finding can begin before this any more.
    decided: usize,
    /// How much of it has left.
    left: usize,
    /// What is masked, by place, none overlapping.
    masks: Vec<Mask>,
    /// Whether text waits only where it shows a sign of something.
    is_prompt: bool,
}

/// One thing that is masked.
#[derive(Debug)]
struct Mask {
    span: Range<usize>,
    marker: Marker,
    /// Where the marker stands: where the span begins, or where what is left of it does when that
    /// has left unmasked.
    at: usize,
}

impl Watched {
    pub(super) fn new(detectors: Detectors, is_prompt: bool) -> Self {
        Self { scanner: None, detectors, pushed: 0, base: 0, decided: 0, left: 0, masks: Vec::new(), is_prompt }
    }

    /// Takes the next piece; gives where it begins, and what was found.
    pub(super) fn push(&mut self, piece: &str) -> (usize, Vec<Finding>) {
        let start = self.pushed;
        let scanner = self.scanner.get_or_insert_with(|| {
            self.base = start;
            let scanner = StreamScanner::new(self.detectors.clone(), Mode::Observe);
            if self.is_prompt { scanner.prompt() } else { scanner }
        });
        self.pushed += piece.len();
        let release = scanner.push(piece);
        self.decided += release.text.len();
        (start, self.placed(release.findings))
    }

    /// The channel ends; gives what was found in the rest. None: it has ended already.
    pub(super) fn finish(&mut self) -> Option<Vec<Finding>> {
        let release = self.scanner.take()?.finish();
        self.decided = self.pushed;
        Some(self.placed(release.findings))
    }

    fn placed(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let moved = |mut finding: Finding| {
            finding.span = finding.span.start + self.base..finding.span.end + self.base;
            finding
        };
        findings.into_iter().map(moved).collect()
    }

    pub(super) const fn decided(&self) -> usize {
        self.decided
    }

    /// Text up to here has left, decided or not.
    pub(super) fn left(&mut self, upto: usize) {
        self.left = self.left.max(upto);
    }

    /// Whether some of what was found has left already.
    pub(super) fn is_late(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| finding.span.start < self.left)
    }

    /// Masks what was found. Findings that overlap share one marker, that of the first.
    pub(super) fn mask(&mut self, findings: &[Finding]) {
        for finding in findings {
            match self.masks.last_mut().filter(|mask| finding.span.start < mask.span.end) {
                Some(mask) => mask.span.end = mask.span.end.max(finding.span.end),
                None => {
                    let at = finding.span.start.max(self.left);
                    self.masks.push(Mask { span: finding.span.clone(), marker: finding.marker(), at });
                }
            }
        }
    }

    /// A piece of the text with what is masked replaced; none: nothing in it is.
    pub(super) fn masked(&self, piece: &str, start: usize) -> Option<String> {
        let end = start + piece.len();
        let first = self.masks.partition_point(|mask| mask.span.end <= start);
        let inside = self.masks.get(first..).unwrap_or_default();
        let mut inside = inside.iter().take_while(|mask| mask.span.start < end).peekable();
        inside.peek()?;
        let mut out = String::with_capacity(piece.len());
        let mut done = start;
        for Mask { span, marker, at } in inside {
            out.push_str(piece.get(done - start..span.start.max(done) - start).unwrap_or_default());
            if *at >= start {
                out.push_str(&marker.to_string());
            }
            done = span.end.min(end);
        }
        out.push_str(piece.get(done - start..).unwrap_or_default());
        Some(out)
    }

    /// Forgets masks that lie wholly in what is decided.
    pub(super) fn forget(&mut self) {
        if self.masks.len() > 64 {
            let done =
                self.masks.partition_point(|mask| mask.span.end + crate::scan::stream::MAX_HOLD_BACK < self.decided);
            self.masks.drain(..done);
        }
    }
}
