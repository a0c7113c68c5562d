//! The keys of a ledger in Redis, and for how long they are kept.

use super::name::{reservation_text, tag_text, total_text};
use super::window::{end_of, steps_of};
use crate::ids::{ReservationId, TenantId};
use crate::ledger::{Counter, Window};

/// How much longer than its window a key is kept, so that a host whose clock is behind still
/// finds it. Whether a window is over is never judged by the key. Unit: milliseconds.
const LEEWAY_MILLIS: i64 = 10_000;

/// The keys of one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// A key of a tenant. The part in braces keeps its keys together where keys are spread over nodes.
    fn of_tenant(&self, tenant: &TenantId, kind: &str, name: &str) -> String {
        let tag = tag_text(tenant.as_str());
        [self.prefix.as_str(), ":{t-", &tag, "}:", kind, ":", name].concat()
    }

    /// Where a running total is.
    #[must_use]
    pub fn total(&self, counter: &Counter, window: Window) -> String {
        self.of_tenant(&counter.tenant, "total", &total_text(counter, window))
    }

    /// Where an open reservation is.
    #[must_use]
    pub fn reservation(&self, tenant: &TenantId, id: &ReservationId) -> String {
        self.of_tenant(tenant, "reservation", &reservation_text(id))
    }

    /// Where the epoch is: without the one that is expected, Redis has lost its totals, and no
    /// script does anything.
    #[must_use]
    pub fn epoch(&self) -> String {
        format!("{}:ledger:epoch", self.prefix)
    }

    /// A key of one recovery: it belongs to one run of Redis, so that what an older snapshot
    /// brings back is never taken for it.
    #[must_use]
    pub fn recovery(&self, run: &str, part: &str) -> String {
        format!("{}:ledger:recovery:{run}:{part}", self.prefix)
    }
}

/// The word scripts know a window's kind by.
#[must_use]
pub const fn kind(window: Window) -> &'static str {
    match window {
        Window::Fixed { .. } | Window::CalendarMonth => "open",
        Window::Sliding { .. } => "sliding",
    }
}

/// How long Redis keeps a total whose window is opened at `now`, or that slides. Unit: milliseconds.
#[must_use]
pub fn expiry(window: Window, now: i64) -> i64 {
    let end = match window {
        Window::Fixed { .. } | Window::CalendarMonth => end_of(window, now),
        Window::Sliding { .. } => {
            let steps = steps_of(window);
            steps.leaves(steps.step(now))
        }
    };
    until(end, now)
}

/// How long Redis keeps what counts until `end`. Unit: milliseconds.
#[must_use]
pub fn until(end: i64, now: i64) -> i64 {
    end.saturating_sub(now).max(0) / 1_000 + LEEWAY_MILLIS
}
