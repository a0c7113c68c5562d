//! The `zentinelle` command: decides requests of AI agents, explains the answers, and checks,
//! compares and replays policies. All input and output of the workspace lives in this crate;
//! the rules are those of `zentinelle-core`.

mod app;
mod auth;
mod bus;
mod cli;
mod clock;
mod config;
mod demo;
mod exit;
mod hook;
mod http;
mod jobs;
mod journal;
#[cfg_attr(not(test), expect(dead_code, reason = "the LLM proxy settles what it reserves"))]
mod ledger;
mod recorder;
mod replica;
#[cfg_attr(not(test), expect(dead_code, reason = "a command that rotates master keys is still to come"))]
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

/// A server makes and drops many small values on several threads, which this allocator is for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse()).into()
}
