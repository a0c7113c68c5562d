//! Serves the mock until it is ended; prints where it listens.

#![allow(clippy::print_stdout, reason = "whoever starts it reads the address")]

use std::net::SocketAddr;

use clap::Parser;
use zentinelle_upstream::Upstream;

/// A mock of the model providers.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> std::io::Result<()> {
    let upstream = Upstream::listen(Args::parse().listen).await?;
    println!("{}", upstream.url());
    std::future::pending().await
}
