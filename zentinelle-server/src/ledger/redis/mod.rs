//! The ledger in Redis, shared by every server: one script and one round trip per operation, or
//! for several that come together.
//!
//! Scripts judge time by the request's instant, never by Redis' clock. Numbers are exact to
//! 64 bits. Every key carries its tenant in the part that chooses the slot; the epoch does not,
//! so this serves one Redis with or without replicas, not a cluster of several masters.
//!
//! An operation that Redis did not answer in time may have been carried out all the same. Its
//! request is denied, so what was charged for it is counted though it was not spent: never the
//! other way round.

mod apply;
mod link;
pub(crate) mod live;
mod mirror;
mod recovery;
mod script;
mod state;

use std::sync::Arc;
use std::time::Duration;

use redis::{Client, RedisResult};
use tokio::task::AbortHandle;
use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::shared::Settling;
use zentinelle_core::ledger::shared::window::instant;
use zentinelle_core::ledger::{Batch, Counter, LedgerError, Mode, Outcome, Posting, Settlement, Unit, Usage, Window};

use self::link::{Link, Shared};
use self::live::LiveNodes;
use self::script::SETTLE;
use super::Health;
use super::group::Group;
use crate::store::Store;

/// How a server uses Redis for its ledger.
#[derive(Clone)]
pub(crate) struct RedisConfig {
    /// `redis://…`, credentials included.
    pub(crate) url: String,
    /// What every key begins with. Default: `zentinelle`.
    pub(crate) prefix: String,
    /// How long an operation may take. Default: 250 ms.
    pub(crate) timeout: Duration,
    /// How long a recovery waits for the other servers. Default: 2 s.
    pub(crate) grace: Duration,
    /// This server's id.
    pub(crate) node: String,
    /// How long a reservation stays open for settlement. Unit: seconds. Default: 3,600.
    pub(crate) reservation_seconds: u32,
}

impl RedisConfig {
    /// The defaults, for the server `node` on the Redis at `url`.
    pub(crate) fn new(url: impl Into<String>, node: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "zentinelle".to_owned(),
            timeout: Duration::from_millis(250),
            grace: Duration::from_secs(2),
            node: node.into(),
            reservation_seconds: super::RESERVATION_SECONDS,
        }
    }
}

/// Keeps running totals in Redis.
pub(crate) struct RedisLedger {
    shared: Arc<Shared>,
    keeper: AbortHandle,
    /// What is charged without a reservation. The batches that come while one call is under way
    /// share the next.
    commits: Group,
}

impl std::fmt::Debug for RedisLedger {
    /// The address holds credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLedger").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Drop for RedisLedger {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl RedisLedger {
    /// A ledger that connects, and connects again, by itself. `store` tells what a Redis that
    /// lost its totals cannot learn from the servers that live. Drain this server's journal first.
    pub(crate) fn start(config: RedisConfig, store: Option<Store>, live: LiveNodes) -> RedisResult<Self> {
        let client = Client::open(config.url.as_str())?;
        let shared = Arc::new(Shared::new(config, client, store, live));
        shared.health.away("Redis is not connected yet");
        let keeper = tokio::spawn(Arc::clone(&shared).keep()).abort_handle();
        let commits = Group::start(Arc::clone(&shared), apply::committed);
        Ok(Self { shared, keeper, commits })
    }

    pub(crate) fn health(&self) -> Health {
        self.shared.health.read()
    }

    /// Waits until the ledger can be charged, or `most` is over. Tells whether it can.
    pub(crate) async fn wait_until_up(&self, most: Duration) -> bool {
        let poll = async {
            while !self.shared.is_linked() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(most, poll).await.is_ok()
    }

    pub(super) fn reservation_seconds(&self) -> u32 {
        self.shared.config.reservation_seconds
    }

    pub(super) async fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        if batch.postings.is_empty() {
            return Ok(Outcome { committed: batch.mode == Mode::Commit, readings: Vec::new() });
        }
        if batch.mode == Mode::Commit && batch.reservation.is_none() {
            return self.commits.apply(batch).await;
        }
        let applied = apply::all(&self.shared, std::slice::from_ref(batch)).await?;
        match applied.into_iter().next() {
            Some(Some(outcome)) => Ok(outcome),
            Some(None) => Err(match &batch.reservation {
                Some(id) => LedgerError::ReservationExists(id.clone()),
                None => apply::garbled(),
            }),
            None => Err(apply::garbled()),
        }
    }

    pub(super) async fn settle(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> Result<Settlement, LedgerError> {
        run(&self.shared, |link| self.settle_over(link, tenant, id, usage, now)).await
    }

    pub(super) async fn used(&self, counter: &Counter, window: Window, now: i64) -> Result<u64, LedgerError> {
        let (counter, unit) = (counter.clone(), Unit::Calls);
        let posting = Posting { counter, window, amount: 0, unit, limit: None };
        let batch = Batch { postings: vec![posting], now: instant(now), mode: Mode::Peek, reservation: None };
        let outcome = self.apply(&batch).await?;
        Ok(outcome.readings.first().map_or(0, |reading| reading.used))
    }

    async fn settle_over(
        &self,
        mut link: Link,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> RedisResult<Settlement> {
        let call = Settling::new(&self.shared.keys, &link.epoch, tenant, id, usage, now);
        let mut invoked = SETTLE.prepare_invoke();
        for key in &call.keys {
            invoked.key(key);
        }
        apply::add_args(&mut invoked, &call.args);
        let answer: Vec<String> = invoked.invoke_async(&mut link.connection).await?;
        let (settled, states) = Settling::read(answer).map_err(|_| cold())?;
        for state in states {
            self.shared.note(state.key, state.window, &state.text, now);
        }
        Ok(settled)
    }
}

/// Runs one operation over the link.
async fn run<T, F>(shared: &Shared, operation: impl FnOnce(Link) -> F) -> Result<T, LedgerError>
where
    F: Future<Output = RedisResult<T>>,
{
    match shared.with_link(operation).await {
        Some(Ok(done)) => Ok(done),
        Some(Err(error)) => Err(LedgerError::Unavailable(link::describe(&error))),
        None => {
            let why = shared.health.read().why;
            Err(LedgerError::Unavailable(why.unwrap_or_else(|| "Redis was lost while it answered".to_owned())))
        }
    }
}

/// Redis does not know the epoch: it is not the one that was checked, or lost everything.
fn cold() -> redis::RedisError {
    redis::RedisError::from((redis::ErrorKind::Client, "it lost its running totals"))
}
