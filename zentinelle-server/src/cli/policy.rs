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

/// Check, test, compare and explain policy documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Validate(validate::Args),
    Test(test::Args),
    Diff(diff::Args),
    Schema(schema::Args),
    Explain(explain::Args),
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
