//! What the command's exit code says.

use std::process::ExitCode;

/// The exit codes, described for people.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done, and nothing speaks against it
  1    done, and the answer is negative: a test failed, `policy validate` found
       an error, `audit verify` did not find the bundle valid; with --exit-code
       also a denial, a finding or a difference
  2    the arguments or the input cannot be used, in whole or in part
  141  whoever read the output stopped reading";

/// How a run of the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing speaks against it.
    Success,
    /// Done, and the answer is negative.
    Negative,
    /// The arguments or the input cannot be used. The argument parser uses the same code.
    Unusable,
    /// Whoever read the output stopped reading. The code that shells report for programs that
    /// such an end kills: an answer that was cut off must not look like a positive one.
    Closed,
}

impl Exit {
    /// Negative when `found`, else success.
    pub(crate) fn negative_if(found: bool) -> Self {
        if found { Self::Negative } else { Self::Success }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Negative => 1,
            Exit::Unusable => 2,
            Exit::Closed => 141,
        })
    }
}
