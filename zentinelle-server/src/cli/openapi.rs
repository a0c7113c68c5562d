//! `zentinelle openapi`.

use super::error::CommandError;
use super::output::Console;
use crate::exit::Exit;
use crate::http::openapi;

/// Print the OpenAPI document of the server's interface.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

/// Prints or writes the document.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let text = openapi::text();
    match &args.out {
        None => console.text(&text)?,
        Some(path) => {
            let failed = |source| CommandError::WriteFile { name: path.clone(), source };
            std::fs::write(path, text).map_err(failed)?;
        }
    }
    Ok(Exit::Success)
}
