//! The queue as several servers use it, on both databases.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use zentinelle_core::ids::TenantId;

use super::run::{Run, Runner};
use super::{Job, JobError, Schedules, Work, Workers, enqueue};
use crate::clock;
use crate::config::JobSettings;
use crate::service::tenants;
use crate::store::entities::job;
use crate::store::{Store, testing};

/// Both databases, with a tenant; SQLite in a file, as servers have it.
async fn stores() -> Vec<(Store, Option<tempfile::TempDir>)> {
    let directory = tempfile::tempdir().expect("a directory");
    let sqlite = Store::open(&Store::sqlite_url(&directory.path().join("jobs.db")), 8).await.expect("a file");
    sqlite.migrate().await.expect("the schema is sound");
    let stores = vec![(sqlite, Some(directory)), (testing::postgres().await, None)];
    for (store, _) in &stores {
        tenants::ensure(store, &tenant(), "Acme").await.expect("a tenant");
    }
    stores
}

fn tenant() -> TenantId {
    TenantId::new("acme")
}

fn report(id: &str) -> Work {
    Work::BuildReport { report_id: id.to_owned() }
}

fn settings(lease_seconds: u64, grace_seconds: u64) -> JobSettings {
    JobSettings { at_once: 4, lease_seconds, grace_seconds, ..JobSettings::default() }
}

fn none() -> Schedules {
    let off = Schedules::new(&std::collections::BTreeMap::new()).expect("built in");
    let off = off
        .iter()
        .map(|schedule| (schedule.name.to_owned(), crate::config::Interval(std::time::Duration::ZERO)))
        .collect();
    Schedules::new(&off).expect("known names")
}

async fn ask(store: &Store, work: Work, max_attempts: u32) -> String {
    let txn = store.begin().await.expect("a transaction");
    let job = Job { max_attempts, ..Job::new(tenant(), work) };
    assert!(enqueue(&txn, job).await.expect("enqueued"));
    txn.commit().await.expect("committed");
    job::Entity::find().all(store.db()).await.expect("read").into_iter().map(|job| job.id).max().expect("a job")
}

async fn row(store: &Store, id: &str) -> job::Model {
    job::Entity::find_by_id(id).one(store.db()).await.expect("read").expect("a job")
}

async fn due_now(store: &Store, id: &str) {
    job::Entity::update_many()
        .col_expr(job::Column::RunAt, Expr::value(clock::now_micros()))
        .filter(job::Column::Id.eq(id))
        .exec(store.db())
        .await
        .expect("updated");
}

async fn until(store: &Store, id: &str, status: &str) -> job::Model {
    let begun = Instant::now();
    loop {
        let job = row(store, id).await;
        if job.status == status {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "still {}: {:?}", job.status, job.last_error);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Counts runs, and how many of one job run at the same time.
#[derive(Default)]
struct Counting {
    takes: Duration,
    runs: Mutex<HashMap<String, usize>>,
    running: Mutex<HashMap<String, usize>>,
    overlaps: AtomicUsize,
}

struct Tally(Arc<Counting>);

impl Runner for Tally {
    fn run(&self, run: Run) -> BoxFuture<'static, Result<(), JobError>> {
        let counting = self.0.clone();
        async move {
            let Work::BuildReport { report_id } = run.work else { panic!("another kind") };
            *counting.runs.lock().expect("sound").entry(report_id.clone()).or_default() += 1;
            let at_once = {
                let mut running = counting.running.lock().expect("sound");
                let count = running.entry(report_id.clone()).or_default();
                *count += 1;
                *count
            };
            if at_once > 1 {
                counting.overlaps.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(counting.takes).await;
            *counting.running.lock().expect("sound").entry(report_id).or_default() -= 1;
            Ok(())
        }
        .boxed()
    }
}

/// Ends every job in the same way.
struct Always(fn() -> Result<(), JobError>);

/// Never ends a job, and remembers what was given up.
struct Giving(Arc<Mutex<Vec<String>>>);

impl Runner for Giving {
    fn run(&self, _: Run) -> BoxFuture<'static, Result<(), JobError>> {
        std::future::pending().boxed()
    }

    fn given_up(&self, _: TenantId, work: Work, why: String) -> BoxFuture<'static, Result<(), JobError>> {
        self.0.lock().expect("sound").push(format!("{}: {why}", work.name()));
        std::future::ready(Ok(())).boxed()
    }
}

impl Runner for Always {
    fn run(&self, _: Run) -> BoxFuture<'static, Result<(), JobError>> {
        let end = self.0;
        async move { end() }.boxed()
    }
}

/// Never ends a job.
struct Never;

impl Runner for Never {
    fn run(&self, _: Run) -> BoxFuture<'static, Result<(), JobError>> {
        std::future::pending().boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_do_each_job_once() {
    for (store, _directory) in stores().await {
        for number in 0..80 {
            ask(&store, report(&number.to_string()), 3).await;
        }
        let counting = Arc::new(Counting { takes: Duration::from_millis(3), ..Counting::default() });
        let servers: Vec<Workers> = (0..3)
            .map(|_| Workers::over(&store, Arc::new(Tally(counting.clone())), &settings(30, 5), none()))
            .collect();
        let begun = Instant::now();
        loop {
            let left = job::Entity::find().filter(job::Column::Status.ne("done")).all(store.db()).await.expect("read");
            if left.is_empty() {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{} jobs are left", left.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for server in servers {
            server.stop().await;
        }
        let runs = counting.runs.lock().expect("sound");
        assert!(runs.len() == 80 && runs.values().all(|count| *count == 1), "{runs:?}");
        assert_eq!(counting.overlaps.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_of_a_killed_server_runs_again_when_its_lease_ends() {
    for (store, _directory) in stores().await {
        let id = ask(&store, report("r"), 3).await;
        let doomed = Workers::over(&store, Arc::new(Never), &settings(1, 0), none());
        until(&store, &id, "running").await;
        doomed.kill();
        let killed = Instant::now();
        let counting = Arc::new(Counting::default());
        let other = Workers::over(&store, Arc::new(Tally(counting.clone())), &settings(1, 0), none());
        let job = until(&store, &id, "done").await;
        assert!(killed.elapsed() > Duration::from_millis(600), "not before the lease ended");
        assert_eq!((job.attempts, counting.runs.lock().expect("sound").len()), (2, 1));
        other.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_longer_than_its_lease_keeps_it() {
    for (store, _directory) in stores().await {
        let id = ask(&store, report("long"), 3).await;
        let counting = Arc::new(Counting { takes: Duration::from_millis(2_500), ..Counting::default() });
        let servers: Vec<Workers> =
            (0..2).map(|_| Workers::over(&store, Arc::new(Tally(counting.clone())), &settings(1, 5), none())).collect();
        let job = until(&store, &id, "done").await;
        assert_eq!((job.attempts, counting.runs.lock().expect("sound")["long"]), (1, 1));
        for server in servers {
            server.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_later_and_in_the_end_given_up() {
    for (store, _directory) in stores().await {
        let fails = || Err(JobError::Retry("the sink is full".to_owned()));
        let workers = Workers::over(&store, Arc::new(Always(fails)), &settings(30, 1), none());
        let begun = clock::now_micros();
        let id = ask(&store, report("r"), 2).await;
        let job = loop {
            let job = row(&store, &id).await;
            if job.last_error.is_some() {
                break job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!((job.status.as_str(), job.attempts), ("queued", 1));
        let wait = (job.run_at - begun) as f64 / 1e6;
        assert!((4.4..9.0).contains(&wait), "the first wait is about five seconds: {wait}");
        due_now(&store, &id).await;
        let job = until(&store, &id, "dead").await;
        assert_eq!((job.attempts, job.last_error.as_deref()), (2, Some("the sink is full")));
        workers.stop().await;

        let workers = Workers::over(&store, Arc::new(Always(|| panic!("a bug"))), &settings(30, 1), none());
        let panicked = ask(&store, report("p"), 1).await;
        assert_eq!(until(&store, &panicked, "dead").await.last_error.as_deref(), Some("the job panicked"));
        workers.stop().await;

        let hopeless = || Err(JobError::Hopeless("there is no such report".to_owned()));
        let workers = Workers::over(&store, Arc::new(Always(hopeless)), &settings(30, 1), none());
        let gone = ask(&store, report("g"), 5).await;
        assert_eq!(until(&store, &gone, "dead").await.attempts, 1);
        job::Entity::update_many()
            .col_expr(job::Column::Kind, Expr::value("brew_coffee"))
            .col_expr(job::Column::Status, Expr::value("queued"))
            .filter(job::Column::Id.eq(gone.as_str()))
            .exec(store.db())
            .await
            .expect("updated");
        super::wake();
        let unknown = until(&store, &gone, "dead").await;
        assert!(unknown.last_error.expect("a reason").contains("`brew_coffee`"));
        workers.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_gives_back_what_it_did_not_finish() {
    for (store, _directory) in stores().await {
        let id = ask(&store, report("r"), 3).await;
        let workers = Workers::over(&store, Arc::new(Never), &settings(60, 0), none());
        until(&store, &id, "running").await;
        workers.stop().await;
        let job = row(&store, &id).await;
        assert_eq!((job.status.as_str(), job.attempts, job.leased_by), ("queued", 0, None));
    }
}

#[tokio::test]
async fn a_job_exists_exactly_if_its_change_does_and_once_for_a_key() {
    for (store, _directory) in stores().await {
        let txn = store.begin().await.expect("a transaction");
        enqueue(&txn, Job::new(tenant(), report("undone"))).await.expect("enqueued");
        txn.rollback().await.expect("undone");
        let keyed = || Job::new(tenant(), report("once")).unique("report:once");
        for expected in [true, false] {
            let txn = store.begin().await.expect("a transaction");
            assert_eq!(enqueue(&txn, keyed()).await.expect("asked"), expected);
            txn.commit().await.expect("committed");
        }
        assert_eq!(job::Entity::find().all(store.db()).await.expect("read").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_starts_once_however_many_servers_there_are() {
    for (store, _directory) in stores().await {
        let schedules = Schedules::new(&std::collections::BTreeMap::new()).expect("built in");
        let expected = schedules.iter().count() as u64;
        let now = clock::now_micros();
        for (at, enqueued) in [(now, expected), (now + 1_000_000, 0)] {
            let ticks = (0..4).map(|_| {
                let (store, schedules) = (store.clone(), schedules.clone());
                tokio::spawn(async move { schedules.tick(&store, at).await.expect("a tick") })
            });
            let started: u64 =
                futures_util::future::join_all(ticks).await.into_iter().map(|tick| tick.expect("no panic")).sum();
            assert_eq!(started, enqueued);
        }
        // The next slot of a job that still waits does not pile up; that of a finished one starts.
        let hour_later = now + 3_700_000_000;
        assert_eq!(schedules.tick(&store, hour_later).await.expect("a tick"), 0);
        job::Entity::update_many()
            .col_expr(job::Column::Status, Expr::value("done"))
            .filter(job::Column::Kind.eq("roll_up_usage"))
            .exec(store.db())
            .await
            .expect("updated");
        assert_eq!(schedules.tick(&store, hour_later + 301_000_000).await.expect("a tick"), 1);
        assert_eq!(job::Entity::find().all(store.db()).await.expect("read").len() as u64, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_abandoned_in_its_last_try_is_dead_and_somebody_is_told() {
    for (store, _directory) in stores().await {
        let id = ask(&store, report("r"), 1).await;
        let doomed = Workers::over(&store, Arc::new(Never), &settings(1, 0), none());
        until(&store, &id, "running").await;
        doomed.kill();
        let told = Arc::new(Mutex::new(Vec::new()));
        let other = Workers::over(&store, Arc::new(Giving(told.clone())), &settings(1, 0), none());
        let job = until(&store, &id, "dead").await;
        assert_eq!(job.last_error.as_deref(), Some("the server that ran it stopped answering"));
        other.stop().await;
        assert_eq!(*told.lock().expect("sound"), ["report: the server that ran it stopped answering"]);
    }
}
