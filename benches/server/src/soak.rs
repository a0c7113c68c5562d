//! Full load for minutes, with an eye on the memory.

use std::io;
use std::time::Duration;

use zentinelle_server_bench::load;
use zentinelle_server_bench::process::Server;

/// When memory is looked at first: by then everything that is kept is warm.
const WARM: Duration = Duration::from_secs(60);

/// Keeps up full load and prints how the server's memory went.
pub(crate) async fn run(
    name: &str,
    server: &Server,
    connections: usize,
    time: Duration,
    request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<()> {
    let load = load::run(server.address, connections, time, None, request);
    let watch = async {
        tokio::time::sleep(WARM.min(time / 2)).await;
        server.resident_bytes()
    };
    let (load, early) = tokio::join!(load, watch);
    let (load, late) = (load?, server.resident_bytes());
    println!(
        "| {name} | {} MB | {} MB | {:+.1} % | {:.0} | {} |",
        early / 1_000_000,
        late / 1_000_000,
        100.0 * (late as f64 - early as f64) / early as f64,
        load.rate(),
        load.failed,
    );
    Ok(())
}
