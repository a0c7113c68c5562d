//! The proxy beside one tool on one machine: either a relay that adds the key for a server, or the
//! whole pipeline over the policies of a file, without any server.
//!
//! It listens on this machine only. Whoever reaches it calls with its key, so a request that a
//! browser sends for a page from elsewhere is refused, whatever name that page gave this address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::net::TcpListener;
use zentinelle_core::dialect::{Dialect, ProviderKind};
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::policy_document::WrittenPolicy;

use super::client::Client;
use super::headers;
use super::refusal::Refusal;
use super::upstream::Upstreams;
use crate::app::App;
use crate::auth::Caller;
use crate::auth::access::KEY_HEADER;
use crate::auth::key::KeyKind;
use crate::config::proxy as settings;
use crate::config::{Config, Secret};
use crate::demo;
use crate::http::error::ApiError;
use crate::server::{Server, StartError};
use crate::service::keys::{self, NewKey};
use crate::service::policies::Keeper;
use crate::service::policies::documents::{self, Manner};
use crate::service::tenants;

/// The agent that calls where no server says who does.
const AGENT: &str = "local";
/// How long calls in flight may take to end when the proxy is told to stop.
const LAST_CALLS: Duration = Duration::from_secs(10);

/// Why the local proxy could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    /// A part of the pipeline.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The policies.
    #[error("{0}")]
    Policies(String),
    /// Where calls go.
    #[error("{0}")]
    Upstream(String),
    /// The client.
    #[error("certificates cannot be verified: {0}")]
    Tls(#[from] rustls::Error),
    /// The address.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The endpoint.
    #[error("the endpoint must be http: or https: with a host and nothing else")]
    Endpoint,
}

impl LocalError {
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Start(error) => error.help(),
            Self::Policies(_) => "mend the file that --policies names; `zentinelle policy validate` shows its faults",
            Self::Upstream(_) => "check --provider and --upstream",
            Self::Tls(_) => "install the system's root certificates",
            Self::Listen(_) => "choose another --port, or end what listens there",
            Self::Endpoint => "give --endpoint such as `https://zentinelle.example.com`",
        }
    }
}

/// Where a relay sends everything.
#[derive(Clone, Debug)]
struct Relay {
    client: Client,
    endpoint: Uri,
    prefix: Arc<str>,
    key: HeaderValue,
    dialect: Dialect,
}

/// Relays everything to a server's upstream, with the key added, until told to stop.
pub(crate) async fn relay(
    listener: TcpListener,
    endpoint: &str,
    provider: &str,
    key: &Secret,
) -> Result<(), LocalError> {
    let endpoint: Uri = endpoint.trim_end_matches('/').parse().map_err(|_| LocalError::Endpoint)?;
    let host = endpoint.host().ok_or(LocalError::Endpoint)?.to_owned();
    if !matches!(endpoint.scheme_str(), Some("http" | "https")) || endpoint.query().is_some() {
        return Err(LocalError::Endpoint);
    }
    let mut key = HeaderValue::from_str(key.expose()).map_err(|_| LocalError::Endpoint)?;
    key.set_sensitive(true);
    let section = settings::Proxy::default();
    let relay = Relay {
        // The server is the user's own and may stand anywhere.
        client: Client::new(&section, [host.as_str()].into_iter())?,
        prefix: format!("{}/proxy/{provider}", endpoint.path().trim_end_matches('/')).into(),
        dialect: ProviderKind::from_name(provider).map_or(Dialect::OpenAi, ProviderKind::dialect),
        endpoint,
        key,
    };
    let routes = Router::new().fallback(pass_on).with_state(relay);
    let routes = guarded(routes, listener.local_addr()?);
    listen_until_told(listener, routes).await?;
    Ok(())
}

/// Passes one request on to the server.
async fn pass_on(State(relay): State<Relay>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = format!("{}{}", relay.prefix, head.uri.path_and_query().map_or("/", PathAndQuery::as_str));
    let mut parts = relay.endpoint.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    let uri = match Uri::from_parts(parts) {
        Ok(uri) => uri,
        Err(_) => {
            return Refusal::invalid("unknown_route", "the path cannot be passed on").into_response(relay.dialect);
        }
    };
    let mut outgoing = axum::http::Request::new(body);
    *outgoing.method_mut() = head.method;
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers::relayed(&head.headers);
    outgoing.headers_mut().insert(KEY_HEADER, relay.key.clone());
    match relay.client.send(outgoing).await {
        Ok(reply) => {
            let (head, body) = reply.into_parts();
            let mut response = Response::new(Body::new(body));
            *response.status_mut() = head.status;
            *response.headers_mut() = headers::relayed(&head.headers);
            response
        }
        Err(refusal) => refusal.into_response(relay.dialect),
    }
}

/// What the pipeline needs that is not in a configuration.
#[derive(Debug)]
pub(crate) struct Alone<'a> {
    /// The text of the policies.
    pub(crate) policies: &'a str,
    /// The upstream that paths without one mean.
    pub(crate) provider: &'a str,
    /// Everything else.
    pub(crate) config: &'a Config,
}

/// Serves the whole pipeline over the policies of a file, until told to stop.
pub(crate) async fn alone(alone: &Alone<'_>, listener: TcpListener) -> Result<(), LocalError> {
    let server = Server::assemble(alone.config).await?;
    let routes = gateway(&server.app, alone).await?;
    listen_until_told(listener, routes).await?;
    server.app.shutdown().await;
    Ok(())
}

/// The pipeline for the one agent of this machine.
async fn gateway(app: &Arc<App>, alone: &Alone<'_>) -> Result<Router, LocalError> {
    let key = seed(app, alone.policies).await?;
    let doorway = Doorway { prefix: format!("/proxy/{}", alone.provider).into(), key };
    // It stands around the router, which must match the path that it makes.
    let routes = super::routes(Arc::clone(app));
    let admitted = tower::ServiceBuilder::new().map_request(move |request| doorway.admit(request)).service(routes);
    Ok(guarded(Router::new().fallback_service(admitted), alone.config.listen))
}

/// Gives every request the one agent's key, and every bare path the one upstream.
#[derive(Clone, Debug)]
struct Doorway {
    prefix: Arc<str>,
    key: HeaderValue,
}

impl Doorway {
    fn admit(&self, mut request: Request) -> Request {
        if !request.uri().path().starts_with("/proxy/") {
            let behind = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
            if let Ok(path) = PathAndQuery::try_from(format!("{}{behind}", self.prefix)) {
                *request.uri_mut() = Uri::from(path);
            }
        }
        request.headers_mut().insert(KEY_HEADER, self.key.clone());
        request
    }
}

/// Puts the policies in force, and makes the one agent with a fresh key.
async fn seed(app: &App, policies: &str) -> Result<HeaderValue, LocalError> {
    let failed = |error: ApiError| LocalError::Policies(error.to_string());
    let tenant = TenantId::new(tenants::STANDALONE);
    let caller = Caller::local(tenant.clone());
    let written = read(policies, &tenant)?;
    let manner = Manner { keeper: Keeper::Document, prune: true, dry_run: false };
    documents::apply(app, &caller, &written, manner, "the local proxy's policies").await.map_err(failed)?;
    let issued = async {
        let txn = app.store.begin().await?;
        demo::enrol(&txn, &tenant, AGENT, "Local agent").await?;
        let new = NewKey { agent_id: Some(AgentId::new(AGENT)), ..NewKey::new(KeyKind::Agent, AGENT) };
        let issued = keys::issue(&txn, app.directory.hasher(), &caller, new).await?;
        txn.commit().await?;
        Ok::<_, ApiError>(issued.key.text.to_string())
    };
    let key = issued.await.map_err(failed)?;
    app.policies_changed(&tenant).await;
    let mut key = HeaderValue::from_str(&key).map_err(|_| LocalError::Policies("no key could be made".to_owned()))?;
    key.set_sensitive(true);
    Ok(key)
}

/// The policies of a file, or all that is wrong with them.
fn read(policies: &str, tenant: &TenantId) -> Result<Vec<WrittenPolicy>, LocalError> {
    documents::read(policies, tenant).map_err(|faults| {
        let lines = faults.iter().map(|fault| match fault.line {
            Some(line) => format!("line {line}: {} [{}]", fault.message, fault.code),
            None => format!("{} [{}]", fault.message, fault.code),
        });
        LocalError::Policies(lines.collect::<Vec<_>>().join("; "))
    })
}

/// Whether the policies can be put in force, and the upstreams be called: told before anything is
/// made, so that nobody has to look for the reason among what was made in vain.
pub(crate) fn check(alone: &Alone<'_>) -> Result<(), LocalError> {
    read(alone.policies, &TenantId::new(tenants::STANDALONE))?;
    let faults = Upstreams::new(&alone.config.proxy, alone.config.mode).err().unwrap_or_default();
    match faults.into_iter().next() {
        None => Ok(()),
        Some((name, fault)) => Err(LocalError::Upstream(format!("`{name}`: {}: {}", fault.message, fault.help))),
    }
}

/// Refuses what a browser sends for a page from elsewhere.
fn guarded(routes: Router, listen: SocketAddr) -> Router {
    routes.layer(from_fn_with_state(listen, only_from_here))
}

async fn only_from_here(State(listen): State<SocketAddr>, request: Request, next: Next) -> Response {
    if listen.ip().is_loopback() && !is_from_here(request.headers()) {
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "foreign_origin", "only programs of this machine may call");
        return refusal.into_response(Dialect::OpenAi);
    }
    next.run(request).await
}

/// Whether a request names this machine and comes for no page of another.
fn is_from_here(headers: &HeaderMap) -> bool {
    let here = |authority: &str| {
        let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
        });
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    let origin = origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, rest)| here(rest)));
    host.is_none_or(here) && origin
}

async fn listen_until_told(listener: TcpListener, routes: Router) -> std::io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "the local proxy listens");
    let (told, heard) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(async {
        crate::server::told_to_stop().await;
        // Nobody listens any more when serving has ended first.
        let _ = told.send(());
    });
    let patience = async {
        let _ = heard.await;
        tokio::time::sleep(LAST_CALLS).await;
    };
    tokio::select! {
        served = async { serving.await } => served,
        () = patience => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
    use tower::ServiceExt as _;

    use super::{Alone, check, gateway, is_from_here};
    use crate::proxy::tests::{Provider, message, upstream};
    use crate::testing::TestServer;

    #[tokio::test]
    async fn a_tool_without_a_key_is_under_the_policies_of_the_file() {
        let provider = Provider::start().await;
        let mut config = crate::config::Config::default();
        let server = TestServer::configured(|other| {
            other.proxy.upstreams.insert("anthropic".to_owned(), upstream(&provider, None));
            config = other.clone();
        })
        .await;
        let policies = "policies:\n  - name: models\n    type: model_restriction\n    config:\n      blocked_models: [claude-opus-4-5]\n";
        let alone = Alone { policies, provider: "anthropic", config: &config };
        let routes = gateway(&server.app, &alone).await.expect("routes");
        let ask = |model: &str| {
            let mut body = message();
            body["model"] = model.into();
            let request = Request::post("/v1/messages").header("content-type", "application/json");
            let request = request.header("host", "127.0.0.1:8742").header("x-api-key", "anything");
            routes.clone().oneshot(request.body(Body::from(body.to_string())).expect("a request"))
        };
        assert_eq!(ask("claude-sonnet-4-5").await.expect("an answer").status(), StatusCode::OK);
        assert_eq!(provider.last().header("x-api-key"), Some("sk-of-the-server-0123456789"));
        assert_eq!(ask("claude-opus-4-5").await.expect("an answer").status(), StatusCode::FORBIDDEN);
        assert_eq!(provider.got().len(), 1);
        let elsewhere =
            Request::post("/v1/messages").header("host", "evil.test").body(Body::empty()).expect("a request");
        assert_eq!(routes.oneshot(elsewhere).await.expect("an answer").status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn what_cannot_work_is_told_before_anything_is_made() {
        let mut config = crate::config::Config::default();
        let told = |policies: &str, config: &crate::config::Config| {
            check(&Alone { policies, provider: "anthropic", config }).err().map(|error| error.to_string())
        };
        let sound = "policies:\n  - name: a\n    type: rate_limit\n    config: {requests_per_minute: 5}\n";
        assert_eq!(told(sound, &config), None);
        let faulty = told("policies:\n  - name: a\n    type: rate_limits\n", &config).expect("a fault");
        assert!(faulty.contains("rate_limits") && !faulty.contains('\n'), "{faulty}");
        config.proxy.upstreams.insert("mistral".to_owned(), crate::config::proxy::Upstream::default());
        assert!(told(sound, &config).is_some_and(|fault| fault.contains("`mistral`")));
    }

    #[test]
    fn a_page_from_elsewhere_may_not_use_the_key() {
        for (host, origin, expected) in [
            ("127.0.0.1:8742", None, true),
            ("localhost", None, true),
            ("[::1]:8742", None, true),
            ("localhost:8742", Some("http://localhost:3000"), true),
            ("rebound.evil.test:8742", None, false),
            ("127.0.0.1:8742", Some("https://evil.test"), false),
            ("127.0.0.1:8742", Some("null"), false),
            ("127.0.0.1.evil.test", None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_str(host).expect("a host"));
            if let Some(origin) = origin {
                headers.insert("origin", HeaderValue::from_str(origin).expect("an origin"));
            }
            assert_eq!(is_from_here(&headers), expected, "{host} {origin:?}");
        }
    }
}
