//! Changing a few literals of a body and leaving every other byte as it came.

use std::ops::Range;

use super::model::Text;

/// One replacement in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace; empty inserts.
    pub range: Range<usize>,
    /// What takes their place: JSON, ready to stand there.
    pub replacement: String,
}

impl Edit {
    /// Replaces a text, whatever it holds, by another.
    #[must_use]
    pub fn text(text: &Text, replacement: &str) -> Self {
        Self { range: text.range.clone(), replacement: serde_json::Value::from(replacement).to_string() }
    }

    /// Replaces the JSON at `range`. `json` must be JSON itself.
    #[must_use]
    pub fn json(range: Range<usize>, json: impl Into<String>) -> Self {
        Self { range, replacement: json.into() }
    }
}

/// Edits that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits want the same bytes.
    #[error("two edits overlap at byte {0}")]
    Overlap(usize),
    /// An edit lies outside the body.
    #[error("an edit ends at byte {end} of a body of {length}")]
    Outside {
        /// Where the edit ends.
        end: usize,
        /// How long the body is.
        length: usize,
    },
}

/// `body` with `edits` made, in any order. Without edits these are the same bytes.
///
/// # Errors
/// When edits overlap or lie outside the body.
pub fn rewrite(body: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let added: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut done = 0;
    for edit in sorted {
        let Range { start, end } = edit.range;
        if start < done {
            return Err(EditError::Overlap(start));
        }
        let outside = EditError::Outside { end, length: body.len() };
        if end < start || end > body.len() {
            return Err(outside);
        }
        out.extend_from_slice(body.get(done..start).ok_or(outside)?);
        out.extend_from_slice(edit.replacement.as_bytes());
        done = end;
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_touch_their_own_bytes_only() {
        let body = br#"{"a": "x",  "b":"y"}"#;
        let edits = [Edit::json(16..19, "\"z\""), Edit::json(6..9, "1")];
        assert_eq!(rewrite(body, &edits).unwrap(), br#"{"a": 1,  "b":"z"}"#);
        assert_eq!(rewrite(body, &[]).unwrap(), body);
    }

    #[test]
    fn edits_that_overlap_or_lie_outside_are_refused() {
        let edits = [Edit::json(0..3, "1"), Edit::json(2..4, "2")];
        assert_eq!(rewrite(b"abcd", &edits), Err(EditError::Overlap(2)));
        assert_eq!(rewrite(b"ab", &[Edit::json(1..3, "")]), Err(EditError::Outside { end: 3, length: 2 }));
    }
}
