//! Random lives of a journal against a model of what the database must hold in the end.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;

use proptest::prelude::*;

use super::{open, segments};
use crate::journal::{Journal, Position, Reader};

#[derive(Clone, Debug)]
enum Deed {
    /// Appends a record of this size.
    Append(usize),
    /// Drains a batch of so many records into the database.
    Drain(usize),
    /// Reads a batch and dies before the database has it.
    ReadInVain(usize),
    /// Ends, and starts again.
    Restart,
    /// Ends with a loss of power, which takes so many bytes off the end.
    LosePower(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (8_usize..1500).prop_map(Deed::Append),
        4 => (1_usize..12).prop_map(Deed::Drain),
        1 => (1_usize..12).prop_map(Deed::ReadInVain),
        1 => Just(Deed::Restart),
        1 => (0_u64..3000).prop_map(Deed::LosePower),
    ];
    proptest::collection::vec(deed, 1..120)
}

/// The server and its database.
struct World<'a> {
    directory: &'a Path,
    running: Option<(Journal, Reader)>,
    /// Where each record ended, by its number.
    appended: Vec<Position>,
    /// Records that a loss of power may have taken.
    torn: BTreeSet<u64>,
    database: Vec<u64>,
    stored: Option<Position>,
}

impl World<'_> {
    fn running(&mut self) -> &mut (Journal, Reader) {
        self.running.get_or_insert_with(|| {
            let journal = open(self.directory);
            let reader = journal.reader(self.stored);
            (journal, reader)
        })
    }

    fn append(&mut self, size: usize) {
        let mut record = vec![0; size];
        record[..8].copy_from_slice(&(self.appended.len() as u64).to_le_bytes());
        let end = self.running().0.append(&record).expect("there is room");
        self.appended.push(end);
    }

    async fn drain(&mut self, most: usize, arrives: bool) {
        let (journal, reader) = self.running();
        if reader.is_at_end() {
            return;
        }
        let batch = reader.next_batch(most, 4000).await.expect("read");
        assert_eq!(journal.counters().lost_records, 0);
        if !arrives {
            self.running = None;
            return;
        }
        reader.release(batch.end);
        let number = |record: &[u8]| u64::from_le_bytes(record[..8].try_into().expect("eight bytes"));
        self.database.extend(batch.entries.iter().map(|entry| number(&entry.record)));
        self.stored = Some(batch.end);
    }

    fn lose_power(&mut self, bytes: u64) {
        self.running = None;
        let Some(newest) = segments(self.directory).pop() else { return };
        let length = newest.metadata().expect("there").len().saturating_sub(bytes);
        OpenOptions::new().write(true).open(&newest).expect("opened").set_len(length).expect("cut");
        let segment: u64 = newest.file_stem().and_then(|stem| stem.to_str()).expect("digits").parse().expect("digits");
        let is_torn = |end: &Position| end.segment == segment && end.offset > length;
        self.torn.extend((0..).zip(&self.appended).filter(|(_, end)| is_torn(end)).map(|(number, _)| number));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_record_reaches_the_database_once_and_in_order(deeds in deeds()) {
        let directory = tempfile::tempdir().expect("a directory");
        let (appended, torn, database) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut world = World { directory: directory.path(), running: None, appended, torn, database, stored: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            for deed in deeds {
                match deed {
                    Deed::Append(size) => world.append(size),
                    Deed::Drain(most) => world.drain(most, true).await,
                    Deed::ReadInVain(most) => world.drain(most, false).await,
                    Deed::Restart => world.running = None,
                    Deed::LosePower(bytes) => world.lose_power(bytes),
                }
            }
            while !world.running().1.is_at_end() {
                world.drain(100, true).await;
            }
        });
        prop_assert!(world.database.is_sorted_by(|one, next| one < next), "{:?}", world.database);
        let there: BTreeSet<u64> = world.database.iter().copied().collect();
        let missing: Vec<u64> = (0..world.appended.len() as u64).filter(|number| !there.contains(number)).collect();
        prop_assert!(missing.iter().all(|number| world.torn.contains(number)), "{missing:?}");
        let (journal, _) = world.running();
        prop_assert_eq!(journal.counters().undrained_bytes, 0);
    }
}
