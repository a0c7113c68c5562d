//! The arguments of the command, and which file answers which subcommand.

mod approval_keys;
mod approvals;
mod audit;
mod completions;
mod config;
mod error;
mod evaluate;
mod graphql;
mod health;
mod input;
mod key;
mod local;
mod openapi;
mod output;
mod policies;
mod policy;
mod proxy;
mod remote;
mod replay;
mod requests;
mod scan;
mod schema_words;
mod serve;
mod tenant;
mod user;
mod zentinel_agent;

use clap::{Parser, Subcommand, ValueEnum};
use zentinelle_hook::Ended;

use crate::exit::{self, Exit};
use error::CommandError;
use output::{ColorWhen, Console};

/// The release, and the commit it was built from.
const RELEASE: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ZENTINELLE_COMMIT"), ")");

/// Decides whether an AI agent may do a thing, and says why.
///
/// Works on local files and needs no server: policies are YAML or JSON documents, requests are
/// JSON lines.
#[derive(Debug, Parser)]
#[command(name = "zentinelle", version = RELEASE, after_help = exit::HELP, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours. `auto`: on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", display_order = 100)]
    color: ColorWhen,
}

#[derive(Debug, Subcommand)]
enum Command {
    Evaluate(evaluate::Args),
    #[command(subcommand)]
    Policy(policy::Command),
    Scan(scan::Args),
    Replay(replay::Args),
    Hook(zentinelle_hook::HookArgs),
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(subcommand)]
    Approvals(approvals::Command),
    Serve(serve::Args),
    Proxy(proxy::Args),
    ZentinelAgent(zentinel_agent::Args),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    User(user::Command),
    #[command(subcommand)]
    Tenant(tenant::Command),
    #[command(subcommand)]
    Config(config::Command),
    Health(health::Args),
    Openapi(openapi::Args),
    Graphql(graphql::Args),
    Completions(completions::Args),
}

/// For whom the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs. Stable.
    Json,
}

/// Runs the command to its end and reports what went wrong, if anything did.
pub(crate) fn run(cli: Cli) -> Exit {
    let mut console = Console::new(cli.color);
    let ended = match cli.command {
        Command::Evaluate(args) => evaluate::run(&args, &mut console),
        Command::Policy(command) => policy::run(&command, &mut console),
        Command::Scan(args) => scan::run(&args, &mut console),
        Command::Replay(args) => replay::run(&args, &mut console),
        // A hook's answer is for a program, and its failures have a form of their own.
        Command::Hook(args) => {
            return match zentinelle_hook::run(&args) {
                Ended::Decided => Exit::Success,
                Ended::Blocked => Exit::Unusable,
            };
        }
        Command::Audit(command) => audit::run(&command, &mut console),
        Command::Approvals(command) => approvals::run(&command, &mut console),
        Command::Key(command) => key::run(command, &mut console),
        Command::User(command) => user::run(command, &mut console),
        Command::Tenant(command) => tenant::run(command, &mut console),
        Command::Serve(args) => serve::run(&args, &mut console),
        Command::Proxy(args) => proxy::run(&args, &mut console),
        Command::ZentinelAgent(args) => zentinel_agent::run(&args, &mut console),
        Command::Config(command) => config::run(&command, &mut console),
        Command::Health(args) => health::run(&args, &mut console),
        Command::Openapi(args) => openapi::run(&args, &mut console),
        Command::Graphql(args) => graphql::run(&args, &mut console),
        Command::Completions(args) => completions::run(args, &mut console),
    };
    match ended.and_then(|exit| console.flush().map(|()| exit)) {
        Ok(exit) => exit,
        Err(CommandError::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Closed,
        Err(error) => {
            // What was already decided is not lost. A second failure to write would say nothing new.
            let _ = console.flush();
            console.error(&error);
            Exit::Unusable
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
