//! Why a run of the command ended early. A denial is an answer, not one of these.

use std::io;

use crate::causes::with_causes;
use crate::proxy::local::LocalError;
use crate::server::StartError;

/// Why a run of the command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file cannot be read.
    #[error("cannot read `{name}`: {source}")]
    Read {
        /// What the file is called.
        name: String,
        source: io::Error,
    },
    /// A file is no text.
    #[error("`{name}` is not UTF-8 text: line {line} holds a byte that belongs to no character")]
    NotText {
        /// What the file is called.
        name: String,
        /// The line of the first such byte, from 1.
        line: usize,
    },
    /// A file is larger than anything that could be meant.
    #[error("`{name}` has {found} bytes, more than the {most} that are read")]
    TooLarge {
        /// What the file is called.
        name: String,
        /// Its size in bytes.
        found: u64,
        /// The greatest size in bytes.
        most: u64,
    },
    /// Two arguments both want the standard input.
    #[error("the standard input cannot be both the policies and the requests")]
    StandardInputTwice,
    /// Policies that cannot be used. Their faults have been shown.
    #[error("{errors} {} in the policies, so nothing was {undone}", if *.errors == 1 { "error" } else { "errors" })]
    FaultyPolicies {
        /// How many faults.
        errors: usize,
        /// What was not done for it.
        undone: &'static str,
    },
    /// A key of `--approval-key` or `--key`.
    #[error("the key `{name}` cannot be used: {why}")]
    Key {
        /// The file, or the argument.
        name: String,
        /// What was found.
        why: String,
        /// What was expected.
        help: &'static str,
    },
    /// The answer cannot be written.
    #[error("cannot write the output: {0}")]
    Write(#[from] io::Error),
    /// A file to be written cannot be.
    #[error("cannot write `{name}`: {source}")]
    WriteFile {
        /// What the file is called.
        name: String,
        source: io::Error,
    },
    /// No document of those given has tests.
    #[error("there is no test in {names}")]
    NoTests {
        /// The files.
        names: String,
    },
    /// The server could not start, or ended.
    #[error("the server did not run: {why}")]
    Server {
        /// Why.
        why: String,
        /// What to do about it.
        help: &'static str,
    },
    /// Work on the server's database failed.
    #[error("{0}")]
    Local(String),
    /// A server did not answer, or refused.
    #[error("{message}")]
    Remote {
        /// What it said.
        message: String,
        /// What to do about it.
        help: &'static str,
    },
    /// A configuration that cannot be used. Its faults have been shown.
    #[error("the configuration cannot be used")]
    Configuration,
    /// A value of an argument that only the work itself could refuse.
    #[error("{message}")]
    Argument {
        /// What is wrong.
        message: String,
        /// What was expected.
        help: String,
    },
}

impl From<LocalError> for CommandError {
    fn from(error: LocalError) -> Self {
        Self::Server { why: with_causes(&error), help: error.help() }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        Self::Server { why: with_causes(&error), help: error.help() }
    }
}

impl CommandError {
    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; `-` reads the standard input where a FILE is asked for"
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::IsADirectory => "name the files in it",
            Self::NotText { .. } => "save the file as UTF-8",
            Self::TooLarge { .. } => "split it into several files",
            Self::StandardInputTwice => "give one of the two as a file",
            Self::FaultyPolicies { .. } => "mend them; `zentinelle policy validate` shows the faults again",
            Self::Key { help, .. } | Self::Remote { help, .. } => help,
            Self::NoTests { .. } => "add `tests:` beside `policies:`, or say --allow-empty",
            Self::Argument { help, .. } => help,
            Self::Local(_) => "name the server's own files with --config or --data-dir",
            Self::Configuration => "mend it; `zentinelle config check` shows the faults again",
            Self::Server { help, .. } => help,
            Self::Read { .. } | Self::Write(_) | Self::WriteFile { .. } => return None,
        };
        Some(help.to_owned())
    }
}
