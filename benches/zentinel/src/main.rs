//! A proxy that only asks: sends request headers to an agent over Unix sockets and measures how
//! long each answer takes.
//!
//! `zentinelle-bench-zentinel SOCKET CONNECTIONS SECONDS` prints one JSON line with the median, the
//! 99th percentile, the requests answered in a second, and how many it asked with the warm-up. Each
//! connection has one request under way at a time, as a request that waits for its agent does. One
//! thread serves all connections and sends questions that were encoded before, because it shares the
//! machine with what it measures.

#![expect(clippy::print_stdout, reason = "what was measured is the output")]

use std::error::Error;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::{Events, Interest, Poll, Token};
use zentinelle_core::zentinel::Encoding;
use zentinelle_core::zentinel::event::{Metadata, RequestHeaders};
use zentinelle_core::zentinel::frame::{Frame, FrameReader};
use zentinelle_core::zentinel::handshake::HandshakeRequest;
use zentinelle_core::zentinel::message::{Event, Inbound, Outbound};

type Failure = Box<dyn Error + Send + Sync>;

/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Of the number that each question of a connection has in its id.
const DIGITS: usize = 10;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, connections, seconds] = arguments.as_slice() else {
        return Err("expected SOCKET CONNECTIONS SECONDS".into());
    };
    let (connections, seconds): (usize, u64) = (connections.parse()?, seconds.parse()?);
    let mut proxies = Vec::new();
    for number in 0..connections {
        proxies.push(Proxy::greet(UnixStream::connect(socket)?, number)?);
    }
    let mut all = measure(&mut proxies, Duration::from_secs(seconds))?;
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 100).map_or(0.0, |nanos| *nanos as f64 / 1000.0);
    let line = serde_json::json!({
        "connections": connections,
        "requests": all.len(),
        "asked": proxies.iter().map(|proxy| proxy.turn).sum::<u64>(),
        "requests_per_second": all.len() as u64 / seconds.max(1),
        "p50_us": at(50),
        "p99_us": at(99),
    });
    println!("{line}");
    Ok(())
}

/// Every answer's time in nanoseconds, after a warm-up.
fn measure(proxies: &mut [Proxy], span: Duration) -> Result<Vec<u64>, Failure> {
    let mut poll = Poll::new()?;
    for (number, proxy) in proxies.iter_mut().enumerate() {
        poll.registry().register(&mut proxy.stream, Token(number), Interest::READABLE)?;
        proxy.ask()?;
    }
    let (mut times, mut ready, begun) = (Vec::new(), Events::with_capacity(proxies.len()), Instant::now());
    while begun.elapsed() < WARM_UP + span {
        poll.poll(&mut ready, Some(Duration::from_secs(5)))?;
        if ready.is_empty() {
            return Err("the agent answers no more".into());
        }
        for event in &ready {
            let Some(proxy) = proxies.get_mut(event.token().0) else { continue };
            if let Some(time) = proxy.answered()? {
                if begun.elapsed() > WARM_UP {
                    times.push(u64::try_from(time.as_nanos())?);
                }
                proxy.ask()?;
            }
        }
    }
    Ok(times)
}

struct Proxy {
    stream: mio::net::UnixStream,
    reader: FrameReader,
    /// The question, and where in it the numbers stand that make its correlation id a new one.
    question: Vec<u8>,
    numbers_at: Vec<usize>,
    id: String,
    turn: u64,
    asked: Instant,
}

impl Proxy {
    /// Shakes hands, and asks once with the whole answer read, so that only a right agent is measured.
    fn greet(mut stream: UnixStream, number: usize) -> Result<Self, Failure> {
        let hello: HandshakeRequest = serde_json::from_str(
            r#"{"supported_versions":[2],"proxy_id":"bench","proxy_version":"0.6.54","supported_encodings":["json"]}"#,
        )?;
        let mut reader = FrameReader::default();
        match exchange(&mut stream, &mut reader, &encode(&Inbound::Handshake(hello))?)? {
            Outbound::Handshake(answer) if answer.success => {}
            other => return Err(format!("the agent refused: {other:?}").into()),
        }
        let id = format!("c{number:03}-{:0DIGITS$}", 0);
        let question = encode(&Inbound::Event(Event::RequestHeaders(request(&id))))?;
        match exchange(&mut stream, &mut reader, &question)? {
            Outbound::Answer { correlation_id, .. } if correlation_id == id => {}
            other => return Err(format!("not the answer to {id}: {other:?}").into()),
        }
        let numbers_at = memmem::find_iter(&question, &id).map(|at| at + id.len() - DIGITS).collect();
        stream.set_nonblocking(true)?;
        let stream = mio::net::UnixStream::from_std(stream);
        Ok(Self { stream, reader, question, numbers_at, id, turn: 0, asked: Instant::now() })
    }

    fn ask(&mut self) -> Result<(), Failure> {
        self.turn += 1;
        let number = format!("{:0DIGITS$}", self.turn);
        self.id.replace_range(self.id.len() - DIGITS.., &number);
        for at in &self.numbers_at {
            let place = self.question.get_mut(*at..at + DIGITS).ok_or("the number has no place")?;
            place.copy_from_slice(number.as_bytes());
        }
        self.asked = Instant::now();
        // Far smaller than a socket's buffer, which is empty.
        Ok(self.stream.write_all(&self.question)?)
    }

    /// How long the answer took, if it has come. It must be an answer, and to this question.
    fn answered(&mut self) -> Result<Option<Duration>, Failure> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => return Err("the agent went away".into()),
            Ok(count) => self.reader.push(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let time = self.asked.elapsed();
        let Some(frame) = self.reader.next_frame()? else { return Ok(None) };
        if memmem::find(frame.payload, self.id.as_bytes()).is_none() {
            return Err(format!("not the answer to {}: {}", self.id, String::from_utf8_lossy(frame.payload)).into());
        }
        Ok(Some(time))
    }
}

/// A request such as a browser's.
fn request(id: &str) -> RequestHeaders {
    let metadata = Metadata {
        correlation_id: id.to_owned(),
        request_id: "2deabcb0-89b0-4ac8-b37f-9183f39d1790".to_owned(),
        client_ip: "127.0.0.1".to_owned(),
        client_port: 55492,
        protocol: "HTTP/1.1".to_owned(),
        route_id: Some("all".to_owned()),
        timestamp: "2026-11-22T05:00:50.584701029+00:00".to_owned(),
        ..Metadata::default()
    };
    let mut request = RequestHeaders { metadata, method: "GET".into(), uri: "/".into(), ..RequestHeaders::default() };
    let headers = [("accept", "*/*"), ("host", "127.0.0.1:18080"), ("user-agent", "curl/7.88.1")];
    headers.into_iter().for_each(|(name, value)| request.headers.add(name, value));
    request
}

fn encode(message: &Inbound) -> Result<Vec<u8>, Failure> {
    let (kind, payload) = message.encode(Encoding::Json)?;
    let mut bytes = Vec::with_capacity(payload.len() + 8);
    Frame { kind, payload: &payload }.write(&mut bytes)?;
    Ok(bytes)
}

fn exchange(stream: &mut UnixStream, reader: &mut FrameReader, message: &[u8]) -> Result<Outbound, Failure> {
    stream.write_all(message)?;
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(frame) = reader.next_frame()? {
            return Ok(Outbound::decode(frame.kind, frame.payload, Encoding::Json)?);
        }
        match stream.read(&mut buffer)? {
            0 => return Err("the agent went away".into()),
            count => reader.push(buffer.get(..count).unwrap_or_default()),
        }
    }
}
