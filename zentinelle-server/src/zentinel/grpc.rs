//! The same conversation over gRPC, in plain text: bind to this machine or a protected network.
//!
//! Proxies send nothing before they have the headers of the answer, so those go out at once and
//! the stream is read by a task of its own.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::mpsc::{self, error::SendTimeoutError};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use zentinelle_core::zentinel::{ConnectionId, Occurrence, Session, grpc};

use super::{Agent, DRAIN, WRITE_TIMEOUT, configure, judge, note};

/// How often a silent proxy is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Answers that may wait to be sent on one stream.
const QUEUE: usize = 64;
/// Connections over gRPC are numbered from here, apart from those of Unix sockets.
const FIRST_STREAM: u64 = 1 << 63;

/// Listens on `address`.
pub(super) fn bind(address: SocketAddr) -> std::io::Result<TcpIncoming> {
    Ok(TcpIncoming::bind(address)?.with_nodelay(Some(true)))
}

/// Serves until told to stop, then lets the streams there are finish what they were asked.
pub(super) async fn serve(incoming: TcpIncoming, agent: Arc<Agent>, stop: CancellationToken) {
    let service = Service { agent, stop: stop.clone(), next: Arc::new(AtomicU64::new(FIRST_STREAM)) };
    let server = tonic::transport::Server::builder().http2_keepalive_interval(Some(KEEPALIVE)).add_service(service);
    let served = server.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::error!(%error, "gRPC ended");
        },
        () = too_late => tracing::warn!("not waiting any longer for answers that are still owed over gRPC"),
    }
}

/// The service that proxies call.
#[derive(Clone)]
struct Service {
    agent: Arc<Agent>,
    stop: CancellationToken,
    next: Arc<AtomicU64>,
}

impl NamedService for Service {
    const NAME: &'static str = grpc::SERVICE;
}

impl tower::Service<axum::http::Request<Body>> for Service {
    type Response = axum::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: axum::http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != grpc::PROCESS_STREAM {
                return Ok(Status::unimplemented("proxies of this protocol call `ProcessStream` alone").into_http());
            }
            let mut grpc = Grpc::new(Raw).max_decoding_message_size(grpc::MAX_INBOUND);
            Ok(grpc.streaming(service, request).await)
        })
    }
}

impl StreamingService<Bytes> for Service {
    type Response = Vec<u8>;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let id = ConnectionId(self.next.fetch_add(1, Ordering::Relaxed));
        tokio::spawn(converse(request.into_inner(), sender, id, Arc::clone(&self.agent), self.stop.clone()));
        let sent = stream::unfold(receiver, |mut receiver| async move { Some((Ok(receiver.recv().await?), receiver)) });
        std::future::ready(Ok(Response::new(sent.boxed())))
    }
}

/// One stream to its end.
async fn converse(
    mut asked: Streaming<Bytes>,
    sender: mpsc::Sender<Vec<u8>>,
    id: ConnectionId,
    agent: Arc<Agent>,
    stop: CancellationToken,
) {
    let mut session = Session::new(Arc::clone(&agent.config), id);
    let mut judging = FuturesUnordered::new();
    let mut draining = false;
    loop {
        if draining {
            session.end_if_drained();
        }
        while let Some(message) = session.next_outbound() {
            let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
            match sender.send_timeout(grpc::encode(&message, now_ms), WRITE_TIMEOUT).await {
                Ok(()) => {}
                Err(SendTimeoutError::Closed(_)) => return tracing::debug!("the proxy went away"),
                Err(SendTimeoutError::Timeout(_)) => {
                    return tracing::warn!("the proxy did not take an answer in time; the stream ends");
                }
            }
        }
        if let Some(reason) = session.closed() {
            return tracing::debug!(%reason, "a stream ended");
        }
        tokio::select! {
            message = asked.message(), if session.is_ready() && !draining => match message {
                Ok(Some(bytes)) => match grpc::decode(&bytes) {
                    Ok(Some(message)) => {
                        let met = agent.with_exchanges(|exchanges| session.accept(message, exchanges, agent.now_ms()));
                        match met {
                            Some(Occurrence::Judge(ticket, question)) => {
                                judging.push(judge(Arc::clone(&agent), ticket, question));
                            }
                            Some(Occurrence::Configure(ticket, event)) => {
                                session.configured(ticket, configure(&event.config));
                            }
                            Some(other) => note(&other),
                            None => {}
                        }
                    }
                    Ok(None) => tracing::warn!("a message without content was passed over"),
                    // Whom it was about is unknown, so nobody can be answered: the end of the stream
                    // fails at once what waits on it.
                    Err(error) => return tracing::warn!(%error, "a stream ends"),
                },
                // It has asked all it wants to ask, and may still be waiting for answers.
                Ok(None) => {
                    draining = true;
                    session.drain(agent.now_ms());
                }
                Err(status) => return tracing::debug!(%status, "the proxy went away"),
            },
            Some((ticket, response)) = judging.next() => {
                agent.with_exchanges(|exchanges| session.answer(ticket, response, exchanges));
            }
            () = stop.cancelled(), if !draining => {
                draining = true;
                session.drain(agent.now_ms());
            }
            else => return,
        }
    }
}

/// Messages as bytes: the core reads and writes them.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
