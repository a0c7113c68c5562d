//! The workers of one server: two lanes and the clock that starts what recurs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::lane::Lane;
use super::run::{Runner, ServerRunner};
use super::{Schedules, self_check};
use crate::app::App;
use crate::clock;
use crate::config::JobSettings;
use crate::store::Store;
use crate::store::jobs::{self as rows, Kinds};

/// How often to look which schedules are due.
const TICK: Duration = Duration::from_secs(1);
/// How many ticks lie between two counts of the jobs that wait.
const COUNT_EVERY: u32 = 15;

/// The background work of a running server.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a server's background work.
    pub(crate) fn start(app: &Arc<App>, settings: &JobSettings) -> Self {
        let hooks = app.background.hooks;
        let runner = Arc::new(ServerRunner { app: app.clone(), hooks });
        let workers = Self::over(&app.store, runner, settings, app.background.schedules.runnable(&hooks));
        let (store, schedules) = (app.store.clone(), app.background.schedules.clone());
        tokio::spawn(async move {
            match self_check(&store, &hooks, &schedules).await {
                Ok(faults) => faults.iter().for_each(|fault| tracing::warn!("{fault}")),
                Err(error) => tracing::warn!(?error, "the jobs could not be checked"),
            }
        });
        workers
    }

    /// Starts workers that do jobs in any way.
    pub(super) fn over(store: &Store, runner: Arc<dyn Runner>, settings: &JobSettings, schedules: Schedules) -> Self {
        let stop = CancellationToken::new();
        let grace = Duration::from_secs(settings.grace_seconds);
        // Notices go out in a lane of their own: a receiver that is slow holds up no other work.
        let lanes = [(Kinds::Deliveries, settings.deliveries_at_once), (Kinds::Others, settings.at_once)];
        let mut tasks: Vec<JoinHandle<()>> = lanes
            .into_iter()
            .map(|(kinds, places)| {
                let lane = Lane {
                    store: store.clone(),
                    runner: runner.clone(),
                    kinds,
                    places: places.max(1) as usize,
                    worker: Arc::from(clock::new_id()),
                    lease: Duration::from_secs(settings.lease_seconds.max(1)),
                };
                tokio::spawn(lane.work(stop.clone(), grace))
            })
            .collect();
        tasks.push(tokio::spawn(keep_time(store.clone(), schedules, stop.clone())));
        Self { stop, tasks }
    }

    /// Stops: nothing new is begun, what runs may finish, the rest is given back.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(?error, "a worker ended badly");
            }
        }
    }

    /// Stops as a crash does: at once, and without giving anything back.
    #[cfg(test)]
    pub(super) fn kill(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts what is due, and counts what waits.
async fn keep_time(store: Store, schedules: Schedules, stop: CancellationToken) {
    let mut ticks = 0_u32;
    loop {
        if let Err(error) = schedules.tick(&store, clock::now_micros()).await {
            tracing::warn!(?error, "schedules could not be started");
        }
        if ticks.is_multiple_of(COUNT_EVERY) {
            match rows::count_by_state(store.db()).await {
                Ok(counts) => counts.into_iter().for_each(|(kind, status, count)| {
                    metrics::gauge!("zentinelle_jobs", "kind" => kind, "status" => status).set(count as f64);
                }),
                Err(error) => tracing::warn!(?error, "jobs could not be counted"),
            }
        }
        ticks = ticks.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
