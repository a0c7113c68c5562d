//! `zentinelle audit`: checks exported audit logs without any server.

mod verify;

use clap::Subcommand;

use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;

/// Check exported audit logs, without any server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(verify::Args),
}

/// Runs one of them.
pub(crate) fn run(command: &Command, console: &mut Console) -> Result<Exit, CommandError> {
    match command {
        Command::Verify(args) => verify::run(args, console),
    }
}
