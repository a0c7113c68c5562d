//! `zentinelle policy`: what can be done with policy documents alone.

mod diff;
mod explain;
mod schema;
mod test;
mod types;
mod validate;

use clap::Subcommand;

use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;

/// What to do with policy documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show every fault of policy documents, with its place.
    Validate(validate::Args),
    /// Run the tests that policy documents carry.
    Test(test::Args),
    /// Say in words what changes from one document to another, and for whom.
    Diff(diff::Args),
    /// Print the JSON Schema of policy documents, by which editors complete them.
    Schema(schema::Args),
    /// Say in words what policies mean, whom they are about, and which of them wins.
    Explain(explain::Args),
    /// List the kinds of policy.
    Types(types::Args),
}

/// Runs one of them.
pub(crate) fn run(command: &Command, console: &mut Console) -> Result<Exit, CommandError> {
    match command {
        Command::Validate(args) => validate::run(args, console),
        Command::Test(args) => test::run(args, console),
        Command::Diff(args) => diff::run(args, console),
        Command::Schema(args) => schema::run(args, console),
        Command::Explain(args) => explain::run(args, console),
        Command::Types(args) => types::run(args, console),
    }
}
