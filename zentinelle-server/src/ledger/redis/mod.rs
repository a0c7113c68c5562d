//! The ledger in Redis, shared by every server: one script and one round trip per operation.
//!
//! Scripts judge time by the request's instant, never by Redis' clock. Numbers are exact to
//! 64 bits. Every key carries its tenant in the part that chooses the slot; the epoch does not,
//! so this serves one Redis with or without replicas, not a cluster of several masters.
//!
//! An operation that Redis did not answer in time may have been carried out all the same. Its
//! request is denied, so what was charged for it is counted though it was not spent: never the
//! other way round.

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
use zentinelle_core::ledger::{
    Batch, Counter, LedgerError, Mode, Outcome, Posting, Reading, Settlement, Unit, Usage, Window,
};

use self::link::{Link, Shared};
use self::live::LiveNodes;
use self::script::{APPLY, SETTLE};
use self::state::{expiry, kind, parse_state, unit_text, until};
use super::Health;
use super::entry::expires_at;
use super::name::{parse_window, window_text};
use super::total::{end_of, instant, start_of, steps_of};
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
        Ok(Self { shared, keeper })
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
        self.run(|link| self.apply_over(link, batch)).await?.map_err(|refusal| match (refusal, &batch.reservation) {
            (Refusal::Reserved, Some(id)) => LedgerError::ReservationExists(id.clone()),
            _ => LedgerError::Unavailable("Redis answered for another batch".to_owned()),
        })
    }

    pub(super) async fn settle(
        &self,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> Result<Settlement, LedgerError> {
        self.run(|link| self.settle_over(link, tenant, id, usage, now)).await
    }

    pub(super) async fn used(&self, counter: &Counter, window: Window, now: i64) -> Result<u64, LedgerError> {
        let (counter, unit) = (counter.clone(), Unit::Calls);
        let posting = Posting { counter, window, amount: 0, unit, limit: None };
        let batch = Batch { postings: vec![posting], now: instant(now), mode: Mode::Peek, reservation: None };
        let outcome = self.apply(&batch).await?;
        Ok(outcome.readings.first().map_or(0, |reading| reading.used))
    }

    async fn run<T, F>(&self, operation: impl FnOnce(Link) -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        match self.shared.with_link(operation).await {
            Some(Ok(done)) => Ok(done),
            Some(Err(error)) => Err(LedgerError::Unavailable(link::describe(&error))),
            None => {
                let why = self.health().why;
                Err(LedgerError::Unavailable(why.unwrap_or_else(|| "Redis was lost while it answered".to_owned())))
            }
        }
    }

    async fn apply_over(&self, mut link: Link, batch: &Batch) -> RedisResult<Result<Outcome, Refusal>> {
        let now = batch.now.as_microsecond();
        let keys = &self.shared.keys;
        let totals: Vec<String> =
            batch.postings.iter().map(|posting| keys.total(&posting.counter, posting.window)).collect();
        let mut call = APPLY.prepare_invoke();
        call.key(keys.epoch()).arg(&*link.epoch);
        call.arg(if batch.mode == Mode::Commit { "commit" } else { "peek" }).arg(now);
        match batch.reservation.as_ref().zip(batch.postings.first()) {
            Some((id, first)) => {
                let expires = expires_at(now, self.reservation_seconds());
                let text = format!("{expires} {now} {}", lines_text(batch, &totals, now));
                call.key(keys.reservation(&first.counter.tenant, id)).arg(text).arg(until(expires, now));
            }
            None => {
                call.key(keys.epoch()).arg("").arg(0);
            }
        }
        for (posting, key) in batch.postings.iter().zip(&totals) {
            let (a, b) = match posting.window {
                Window::Sliding { .. } => {
                    let steps = steps_of(posting.window);
                    (steps.step(now), steps.oldest(now))
                }
                window => (start_of(window, now), end_of(window, now)),
            };
            call.key(key).arg(kind(posting.window)).arg(posting.amount);
            match posting.limit {
                Some(limit) => call.arg(limit),
                None => call.arg(""),
            };
            call.arg(a).arg(b).arg(expiry(posting.window, now));
        }
        let answer: Vec<String> = call.invoke_async(&mut link.connection).await?;
        let mut answer = answer.into_iter();
        let committed = match answer.next().as_deref() {
            Some("spent") => true,
            Some("seen") => false,
            Some("reserved") => return Ok(Err(Refusal::Reserved)),
            _ => return Err(cold()),
        };
        let mut readings = Vec::with_capacity(batch.postings.len());
        for posting in &batch.postings {
            let (Some(used), Some(resets)) = (answer.next(), answer.next()) else { return Ok(Err(Refusal::Garbled)) };
            match reading(posting.window, &used, &resets, now) {
                Some(reading) => readings.push(reading),
                None => return Ok(Err(Refusal::Garbled)),
            }
        }
        if committed {
            for ((key, posting), state) in totals.into_iter().zip(&batch.postings).zip(answer) {
                self.note(key, posting.window, &state, now);
            }
        }
        Ok(Ok(Outcome { committed, readings }))
    }

    async fn settle_over(
        &self,
        mut link: Link,
        tenant: &TenantId,
        id: &ReservationId,
        usage: Option<&Usage>,
        now: i64,
    ) -> RedisResult<Settlement> {
        let keys = &self.shared.keys;
        let mut call = SETTLE.prepare_invoke();
        call.key(keys.epoch()).key(keys.reservation(tenant, id)).arg(&*link.epoch).arg(now);
        call.arg(if usage.is_some() { "settle" } else { "release" });
        for unit in [Unit::Tokens, Unit::UsdMicros, Unit::Bytes] {
            match usage.and_then(|usage| usage.of(unit)) {
                Some(actual) => call.arg(actual),
                None => call.arg(""),
            };
        }
        let answer: Vec<String> = call.invoke_async(&mut link.connection).await?;
        let mut answer = answer.into_iter();
        let overran = match answer.next().as_deref() {
            Some("settled") => false,
            Some("overran") => true,
            Some("missing") => return Ok(Settlement::default()),
            _ => return Err(cold()),
        };
        while let (Some(key), Some(window), Some(state)) = (answer.next(), answer.next(), answer.next()) {
            if let Some(window) = parse_window(&window) {
                self.note(key, window, &state, now);
            }
        }
        Ok(Settlement { found: true, overran })
    }

    fn note(&self, key: String, window: Window, state: &str, now: i64) {
        if let Some(state) = parse_state(window, state) {
            self.shared.mirror.note(key, window, state, now);
        }
    }
}

/// Why a batch that Redis answered has no outcome.
#[derive(Debug)]
enum Refusal {
    Reserved,
    Garbled,
}

/// What a reservation must know to be settled: for each total its key, its window, the unit, the
/// amount, and the step it was charged to where it slides. Numbers are texts, since they may be
/// larger than Lua reads from JSON.
fn lines_text(batch: &Batch, totals: &[String], now: i64) -> String {
    let line = |(posting, key): (&Posting, &String)| {
        let step = match posting.window {
            Window::Sliding { .. } => steps_of(posting.window).step(now).to_string(),
            Window::Fixed { .. } | Window::CalendarMonth => String::new(),
        };
        let unit = unit_text(posting.unit).to_owned();
        [key.clone(), window_text(posting.window), unit, posting.amount.to_string(), step]
    };
    let lines: Vec<_> = batch.postings.iter().zip(totals).map(line).collect();
    serde_json::to_string(&lines).unwrap_or_default()
}

fn reading(window: Window, used: &str, resets: &str, now: i64) -> Option<Reading> {
    let resets_at = match (window, resets) {
        (Window::Sliding { .. }, "") => now,
        (Window::Sliding { .. }, step) => steps_of(window).leaves(step.parse().ok()?),
        (_, "") => end_of(window, now),
        (_, end) => end.parse().ok()?,
    };
    Some(Reading { used: used.parse().ok()?, resets_at: instant(resets_at) })
}

/// Redis does not know the epoch: it is not the one that was checked, or lost everything.
fn cold() -> redis::RedisError {
    redis::RedisError::from((redis::ErrorKind::Client, "it lost its running totals"))
}
