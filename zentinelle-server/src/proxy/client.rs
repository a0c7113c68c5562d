//! Calls to upstreams over kept connections: only to configured hosts, not following redirects,
//! and to private addresses only where an upstream is configured as private.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{self, Client as Hyper};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use super::refusal::Refusal;
use crate::config::proxy::Proxy;
use crate::telemetry::use_ring;
use crate::webhooks::AllowList;

/// The largest head of a reply. Unit: bytes.
const MOST_HEAD: usize = 64 * 1024;
/// The most headers of a reply.
const MOST_HEADERS: usize = 100;
/// How long a connection is kept without a call on it.
const KEPT_IDLE: Duration = Duration::from_secs(60);

/// Calls upstreams.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: Hyper<HttpsConnector<HttpConnector<Guard>>, Body>,
    first_byte: Duration,
}

impl Client {
    /// A client for the configured upstreams. `private` are hosts that may lie in a private network.
    pub(crate) fn new<'h>(section: &Proxy, private: impl Iterator<Item = &'h str>) -> Result<Self, rustls::Error> {
        use_ring();
        let guard = Guard { private: private.map(|host| host.to_ascii_lowercase().into()).collect() };
        let mut tcp = HttpConnector::new_with_resolver(guard);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(Duration::from_millis(section.connect_timeout_ms.into())));
        tcp.set_keepalive(Some(KEPT_IDLE));
        let tls = ClientConfig::builder().try_with_platform_verifier()?.with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(tcp);
        let http = Hyper::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_IDLE)
            .pool_max_idle_per_host(section.idle_connections)
            .http1_max_buf_size(MOST_HEAD)
            .http1_max_headers(MOST_HEADERS)
            .http2_max_header_list_size(u32::try_from(MOST_HEAD).unwrap_or(u32::MAX))
            // Only a call that never left, on a connection that had died, is sent again.
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Self { http, first_byte: Duration::from_secs(section.first_byte_timeout_seconds.into()) })
    }

    /// Sends a call, and returns the head of the reply.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<hyper::body::Incoming>, Refusal> {
        match tokio::time::timeout(self.first_byte, self.http.request(request)).await {
            Err(_) => {
                let seconds = self.first_byte.as_secs();
                Err(Refusal::upstream_timeout(format!("the provider did not answer within {seconds} seconds")))
            }
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(&error)),
        }
    }
}

/// What went wrong, without the words of the libraries: they name addresses of the inside.
fn failed(error: &legacy::Error) -> Refusal {
    let mut causes = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut refused = false;
    while let Some(error) = cause {
        refused |=
            error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
        causes = format!("{causes}: {error}");
        cause = error.source();
    }
    tracing::warn!(connect = error.is_connect(), causes, "an upstream was not reached");
    let mut refusal = match (refused, error.is_connect()) {
        (true, _) => Refusal::bad_gateway("the provider's name leads to an address that may not be called"),
        (false, true) => Refusal::bad_gateway("the provider cannot be reached"),
        (false, false) => Refusal::bad_gateway("the provider broke the connection off, or its reply cannot be read"),
    };
    if error.is_connect() {
        refusal.code = "upstream_unreachable".into();
    }
    refusal
}

/// Looks names up and hands on only the addresses that may be connected to: what was checked is
/// what is connected to, however often the name's owner changes it.
#[derive(Clone, Debug)]
struct Guard {
    private: Arc<[Box<str>]>,
}

impl tower::Service<Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private.iter().any(|host| host.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            permitted(found, private).map(Vec::into_iter)
        })
    }
}

fn permitted(found: Vec<SocketAddr>, private: bool) -> io::Result<Vec<SocketAddr>> {
    if private {
        return Ok(found);
    }
    let public = AllowList::default();
    let permitted: Vec<SocketAddr> = found.into_iter().filter(|address| public.allows(address.ip())).collect();
    if permitted.is_empty() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "every address is private, local or reserved"));
    }
    Ok(permitted)
}

#[cfg(test)]
mod tests {
    use super::permitted;

    #[test]
    fn a_name_that_leads_inside_is_not_followed() {
        let inside = ["127.0.0.1:0", "10.0.0.1:0", "169.254.169.254:0", "[::1]:0", "[::ffff:10.0.0.1]:0"];
        for address in inside {
            let address = address.parse().expect("an address");
            assert!(permitted(vec![address], false).is_err(), "{address}");
            assert_eq!(permitted(vec![address], true).expect("private"), [address]);
        }
        let mixed = ["10.0.0.1:0", "8.8.8.8:0"].map(|address| address.parse().expect("an address"));
        assert_eq!(permitted(mixed.to_vec(), false).expect("one"), [mixed[1]]);
    }
}
