//! The listener: plain or TLS, with bounds on what one client can hold.
//!
//! HTTP/1.1 alone is spoken; a proxy in front speaks HTTP/2 to clients. Its library bounds the time
//! to send a request's head, and [`super::opening`] the time until one begins.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::opening::Timely;
use super::router::Routes;
use crate::app::App;
use crate::config::{Config, Limits, Tls};

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves until `handle` is told to stop and what was begun has ended.
pub(crate) async fn serve(
    app: &Arc<App>,
    listener: TcpListener,
    routes: Routes,
    config: &Config,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let gate = Gate::new(app, &config.limits);
    let service = axum::ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(routes);
    let patience = Duration::from_secs(config.limits.header_read_timeout_seconds.into());
    match tls(&config.tls)? {
        None => {
            let acceptor = Timely::new(gate, patience);
            let mut server = Server::<SocketAddr>::from_listener(listener).acceptor(acceptor).handle(handle);
            bound(&mut server, &config.limits);
            server.serve(service).await
        }
        Some(certificate) => {
            let certificate = RustlsConfig::from_config(Arc::new(certificate));
            renew_on_hangup(config.tls.clone(), certificate.clone());
            let acceptor = RustlsAcceptor::new(certificate).handshake_timeout(HANDSHAKE).acceptor(gate);
            let acceptor = Timely::new(acceptor, patience);
            let mut server = Server::<SocketAddr>::from_listener(listener).acceptor(acceptor).handle(handle);
            bound(&mut server, &config.limits);
            server.serve(service).await
        }
    }
}

fn bound<A>(server: &mut Server<SocketAddr, A>, limits: &Limits) {
    let patience = Duration::from_secs(limits.header_read_timeout_seconds.into());
    // Not the server's own `http1_only`: connections it serves can never become WebSockets.
    *server.http_builder() = Builder::new(TokioExecutor::new()).http1_only();
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(limits.max_header_bytes);
}

/// The certificate of the listener, if it has one.
fn tls(tls: &Tls) -> io::Result<Option<ServerConfig>> {
    let (Some(certificate), Some(key)) = (&tls.certificate_file, &tls.key_file) else { return Ok(None) };
    let failed = |path: &std::path::Path, why: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
    };
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(certificate).map_err(|why| failed(certificate, &why))?.collect();
    let chain = chain.map_err(|why| failed(certificate, &why))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| failed(key, &why))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|why| failed(certificate, &why))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

/// Takes up a renewed certificate when the process gets SIGHUP. One that cannot be read leaves the
/// present one in place.
fn renew_on_hangup(files: Tls, present: RustlsConfig) {
    #[cfg(unix)]
    tokio::spawn(async move {
        let Ok(mut hangups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
        while hangups.recv().await.is_some() {
            match tls(&files) {
                Ok(Some(renewed)) => {
                    present.reload_from_config(Arc::new(renewed));
                    tracing::info!("the certificate was read again");
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the certificate could not be read again"),
            }
        }
    });
}

/// Lets so many connections in at once, and closes further ones.
#[derive(Clone, Debug)]
struct Gate {
    app: Arc<App>,
    places: Arc<Semaphore>,
}

impl Gate {
    fn new(app: &Arc<App>, limits: &Limits) -> Self {
        Self { app: Arc::clone(app), places: Arc::new(Semaphore::new(limits.max_connections as usize)) }
    }
}

impl<S> Accept<TcpStream, S> for Gate {
    type Stream = TcpStream;
    type Service = Held<S>;
    type Future = std::future::Ready<io::Result<(TcpStream, Held<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.app.metrics.connection_refused();
            return std::future::ready(Err(io::Error::other("too many connections")));
        };
        // Answers are written whole; waiting for more to send only delays them.
        let ready = stream.set_nodelay(true).map(|()| (stream, Held::new(service, place, &self.app)));
        std::future::ready(ready)
    }
}

/// The service of one connection, which holds its place until it ends.
#[derive(Debug)]
struct Held<S> {
    service: S,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
}

impl<S> Held<S> {
    fn new(service: S, place: OwnedSemaphorePermit, app: &Arc<App>) -> Self {
        app.metrics.connections().increment(1.0);
        Self { service, place: Arc::new(Place { app: Arc::clone(app), _place: place }) }
    }
}

impl<S: Clone> Clone for Held<S> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), place: Arc::clone(&self.place) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.metrics.connections().decrement(1.0);
    }
}

impl<S: Service<R>, R> Service<R> for Held<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}
