//! The exported form of a log: JSON lines that a verifier reads without asking anybody.
//!
//! One JSON object per line, each in canonical form and ended by a line break:
//!
//! ```text
//! {"header":{"format":"zentinelle-audit-v1","start":{…}}}
//! {"entry":{"chain_hash":"…","entry_hash":"…","record":{…},"sequence":1}}
//! {"checkpoint":"zentinelle.audit/…"}
//! ```
//!
//! The header comes first and holds the head of the chain before the first entry, so that a part of a log can be
//! exported as well. A checkpoint stands right behind the last entry it covers. A log file that is only ever
//! appended to has the same form. Public keys are never in the bundle: the verifier brings the ones it trusts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::{AppendError, Chain, Entry};
use super::{MAX_RECORD_BYTES, to_canonical_json};

/// The format that this version writes and reads.
pub const FORMAT: &str = "zentinelle-audit-v1";

/// Longest line that is read, the line break not counted. Unit: bytes.
pub const MAX_LINE_BYTES: usize = MAX_RECORD_BYTES + 1024;

/// The first line: which log, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: String,
    /// The chain before the first entry of the bundle.
    pub start: Chain,
}

/// One line of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Header(Header),
    /// One entry.
    Entry(Box<Entry>),
    /// A signed checkpoint, as [`super::CheckpointSigner::sign`] wrote it.
    Checkpoint(String),
}

impl Line {
    /// The header of a bundle that goes on from `start`; from [`Chain::genesis`] for a whole log.
    #[must_use]
    pub fn header(start: Chain) -> Self {
        Self::Header(Header { format: FORMAT.to_owned(), start })
    }

    /// The line as it stands in the bundle, with its line break.
    ///
    /// # Errors
    ///
    /// If a record cannot be written as JSON.
    pub fn to_text(&self) -> Result<String, AppendError> {
        let value = serde_json::to_value(self).map_err(|_| AppendError::Unwritable)?;
        Ok(to_canonical_json(&value) + "\n")
    }

    /// Reads a line without its line break. With an entry comes its record in canonical form, as it was written:
    /// hashing that, and not what was understood of it, leaves no room for a second spelling.
    pub(super) fn read(line: &[u8]) -> Result<(Self, String), &'static str> {
        let text = std::str::from_utf8(line).map_err(|_| "the line is not JSON")?;
        let value: Value = serde_json::from_str(text).map_err(|_| "the line is not JSON")?;
        // Also rules out keys that occur twice, of which readers see different ones.
        if to_canonical_json(&value) != text {
            return Err("the line is not in canonical form");
        }
        let record = value.pointer("/entry/record").map(to_canonical_json).unwrap_or_default();
        let line = serde_json::from_value(value).map_err(|_| "the line is no header, entry or checkpoint")?;
        match line {
            Self::Header(Header { format, .. }) if format != FORMAT => Err("the format is not zentinelle-audit-v1"),
            line => Ok((line, record)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_one_spelling() {
        let text = Line::header(Chain::genesis("t")).to_text().expect("line");
        let line = text.trim_end();
        assert!(Line::read(line.as_bytes()).is_ok());
        for wrong in [
            line.replace(':', ": "),
            line.replace("{\"header\":{", "{\"header\":{\"format\":\"x\","),
            line.replace("audit-v1", "audit-v2"),
            line.replace("\"size\"", "\"more\":1,\"size\""),
            format!("{line}\r"),
            String::new(),
            "{}".to_owned(),
            "{\"entry\":1}".to_owned(),
        ] {
            assert!(Line::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Line::read(b"\"\xff\"").is_err());
    }
}
