//! Two servers on one PostgreSQL and one Redis behave as one.

#![allow(missing_docs)]
#![allow(clippy::print_stdout, reason = "says how much the test saw")]

#[path = "support/running.rs"]
mod running;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use running::Running;
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::{Value, json};

/// Both servers need the same master key. This one protects nothing but the tests.
const MASTER_KEY: &str = "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests with `scripts/services.sh run -- cargo test`"))
}

/// One pair at a time: six debug servers at once on a small machine would outlast every time limit.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Two servers that share a fresh database and, mostly, one Redis.
struct Pair {
    servers: [Arc<Running>; 2],
    redis: String,
    database: String,
    _data: [tempfile::TempDir; 2],
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Pair {
    async fn start(redis_database: u8) -> Self {
        Self::over(Some(redis_database)).await
    }

    /// Two servers; without a Redis they have PostgreSQL alone.
    async fn over(redis_database: Option<u8>) -> Self {
        let turn = TURN.lock().await;
        let url = variable("ZENTINELLE_TEST_POSTGRES_URL");
        let (server, _) = url.rsplit_once('/').expect("the URL names a database");
        let name = format!("pair_{}", uuid::Uuid::now_v7().simple());
        let admin = Database::connect(&url).await.expect("PostgreSQL answers");
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
        let database = format!("{server}/{name}");
        let redis = variable("ZENTINELLE_TEST_REDIS_URL");
        let (redis, _) = redis.rsplit_once('/').expect("the URL names a database");
        let redis = redis_database.map(|number| format!("{redis}/{number}")).unwrap_or_default();
        let data = [0, 1].map(|_| tempfile::tempdir().expect("a directory"));
        let mut servers = Vec::new();
        for data in &data {
            std::fs::write(data.path().join("master.key"), MASTER_KEY).expect("written");
            let environment = [
                ("ZENTINELLE_DATABASE__URL", database.as_str()),
                ("ZENTINELLE_REDIS__URL", redis.as_str()),
                // A busy machine is not a Redis that is away.
                ("ZENTINELLE_REDIS__TIMEOUT_MS", "5000"),
            ];
            servers.push(Arc::new(Running::start(data.path(), &environment).await));
        }
        let [one, two]: [Arc<Running>; 2] = servers.try_into().unwrap_or_else(|_| panic!("two servers"));
        Self { servers: [one, two], redis, database, _data: data, _turn: turn }
    }

    fn operator(&self) -> &str {
        &self.servers[1].operator // the later start's key; earlier demonstration keys stay good too
    }

    async fn policy(&self, policy: Value) -> Value {
        let made = self.servers[0].post("/api/zentinelle/v1/policies", self.operator(), &policy).await;
        let (status, made) = made.expect("alive");
        assert_eq!(status, 201, "{made}");
        made
    }
}

/// Asks through both servers in turn, 64 at once, so many times in all; how many were admitted.
async fn admitted(pair: &Pair, context: &Value, times: u64) -> u64 {
    let (left, admitted) = (Arc::new(AtomicU64::new(times)), Arc::new(AtomicU64::new(0)));
    let key = pair.servers[1].agent.clone();
    let tasks = (0..64).map(|client| {
        let server = pair.servers[client % 2].clone();
        let (left, admitted, key) = (left.clone(), admitted.clone(), key.clone());
        let body = json!({"action": "llm:invoke", "context": context});
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let (status, answer) = server.post("/api/v1/evaluate", &key, &body).await.expect("alive");
                assert_eq!(status, 200, "{answer}");
                admitted.fetch_add(u64::from(answer["allowed"] == true), Ordering::Relaxed);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no failure");
    }
    admitted.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_admit_exactly_what_one_limit_allows() {
    let pair = Pair::start(1).await;
    let model = |tokens: u64| json!({"model": "m", "tokens": tokens});
    let limit = json!({"name": "pace of all", "type": "rate_limit", "priority": 1000,
        "config": {"requests_per_minute": 100}});
    let made = pair.policy(limit).await;
    until_both_know().await;
    assert_eq!(admitted(&pair, &model(1), 400).await, 100);
    let path = format!("/api/zentinelle/v1/policies/{}", made["id"].as_str().expect("an id"));
    pair.servers[0].delete(&path, pair.operator()).await;
    pair.policy(json!({"name": "tokens of a day", "type": "rate_limit", "priority": 1000,
        "config": {"tokens_per_day": 1_000}}))
        .await;
    until_both_know().await;
    let before = admitted(&pair, &model(10), 300).await;
    assert!(before <= 100, "{before} calls of 10 tokens passed a budget of 1,000");
    assert!(before >= 80, "only {before} calls passed"); // the first round's tokens count as well
}

/// Gives the notice of a changed policy time to arrive.
async fn until_both_know() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_in_force_on_the_other_server_within_a_second() {
    let pair = Pair::start(2).await;
    let key = pair.servers[1].agent.clone();
    let mut waits = Vec::new();
    for number in 0..20 {
        let tool = format!("tool_{number}");
        // A user of its own each time: asking so often would else meet the demonstration's limit.
        let body = json!({"action": "tool_call", "user_id": tool, "context": {"tool": tool}});
        let (_, before) = pair.servers[1].post("/api/v1/evaluate", &key, &body).await.expect("alive");
        assert_eq!(before["allowed"], true, "{before}");
        pair.policy(json!({"name": format!("no {tool}"), "type": "tool_permission", "inheritance": "floor",
            "config": {"denied_tools": [tool]}}))
            .await;
        let changed = Instant::now();
        loop {
            let (_, answer) = pair.servers[1].post("/api/v1/evaluate", &key, &body).await.expect("alive");
            if answer["allowed"] == false {
                break;
            }
            assert!(changed.elapsed() < Duration::from_secs(10), "the change never arrived");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        waits.push(changed.elapsed());
    }
    waits.sort();
    println!("a policy on the other server: median {:?}, longest {:?}", waits[10], waits[19]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_revoked_on_one_server_opens_nothing_on_the_other() {
    for redis_database in [Some(4), None] {
        let pair = Pair::over(redis_database).await;
        let [here, there] = &pair.servers;
        let policies = "/api/zentinelle/v1/policies";
        let mut waits = Vec::new();
        for number in 0..10 {
            let asked = json!({"kind": "operator", "label": format!("key {number}"), "role": "viewer"});
            let (status, made) =
                here.post("/api/zentinelle/v1/keys", pair.operator(), &asked).await.expect("an answer");
            assert_eq!(status, 201, "{made}");
            let key = made["api_key"].as_str().expect("a key");
            assert_eq!(there.get(policies, key).await.expect("an answer").0, 200, "it is known there before");
            let path = format!("/api/zentinelle/v1/keys/{}", made["key"]["id"].as_str().expect("an id"));
            assert_eq!(here.delete(&path, pair.operator()).await.expect("an answer").0, 204);
            let revoked = Instant::now();
            assert_eq!(here.get(policies, key).await.expect("an answer").0, 401, "nor here, at once");
            while there.get(policies, key).await.expect("an answer").0 != 401 {
                assert!(revoked.elapsed() < Duration::from_secs(10), "the key still opens");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            waits.push(revoked.elapsed());
        }
        waits.sort();
        let bus = if redis_database.is_some() { "Redis" } else { "PostgreSQL" };
        println!("a revoked key on the other server, over {bus}: median {:?}, longest {:?}", waits[5], waits[9]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_and_a_broken_database_exceed_no_budget_and_lose_no_event() {
    const BUDGET: u64 = 3_000;
    let pair = Arc::new(Pair::start(3).await);
    pair.policy(json!({"name": "tokens of a day", "type": "rate_limit", "priority": 1000,
        "config": {"tokens_per_day": BUDGET}}))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let spent = Arc::new(AtomicU64::new(0));
    let events = Arc::new(AtomicU64::new(0));
    let key = pair.servers[1].agent.clone();
    let tasks: Vec<_> = (0..8)
        .map(|lane: u64| {
            let (pair, stop, spent, events, key) =
                (pair.clone(), stop.clone(), spent.clone(), events.clone(), key.clone());
            tokio::spawn(async move {
                let server = &pair.servers[usize::try_from(lane % 2).expect("small")];
                for number in 0_u64.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if lane < 4 {
                        let body = json!({"action": "llm:invoke", "context": {"model": "m", "tokens": 10}});
                        let (_, answer) = server.post("/api/v1/evaluate", &key, &body).await.expect("alive");
                        spent.fetch_add(if answer["allowed"] == true { 10 } else { 0 }, Ordering::Relaxed);
                    } else {
                        let event = json!({"type": "tool_call", "timestamp": "2026-01-01T00:00:00Z",
                            "payload": {"number": format!("{lane}-{number}")}});
                        let body = json!({"events": [event]});
                        let (status, _) = server.post("/api/v1/events", &key, &body).await.expect("alive");
                        events.fetch_add(u64::from(status == 200), Ordering::Relaxed);
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    let admin = Database::connect(variable("ZENTINELLE_TEST_POSTGRES_URL")).await.expect("PostgreSQL answers");
    let name = pair.database.rsplit('/').next().expect("a name").to_owned();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let client = redis::Client::open(pair.redis.as_str()).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
        redis::cmd("FLUSHDB").query_async::<()>(&mut connection).await.expect("flushed");
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        admin.execute_unprepared(&end).await.expect("ended");
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("no failure");
    }
    let (spent, events) = (spent.load(Ordering::Relaxed), events.load(Ordering::Relaxed));
    assert!(spent <= BUDGET, "{spent} tokens passed a budget of {BUDGET}");
    assert!(spent >= BUDGET / 2, "only {spent} tokens passed: the ledger did not recover");
    tokio::time::sleep(Duration::from_secs(3)).await; // the journals drain
    let db = Database::connect(&pair.database).await.expect("PostgreSQL answers");
    let counted = db
        .query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT count(*) AS number FROM zentinelle.events",
        ))
        .await
        .expect("read")
        .expect("a row");
    let stored: i64 = counted.try_get("", "number").expect("a number");
    assert!(stored >= i64::try_from(events).expect("small"), "{stored} of {events} acknowledged events are stored");
    println!("{spent} of {BUDGET} tokens, {events} events");
}
