//! A load generator that costs little: fixed requests over kept-alive connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What one run of load measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Requests answered with 200 or 202.
    pub(crate) answered: u64,
    /// Requests answered otherwise.
    pub(crate) failed: u64,
    /// How long it took.
    pub(crate) elapsed: Duration,
    /// Each answer's latency, sorted. Unit: microseconds.
    pub(crate) latencies: Vec<u32>,
}

impl Measured {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// A latency quantile. Unit: milliseconds.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * q).round() as usize;
        self.latencies.get(at).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// The bytes of one POST.
pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// Sends requests over so many connections for so long; with a rate, at that pace in all.
pub(crate) async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    rate: Option<f64>,
    request: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<Measured> {
    let request = Arc::new(request);
    let started = Instant::now();
    let mut tasks = Vec::new();
    for lane in 0..connections {
        let request = Arc::clone(&request);
        let pace = rate.map(|rate| Duration::from_secs_f64(connections as f64 / rate));
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut measured = Measured::default();
            let mut due = Instant::now() + pace.unwrap_or_default().mul_f64(lane as f64 / connections as f64);
            let mut number = lane as u64;
            while started.elapsed() < time {
                if let Some(pace) = pace {
                    tokio::time::sleep_until(due.into()).await;
                    due += pace;
                }
                let bytes = request(number);
                number += connections as u64;
                let sent = Instant::now();
                let status = connection.exchange(&bytes).await?;
                let micros = sent.elapsed().as_micros();
                measured.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                if matches!(status, 200 | 202) { measured.answered += 1 } else { measured.failed += 1 }
            }
            Ok::<_, io::Error>(measured)
        }));
    }
    let mut all = Measured::default();
    for task in tasks {
        let one = task.await.map_err(io::Error::other)??;
        all.answered += one.answered;
        all.failed += one.failed;
        all.latencies.extend(one.latencies);
    }
    all.elapsed = started.elapsed();
    all.latencies.sort_unstable();
    Ok(all)
}

/// One kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Opens it.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request and reads the answer to its end; the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.exchange_body(request).await.map(|(status, _)| status)
    }

    /// Sends a request and reads the answer: the status and the body.
    pub(crate) async fn exchange_body(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut expected = None;
        loop {
            if let Some((head, length)) = expected {
                if self.buffer.len() >= head + length {
                    let status = self.buffer.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
                    let status = status.and_then(|code| code.parse().ok()).unwrap_or(0);
                    return Ok((status, self.buffer.get(head..head + length).unwrap_or_default().to_vec()));
                }
            } else if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(self.buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
                expected = Some((end + 4, length.unwrap_or(0_usize)));
                continue;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
