//! The connection to Redis, and what must be true before a batch goes over it.
//!
//! A link is one connection to one run of one Redis whose epoch was checked. It is never
//! mended: the first failure takes it down, operations then fail at once instead of waiting,
//! and a task makes a new one. So a Redis that came back with an older snapshot, or another
//! one in its place, cannot be charged before it was recovered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use tokio::sync::Notify;
use zentinelle_core::ledger::Window;
use zentinelle_core::ledger::shared::Keys;

use super::mirror::Mirror;
use super::recovery;
use super::script::{APPLY, SETTLE};
use super::state::parse_state;
use super::{LiveNodes, RedisConfig};
use crate::ledger::HealthBoard;
use crate::store::Store;

/// How often an idle server looks whether Redis still knows the epoch.
const WATCH: Duration = Duration::from_millis(500);
/// Waits between attempts to connect: at first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// A checked connection.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    pub(super) epoch: Arc<str>,
    /// Tells links apart, so that a late failure of an old one does not take down a new one.
    number: u64,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("epoch", &self.epoch).field("number", &self.number).finish_non_exhaustive()
    }
}

/// What operations and the task that keeps the link share.
pub(super) struct Shared {
    pub(super) config: RedisConfig,
    pub(super) client: Client,
    pub(super) keys: Keys,
    pub(super) store: Option<Store>,
    pub(super) live: LiveNodes,
    pub(super) mirror: Mirror,
    pub(super) health: HealthBoard,
    link: ArcSwapOption<Link>,
    wake: Notify,
    links: AtomicU64,
}

impl Shared {
    pub(super) fn new(config: RedisConfig, client: Client, store: Option<Store>, live: LiveNodes) -> Self {
        Self {
            keys: Keys::new(&config.prefix),
            config,
            client,
            store,
            live,
            mirror: Mirror::default(),
            health: HealthBoard::default(),
            link: ArcSwapOption::empty(),
            wake: Notify::new(),
            links: AtomicU64::new(0),
        }
    }

    /// Runs one operation over the link, if there is one and it is still up when Redis has
    /// answered. The operation notes what it learned in the mirror.
    pub(super) async fn with_link<T, F>(&self, operation: impl FnOnce(Link) -> F) -> Option<RedisResult<T>>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let link = Link::clone(&*self.link.load_full()?);
        let number = link.number;
        let done = operation(link).await;
        if let Err(error) = &done {
            self.take_down(number, &describe(error));
            return Some(done);
        }
        // INVARIANT: the mirror is pushed only after the link was taken down. An operation that
        // still finds its link has noted what it learned before that; one that does not may have
        // come too late for the push, and is not answered.
        self.is_up(number).then_some(done)
    }

    /// Notes in the mirror what a script told of a total.
    pub(super) fn note(&self, key: String, window: Window, state: &str, now: i64) {
        if let Some(state) = parse_state(window, state) {
            self.mirror.note(key, window, state, now);
        }
    }

    fn is_up(&self, number: u64) -> bool {
        self.link.load().as_ref().is_some_and(|link| link.number == number)
    }

    /// Whether there is a link. To wait for one, ask again.
    pub(super) fn is_linked(&self) -> bool {
        self.link.load().is_some()
    }

    fn take_down(&self, number: u64, why: &str) {
        let current = self.link.load_full();
        if let Some(link) = current.filter(|link| link.number == number) {
            self.link.compare_and_swap(&link, None);
            self.health.away(why);
            self.wake.notify_one();
        }
    }

    /// Keeps a link up for as long as the ledger lives.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut wait = BACKOFF.0;
        let mut last_epoch: Option<Arc<str>> = None;
        loop {
            match self.establish(last_epoch.as_deref()).await {
                Ok(link) => {
                    wait = BACKOFF.0;
                    last_epoch = Some(Arc::clone(&link.epoch));
                    self.link.store(Some(Arc::new(link.clone())));
                    self.health.up();
                    self.watch(link).await;
                }
                Err(error) => {
                    self.health.away(&describe(&error));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// A new connection, checked, and recovered where Redis lost what it knew.
    async fn establish(&self, last_epoch: Option<&str>) -> RedisResult<Link> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.timeout))
            .set_response_timeout(Some(self.config.timeout));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&settings).await?;
        APPLY.prepare_invoke().load_async(&mut connection).await?;
        SETTLE.prepare_invoke().load_async(&mut connection).await?;
        recovery::warn_of_eviction(&mut connection).await?;
        let run = recovery::run_of(&mut connection).await?;
        let epoch = match recovery::epoch_of(self, &mut connection, &run).await? {
            Some(epoch) => {
                if last_epoch != Some(&epoch) {
                    // Somebody recovered Redis without this server: better late than never.
                    recovery::push_mirror(self, &mut connection).await?;
                }
                epoch
            }
            None => {
                self.health.recovering("Redis lost its running totals");
                recovery::recover(self, &mut connection, &run).await?
            }
        };
        let number = self.links.fetch_add(1, Ordering::Relaxed);
        Ok(Link { connection, epoch: epoch.into(), number })
    }

    /// Returns once the link is down.
    async fn watch(&self, mut link: Link) {
        while self.is_up(link.number) {
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(WATCH) => {
                    let epoch: RedisResult<Option<String>> =
                        redis::cmd("GET").arg(self.keys.epoch()).query_async(&mut link.connection).await;
                    match epoch {
                        Ok(epoch) if epoch.as_deref() == Some(&*link.epoch) => {}
                        Ok(_) => self.take_down(link.number, "Redis does not know the epoch"),
                        Err(error) => self.take_down(link.number, &describe(&error)),
                    }
                }
            }
        }
    }
}

/// An error in words that are fit to be shown: no address, no credentials.
pub(super) fn describe(error: &RedisError) -> String {
    if error.is_timeout() {
        return "Redis did not answer in time".to_owned();
    }
    if error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal() {
        return "Redis cannot be reached".to_owned();
    }
    match error.code() {
        Some(code) => format!("Redis refused with {code}"),
        None => format!("Redis failed: {}", error.category()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::conformance::backends;
    use crate::ledger::redis::RedisLedger;

    #[tokio::test]
    async fn an_operation_whose_link_went_down_under_way_is_not_answered() {
        let config = backends::redis_config(&backends::redis_url(), "one");
        let ledger = RedisLedger::start(config, None, backends::nodes(&["one"])).expect("a URL");
        assert!(ledger.wait_until_up(Duration::from_secs(5)).await, "{:?}", ledger.health());
        let shared = &ledger.shared;
        let answered = shared.with_link(|_| async { Ok(1) }).await;
        assert_eq!(answered, Some(Ok(1)));
        let number = shared.link.load_full().expect("a link").number;
        let late = shared.with_link(|_| async {
            shared.take_down(number, "for the test");
            Ok(1)
        });
        assert_eq!(late.await, None);
        assert!(ledger.wait_until_up(Duration::from_secs(5)).await, "it comes back by itself");
        shared.take_down(number, "a late failure of an old link");
        assert!(shared.is_linked());
    }
}
