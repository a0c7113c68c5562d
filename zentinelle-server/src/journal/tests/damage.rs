//! Torn ends, damaged middles and arbitrary bytes.

use std::fs::{self, OpenOptions};
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::{all, open, segments};
use crate::journal::frame::Marker;
use crate::journal::scan::{Scanner, Step};

/// A journal of one segment, closed, with these records.
fn written(directory: &Path, records: &[Vec<u8>]) -> std::path::PathBuf {
    let journal = open(directory);
    for record in records {
        journal.append(record).expect("appended");
    }
    drop(journal);
    segments(directory).pop().expect("a segment")
}

#[tokio::test]
async fn an_end_torn_at_any_byte_is_cut_off_and_the_journal_goes_on() {
    let source = tempfile::tempdir().expect("a directory");
    let records = [b"first".to_vec(), b"second record".to_vec(), b"the third".to_vec()];
    let segment = written(source.path(), &records);
    let whole = fs::read(&segment).expect("read");
    let name = segment.file_name().expect("a name");
    let ends = [24, 24 + 17, 24 + 17 + 25, 24 + 17 + 25 + 21];
    assert_eq!(whole.len(), ends[3]);
    for cut in 0..whole.len() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(name), &whole[..cut]).expect("written");
        let journal = open(directory.path());
        let sound = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
        let kept = if cut < 24 { cut } else { ends[sound] };
        assert_eq!(journal.counters().torn_bytes as usize, cut - kept, "cut at {cut}");
        journal.append(b"after").expect("appended");
        let mut expected = records[..sound].to_vec();
        expected.push(b"after".to_vec());
        assert_eq!(all(&journal).await, expected, "cut at {cut}");
        assert_eq!(journal.counters().lost_records, 0, "cut at {cut}");
    }
}

#[tokio::test]
async fn an_end_of_zeroes_is_cut_off_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let segment = written(directory.path(), &[b"kept".to_vec()]);
    OpenOptions::new().write(true).open(&segment).expect("opened").set_len(4000).expect("made longer");
    let journal = open(directory.path());
    assert_eq!(journal.counters().torn_bytes, 4000 - 24 - 16);
    assert_eq!(all(&journal).await, ["kept"]);
}

#[tokio::test]
async fn damage_in_the_middle_costs_that_record_only_and_is_counted() {
    let directory = tempfile::tempdir().expect("a directory");
    let records: Vec<Vec<u8>> = (0..5_u8).map(|n| vec![n; 50]).collect();
    let segment = written(directory.path(), &records);
    let whole = fs::read(&segment).expect("read");
    for at in 24 + 62..24 + 2 * 62 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40; // somewhere in the second record or in front of it
        fs::write(&segment, damaged).expect("written");
        let journal = open(directory.path());
        let left = all(&journal).await;
        assert_eq!(left, [&records[0], &records[2], &records[3], &records[4]], "at {at}");
        let counters = journal.counters();
        assert_eq!((counters.lost_records, counters.lost_bytes, counters.torn_bytes), (1, 62, 0), "at {at}");
    }
}

#[tokio::test]
async fn a_damaged_header_hides_no_record() {
    let directory = tempfile::tempdir().expect("a directory");
    let segment = written(directory.path(), &[b"first".to_vec(), b"second".to_vec()]);
    let whole = fs::read(&segment).expect("read");
    for at in 0..24 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&segment, damaged).expect("written");
        let journal = open(directory.path());
        assert_eq!(all(&journal).await, ["first", "second"], "at {at}");
    }
}

#[tokio::test]
async fn a_record_that_looks_like_a_frame_does_not_come_to_life_behind_damage() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut forged = Vec::new();
    crate::journal::frame::encode(Marker([0; 4]), b"forged", &mut forged);
    let segment = written(directory.path(), &[forged, b"honest".to_vec()]);
    let mut bytes = fs::read(&segment).expect("read");
    bytes[24] ^= 1;
    fs::write(&segment, bytes).expect("written");
    assert_eq!(all(&open(directory.path())).await, ["honest"]);
}

#[tokio::test]
async fn a_deleted_segment_is_a_loss_and_not_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    for n in 0..30_u8 {
        journal.append(&[n; 400]).expect("appended");
    }
    fs::remove_file(&segments(directory.path())[1]).expect("deleted");
    let left = all(&journal).await;
    assert_eq!(left.len(), 21);
    assert_eq!(left.last().map(|record| record[0]), Some(29));
    assert_eq!(journal.counters().lost_bytes, 9 * 412);
}

/// Everything a scanner finds in `bytes`.
fn scanned(bytes: &[u8], marker: Marker) -> (Vec<Bytes>, u64) {
    let mut file = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut file, bytes).expect("written");
    let mut scanner = Scanner::new(file, marker, 0);
    let (mut records, mut damage) = (Vec::new(), 0);
    loop {
        match scanner.step(bytes.len() as u64).expect("read") {
            Step::Record(record) => records.push(record),
            Step::Damage(length) => damage += length,
            Step::End => return (records, damage),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A crash leaves a part of the last write and perhaps rubbish behind it.
    #[test]
    fn after_a_crash_at_a_random_point_every_whole_record_is_there(
        sizes in proptest::collection::vec(0_usize..700, 1..40),
        cut in 0_usize..4096,
        rubbish in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let records: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(n, size)| vec![n as u8; *size]).collect();
        let directory = tempfile::tempdir().expect("a directory");
        let segment = written(directory.path(), &records);
        let mut bytes = fs::read(&segment).expect("read");
        let cut = 24 + cut % (bytes.len() - 23);
        bytes.truncate(cut);
        bytes.extend_from_slice(&rubbish);
        fs::write(&segment, &bytes).expect("written");
        let others: u64 = segments(directory.path()).iter().rev().skip(1)
            .map(|path| path.metadata().expect("there").len() - 24).sum();
        let mut room = others + cut as u64 - 24;
        let whole = records.iter().take_while(|record| {
            let framed = record.len() as u64 + 12;
            let fits = framed <= room;
            room = room.saturating_sub(framed);
            fits
        }).count();

        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let journal = open(directory.path());
            journal.append(b"after the crash").expect("appended");
            let mut expected = records[..whole].to_vec();
            expected.push(b"after the crash".to_vec());
            prop_assert_eq!(all(&journal).await, expected);
            prop_assert_eq!(journal.counters().lost_records, 0);
            Ok(())
        })?;
    }

    /// Flipped bytes cost the records they lie in and no other.
    #[test]
    fn a_flipped_byte_costs_one_record(count in 1_usize..60, at in 0_usize..4096, flip in 1_u8..) {
        let records: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; n * 3]).collect();
        let directory = tempfile::tempdir().expect("a directory");
        written(directory.path(), &records);
        let paths = segments(directory.path());
        let segment = &paths[at % paths.len()];
        let mut bytes = fs::read(segment).expect("read");
        let at = at % bytes.len();
        bytes[at] ^= flip;
        fs::write(segment, bytes).expect("written");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let journal = open(directory.path());
            let left = all(&journal).await;
            prop_assert!(left.len() >= count - 1);
            prop_assert!(left.iter().all(|record| records.contains(&record.to_vec())));
            let counters = journal.counters();
            let damaged = counters.lost_records > 0 || counters.torn_bytes > 0;
            prop_assert_eq!(damaged, left.len() < count);
            Ok(())
        })?;
    }

    /// Whatever a file holds, the walk ends, and every byte is part of a record or of damage.
    #[test]
    fn arbitrary_bytes_are_walked_to_their_end(
        parts in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                Just(vec![1, 2, 3, 4]),
                proptest::collection::vec(any::<u8>(), 8).prop_map(|rest| [vec![1, 2, 3, 4], rest].concat()),
                any::<u16>().prop_map(|n| {
                    let mut frame = Vec::new();
                    crate::journal::frame::encode(Marker([1, 2, 3, 4]), &n.to_le_bytes(), &mut frame);
                    frame
                }),
            ],
            0..30,
        )
    ) {
        let bytes = parts.concat();
        let (records, damage) = scanned(&bytes, Marker([1, 2, 3, 4]));
        let framed: u64 = records.iter().map(|record| record.len() as u64 + 12).sum();
        prop_assert_eq!(framed + damage, bytes.len() as u64);
    }
}
