//! Places in a text as JavaScript counts them: in UTF-16 code units.

use std::ops::Range;

/// Counts UTF-16 code units of a text. Ascending places cost one walk over the text together.
pub(crate) struct Utf16<'t> {
    text: &'t str,
    byte: usize,
    unit: usize,
}

impl<'t> Utf16<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, byte: 0, unit: 0 }
    }

    /// The place of a byte, or of the end of the text if it lies beyond.
    pub(crate) fn at(&mut self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        if byte < self.byte {
            (self.byte, self.unit) = (0, 0);
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.unit += if between.is_ascii() { between.len() } else { between.chars().map(char::len_utf16).sum() };
        self.byte = byte;
        self.unit
    }

    pub(crate) fn range(&mut self, bytes: &Range<usize>) -> Range<usize> {
        let start = self.at(bytes.start);
        // The next range usually begins behind the start of this one, not behind its end.
        let mut ahead = Utf16 { text: self.text, byte: self.byte, unit: self.unit };
        start..ahead.at(bytes.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_code_units_whatever_the_order_they_are_asked_in() {
        let text = "a🦀é1";
        let mut places = Utf16::new(text);
        assert_eq!([0, 1, 5, 7, 8, 99].map(|byte| places.at(byte)), [0, 1, 3, 4, 5, 5]);
        assert_eq!(places.at(3), 1, "a byte within a character stands for its start");
        assert_eq!((places.range(&(5..8)), places.range(&(1..5))), (3..5, 1..3));
    }
}
