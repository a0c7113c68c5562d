//! The `zentinelle` command: decides requests of AI agents, explains the answers, and checks,
//! compares and replays policies. All input and output of the workspace lives in this crate;
//! the rules are those of `zentinelle-core`.

mod app;
mod auth;
mod bus;
mod causes;
mod cli;
mod clock;
mod config;
mod demo;
mod exit;
mod graphql;
mod http;
mod jobs;
mod journal;
#[cfg_attr(not(test), expect(dead_code, reason = "only tests ask for a single total, or begin with an empty ledger"))]
mod ledger;
mod notices;
mod portal;
mod proxy;
mod recorder;
mod replica;
mod sealing;
mod server;
mod service;
mod snapshot;
mod store;
mod telemetry;
#[cfg(test)]
mod testing;
mod webhooks;
mod zentinel;

use std::process::ExitCode;

use clap::Parser as _;

/// A server makes and drops many small values on several threads, which this allocator is for. A thread of its own gives
/// memory that nobody used for ten seconds back to the system.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse()).into()
}
