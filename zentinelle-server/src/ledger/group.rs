//! Several batches in one step: while one is under way the next ones gather, and then go
//! together. How many that are is up to the load; a batch that comes alone goes alone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use zentinelle_core::ledger::{Batch, LedgerError, Outcome};

/// The most batches of one step.
const MOST: usize = 128;

/// A batch that waits for its turn, and who wants to hear of it.
struct Waiting {
    batch: Batch,
    tell: oneshot::Sender<Result<Outcome, LedgerError>>,
}

/// Takes batches, and carries them out in the order in which they came.
#[derive(Debug)]
pub(super) struct Group {
    queue: mpsc::UnboundedSender<Waiting>,
    task: AbortHandle,
}

impl Group {
    /// A group whose steps are carried out by `step`: an outcome for each batch, in order, or one
    /// reason why there is none for any.
    pub(super) fn start<L, F>(ledger: Arc<L>, step: impl Fn(Arc<L>, Vec<Batch>) -> F + Send + 'static) -> Self
    where
        L: Send + Sync + 'static,
        F: Future<Output = Result<Vec<Outcome>, LedgerError>> + Send,
    {
        let (queue, mut waiting) = mpsc::unbounded_channel::<Waiting>();
        let task = tokio::spawn(async move {
            let mut gathered = Vec::new();
            while waiting.recv_many(&mut gathered, MOST).await > 0 {
                // Nobody hears of what was given up meanwhile, so it is not spent either.
                let (batches, tell): (Vec<_>, Vec<_>) = gathered
                    .drain(..)
                    .filter(|one| !one.tell.is_closed())
                    .map(|Waiting { batch, tell }| (batch, tell))
                    .unzip();
                if batches.is_empty() {
                    continue;
                }
                match step(Arc::clone(&ledger), batches).await {
                    Ok(outcomes) => tell.into_iter().zip(outcomes).for_each(|(tell, outcome)| {
                        // Whoever gave up has been answered that the ledger was away.
                        let _ = tell.send(Ok(outcome));
                    }),
                    Err(error) => tell.into_iter().for_each(|tell| {
                        let _ = tell.send(Err(error.clone()));
                    }),
                }
            }
        });
        Self { queue, task: task.abort_handle() }
    }

    /// Carries out a batch, together with those that came at the same time.
    pub(super) async fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        let stopped = || LedgerError::Unavailable("the ledger is being stopped".to_owned());
        let (tell, told) = oneshot::channel();
        self.queue.send(Waiting { batch: batch.clone(), tell }).map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use zentinelle_core::ledger::Mode;

    use super::*;
    use crate::clock;

    fn batch() -> Batch {
        Batch { postings: Vec::new(), now: clock::now(), mode: Mode::Commit, reservation: None }
    }

    #[tokio::test]
    async fn what_comes_while_a_step_is_under_way_goes_together() {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let group = Group::start(Arc::clone(&sizes), |sizes: Arc<Mutex<Vec<usize>>>, batches: Vec<Batch>| async move {
            sizes.lock().expect("sizes").push(batches.len());
            tokio::task::yield_now().await;
            Ok(batches.iter().map(|_| Outcome { committed: true, readings: Vec::new() }).collect())
        });
        let batch = batch();
        let all = futures_util::future::join_all((0..50).map(|_| group.apply(&batch))).await;
        assert!(all.iter().all(Result::is_ok));
        let sizes = sizes.lock().expect("sizes").clone();
        assert_eq!(sizes.iter().sum::<usize>(), 50);
        assert!(sizes.len() < 10, "{sizes:?}");
    }

    #[tokio::test]
    async fn a_step_that_fails_fails_for_each() {
        let group = Group::start(Arc::new(()), |_, batches: Vec<Batch>| async move {
            Err(LedgerError::Unavailable(format!("{} refused", batches.len())))
        });
        assert!(group.apply(&batch()).await.is_err());
    }
}
