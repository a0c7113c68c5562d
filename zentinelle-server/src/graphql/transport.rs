//! How the management API is reached: POST for answers, GET for a page to try it, WebSocket
//! (`graphql-transport-ws`) and server-sent events for what happens live.
//!
//! Whoever shows a key is known by it. A caller whom the access layer knew without a key (a
//! session) is believed only from this server's own pages.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql::{Data, Executor as _, Request as Query, Response as Answer, ServerError, Variables};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;

use super::Runner;
use super::error::code;
use crate::app::App;
use crate::auth::origin::{self, Strictness};
use crate::auth::{Caller, access};
use crate::http::error::ApiError;
use crate::http::extract::{self, JsonBody};

/// The path, without the slash that is cut off before routes are looked for.
pub(crate) const PATH: &str = "/gql/zentinelle";
/// How long a silent connection is kept without a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The largest message of a WebSocket. Unit: bytes.
const MOST_MESSAGE: usize = 256 * 1024;

/// The routes.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route(PATH, get(page).post(answer))
}

/// Whether a request is one for this API.
pub(crate) fn is_asked(request: &Request) -> bool {
    request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == PATH)
}

/// The answer to a request that was refused before it was read.
pub(crate) fn refused(error: &ApiError) -> Response {
    if error.status().is_server_error() {
        tracing::error!(code = error.code(), ?error, "a request failed");
    }
    (error.status(), Json(failure(error))).into_response()
}

fn failure(error: &ApiError) -> Answer {
    let mut failure = ServerError::new(error.to_string(), None);
    failure.extensions.get_or_insert_default().set("code", code(error));
    Answer::from_errors(vec![failure])
}

/// One request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Value>,
}

impl Asked {
    fn read(body: serde_json::Value) -> Result<Self, ApiError> {
        if body.is_array() {
            let message = "send one request at a time, not a list of them";
            return Err(ApiError::invalid("body", message));
        }
        extract::read(body)
    }

    fn query(self, caller: Option<Caller>) -> Query {
        let variables = Variables::from_json(self.variables.unwrap_or_default());
        let mut query = Query::new(self.query).variables(variables);
        if let Some(name) = self.operation_name.filter(|name| !name.is_empty()) {
            query = query.operation_name(name);
        }
        match caller {
            Some(caller) => query.data(caller),
            None => query,
        }
    }
}

/// Who asks. A caller without a key comes from a session, which a foreign page may not use.
fn principal(app: &App, request: &Request) -> Result<Option<Caller>, ApiError> {
    let caller = request.extensions().get::<Caller>().cloned();
    let by_key = access::presented(request.headers()).is_some();
    if caller.is_some() && !by_key && !is_own_page(app, request.headers()) {
        let message = "a session may be used from this server's own pages only".to_owned();
        return Err(ApiError::NotAllowed { code: "foreign_origin", message });
    }
    Ok(caller)
}

/// Whether a request comes from a page of this server.
fn is_own_page(app: &App, headers: &HeaderMap) -> bool {
    origin::check(&app.config, &Method::POST, headers, Strictness::Browser).is_ok()
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accepted.to_ascii_lowercase().contains("text/event-stream")
}

/// Answers a request, or streams what it subscribes to.
async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    match asked(&app, request).await {
        Ok((query, true)) => events(&app, query).into_response(),
        Ok((query, false)) => {
            let answer = Runner(app).execute(query).await;
            let parsed = !answer.errors.iter().any(|error| {
                error.extensions.as_ref().and_then(|extensions| extensions.get("code"))
                    == Some(&"GRAPHQL_PARSE_FAILED".into())
            });
            let status = if parsed { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            (status, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn asked(app: &Arc<App>, request: Request) -> Result<(Query, bool), ApiError> {
    let caller = principal(app, &request)?;
    let stream = wants_events(request.headers());
    if !request.headers().contains_key(header::CONTENT_TYPE) {
        return Err(ApiError::MediaType); // a form of a foreign page could send this one
    }
    let JsonBody(body) =
        <JsonBody<serde_json::Value> as axum::extract::FromRequest<_>>::from_request(request, app).await?;
    Ok((Asked::read(body)?.query(caller), stream))
}

/// Streams the answers of a subscription as `next` events, then says `complete`.
fn events(app: &Arc<App>, query: Query) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let answers = Runner(app.clone()).execute_stream(query, None);
    let next = answers.map(|answer| {
        let body = serde_json::to_string(&answer).unwrap_or_default();
        Ok(Event::default().event("next").data(body))
    });
    let complete = futures_util::stream::once(async { Ok(Event::default().event("complete").data("")) });
    Sse::new(next.chain(complete)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// A WebSocket, an event stream, or the page to try the API on.
async fn page(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.headers.contains_key(header::UPGRADE) {
        let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.into_response(),
        };
        let protocol = match GraphQLProtocol::from_request_parts(&mut parts, &app).await {
            Ok(protocol) => protocol,
            Err(rejection) => return rejection.into_response(),
        };
        return match principal(&app, &Request::from_parts(parts, body)) {
            Ok(caller) => socket(app, upgrade, protocol, caller),
            Err(error) => refused(&error),
        };
    }
    if app.graphql.introspection { explorer() } else { ApiError::NoRoute.into_response() }
}

/// Speaks over a WebSocket. A client that could send no header shows its key in the first message.
fn socket(app: Arc<App>, upgrade: WebSocketUpgrade, protocol: GraphQLProtocol, caller: Option<Caller>) -> Response {
    upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS).max_message_size(MOST_MESSAGE).on_upgrade(move |stream| async move {
        let runner = Runner(app.clone());
        let known = move |payload: serde_json::Value| async move {
            let mut data = Data::default();
            let shown = [access::KEY_HEADER, "X-Zentinelle-Key", "key"]
                .iter()
                .find_map(|name| payload.get(*name)?.as_str().map(str::to_owned));
            let caller = match shown {
                Some(key) => match app.directory.authenticate(&key).await {
                    Ok(caller) => Some(caller),
                    Err(_) => return Err(super::error::coded("Invalid API key", "UNAUTHENTICATED")),
                },
                None => caller,
            };
            if let Some(caller) = caller {
                data.insert(caller);
            }
            Ok(data)
        };
        GraphQLWebSocket::new(stream, runner, protocol)
            .on_connection_init(known)
            .keepalive_timeout(Some(KEEP_ALIVE * 3))
            .serve()
            .await;
    })
}

/// The page to try the API on. It needs nothing from anywhere else.
fn explorer() -> Response {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let policy = format!(
        "default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    let page = include_str!("explorer.html").replace("NONCE", &nonce);
    let mut response = Html(Body::from(page)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
