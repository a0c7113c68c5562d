//! A proxy that only asks: sends request headers to an agent over Unix sockets and measures how
//! long each answer takes.
//!
//! `zentinelle-bench-zentinel SOCKET CONNECTIONS SECONDS` prints one JSON line with the median, the
//! 99th percentile and the requests answered in a second. Each connection has one request under
//! way at a time, as a request that waits for its agent does.

#![expect(clippy::print_stdout, reason = "what was measured is the output")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use zentinelle_core::zentinel::Encoding;
use zentinelle_core::zentinel::event::{Metadata, RequestHeaders};
use zentinelle_core::zentinel::frame::{Frame, FrameReader};
use zentinelle_core::zentinel::handshake::HandshakeRequest;
use zentinelle_core::zentinel::message::{Event, Inbound, Outbound};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, connections, seconds] = arguments.as_slice() else {
        return Err("expected SOCKET CONNECTIONS SECONDS".into());
    };
    let (connections, seconds): (usize, u64) = (connections.parse()?, seconds.parse()?);
    let span = Duration::from_secs(seconds);
    let clients: Vec<_> = (0..connections)
        .map(|number| {
            let socket = socket.clone();
            std::thread::spawn(move || client(&socket, number, span))
        })
        .collect();
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.join().map_err(|_| "a client failed")??);
    }
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 100).map_or(0.0, |nanos| *nanos as f64 / 1000.0);
    let line = serde_json::json!({
        "connections": connections,
        "requests": all.len(),
        "requests_per_second": all.len() as u64 / seconds.max(1),
        "p50_us": at(50),
        "p99_us": at(99),
    });
    println!("{line}");
    Ok(())
}

/// One connection: a second to warm up, then every answer's time in nanoseconds.
fn client(socket: &str, number: usize, span: Duration) -> Result<Vec<u64>, Failure> {
    let mut proxy = Proxy { stream: UnixStream::connect(socket)?, reader: FrameReader::default() };
    proxy.greet()?;
    let mut times = Vec::new();
    let begun = Instant::now();
    for turn in 0_u64.. {
        let asked = Instant::now();
        proxy.ask(&format!("c{number}-{turn}"))?;
        let warm = begun.elapsed();
        if warm > span + Duration::from_secs(1) {
            break;
        }
        if warm > Duration::from_secs(1) {
            times.push(u64::try_from(asked.elapsed().as_nanos())?);
        }
    }
    Ok(times)
}

struct Proxy {
    stream: UnixStream,
    reader: FrameReader,
}

impl Proxy {
    fn greet(&mut self) -> Result<(), Failure> {
        let hello: HandshakeRequest = serde_json::from_str(
            r#"{"supported_versions":[2],"proxy_id":"bench","proxy_version":"0.6.54","supported_encodings":["json"]}"#,
        )?;
        match self.exchange(&Inbound::Handshake(hello))? {
            Outbound::Handshake(answer) if answer.success => Ok(()),
            other => Err(format!("the agent refused: {other:?}").into()),
        }
    }

    /// Sends a request such as a browser's and waits for its answer.
    fn ask(&mut self, id: &str) -> Result<(), Failure> {
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
        let mut request =
            RequestHeaders { metadata, method: "GET".into(), uri: "/".into(), ..RequestHeaders::default() };
        let headers = [("accept", "*/*"), ("host", "127.0.0.1:18080"), ("user-agent", "curl/7.88.1")];
        headers.into_iter().for_each(|(name, value)| request.headers.add(name, value));
        match self.exchange(&Inbound::Event(Event::RequestHeaders(request)))? {
            Outbound::Answer { correlation_id, .. } if correlation_id == id => Ok(()),
            other => Err(format!("not the answer to {id}: {other:?}").into()),
        }
    }

    fn exchange(&mut self, message: &Inbound) -> Result<Outbound, Failure> {
        let (kind, payload) = message.encode(Encoding::Json)?;
        let mut bytes = Vec::with_capacity(payload.len() + 8);
        Frame { kind, payload: &payload }.write(&mut bytes)?;
        self.stream.write_all(&bytes)?;
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(frame) = self.reader.next_frame()? {
                return Ok(Outbound::decode(frame.kind, frame.payload, Encoding::Json)?);
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err("the agent went away".into()),
                count => self.reader.push(buffer.get(..count).unwrap_or_default()),
            }
        }
    }
}
