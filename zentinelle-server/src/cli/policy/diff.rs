//! `zentinelle policy diff`: what changes from one document to another, and for whom.

use serde::Serialize;
use zentinelle_core::policy_document::diff::{self, Change, PolicyChange};
use zentinelle_core::{Policy, Scope};

use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, NOTICE, count, visible};
use crate::cli::policies::Policies;
use crate::cli::{Format, input};
use crate::exit::Exit;

/// Say in words what changes from one document to another, and for whom.
///
/// Policies are told apart by their ids.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The document as it was; `-` reads the standard input.
    #[arg(value_name = "OLD")]
    old: String,
    /// The document as it will be; `-` reads the standard input.
    #[arg(value_name = "NEW")]
    new: String,
    /// How to write the differences.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with code 1 if there is a difference.
    #[arg(long)]
    exit_code: bool,
}

/// One difference in `--format json`.
#[derive(Serialize)]
struct Difference<'c> {
    change: &'static str,
    id: &'c str,
    name: &'c str,
    #[serde(rename = "type")]
    policy_type: &'c str,
    scope: &'c Scope,
    /// Whom it is about, in words.
    whom: String,
    /// What changes, in words.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    sentences: &'c [String],
    /// The policy that is new or gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'c Policy>,
}

/// Compares the documents.
pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, CommandError> {
    if args.old == input::STANDARD_INPUT && args.new == input::STANDARD_INPUT {
        return Err(CommandError::Argument {
            message: "the standard input cannot be both documents".to_owned(),
            help: "give one of the two as a file".to_owned(),
        });
    }
    let old = Policies::read(std::slice::from_ref(&args.old), "compared", console)?;
    let new = Policies::read(std::slice::from_ref(&args.new), "compared", console)?;
    let changes = diff::diff(old.document(), new.document());
    match args.format {
        Format::Json => console.json(&changes.iter().map(difference).collect::<Vec<_>>())?,
        Format::Text => show(&changes, console)?,
    }
    Ok(Exit::negative_if(args.exit_code && !changes.is_empty()))
}

fn difference(change: &PolicyChange) -> Difference<'_> {
    let (kind, sentences, policy) = match &change.what {
        Change::Added(policy) => ("added", [].as_slice(), Some(policy)),
        Change::Removed(policy) => ("removed", [].as_slice(), Some(policy)),
        Change::Changed(sentences) => ("changed", sentences.as_slice(), None),
    };
    Difference {
        change: kind,
        id: change.id.as_str(),
        name: &change.name,
        policy_type: &change.policy_type,
        scope: &change.scope,
        whom: diff::whom(&change.scope),
        sentences,
        policy,
    }
}

fn show(changes: &[PolicyChange], console: &mut Console) -> Result<(), CommandError> {
    let (mut added, mut removed, mut changed) = (0, 0, 0);
    for change in changes {
        let style = match change.what {
            Change::Added(_) => (added += 1, GOOD).1,
            Change::Removed(_) => (removed += 1, BAD).1,
            Change::Changed(_) => (changed += 1, NOTICE).1,
        };
        for (number, line) in change.to_string().lines().enumerate() {
            let line = visible(line);
            match line.split_at_checked(1).filter(|_| number == 0) {
                Some((sign, rest)) => console.line(format_args!("{}{rest}", console.paint(style, sign)))?,
                None => console.line(line)?,
            }
        }
    }
    if changes.is_empty() {
        return console.line("no difference");
    }
    let total = count(changes.len(), "difference", "differences");
    console.line(format_args!("\n{total}: {added} new, {removed} gone, {changed} changed"))
}
