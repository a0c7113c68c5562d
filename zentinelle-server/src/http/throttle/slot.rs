//! One caller's bucket.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::config::Rate;

/// The longest wait a client is told: one released client reads only the seconds of a longer time,
/// so that two minutes would read as none. Unit: seconds.
const LONGEST_WAIT: u32 = 59;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// One caller's bucket: it holds one and a half times the limit and fills at the limit's pace.
#[derive(Debug)]
pub(super) struct Slot {
    limiter: Limiter,
    rate: Rate,
    limit: HeaderValue,
    window: HeaderValue,
    /// When the rate was last compared with what the tenant wants. Unit: seconds since 1970.
    compared: AtomicU64,
    /// Of an address with bad keys. Unit: seconds since 1970.
    blocked_until: AtomicU64,
}

/// Where a caller stands after a request was counted.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(super) rate: Rate,
    limit: HeaderValue,
    window: HeaderValue,
    remaining: u32,
    /// When the bucket is full again. Unit: seconds since 1970.
    reset: u64,
    /// When to come back, if the request was one too many. Unit: seconds.
    wait: Option<u32>,
}

impl Slot {
    pub(super) fn new(rate: Rate, clock: &DefaultClock, now: u64) -> Self {
        let limit = NonZeroU32::new(rate.limit).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_secs(rate.window_seconds.into()).checked_div(limit.get()).unwrap_or_default();
        let quota = Quota::with_period(period.max(Duration::from_nanos(1))).unwrap_or(Quota::per_second(limit));
        let burst = NonZeroU32::new(burst(rate)).unwrap_or(limit);
        let limiter = RateLimiter::direct_with_clock(quota.allow_burst(burst), clock.clone());
        Self {
            limiter: limiter.with_middleware(),
            rate,
            limit: HeaderValue::from(rate.limit),
            window: HeaderValue::from(rate.window_seconds),
            compared: AtomicU64::new(now),
            blocked_until: AtomicU64::new(0),
        }
    }

    /// Counts one request.
    pub(super) fn take(&self, clock: &DefaultClock, now: u64) -> Standing {
        let (left, wait) = match self.limiter.check() {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(whole_seconds(until.wait_time_from(clock.now())))),
        };
        // The half that is more than the limit is grace, and not promised.
        let remaining = left.saturating_sub(burst(self.rate) - self.rate.limit);
        let missing = u64::from(burst(self.rate).saturating_sub(left)) * u64::from(self.rate.window_seconds);
        Standing {
            rate: self.rate,
            limit: self.limit.clone(),
            window: self.window.clone(),
            remaining,
            reset: now + missing.div_ceil(self.rate.limit.max(1).into()),
            wait,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Whether the rate should be compared again; true for one caller at a time.
    pub(super) fn is_due(&self, now: u64, after: u64) -> bool {
        let last = self.compared.load(Ordering::Relaxed);
        now >= last + after && self.compared.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub(super) fn block_until(&self, instant: u64) {
        self.blocked_until.fetch_max(instant, Ordering::Relaxed);
    }

    pub(super) fn blocked_until(&self) -> u64 {
        self.blocked_until.load(Ordering::Relaxed)
    }
}

impl Standing {
    /// When to come back, if the request was one too many. Unit: seconds, 1 to 59.
    pub(crate) fn wait(&self) -> Option<u32> {
        self.wait
    }

    pub(super) fn headers(self) -> [(HeaderName, HeaderValue); 4] {
        [
            (LIMIT, self.limit),
            (REMAINING, HeaderValue::from(self.remaining)),
            (WINDOW, self.window),
            (RESET, HeaderValue::from(self.reset)),
        ]
    }
}

fn burst(rate: Rate) -> u32 {
    rate.limit.saturating_add(rate.limit / 2)
}

fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs_f64().ceil() as u64).unwrap_or(LONGEST_WAIT).clamp(1, LONGEST_WAIT)
}
