//! Totals and names as Redis keeps them.

use zentinelle_core::ids::{ReservationId, TenantId};
use zentinelle_core::ledger::{Counter, Unit, Window};

use crate::ledger::name::{reservation_text, tag_text, total_text};
use crate::ledger::total::{Total, end_of, steps_of};

/// How much longer than its window a key is kept, so that a server whose clock is behind still
/// finds it. Whether a window is over is never judged by the key. Unit: milliseconds.
const LEEWAY_MILLIS: i64 = 10_000;

/// The keys of one ledger.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The part in braces keeps the keys of a tenant together where keys are spread over nodes.
    fn tenant(&self, tenant: &TenantId) -> String {
        format!("{}:{{t-{}}}", self.prefix, tag_text(tenant.as_str()))
    }

    pub(super) fn total(&self, counter: &Counter, window: Window) -> String {
        format!("{}:total:{}", self.tenant(&counter.tenant), total_text(counter, window))
    }

    pub(super) fn reservation(&self, tenant: &TenantId, id: &ReservationId) -> String {
        format!("{}:reservation:{}", self.tenant(tenant), reservation_text(id))
    }

    pub(super) fn epoch(&self) -> String {
        format!("{}:ledger:epoch", self.prefix)
    }

    /// A key of one recovery: it belongs to one run of Redis, so that what an older snapshot
    /// brings back is never taken for it.
    pub(super) fn recovery(&self, run: &str, part: &str) -> String {
        format!("{}:ledger:recovery:{run}:{part}", self.prefix)
    }
}

/// The word scripts know a window's kind by.
pub(super) fn kind(window: Window) -> &'static str {
    match window {
        Window::Fixed { .. } | Window::CalendarMonth => "open",
        Window::Sliding { .. } => "sliding",
    }
}

/// The word scripts know a unit by.
pub(super) fn unit_text(unit: Unit) -> &'static str {
    match unit {
        Unit::Calls => "calls",
        Unit::Tokens => "tokens",
        Unit::UsdMicros => "usd_micros",
        Unit::Bytes => "bytes",
    }
}

/// How long Redis keeps a total whose window is opened at `now`, or that slides. Unit: milliseconds.
pub(super) fn expiry(window: Window, now: i64) -> i64 {
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
pub(super) fn until(end: i64, now: i64) -> i64 {
    end.saturating_sub(now).max(0) / 1_000 + LEEWAY_MILLIS
}

/// A total as the scripts write it.
pub(super) fn state_text(total: &Total) -> String {
    match total {
        Total::Open { start, end, used } => format!("{start} {end} {used}"),
        Total::Sliding { steps } => {
            let steps: Vec<_> = steps.iter().map(|(step, amount)| format!("{step}={amount}")).collect();
            steps.join(" ")
        }
    }
}

/// Reads what a script wrote.
pub(super) fn parse_state(window: Window, text: &str) -> Option<Total> {
    match window {
        Window::Fixed { .. } | Window::CalendarMonth => {
            let mut parts = text.split(' ');
            let (start, end, used) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Total::Open { start: start.parse().ok()?, end: end.parse().ok()?, used: used.parse().ok()? })
        }
        Window::Sliding { .. } => {
            let step = |part: &str| {
                let (step, amount) = part.split_once('=')?;
                Some((step.parse().ok()?, amount.parse().ok()?))
            };
            Some(Total::Sliding { steps: text.split_whitespace().map(step).collect::<Option<_>>()? })
        }
    }
}
