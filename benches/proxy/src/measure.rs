//! The measurements. Contenders take turns, request by request or round by round, so that noise of the
//! machine falls on all of them.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::Barrier;
use zentinelle_server_bench::load::{self, Connection, Measured};
use zentinelle_upstream::texts;

use crate::contender::Contender;

/// What the measured calls ask. About a kilobyte, as a small application sends it.
const SYSTEM: &str = "You are a helpful assistant of a travel agency. Answer in one short paragraph, in plain words, \
    without lists. If you do not know a fact, say so. Prices are in euros and include taxes. Opening hours are local. \
    Never promise a booking: a colleague confirms it. Speak to the customer politely and by name where it is known.";
const QUESTION: &str = "We are a family of four and would like to spend a week in October near the sea, with a train \
    station within walking distance and a few museums for rainy days. We came from the north last year and found it \
    too crowded. Which three towns would you look at first, what would a flat with two bedrooms cost there, and how \
    long would we travel from the capital? My sister may join for two nights.";

/// Sorted durations. Unit: microseconds.
#[derive(Debug, Default)]
pub(crate) struct Spread(Vec<u64>);

impl Spread {
    pub(crate) fn new(mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        Self(micros)
    }

    /// A quantile. Unit: microseconds.
    pub(crate) fn at(&self, q: f64) -> f64 {
        let last = self.0.len().saturating_sub(1) as f64;
        self.0.get((last * q).round() as usize).map_or(f64::NAN, |micros| *micros as f64)
    }
}

/// A chat completion with words for the mock.
pub(crate) fn chat(words: &str, streams: bool) -> Value {
    let messages =
        json!([{"role": "system", "content": SYSTEM}, {"role": "user", "content": format!("{QUESTION} {words}")}]);
    json!({"model": "gpt-4o", "messages": messages, "max_tokens": 200, "stream": streams})
}

/// Times of one streamed call.
#[derive(Debug, Default)]
pub(crate) struct First {
    /// To the first byte of the reply.
    pub(crate) byte: Vec<u64>,
    /// To the first text of the model.
    pub(crate) text: Vec<u64>,
    /// To the end of a reply that is not streamed.
    pub(crate) whole: Vec<u64>,
}

/// One call after the other to each contender in turn. `shares` says in how many of the turns each takes part.
pub(crate) async fn first_bytes(contenders: &[&Contender], shares: &[usize], turns: usize) -> io::Result<Vec<First>> {
    let mut found: Vec<First> = contenders.iter().map(|_| First::default()).collect();
    let mut connections = Vec::new();
    for contender in contenders {
        connections.push(Connection::open(contender.address).await?);
    }
    let (streamed, plain) = (chat("[[chunks=20]]", true), chat("", false));
    for turn in 0..turns {
        for (index, contender) in contenders.iter().enumerate() {
            if turn % shares[index] != 0 {
                continue;
            }
            let (call, connection) = (contender.call(&streamed), &mut connections[index]);
            let begun = Instant::now();
            expect(connection.begin(&call).await?, contender)?;
            let byte = micros(begun);
            let mut seen = Vec::new();
            let mut text = None;
            while let Some(part) = connection.part().await? {
                seen.extend(part);
                if text.is_none() && has(&seen, b"word") {
                    text = Some(micros(begun));
                }
            }
            let text = text.ok_or_else(|| io::Error::other(format!("{} sent no text", contender.name)))?;
            let call = contender.call(&plain);
            let begun = Instant::now();
            expect(connection.exchange(&call).await?, contender)?;
            let whole = micros(begun);
            // What came first warmed caches up and is left out.
            if turn / shares[index] >= 20 {
                found[index].byte.push(byte);
                found[index].text.push(text);
                found[index].whole.push(whole);
            }
        }
    }
    Ok(found)
}

/// Requests a second over so many connections, the median of the rounds.
pub(crate) async fn rates(
    contenders: &[&Contender],
    connections: usize,
    time: Duration,
    rounds: usize,
) -> io::Result<Vec<Measured>> {
    let mut runs: Vec<Vec<Measured>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (index, contender) in contenders.iter().enumerate() {
            let call = contender.call(&chat("", false));
            runs[index].push(load::run(contender.address, connections, time, None, move |_| call.clone()).await?);
        }
    }
    Ok(runs
        .into_iter()
        .map(|mut runs| {
            runs.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
            runs.swap_remove(runs.len() / 2)
        })
        .collect())
}

/// Delays of the chunks of a stream.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    /// From the moment the upstream sent a text to the moment the client had it.
    pub(crate) own: Vec<u64>,
    /// From the last text the upstream sent to the arrival of whatever that let go: what is left when
    /// the time for which text is held back on purpose is taken away.
    pub(crate) beyond: Vec<u64>,
}

/// Streams whose chunks tell when they were sent, from each contender in turn.
pub(crate) async fn chunk_delays(contenders: &[&Contender], streams: usize, chunks: usize) -> io::Result<Vec<Delays>> {
    let mut found: Vec<Delays> = contenders.iter().map(|_| Delays::default()).collect();
    let body = chat(&format!("[[stamp]] [[chunks={chunks}]] [[gap=5]]"), true);
    for _ in 0..streams {
        for (index, contender) in contenders.iter().enumerate() {
            let mut connection = Connection::open(contender.address).await?;
            expect(connection.begin(&contender.call(&body)).await?, contender)?;
            let (mut arrivals, mut words, mut held) = (Vec::new(), String::new(), Vec::new());
            while let Some(part) = connection.part().await? {
                let now = now_micros();
                held.extend(part);
                let events = text_of_whole_events(&mut held);
                if !events.is_empty() {
                    words.push_str(&events);
                    arrivals.push((now, words.len()));
                }
            }
            gather(&words, &arrivals, &mut found[index]);
        }
    }
    Ok(found)
}

/// Compares what each word says about its sending with when it had arrived as a whole.
fn gather(words: &str, arrivals: &[(u64, usize)], delays: &mut Delays) {
    let mut sent = Vec::new();
    let mut at = 0;
    for word in words.split_inclusive(' ') {
        at += word.len();
        let Some(stamp) = texts::read_stamp(word.trim_end()) else { continue };
        sent.push(stamp);
        // The blank may come later than the word it ends.
        if let Some((arrived, _)) = arrivals.iter().find(|(_, length)| *length >= at - 1) {
            delays.own.push(arrived.saturating_sub(stamp));
        }
    }
    for (arrived, _) in arrivals {
        let last = sent.iter().rev().find(|stamp| *stamp <= arrived);
        delays.beyond.extend(last.map(|stamp| arrived - stamp));
    }
}

/// Memory of one open stream. Unit: bytes.
pub(crate) async fn bytes_per_stream(contender: &Contender, streams: usize) -> io::Result<f64> {
    // A first crowd makes pools and buffers grow that are kept afterwards.
    drop(crowd(contender, streams / 10).await?);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = contender.resident_bytes();
    let open = crowd(contender, streams).await?;
    let after = contender.resident_bytes();
    drop(open);
    Ok(after.saturating_sub(before) as f64 / streams as f64)
}

/// Opens so many streams at once and waits until each has brought text.
async fn crowd(contender: &Contender, streams: usize) -> io::Result<Vec<Connection>> {
    let call = contender.call(&chat("[[chunks=120]] [[gap=500]]", true));
    let mut tasks = Vec::new();
    for _ in 0..streams {
        let (address, call, name) = (contender.address, call.clone(), contender.name);
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let status = connection.begin(&call).await?;
            if status != 200 {
                return Err(io::Error::other(format!("{name} answered a stream with {status}")));
            }
            let mut seen = Vec::new();
            while !has(&seen, b"word") {
                seen.extend(connection.part().await?.unwrap_or_default());
            }
            Ok(connection)
        }));
    }
    let mut open = Vec::new();
    for task in tasks {
        open.push(task.await.map_err(io::Error::other)??);
    }
    Ok(open)
}

/// So many streams at the same moment against one budget: how many were let in.
pub(crate) async fn admitted(contender: &Contender, streams: usize, words: &str) -> io::Result<(usize, usize)> {
    let call = contender.call(&chat(words, true));
    let start = Arc::new(Barrier::new(streams));
    let mut tasks = Vec::new();
    for _ in 0..streams {
        let (address, call, start) = (contender.address, call.clone(), Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            start.wait().await;
            let (status, _) = connection.exchange_body(&call).await?;
            Ok::<_, io::Error>(status)
        }));
    }
    let (mut served, mut refused) = (0, 0);
    for task in tasks {
        match task.await.map_err(io::Error::other)?? {
            200 => served += 1,
            429 => refused += 1,
            other => return Err(io::Error::other(format!("a stream was answered with {other}"))),
        }
    }
    Ok((served, refused))
}

/// Takes every whole event out of `held`; the text in them.
fn text_of_whole_events(held: &mut Vec<u8>) -> String {
    let mut text = String::new();
    while let Some(end) = held.windows(2).position(|window| window == b"\n\n") {
        let event: Vec<u8> = held.drain(..end + 2).collect();
        let data = event.strip_prefix(b"data: ").and_then(|data| serde_json::from_slice::<Value>(data).ok());
        text.push_str(
            data.as_ref().and_then(|data| data["choices"][0]["delta"]["content"].as_str()).unwrap_or_default(),
        );
    }
    text
}

fn expect(status: u16, contender: &Contender) -> io::Result<()> {
    if status == 200 { Ok(()) } else { Err(io::Error::other(format!("{} answered with {status}", contender.name))) }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn now_micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or_default()
}
