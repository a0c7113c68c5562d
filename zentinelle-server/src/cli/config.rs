//! `zentinelle config`: what the server would run with, and why.

use std::path::PathBuf;

use serde_json::Value;

use super::error::CommandError;
use super::output::{Console, QUIET};
use crate::config::{self, Config, Flag, Loaded};
use crate::exit::Exit;

/// Looks at the configuration of the server.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the merged configuration with where each value came from, and what is wrong with it.
    ///
    /// Ends with code 1 if the server would not start with it. Secrets are not shown.
    Check(FileArgs),
    /// Print the merged configuration. Secrets are not shown.
    Show(ShowArgs),
    /// Print the JSON Schema of the configuration file, by which editors complete it.
    Schema,
}

/// Which file to read.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// The configuration file. Without it: $ZENTINELLE_CONFIG, else zentinelle.yaml if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How to print it.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    file: FileArgs,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub(super) fn run(command: &Command, console: &mut Console) -> Result<Exit, CommandError> {
    match command {
        Command::Check(file) => check(file, console),
        Command::Show(args) => show(args, console),
        Command::Schema => console.json(&Config::schema()).map(|()| Exit::Success),
    }
}

/// The configuration, when the server can run with it; what is odd is shown.
pub(super) fn usable(file: &FileArgs, flags: &[Flag], console: &Console) -> Result<Config, CommandError> {
    let loaded = load(file, flags)?;
    console.show_error(&loaded.rendered(console.colors_errors()));
    loaded.config.ok_or(CommandError::Configuration)
}

/// The same for work on the server's database, whose output is for other programs: only what
/// keeps the configuration from being used is shown.
pub(super) fn for_local_work(config: Option<PathBuf>, flags: &[Flag]) -> Result<Config, CommandError> {
    let loaded = load(&FileArgs { config }, flags)?;
    if loaded.is_faulty() {
        // Nobody is left to be told that this could not be written.
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), loaded.rendered(false).as_bytes());
    }
    loaded.config.ok_or(CommandError::Configuration)
}

fn load(file: &FileArgs, flags: &[Flag]) -> Result<Loaded, CommandError> {
    // What is not Unicode cannot be meant for us: every name and value of ours is.
    let variables =
        std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
    config::load(file.config.as_deref(), variables, flags).map_err(|source| {
        let named = file.config.clone().or_else(|| std::env::var_os("ZENTINELLE_CONFIG").map(PathBuf::from));
        let name = named.unwrap_or_else(|| PathBuf::from("zentinelle.yaml")).display().to_string();
        CommandError::Read { name, source }
    })
}

fn check(file: &FileArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let loaded = load(file, &[])?;
    if let Some(config) = &loaded.config {
        list(config, Some(&loaded), console)?;
    }
    let rendered = loaded.rendered(console.colors_errors());
    console.flush()?;
    console.show_error(&rendered);
    Ok(Exit::negative_if(loaded.is_faulty()))
}

fn show(args: &ShowArgs, console: &mut Console) -> Result<Exit, CommandError> {
    let config = usable(&args.file, &[], console)?;
    if args.json {
        console.json(&config)?
    } else {
        list(&config, None, console)?
    }
    Ok(Exit::Success)
}

/// One line a key: `limits.max_body_bytes = 20971520`, and where it came from.
fn list(config: &Config, loaded: Option<&Loaded>, console: &mut Console) -> Result<(), CommandError> {
    let value = serde_json::to_value(config).map_err(std::io::Error::from)?;
    let lines: Vec<(String, String)> = config::load::leaves(&value)
        .into_iter()
        .map(|pointer| {
            let shown = value.pointer(&pointer).map(Value::to_string).unwrap_or_default();
            let key = pointer.trim_start_matches('/').replace('/', ".");
            (pointer, format!("{key} = {shown}"))
        })
        .collect();
    let width = lines.iter().map(|(_, line)| super::output::columns(line)).max().unwrap_or_default().min(72);
    for (pointer, line) in lines {
        match loaded {
            Some(loaded) => {
                let origin = console.paint(QUIET, loaded.origin(&pointer));
                console.line(format_args!("{line:width$}  {origin}"))?;
            }
            None => console.line(line)?,
        }
    }
    Ok(())
}
