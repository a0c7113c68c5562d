//! Reads the journal in order and waits for more.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::Position;
use super::error::JournalError;
use super::scan::{Scanner, Step};
use super::segment;
use super::writer::Shared;

/// One record of a batch.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What was appended.
    pub(crate) record: Bytes,
    /// The position behind it.
    pub(crate) end: Position,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, end } = self;
        f.debug_struct("Entry").field("record", &format_args!("{} bytes", record.len())).field("end", end).finish()
    }
}

/// Some records in order. There are none only where the journal was damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The records.
    pub(crate) entries: Vec<Entry>,
    /// The position behind the batch, to be stored with it and released when it is stored.
    pub(crate) end: Position,
}

/// A place in the journal that moves on as batches are taken.
pub(crate) struct Reader {
    shared: Arc<Shared>,
    position: Position,
    /// The segment that was read last.
    open: Option<(u64, Scanner)>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, from: Option<Position>) -> Self {
        let mut position = Position { segment: 0, offset: 0 };
        match from {
            Some(from) if from <= shared.frontier() => {
                shared.release(from);
                position = from;
            }
            Some(from) => {
                tracing::warn!(position = %from, "the stored position is not of this journal, which is read from its start");
            }
            None => {}
        }
        Self { shared, position, open: None }
    }

    /// Where the next batch begins.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The journal's end, when everything before it is read. It may lie beyond the last batch: a
    /// segment begins with a header, and damage at a segment's end belongs to no batch.
    pub(crate) fn end_if_read(&self) -> Option<Position> {
        let end = self.shared.frontier(); // before the look, so that nothing appended since counts as read
        self.is_at_end().then_some(end)
    }

    /// Whether everything that was appended is read, so that [`Reader::next_batch`] would wait.
    pub(crate) fn is_at_end(&self) -> bool {
        !matches!(self.shared.next_extent(self.position), Ok(Some(_)))
    }

    /// Whether so much waits for the database that the journal might soon be full: an eighth of
    /// what it may hold.
    pub(crate) fn is_far_behind(&self) -> bool {
        self.shared.counters().undrained_bytes > self.shared.options.max_bytes / 8
    }

    /// Waits until there is something to read, or there will never be more.
    pub(crate) async fn ready(&self) {
        loop {
            let appended = self.shared.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable(); // before the look, so that no append falls in between
            if !matches!(self.shared.next_extent(self.position), Ok(None)) {
                return;
            }
            appended.await;
        }
    }

    /// The next records: at least one, at most `max_records`, and no more bytes than `max_bytes`
    /// unless the first record alone has more. Waits while there are none. A batch may be smaller
    /// than what waits: it never spans two segments.
    ///
    /// Abandoning the wait loses nothing. Fails with [`JournalError::Closed`] when the journal was
    /// closed and everything is read.
    pub(crate) async fn next_batch(&mut self, max_records: usize, max_bytes: usize) -> Result<Batch, JournalError> {
        let shared = Arc::clone(&self.shared);
        loop {
            let appended = shared.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable(); // before the look, so that no append falls in between
            let Some((from, end)) = shared.next_extent(self.position)? else {
                appended.await;
                continue;
            };
            let open = self.open.take().filter(|(number, _)| *number == from.segment);
            let directory = Arc::clone(&shared);
            let read = move || {
                let mut scanner = match open {
                    Some((_, scanner)) => scanner,
                    None => segment::open(&directory.directory, from.segment)?,
                };
                if scanner.offset() != from.offset {
                    scanner.seek(from.offset);
                }
                let found = take(&mut scanner, from.segment, end, max_records, max_bytes)?;
                Ok::<_, io::Error>((scanner, found))
            };
            let read = tokio::task::spawn_blocking(read).await.map_err(|_| JournalError::Closed)?;
            let (batch, damage) = match read {
                Ok((scanner, found)) => {
                    self.open = Some((from.segment, scanner));
                    found
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && !shared.holds(from.segment) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Somebody deleted the file.
                    let end = Position { segment: from.segment, offset: end };
                    (Batch { entries: Vec::new(), end }, vec![(from, end.offset - from.offset)])
                }
                Err(error) => {
                    let path = segment::path(&shared.directory, from.segment);
                    return Err(JournalError::io("read", &path)(error));
                }
            };
            for (at, bytes) in damage {
                shared.count_loss(at, bytes);
            }
            self.position = batch.end;
            return Ok(batch);
        }
    }

    /// Says that everything before `up_to` is stored elsewhere. Segments that lie wholly before it
    /// are deleted, and what they held no longer counts against `max_bytes`.
    pub(crate) fn release(&self, up_to: Position) {
        self.shared.release(up_to);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Reads one batch, and says where damage lay in front of its records or behind them.
fn take(
    scanner: &mut Scanner,
    segment: u64,
    end: u64,
    max_records: usize,
    max_bytes: usize,
) -> io::Result<(Batch, Vec<(Position, u64)>)> {
    let (mut entries, mut damage, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
    loop {
        let at = Position { segment, offset: scanner.offset() };
        match scanner.step(end)? {
            Step::Record(record) => {
                bytes = bytes.saturating_add(record.len());
                if bytes > max_bytes && !entries.is_empty() {
                    scanner.seek(at.offset);
                    break;
                }
                entries.push(Entry { record, end: Position { segment, offset: scanner.offset() } });
                if entries.len() >= max_records {
                    break;
                }
            }
            Step::Damage(length) => damage.push((at, length)),
            Step::End => break,
        }
    }
    Ok((Batch { entries, end: Position { segment, offset: scanner.offset() } }, damage))
}
