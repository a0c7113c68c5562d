//! `zentinelle policy types`: the kinds of policy, a line each.

use serde::Serialize;
use zentinelle_core::PolicyType;

use crate::cli::error::CommandError;
use crate::cli::output::{Console, STRONG, columns, fitted};
use crate::cli::{Format, schema_words};
use crate::exit::Exit;

/// List the kinds of policy.
///
/// `zentinelle policy schema` has the keys of each.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How to write the list.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Kind<'k> {
    name: &'k str,
    description: &'k str,
}

/// Prints the list, in the order of the reference.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let words = schema_words::kinds();
    let kinds = PolicyType::ALL.iter().map(|kind| {
        let name = kind.name();
        Kind { name, description: words.get(name).map(String::as_str).unwrap_or_default() }
    });
    match args.format {
        Format::Json => console.json(&kinds.collect::<Vec<_>>())?,
        Format::Text => {
            let width = PolicyType::ALL.iter().map(|kind| columns(kind.name())).max().unwrap_or_default();
            for kind in kinds {
                let name = console.paint(STRONG, fitted(kind.name, width));
                console.line(format_args!("{name}  {}", kind.description))?;
            }
        }
    }
    Ok(Exit::Success)
}
