//! How often one credential may ask: a token bucket per credential and kind of request.
//!
//! A bucket is one number, so its cost does not grow with the traffic. Callers are counted by the
//! public part of their key, requests without one by client address. An address from which bad
//! keys keep coming is only let through with keys that are already known to be good, so guessing
//! never costs the database more than its share.

mod bucket;
mod slot;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use governor::clock::DefaultClock;
use moka::sync::Cache;

pub(crate) use self::bucket::Bucket;
use self::slot::Slot;
pub(crate) use self::slot::Standing;
use super::error::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::config::{self, Rate};

/// How long a tenant's own limit is believed. Unit: seconds.
const BELIEVED_SECONDS: u64 = 5;
/// Whoever did not ask for so long is forgotten. Unit: seconds. Every window is filled again by then, or the
/// count was refused for longer than anybody waits.
const IDLE_SECONDS: u64 = 3_600;

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// The bearer of a key, by its public part.
    Key(Arc<str>),
    /// A client without a key.
    Address(IpAddr),
}

/// The buckets of all callers.
#[derive(Debug)]
pub(crate) struct Throttle {
    rates: config::Throttle,
    clock: DefaultClock,
    callers: Cache<(Bucket, Who), Arc<Slot>>,
    failures: Cache<IpAddr, Arc<Slot>>,
    /// Until when at least one address is blocked. Unit: seconds since 1970.
    blocked_until: AtomicU64,
}

impl Throttle {
    /// Empty buckets.
    pub(crate) fn new(rates: &config::Throttle) -> Self {
        let idle = std::time::Duration::from_secs(IDLE_SECONDS);
        Self {
            rates: rates.clone(),
            clock: DefaultClock::default(),
            callers: Cache::builder().max_capacity(rates.max_keys).time_to_idle(idle).build(),
            failures: Cache::builder().max_capacity(rates.max_keys).time_to_idle(idle).build(),
            blocked_until: AtomicU64::new(0),
        }
    }

    /// Counts a caller's request. None where nothing is counted.
    pub(crate) async fn caller(&self, app: &App, bucket: Bucket, caller: &Caller) -> Option<Standing> {
        if !self.counts(bucket) {
            return None;
        }
        let key = (bucket, Who::Key(Arc::clone(&caller.public_id)));
        let now = seconds();
        let slot = match self.callers.get(&key) {
            Some(slot) if bucket != Bucket::Evaluate || !slot.is_due(now, BELIEVED_SECONDS) => slot,
            known => {
                let rate = self.rate_of(app, bucket, caller).await;
                match known {
                    Some(slot) if slot.rate() == rate => slot,
                    Some(_) => {
                        let slot = Arc::new(Slot::new(rate, &self.clock, now));
                        self.callers.insert(key, Arc::clone(&slot));
                        slot
                    }
                    None => self.callers.get_with(key, || Arc::new(Slot::new(rate, &self.clock, now))),
                }
            }
        };
        Some(slot.take(&self.clock, now))
    }

    /// Counts a request without a caller.
    pub(crate) fn address(&self, bucket: Bucket, address: IpAddr) -> Option<Standing> {
        if !self.counts(bucket) {
            return None;
        }
        let now = seconds();
        let rate = self.rate(bucket);
        let key = (bucket, Who::Address(network_of(address)));
        Some(self.callers.get_with(key, || Arc::new(Slot::new(rate, &self.clock, now))).take(&self.clock, now))
    }

    /// Counts a bad key.
    pub(crate) fn failed(&self, address: IpAddr) -> Option<Standing> {
        if !self.rates.enabled {
            return None;
        }
        let now = seconds();
        let rate = self.rates.failures;
        let slot = self.failures.get_with(network_of(address), || Arc::new(Slot::new(rate, &self.clock, now)));
        let standing = slot.take(&self.clock, now);
        if let Some(wait) = standing.wait() {
            slot.block_until(now + u64::from(wait));
            self.blocked_until.fetch_max(now + u64::from(wait), Ordering::Relaxed);
        }
        Some(standing)
    }

    /// For how long an address may only come with keys that are known to be good. Unit: seconds.
    /// Costs one comparison while no address is blocked; `address` is then not asked for.
    pub(crate) fn blocked(&self, address: impl FnOnce() -> IpAddr) -> Option<u32> {
        let until = self.blocked_until.load(Ordering::Relaxed);
        if until == 0 || until <= seconds() {
            return None;
        }
        let until = self.failures.get(&network_of(address()))?.blocked_until();
        let wait = until.checked_sub(seconds()).filter(|wait| *wait > 0)?;
        Some(u32::try_from(wait).unwrap_or(u32::MAX))
    }

    /// How many callers are counted.
    pub(crate) fn len(&self) -> u64 {
        self.callers.entry_count()
    }

    fn counts(&self, bucket: Bucket) -> bool {
        self.rates.enabled && bucket != Bucket::Exempt
    }

    fn rate(&self, bucket: Bucket) -> Rate {
        match bucket {
            Bucket::Register => self.rates.register,
            Bucket::Config => self.rates.config,
            Bucket::Secrets => self.rates.secrets,
            Bucket::Events => self.rates.events,
            Bucket::Heartbeat => self.rates.heartbeat,
            Bucket::Evaluate => self.rates.evaluate,
            Bucket::Scan => self.rates.scan,
            Bucket::SignIn => self.rates.sign_in,
            Bucket::Portal => self.rates.portal,
            Bucket::Other | Bucket::Exempt => self.rates.other,
        }
    }

    /// The rate of a caller: of evaluations what its tenant chose, up to the server's own limit.
    async fn rate_of(&self, app: &App, bucket: Bucket, caller: &Caller) -> Rate {
        let most = self.rate(bucket);
        if bucket != Bucket::Evaluate {
            return most;
        }
        let Ok(snapshot) = app.snapshots.get(&caller.tenant).await else { return most };
        let chosen = Rate::new(snapshot.settings.evaluate_per_minute.max(1), 60);
        // Compared as requests a second, without dividing.
        let is_less = u64::from(chosen.limit) * u64::from(most.window_seconds)
            < u64::from(most.limit) * u64::from(chosen.window_seconds);
        if is_less { chosen } else { most }
    }
}

impl Standing {
    /// The refusal, when the request was one too many.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        let retry_after = self.wait()?;
        let (limit, window) = (self.rate.limit, self.rate.window_seconds);
        let message = format!("more than {limit} requests in {window} seconds; try again in {retry_after} seconds");
        Some(ApiError::Throttled { retry_after, message })
    }

    /// Tells the client where it stands.
    pub(crate) fn mark(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        for (name, value) in self.headers() {
            headers.insert(name, value);
        }
        response
    }
}

/// The part of an address that stands for one client: who has an IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

fn seconds() -> u64 {
    u64::try_from(clock::now().as_second()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
