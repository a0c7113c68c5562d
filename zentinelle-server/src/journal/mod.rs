//! A local log that only grows at its end. Whatever must not be lost is appended to it before the
//! answer goes out, and drained to the database behind the answer.
//!
//! A record that [`Journal::append`] took has reached the kernel: the death of this process does
//! not harm it. A loss of power may take what the disk has not confirmed yet, which is what was
//! appended in about the last `sync_interval`; [`Journal::append_synced`] waits until the disk
//! has. One thread asks the disk, once for everybody who waits.
//!
//! One [`Reader`] drains the journal in order. It stores the position behind each batch in the
//! transaction that stores the batch, which makes the drain exactly-once, and then calls
//! [`Reader::release`]. While the database is away the journal grows up to `max_bytes`; then
//! `append` refuses with [`JournalError::Full`] rather than drop anything.
//!
//! The end of the journal may be torn by a loss of power. It is cut off at the next start. A
//! record that is damaged in the middle is skipped, logged with its place and counted; it never
//! stops the server. Nothing here logs or prints what a record holds.

mod error;
mod frame;
mod lock;
mod reader;
mod scan;
mod segment;
mod sync;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::error::JournalError;
pub(crate) use self::reader::{Batch, Reader};
use self::sync::Syncer;
pub(crate) use self::writer::Counters;
use self::writer::Shared;

/// How a journal works.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The size from which a segment gets a successor. Space is given back by whole segments.
    /// Unit: bytes, at least 4096.
    pub(crate) segment_bytes: u64,
    /// The most that may wait for the database; further records are refused. The disk needs room
    /// for one segment more. Unit: bytes, at least `segment_bytes`.
    pub(crate) max_bytes: u64,
    /// How long a record may stay unconfirmed by the disk when nobody waits for it.
    pub(crate) sync_interval: Duration,
    /// Which server this is. Positions are stored under this name, so a directory belongs to one.
    pub(crate) node_id: String,
}

/// A place between two records. Later places compare greater, also across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The number of the segment.
    pub(crate) segment: u64,
    /// The distance from its start. Unit: bytes.
    pub(crate) offset: u64,
}

impl Position {
    /// The position that the columns `segment` and `byte_offset` hold.
    pub(crate) fn from_columns(segment: i64, byte_offset: i64) -> Self {
        let unsigned = |column| u64::try_from(column).unwrap_or_default(); // a negative one lies before all others
        Self { segment: unsigned(segment), offset: unsigned(byte_offset) }
    }

    /// The columns `segment` and `byte_offset`.
    pub(crate) fn to_columns(self) -> (i64, i64) {
        let signed = |part| i64::try_from(part).unwrap_or(i64::MAX); // no journal comes near
        (signed(self.segment), signed(self.offset))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}

/// An open journal. Dropping it asks the disk a last time and waits for the answer.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    syncer: Syncer,
}

impl Journal {
    /// Opens the journal in `directory`, which is made if need be, and cuts off a torn end.
    pub(crate) fn open(directory: &Path, options: Options) -> Result<Self, JournalError> {
        let shared = Arc::new(Shared::open(directory, options)?);
        let syncer = Syncer::start(Arc::clone(&shared))?;
        Ok(Self { shared, syncer })
    }

    /// Appends a record with one `write` and returns the position behind it. What it costs is that
    /// call, some microseconds, so it may be called on an async thread.
    #[cfg_attr(not(test), expect(dead_code, reason = "the server appends several at once; one alone is for tests"))]
    pub(crate) fn append(&self, record: &[u8]) -> Result<Position, JournalError> {
        self.append_all(&[record])
    }

    /// Appends all the records with one `write`, next to each other, or none of them. Returns the
    /// position behind the last one.
    pub(crate) fn append_all<R: AsRef<[u8]>>(&self, records: &[R]) -> Result<Position, JournalError> {
        let frames = self.shared.frames(records)?;
        self.shared.append(&frames, records.len() as u64)
    }

    /// Appends a record and waits until the disk has confirmed it.
    ///
    /// When the wait is abandoned or the disk refuses, the record is in the journal all the same,
    /// so whoever tries again needs something to tell that it is the same.
    #[cfg_attr(not(test), expect(dead_code, reason = "the server appends several at once; one alone is for tests"))]
    pub(crate) async fn append_synced(&self, record: &[u8]) -> Result<Position, JournalError> {
        self.append_all_synced(&[record]).await
    }

    /// [`Journal::append_all`], and waits until the disk has confirmed all of it.
    pub(crate) async fn append_all_synced<R: AsRef<[u8]>>(&self, records: &[R]) -> Result<Position, JournalError> {
        let waiter = self.syncer.waiter(); // before the append, so that no failure goes unseen
        let position = self.append_all(records)?;
        waiter.until(position).await
    }

    /// Waits until the disk has confirmed what was appended so far.
    #[cfg_attr(not(test), expect(dead_code, reason = "the server appends several at once; one alone is for tests"))]
    pub(crate) async fn sync(&self) -> Result<Position, JournalError> {
        let waiter = self.syncer.waiter();
        waiter.until(self.shared.frontier()).await
    }

    /// A reader that begins at `from`, as the database remembers it, or with the oldest record.
    /// What lies before `from` is drained, so it counts as released.
    ///
    /// A position beyond the end comes from a journal that is gone; then nothing of this one was
    /// drained, and the reader begins with the oldest record.
    pub(crate) fn reader(&self, from: Option<Position>) -> Reader {
        Reader::new(Arc::clone(&self.shared), from)
    }

    /// What was counted since the journal was opened, and what waits now.
    pub(crate) fn counters(&self) -> Counters {
        self.shared.counters()
    }

    /// The position behind the last record.
    pub(crate) fn end(&self) -> Position {
        self.shared.frontier()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.syncer.stop();
        self.shared.close();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("end", &self.end()).finish_non_exhaustive()
    }
}
