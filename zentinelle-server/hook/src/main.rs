//! The hook as a program of its own: the same as `zentinelle hook`, without a server to load.

use std::process::ExitCode;

use clap::Parser;
use zentinelle_hook::{HookArgs, run};

/// Decides one hook event of a coding agent.
#[derive(Debug, Parser)]
#[command(name = "zentinelle-hook", version)]
struct Cli {
    #[command(flatten)]
    hook: HookArgs,
}

fn main() -> ExitCode {
    run(&Cli::parse().hook).into()
}
