//! Time and ids: the two things the engine never makes itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;

tokio::task_local! {
    /// The clock of work that is not done now.
    static CLOCK: Clock;
}

/// A clock that stands where it is put, for a demonstration's past.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that stands at an instant. Unit: microseconds since 1970.
    pub(crate) fn at(micros: i64) -> Self {
        Self(Arc::new(AtomicI64::new(micros)))
    }

    /// Puts it to another instant.
    pub(crate) fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::Relaxed);
    }

    /// Puts it on by a span.
    pub(crate) fn advance(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }

    /// Where it stands.
    pub(crate) fn micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does work by another clock: instants and ids are of the time it shows.
pub(crate) async fn by<T>(clock: Clock, work: impl Future<Output = T>) -> T {
    CLOCK.scope(clock, work).await
}

/// The present instant.
pub(crate) fn now() -> Timestamp {
    CLOCK.try_with(|clock| instant(clock.micros())).unwrap_or_else(|_| Timestamp::now())
}

/// When an id was made that begins with its time (UUIDv7), to the millisecond. Unit: microseconds since 1970.
pub(crate) fn of_id(id: &str) -> Option<i64> {
    let (seconds, nanos) = uuid::Uuid::try_parse(id).ok()?.get_timestamp()?.to_unix();
    i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))
}

/// An instant as the database keeps it. Unit: microseconds since 1970, UTC.
pub(crate) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The present instant as the database keeps it.
pub(crate) fn now_micros() -> i64 {
    micros(now())
}

/// An instant the database kept; one out of range reads as the nearest end.
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// An instant as every reply writes it: UTC with exactly six digits and `Z`, the one form that
/// all released clients can read.
pub(crate) fn iso(micros: i64) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
    PRINTER.timestamp_to_string(&instant(micros))
}

/// [`iso`] of an instant that may be missing.
pub(crate) fn iso_or_none(micros: Option<i64>) -> Option<String> {
    micros.map(iso)
}

/// The day of an instant, UTC, such as `2026-11-22`.
pub(crate) fn day(micros: i64) -> String {
    iso(micros).chars().take_while(|letter| *letter != 'T').collect()
}

/// Reads the timestamps clients really send: RFC 3339 with any number of fractional digits, and
/// the doubled zone `+00:00Z` of the Python client.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = match text.strip_suffix('Z') {
        Some(rest) if has_offset(rest) => rest,
        _ => text,
    };
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    // Without a zone, and as a date alone, the instant is taken as UTC.
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// [`parse`], but a date or time without a zone is one of this zone: a date alone is where the day begins there.
pub(crate) fn parse_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let civil: Option<jiff::civil::DateTime> = text.trim().parse().ok();
    match civil.filter(|_| !text.trim().ends_with(['Z', 'z']) && !has_offset(text.trim())) {
        Some(civil) => civil.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp()),
        None => parse(text),
    }
}

/// The day of an instant in a time zone, such as `2026-11-22`.
pub(crate) fn day_in(micros: i64, zone: &TimeZone) -> String {
    instant(micros).to_zoned(zone.clone()).date().to_string()
}

/// An instant as people of a time zone read it, such as `2026-11-22 20:15 CET`.
pub(crate) fn local(micros: i64, zone: &TimeZone) -> String {
    instant(micros).to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

fn has_offset(text: &str) -> bool {
    text.len()
        .checked_sub(6)
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.starts_with(['+', '-']) && tail.as_bytes().get(3) == Some(&b':'))
}

/// A new id. Ids made later sort later.
pub(crate) fn new_id() -> String {
    let shown = CLOCK.try_with(Clock::micros).ok();
    let id = shown.map_or_else(uuid::Uuid::now_v7, |micros| {
        let seconds = u64::try_from(micros.div_euclid(1_000_000)).unwrap_or_default();
        let rest = u32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, rest))
    });
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Clock, by, day_in, iso, local, micros, new_id, now_micros, parse, parse_in};

    #[test]
    fn every_form_that_clients_send_is_read() {
        for (text, micro) in [
            ("2026-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00.123Z", 123_000),
            ("2026-01-01T00:00:00.123456789Z", 123_456),
            ("2026-01-01T00:00:00.1234567Z", 123_456),
            ("2026-01-01T00:00:00.123456+00:00Z", 123_456),
            ("2026-01-01T02:00:00.123456+02:00", 123_456),
            ("2026-01-01T00:00:00", 0),
            ("2026-01-01", 0),
        ] {
            let instant = parse(text).unwrap_or_else(|| panic!("{text} is read"));
            assert_eq!(micros(instant), 1_767_225_600_000_000 + micro, "{text}");
        }
        assert!(parse("yesterday").is_none());
        assert!(parse("").is_none());
    }

    #[test]
    fn a_date_alone_is_where_the_day_begins_in_a_time_zone() {
        let berlin = jiff::tz::TimeZone::get("Europe/Berlin").expect("known");
        let read = |text: &str| parse_in(text, &berlin).map(|at| iso(micros(at)));
        assert_eq!(read("2026-07-01").as_deref(), Some("2026-06-30T22:00:00.000000Z"));
        assert_eq!(read("2026-12-01T08:00:00").as_deref(), Some("2026-12-01T07:00:00.000000Z"));
        for said in ["2026-07-01T00:00:00Z", "2026-07-01T02:00:00+02:00"] {
            assert_eq!(read(said).as_deref(), Some("2026-07-01T00:00:00.000000Z"), "{said}");
        }
        assert_eq!(read("soon"), None);
        let at = micros(parse_in("2026-07-01", &berlin).expect("read"));
        assert_eq!(
            (day_in(at, &berlin).as_str(), local(at, &berlin).as_str()),
            ("2026-07-01", "2026-07-01 00:00 CEST")
        );
    }

    #[tokio::test]
    async fn work_is_done_by_the_clock_it_is_given() {
        let clock = Clock::at(1_767_225_600_000_000);
        let (then, first, second) = by(clock.clone(), async {
            let first = new_id();
            clock.advance(60_000_000);
            (now_micros(), first, new_id())
        })
        .await;
        assert_eq!(then, 1_767_225_660_000_000);
        assert!(first < second && second < new_id() && now_micros() > then);
    }

    #[test]
    fn instants_are_written_with_six_digits_and_a_z() {
        assert_eq!(iso(1_767_225_600_000_000), "2026-01-01T00:00:00.000000Z");
        assert_eq!(iso(1_767_225_600_123_400), "2026-01-01T00:00:00.123400Z");
    }
}
