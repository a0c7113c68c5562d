//! SQL statements, in a build that cannot read them: none is known to only read, and no table of one is known.

/// Why a text cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlFault {
    /// There is no statement.
    #[error("no SQL statement found")]
    Empty,
    /// This build of the engine does not read SQL.
    #[error("this build of the engine does not read SQL")]
    NotInThisBuild,
}

/// Whether every statement of a text only reads: nobody knows.
///
/// # Errors
/// Always.
pub fn read_only(text: &str) -> Result<(), SqlFault> {
    tables(text).map(|_| ())
}

/// The tables a text names: nobody knows.
///
/// # Errors
/// Always.
pub fn tables(text: &str) -> Result<Vec<String>, SqlFault> {
    Err(if text.trim_ascii().is_empty() { SqlFault::Empty } else { SqlFault::NotInThisBuild })
}
