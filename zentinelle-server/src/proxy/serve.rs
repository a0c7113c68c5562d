//! One call from its first byte to the head of its reply.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use zentinelle_core::dialect::{Call, Dialect, Edit, Framing, Operation, StreamGuard, rewrite};

use super::admission::{self, Admitted, Asking, Denied};
use super::body::{self, Bounds, Held, ReadError};
use super::credential::{self, Presented};
use super::encoding::{Packing, unpacked};
use super::exchange::{Exchange, Stage};
use super::headers;
use super::output::{Rules, Watching};
use super::refusal::{DECISION, EVALUATION_ID, Refusal};
use super::stream::{Stream, Watch};
use super::target::{self, Target};
use super::{caller, whole};
use crate::app::App;
use crate::http::{client, request_id};

/// The largest body of a provider's error that is passed on. Unit: bytes.
const MOST_ERROR: usize = 1 << 20;

/// The routes of the proxy. They stand apart from the others: who may call them, how long they
/// take, and how their errors look is decided here.
pub(crate) fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/{*path}", any(serve))
        .route("/v1beta/{*path}", any(serve))
        .route("/v1alpha/{*path}", any(serve))
        .route("/proxy/{*path}", any(serve))
        .with_state(app)
}

/// Serves one call.
async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let began = Instant::now();
    let id = request_id::of(&request);
    let dialect = target::dialect_of(&app.proxy.upstreams, request.uri(), request.headers());
    let method = request.method().clone();
    let span = app.traces.as_ref().and_then(|traces| traces.request(&method, Some("/proxy"), request.headers()));
    let serving = async {
        // In a place of its own: what a call goes through is large, and would be moved at each layer.
        let answering = AssertUnwindSafe(Box::pin(answer(&app, request, began))).catch_unwind();
        let mut response = match answering.await {
            Ok(Ok(response)) => response,
            Ok(Err(Denied { refusal, evaluation_id })) => refused(refusal, evaluation_id, dialect),
            Err(_) => {
                tracing::error!(request_id = request_id::current(), "a model call made the proxy panic");
                let message = "the proxy failed";
                refused(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message), None, dialect)
            }
        };
        response.headers_mut().insert(request_id::HEADER, id.clone());
        app.metrics.answered(None, &method, response.status(), began.elapsed());
        request_id::with_span(|span| span.end(response.status()));
        response
    };
    request_id::scope(id.clone(), span, serving).await
}

fn refused(refusal: Refusal, evaluation_id: Option<String>, dialect: Dialect) -> Response {
    tracing::debug!(
        request_id = request_id::current(),
        status = refusal.status.as_u16(),
        code = &*refusal.code,
        "a model call was refused"
    );
    let mut response = refusal.into_response(dialect);
    if let Some(id) = evaluation_id {
        mark(response.headers_mut(), "deny", &id);
    }
    response
}

/// Says what was decided.
fn mark(headers: &mut HeaderMap, decision: &'static str, evaluation_id: &str) {
    headers.insert(DECISION, HeaderValue::from_static(decision));
    if let Ok(id) = HeaderValue::from_str(evaluation_id) {
        headers.insert(EVALUATION_ID, id);
    }
}

/// The reply to a call, or why there is none.
async fn answer(app: &Arc<App>, request: Request, began: Instant) -> Result<Response, Denied> {
    let (parts, received) = request.into_parts();
    if !app.proxy.settings.enabled {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "no_route", "model calls are not served here").into());
    }
    let target = Target::of(&app.proxy.upstreams, &parts.method, &parts.uri, &parts.headers)?;
    let presented = Presented::find(&parts.headers, target.query_key.as_deref().map(String::as_str));
    let address = || -> IpAddr {
        let seen = parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|seen| seen.0.ip());
        client::address_of(seen, &parts.headers, &app.config.trusted_proxies)
    };
    let calling = caller::identify(app, &presented, &parts.headers, address).await?;
    let mut held = Held::default();
    let body = receive(app, &parts.headers, received, &mut held).await?;
    let call = match target.route.operation {
        operation if operation.is_call() && parts.method == Method::POST => {
            Some(Call::decode(&target.route, &target.query, &body).map_err(Refusal::from)?)
        }
        _ => None,
    };
    let asking =
        Asking { target: &target, calling: &calling, method: parts.method.as_str(), call: call.as_ref(), began };
    let Admitted { mut exchange, decided } = admission::admit(app, &asking).await?;
    let denied = |refusal: Refusal| Denied { refusal, evaluation_id: Some(decided.id.clone()) };
    let settings = &exchange.facts().snapshot.settings;
    let credential = credential::choose(app, &target.upstream, &calling.agent, &presented, settings).await;
    let credential = credential.map_err(|refusal| failed(&mut exchange, "no_credential", refusal)).map_err(denied)?;
    exchange.tally.credential = credential.source;
    exchange.tally.held = held;
    let obligations: Vec<_> = decided.decision.obligations().cloned().collect();
    let edits = edits(&target, call.as_ref(), &obligations);
    let body = rewritten(body, &edits).map_err(denied)?;
    if !edits.is_empty() {
        exchange.note("call_edits", edits.len());
    }
    let sent_model = call.as_ref().and_then(|call| call.model.as_deref()).or(target.route.model.as_deref());
    let uri = aliased(&target, call.as_ref()).uri(sent_model).map_err(denied)?;
    let mut outgoing = axum::http::Request::new(if body.is_empty() { Body::empty() } else { Body::from(body) });
    *outgoing.method_mut() = parts.method.clone();
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers::outbound(&parts.headers, &target.upstream, &credential);
    drop(parts);
    // From here on the provider may have been paid.
    exchange.tally.stage = Stage::Sent;
    let reply = match app.proxy.client.send(outgoing).await {
        Ok(reply) => reply,
        Err(refusal) => {
            if refusal.code == "upstream_unreachable" {
                exchange.tally.stage = Stage::Free;
            }
            return Err(denied(failed(&mut exchange, "upstream_failed", refusal)));
        }
    };
    exchange.tally.first_byte = Some(began.elapsed());
    exchange.tally.status = Some(reply.status().as_u16());
    let mut response = deliver(app, exchange, call.as_ref(), reply).await.map_err(denied)?;
    mark(response.headers_mut(), "permit", &decided.id);
    Ok(response)
}

/// Notes how a call ended, and hands the refusal on.
fn failed(exchange: &mut Exchange, ending: &'static str, refusal: Refusal) -> Refusal {
    exchange.tally.ending = Some(ending);
    refusal
}

/// Reads the body of a call.
async fn receive(app: &App, headers: &HeaderMap, body: Body, held: &mut Held) -> Result<Bytes, Refusal> {
    let settings = &app.proxy.settings;
    let encoding = headers.get(header::CONTENT_ENCODING).map(|name| name.as_bytes());
    if encoding.is_some_and(|name| !name.eq_ignore_ascii_case(b"identity")) {
        let message = "the body must not be compressed: it is read here";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", message));
    }
    let patience = Duration::from_secs(app.config.limits.request_timeout_seconds.into());
    let bounds = Bounds {
        bytes: settings.max_body_bytes,
        idle: patience,
        until: tokio::time::Instant::now() + patience.saturating_mul(4),
    };
    body::read(body, bounds, &app.proxy.held, held).await.map_err(|error| match error {
        ReadError::TooLarge => {
            let message = format!("the body is larger than {} bytes", settings.max_body_bytes);
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        ReadError::Stalled | ReadError::TookTooLong => {
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body did not arrive in time")
        }
        ReadError::Broken(_) => Refusal::invalid("body_read_error", "the body broke off"),
        ReadError::Refused(refusal) => refusal,
    })
}

/// What is changed in a call before it leaves.
fn edits(target: &Target, call: Option<&Call>, obligations: &[zentinelle_core::decision::Obligation]) -> Vec<Edit> {
    let Some(call) = call else { return Vec::new() };
    let mut edits = call.edits_for(obligations);
    edits.extend(call.ask_for_usage());
    if let Some(text) = &call.model_text
        && let Some(behind) = target.upstream.model_behind(&text.text)
    {
        edits.push(Edit::text(text, behind));
    }
    edits
}

fn rewritten(body: Bytes, edits: &[Edit]) -> Result<Bytes, Refusal> {
    if edits.is_empty() {
        return Ok(body);
    }
    let changed = rewrite(&body, edits).map(Bytes::from);
    changed.map_err(|error| {
        tracing::error!(%error, "what policies ask for could not be done to a call");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "what policies ask for could not be done")
    })
}

/// The target with the model behind an alias, where the path names the model.
fn aliased<'t>(target: &'t Target, call: Option<&Call>) -> std::borrow::Cow<'t, Target> {
    let named = target.route.model.as_deref().filter(|_| call.is_none_or(|call| call.model_text.is_none()));
    match named.and_then(|named| Some((named, target.upstream.model_behind(named)?))) {
        Some((named, behind)) => {
            let mut other = target.clone();
            other.path = target.path.replacen(&format!("models/{named}"), &format!("models/{behind}"), 1);
            std::borrow::Cow::Owned(other)
        }
        None => std::borrow::Cow::Borrowed(target),
    }
}

/// Delivers a reply: an error as it is, a whole reply once it was judged.
async fn deliver(
    app: &Arc<App>,
    mut exchange: Exchange,
    call: Option<&Call>,
    reply: axum::http::Response<Incoming>,
) -> Result<Response, Refusal> {
    let (head, incoming) = reply.into_parts();
    let settings = &app.proxy.settings;
    let until = tokio::time::Instant::from_std(exchange.facts().began)
        + Duration::from_secs(settings.total_timeout_seconds.into());
    let idle = Duration::from_secs(settings.idle_timeout_seconds.into());
    let success = head.status.is_success();
    if head.status.is_redirection() {
        // Nothing is sent to where a reply points: hosts come from the configuration alone.
        exchange.tally.stage = Stage::Free;
        let refusal = Refusal::bad_gateway("the provider answered with a redirect, which is not followed");
        return Err(failed(&mut exchange, "redirect", refusal));
    }
    if !success {
        exchange.tally.stage = Stage::Free;
    }
    // It was asked to be plain. What is packed all the same is unpacked, and what cannot be is not delivered.
    let Some(packing) = Packing::of(&head.headers) else {
        let refusal = Refusal::bad_gateway("the provider's reply is packed in a way that is not understood");
        return Err(failed(&mut exchange, "unreadable", refusal));
    };
    let is_packed = packing != Packing::None;
    let incoming = unpacked(incoming, packing);
    let reads = call.is_some_and(|call| {
        let embeds = [Operation::Embeddings, Operation::EmbedContent, Operation::BatchEmbedContents];
        call.route.operation.generates() || embeds.contains(&call.route.operation)
    });
    let framing = call.filter(|_| success && reads).and_then(|call| framing(call, &head.headers));
    if success && (framing.is_some() || !reads) {
        // The body of the call is gone by now; a stream holds no more than its guard.
        exchange.tally.held = Held::default();
        let watch = framing.map(|framing| watch(app, &mut exchange, call, framing));
        if watch.is_none() {
            exchange.note("output", "not a model's words");
        }
        let stream = Stream::new(incoming, watch, exchange, idle, until);
        let mut response = Response::new(Body::new(stream));
        *response.status_mut() = head.status;
        *response.headers_mut() = headers::inbound(&head.headers, is_packed || framing.is_some());
        return Ok(response);
    }
    let bytes = if success { settings.max_reply_bytes } else { MOST_ERROR };
    let bounds = Bounds { bytes, idle, until };
    let mut held = std::mem::take(&mut exchange.tally.held);
    let body = body::read(incoming, bounds, &app.proxy.held, &mut held).await;
    exchange.tally.held = held;
    let body = body.map_err(|error| unread(&mut exchange, bytes, error))?;
    let (body, changed) = if success && reads {
        let length = body.len();
        let judged = whole::judge(&mut exchange, body).await;
        let judged = judged.inspect_err(|_| exchange.tally.ending = Some("withheld"))?;
        exchange.tally.ending = Some("complete");
        let changed = judged.len() != length || exchange.tally.scanned.get("output").is_some_and(|how| how == "masked");
        (judged, changed)
    } else {
        exchange.tally.ending = Some(if success { "complete" } else { "provider_error" });
        exchange.tally.complete = success;
        (body, false)
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = head.status;
    *response.headers_mut() = headers::inbound(&head.headers, is_packed || changed);
    Ok(response)
}

/// How a reply is cut into frames, if it is a stream. Where Google answers a call for a stream, it
/// is one whatever it claims to be: the first byte tells events from an array.
fn framing(call: &Call, headers: &HeaderMap) -> Option<Framing> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match Framing::of_content_type(kind)? {
        Framing::Sse => Some(Framing::Sse),
        // Nobody else writes a reply in pieces of JSON: any other JSON is a whole one.
        Framing::JsonArray => (call.stream && call.route.dialect == Dialect::Google).then_some(Framing::JsonArray),
    }
}

/// What watches the stream of a call.
fn watch(app: &App, exchange: &mut Exchange, call: Option<&Call>, framing: Framing) -> Watch {
    let facts = Arc::clone(exchange.facts());
    let rules = Rules::of(&facts.snapshot);
    let drop_usage = call.is_some_and(|call| call.ask_for_usage().is_some());
    let plan = rules.plan(&facts, &app.proxy.settings, drop_usage);
    exchange.tally.streamed = true;
    exchange.note("output", if rules.is_empty() { "no policy speaks of it" } else { "scanned as it flowed" });
    exchange.note("tool_calls", "judged as they were asked for");
    let watching = Watching::new(&facts.route, framing, plan.reads_on);
    Watch::new(StreamGuard::new(&facts.route, framing, plan.options), framing, rules, watching)
}

/// Why a reply was not read to its end.
fn unread(exchange: &mut Exchange, most: usize, error: ReadError) -> Refusal {
    let (ending, refusal) = match error {
        ReadError::TooLarge => {
            let mut refusal = Refusal::bad_gateway(format!("the provider's reply is larger than {most} bytes"));
            refusal.code = "response_too_large".into();
            ("too_large", refusal)
        }
        ReadError::Stalled => ("stalled", Refusal::upstream_timeout("the provider stopped answering")),
        ReadError::TookTooLong => ("timed_out", Refusal::upstream_timeout("the provider took too long")),
        ReadError::Broken(why) => {
            tracing::warn!(why, "a provider's reply broke off");
            ("broken", Refusal::bad_gateway("the provider's reply broke off"))
        }
        ReadError::Refused(refusal) => ("overloaded", refusal),
    };
    failed(exchange, ending, refusal)
}
