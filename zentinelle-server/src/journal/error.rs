//! Why the journal could not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

/// Why the journal could not do what was asked. No message holds anything of a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// The database is too far behind. The caller answers that the client should come back later.
    #[error("the journal holds {undrained_bytes} bytes that the database has not taken yet, of at most {max_bytes}")]
    Full {
        /// What waits for the database. Unit: bytes.
        undrained_bytes: u64,
        /// The most that may wait. Unit: bytes.
        max_bytes: u64,
    },
    /// A record, or the records of one call together, could never be taken.
    #[error("{bytes} bytes are more than the {limit} that the journal takes at once")]
    TooLarge {
        /// What was offered. Unit: bytes.
        bytes: u64,
        /// The most that one call may offer. Unit: bytes.
        limit: u64,
    },
    /// Another server uses the directory.
    #[error(
        "another server uses the journal directory `{}`: stop it, or give each server a directory of its own",
        directory.display()
    )]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory holds what another node wrote, whose positions mean something else.
    #[error(
        "the journal directory `{}` belongs to node `{found}`, and this server is node `{expected}`: \
         start it as `{found}` until it has drained the directory, or give it another directory",
        directory.display()
    )]
    WrongNode {
        /// The directory.
        directory: PathBuf,
        /// Whose records are there.
        found: String,
        /// Who asked.
        expected: String,
    },
    /// An option that no journal can work with.
    #[error("the journal option `{name}` is {found}; it must be {expected}")]
    Option {
        /// Which option.
        name: &'static str,
        /// What was given.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// The disk did not confirm what was written. It may be lost if the machine loses power.
    #[error("the disk did not confirm that the journal was written")]
    NotSynced,
    /// The journal was closed while somebody waited.
    #[error("the journal is closed")]
    Closed,
    /// The file system failed.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io {
        /// What was tried, in words.
        what: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// How it failed.
        source: io::Error,
    },
}

impl JournalError {
    /// Whether the disk has no room left.
    pub(super) fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
    }

    /// For `map_err`: names what was tried with which file.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}
