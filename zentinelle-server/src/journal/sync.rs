//! The thread that has the disk confirm what was written: at once when somebody waits, once for
//! all who wait; else every `sync_interval`.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use super::Position;
use super::error::JournalError;
use super::writer::{Shared, Unconfirmed};

/// What the disk has said so far.
#[derive(Clone, Copy, Debug)]
struct Confirmed {
    through: Option<Position>,
    failures: u64,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Wanted {
    now: bool,
    stop: bool,
}

#[derive(Debug)]
struct Bell {
    wanted: Mutex<Wanted>,
    rung: Condvar,
}

/// The thread's handle.
#[derive(Debug)]
pub(super) struct Syncer {
    bell: Arc<Bell>,
    confirmed: watch::Receiver<Confirmed>,
    thread: Option<JoinHandle<()>>,
}

/// Somebody who will wait for the disk.
pub(super) struct Waiter<'a> {
    bell: &'a Bell,
    confirmed: watch::Receiver<Confirmed>,
    failures: u64,
}

impl Syncer {
    pub(super) fn start(shared: Arc<Shared>) -> Result<Self, JournalError> {
        let bell = Arc::new(Bell { wanted: Mutex::default(), rung: Condvar::new() });
        let (publish, confirmed) = watch::channel(Confirmed { through: None, failures: 0, stopped: false });
        let directory = shared.directory.clone();
        let ring = Arc::clone(&bell);
        let thread = thread::Builder::new()
            .name("journal-sync".into())
            .spawn(move || run(&shared, &ring, &publish))
            .map_err(JournalError::io("start the thread for", &directory))?;
        Ok(Self { bell, confirmed, thread: Some(thread) })
    }

    pub(super) fn waiter(&self) -> Waiter<'_> {
        let failures = self.confirmed.borrow().failures;
        Waiter { bell: &self.bell, confirmed: self.confirmed.clone(), failures }
    }

    /// Waits until the disk has confirmed everything before `position`, without asking it to.
    #[cfg(test)]
    pub(super) async fn confirmed_through(&self, position: Position) {
        let mut confirmed = self.confirmed.clone();
        confirmed.wait_for(|seen| seen.through >= Some(position)).await.expect("the thread lives");
    }

    /// Asks the disk a last time and ends the thread.
    pub(super) fn stop(&mut self) {
        self.bell.ring(|wanted| wanted.stop = true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread had panicked");
        }
    }
}

impl Waiter<'_> {
    /// Waits until the disk has confirmed everything before `position`.
    pub(super) async fn until(mut self, position: Position) -> Result<Position, JournalError> {
        self.bell.ring(|wanted| wanted.now = true);
        let is_over =
            |seen: &Confirmed| seen.failures != self.failures || seen.stopped || seen.through >= Some(position);
        let seen = *self.confirmed.wait_for(is_over).await.map_err(|_| JournalError::Closed)?;
        // The failure first: what failed once is not confirmed by a later success behind it.
        if seen.failures != self.failures {
            Err(JournalError::NotSynced)
        } else if seen.through >= Some(position) {
            Ok(position)
        } else {
            Err(JournalError::Closed)
        }
    }
}

impl Bell {
    fn ring(&self, want: impl FnOnce(&mut Wanted)) {
        want(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        self.rung.notify_one();
    }
}

fn run(shared: &Shared, bell: &Bell, publish: &watch::Sender<Confirmed>) {
    loop {
        let wanted = bell.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_quiet = |wanted: &mut Wanted| !wanted.now && !wanted.stop;
        let waited = bell.rung.wait_timeout_while(wanted, shared.options.sync_interval, is_quiet);
        let (mut wanted, _) = waited.unwrap_or_else(PoisonError::into_inner);
        wanted.now = false;
        let stop = wanted.stop;
        drop(wanted);

        let before = publish.borrow().through;
        match shared.take_unconfirmed(before) {
            None => {}
            Some(unconfirmed) if confirm(shared, &unconfirmed) => {
                publish.send_modify(|confirmed| confirmed.through = Some(unconfirmed.through));
            }
            Some(_) => {
                shared.distrust(); // before anybody hears of it and appends again
                publish.send_modify(|confirmed| confirmed.failures += 1);
            }
        }
        if stop {
            publish.send_modify(|confirmed| confirmed.stopped = true);
            return;
        }
    }
}

fn confirm(shared: &Shared, unconfirmed: &Unconfirmed) -> bool {
    let mut outcome = unconfirmed.files.iter().try_for_each(|file| file.sync_data());
    if unconfirmed.new_names {
        outcome = outcome.and_then(|()| File::open(&shared.directory)).and_then(|names| names.sync_all());
    }
    if let Err(error) = &outcome {
        tracing::error!(directory = %shared.directory.display(), %error, "the disk does not confirm the journal");
    }
    outcome.is_ok()
}
