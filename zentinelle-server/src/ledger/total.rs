//! One running total in its window, as stores outside the process keep it.
//!
//! The rules are those of the core's memory ledger, which the conformance suite holds every
//! backend to. Where windows begin and end is the core's as well.

use jiff::Timestamp;
use zentinelle_core::ledger::shared::window::{end_of, instant, start_of, steps_of};
use zentinelle_core::ledger::{Reading, Window};

/// Windows at least this long survive a restart. Unit: seconds.
const DURABLE_SECONDS: u32 = 3_600;
const MICROS: i64 = 1_000_000;

/// Whether a window's totals must outlive the process.
pub(crate) fn is_durable(window: Window) -> bool {
    match window {
        Window::Fixed { seconds } | Window::Sliding { seconds } => seconds >= DURABLE_SECONDS,
        Window::CalendarMonth => true,
    }
}

/// One running total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// From `start` until before `end`. One that is over counts as none.
    Open { start: i64, end: i64, used: u64 },
    /// Number of the step and amount, ascending.
    Sliding { steps: Vec<(i64, u64)> },
}

impl Total {
    /// A total to which nothing was charged.
    pub(super) fn new(window: Window) -> Self {
        match window {
            Window::Sliding { .. } => Self::Sliding { steps: Vec::new() },
            Window::Fixed { .. } | Window::CalendarMonth => Self::Open { start: 0, end: 0, used: 0 },
        }
    }

    pub(super) fn used(&self, window: Window, now: i64) -> u64 {
        match self {
            Self::Open { end, used, .. } if now < *end => *used,
            Self::Open { .. } => 0,
            Self::Sliding { steps } => {
                let oldest = steps_of(window).oldest(now);
                steps.iter().filter(|(step, _)| *step >= oldest).fold(0, |sum, (_, n)| sum.saturating_add(*n))
            }
        }
    }

    pub(super) fn read(&self, window: Window, now: i64) -> Reading {
        let resets_at = match self {
            Self::Open { end, .. } if now < *end => *end,
            Self::Open { .. } => end_of(window, now),
            Self::Sliding { steps } => {
                let cut = steps_of(window);
                let oldest = cut.oldest(now);
                let first = steps.iter().map(|(step, _)| *step).find(|step| *step >= oldest);
                first.map_or(now, |step| cut.leaves(step))
            }
        };
        Reading { used: self.used(window, now), resets_at: instant(resets_at) }
    }

    /// Adds an amount charged at `now`.
    pub(super) fn add(&mut self, window: Window, amount: u64, now: i64) {
        match self {
            Self::Open { end, used, .. } if now < *end => *used = used.saturating_add(amount),
            // A charge of nothing opens no window.
            Self::Open { .. } if amount == 0 => *self = Self::new(window),
            Self::Open { .. } => {
                *self = Self::Open { start: start_of(window, now), end: end_of(window, now), used: amount };
            }
            Self::Sliding { steps } => {
                let cut = steps_of(window);
                let (oldest, current) = (cut.oldest(now), cut.step(now));
                steps.retain(|(step, _)| *step >= oldest);
                match steps.last_mut() {
                    // A clock that went back adds to the newest step: never to a forgotten one.
                    Some((step, used)) if *step >= current => *used = used.saturating_add(amount),
                    _ => steps.push((current, amount)),
                }
            }
        }
    }

    /// Opens the window at `now` even where nothing is charged yet: a reservation of nothing may
    /// still be settled with something.
    pub(super) fn open(&mut self, window: Window, now: i64) {
        match self {
            Self::Open { end, .. } if now < *end => {}
            Self::Open { .. } => {
                *self = Self::Open { start: start_of(window, now), end: end_of(window, now), used: 0 };
            }
            Self::Sliding { .. } => self.add(window, 0, now),
        }
    }

    /// Where the window began to which something is charged at `now`. Whoever asked first may be charged
    /// second, in a window that another began.
    pub(super) fn began(&self, window: Window, now: i64) -> i64 {
        match self {
            Self::Open { start, end, .. } if now < *end => *start,
            Self::Open { .. } | Self::Sliding { .. } => start_of(window, now),
        }
    }

    /// Replaces an amount that counts as charged at `charged_at` by the true one, where that window
    /// still runs.
    pub(super) fn adjust(&mut self, window: Window, reserved: u64, actual: u64, charged_at: i64, now: i64) {
        let replace = |used: &mut u64| *used = used.saturating_sub(reserved).saturating_add(actual);
        match self {
            Self::Open { start, end, used } if now < *end && *start <= charged_at => replace(used),
            Self::Open { .. } => {}
            Self::Sliding { steps } => {
                let at = steps_of(window).step(charged_at);
                if let Some((_, used)) = steps.iter_mut().find(|(step, _)| *step >= at) {
                    replace(used);
                }
            }
        }
    }

    /// Writes down what a ledger elsewhere added at `at`, in the window that began at `began`.
    /// Servers drain their journals each at its own pace, so this may come out of order.
    pub(super) fn record(&mut self, window: Window, amount: u64, began: i64, at: i64) {
        match self {
            Self::Open { start, end, used } => {
                let ends = end_of(window, began);
                if began >= *end {
                    (*start, *end, *used) = (began, ends, amount);
                } else if ends > *start {
                    (*start, *used) = ((*start).min(began), used.saturating_add(amount));
                }
            }
            Self::Sliding { steps } => {
                let cut = steps_of(window);
                let step = cut.step(at);
                let newest = steps.last().map_or(step, |(last, _)| step.max(*last));
                let oldest = newest.saturating_sub(cut.span());
                match steps.binary_search_by_key(&step, |(step, _)| *step) {
                    Ok(place) => {
                        if let Some((_, used)) = steps.get_mut(place) {
                            *used = used.saturating_add(amount);
                        }
                    }
                    Err(place) => steps.insert(place, (step, amount)),
                }
                steps.retain(|(step, _)| *step >= oldest);
            }
        }
    }

    /// From which instant on the total counts for nothing.
    pub(super) fn ends_at(&self, window: Window) -> i64 {
        match self {
            Self::Open { end, .. } => *end,
            Self::Sliding { steps } => steps.last().map_or(0, |(step, _)| steps_of(window).leaves(*step)),
        }
    }
}

/// Where the window of a reading began that a ledger gave at `now`.
pub(super) fn start_from(window: Window, resets_at: Timestamp, now: Timestamp) -> i64 {
    match window {
        Window::Fixed { seconds } => resets_at.as_microsecond() - i64::from(seconds) * MICROS,
        Window::Sliding { .. } => now.as_microsecond(),
        // Who asked before midnight may be charged after it: the reading knows which month it was.
        Window::CalendarMonth => start_of(window, resets_at.as_microsecond() - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Window = Window::Fixed { seconds: 86_400 };

    #[test]
    fn what_arrives_late_counts_in_its_own_window_or_not_at_all() {
        let day = 86_400 * MICROS;
        let mut total = Total::new(DAY);
        total.record(DAY, 5, 2 * day, 2 * day);
        total.record(DAY, 7, 0, 10); // yesterday's, and over
        assert_eq!(total.used(DAY, 2 * day + 1), 5);
        total.record(DAY, 3, 2 * day, 2 * day + 9);
        assert_eq!(total.used(DAY, 2 * day + 10), 8);

        let sliding = Window::Sliding { seconds: 3_600 };
        let minute = 60 * MICROS;
        let mut total = Total::new(sliding);
        total.record(sliding, 5, 0, 100 * minute);
        total.record(sliding, 2, 0, 90 * minute);
        total.record(sliding, 9, 0, 10 * minute);
        assert_eq!(total, Total::Sliding { steps: vec![(90, 2), (100, 5)] });
    }
}
