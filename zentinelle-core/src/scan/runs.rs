//! Finding long runs of token characters without reading every byte.

use super::window::{B64_ANY, is};

/// The shortest run worth a look, in bytes.
pub(crate) const SHORTEST: usize = 20;
/// A longer run is judged in pieces of this many bytes. A multiple of four, so that pieces of
/// base64 stay aligned.
pub(crate) const PIECE: usize = 2048;
/// How many bytes a piece shares with the next.
const SHARED: usize = 512;

/// Walks a growing text and reports where long runs begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    /// Everything before is dealt with, and the byte before is not part of a run unless `piece` is set.
    at: usize,
    /// While within a long run: where its next piece begins.
    piece: Option<usize>,
}

impl Runs {
    /// Reports the begin of every run, or piece of a run, that is now long enough to be one.
    pub(crate) fn advance(&mut self, bytes: &[u8], mut report: impl FnMut(usize)) {
        loop {
            if let Some(next) = self.piece {
                let rest = bytes.get(self.at..).unwrap_or_default();
                let length = rest.iter().position(|byte| !is(B64_ANY, *byte));
                self.at += length.unwrap_or(rest.len());
                let mut next = next;
                while self.at >= next + SHORTEST {
                    report(next);
                    next += PIECE - SHARED;
                }
                if length.is_none() {
                    self.piece = Some(next);
                    return;
                }
                self.piece = None;
                self.at += 1;
            }
            // Look at the last byte a run from here would need; most often it shows at once
            // that there is none, and everything up to it is skipped.
            let Some(candidate) = bytes.get(self.at..self.at + SHORTEST) else { return };
            match candidate.iter().rposition(|byte| !is(B64_ANY, *byte)) {
                Some(gap) => self.at += gap + 1,
                None => {
                    self.piece = Some(self.at);
                    self.at += SHORTEST;
                }
            }
        }
    }

    /// Drops `n` bytes from the front of the text.
    pub(crate) fn shift(&mut self, n: usize) {
        self.at -= n;
        self.piece = self.piece.map(|piece| piece - n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_reported_once_however_the_text_arrives() {
        let text = format!("ab {} cd {}", "x".repeat(20), "y".repeat(19));
        for step in 1..text.len() {
            let (mut runs, mut seen) = (Runs::default(), Vec::new());
            let mut end = 0;
            while end < text.len() {
                end = (end + step).min(text.len());
                runs.advance(&text.as_bytes()[..end], |at| seen.push(at));
            }
            assert_eq!(seen, [3], "in steps of {step}");
        }
    }

    #[test]
    fn a_very_long_run_is_reported_in_pieces_that_overlap() {
        let mut seen = Vec::new();
        Runs::default().advance("A".repeat(4000).as_bytes(), |at| seen.push(at));
        assert_eq!(seen, [0, 1536, 3072]);
    }
}
