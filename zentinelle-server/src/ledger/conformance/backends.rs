//! The ledgers under test, and words to speak to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use uuid::Uuid;
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::{Batch, Counter, Holder, MemoryLedgerConfig, Mode, Posting, Unit, Window};

use crate::ledger::redis::live::LiveNodes;
use crate::ledger::redis::{RedisConfig, RedisLedger};
use crate::ledger::{Embedded, LedgerStore, SqlLedger};
use crate::store::testing;

pub(in crate::ledger) const DAY: Window = Window::Fixed { seconds: 86_400 };
pub(in crate::ledger) const MINUTE: Window = Window::Fixed { seconds: 60 };

pub(in crate::ledger) fn embedded() -> LedgerStore {
    LedgerStore::Embedded(Embedded::new(MemoryLedgerConfig::default()))
}

pub(in crate::ledger) async fn sqlite() -> LedgerStore {
    LedgerStore::Sql(SqlLedger::new(testing::sqlite().await, Duration::from_secs(30), 3_600))
}

pub(in crate::ledger) async fn postgres() -> LedgerStore {
    LedgerStore::Sql(SqlLedger::new(testing::postgres().await, Duration::from_secs(30), 3_600))
}

pub(in crate::ledger) async fn redis() -> LedgerStore {
    let ledger = RedisLedger::start(redis_config(&redis_url(), "one"), None, nodes(&["one"])).expect("a URL");
    assert!(ledger.wait_until_up(Duration::from_secs(5)).await, "{:?}", ledger.health());
    LedgerStore::Redis(ledger)
}

pub(in crate::ledger) async fn all() -> [(&'static str, LedgerStore); 4] {
    [("embedded", embedded()), ("sqlite", sqlite().await), ("postgres", postgres().await), ("redis", redis().await)]
}

pub(in crate::ledger) fn redis_url() -> String {
    std::env::var("ZENTINELLE_TEST_REDIS_URL")
        .expect("ZENTINELLE_TEST_REDIS_URL is not set: run the tests with `scripts/services.sh run -- cargo test`")
}

/// A ledger of its own on a shared Redis, patient since tests share the machine.
pub(in crate::ledger) fn redis_config(url: &str, node: &str) -> RedisConfig {
    RedisConfig {
        prefix: format!("test-{}", Uuid::now_v7()),
        timeout: Duration::from_secs(2),
        ..RedisConfig::new(url, node)
    }
}

pub(in crate::ledger) fn nodes(ids: &[&str]) -> LiveNodes {
    let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    Arc::new(move || {
        let ids = ids.clone();
        async move { Some(ids) }.boxed()
    })
}

/// A tenant that no other test knows.
pub(in crate::ledger) fn tenant() -> TenantId {
    Uuid::now_v7().to_string().into()
}

pub(in crate::ledger) fn counter(tenant: &TenantId, meter: &'static str) -> Counter {
    Counter { tenant: tenant.clone(), holder: Holder::Agent("a".into()), meter: meter.into(), subject: None }
}

pub(in crate::ledger) fn posting(counter: &Counter, window: Window, amount: u64, limit: Option<u64>) -> Posting {
    Posting { counter: counter.clone(), window, amount, unit: Unit::Tokens, limit }
}

pub(in crate::ledger) fn commit(postings: Vec<Posting>, now: Timestamp, reservation: Option<&str>) -> Batch {
    Batch { postings, now, mode: Mode::Commit, reservation: reservation.map(Into::into) }
}

pub(in crate::ledger) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The present, as stores keep it.
pub(in crate::ledger) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).expect("the present")
}
