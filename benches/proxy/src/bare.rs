//! The bare pass-through: what hyper alone costs. It looks at nothing and keeps its connections.

use std::net::SocketAddr;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderName, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

/// Headers that belong to one connection.
const HOP_BY_HOP: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, HOST];

type Outgoing = Client<HttpConnector, Incoming>;
type Reply = Response<BoxBody<Bytes, hyper::Error>>;

/// Passes everything on to `upstream`, until it is killed.
pub(crate) async fn serve(address: SocketAddr, upstream: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Outgoing = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(2_048).build(connector);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let client = client.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| pass(client.clone(), upstream, request));
            // A client that breaks off is no failure of the proxy.
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn pass(
    client: Outgoing,
    upstream: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Reply, std::convert::Infallible> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let Ok(uri) = format!("http://{upstream}{target}").parse::<Uri>() else { return Ok(failed()) };
    *request.uri_mut() = uri;
    HOP_BY_HOP.iter().for_each(|name| {
        request.headers_mut().remove(name);
    });
    Ok(match client.request(request).await {
        Ok(mut reply) => {
            HOP_BY_HOP.iter().for_each(|name| {
                reply.headers_mut().remove(name);
            });
            reply.map(BodyExt::boxed)
        }
        Err(_) => failed(),
    })
}

fn failed() -> Reply {
    let mut reply = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *reply.status_mut() = StatusCode::BAD_GATEWAY;
    reply
}
