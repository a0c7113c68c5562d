//! Walks over the records of one segment, and over damage between them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use bytes::{Buf as _, Bytes};
use memchr::memmem;

use super::frame::{self, Decoded, Marker};

/// How much is read from a file at once, unless one record is longer. Unit: bytes.
const READ_AHEAD: usize = 256 << 10;

/// What stands at some place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record. The scanner stands behind it now.
    Record(Bytes),
    /// This many bytes that are no record. The scanner stands behind them now, in front of a sound
    /// record or at the end.
    Damage(u64),
    /// Nothing more.
    End,
}

/// A place in an open segment. Holds at most one record or [`READ_AHEAD`] in memory, whichever is
/// more, whatever the file holds.
pub(super) struct Scanner {
    file: File,
    marker: Marker,
    offset: u64,
    /// What was read already of the bytes from `offset` on.
    ahead: Bytes,
}

impl Scanner {
    /// A scanner that stands at `offset`.
    pub(super) fn new(file: File, marker: Marker, offset: u64) -> Self {
        Self { file, marker, offset, ahead: Bytes::new() }
    }

    /// Where the scanner stands.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Moves to another place.
    pub(super) fn seek(&mut self, offset: u64) {
        self.offset = offset;
        self.ahead = Bytes::new();
    }

    /// What comes next in the first `end` bytes of the segment.
    pub(super) fn step(&mut self, end: u64) -> io::Result<Step> {
        let left = end.saturating_sub(self.offset);
        if left == 0 {
            return Ok(Step::End);
        }
        let mut found = frame::decode(self.marker, &self.ahead);
        while let Decoded::Incomplete(needed) = found {
            if needed as u64 > left || !self.fill(needed, left)? {
                return self.skip(end);
            }
            found = frame::decode(self.marker, &self.ahead);
        }
        let Decoded::Record(range) = found else { return self.skip(end) };
        let record = self.ahead.slice(range.clone());
        self.ahead.advance(range.end);
        self.offset += range.end as u64;
        Ok(Step::Record(record))
    }

    /// Has at least `needed` bytes in `ahead`, unless the file ends before them.
    fn fill(&mut self, needed: usize, left: u64) -> io::Result<bool> {
        let wanted = u64::try_from(needed.max(READ_AHEAD)).map_or(left, |wanted| wanted.min(left));
        self.ahead = read(&mut self.file, self.offset, wanted)?.into();
        Ok(self.ahead.len() >= needed)
    }

    /// Goes to the next sound record behind bytes that are none, or to the end.
    fn skip(&mut self, end: u64) -> io::Result<Step> {
        let from = self.offset;
        let mut at = from.saturating_add(1);
        while let Some(candidate) = self.find_marker(at, end)? {
            if self.is_sound(candidate, end)? {
                self.seek(candidate);
                return Ok(Step::Damage(candidate - from));
            }
            at = candidate.saturating_add(1);
        }
        self.seek(end);
        Ok(Step::Damage(end - from))
    }

    fn find_marker(&mut self, from: u64, end: u64) -> io::Result<Option<u64>> {
        let finder = memmem::Finder::new(&self.marker.0);
        let mut at = from;
        while at < end {
            let window = read(&mut self.file, at, (end - at).min(READ_AHEAD as u64))?;
            if let Some(found) = finder.find(&window) {
                return Ok(Some(at + found as u64));
            }
            if window.len() < READ_AHEAD {
                break;
            }
            at += (window.len() - (self.marker.0.len() - 1)) as u64; // a marker may lie across two windows
        }
        Ok(None)
    }

    fn is_sound(&mut self, offset: u64, end: u64) -> io::Result<bool> {
        let mut bytes = Vec::new();
        loop {
            match frame::decode(self.marker, &bytes) {
                Decoded::Record(_) => return Ok(true),
                Decoded::Corrupt => return Ok(false),
                Decoded::Incomplete(needed) => {
                    if needed as u64 > end - offset {
                        return Ok(false);
                    }
                    bytes = read(&mut self.file, offset, needed as u64)?;
                    if bytes.len() < needed {
                        return Ok(false);
                    }
                }
            }
        }
    }
}

/// Reads up to `length` bytes; fewer only when the file ends before them.
fn read(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(READ_AHEAD));
    file.seek(SeekFrom::Start(offset))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
