//! The calendar months of UTC.
//!
//! Counted here and not by the calendar arithmetic of `jiff`, which knows zones and spans of every kind and is twenty
//! times as large.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// The first instant of the month `now` lies in.
#[cfg(any(feature = "shared-ledger", test))]
pub(super) fn start(now: Timestamp) -> Option<Timestamp> {
    let today = Offset::UTC.to_datetime(now).date();
    first(today.year(), today.month())
}

/// The first instant of the month after that.
pub(super) fn next(now: Timestamp) -> Option<Timestamp> {
    let today = Offset::UTC.to_datetime(now).date();
    if today.month() == 12 { first(today.year() + 1, 1) } else { first(today.year(), today.month() + 1) }
}

fn first(year: i16, month: i8) -> Option<Timestamp> {
    let day = Date::new(year, month, 1).ok()?;
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_lasts_from_its_first_instant_to_that_of_the_next() {
        for (now, begins, ends) in [
            ("2026-11-23T02:17:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!((start(now), next(now)), (begins.parse().ok(), ends.parse().ok()), "{now}");
        }
        assert_eq!(next(Timestamp::MAX), None);
    }
}
