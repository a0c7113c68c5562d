//! One running total in its window, as stores outside the process keep it.
//!
//! The rules are those of the core's memory ledger, which the conformance suite holds every
//! backend to. They differ in two ways that only a store needs: instants are microseconds, and
//! a month starts at its first instant rather than at its first charge, so that two places that
//! wrote down the same month agree on where it began.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use zentinelle_core::ledger::{Reading, Window};

/// Steps a sliding window is cut into.
const STEPS: i64 = 60;
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

    /// Replaces an amount charged at `charged_at` by the true one, where that window still runs.
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

/// How a sliding window is cut into steps. Unit: milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    step_millis: i64,
    window_millis: i64,
}

impl Steps {
    /// The number of the step an instant lies in.
    pub(super) fn step(self, at: i64) -> i64 {
        at.div_euclid(1_000).div_euclid(self.step_millis)
    }

    /// How many steps before the current one still count.
    fn span(self) -> i64 {
        self.window_millis / self.step_millis
    }

    /// The oldest step that still counts: the one the window's far end lies in counts whole.
    pub(super) fn oldest(self, now: i64) -> i64 {
        self.step(now).saturating_sub(self.span())
    }

    /// When a step no longer counts.
    pub(super) fn leaves(self, step: i64) -> i64 {
        let end = step.saturating_add(1).saturating_mul(self.step_millis);
        end.saturating_add(self.window_millis).saturating_mul(1_000)
    }
}

/// The steps of a window. One that does not slide has a single step.
pub(super) fn steps_of(window: Window) -> Steps {
    let seconds = match window {
        Window::Sliding { seconds } | Window::Fixed { seconds } => seconds,
        Window::CalendarMonth => 0,
    };
    let window_millis = i64::from(seconds) * 1_000;
    Steps { step_millis: (window_millis / STEPS).max(1), window_millis }
}

/// Where a window that is opened at `now` begins.
pub(super) fn start_of(window: Window, now: i64) -> i64 {
    match window {
        Window::Fixed { .. } | Window::Sliding { .. } => now,
        Window::CalendarMonth => {
            let first = instant(now).to_zoned(TimeZone::UTC).first_of_month().and_then(|day| day.start_of_day());
            first.map_or(now, |day| day.timestamp().as_microsecond())
        }
    }
}

/// When a window that is opened at `now` ends.
pub(super) fn end_of(window: Window, now: i64) -> i64 {
    match window {
        Window::Fixed { seconds } | Window::Sliding { seconds } => {
            now.saturating_add(i64::from(seconds) * MICROS).min(Timestamp::MAX.as_microsecond())
        }
        Window::CalendarMonth => {
            let first = instant(now).to_zoned(TimeZone::UTC).first_of_month().and_then(|day| day.start_of_day());
            let next = first.and_then(|day| day.checked_add(1.month()));
            next.map_or(Timestamp::MAX, |day| day.timestamp()).as_microsecond()
        }
    }
}

/// Where the window of a reading began that a ledger gave at `now`.
pub(super) fn start_from(window: Window, resets_at: Timestamp, now: Timestamp) -> i64 {
    match window {
        Window::Fixed { seconds } => resets_at.as_microsecond() - i64::from(seconds) * MICROS,
        Window::Sliding { .. } => now.as_microsecond(),
        Window::CalendarMonth => start_of(window, now.as_microsecond()),
    }
}

/// An instant of a store. One that cannot be is the last there is.
pub(super) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
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

    #[test]
    fn a_month_begins_and_ends_at_its_edges() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant").as_microsecond();
        let month = Window::CalendarMonth;
        for now in ["2028-02-01T00:00:00Z", "2028-02-29T23:59:59.999999Z"] {
            assert_eq!(start_of(month, at(now)), at("2028-02-01T00:00:00Z"), "{now}");
            assert_eq!(end_of(month, at(now)), at("2028-03-01T00:00:00Z"), "{now}");
        }
        assert_eq!(end_of(month, at("2027-12-31T23:59:59Z")), at("2028-01-01T00:00:00Z"));
    }
}
