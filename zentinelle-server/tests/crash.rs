//! The server is killed again and again under load; nothing that was answered is lost.

#![allow(missing_docs)]
#![allow(clippy::print_stdout, reason = "says how much the test saw")]

#[path = "support/running.rs"]
mod running;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use running::Running;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use serde_json::{Value, json};

const KILLS: usize = 50;
/// What may be spent in all. Unit: tokens.
const BUDGET: u64 = 2_000;
/// Two slots of the schedule that signs, and the lease of a job.
const SIGNED_WITHIN: Duration = Duration::from_secs(180);

#[derive(Default)]
struct Seen {
    events: Mutex<BTreeSet<String>>,
    spent: AtomicU64,
    policies: Mutex<BTreeSet<String>>,
    stop: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_no_event_exceed_no_budget_and_break_no_chain() {
    let data = tempfile::tempdir().expect("a directory");
    let seen = Arc::new(Seen::default());
    let mut budget_is_set = false;
    for round in 0..KILLS {
        let server = Arc::new(Running::start(data.path(), &[]).await);
        if !budget_is_set {
            let policy = json!({"name": "a day's tokens", "type": "rate_limit", "inheritance": "floor",
                "config": {"tokens_per_day": BUDGET}});
            let made = server.post("/api/zentinelle/v1/policies", &server.operator, &policy).await.expect("alive");
            assert_eq!(made.0, 201, "{}", made.1);
            budget_is_set = true;
        }
        seen.stop.store(false, Ordering::Relaxed);
        let load: Vec<_> = (0..6).map(|lane| tokio::spawn(load(server.clone(), seen.clone(), round, lane))).collect();
        tokio::time::sleep(Duration::from_millis(60 + (round as u64 * 37) % 140)).await;
        server.kill_now();
        seen.stop.store(true, Ordering::Relaxed);
        for task in load {
            task.await.expect("no failure");
        }
    }
    let server = Running::start(data.path(), &[]).await; // drains what the last run left
    let verified = verified_once_signed(&server).await;
    assert_eq!(verified["valid"], true, "{verified}");

    while server.evaluate().await == Some(true) {
        seen.spent.fetch_add(10, Ordering::Relaxed);
    }
    let spent = seen.spent.load(Ordering::Relaxed);
    assert!(spent <= BUDGET, "{spent} of {BUDGET} tokens were admitted");
    assert!(spent > 0);

    let url = format!("sqlite://{}", data.path().join("zentinelle.db").display());
    let db = Database::connect(url).await.expect("the database opens");
    let events = seen.events.lock().expect("no panic").clone();
    let stored = texts(&db, "SELECT payload ->> '$.number' AS text FROM events").await;
    let lost: Vec<_> = events.difference(&stored).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged events are lost: {lost:?}", lost.len(), events.len());
    let policies = seen.policies.lock().expect("no panic").clone();
    let stored = texts(&db, "SELECT name AS text FROM policies").await;
    assert!(policies.is_subset(&stored), "an acknowledged policy is lost");
    println!("{KILLS} kills: {} events, {} policies, {spent} of {BUDGET} tokens", events.len(), policies.len());
    assert!(events.len() > KILLS, "the load was real: {}", events.len());
}

/// What verification says of the trail. Its head is signed in the background, at the latest when the
/// lease ends that a killed server held on that job; until then nothing vouches for the entries.
async fn verified_once_signed(server: &Running) -> Value {
    let begun = Instant::now();
    loop {
        let answer = server.get("/api/zentinelle/v1/audit/verify", &server.operator).await;
        let (status, verified) = answer.expect("alive");
        assert_eq!(status, 200, "{verified}");
        if verified["status"] != "unanchored" || begun.elapsed() > SIGNED_WITHIN {
            return verified;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Events, charges and changes until the server dies.
async fn load(server: Arc<Running>, seen: Arc<Seen>, round: usize, lane: usize) {
    for number in 0.. {
        if seen.stop.load(Ordering::Relaxed) {
            return;
        }
        let alive = match lane {
            0..=2 => {
                let names: Vec<String> = (0..5).map(|item| format!("{round}-{lane}-{number}-{item}")).collect();
                let events = names.iter().map(|name| {
                    json!({"type": "tool_call", "category": "audit", "timestamp": "2026-01-01T00:00:00Z",
                        "payload": {"number": name}})
                });
                let body = json!({"events": events.collect::<Vec<_>>()});
                let answer = server.post("/api/v1/events", &server.agent, &body).await;
                if let Some((200, _)) = &answer {
                    seen.events.lock().expect("no panic").extend(names);
                }
                answer.is_some()
            }
            3 | 4 => {
                let answer = server.evaluate().await;
                if answer == Some(true) {
                    seen.spent.fetch_add(10, Ordering::Relaxed);
                }
                answer.is_some()
            }
            _ => {
                let name = format!("note {round}-{number}");
                let policy = json!({"name": name, "type": "audit_policy", "enforcement": "disabled", "config": {}});
                let answer = server.post("/api/zentinelle/v1/policies", &server.operator, &policy).await;
                if let Some((201, _)) = &answer {
                    seen.policies.lock().expect("no panic").insert(name);
                }
                answer.is_some()
            }
        };
        if !alive {
            return;
        }
    }
}

impl Running {
    /// Whether a call that costs ten tokens is allowed; none when the server died meanwhile.
    async fn evaluate(&self) -> Option<bool> {
        let body = json!({"action": "llm:invoke", "context": {"model": "m", "tokens": 10}});
        let (status, answer) = self.post("/api/v1/evaluate", &self.agent, &body).await?;
        (status == 200).then(|| answer["allowed"] == true)
    }
}

async fn texts(db: &sea_orm::DatabaseConnection, query: &'static str) -> BTreeSet<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.expect("read");
    rows.into_iter().filter_map(|row| row.try_get::<String>("", "text").ok()).collect()
}
