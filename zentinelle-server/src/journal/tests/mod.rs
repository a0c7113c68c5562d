//! What the journal promises, asked of files on a real disk.

mod damage;
mod kill;
mod model;
mod sharing;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::frame::MAX_RECORD_BYTES;
use super::{Batch, Journal, JournalError, Options, Position, Reader};

pub(super) fn options() -> Options {
    Options {
        segment_bytes: 4096,
        max_bytes: 1 << 20,
        sync_interval: Duration::from_secs(60),
        node_id: "node-1".into(),
    }
}

pub(super) fn open(directory: &Path) -> Journal {
    Journal::open(directory, options()).expect("the journal opens")
}

/// Everything that is there now.
pub(super) async fn drain(reader: &mut Reader) -> Vec<Bytes> {
    let mut records = Vec::new();
    while !reader.is_at_end() {
        let batch = reader.next_batch(100, 1 << 20).await.expect("read");
        records.extend(batch.entries.into_iter().map(|entry| entry.record));
    }
    records
}

pub(super) async fn all(journal: &Journal) -> Vec<Bytes> {
    drain(&mut journal.reader(None)).await
}

/// The files of the segments, oldest first.
pub(super) fn segments(directory: &Path) -> Vec<std::path::PathBuf> {
    let found = super::segment::list(directory).expect("listed");
    found.into_iter().map(|(number, _)| super::segment::path(directory, number)).collect()
}

#[tokio::test]
async fn records_come_back_in_order_across_segments_and_restarts() {
    let directory = tempfile::tempdir().expect("a directory");
    let written: Vec<Vec<u8>> = (0..40_u32).map(|n| vec![u8::try_from(n).expect("small"); 300 + n as usize]).collect();
    let (first, second) = written.split_at(25);
    let journal = open(directory.path());
    for record in first {
        journal.append(record).expect("appended");
    }
    drop(journal);
    let journal = open(directory.path());
    journal.append_all(second).expect("appended");
    assert_eq!(all(&journal).await, written);
    assert!(segments(directory.path()).len() > 3, "several segments were needed");
    assert_eq!(journal.counters().appended_records, 15);
    assert_eq!(journal.counters().torn_bytes, 0);
}

#[tokio::test]
async fn a_reader_goes_on_where_a_stored_position_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    for n in 0..30_u8 {
        journal.append(&[n; 400]).expect("appended");
    }
    let mut reader = journal.reader(None);
    let mut seen = 0;
    let mut stored = reader.position();
    while seen < 12 {
        let batch = reader.next_batch(5, 1 << 20).await.expect("read");
        seen += batch.entries.len();
        stored = batch.end;
    }
    drop((reader, journal));
    let journal = open(directory.path());
    let (segment, byte_offset) = stored.to_columns();
    let mut reader = journal.reader(Some(Position::from_columns(segment, byte_offset)));
    let rest = drain(&mut reader).await;
    assert_eq!(rest.len(), 30 - seen);
    assert_eq!(rest[0][0] as usize, seen);
    let oldest = super::segment::list(directory.path()).expect("listed")[0].0;
    assert!(oldest >= stored.segment, "what lies before the stored position is gone");
}

#[tokio::test]
async fn a_batch_keeps_to_its_bounds_but_never_comes_empty() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    journal.append_all(&[vec![1; 100], vec![2; 100], vec![3; 100]]).expect("appended");
    let mut reader = journal.reader(None);
    let sizes = |batch: Batch| batch.entries.iter().map(|entry| entry.record.len()).collect::<Vec<_>>();
    assert_eq!(sizes(reader.next_batch(10, 50).await.expect("read")), [100]);
    assert_eq!(sizes(reader.next_batch(10, 199).await.expect("read")), [100]);
    assert_eq!(sizes(reader.next_batch(1, 1000).await.expect("read")), [100]);
}

#[tokio::test]
async fn a_full_journal_refuses_until_something_is_released() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = Journal::open(directory.path(), Options { max_bytes: 4096, ..options() }).expect("opens");
    let mut taken = 0;
    let refusal = loop {
        match journal.append(&[0; 500]) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(taken, 8);
    assert!(matches!(refusal, JournalError::Full { undrained_bytes: 4096, max_bytes: 4096 }));
    assert_eq!(journal.counters().refused, 1);
    assert!(matches!(journal.append(&[0; 5000]), Err(JournalError::TooLarge { bytes: 5012, limit: 4096 })));
    assert!(matches!(journal.append(&vec![0; MAX_RECORD_BYTES + 1]), Err(JournalError::TooLarge { .. })));

    let mut reader = journal.reader(None);
    let batch = reader.next_batch(2, 4096).await.expect("read");
    reader.release(batch.end);
    assert_eq!(journal.counters().undrained_bytes, 6 * 512);
    journal.append(&[1; 500]).expect("there is room");
    journal.append(&[1; 500]).expect("there is room");
    assert!(matches!(journal.append(&[1; 500]), Err(JournalError::Full { .. })));
}

#[tokio::test]
async fn releasing_gives_space_back_and_never_takes_what_is_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    let ends: Vec<Position> = (0..30).map(|_| journal.append(&[9; 400]).expect("appended")).collect();
    let reader = journal.reader(None);
    let before = segments(directory.path()).len();
    reader.release(ends[19]);
    assert!(segments(directory.path()).len() < before);
    assert_eq!(journal.counters().undrained_bytes, 10 * 412);
    reader.release(ends[3]); // late, and without effect
    assert_eq!(all(&journal).await.len(), 12, "the last ten, and two before them in the same segment");
    reader.release(Position { segment: u64::MAX, offset: 0 });
    assert_eq!(journal.counters().undrained_bytes, 0);
    assert_eq!(segments(directory.path()).len(), 1, "the active one");
    journal.append(b"more").expect("appended");
    let mut reader = journal.reader(Some(ends[29]));
    assert_eq!(reader.next_batch(9, 9).await.expect("read").entries[0].record, "more");
}

#[tokio::test]
async fn after_the_disk_refused_records_go_to_a_new_segment() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    let before = journal.append(b"before").expect("appended");
    journal.shared.distrust(); // as the thread does when the disk reports an error
    let after = journal.append_synced(b"after").await.expect("confirmed");
    assert!(after.segment > before.segment);
    assert_eq!(all(&journal).await, ["before", "after"]);
    assert_eq!(journal.counters().sync_failures, 1);
}

#[tokio::test]
async fn on_a_full_disk_a_drained_segment_makes_room_for_its_successor() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    let mut reader = journal.reader(None);
    let first = journal.append(b"first").expect("appended");
    assert!(!journal.shared.give_back(), "the record is not drained");
    let batch = reader.next_batch(9, 99).await.expect("read");
    reader.release(batch.end);
    assert!(journal.shared.give_back());
    let second = journal.append(b"second").expect("appended");
    assert!(second > first, "{second} {first}");
    assert_eq!(reader.next_batch(9, 99).await.expect("read").entries[0].record, "second");
    assert_eq!(segments(directory.path()).len(), 1);
    assert_eq!(journal.counters().undrained_bytes, 18);
}

#[tokio::test]
async fn a_position_of_another_journal_hides_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    journal.append(b"kept").expect("appended");
    let mut reader = journal.reader(Some(Position { segment: u64::MAX, offset: 24 }));
    assert_eq!(reader.next_batch(9, 99).await.expect("read").entries[0].record, "kept");
    let mut reader = journal.reader(Some(Position { segment: 3, offset: 7 }));
    assert_eq!(reader.next_batch(9, 99).await.expect("read").entries[0].record, "kept");
}

#[test]
fn two_servers_cannot_share_a_directory_and_a_node_keeps_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    let second = Journal::open(directory.path(), options());
    assert!(matches!(second, Err(JournalError::Locked { .. })));
    drop(journal);
    let other = Journal::open(directory.path(), Options { node_id: "node-2".into(), ..options() });
    assert!(matches!(other, Err(JournalError::WrongNode { found, .. }) if found == "node-1"));
    open(directory.path());
}

#[test]
fn options_that_cannot_work_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let wrong = [
        Options { segment_bytes: 10, ..options() },
        Options { max_bytes: 4095, ..options() },
        Options { sync_interval: Duration::ZERO, ..options() },
        Options { node_id: String::new(), ..options() },
    ];
    for options in wrong {
        assert!(matches!(Journal::open(directory.path(), options), Err(JournalError::Option { .. })));
    }
}

#[tokio::test]
async fn nothing_of_a_record_is_printed() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    journal.append(b"hunter2").expect("appended");
    let mut reader = journal.reader(None);
    let batch = reader.next_batch(1, 100).await.expect("read");
    let printed = format!("{journal:?} {reader:?} {batch:?} {:?}", journal.counters());
    assert!(!printed.contains("hunter2") && !printed.contains("104"), "{printed}");
    #[cfg(unix)]
    for path in segments(directory.path()) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
