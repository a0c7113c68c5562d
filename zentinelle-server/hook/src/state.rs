//! Counters that outlive the process, in one file.
//!
//! Each hook call is a process of its own, and an agent may make several calls at once. A call
//! that spends something takes an exclusive lock on a file beside the state, reads the state,
//! applies its charges, writes a new file and renames it into place. A state that cannot be
//! read refuses: a counter that starts again from zero is a limit that does not hold.

use std::cell::RefCell;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use zentinelle_core::ids::ReservationId;
use zentinelle_core::ledger::{
    Batch, Ledger, LedgerError, MemoryLedger, MemoryLedgerConfig, Mode, Outcome, Settlement, Snapshot, Usage,
};

use super::failure::Failure;
use super::policies::{user_folder, variable};

/// Longest wait for the other calls of the agent. Each holds the lock for about a millisecond.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Most running totals kept.
const MAX_COUNTERS: usize = 16_384;

/// Largest state read. Unit: bytes.
const MAX_STATE: u64 = 16 * 1024 * 1024;

/// A ledger whose totals are kept in a file. Touched only when a decision has charges.
#[derive(Debug)]
pub(crate) struct FileLedger {
    path: Option<PathBuf>,
    /// Why the file could not be used; the engine only learns that it could not.
    failure: RefCell<Option<Failure>>,
}

impl FileLedger {
    /// The ledger in `path`, or where the environment puts it. The file need not exist yet.
    pub(crate) fn new(path: Option<&Path>) -> Self {
        let folder = || user_folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("zentinelle/hook.json"));
        let path = path.map(Path::to_owned).or_else(|| variable("ZENTINELLE_STATE")).or_else(folder);
        Self { path, failure: RefCell::new(None) }
    }

    /// Why counters could not be kept, if they could not.
    pub(crate) fn into_failure(self) -> Option<Failure> {
        self.failure.into_inner()
    }

    fn attempt(&self, batch: &Batch) -> Result<Outcome, Failure> {
        let Some(path) = &self.path else {
            return Err(Failure::new("a limit applies, but there is no place to keep its counter")
                .help("give one with `--state FILE` or in $ZENTINELLE_STATE"));
        };
        let _lock = lock(path)?;
        let ledger = load(path)?;
        let outcome = ledger.apply(batch).map_err(|error| Failure::new(error.to_string()))?;
        if outcome.committed {
            store(path, &ledger.snapshot(batch.now))?;
        }
        Ok(outcome)
    }
}

impl Ledger for FileLedger {
    fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        self.attempt(batch).map_err(|failure| {
            let error = LedgerError::Unavailable(failure.to_string());
            *self.failure.borrow_mut() = Some(failure);
            error
        })
    }

    // A hook reserves nothing: what a call costs is known when it is made.
    fn settle(&self, _: &ReservationId, _: &Usage, _: Timestamp) -> Result<Settlement, LedgerError> {
        Ok(Settlement::default())
    }

    fn release(&self, _: &ReservationId, _: Timestamp) -> Result<Settlement, LedgerError> {
        Ok(Settlement::default())
    }
}

/// A ledger for events that follow a call: what they say is judged, but the call was counted
/// when it was asked for and must not be counted twice.
#[derive(Debug)]
pub(crate) struct Uncounted;

impl Ledger for Uncounted {
    fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError> {
        let empty = MemoryLedger::default();
        // Nothing is used, so every charge fits that could fit at all.
        empty.apply(&Batch { reservation: None, mode: Mode::Commit, ..batch.clone() })
    }

    fn settle(&self, _: &ReservationId, _: &Usage, _: Timestamp) -> Result<Settlement, LedgerError> {
        Ok(Settlement::default())
    }

    fn release(&self, _: &ReservationId, _: Timestamp) -> Result<Settlement, LedgerError> {
        Ok(Settlement::default())
    }
}

/// Takes turns with other calls. The lock lies beside the state, because renaming replaces the
/// state itself; it is freed when the file is closed, by a crash too.
fn lock(path: &Path) -> Result<File, Failure> {
    let beside = with_suffix(path, ".lock");
    let fault = |error: &dyn std::fmt::Display| {
        Failure::new(format!("the counters cannot be locked: `{}`: {error}", beside.display()))
            .help("make the folder writable, or keep the counters elsewhere with `--state FILE`")
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder).map_err(|error| fault(&error))?;
    }
    let file = private().read(true).truncate(false).open(&beside).map_err(|error| fault(&error))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(fault(&error)),
            Err(TryLockError::WouldBlock) if started.elapsed() < LONGEST_WAIT => sleep(Duration::from_millis(1)),
            Err(TryLockError::WouldBlock) => return Err(fault(&"another process holds it")),
        }
    }
}

fn load(path: &Path) -> Result<MemoryLedger, Failure> {
    let config = MemoryLedgerConfig { max_counters: MAX_COUNTERS, max_reservations: 1, ..Default::default() };
    let fault = |what: &dyn std::fmt::Display| {
        Failure::new(format!("the counters in `{}` cannot be used: {what}", path.display()))
            .help("ask a person to look at the file; removing it starts every limit from zero again")
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(MemoryLedger::new(config)),
        Err(error) => return Err(fault(&error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_STATE + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if bytes.len() as u64 > MAX_STATE {
        return Err(fault(&format!("more than {MAX_STATE} bytes")));
    }
    let snapshot: Snapshot = serde_json::from_slice(&bytes)
        .map_err(|error| fault(&format!("not a state (line {}, column {})", error.line(), error.column())))?;
    MemoryLedger::restore(config, snapshot).map_err(|error| fault(&error))
}

fn store(path: &Path, snapshot: &Snapshot) -> Result<(), Failure> {
    let new = with_suffix(path, ".new");
    let write = || -> std::io::Result<()> {
        // Whatever an interrupted call left is replaced; the lock makes us the only writer.
        if let Err(error) = std::fs::remove_file(&new)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = private().create_new(true).open(&new)?;
        file.write_all(&serde_json::to_vec(snapshot)?)?;
        drop(file);
        std::fs::rename(&new, path)
    };
    write().map_err(|error| {
        Failure::new(format!("the counters in `{}` cannot be written: {error}", path.display()))
            .help("make the folder writable, or keep the counters elsewhere with `--state FILE`")
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A file only its owner may read: counters tell what somebody did.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
