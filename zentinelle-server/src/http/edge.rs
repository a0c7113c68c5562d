//! What every request passes first and last: its id, its time limit, its line in the log, its
//! numbers, and the promise that a fault of the server is still an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use super::error::ApiError;
use super::request_id;
use super::throttle::Bucket;
use crate::app::App;

/// Query keys by which a request asks to wait for something. Unit: seconds.
const WAITS: [&str; 2] = ["wait", "wait_seconds"];
/// The most a request may ask to wait on top of its time limit. Unit: seconds.
const LONGEST_WAIT: u64 = 300;

/// Serves one request from its first byte to the head of its answer.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id::of(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let method = request.method().clone();
    let span = app.traces.as_ref().and_then(|traces| traces.request(&method, route, request.headers()));
    let serving = async {
        let mut response = answer(&app, request, next).await;
        finish(&app, route, &method, &mut response);
        let took = started.elapsed();
        app.metrics.answered(route, &method, response.status(), took);
        log(route, &method, response.status(), took);
        request_id::with_span(|span| span.end(response.status()));
        response
    };
    let mut response = request_id::scope(id.clone(), span, serving).await;
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// The answer in time, or why there is none.
async fn answer(app: &App, request: Request, next: Next) -> Response {
    // No id holds what is not text or a NUL, and no database should be asked for one.
    if !is_text(request.uri().path()) {
        return ApiError::NoRoute.into_response();
    }
    let limit = app.config.limits.max_body_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced.is_some_and(|length| length.parse::<u64>().is_ok_and(|length| length > limit as u64)) {
        // Not read to its end: the connection is of no further use.
        let mut response = ApiError::TooLarge { limit }.into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    let patience = u64::from(app.config.limits.request_timeout_seconds) + wait_of(request.uri().query());
    let serving = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(Duration::from_secs(patience), serving).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::Internal("a handler panicked".to_owned()).into_response(),
        Err(_) => ApiError::TimedOut { seconds: patience }.into_response(),
    }
}

/// Whether a path, its escapes undone, is text without a NUL.
fn is_text(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match byte {
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => bytes.push(u8::try_from(high * 16 + low).unwrap_or_default()),
                _ => return false,
            },
            byte => bytes.push(byte),
        }
    }
    std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0'))
}

/// How long the request asks to wait. Unit: seconds.
fn wait_of(query: Option<&str>) -> u64 {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let waits = pairs.filter(|(key, _)| WAITS.contains(key)).filter_map(|(_, seconds)| seconds.parse::<u64>().ok());
    waits.max().unwrap_or_default().min(LONGEST_WAIT)
}

/// What every answer carries.
fn finish(app: &App, route: Option<&str>, method: &Method, response: &mut Response) {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(allowed) = route.map(|route| app.access.methods(route)).filter(|allowed| !allowed.is_empty())
        && let Ok(allowed) = HeaderValue::from_str(&allowed)
    {
        if method == Method::OPTIONS {
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.body_mut() = axum::body::Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    if !has_envelope(response) {
        // Refused by an extractor of the library, in words of its own.
        let status = response.status();
        let error = match status {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge { limit: app.config.limits.max_body_bytes },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::MediaType,
            status if status.is_client_error() => ApiError::invalid("request", "a part of it is not as described"),
            _ => ApiError::Internal(format!("an answer of {status} without the envelope")),
        };
        *response = error.into_response();
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Whether an answer is no failure, or one that tells what failed.
fn has_envelope(response: &Response) -> bool {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return true;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/") && kind.contains("json")
}

/// One line a request. What agents send all day long shows from `debug` on, unless it failed.
fn log(route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
    let frequent = Bucket::of_route(route.unwrap_or_default()).is_frequent();
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = request_id::current(),
                %method,
                route = route.unwrap_or("(none)"),
                status = status.as_u16(),
                duration_ms = took.as_secs_f64() * 1e3,
                tenant = request_id::tenant().as_ref().map(|tenant| tenant.as_str()),
                "answered"
            )
        };
    }
    if status.is_server_error() {
        line!(warn);
    } else if frequent {
        line!(debug);
    } else {
        line!(info);
    }
}

#[cfg(test)]
mod tests {
    use super::{is_text, wait_of};

    #[test]
    fn paths_are_text() {
        for path in ["/a/b", "/a%20b", "/%c3%a9"] {
            assert!(is_text(path), "{path}");
        }
        for path in ["/%ff", "/a%00", "/%c3", "/%", "/%4", "/%zz"] {
            assert!(!is_text(path), "{path}");
        }
    }

    #[test]
    fn a_request_may_ask_for_more_time_but_not_for_ever() {
        assert_eq!(wait_of(None), 0);
        assert_eq!(wait_of(Some("status=open&wait_seconds=20")), 20);
        assert_eq!(wait_of(Some("wait=99999999")), 300);
        assert_eq!(wait_of(Some("wait=soon&other=5&wait")), 0);
    }
}
