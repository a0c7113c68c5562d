//! Where an agent listens: a Unix socket, gRPC, or both.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::OptionFuture;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use super::socket::{Socket, SocketError};
use super::{Agent, grpc};

/// Why an agent cannot listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// gRPC.
    #[error("cannot listen for gRPC on {address}: {why}")]
    Grpc {
        /// The address.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
}

/// Where an agent listens.
#[derive(Debug)]
pub(crate) struct Doors {
    /// The socket with its file, which goes when this is dropped.
    socket: Option<(Socket, UnixListener)>,
    streams: Option<TcpIncoming>,
}

impl Doors {
    /// Listens at both, as far as they are given.
    pub(crate) fn open(socket: Option<&Path>, grpc: Option<SocketAddr>) -> Result<Self, OpenError> {
        let socket = socket.map(Socket::bind).transpose()?;
        let streams = grpc.map(|address| grpc::bind(address).map_err(|why| OpenError::Grpc { address, why }));
        Ok(Self { socket, streams: streams.transpose()? })
    }

    /// The address of gRPC, where the system chose it as well.
    pub(crate) fn grpc(&self) -> Option<SocketAddr> {
        self.streams.as_ref().and_then(|streams| streams.local_addr().ok())
    }

    /// Serves until told to stop, then finishes what was begun.
    pub(crate) async fn serve(self, agent: Arc<Agent>, stop: CancellationToken) {
        let (_file, listener) = self.socket.unzip();
        let over_socket = listener.map(|listener| super::serve(listener, Arc::clone(&agent), stop.clone()));
        let over_grpc = self.streams.map(|streams| grpc::serve(streams, agent, stop));
        tokio::join!(OptionFuture::from(over_socket), OptionFuture::from(over_grpc));
    }
}
