//! `zentinelle graphql`.

use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;
use crate::graphql;

/// Print the schema of the management API (GraphQL).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

/// Prints or writes the schema.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let text = graphql::sdl();
    match &args.out {
        None => console.text(&text)?,
        Some(path) => {
            let failed = |source| CommandError::WriteFile { name: path.clone(), source };
            std::fs::write(path, text).map_err(failed)?;
        }
    }
    Ok(Exit::Success)
}
