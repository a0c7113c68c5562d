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

    /// Hands over every part of the view: its text, what it stands for, and whether that is the
    /// same, byte by byte.
    pub(crate) fn walk(&self, take: impl FnMut(&str, Range<usize>, bool)) {
        self.walk_within(0..self.text.len(), take);
    }

    /// As [`View::walk`], for the parts of the view in `span`.
    pub(crate) fn walk_within(&self, span: Range<usize>, mut take: impl FnMut(&str, Range<usize>, bool)) {
        let first = self.pieces.partition_point(|piece| piece.view_start <= span.start).saturating_sub(1);
        let pieces = self.pieces.get(first..).unwrap_or_default();
        let ends = pieces.iter().skip(1).map(|next| next.view_start).chain([self.text.len()]);
        for (piece, end) in pieces.iter().zip(ends) {
            if piece.view_start >= span.end {
                return;
            }
            let (start, end) = (piece.view_start.max(span.start), end.min(span.end));
            let original = if piece.literal {
                piece.original.start + (start - piece.view_start)..piece.original.start + (end - piece.view_start)
            } else {
                piece.original.clone()
            };
            take(self.text.get(start..end).unwrap_or_default(), original, piece.literal);
        }
    }

    /// Adds a part that another view handed over.
    pub(crate) fn push_part(&mut self, part: &str, original: Range<usize>, literal: bool) {
        if literal {
            self.push_literal(part, original.start);
        } else if !part.is_empty() {
            self.pieces.push(Piece { view_start: self.text.len(), original, literal: false });
            self.text.push_str(part);
        }
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
