//! `zentinelle policy schema`: JSON Schemas, by which editors complete policy documents.

use clap::builder::PossibleValuesParser;
use zentinelle_core::policy_document::wire_schemas;

use crate::cli::error::CommandError;
use crate::cli::output::Console;
use crate::exit::Exit;

/// The schema of policy documents, one for all 24 types.
const DOCUMENTS: &str = "policy_document";

/// Print the JSON Schema of policy documents, by which editors complete them.
///
/// Put `# yaml-language-server: $schema=FILE` on top of a document, and editors complete it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of what to print the schema.
    #[arg(long, value_name = "NAME", default_value = DOCUMENTS, value_parser = names())]
    name: String,
    /// Write it to this file instead.
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
}

fn names() -> PossibleValuesParser {
    // The names stand here once more so that asking for help need not build every schema.
    PossibleValuesParser::new(NAMES)
}

const NAMES: [&str; 9] = [
    "policy_document",
    "policy",
    "policy_set",
    "request_document",
    "request",
    "decision",
    "event",
    "agent",
    "agent_group",
];

/// Prints or writes the schema.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let schema = wire_schemas().into_iter().find(|(name, _)| *name == args.name).map(|(_, schema)| schema);
    let Some(schema) = schema else {
        return Err(CommandError::Argument {
            message: format!("there is no schema named `{}`", args.name),
            help: format!("the names are {}", NAMES.join(", ")),
        });
    };
    match &args.out {
        None => console.json(&schema)?,
        Some(path) => {
            let text = serde_json::to_string_pretty(&schema).map_err(std::io::Error::from)? + "\n";
            let failed = |source| CommandError::WriteFile { name: path.clone(), source };
            std::fs::write(path, text).map_err(failed)?;
        }
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_offered_are_those_the_core_has() {
        let mut offered = NAMES.to_vec();
        offered.sort_unstable();
        let known: Vec<&str> = wire_schemas().into_iter().map(|(name, _)| name).collect();
        assert_eq!(offered, known);
    }
}
