//! How long to wait before a failed job is tried again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// The waits between the tries of one kind of job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// The wait after each failure; the last one repeats. Unit: seconds.
    steps: &'static [u64],
}

impl Backoff {
    /// For notices to other people's servers, which may be away for a day.
    pub(super) const DELIVERY: Self =
        Self { steps: &[MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR] };
    /// For our own work: each wait about four times the one before.
    pub(super) const WORK: Self = Self { steps: &[5, 20, 80, 320, 1_280, HOUR] };

    /// How many tries use every wait once.
    pub(super) const fn attempts(self) -> u32 {
        self.steps.len() as u32 + 1
    }

    /// How long to wait after a number of failures, between 90 and 110 percent of the step, so
    /// that what failed together does not come back together.
    pub(super) fn after(self, failures: i64) -> Duration {
        let last = self.steps.len().saturating_sub(1);
        let step = usize::try_from(failures.saturating_sub(1)).unwrap_or(0).min(last);
        let millis = self.steps.get(step).copied().unwrap_or(MINUTE).saturating_mul(1_000);
        let spread = millis / 5;
        let random = getrandom::u64().unwrap_or_default() % spread.max(1);
        Duration::from_millis(millis - spread / 2 + random)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, HOUR, MINUTE};

    #[test]
    fn waits_grow_from_a_minute_to_a_day_and_stay_there() {
        for (failures, seconds) in [(1, MINUTE), (2, 5 * MINUTE), (7, 24 * HOUR), (8, 24 * HOUR), (99, 24 * HOUR)] {
            for _ in 0..20 {
                let wait = Backoff::DELIVERY.after(failures).as_secs_f64();
                let expected = seconds as f64;
                assert!((expected * 0.9..=expected * 1.1).contains(&wait), "{failures}: {wait}");
            }
        }
        assert_eq!(Backoff::DELIVERY.attempts(), 8);
        assert!(Backoff::WORK.after(0) < Backoff::WORK.after(3));
    }
}
