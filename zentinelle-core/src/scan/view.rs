//! A rewritten copy of a text that remembers where each part came from.

use std::ops::Range;

/// Part of a view and the part of the original it stands for.
#[derive(Clone, Debug)]
struct Piece {
    view_start: usize,
    original: Range<usize>,
    /// Whether the bytes correspond one to one; else the whole piece stands for the whole range.
    literal: bool,
}

/// A text as a reader, or a decoder, would see it.
#[derive(Clone, Debug, Default)]
pub struct View {
    text: String,
    pieces: Vec<Piece>,
}

impl View {
    /// The text to scan.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original that `span` of this view stands for. The inverse is not
    /// exact: a span that cuts through a decoded character covers all of its source.
    #[must_use]
    pub fn original_span(&self, span: Range<usize>) -> Range<usize> {
        let start = self
            .piece_at(span.start)
            .map_or(0, |piece| piece.original.start + if piece.literal { span.start - piece.view_start } else { 0 });
        let end = match span.end.checked_sub(1).filter(|last| *last >= span.start) {
            None => start,
            Some(last) => self.piece_at(last).map_or(start, |piece| {
                if piece.literal { piece.original.start + (span.end - piece.view_start) } else { piece.original.end }
            }),
        };
        start..end.max(start)
    }

    fn piece_at(&self, at: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.view_start <= at);
        self.pieces.get(after.checked_sub(1)?)
    }

    /// Adds text that stands for itself at byte `at` of the original.
    pub(crate) fn push_literal(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.literal && last.original.end == at => last.original.end += text.len(),
            _ => self.pieces.push(Piece { view_start: self.text.len(), original: at..at + text.len(), literal: true }),
        }
        self.text.push_str(text);
    }

    /// Adds a character that stands for `original`.
    pub(crate) fn push(&mut self, character: char, original: Range<usize>) {
        self.pieces.push(Piece { view_start: self.text.len(), original, literal: false });
        self.text.push(character);
    }
}
