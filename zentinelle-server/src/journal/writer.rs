//! The end of the journal: appends, new segments, what waits for the database.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::error::JournalError;
use super::frame::{self, MAX_RECORD_BYTES, Marker};
use super::lock::DirectoryLock;
use super::scan::Step;
use super::segment::{self, HEADER_BYTES};
use super::{Options, Position};

/// What was counted since the journal was opened, and what waits now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Records that were appended.
    pub(crate) appended_records: u64,
    /// What they take on the disk. Unit: bytes.
    pub(crate) appended_bytes: u64,
    /// What waits for the database, earlier runs included. Unit: bytes.
    pub(crate) undrained_bytes: u64,
    /// Stretches of damage that the reader met. Each was at least one record.
    pub(crate) lost_records: u64,
    /// How long they were together. Unit: bytes.
    pub(crate) lost_bytes: u64,
    /// What was cut off the torn end when the journal was opened. Unit: bytes.
    pub(crate) torn_bytes: u64,
    /// Appends refused because too much waits for the database.
    pub(crate) refused: u64,
    /// How often the disk failed to confirm what was written.
    pub(crate) sync_failures: u64,
}

/// What the journal, its readers and its thread share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    /// Wakes readers.
    pub(super) appended: Notify,
    marker: Marker,
    state: Mutex<State>,
    _lock: DirectoryLock,
}

#[derive(Debug)]
struct State {
    /// Where each segment ends. The last one is `active`.
    segments: BTreeMap<u64, u64>,
    active: Arc<File>,
    end: Position,
    released: Position,
    /// Closed segments that the disk has not confirmed.
    unconfirmed: BTreeMap<u64, Arc<File>>,
    /// Whether the disk has to confirm the names of new segments.
    new_names: bool,
    /// Whether the active segment must get no more records.
    distrusted: bool,
    closed: bool,
    counters: Counters,
}

/// What the disk has to confirm.
pub(super) struct Unconfirmed {
    pub(super) files: Vec<Arc<File>>,
    pub(super) new_names: bool,
    pub(super) through: Position,
}

impl Shared {
    pub(super) fn open(directory: &Path, options: Options) -> Result<Self, JournalError> {
        check(&options)?;
        let lock = DirectoryLock::take(directory, &options.node_id)?;
        let found = segment::list(directory).map_err(JournalError::io("list the journal directory", directory))?;
        let newest = found.last().map_or(0, |&(number, _)| number);
        let mut counters = Counters::default();
        let segments = cut(directory, found, &mut counters)?;
        let mut unconfirmed = BTreeMap::new();
        for &number in segments.keys() {
            let path = segment::path(directory, number);
            unconfirmed.insert(number, Arc::new(File::open(&path).map_err(JournalError::io("open", &path))?));
        }
        counters.undrained_bytes = segments.values().map(|end| end - HEADER_BYTES).sum();

        let mut marker = [0; 4];
        getrandom::fill(&mut marker)
            .map_err(|error| JournalError::io("draw a random number for", directory)(io::Error::other(error)))?;
        let marker = Marker(marker);
        let number = newest.saturating_add(1).max(clock());
        let active = segment::create(directory, number, marker)
            .map_err(JournalError::io("make", &segment::path(directory, number)))?;
        let mut state = State {
            released: Position { segment: 0, offset: 0 },
            end: Position { segment: number, offset: HEADER_BYTES },
            active: Arc::new(active),
            segments,
            unconfirmed,
            new_names: true,
            distrusted: false,
            closed: false,
            counters,
        };
        state.segments.insert(number, HEADER_BYTES);
        let directory = directory.to_owned();
        Ok(Self { directory, options, appended: Notify::new(), marker, state: Mutex::new(state), _lock: lock })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The frames of some records, made outside the lock.
    pub(super) fn frames<R: AsRef<[u8]>>(&self, records: &[R]) -> Result<Vec<u8>, JournalError> {
        let mut total = 0_usize;
        for record in records {
            let length = record.as_ref().len();
            if length > MAX_RECORD_BYTES {
                return Err(JournalError::TooLarge { bytes: length as u64, limit: MAX_RECORD_BYTES as u64 });
            }
            total = total.saturating_add(frame::framed_bytes(length));
        }
        if total as u64 > self.options.max_bytes {
            return Err(JournalError::TooLarge { bytes: total as u64, limit: self.options.max_bytes });
        }
        let mut frames = Vec::with_capacity(total);
        for record in records {
            frame::encode(self.marker, record.as_ref(), &mut frames);
        }
        Ok(frames)
    }

    /// Writes some frames at the end.
    pub(super) fn append(&self, frames: &[u8], records: u64) -> Result<Position, JournalError> {
        let length = frames.len() as u64;
        let mut state = self.state();
        let undrained_bytes = state.counters.undrained_bytes;
        if undrained_bytes.saturating_add(length) > self.options.max_bytes {
            state.counters.refused += 1;
            return Err(JournalError::Full { undrained_bytes, max_bytes: self.options.max_bytes });
        }
        let mut written = self.write(&mut state, frames);
        if written.as_ref().is_err_and(JournalError::is_disk_full) && self.give_back_active(&mut state) {
            written = self.write(&mut state, frames);
        }
        let end = written?;
        state.counters.undrained_bytes += length;
        state.counters.appended_bytes += length;
        state.counters.appended_records += records;
        drop(state);
        self.appended.notify_waiters();
        Ok(end)
    }

    fn write(&self, state: &mut State, frames: &[u8]) -> Result<Position, JournalError> {
        let length = frames.len() as u64;
        let is_full = state.end.offset + length > self.options.segment_bytes && state.end.offset > HEADER_BYTES;
        if is_full || state.distrusted {
            self.rotate(state)?;
        }
        if let Err(source) = (&*state.active).write_all(frames) {
            // A part may have been written. Either it goes, or nothing is appended behind it.
            state.distrusted = state.active.set_len(state.end.offset).is_err();
            return Err(JournalError::io("write to", &segment::path(&self.directory, state.end.segment))(source));
        }
        state.end.offset += length;
        state.segments.insert(state.end.segment, state.end.offset);
        Ok(state.end)
    }

    /// On a full disk, begins a new segment in the space of the active one, if all of that one is
    /// drained: it would stand in its own way for ever.
    fn give_back_active(&self, state: &mut State) -> bool {
        let drained = state.end;
        if state.released != drained || drained.offset == HEADER_BYTES || state.active.set_len(HEADER_BYTES).is_err() {
            return false;
        }
        state.distrusted = true; // it is shorter than its position says
        if self.rotate(state).is_err() {
            return false;
        }
        state.segments.remove(&drained.segment);
        state.unconfirmed.remove(&drained.segment);
        let _ = fs::remove_file(segment::path(&self.directory, drained.segment)); // it is empty
        true
    }

    /// What an append does on a full disk.
    #[cfg(test)]
    pub(super) fn give_back(&self) -> bool {
        self.give_back_active(&mut self.state())
    }

    fn rotate(&self, state: &mut State) -> Result<(), JournalError> {
        let number = state.end.segment.saturating_add(1);
        let file = segment::create(&self.directory, number, self.marker)
            .map_err(JournalError::io("make", &segment::path(&self.directory, number)))?;
        let closed = std::mem::replace(&mut state.active, Arc::new(file));
        state.unconfirmed.insert(state.end.segment, closed);
        state.new_names = true;
        state.distrusted = false;
        state.end = Position { segment: number, offset: HEADER_BYTES };
        state.segments.insert(number, HEADER_BYTES);
        Ok(())
    }

    /// The position behind the last record.
    pub(super) fn frontier(&self) -> Position {
        self.state().end
    }

    pub(super) fn counters(&self) -> Counters {
        self.state().counters
    }

    /// Where a reader that stands at `position` finds the next record, and where that segment
    /// ends; nothing when it has read all. An error when there will never be more.
    pub(super) fn next_extent(&self, position: Position) -> Result<Option<(Position, u64)>, JournalError> {
        let state = self.state();
        for (&segment, &end) in state.segments.range(position.segment..) {
            let offset = if segment == position.segment { position.offset.max(HEADER_BYTES) } else { HEADER_BYTES };
            if offset < end {
                return Ok(Some((Position { segment, offset }, end)));
            }
        }
        if state.closed { Err(JournalError::Closed) } else { Ok(None) }
    }

    /// Whether the segment is part of the journal; else it was released.
    pub(super) fn holds(&self, segment: u64) -> bool {
        self.state().segments.contains_key(&segment)
    }

    /// Reports and counts damage that a reader met.
    pub(super) fn count_loss(&self, at: Position, bytes: u64) {
        tracing::error!(segment = at.segment, offset = at.offset, bytes, "the journal is damaged; records are lost");
        let mut state = self.state();
        state.counters.lost_records += 1;
        state.counters.lost_bytes += bytes;
    }

    /// Forgets what lies before `up_to` and deletes the segments that lie wholly before it. The
    /// active one stays.
    pub(super) fn release(&self, up_to: Position) {
        let mut state = self.state();
        let up_to = up_to.min(state.end);
        if up_to <= state.released {
            return;
        }
        state.released = up_to;
        let active = state.end.segment;
        let is_drained = |&number: &u64, end: &mut u64| {
            number != active && (number < up_to.segment || (number == up_to.segment && *end <= up_to.offset))
        };
        let drained: Vec<u64> = state.segments.extract_if(.., is_drained).map(|(number, _)| number).collect();
        let waiting = |(&number, &end): (&u64, &u64)| {
            let from = if number == up_to.segment { up_to.offset.max(HEADER_BYTES) } else { HEADER_BYTES };
            end.saturating_sub(from)
        };
        state.counters.undrained_bytes = state.segments.iter().map(waiting).sum();
        state.unconfirmed.retain(|number, _| !drained.contains(number)); // an open file keeps its space
        drop(state);
        for number in drained {
            let path = segment::path(&self.directory, number);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(segment = number, %error, "a drained journal segment stays on the disk");
                }
                _ => {}
            }
        }
    }

    /// Takes what the disk has not confirmed yet, if there is anything since `confirmed`.
    pub(super) fn take_unconfirmed(&self, confirmed: Option<Position>) -> Option<Unconfirmed> {
        let mut state = self.state();
        let through = state.end;
        if confirmed == Some(through) && state.unconfirmed.is_empty() && !state.new_names {
            return None;
        }
        let mut files: Vec<_> = std::mem::take(&mut state.unconfirmed).into_values().collect();
        files.push(Arc::clone(&state.active));
        Some(Unconfirmed { files, new_names: std::mem::take(&mut state.new_names), through })
    }

    /// After the disk refused: what it kept of the active segment is unknown, and asking again
    /// would hide that, so later records go to a new one.
    pub(super) fn distrust(&self) {
        let mut state = self.state();
        state.distrusted = true;
        state.new_names = true;
        state.counters.sync_failures += 1;
    }

    /// No more records will come; readers stop when they have read all.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.appended.notify_waiters();
    }
}

fn check(options: &Options) -> Result<(), JournalError> {
    let wrong = |name, found: String, expected| Err(JournalError::Option { name, found, expected });
    if options.segment_bytes < 4096 {
        return wrong("segment_bytes", options.segment_bytes.to_string(), "at least 4096");
    }
    if options.max_bytes < options.segment_bytes {
        return wrong("max_bytes", options.max_bytes.to_string(), "at least `segment_bytes`");
    }
    if options.sync_interval.is_zero() {
        return wrong("sync_interval", "0".into(), "more than no time at all");
    }
    if options.node_id.is_empty() || options.node_id.trim() != options.node_id || options.node_id.len() > 200 {
        return wrong("node_id", format!("`{}`", options.node_id), "1 to 200 bytes without space around them");
    }
    Ok(())
}

/// Cuts off the torn end of the newest segment and removes segments without records. Returns
/// where each remaining one ends.
fn cut(directory: &Path, found: Vec<(u64, u64)>, counters: &mut Counters) -> Result<BTreeMap<u64, u64>, JournalError> {
    let mut segments: BTreeMap<u64, u64> = found.into_iter().collect();
    if let Some(mut newest) = segments.last_entry() {
        let (number, length) = (*newest.key(), *newest.get());
        let path = segment::path(directory, number);
        let mut end = length.min(HEADER_BYTES);
        let mut scanner = segment::open(directory, number).map_err(JournalError::io("open", &path))?;
        loop {
            match scanner.step(length).map_err(JournalError::io("read", &path))? {
                Step::Record(_) => end = scanner.offset(),
                Step::Damage(_) => {} // torn, unless records follow
                Step::End => break,
            }
        }
        if end < length {
            tracing::warn!(segment = number, offset = end, bytes = length - end, "the journal's torn end is cut off");
            counters.torn_bytes += length - end;
            let file = OpenOptions::new().write(true).open(&path).map_err(JournalError::io("open", &path))?;
            file.set_len(end).map_err(JournalError::io("shorten", &path))?;
            newest.insert(end);
        }
    }
    for (number, _) in segments.extract_if(.., |_, end| *end <= HEADER_BYTES) {
        let path = segment::path(directory, number);
        fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
    }
    Ok(segments)
}

/// Milliseconds since 1970.
fn clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}
