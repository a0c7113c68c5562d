//! Many who append, and readers that wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{all, open, options};
use crate::journal::{Journal, JournalError, Options};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_appenders_keep_each_record_once_and_their_own_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = Arc::new(open(directory.path()));
    let mut reader = journal.reader(None);
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let journal = Arc::clone(&journal);
            std::thread::spawn(move || {
                for n in 0..250_u64 {
                    let records = [2 * n, 2 * n + 1].map(|n| [thread.to_le_bytes(), n.to_le_bytes()].concat());
                    journal.append_all(&records).expect("appended");
                }
            })
        })
        .collect();
    let mut next = [0_u64; 8];
    while next.iter().sum::<u64>() < 4000 {
        let batch = reader.next_batch(64, 1 << 20).await.expect("read");
        for entry in &batch.entries {
            let word = |at: usize| u64::from_le_bytes(entry.record[at..at + 8].try_into().expect("eight bytes"));
            let expected = &mut next[usize::try_from(word(0)).expect("small")];
            assert_eq!(word(8), *expected);
            *expected += 1;
        }
        reader.release(batch.end);
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(next, [500; 8]);
    assert_eq!(journal.counters().undrained_bytes, 0);
    assert_eq!(journal.counters().appended_records, 4000);
}

#[tokio::test]
async fn a_waiting_reader_wakes_and_a_wait_that_was_abandoned_loses_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = Arc::new(open(directory.path()));
    let mut reader = journal.reader(None);
    let abandoned = tokio::time::timeout(Duration::from_millis(20), reader.next_batch(10, 1000)).await;
    assert!(abandoned.is_err(), "there is nothing yet");
    let later = Arc::clone(&journal);
    let append = async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        later.append(b"late").expect("appended");
    };
    let (batch, ()) = tokio::join!(reader.next_batch(10, 1000), append);
    assert_eq!(batch.expect("read").entries[0].record, "late");
    for n in 0..50_u8 {
        journal.append(&[n]).expect("appended");
    }
    let mut seen = Vec::new();
    while seen.len() < 50 {
        // Abandoned after its first poll more often than not.
        if let Ok(batch) = tokio::time::timeout(Duration::ZERO, reader.next_batch(7, 1000)).await {
            seen.extend(batch.expect("read").entries.into_iter().map(|entry| entry.record[0]));
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, (0..50).collect::<Vec<u8>>());
}

#[tokio::test]
async fn a_reader_of_a_closed_journal_gets_the_rest_and_then_its_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = open(directory.path());
    journal.append(b"last").expect("appended");
    let mut reader = journal.reader(None);
    drop(journal);
    assert_eq!(reader.next_batch(10, 1000).await.expect("read").entries.len(), 1);
    assert!(matches!(reader.next_batch(10, 1000).await, Err(JournalError::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_for_the_disk_share_its_answer() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = Arc::new(open(directory.path()));
    let waiting: Vec<_> = (0..200_u8)
        .map(|n| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move { journal.append_synced(&[n; 64]).await })
        })
        .collect();
    for waiter in waiting {
        let position = waiter.await.expect("no panic").expect("confirmed");
        assert!(position <= journal.end());
    }
    assert_eq!(journal.sync().await.expect("confirmed"), journal.end());
    assert_eq!(all(&journal).await.len(), 200);
}

#[tokio::test]
async fn the_disk_is_asked_in_the_background_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options { sync_interval: Duration::from_millis(5), ..options() };
    let journal = Journal::open(directory.path(), options).expect("opens");
    let end = journal.append(b"record").expect("appended");
    let confirmed = tokio::time::timeout(Duration::from_secs(10), journal.syncer.confirmed_through(end)).await;
    confirmed.expect("without anybody asking");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "a figure for people, not a check")]
async fn the_cost_of_an_append_is_printed() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options { segment_bytes: 64 << 20, max_bytes: 1 << 30, ..options() };
    let journal = Journal::open(directory.path(), options).expect("opens");
    let record = [7; 400];
    let start = Instant::now();
    for _ in 0..50_000 {
        journal.append(&record).expect("appended");
    }
    println!("append of 400 bytes: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / 50_000.0);
    let batch: Vec<[u8; 400]> = vec![record; 100];
    let start = Instant::now();
    for _ in 0..500 {
        journal.append_all(&batch).expect("appended");
    }
    println!("the same, 100 at once: {:.2} µs each", start.elapsed().as_secs_f64() * 1e6 / 50_000.0);

    let journal = Arc::new(journal);
    let start = Instant::now();
    let appenders: Vec<_> = (0..64)
        .map(|_| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                for _ in 0..20 {
                    journal.append_synced(&record).await.expect("confirmed");
                }
            })
        })
        .collect();
    for appender in appenders {
        appender.await.expect("no panic");
    }
    println!("confirmed by the disk, 64 at a time: {:.0} each second", 1280.0 / start.elapsed().as_secs_f64());

    let start = Instant::now();
    let mut reader = journal.reader(None);
    let mut read = 0_u32;
    while !reader.is_at_end() {
        read += u32::try_from(reader.next_batch(1000, 1 << 20).await.expect("read").entries.len()).expect("small");
    }
    println!("read in batches of 1000: {:.2} µs each", start.elapsed().as_secs_f64() * 1e6 / f64::from(read));
}
