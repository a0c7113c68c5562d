//! Scanning a text that arrives in pieces, such as a model's answer.
//!
//! The findings are those of scanning the whole text, whatever the pieces: the same walk runs
//! over both, and what it cannot decide yet waits (see `engine`). Text is released as soon as
//! nothing that begins in it can still be found, usually about a hundred bytes behind, and
//! never more than [`MAX_HOLD_BACK`]. A [prompt](StreamScanner::prompt) scanner waits only where
//! the text shows a sign of something.
//!
//! Only new bytes are scanned, next to the held-back tail. Scoring a stream for prompt
//! injection needs more than local findings; feed it from the released text, window by window.

use super::Detectors;
use super::engine::{Engine, MAX_UNDECIDED};
use super::finding::Finding;
use super::resolve::{Masker, Resolver, order};
use super::window::LOOK_BEHIND;
use crate::sorting;

/// The most text that is ever held back, in bytes.
pub const MAX_HOLD_BACK: usize = MAX_UNDECIDED;

/// What becomes of the text that is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Findings are replaced by their markers.
    Mask,
    /// The text is released as it came; the findings are only reported.
    Observe,
}

/// Text that may go out, and what was found that begins in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// The next part of the output.
    pub text: String,
    /// New findings by place, in bytes of the whole stream as it came in.
    pub findings: Vec<Finding>,
}

/// Scans one stream. See the module.
#[derive(Clone, Debug)]
pub struct StreamScanner {
    detectors: Detectors,
    mode: Mode,
    engine: Engine,
    /// The part of the stream that is still needed: the undecided tail and some context.
    buffer: String,
    /// Where the buffer begins in the stream.
    base: usize,
    resolver: Resolver,
    masker: Masker,
    /// Whether text waits only where it shows a sign of something.
    is_prompt: bool,
}

impl StreamScanner {
    /// A scanner for one stream.
    #[must_use]
    pub fn new(detectors: Detectors, mode: Mode) -> Self {
        Self {
            detectors,
            mode,
            engine: Engine::default(),
            buffer: String::new(),
            base: 0,
            resolver: Resolver::default(),
            masker: Masker::default(),
            is_prompt: false,
        }
    }

    /// The same scanner, which lets text go at once unless it shows a sign of something: a word
    /// that has not ended, the beginning of a secret, digits. Prose so leaves a word behind instead
    /// of about a hundred bytes behind.
    ///
    /// The price: what is hidden by invisible characters or escapes in a later word of the same
    /// phrase is found when its first words have left. Its span then begins in released text, and
    /// only the rest of it can still be masked.
    #[must_use]
    pub const fn prompt(mut self) -> Self {
        self.is_prompt = true;
        self
    }

    /// Takes the next piece of text and gives what may be released now.
    pub fn push(&mut self, piece: &str) -> Release {
        self.buffer.push_str(piece);
        self.engine.advance(&self.detectors, &self.buffer, false);
        let settled = self.boundary(self.engine.settled());
        let release =
            self.release(if self.is_prompt { self.boundary(self.engine.unsuspected(&self.buffer)) } else { settled });
        self.forget(settled);
        release
    }

    /// Declares the end of the stream and gives all that was held back.
    pub fn finish(mut self) -> Release {
        self.engine.advance(&self.detectors, &self.buffer, true);
        self.release(self.buffer.len())
    }

    /// How many bytes of the stream are held back now.
    #[must_use]
    pub fn held_back(&self) -> usize {
        (self.base + self.buffer.len()).saturating_sub(self.masker.done)
    }

    /// The last boundary between characters of the buffer at or before `at`.
    fn boundary(&self, mut at: usize) -> usize {
        while !self.buffer.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Releases the text before byte `until` of the buffer, all of whose findings are known.
    fn release(&mut self, until: usize) -> Release {
        let mut known: Vec<Finding> = Vec::new();
        let last = until == self.buffer.len();
        self.engine.found.retain(|finding| {
            let is_known = last || finding.span.start < until;
            if is_known {
                known.push(finding.clone());
            }
            !is_known
        });
        sorting::sort_by(&mut known, order);
        let mut release = Release::default();
        for mut finding in known {
            finding.span = self.base + finding.span.start..self.base + finding.span.end;
            if self.resolver.keeps(&finding) {
                if self.mode == Mode::Mask {
                    self.masker.mask(&self.buffer, self.base, &finding, &mut release.text);
                }
                release.findings.push(finding);
            }
        }
        self.masker.copy(&self.buffer, self.base, self.base + until, &mut release.text);
        release
    }

    /// Drops what no detector can look at any more.
    fn forget(&mut self, settled: usize) {
        let keep = self.boundary(settled.saturating_sub(LOOK_BEHIND));
        // Moving the tail costs its length, so wait until it pays.
        if keep < 1024 {
            return;
        }
        self.buffer.drain(..keep);
        self.base += keep;
        self.engine.shift(keep);
        for finding in &mut self.engine.found {
            finding.span = finding.span.start - keep..finding.span.end - keep;
        }
    }
}
