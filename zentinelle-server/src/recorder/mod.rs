//! Writing behind the answer: records go to the journal before the answer, and from there to
//! the database in order, in batches, each exactly once.

pub(crate) mod content;
mod drain;
mod drainer;
pub(crate) mod evaluation;
pub(crate) mod record;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use memchr::memmem::Finder;
use serde::Serialize;
use tokio::sync::watch;

use self::evaluation::EvaluationRow;
use self::record::{EVALUATION, Record};
use crate::http::error::ApiError;
use crate::journal::{Counters, Journal, JournalError, Position};
use crate::store::{Store, StoreError};

/// When to come back after the journal was full. Unit: seconds.
const FULL_RETRY: u32 = 2;
/// Few records are longer. Unit: bytes.
const USUAL_BYTES: usize = 1_024;

/// Takes records.
#[derive(Debug)]
pub(crate) struct Recorder {
    journal: Journal,
    /// How far the database has everything.
    drained: watch::Receiver<Position>,
    writing: Arc<AtomicBool>,
    /// How many wait until it has.
    hurry: watch::Sender<usize>,
}

impl Recorder {
    /// Starts draining the journal into the database, from where this node stopped.
    pub(crate) async fn start(store: Store, journal: Journal, node_id: &str) -> Result<Self, StoreError> {
        let from = drainer::position(&store, node_id).await?;
        let reader = journal.reader(from);
        // An empty journal is drained to its end before anything was.
        let begin = reader.end_if_read().unwrap_or(reader.position());
        let (tell, drained) = watch::channel(begin);
        let writing = Arc::new(AtomicBool::new(true));
        let (hurry, hurried) = watch::channel(0);
        let drainer = drainer::Drainer {
            store,
            reader,
            node_id: node_id.to_owned(),
            drained: tell,
            writing: Arc::clone(&writing),
            hurried,
        };
        tokio::spawn(drainer.run());
        Ok(Self { journal, drained, writing, hurry })
    }

    /// Keeps records. They have reached the operating system when it returns, so the death of
    /// this process does not lose them.
    pub(crate) fn record(&self, records: &[Record]) -> Result<(), ApiError> {
        self.keep(&Written::of(records)?)
    }

    /// As [`Recorder::record`], of records that are written already.
    pub(crate) fn keep(&self, written: &Written) -> Result<(), ApiError> {
        self.journal.append_all(&written.0).map(drop).map_err(refused)
    }

    /// Keeps records, and returns when the disk has confirmed them.
    pub(crate) async fn record_durably(&self, records: &[Record]) -> Result<(), ApiError> {
        self.journal.append_all_synced(&Written::of(records)?.0).await.map(drop).map_err(refused)
    }

    /// For waiting until the database has more than it had.
    pub(crate) fn written(&self) -> Drained {
        Drained(self.drained.clone())
    }

    /// Waits until the database has everything recorded so far, or the time is over. Says whether
    /// it has.
    pub(crate) async fn settled(&self, within: Duration) -> bool {
        let _hurry = Hurry::over(&self.hurry);
        let end = self.journal.end();
        let mut drained = self.drained.clone();
        let reached = drained.wait_for(|position| *position >= end);
        matches!(tokio::time::timeout(within, reached).await, Ok(Ok(_)))
    }

    /// Whether the database takes what is recorded.
    pub(crate) fn is_healthy(&self) -> bool {
        self.writing.load(Ordering::Relaxed)
    }

    /// What the journal counted, and what waits.
    pub(crate) fn counters(&self) -> Counters {
        self.journal.counters()
    }
}

/// Tells when records reached the database.
#[derive(Debug)]
pub(crate) struct Drained(watch::Receiver<Position>);

impl Drained {
    /// Waits for the next ones; for ever once nothing is written any more.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Somebody waits until the database has everything.
struct Hurry<'r>(&'r watch::Sender<usize>);

impl<'r> Hurry<'r> {
    fn over(waiting: &'r watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Hurry<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// Records as the journal keeps them.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<Vec<u8>>);

impl Written {
    fn of(records: &[Record]) -> Result<Self, ApiError> {
        let mut written = Self(Vec::with_capacity(records.len()));
        records.iter().try_for_each(|record| written.add(record))?;
        Ok(written)
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &Record) -> Result<(), ApiError> {
        self.write(record)
    }

    /// Adds the record of a decision.
    pub(crate) fn add_evaluation(&mut self, row: &EvaluationRow<'_>) -> Result<(), ApiError> {
        #[derive(Serialize)]
        struct Enveloped<'r, 'd> {
            record: &'static str,
            row: &'r EvaluationRow<'d>,
        }
        self.write(&Enveloped { record: EVALUATION, row })
    }

    fn write(&mut self, record: &impl Serialize) -> Result<(), ApiError> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut text, record).map_err(|error| ApiError::Internal(error.to_string()))?;
        self.0.push(if holds_nul(&text) { without_nul(&text)? } else { text });
        Ok(())
    }
}

/// Whether a JSON text may hold the one character that PostgreSQL does not store.
fn holds_nul(text: &[u8]) -> bool {
    static NUL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\u0000"));
    NUL.find(text).is_some()
}

/// The same JSON with each NUL shown as a replacement character.
fn without_nul(text: &[u8]) -> Result<Vec<u8>, ApiError> {
    fn clean(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
            serde_json::Value::Array(items) => items.iter_mut().for_each(clean),
            serde_json::Value::Object(object) => {
                let entries = std::mem::take(object);
                object.extend(entries.into_iter().map(|(key, mut value)| {
                    clean(&mut value);
                    (key.replace('\0', "\u{fffd}"), value)
                }));
            }
            _ => {}
        }
    }
    let internal = |error: serde_json::Error| ApiError::Internal(error.to_string());
    let mut value = serde_json::from_slice(text).map_err(internal)?;
    clean(&mut value);
    serde_json::to_vec(&value).map_err(internal)
}

fn refused(error: JournalError) -> ApiError {
    match error {
        JournalError::Full { .. } => {
            let message = "the server is behind with its records; nothing of this request was kept".to_owned();
            ApiError::Throttled { retry_after: FULL_RETRY, message }
        }
        JournalError::TooLarge { limit, .. } => {
            ApiError::TooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) }
        }
        error => {
            tracing::error!(%error, "the journal did not take a record");
            ApiError::Unavailable("records cannot be kept at the moment".to_owned())
        }
    }
}
