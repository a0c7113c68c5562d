//! Measures the server and a bare axum route with the same load generator, one after the other
//! and in turns, so that noise of the machine falls on both. Load generator and servers share the
//! machine: read ratios, not figures.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod redis;
mod soak;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use zentinelle_server_bench::load::{Measured, post, run};
use zentinelle_server_bench::process::{Server, free_address, processor_time};

/// Measures `zentinelle serve` beside a bare axum route.
#[derive(Debug, Parser)]
struct Args {
    /// The server as it is shipped.
    #[arg(long, default_value = "target/dist/zentinelle")]
    binary: PathBuf,
    /// How long each measurement takes. Unit: seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often the two are measured in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections at full load.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// `postgres://…` to measure with PostgreSQL as well.
    #[arg(long)]
    postgres: Option<String>,
    /// `redis://…` to measure with PostgreSQL and Redis.
    #[arg(long)]
    redis: Option<String>,
    /// Instead of measuring, keep up full load for so long and watch the memory. Unit: seconds.
    #[arg(long)]
    soak: Option<u64>,
    /// Be the bare route, at this address: the program starts itself so.
    #[arg(long, hide = true)]
    echo: Option<SocketAddr>,
}

/// How many users the agent acts for. The demonstration's policies permit each of them two calls
/// a second, so that so many are never refused.
const USERS: u64 = 40_000;

/// A call of a coding agent, as its hook sends it.
fn call(user: u64) -> String {
    json!({
        "action": "tool_call", "user_id": format!("user-{user:05}"),
        "context": { "tool": "Bash", "tool_input": { "command": "cargo test --workspace" }, "session_id": "s1",
            "cwd": "/home/ada/project", "permission_mode": "default" }
    })
    .to_string()
}

#[tokio::main(worker_threads = 2)]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    if let Some(address) = args.echo {
        return echo(address).await;
    }
    let time = Duration::from_secs(args.seconds);
    if let Some(seconds) = args.soak {
        println!("| server | after a minute | at the end | growth | evaluations/s throughout | failed |");
        println!("|---|---|---|---|---|---|");
        for (name, environment) in setups(&args) {
            let data = data(&args)?;
            let server = Server::start(&args.binary, data.path(), &environment).await?;
            soak::run(name, &server, args.connections, Duration::from_secs(seconds), evaluate(&server.key)).await?;
            server.stop().await?;
        }
        return Ok(());
    }
    println!(
        "| server | evaluations/s (of bare route) | processor µs each (bare route) | p50 ms | p99 ms \
         | p99 ms at half load (bare route) | failed | ledger |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut lines = Vec::new();
    for (name, environment) in setups(&args) {
        let data = data(&args)?;
        let server = Server::start(&args.binary, data.path(), &environment).await?;
        // What the start needed goes back to the system after ten seconds.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let idle = server.resident_bytes();
        let redis = environment.iter().find(|(variable, _)| *variable == REDIS).map(|(_, url)| *url);
        let trips = async || match redis {
            Some(url) => redis::scripts_run(url).await.map(Some),
            None => Ok(None),
        };
        let before = trips().await?;
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        let (mut our_time, mut bare_time) = (Duration::ZERO, Duration::ZERO);
        let bare_route = BareRoute::start().await?;
        for _ in 0..args.rounds {
            let spent = bare_route.processor_time();
            bare.push(run(bare_route.address, args.connections, time, None, evaluate("none")).await?);
            bare_time += bare_route.processor_time() - spent;
            // What is written behind the answers is part of the cost, so what is left of it is waited for.
            let spent = server.processor_time();
            ours.push(run(server.address, args.connections, time, None, evaluate(&server.key)).await?);
            quiet(&server).await;
            our_time += server.processor_time() - spent;
        }
        let each = |time: Duration, runs: &[Measured]| {
            time.as_micros() as f64 / runs.iter().map(|run| run.answered + run.failed).sum::<u64>() as f64
        };
        let (our_each, bare_each) = (each(our_time, &ours), each(bare_time, &bare));
        let decisions: u64 = ours.iter().map(|run| run.answered).sum();
        let ledger = match before.zip(trips().await?) {
            Some((before, after)) => format!("{:.2} round trips", (after - before) as f64 / decisions as f64),
            None if name == "SQLite" => "in memory".to_owned(),
            None => "SQL, in groups".to_owned(),
        };
        let (ours, bare) = (median(ours), median(bare));
        let pace = Some(ours.rate() / 2.0);
        let half = run(server.address, args.connections, time, pace, evaluate(&server.key)).await?;
        let bare_half = run(bare_route.address, args.connections, time, pace, evaluate("none")).await?;
        println!(
            "| {name} | {:.0} ({:.0} % of {:.0}) | {our_each:.0} ({bare_each:.0}) | {:.2} | {:.2} | {:.2} ({:.2}) | {} | {ledger} |",
            ours.rate(),
            100.0 * ours.rate() / bare.rate(),
            bare.rate(),
            ours.quantile(0.5),
            ours.quantile(0.99),
            half.quantile(0.99),
            bare_half.quantile(0.99),
            ours.failed + half.failed,
        );
        let events = run(server.address, 8, time, None, events(&server.key)).await?;
        lines.push(format!(
            "| {name} | {} ms | {} MB | {:.0} ({} failed) | {} MB |",
            server.started_in.as_millis(),
            idle / 1_000_000,
            events.rate() * 100.0,
            events.failed,
            server.resident_bytes() / 1_000_000,
        ));
        server.stop().await?;
    }
    println!("\n| server | start to ready | idle memory | events/s in batches of 100 | memory after the run |");
    println!("|---|---|---|---|---|");
    lines.iter().for_each(|line| println!("{line}"));
    let size = std::fs::metadata(&args.binary)?.len();
    println!("\nbinary: {} MB", size / 1_000_000);
    Ok(())
}

/// The variable that names the database.
const DATABASE: &str = "ZENTINELLE_DATABASE__URL";
/// The variable that names Redis.
const REDIS: &str = "ZENTINELLE_REDIS__URL";

/// What is measured: a name, and the environment that makes the server so.
fn setups(args: &Args) -> Vec<(&'static str, Vec<(&'static str, &str)>)> {
    let mut setups = vec![("SQLite", vec![])];
    if let Some(url) = args.postgres.as_deref() {
        setups.push(("PostgreSQL", vec![(DATABASE, url)]));
        if let Some(redis) = args.redis.as_deref() {
            setups.push(("PostgreSQL and Redis", vec![(DATABASE, url), (REDIS, redis)]));
        }
    }
    setups
}

/// A data directory, with keys where servers share a database.
fn data(args: &Args) -> io::Result<tempfile::TempDir> {
    let data = tempfile::tempdir()?;
    if args.postgres.is_some() {
        std::fs::write(data.path().join("master.key"), MASTER_KEY)?;
    }
    Ok(data)
}

/// Replicas share their master keys; this one opens nothing but the benchmark's database.
const MASTER_KEY: &str = "bench:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";

fn evaluate(key: &str) -> impl Fn(u64) -> Vec<u8> + Send + Sync + use<> {
    let key = key.to_owned();
    let mut calls = Vec::new();
    for user in 0..USERS {
        calls.push(post("/api/zentinelle/v1/evaluate", &[("X-Zentinelle-Key", &key)], &call(user)));
    }
    move |number| calls[(number % USERS) as usize].clone()
}

/// A batch of a hundred events that were never sent before.
fn events(key: &str) -> impl Fn(u64) -> Vec<u8> + Send + Sync + use<> {
    let key = key.to_owned();
    move |number| {
        let event = |index: u64| {
            json!({
                "type": "tool_call", "category": "audit", "timestamp": "2026-01-01T00:00:00.000001Z",
                "payload": { "tool": "Bash", "inputs": { "command": "ls" }, "number": number * 100 + index }
            })
        };
        let body = json!({ "events": (0..100).map(event).collect::<Vec<_>>() }).to_string();
        post("/api/zentinelle/v1/events", &[("X-Zentinelle-Key", &key)], &body)
    }
}

/// A route that authenticates nothing and sends the same JSON back, until it is killed.
async fn echo(address: SocketAddr) -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let route = axum::routing::post(|body: axum::Json<serde_json::Value>| async { body });
    axum::serve(listener, axum::Router::new().route("/api/zentinelle/v1/evaluate", route)).await
}

/// The bare route in a process of its own, as the server has one.
struct BareRoute {
    address: SocketAddr,
    process: tokio::process::Child,
}

impl BareRoute {
    async fn start() -> io::Result<Self> {
        let address = free_address()?;
        let program = std::env::current_exe()?;
        let process =
            tokio::process::Command::new(program).args(["--echo", &address.to_string()]).kill_on_drop(true).spawn()?;
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { address, process })
    }

    /// The processor time it took so far.
    fn processor_time(&self) -> Duration {
        processor_time(self.process.id().unwrap_or_default())
    }
}

/// Waits until a server has little left to do: what it wrote behind its answers is in the database.
async fn quiet(server: &Server) {
    let step = Duration::from_millis(500);
    for _ in 0..240 {
        let spent = server.processor_time();
        tokio::time::sleep(step).await;
        if server.processor_time() - spent < step / 20 {
            return;
        }
    }
}

/// The run with the median rate.
fn median(mut runs: Vec<Measured>) -> Measured {
    runs.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
    runs.swap_remove(runs.len() / 2)
}
