//! Starting and watching the server under test.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::load::Connection;

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key of its demonstration agent.
    pub key: String,
    /// The key of its demonstration's administrator.
    pub operator: String,
    /// From the start of the process to the first answer of `/ready`.
    pub started_in: Duration,
}

impl Server {
    /// Starts `zentinelle serve --demo` and waits until it is ready.
    pub async fn start(binary: &Path, data: &Path, environment: &[(&str, &str)]) -> io::Result<Self> {
        let address = free_address()?;
        let begun = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--demo", "--demo-days", "0", "--listen", &address.to_string(), "--data-dir"])
            .arg(data)
            .env("ZENTINELLE_THROTTLE__ENABLED", "false") // the load is one agent's
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let started_in = until_ready(address, begun).await?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut lines = BufReader::new(output).lines();
        let (mut key, mut operator) = (String::new(), String::new());
        while let Some(line) = lines.next_line().await? {
            let shown =
                |prefix| line.find(prefix).map(|at| line[at..].split('\'').next().unwrap_or_default().to_owned());
            key = shown("sk_agent_").unwrap_or(key);
            operator = shown("sk_platform_").unwrap_or(operator);
            if !key.is_empty() && !operator.is_empty() {
                break;
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address, key, operator, started_in })
    }

    /// The memory it holds now. Unit: bytes.
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(self.child.id().unwrap_or_default())
    }

    /// The processor time it took so far.
    pub fn processor_time(&self) -> Duration {
        processor_time(self.process_id())
    }

    /// The process it runs in.
    pub fn process_id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Stops it.
    pub async fn stop(mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// The memory a process holds now. Unit: bytes.
pub fn resident_bytes(process: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// The processor time a process took so far, in its own code and in the kernel for it.
pub fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name stands in brackets and may hold anything; behind it, the times are the 12th and 13th word.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u64 = behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10) // Linux counts a hundred ticks a second for everybody who asks
}

/// An address nobody listens at.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

async fn until_ready(address: SocketAddr, begun: Instant) -> io::Result<Duration> {
    let request = b"GET /ready HTTP/1.1\r\nHost: bench\r\n\r\n";
    while begun.elapsed() < Duration::from_secs(20) {
        if let Ok(mut connection) = Connection::open(address).await
            && let Ok(200) = connection.exchange(request).await
        {
            return Ok(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(io::Error::other("the server did not become ready within 20 s"))
}
