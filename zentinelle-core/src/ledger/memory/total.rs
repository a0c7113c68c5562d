//! One running total in its window.

use jiff::{SignedDuration, Timestamp};

use super::super::{Reading, Window, month};
use super::snapshot::Spent;

/// Steps a sliding window is cut into.
const STEPS: i64 = 60;

/// One running total in its window.
#[derive(Debug)]
pub(super) enum Total {
    /// Nothing charged yet, or the window is over: the next charge opens a new one.
    Closed(Window),
    /// A window that runs from its first charge to a fixed end.
    Open { window: Window, start: Timestamp, end: Timestamp, used: u64 },
    /// The last steps of a sliding window: (number of the step, amount), ascending.
    Sliding { seconds: u32, steps: Vec<(i64, u64)> },
}

impl Total {
    pub(super) fn new(window: Window) -> Self {
        match window {
            Window::Sliding { seconds } => Self::Sliding { seconds, steps: Vec::new() },
            Window::Fixed { .. } | Window::CalendarMonth => Self::Closed(window),
        }
    }

    /// What the total stands at, to be written down; none when nothing was charged.
    pub(super) fn spent(&self) -> Option<Spent> {
        match self {
            Self::Closed(_) => None,
            Self::Open { start, used, .. } => Some(Spent::Since { start: *start, used: *used }),
            Self::Sliding { steps, .. } => Some(Spent::Steps(steps.clone())),
        }
    }

    /// The total that stood at `spent`; none when that does not suit the window.
    pub(super) fn restore(window: Window, spent: Spent) -> Option<Self> {
        match (window, spent) {
            (Window::Fixed { .. } | Window::CalendarMonth, Spent::Since { start, used }) => {
                Some(Self::Open { window, start, end: end_of(window, start), used })
            }
            (Window::Sliding { seconds }, Spent::Steps(steps)) => {
                let most = usize::try_from(STEPS).unwrap_or(usize::MAX).saturating_mul(2);
                let in_order = steps.is_sorted_by(|(a, _), (b, _)| a < b);
                (in_order && steps.len() <= most).then_some(Self::Sliding { seconds, steps })
            }
            _ => None,
        }
    }

    pub(super) fn used(&self, now: Timestamp) -> u64 {
        match self {
            Self::Closed(_) => 0,
            Self::Open { end, used, .. } => {
                if now < *end {
                    *used
                } else {
                    0
                }
            }
            Self::Sliding { seconds, steps } => {
                let oldest = oldest_step(*seconds, now);
                steps.iter().filter(|(step, _)| *step >= oldest).fold(0, |sum, (_, n)| sum.saturating_add(*n))
            }
        }
    }

    pub(super) fn read(&self, now: Timestamp) -> Reading {
        let resets_at = match self {
            Self::Open { end, .. } if now < *end => *end,
            Self::Open { window, .. } | Self::Closed(window) => end_of(*window, now),
            Self::Sliding { seconds, steps } => {
                let oldest = oldest_step(*seconds, now);
                let first = steps.iter().map(|(step, _)| *step).find(|step| *step >= oldest);
                first.map_or(now, |step| step_end(*seconds, step))
            }
        };
        Reading { used: self.used(now), resets_at }
    }

    pub(super) fn add(&mut self, amount: u64, now: Timestamp) {
        match self {
            Self::Open { end, used, .. } if now < *end => *used = used.saturating_add(amount),
            Self::Open { window, .. } | Self::Closed(window) => {
                // A charge of nothing opens no window.
                *self = if amount == 0 {
                    Self::Closed(*window)
                } else {
                    Self::Open { window: *window, start: now, end: end_of(*window, now), used: amount }
                };
            }
            Self::Sliding { seconds, steps } => {
                let (oldest, current) = (oldest_step(*seconds, now), step_of(*seconds, now));
                steps.retain(|(step, _)| *step >= oldest);
                match steps.last_mut() {
                    // A host whose clock went back adds to the newest step: never to a forgotten one.
                    Some((step, used)) if *step >= current => *used = used.saturating_add(amount),
                    _ => steps.push((current, amount)),
                }
            }
        }
    }

    /// Opens the window at `now` even where nothing is charged yet: a reservation of nothing may
    /// still be settled with something.
    pub(super) fn open(&mut self, now: Timestamp) {
        match self {
            Self::Open { end, .. } if now < *end => {}
            Self::Open { window, .. } | Self::Closed(window) => {
                *self = Self::Open { window: *window, start: now, end: end_of(*window, now), used: 0 };
            }
            Self::Sliding { .. } => self.add(0, now),
        }
    }

    /// When an amount that is charged at `now` counts as charged. Whoever asked first may be charged second, and the
    /// window, begun by the other, is still the one that amount belongs to.
    pub(super) fn charges_at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Open { start, end, .. } if now < *end => now.max(*start),
            Self::Open { .. } | Self::Closed(_) | Self::Sliding { .. } => now,
        }
    }

    /// Replaces an amount that counts as charged at `charged_at` by the true one.
    pub(super) fn adjust(&mut self, reserved: u64, actual: u64, charged_at: Timestamp, now: Timestamp) {
        let replace = |used: &mut u64| *used = used.saturating_sub(reserved).saturating_add(actual);
        match self {
            Self::Open { start, end, used, .. } if now < *end && *start <= charged_at => replace(used),
            Self::Open { .. } | Self::Closed(_) => {}
            Self::Sliding { seconds, steps } => {
                let at = step_of(*seconds, charged_at);
                if let Some((_, used)) = steps.iter_mut().find(|(step, _)| *step >= at) {
                    replace(used);
                }
            }
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        match self {
            Self::Closed(_) => true,
            Self::Open { end, .. } => *end <= now,
            Self::Sliding { seconds, steps } => steps.last().is_none_or(|(step, _)| *step < oldest_step(*seconds, now)),
        }
    }
}

fn step_millis(seconds: u32) -> i64 {
    (i64::from(seconds) * 1_000 / STEPS).max(1)
}

fn step_of(seconds: u32, at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(step_millis(seconds))
}

/// The oldest step that still counts: the one the window's far end lies in counts whole.
fn oldest_step(seconds: u32, now: Timestamp) -> i64 {
    step_of(seconds, now).saturating_sub(i64::from(seconds) * 1_000 / step_millis(seconds))
}

fn step_end(seconds: u32, step: i64) -> Timestamp {
    let leaves = step.saturating_add(1).saturating_mul(step_millis(seconds)).saturating_add(i64::from(seconds) * 1_000);
    Timestamp::from_millisecond(leaves).unwrap_or(Timestamp::MAX)
}

/// When a window that begins now ends.
fn end_of(window: Window, now: Timestamp) -> Timestamp {
    match window {
        Window::Fixed { seconds } | Window::Sliding { seconds } => {
            now.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX)
        }
        Window::CalendarMonth => month::next(now).unwrap_or(Timestamp::MAX),
    }
}
