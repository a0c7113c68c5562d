//! `zentinelle key rotate-master`: a new master key, and the way to be rid of the old one.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::super::Format;
use super::super::error::CommandError;
use super::super::local::{self, LocalArgs};
use super::super::output::{Console, count};
use crate::config::{Config, master_keys};
use crate::exit::Exit;
use crate::sealing::{KeyFile, SealError};
use crate::service::resealing::{self, Resealed};
use crate::service::tenants::STANDALONE;

/// Add a master key, and seal with it what older ones sealed.
///
/// Servers that read the same file take the new key up by themselves. Where every server has a
/// file of its own: first `--add-only`, then bring the file to every server, then
/// `--reseal-only`. The old key opens what it sealed until `--retire` takes its line away, which
/// it does once nothing is sealed with it any more.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateMasterArgs {
    /// Only add a key to the file.
    #[arg(long, conflicts_with_all = ["reseal_only", "retire"])]
    add_only: bool,
    /// Only seal again, with the newest key there is.
    #[arg(long, conflicts_with = "retire")]
    reseal_only: bool,
    /// Add no key; seal again what is left, and take away the lines of keys that seal nothing.
    #[arg(long)]
    retire: bool,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    local: LocalArgs,
}

/// What was done, as `--format json` prints it.
#[derive(Debug, Default, Serialize)]
struct Rotated {
    /// The id of the key that was added.
    added: Option<String>,
    /// How many values were sealed again.
    resealed: u64,
    /// How many values each key seals now.
    in_use: std::collections::BTreeMap<String, u64>,
    /// The ids of keys that seal nothing and can go.
    idle: Vec<String>,
    /// The ids of keys that were taken away.
    retired: Vec<String>,
    /// What did not open.
    unreadable: Vec<String>,
}

/// Runs it.
pub(super) fn run(args: RotateMasterArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let (add, reseal) = (!args.reseal_only && !args.retire, !args.add_only);
    let config = args.local.read()?;
    if !config.master_key.is_empty() && !args.reseal_only {
        return Err(CommandError::Argument {
            message: "the master keys come from the environment, where this command cannot change them".to_owned(),
            help:
                "add `,id:base64` of 32 new bytes to the variable of every server, restart them, and say --reseal-only"
                    .to_owned(),
        });
    }
    let file = KeyFile::new(&master_keys::file(&config));
    let failed = |error: SealError| CommandError::Local(error.to_string());
    let mut rotated = Rotated::default();
    if add {
        // An embedded server that never ran has no file yet.
        master_keys::load(&config).map_err(failed)?;
        rotated.added = Some(file.add().map_err(failed)?);
    }
    if reseal {
        let (ids, outcome) = resealed(&config)?;
        let idle = ids.iter().rev().skip(1).filter(|id| !outcome.in_use.contains_key(*id));
        rotated.idle = idle.cloned().collect();
        (rotated.resealed, rotated.in_use, rotated.unreadable) = (outcome.resealed, outcome.in_use, outcome.unreadable);
    }
    if args.retire && !rotated.idle.is_empty() {
        file.remove(&rotated.idle).map_err(failed)?;
        rotated.retired = std::mem::take(&mut rotated.idle);
    }
    match args.format {
        Format::Json => console.json(&rotated)?,
        Format::Text => show(&rotated, reseal, console)?,
    }
    Ok(if rotated.unreadable.is_empty() { Exit::Success } else { Exit::Negative })
}

/// Seals everything again, and answers the ids of the keys there are, oldest first.
fn resealed(config: &Config) -> Result<(Vec<String>, Resealed), CommandError> {
    local::with_config(config, async |local| {
        // Draws nothing unless standard error is a terminal.
        let bar = ProgressBar::new(resealing::count(&local.store).await?).with_style(
            ProgressStyle::with_template("sealing again {bar:30} {human_pos}/{human_len} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let caller = local.caller(STANDALONE).await?;
        let outcome = resealing::run(&local.store, &local.keys, &caller, || bar.inc(1)).await;
        bar.finish_and_clear();
        Ok((local.keys.ids(), outcome?))
    })
}

fn show(rotated: &Rotated, resealed: bool, console: &mut Console) -> Result<(), CommandError> {
    if let Some(id) = &rotated.added {
        console.line(format_args!("added master key {id}"))?;
    }
    if resealed {
        let values = usize::try_from(rotated.resealed).unwrap_or(usize::MAX);
        console.line(format_args!("sealed again: {}", count(values, "value", "values")))?;
    }
    for (id, values) in &rotated.in_use {
        let values = usize::try_from(*values).unwrap_or(usize::MAX);
        console.line(format_args!("master key {id} seals {}", count(values, "value", "values")))?;
    }
    for id in &rotated.retired {
        console.line(format_args!("took away master key {id}"))?;
    }
    for id in &rotated.idle {
        console.line(format_args!("master key {id} seals nothing any more: --retire takes it away"))?;
    }
    for one in &rotated.unreadable {
        console.warning(one, Some("it stays as it is: bring its master key back, or enter the secret anew"));
    }
    Ok(())
}
