//! Change notices between replicas, so that a change made on one is in force on all at once.
//!
//! A notice is a hint to read something again. The promise is that nobody misses a change in
//! silence: where notices may have been lost (a connection broke, a subscriber fell behind, a
//! sender could not send), subscribers get [`Received::Resync`] and read everything again.
//!
//! **Own notices.** A replica gets its own notices exactly once: at once when it publishes, and
//! the copy that comes back over the wire is told by its sender and number and dropped. When the
//! publisher was interrupted between the commit and [`AfterCommit::deliver`], the copy from
//! PostgreSQL delivers it instead.
//!
//! With one replica the bus is [`Bus::local`]. Between replicas it is PostgreSQL
//! ([`Bus::postgres`]: `NOTIFY` belongs to the transaction of the change) or Redis
//! ([`Bus::redis`]). The connection is watched by sending to oneself, so that one that is dead
//! without saying so is found too, and renewed for as long as it takes.

mod keeper;
mod link;
mod notice;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;
use uuid::Uuid;

use self::link::Link;
pub(crate) use self::notice::Notice;
use self::notice::{Envelope, What};

/// How far a subscriber may fall behind before it has to read everything again.
const BACKLOG: usize = 1024;
/// How many own notices are remembered until their copies come back.
const REMEMBERED: usize = 4096;
/// How long a start waits for the first connection.
const FIRST_CONNECTION: Duration = Duration::from_secs(5);

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Something changed.
    Notice(Notice),
    /// Anything may have changed: read again whatever is kept.
    Resync,
}

/// How far a notice got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// To this replica, and out to the others.
    Sent,
    /// To this replica. The others will be told to read everything again as soon as they can be.
    Owed,
}

/// The times that the bus goes by.
#[derive(Clone, Copy, Debug)]
struct Timing {
    /// From one look at the connection to the next.
    beat: Duration,
    /// The silence after which a connection is dead. Several beats.
    silence: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { beat: Duration::from_secs(1), silence: Duration::from_secs(15) }
    }
}

/// A handle of the bus. All clones are one bus, which ends with the last of them.
#[derive(Clone)]
pub(crate) struct Bus {
    shared: Arc<Shared>,
    _tasks: Arc<Tasks>,
}

struct Shared {
    from: Uuid,
    next_id: AtomicU64,
    /// Own notices that were delivered here.
    delivered: Mutex<BTreeSet<u64>>,
    subscribers: broadcast::Sender<Received>,
    link: Option<Link>,
    /// Whether the others missed something that was sent from here.
    owed: AtomicBool,
    connected: watch::Sender<bool>,
    timing: Timing,
}

#[derive(Default)]
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Bus {
    /// A bus for a single replica.
    pub(crate) fn local() -> Self {
        let shared = Shared::new(None, Timing::default());
        shared.connected.send_replace(true);
        Self { shared, _tasks: Arc::default() }
    }

    /// A bus over the PostgreSQL database that the replicas share. Listens on a connection of its
    /// own besides those of the pool. Waits some seconds for it, then goes on trying by itself.
    pub(crate) async fn postgres(db: &DatabaseConnection) -> Self {
        Self::over(Link::Postgres(db.clone()), Timing::default()).await
    }

    /// A bus over Redis. `prefix` keeps installations apart that share one. Waits some seconds for
    /// the connection, then goes on trying by itself; fails only if the address makes no sense.
    pub(crate) async fn redis(url: &str, prefix: &str) -> Result<Self, redis::RedisError> {
        Ok(Self::over(Link::redis(url, prefix)?, Timing::default()).await)
    }

    async fn over(link: Link, timing: Timing) -> Self {
        let shared = Shared::new(Some(link), timing);
        let tasks = [
            tokio::spawn(keeper::listen(Arc::clone(&shared))).abort_handle(),
            tokio::spawn(keeper::beat(Arc::clone(&shared))).abort_handle(),
        ];
        let mut connected = shared.connected.subscribe();
        if tokio::time::timeout(FIRST_CONNECTION, connected.wait_for(|connected| *connected)).await.is_err() {
            tracing::warn!("no notices from other replicas yet; the connection is still tried");
        }
        Self { shared, _tasks: Arc::new(Tasks(tasks.into())) }
    }

    /// Whether notices from other replicas come in.
    pub(crate) fn is_connected(&self) -> bool {
        *self.shared.connected.borrow()
    }

    /// Tells every replica of a change that is committed already. This one hears of it before the
    /// call returns, whatever becomes of the rest.
    pub(crate) async fn publish(&self, notice: &Notice) -> Delivery {
        let envelope = self.shared.envelope(What::Notice(notice.clone()));
        self.shared.deliver_own(&envelope);
        self.shared.send(&envelope).await
    }

    /// Tells every replica of a change once its transaction commits. Call
    /// [`AfterCommit::deliver`] after the commit; drop it when the transaction fails.
    #[cfg_attr(not(test), expect(dead_code, reason = "changes whose notice must leave with their commit"))]
    pub(crate) async fn publish_in<C: ConnectionTrait>(
        &self,
        transaction: &C,
        notice: Notice,
    ) -> Result<AfterCommit, DbErr> {
        let envelope = self.shared.envelope(What::Notice(notice));
        let is_on_its_way = matches!(self.shared.link, Some(Link::Postgres(_)));
        if is_on_its_way {
            link::notify(transaction, envelope.encode()).await?;
        }
        Ok(AfterCommit { shared: Arc::clone(&self.shared), envelope, is_on_its_way, is_delivered: false })
    }

    /// Everything that is published from now on.
    pub(crate) fn subscribe(&self) -> Receiver {
        Receiver { notices: self.shared.subscribers.subscribe() }
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("link", &self.shared.link).field("connected", &self.is_connected()).finish()
    }
}

/// A notice whose transaction has still to commit.
#[must_use = "after the commit, `deliver` it"]
pub(crate) struct AfterCommit {
    shared: Arc<Shared>,
    envelope: Envelope,
    is_on_its_way: bool,
    is_delivered: bool,
}

impl AfterCommit {
    /// The transaction is committed: this replica hears of it before the call returns.
    #[cfg_attr(not(test), expect(dead_code, reason = "changes whose notice must leave with their commit"))]
    pub(crate) async fn deliver(mut self) -> Delivery {
        self.shared.deliver_own(&self.envelope);
        let delivery = if self.is_on_its_way { Delivery::Sent } else { self.shared.send(&self.envelope).await };
        self.is_delivered = true;
        delivery
    }
}

impl Drop for AfterCommit {
    /// Whoever was to deliver this was interrupted, or the transaction failed. It may have
    /// committed all the same, and to read again what did not change does no harm.
    fn drop(&mut self) {
        if !self.is_delivered && !self.is_on_its_way {
            self.shared.deliver_own(&self.envelope);
            self.shared.owe();
        }
    }
}

/// A subscription.
pub(crate) struct Receiver {
    notices: broadcast::Receiver<Received>,
}

impl Receiver {
    /// The next notice; nothing once the bus has ended. Abandoning the wait loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        match self.notices.recv().await {
            Ok(received) => Some(received),
            Err(broadcast::error::RecvError::Closed) => None,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                // What is still queued need not be read one by one as well.
                self.notices = self.notices.resubscribe();
                Some(Received::Resync)
            }
        }
    }
}

impl Shared {
    fn new(link: Option<Link>, timing: Timing) -> Arc<Self> {
        Arc::new(Self {
            from: Uuid::now_v7(),
            next_id: AtomicU64::new(1),
            delivered: Mutex::default(),
            subscribers: broadcast::Sender::new(BACKLOG),
            link,
            owed: AtomicBool::new(false),
            connected: watch::Sender::new(false),
            timing,
        })
    }

    fn envelope(&self, what: What) -> Envelope {
        Envelope { from: self.from, id: self.next_id.fetch_add(1, Ordering::Relaxed), what }
    }

    fn broadcast(&self, received: Received) {
        let _ = self.subscribers.send(received); // an error says that nobody listens
    }

    /// Delivers here what was sent from here, unless that was done already.
    fn deliver_own(&self, envelope: &Envelope) {
        if self.remember(envelope) {
            self.deliver(&envelope.what);
        }
    }

    /// Whether this own envelope is met for the first time.
    fn remember(&self, envelope: &Envelope) -> bool {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = delivered.insert(envelope.id);
        if delivered.len() > REMEMBERED {
            delivered.pop_first(); // should its copy still come, it is heard twice
        }
        is_first
    }

    fn deliver(&self, what: &What) {
        match what {
            What::Notice(notice) => self.broadcast(Received::Notice(notice.clone())),
            What::Resync => self.broadcast(Received::Resync),
            What::Ping => {}
        }
    }

    async fn send(&self, envelope: &Envelope) -> Delivery {
        let Some(link) = &self.link else { return Delivery::Sent };
        // Owed until it is sent, so that an interruption leaves it owed.
        let owing = Owing { shared: self, is_settled: false };
        match link.send(envelope.encode()).await {
            Ok(()) => {
                owing.settle();
                Delivery::Sent
            }
            Err(error) => {
                tracing::warn!(%error, "a notice could not be sent; the other replicas will read everything again");
                Delivery::Owed
            }
        }
    }

    fn owe(&self) {
        if self.link.is_some() {
            self.owed.store(true, Ordering::Release);
        }
    }
}

/// A notice on its way out.
struct Owing<'a> {
    shared: &'a Shared,
    is_settled: bool,
}

impl Owing<'_> {
    fn settle(mut self) {
        self.is_settled = true;
    }
}

impl Drop for Owing<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.shared.owe();
        }
    }
}
