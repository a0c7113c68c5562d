//! A load generator that costs little: fixed requests over kept-alive connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What one run of load measured.
#[derive(Debug, Default)]
pub struct Measured {
    /// Requests answered with 200 or 202.
    pub answered: u64,
    /// Requests answered otherwise.
    pub failed: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Each answer's latency, sorted. Unit: microseconds.
    pub latencies: Vec<u32>,
}

impl Measured {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }

    /// A latency quantile. Unit: milliseconds.
    pub fn quantile(&self, q: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * q).round() as usize;
        self.latencies.get(at).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// The bytes of one POST.
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

/// Sends requests over so many connections for so long; with a rate, at that pace in all.
pub async fn run(
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
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Body,
}

/// What is still to come of the reply that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Bytes, counted.
    Counted(usize),
    /// Chunks; so many bytes of the one that has begun, its line end included.
    Chunks(usize),
    /// Nothing.
    Ended,
}

impl Connection {
    /// Opens it.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10), body: Body::Ended })
    }

    /// Sends a request and reads the answer to its end; the status.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.exchange_body(request).await.map(|(status, _)| status)
    }

    /// Sends a request and reads the answer: the status and the body.
    pub async fn exchange_body(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let status = self.begin(request).await?;
        let mut body = Vec::new();
        while let Some(part) = self.part().await? {
            body.extend(part);
        }
        Ok((status, body))
    }

    /// Sends a request and reads the head of the answer; the status.
    pub async fn begin(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer.drain(..end).collect::<Vec<u8>>()).to_ascii_lowercase();
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
        self.body = match header("content-length:").and_then(|length| length.parse().ok()) {
            Some(length) => Body::Counted(length),
            None if header("transfer-encoding:") == Some("chunked") => Body::Chunks(0),
            None => Body::Counted(0),
        };
        Ok(head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0))
    }

    /// The next bytes of the answer's body, as soon as there are any; none at its end.
    pub async fn part(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.body {
                Body::Ended | Body::Counted(0) => {
                    self.body = Body::Ended;
                    return Ok(None);
                }
                Body::Counted(left) if !self.buffer.is_empty() => {
                    let part: Vec<u8> = self.buffer.drain(..left.min(self.buffer.len())).collect();
                    self.body = Body::Counted(left - part.len());
                    return Ok(Some(part));
                }
                Body::Chunks(0) => {
                    if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                        let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                        let size = std::str::from_utf8(&line)
                            .ok()
                            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
                        // The line end behind a chunk counts as part of it.
                        match size.ok_or_else(|| io::Error::other("a chunk without a size"))? {
                            0 => return self.after_the_last_chunk().await,
                            size => self.body = Body::Chunks(size + 2),
                        }
                        continue;
                    }
                }
                Body::Chunks(left) if !self.buffer.is_empty() => {
                    let mut part: Vec<u8> = self.buffer.drain(..left.min(self.buffer.len())).collect();
                    self.body = Body::Chunks(left - part.len());
                    part.truncate(left.saturating_sub(2));
                    if !part.is_empty() {
                        return Ok(Some(part));
                    }
                    continue;
                }
                Body::Counted(_) | Body::Chunks(_) => {}
            }
            self.fill().await?;
        }
    }

    async fn after_the_last_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        self.buffer.drain(..2);
        self.body = Body::Ended;
        Ok(None)
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
