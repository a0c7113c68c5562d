//! One connection of the proxy over a Unix socket: reads, judges as much at once as comes, writes
//! answers as they are made.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use zentinelle_core::zentinel::{Connection, ConnectionId, Occurrence};

use super::{Agent, WRITE_TIMEOUT, configure, judge, note};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves a connection to its end. When told to stop, answers what was asked and ends.
pub(super) async fn serve(mut stream: UnixStream, id: ConnectionId, agent: Arc<Agent>, stop: CancellationToken) {
    let mut connection = Connection::new(Arc::clone(&agent.config), id);
    let mut judging = FuturesUnordered::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut draining = false;
    loop {
        while let Some(occurrence) = agent.with_exchanges(|exchanges| connection.poll(exchanges, agent.now_ms())) {
            match occurrence {
                Occurrence::Judge(ticket, question) => judging.push(judge(Arc::clone(&agent), ticket, question)),
                Occurrence::Configure(ticket, event) => {
                    connection.configured(ticket, configure(&event.config));
                }
                other => note(&other),
            }
        }
        // Most answers are there at once: this writes them together with what they follow.
        while let Some(Some((ticket, response))) = judging.next().now_or_never() {
            agent.with_exchanges(|exchanges| connection.answer(ticket, response, exchanges));
        }
        let output = connection.take_output();
        if !output.is_empty() {
            match tokio::time::timeout(WRITE_TIMEOUT, stream.write_all(&output)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => return tracing::debug!(%error, "the proxy went away"),
                Err(_) => return tracing::warn!("the proxy did not take an answer in time; the connection ends"),
            }
        }
        if let Some(end) = connection.end() {
            return tracing::debug!(%end, "a connection ended");
        }
        tokio::select! {
            read = stream.read(&mut buffer), if connection.wants_bytes() && !draining => match read {
                Ok(0) if connection.is_at_border() => return tracing::debug!("the proxy closed a connection"),
                Ok(0) => return tracing::warn!("the proxy closed a connection in the middle of a message"),
                Ok(count) => connection.push(buffer.get(..count).unwrap_or_default()),
                Err(error) => return tracing::debug!(%error, "the proxy went away"),
            },
            Some((ticket, response)) = judging.next() => {
                agent.with_exchanges(|exchanges| connection.answer(ticket, response, exchanges));
            }
            () = stop.cancelled(), if !draining => {
                draining = true;
                connection.drain(agent.now_ms());
            }
            // Nothing to read, nothing to wait for: the proxy has asked nothing and is gone.
            else => return,
        }
    }
}
