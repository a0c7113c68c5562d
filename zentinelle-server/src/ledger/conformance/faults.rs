//! A Redis that is away, forgets, or comes back with what it knew long ago.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use zentinelle_core::ledger::{Counter, LedgerError, Usage, Window};

use super::backends::{DAY, commit, counter, nodes, now, posting, redis_config, redis_url, tenant};
use super::server::{Fault, SOON, Server};
use crate::ledger::entry::LedgerEntry;
use crate::ledger::health::Standing;
use crate::ledger::redis::{RedisConfig, RedisLedger};
use crate::ledger::{LedgerStore, totals};
use crate::store::testing;

fn ledger(config: RedisConfig, live: &[&str]) -> RedisLedger {
    RedisLedger::start(config, None, nodes(live)).expect("a URL")
}

async fn spend(ledger: &LedgerStore, counter: &Counter, window: Window, limit: u64) -> Result<bool, LedgerError> {
    let batch = commit(vec![posting(counter, window, 1, Some(limit))], now(), None);
    ledger.apply(&batch).await.map(|outcome| outcome.committed)
}

/// Spends until nothing fits any more, over every fault on the way.
async fn spend_all(ledger: &LedgerStore, counter: &Counter, window: Window, limit: u64) -> u64 {
    let (begun, mut admitted) = (Instant::now(), 0);
    loop {
        match spend(ledger, counter, window, limit).await {
            Ok(true) => admitted += 1,
            Ok(false) => return admitted,
            Err(LedgerError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(2)).await,
            Err(other) => panic!("{other}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it never recovers");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_redis_that_forgets_under_load_never_lets_a_budget_be_exceeded() {
    const BUDGET: u64 = 4_000;
    let mut redis = Server::start();
    let prefix = redis_config(&redis.url(), "").prefix;
    let replica = |node: &str| {
        let config = RedisConfig { prefix: prefix.clone(), ..redis_config(&redis.url(), node) };
        LedgerStore::Redis(ledger(config, &["one", "two"]))
    };
    let replicas = [Arc::new(replica("one")), Arc::new(replica("two"))];
    for window in [DAY, Window::CalendarMonth, Window::Sliding { seconds: 7_200 }] {
        let m = counter(&tenant(), "m");
        let spent = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..64)
            .map(|client| {
                let (ledger, m, spent) = (Arc::clone(&replicas[client % 2]), m.clone(), Arc::clone(&spent));
                tokio::spawn(async move {
                    loop {
                        match spend(&ledger, &m, window, BUDGET).await {
                            Ok(true) => {
                                spent.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(false) => return,
                            Err(LedgerError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(1)).await,
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        for (part, fault) in [Fault::Flush, Fault::Restart, Fault::OldSnapshot, Fault::Flush].into_iter().enumerate() {
            let begun = Instant::now();
            while spent.load(Ordering::Relaxed) < (part as u64 + 1) * BUDGET / 6 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                assert!(begun.elapsed() < Duration::from_secs(60), "it never recovers");
            }
            redis.suffer(fault).await;
        }
        for client in clients {
            client.await.expect("no panic");
        }
        let spent = spent.load(Ordering::Relaxed);
        // What was charged but lost on its way back was denied, so a little less is right too.
        assert!((BUDGET - 400..=BUDGET).contains(&spent), "{spent} of {BUDGET} spent in {window:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_may_be_stopped_and_started_and_the_ledger_recovers_by_itself() {
    let mut redis = Server::start();
    let redis_ledger =
        ledger(RedisConfig { timeout: Duration::from_millis(250), ..redis_config(&redis.url(), "one") }, &["one"]);
    assert!(redis_ledger.wait_until_up(SOON).await);
    let (store, m) = (LedgerStore::Redis(redis_ledger), counter(&tenant(), "m"));
    for _ in 0..3 {
        assert_eq!(spend(&store, &m, DAY, 5).await, Ok(true));
    }
    redis.kill();
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(matches!(spend(&store, &m, DAY, 5).await, Err(LedgerError::Unavailable(_))));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(store.health().standing, Standing::Away);
    redis.start_again();
    assert_eq!(spend_all(&store, &m, DAY, 5).await, 2);
    assert_eq!(store.health().standing, Standing::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_redis_that_comes_back_with_an_old_snapshot_is_brought_up_to_date_first() {
    let mut redis = Server::start();
    let redis_ledger = ledger(redis_config(&redis.url(), "one"), &["one"]);
    assert!(redis_ledger.wait_until_up(SOON).await);
    let (store, m) = (LedgerStore::Redis(redis_ledger), counter(&tenant(), "m"));
    assert_eq!(spend(&store, &m, DAY, 5).await, Ok(true));
    redis.tell("SAVE").await;
    for _ in 0..3 {
        assert_eq!(spend(&store, &m, DAY, 5).await, Ok(true));
    }
    redis.kill();
    redis.start_again();
    assert_eq!(spend_all(&store, &m, DAY, 5).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_database_tells_what_no_living_server_has_seen() {
    let database = testing::sqlite().await;
    let (tenant, now) = (tenant(), now());
    let m = counter(&tenant, "m");
    let windows = [DAY, Window::CalendarMonth, Window::Sliding { seconds: 7_200 }];
    let first = LedgerStore::Redis(ledger(redis_config(&redis_url(), "one"), &["one"]));
    let LedgerStore::Redis(redis_ledger) = &first else { unreachable!() };
    assert!(redis_ledger.wait_until_up(SOON).await);
    let batch = commit(windows.map(|window| posting(&m, window, 7, None)).to_vec(), now, None);
    let outcome = first.apply(&batch).await.expect("it answers");
    let entries: Vec<LedgerEntry> = first.entry(&batch, &outcome).into_iter().collect();
    let txn = database.begin().await.expect("a transaction");
    totals::store(&txn, &entries).await.expect("stored");
    txn.commit().await.expect("committed");
    drop(first);
    // Another prefix is another, empty database.
    let second = RedisLedger::start(redis_config(&redis_url(), "two"), Some(database), nodes(&["two"])).expect("a URL");
    assert!(second.wait_until_up(SOON).await);
    let second = LedgerStore::Redis(second);
    for window in windows {
        assert_eq!(second.used(&m, window, now).await, Ok(7), "{window:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovery_waits_for_a_live_server_but_not_for_ever() {
    let config = RedisConfig { grace: Duration::from_millis(600), ..redis_config(&redis_url(), "one") };
    let begun = Instant::now();
    let alone = ledger(config.clone(), &["one", "dead"]);
    assert!(alone.wait_until_up(SOON).await);
    assert!(begun.elapsed() >= config.grace, "{:?}", begun.elapsed());
    // One that comes later finds the epoch and does not wait.
    let late = ledger(RedisConfig { node: "late".into(), ..config }, &["one", "dead"]);
    assert!(late.wait_until_up(Duration::from_millis(500)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reservation_that_redis_lost_stays_charged_as_reserved() {
    let redis = Server::start();
    let redis_ledger = ledger(redis_config(&redis.url(), "one"), &["one"]);
    assert!(redis_ledger.wait_until_up(SOON).await);
    let (store, tenant) = (LedgerStore::Redis(redis_ledger), tenant());
    let m = counter(&tenant, "m");
    let batch = commit(vec![posting(&m, DAY, 50, None)], now(), Some("r"));
    assert!(store.apply(&batch).await.expect("it answers").committed);
    redis.tell("FLUSHALL").await;
    assert_eq!(spend_all(&store, &m, DAY, 51).await, 1);
    let usage = Usage { tokens: Some(3), ..Usage::default() };
    assert!(!store.settle(&tenant, &"r".into(), &usage, now()).await.expect("it answers").found);
    assert_eq!(store.used(&m, DAY, now()).await, Ok(51));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_redis_that_is_silent_or_absent_never_keeps_a_request_waiting() {
    // Accepts, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let silence = tokio::spawn(async move {
        let mut held = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            held.extend(silent.accept().await);
        }
    });
    let m = counter(&tenant(), "m");
    for url in [format!("redis://{address}/"), "redis://127.0.0.1:1/".to_owned()] {
        let store = LedgerStore::Redis(ledger(RedisConfig::new(url, "one"), &["one"]));
        for _ in 0..5 {
            let begun = Instant::now();
            assert!(matches!(spend(&store, &m, DAY, 5).await, Err(LedgerError::Unavailable(_))));
            assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(store.health().standing, Standing::Away);
        assert!(!format!("{store:?}").contains("redis://"), "no address in what is printed");
    }
    stop.store(true, Ordering::Relaxed);
    silence.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_decision_is_one_round_trip_whatever_it_charges() {
    let redis = Server::start();
    let redis_ledger = ledger(redis_config(&redis.url(), "one"), &["one"]);
    assert!(redis_ledger.wait_until_up(SOON).await);
    let (store, tenant) = (LedgerStore::Redis(redis_ledger), tenant());
    let client = redis::Client::open(redis.url()).expect("a URL");
    let mut watcher = client.get_multiplexed_async_connection().await.expect("Redis answers");
    for script_is_known in [true, false] {
        if !script_is_known {
            let () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut watcher).await.expect("flushed");
        }
        let () = redis::cmd("CONFIG").arg("RESETSTAT").query_async(&mut watcher).await.expect("reset");
        for decision in 0..10 {
            let postings = (0..8).map(|line| {
                let mut m = counter(&tenant, "m");
                m.subject = Some(format!("{decision}-{line}").into());
                posting(&m, if line % 2 == 0 { DAY } else { Window::Sliding { seconds: 60 } }, 1, Some(9))
            });
            let id = format!("{script_is_known}-{decision}");
            let batch = commit(postings.collect(), now(), Some(&id));
            assert!(store.apply(&batch).await.expect("it answers").committed);
        }
        let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut watcher).await.expect("stats");
        let calls = |command: &str| {
            let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
            line.and_then(|line| line.split(',').next()?.parse::<u32>().ok()).unwrap_or(0)
        };
        // An unknown script is loaded once, and asked for again.
        assert_eq!(calls("evalsha"), if script_is_known { 10 } else { 11 }, "{stats}");
        assert_eq!(calls("script|load"), u32::from(!script_is_known), "{stats}");
    }
}

#[tokio::test]
async fn the_servers_that_live_are_those_that_said_so_lately() {
    use crate::store::entities::replica;
    use sea_orm::{EntityTrait as _, Set};
    let database = testing::sqlite().await;
    let now = now().as_microsecond();
    for (node, seen_at) in [("here", now), ("gone", now - 60_000_000)] {
        let row = replica::ActiveModel {
            node_id: Set(node.to_owned()),
            address: Set(String::new()),
            version: Set(String::new()),
            started_at: Set(now),
            seen_at: Set(seen_at),
        };
        replica::Entity::insert(row).exec_without_returning(database.db()).await.expect("inserted");
    }
    let live = crate::ledger::redis::live::live_nodes(database, 10)().await.expect("known");
    assert_eq!(live.into_iter().collect::<Vec<_>>(), ["here"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_missed_a_recovery_tells_what_it_knew_afterwards() {
    let redis = Server::start();
    let prefix = redis_config(&redis.url(), "").prefix;
    let replica = |node: &str| {
        let config = RedisConfig { prefix: prefix.clone(), ..redis_config(&redis.url(), node) };
        LedgerStore::Redis(ledger(config, &["one"])) // nobody waits for `two`
    };
    let (one, two) = (replica("one"), replica("two"));
    let m = counter(&tenant(), "m");
    assert_eq!(spend_some(&two, &m, 3).await, 3);
    redis.tell("FLUSHALL").await;
    assert_eq!(spend_some(&one, &m, 1).await, 1);
    let begun = Instant::now();
    while one.used(&m, DAY, now()).await != Ok(4) {
        assert!(begun.elapsed() < SOON, "`two` never told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Told twice, it counts once.
    redis.tell("FLUSHALL").await;
    assert_eq!(spend_all(&two, &m, DAY, 6).await, 2);
}

async fn spend_some(ledger: &LedgerStore, counter: &Counter, times: u32) -> u32 {
    let mut spent = 0;
    while spent < times {
        match spend(ledger, counter, DAY, 100).await {
            Ok(committed) => spent += u32::from(committed),
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
    spent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_both_the_database_and_a_server_know_counts_once() {
    let (redis, database) = (Server::start(), testing::sqlite().await);
    let config = redis_config(&redis.url(), "one");
    let redis_ledger = RedisLedger::start(config, Some(database.clone()), nodes(&["one"])).expect("a URL");
    assert!(redis_ledger.wait_until_up(SOON).await);
    let (store, m) = (LedgerStore::Redis(redis_ledger), counter(&tenant(), "m"));
    let windows = [DAY, Window::CalendarMonth, Window::Sliding { seconds: 7_200 }];
    for (amount, is_drained) in [(7, true), (4, false)] {
        let batch = commit(windows.map(|window| posting(&m, window, amount, None)).to_vec(), now(), None);
        let outcome = store.apply(&batch).await.expect("it answers");
        if is_drained {
            let txn = database.begin().await.expect("a transaction");
            totals::store(&txn, store.entry(&batch, &outcome).as_slice()).await.expect("stored");
            txn.commit().await.expect("committed");
        }
    }
    redis.tell("FLUSHALL").await;
    for window in windows {
        assert_eq!(spend_all(&store, &m, window, 12).await, 1, "{window:?}");
    }
}
