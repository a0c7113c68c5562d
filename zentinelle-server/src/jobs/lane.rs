//! A lane: some places in which jobs are done side by side.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zentinelle_core::ids::TenantId;

use super::JobError;
use super::run::{Run, Runner};
use super::work::Work;
use crate::clock;
use crate::store::entities::job;
use crate::store::jobs::{self as rows, Claim, Claimed};
use crate::store::{Store, StoreError};

/// Rings when this process enqueued something.
static WAKE: Notify = Notify::const_new();
/// How long after the ring a transaction is usually through.
const SETTLE: Duration = Duration::from_millis(20);
/// How often to look without being rung: other servers enqueue as well, and waits end.
const POLL: Duration = Duration::from_secs(1);

/// Rings the workers of this process: something may be due.
pub(crate) fn wake() {
    WAKE.notify_waiters();
}

/// One lane of a server's workers.
#[derive(Clone)]
pub(super) struct Lane {
    /// Where the jobs are.
    pub(super) store: Store,
    /// Does them.
    pub(super) runner: Arc<dyn Runner>,
    /// Which ones.
    pub(super) kinds: rows::Kinds,
    /// How many at once.
    pub(super) places: usize,
    /// The name on the leases; no two lanes have the same.
    pub(super) worker: Arc<str>,
    /// How long a lease lasts without being renewed.
    pub(super) lease: Duration,
}

impl Lane {
    /// Does jobs until told to stop, then finishes what it began, or gives it back.
    pub(super) async fn work(self, stop: CancellationToken, grace: Duration) {
        let mut running = JoinSet::new();
        loop {
            let woken = WAKE.notified();
            tokio::pin!(woken);
            woken.as_mut().enable(); // before looking, so that no ring is missed in between
            while running.try_join_next().is_some() {}
            let free = self.places.saturating_sub(running.len());
            if free > 0 && !stop.is_cancelled() {
                match self.claim(free).await {
                    Ok(claimed) => {
                        for job in claimed.leased {
                            running.spawn(self.clone().run_one(job));
                        }
                        for job in claimed.given_up {
                            self.give_up(&job, rows::ABANDONED.to_owned()).await;
                        }
                    }
                    Err(error) => tracing::warn!(?error, "jobs could not be claimed"),
                }
            }
            let room = running.len() < self.places;
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = running.join_next() => {}
                () = woken, if room => tokio::time::sleep(SETTLE).await,
                () = tokio::time::sleep(POLL) => {}
            }
        }
        let finished = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, finished).await.is_err() {
            tracing::warn!(jobs = running.len(), "jobs that did not finish in time are given back");
        }
        running.shutdown().await;
        if let Err(error) = rows::release(self.store.db(), &self.worker).await {
            tracing::warn!(?error, "leases were not given back; they end by themselves");
        }
    }

    async fn claim(&self, most: usize) -> Result<Claimed, StoreError> {
        let now = clock::now_micros();
        let until = now.saturating_add(as_micros(self.lease));
        let claim = Claim { worker: &self.worker, kinds: self.kinds, now, until, most: most as u64 };
        rows::claim(&self.store, claim).await
    }

    async fn run_one(self, job: job::Model) {
        let started = Instant::now();
        let kind = Work::NAMES.into_iter().find(|name| *name == job.kind).unwrap_or("unknown");
        let outcome = match read(&job) {
            Ok(run) => {
                let done = AssertUnwindSafe(self.runner.run(run)).catch_unwind();
                tokio::select! {
                    done = done => done.unwrap_or_else(|_| Err(JobError::Retry("the job panicked".to_owned()))),
                    () = self.keep_lease(&job) => {
                        tracing::warn!(job = job.id, kind, "the lease was lost; the work is left to whoever has it");
                        metrics::counter!("zentinelle_jobs_total", "kind" => kind, "outcome" => "lost").increment(1);
                        return;
                    }
                }
            }
            Err(why) => Err(JobError::Hopeless(why)),
        };
        let word = self.conclude(&job, kind, outcome).await;
        metrics::counter!("zentinelle_jobs_total", "kind" => kind, "outcome" => word).increment(1);
        metrics::histogram!("zentinelle_job_duration_seconds", "kind" => kind).record(started.elapsed().as_secs_f64());
    }

    /// Writes down how a job ended, and says it in a word.
    async fn conclude(&self, job: &job::Model, kind: &'static str, outcome: Result<(), JobError>) -> &'static str {
        let now = clock::now_micros();
        let (end, word) = match outcome {
            Ok(()) => (rows::End::Done, "done"),
            Err(JobError::Hopeless(why)) => (rows::End::Dead(why), "dead"),
            Err(JobError::Retry(why)) if job.attempts >= job.max_attempts => (rows::End::Dead(why), "dead"),
            Err(JobError::Retry(why)) => {
                let backoff =
                    Work::read(kind, job.payload.clone()).map_or(super::backoff::Backoff::WORK, |w| w.backoff());
                let run_at = now.saturating_add(as_micros(backoff.after(job.attempts)));
                (rows::End::Again { run_at, why }, "retried")
            }
        };
        let why = if let rows::End::Dead(why) = &end { Some(why.clone()) } else { None };
        match (rows::conclude(self.store.db(), job, end, now).await, why) {
            (Ok(true), Some(why)) => self.give_up(job, why).await,
            (Ok(_), _) => {}
            (Err(error), _) => {
                tracing::warn!(job = job.id, kind, ?error, "the end of a job was not written; it will run again");
            }
        }
        word
    }

    /// Tells whom it concerns that a job is dead.
    async fn give_up(&self, job: &job::Model, why: String) {
        tracing::error!(job = job.id, kind = job.kind, why, "a job is given up");
        let Ok(run) = read(job) else { return };
        let told = AssertUnwindSafe(self.runner.given_up(run.tenant, run.work, why)).catch_unwind().await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::error!(job = job.id, kind = job.kind, "what the dead job was about still waits");
        }
    }

    /// Renews a job's lease; returns when it is lost, or could not be renewed before its end.
    async fn keep_lease(&self, job: &job::Model) {
        let mut ends = Instant::now() + self.lease;
        loop {
            tokio::time::sleep(self.lease / 4).await;
            let asked = Instant::now();
            let until = clock::now_micros().saturating_add(as_micros(self.lease));
            let renewed = tokio::time::timeout(self.lease / 4, rows::renew(self.store.db(), job, until)).await;
            match renewed {
                Ok(Ok(true)) => ends = asked + self.lease,
                Ok(Ok(false)) => return,
                Ok(Err(_)) | Err(_) if Instant::now() + self.lease / 4 >= ends => return,
                Ok(Err(error)) => tracing::warn!(job = job.id, ?error, "a lease could not be renewed"),
                Err(_) => tracing::warn!(job = job.id, "a lease could not be renewed in time"),
            }
        }
    }
}

fn read(job: &job::Model) -> Result<Run, String> {
    let tenant = job.tenant_id.clone().ok_or("the job names no tenant")?;
    let work = Work::read(&job.kind, job.payload.clone())?;
    let last = job.attempts >= job.max_attempts;
    Ok(Run { tenant: TenantId::new(tenant), work, attempt: job.attempts, last })
}

fn as_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
