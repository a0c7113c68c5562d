//! `zentinelle completions`: a script that completes arguments in a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;

/// Print a script that completes arguments in a shell.
///
/// For example: `zentinelle completions bash > ~/.local/share/bash-completion/completions/zentinelle`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: Args, console: &mut Console) -> Result<Exit, CommandError> {
    let mut command = Cli::command();
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "zentinelle", &mut script);
    console.text(String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
