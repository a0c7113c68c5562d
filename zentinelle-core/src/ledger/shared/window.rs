//! Where windows begin and end, as stores outside the process keep them.
//!
//! The rules are those of the memory ledger, with two differences that only a store needs: instants
//! are microseconds, and a month starts at its first instant rather than at its first charge, so
//! that two places that wrote down the same month agree on where it began.

use jiff::Timestamp;

use crate::ledger::{Window, month};

/// Steps a sliding window is cut into.
const STEPS: i64 = 60;
const MICROS: i64 = 1_000_000;

/// How a sliding window is cut into steps. Unit: milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    step_millis: i64,
    window_millis: i64,
}

impl Steps {
    /// The number of the step an instant lies in.
    #[must_use]
    pub fn step(self, at: i64) -> i64 {
        at.div_euclid(1_000).div_euclid(self.step_millis)
    }

    /// How many steps before the current one still count.
    #[must_use]
    pub fn span(self) -> i64 {
        self.window_millis / self.step_millis
    }

    /// The oldest step that still counts: the one the window's far end lies in counts whole.
    #[must_use]
    pub fn oldest(self, now: i64) -> i64 {
        self.step(now).saturating_sub(self.span())
    }

    /// When a step no longer counts.
    #[must_use]
    pub fn leaves(self, step: i64) -> i64 {
        let end = step.saturating_add(1).saturating_mul(self.step_millis);
        end.saturating_add(self.window_millis).saturating_mul(1_000)
    }
}

/// The steps of a window. One that does not slide has a single step.
#[must_use]
pub fn steps_of(window: Window) -> Steps {
    let seconds = match window {
        Window::Sliding { seconds } | Window::Fixed { seconds } => seconds,
        Window::CalendarMonth => 0,
    };
    let window_millis = i64::from(seconds) * 1_000;
    Steps { step_millis: (window_millis / STEPS).max(1), window_millis }
}

/// Where a window that is opened at `now` begins.
#[must_use]
pub fn start_of(window: Window, now: i64) -> i64 {
    match window {
        Window::Fixed { .. } | Window::Sliding { .. } => now,
        Window::CalendarMonth => month::start(instant(now)).map_or(now, Timestamp::as_microsecond),
    }
}

/// When a window that is opened at `now` ends.
#[must_use]
pub fn end_of(window: Window, now: i64) -> i64 {
    match window {
        Window::Fixed { seconds } | Window::Sliding { seconds } => {
            now.saturating_add(i64::from(seconds) * MICROS).min(Timestamp::MAX.as_microsecond())
        }
        Window::CalendarMonth => month::next(instant(now)).unwrap_or(Timestamp::MAX).as_microsecond(),
    }
}

/// An instant of a store. One that cannot be is the last there is.
#[must_use]
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
