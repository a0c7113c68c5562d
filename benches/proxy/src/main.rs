//! Measures the proxy for model calls: the same mock upstream, straight, through a bare hyper pass-through,
//! through `zentinelle serve` with policies, scanning and recording, and through LiteLLM without a guardrail.
//! Load, proxies and upstream share the machine: read ratios, not figures. Prints rows of a table.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod bare;
mod contender;
mod measure;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::contender::Contender;
use crate::measure::{Spread, admitted, bytes_per_stream, chunk_delays, first_bytes, rates};

/// One budget for all of the streams that fight for it.
const BUDGET: &str =
    r#"policies: [{ name: one budget, id: one-budget, type: budget_limit, config: { monthly_limit_usd: "1" } }]"#;
/// What one such stream is made to cost: 150 tokens in and 200 out of gpt-4o. Unit: millionths of a dollar.
const STREAM_COSTS: f64 = 2_375.0;

/// Measures the proxy beside a bare pass-through and LiteLLM.
#[derive(Debug, Parser)]
struct Args {
    /// The server as it is shipped.
    #[arg(long, default_value = "target/dist/zentinelle")]
    binary: PathBuf,
    /// The release binary of the mock.
    #[arg(long, default_value = "target/release/mock_upstream")]
    upstream: PathBuf,
    /// LiteLLM's program; left out when not given.
    #[arg(long)]
    litellm: Option<PathBuf>,
    /// How long each measurement of throughput takes. Unit: seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often the contenders take turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Calls to each contender, one after the other.
    #[arg(long, default_value_t = 2_000)]
    calls: usize,
    /// Streams that are open at once.
    #[arg(long, default_value_t = 1_000)]
    streams: usize,
    /// Be the bare pass-through, at this address: the program starts itself so.
    #[arg(long, hide = true, requires = "to")]
    bare: Option<SocketAddr>,
    /// Where the bare pass-through sends everything.
    #[arg(long, hide = true)]
    to: Option<SocketAddr>,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    if let (Some(address), Some(upstream)) = (args.bare, args.to) {
        return bare::serve(address, upstream).await;
    }
    let data = tempfile::tempdir()?;
    let direct = Contender::upstream(&args.upstream).await?;
    let bare = Contender::bare(direct.address).await?;
    let ours = Contender::measured(&args.binary, data.path(), direct.address).await?;
    let litellm = match &args.litellm {
        Some(program) => Some(Contender::litellm(program, data.path(), direct.address).await?),
        None => None,
    };
    let mut all = vec![&direct, &bare, &ours];
    all.extend(&litellm);

    latency(&all, &args).await?;
    throughput(&all, &args).await?;
    streaming(&all).await?;
    memory(&[&bare, &ours], &args).await?;
    drop(ours);
    budget(&args, &direct).await
}

fn row(measured: &str, case: &str, figure: &str, beside: &str, target: &str) {
    println!("| {measured} | {case} | {figure} | {beside} | {target} |");
}

fn target(text: &str, is_met: bool) -> String {
    format!("{text}: {}", if is_met { "met" } else { "**missed**" })
}

async fn latency(all: &[&Contender], args: &Args) -> io::Result<()> {
    // LiteLLM takes part in every tenth turn: it needs the time of all others together.
    let shares: Vec<usize> = (0..all.len()).map(|index| if index == 3 { 10 } else { 1 }).collect();
    let found = first_bytes(all, &shares, args.calls).await?;
    let spreads: Vec<[Spread; 3]> =
        found.into_iter().map(|first| [first.byte, first.text, first.whole].map(Spread::new)).collect();
    let kinds = ["first byte of a stream", "first text of a stream", "whole reply"];
    for (kind, what) in kinds.into_iter().enumerate() {
        let base = &spreads[0][kind];
        for (contender, spread) in all.iter().zip(&spreads) {
            let (p50, p99) = (spread[kind].at(0.5), spread[kind].at(0.99));
            let added = format!("{:.0} µs added", p50 - base.at(0.5));
            let wanted = match (contender.name, kind) {
                ("zentinelle", 0) => target("250 µs added", p50 - base.at(0.5) <= 250.0),
                _ => String::new(),
            };
            let beside = format!("p50 {p50:.0} µs, p99 {p99:.0} µs, {:.0} µs added at p99", p99 - base.at(0.99));
            row(&format!("model call, one at a time: {what}"), contender.name, &added, &beside, &wanted);
        }
    }
    Ok(())
}

async fn throughput(all: &[&Contender], args: &Args) -> io::Result<()> {
    let runs = rates(all, 64, Duration::from_secs(args.seconds), args.rounds).await?;
    let rate_of = |name: &str| all.iter().position(|one| one.name.starts_with(name)).map(|at| runs[at].rate());
    let (bare, litellm) = (rate_of("bare").unwrap_or(f64::NAN), rate_of("LiteLLM"));
    for (contender, run) in all.iter().zip(&runs) {
        let beside = format!(
            "{:.0} % of the pass-through; p50 {:.1} ms, p99 {:.1} ms; {} failed",
            100.0 * run.rate() / bare,
            run.quantile(0.5),
            run.quantile(0.99),
            run.failed
        );
        let mut wanted = String::new();
        if contender.name == "zentinelle" {
            wanted = target("40 % of the pass-through", run.rate() >= 0.4 * bare);
            if let Some(litellm) = litellm {
                let times = run.rate() / litellm;
                wanted.push_str(&format!("; {}", target(&format!("15 times LiteLLM ({times:.0})"), times >= 15.0)));
            }
        }
        row("model calls, 64 at a time", contender.name, &format!("{:.0} a second", run.rate()), &beside, &wanted);
    }
    Ok(())
}

async fn streaming(all: &[&Contender]) -> io::Result<()> {
    let found = chunk_delays(all, 10, 200).await?;
    let mut base = f64::NAN;
    for (contender, delays) in all.iter().zip(found) {
        let (own, beyond) = (Spread::new(delays.own), Spread::new(delays.beyond));
        if contender.name == "direct" {
            base = beyond.at(0.99);
        }
        let added = beyond.at(0.99) - base;
        let wanted = if contender.name == "zentinelle" {
            target("1 ms beyond the hold-back", added < 1_000.0)
        } else {
            String::new()
        };
        let beside = format!("hold-back included: p50 {:.0} µs, p99 {:.0} µs", own.at(0.5), own.at(0.99));
        let figure = format!("{added:.0} µs added at p99");
        row("streamed chunk, one every 5 ms", contender.name, &figure, &beside, &wanted);
    }
    Ok(())
}

async fn memory(contenders: &[&Contender], args: &Args) -> io::Result<()> {
    for contender in contenders {
        let bytes = bytes_per_stream(contender, args.streams).await?;
        let wanted = if contender.name == "zentinelle" { target("64 KB", bytes < 64e3) } else { String::new() };
        let case = format!("{}, {} streams", contender.name, args.streams);
        let beside = format!("{} MB afterwards", contender.resident_bytes() / 1_000_000);
        row("memory of an open stream", &case, &format!("{:.1} KB", bytes / 1e3), &beside, &wanted);
    }
    Ok(())
}

async fn budget(args: &Args, direct: &Contender) -> io::Result<()> {
    let data = tempfile::tempdir()?;
    let ours = Contender::server(&args.binary, data.path(), direct.address, BUDGET).await?;
    let words = "[[input_tokens=150]] [[output_tokens=200]]";
    let (served, refused) = admitted(&ours, args.streams, words).await?;
    let spent = served as f64 * STREAM_COSTS / 1e6;
    let figure = format!("{spent:.2} of 1 US dollar spent");
    let beside = format!("{served} served, {refused} refused with 429");
    row(
        "one budget",
        &format!("{} streams at once", args.streams),
        &figure,
        &beside,
        &target("never above", spent <= 1.0),
    );
    Ok(())
}
