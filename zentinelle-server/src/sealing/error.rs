//! Why a value could not be sealed or opened, or the master keys could not be had.

use std::io;
use std::path::PathBuf;

/// Why a value could not be sealed or opened, or the master keys could not be had. No message
/// holds a key or anything that was sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// The text was not made by sealing.
    #[error("the stored value is not a sealed one")]
    Malformed,
    /// The key that sealed the value is not among those that were loaded.
    #[error(
        "the value is sealed with the master key `{key_id}`, which is not loaded: add its line back to the master keys"
    )]
    UnknownKey {
        /// Which key.
        key_id: String,
    },
    /// The text is not what was sealed for this tenant, kind and name.
    #[error(
        "the sealed value does not open: it was changed or sealed for another tenant or name, \
         or the line of master key `{key_id}` holds another key than it did"
    )]
    Rejected {
        /// Which key should have opened it.
        key_id: String,
    },
    /// No master key was given.
    #[error(
        "there is no master key: name a file of `id:base64` lines as `master_key_file`, the same for every server of one database"
    )]
    NoKeys,
    /// A line that is no master key. What it holds is not repeated.
    #[error("line {line} of the master keys {fault}; expected `id:base64` of 32 random bytes")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The file for a new key is there already, and overwriting it would lose what it sealed.
    #[error("`{}` exists already: to rotate, add a key to it; to begin anew, move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("cannot {what} the master key file `{}`: {source}", path.display())]
    File {
        /// What was tried, in words.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// How it failed.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}
