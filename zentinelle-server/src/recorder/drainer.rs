//! The task that drains the journal. While the database is away it waits and the journal grows;
//! a record the database will never take is set aside, and that is itself put on record.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait as _, Set};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::watch;
use tokio::task::block_in_place;
use zentinelle_core::audit::{AuditAction, AuditRecord, Outcome};
use zentinelle_core::ids::TenantId;

use super::drain;
use super::record::Record;
use crate::clock;
use crate::journal::{Batch, JournalError, Position, Reader};
use crate::store::entities::journal_position;
use crate::store::{Store, StoreError, audit};

/// The most records of one transaction.
const MOST_RECORDS: usize = 2_000;
/// The most bytes of one transaction.
const MOST_BYTES: usize = 8 << 20;
/// How long records wait for others before they are stored. A request's own records would else be
/// stored while it is still being served, at its expense, and each request's by themselves.
const GATHERING: Duration = Duration::from_millis(20);
/// A batch of this many records says that there is much to do. The next one is then given time to
/// grow, and requests time to be answered: few large transactions cost less than many small ones.
const BUSY_RECORDS: usize = 200;
/// The shortest and the longest rest after a batch. It is as long as the batch took, so that
/// draining takes half of one processor at most.
const RESTS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// The longest wait before the next attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a batch may fail, for another reason than that the database is away, before its
/// records are tried one by one.
const PATIENCE: u32 = 3;

/// Drains the journal into the database.
pub(super) struct Drainer {
    pub(super) store: Store,
    pub(super) reader: Reader,
    pub(super) node_id: String,
    pub(super) drained: watch::Sender<Position>,
    pub(super) writing: Arc<AtomicBool>,
    /// How many wait for the database to have everything.
    pub(super) hurried: watch::Receiver<usize>,
}

/// How far a node's journal is drained.
pub(super) async fn position(store: &Store, node_id: &str) -> Result<Option<Position>, StoreError> {
    let row = journal_position::Entity::find_by_id(node_id).one(store.db()).await?;
    Ok(row.map(|row| Position::from_columns(row.segment, row.byte_offset)))
}

impl Drainer {
    /// Runs until the journal is closed.
    pub(super) async fn run(mut self) {
        loop {
            self.reader.ready().await;
            self.pause(GATHERING).await;
            match self.reader.next_batch(MOST_RECORDS, MOST_BYTES).await {
                Ok(batch) => {
                    let begun = Instant::now();
                    self.store_batch(&batch).await;
                    self.reader.release(batch.end);
                    let read = self.reader.end_if_read().unwrap_or(batch.end);
                    self.drained.send_replace(read.max(batch.end));
                    self.rest(batch.entries.len(), begun.elapsed()).await;
                }
                Err(JournalError::Closed) => return,
                Err(error) => {
                    self.writing.store(false, Ordering::Relaxed);
                    tracing::error!(%error, "the journal cannot be read");
                    tokio::time::sleep(LONGEST_WAIT).await;
                }
            }
        }
    }

    /// Leaves the machine to others after a batch, unless there was little in it.
    async fn rest(&mut self, records: usize, took: Duration) {
        if records >= BUSY_RECORDS {
            let (shortest, longest) = RESTS;
            self.pause(took.clamp(shortest, longest)).await;
        }
    }

    /// Waits so long, unless somebody waits for the database, or so much is left that the journal
    /// might have to refuse records.
    async fn pause(&mut self, most: Duration) {
        if self.reader.is_far_behind() {
            return;
        }
        let hurry = self.hurried.wait_for(|waiting| *waiting > 0);
        // Whoever waits cuts the pause short; whether they still do afterwards does not matter.
        let _ = tokio::time::timeout(most, hurry).await;
    }

    /// Stores a batch, however long it takes.
    async fn store_batch(&self, batch: &Batch) {
        let records: Vec<&[u8]> = batch.entries.iter().map(|entry| &entry.record[..]).collect();
        let mut wait = Duration::from_millis(50);
        let mut failures = 0;
        loop {
            let storing = self.store_all(&records, batch.end);
            let stored = if records.len() < BUSY_RECORDS { storing.await } else { aside(storing).await };
            let Err(error) = stored else {
                self.writing.store(true, Ordering::Relaxed);
                return;
            };
            self.writing.store(false, Ordering::Relaxed);
            tracing::warn!(?error, records = records.len(), "records wait: the database did not take them");
            failures += u32::from(!error.is_unavailable());
            if failures >= PATIENCE && self.store_each(&records, batch.end).await.is_ok() {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn store_all(&self, records: &[&[u8]], end: Position) -> Result<(), StoreError> {
        let txn = self.store.begin().await?;
        drain::write_in(&txn, records).await?;
        self.remember(&txn, end).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Stores what can be stored, record by record, and puts on the audit chain what cannot.
    async fn store_each(&self, records: &[&[u8]], end: Position) -> Result<(), StoreError> {
        for record in records {
            let txn = self.store.begin().await?;
            let Err(error) = drain::write_in(&txn, &[*record]).await else {
                txn.commit().await?;
                continue;
            };
            txn.rollback().await?;
            if error.is_unavailable() {
                return Err(error);
            }
            let Some(record) = decoded(record) else { continue };
            tracing::error!(?error, kind = record.kind(), "the database will never take a record: it is set aside");
            let txn = self.store.begin().await?;
            audit::append(&txn, &record.tenant(), vec![dropped(&record)]).await?;
            txn.commit().await?;
        }
        let txn = self.store.begin().await?;
        self.remember(&txn, end).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn remember(&self, txn: &DatabaseTransaction, end: Position) -> Result<(), StoreError> {
        let (segment, byte_offset) = end.to_columns();
        let row = journal_position::ActiveModel {
            node_id: Set(self.node_id.clone()),
            segment: Set(segment),
            byte_offset: Set(byte_offset),
            updated_at: Set(clock::now_micros()),
        };
        journal_position::Entity::insert(row)
            .on_conflict(
                OnConflict::column(journal_position::Column::NodeId)
                    .update_columns([
                        journal_position::Column::Segment,
                        journal_position::Column::ByteOffset,
                        journal_position::Column::UpdatedAt,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(txn)
            .await?;
        Ok(())
    }
}

/// Does work that computes for long between its waits without making the requests wait that share its
/// thread: they are handed to another thread whenever it goes on.
async fn aside<F: Future>(work: F) -> F::Output {
    // A runtime of one thread has nobody to hand them to.
    let others = Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread;
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        if others { block_in_place(|| work.as_mut().poll(context)) } else { work.as_mut().poll(context) }
    })
    .await
}

fn decoded(text: &[u8]) -> Option<Record> {
    serde_json::from_slice(text)
        .inspect_err(|error| tracing::error!(%error, "a record of the journal cannot be read by this release"))
        .ok()
}

fn dropped(record: &Record) -> AuditRecord {
    let tenant: TenantId = record.tenant();
    let mut entry = AuditRecord::new(
        clock::new_id(),
        tenant.as_str(),
        clock::now(),
        AuditAction::Delete,
        "record",
        Outcome::Failure,
    );
    entry.metadata = serde_json::json!({ "dropped": record.kind(), "because": "the database did not take it" });
    entry
}
