//! `zentinelle policy validate`: every fault of policy documents, with its place.

use std::collections::BTreeMap;

use serde::Serialize;
use zentinelle_core::document::diagnostic::{self, Report};

use crate::cli::Format;
use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, count};
use crate::cli::policies::{self, PolicyFile};
use crate::exit::Exit;

/// Show every fault of policy documents, with its place.
///
/// Ends with code 1 if a document has an error. Warnings alone do not count.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy documents, YAML or JSON; `-` reads the standard input. Ids must differ between files too.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// How to write the faults.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The answer of `--format json`.
#[derive(Serialize)]
struct Answer {
    valid: bool,
    files: Vec<FileAnswer>,
}

#[derive(Serialize)]
struct FileAnswer {
    file: String,
    valid: bool,
    /// How many policies of each type could be read.
    policies: BTreeMap<String, usize>,
    tests: usize,
    problems: Vec<Report>,
}

/// Checks the documents.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    let files = policies::read_files(&args.files)?;
    let valid = files.iter().all(|file| file.errors() == 0);
    match args.format {
        Format::Json => console.json(&Answer { valid, files: files.iter().map(answer).collect() })?,
        Format::Text => files.iter().try_for_each(|file| show(file, console))?,
    }
    Ok(Exit::negative_if(!valid))
}

fn answer(file: &PolicyFile) -> FileAnswer {
    FileAnswer {
        file: file.name.clone(),
        valid: file.errors() == 0,
        policies: by_type(file),
        tests: file.document.tests.len(),
        problems: diagnostic::reports(&file.problems, &file.source()),
    }
}

fn by_type(file: &PolicyFile) -> BTreeMap<String, usize> {
    let mut types = BTreeMap::new();
    for written in file.document.policies() {
        *types.entry(written.policy_type.clone()).or_default() += 1;
    }
    types
}

fn show(file: &PolicyFile, console: &mut Console) -> Result<(), CommandError> {
    let rendered = console.rendered(&file.problems, &file.source());
    console.text(&rendered)?;
    if !rendered.is_empty() {
        console.line("")?;
    }
    let errors = file.errors();
    if errors > 0 {
        let mark = console.paint(BAD, "✗");
        return console.line(format_args!("{mark} {}: {}", file.name, count(errors, "error", "errors")));
    }
    let types: Vec<String> = by_type(file)
        .into_iter()
        .map(|(name, number)| if number == 1 { name } else { format!("{number} × {name}") })
        .collect();
    let policies = count(file.document.policies().len(), "policy", "policies");
    let tests = match file.document.tests.len() {
        0 => String::new(),
        tests => format!(", {}", count(tests, "test", "tests")),
    };
    let mark = console.paint(GOOD, "✓");
    console.line(format_args!("{mark} {}: {policies} ({}){tests}", file.name, types.join(", ")))
}
