//! Keeps a directory for one server: one process at a time, and always the same node.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::JournalError;

const NAME: &str = "journal.lock";
/// No node id is longer. Unit: bytes.
const MOST: u64 = 4096;
/// How long a lock may take to come free: a predecessor that is just ending still holds it, and so
/// for a moment does a program that is just being started, until it drops what it inherited.
const PATIENCE: Duration = Duration::from_millis(500);

/// Holds the directory while it lives. The kernel lets go when the process dies, however it dies.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory, for its owner only, and takes it for `node_id`.
    pub(super) fn take(directory: &Path, node_id: &str) -> Result<Self, JournalError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(JournalError::io("make the journal directory", directory))?;

        let path = directory.join(NAME);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(JournalError::io("open the lock file", &path))?;
        let start = Instant::now();
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::WouldBlock if start.elapsed() < PATIENCE => thread::sleep(PATIENCE / 50),
                TryLockError::WouldBlock => return Err(JournalError::Locked { directory: directory.to_owned() }),
                TryLockError::Error(source) => return Err(JournalError::io("lock", &path)(source)),
            }
        }

        let mut found = Vec::new();
        (&mut file).take(MOST).read_to_end(&mut found).map_err(JournalError::io("read the lock file", &path))?;
        let found = String::from_utf8_lossy(&found);
        let found = found.trim_end();
        if found.is_empty() {
            file.rewind()
                .and_then(|()| file.write_all(format!("{node_id}\n").as_bytes()))
                .and_then(|()| file.sync_all())
                .map_err(JournalError::io("write the lock file", &path))?;
        } else if found != node_id {
            let (found, expected) = (found.to_owned(), node_id.to_owned());
            return Err(JournalError::WrongNode { directory: directory.to_owned(), found, expected });
        }
        Ok(Self { _file: file })
    }
}
