//! What was appended survives `kill -9`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::{all, open};

/// Set for the process that is to be killed: the journal's directory.
const VICTIM: &str = "ZENTINELLE_JOURNAL_VICTIM";

/// Not a test of its own: the process that the test below starts and kills.
#[test]
#[expect(clippy::print_stdout, reason = "what it prints is its answer")]
fn victim() {
    let Ok(directory) = std::env::var(VICTIM) else { return };
    let journal = open(directory.as_ref());
    for n in 0_u64.. {
        match journal.append(&n.to_le_bytes()) {
            Ok(_) => println!("appended {n}"), // the answer: from here on it must not be lost
            Err(_) => std::thread::park(),
        }
    }
}

#[tokio::test]
async fn no_acknowledged_record_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut acknowledged = Vec::new();
    for round in 0..5_u64 {
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "journal::tests::kill::victim", "--nocapture"])
            .env(VICTIM, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(victim.stdout.take().expect("piped")).lines();
        let mut last = None;
        let mut numbers = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("appended ").and_then(|(_, n)| n.parse::<u64>().ok()));
        for n in numbers.by_ref().take(200 + 97 * round as usize) {
            last = Some(n);
        }
        victim.kill().expect("killed"); // SIGKILL
        for n in numbers {
            last = Some(n);
        }
        victim.wait().expect("dead");
        acknowledged.push(last.expect("something was acknowledged"));
    }
    let journal = open(directory.path());
    let mut records = all(&journal).await.into_iter().peekable();
    for last in acknowledged {
        for n in 0..=last {
            assert_eq!(records.next().as_deref(), Some(&n.to_le_bytes()[..]), "of 0..={last}");
        }
        // What was appended and not yet acknowledged may be there as well.
        records.next_if(|record| record[..] == (last + 1).to_le_bytes()[..]);
    }
    assert_eq!(records.next(), None);
    assert_eq!(journal.counters().lost_records, 0);
}
