//! The id that ties a reply, its log lines and its records together.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// The header that carries the id both ways.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most of a caller's own id that is taken over.
const MOST: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request being served; empty outside one.
pub(crate) fn current() -> String {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// Gives every request an id, the caller's own when it sends a plain one.
pub(crate) async fn identify(request: Request, next: Next) -> Response {
    let plain = |id: &&HeaderValue| {
        !id.is_empty() && id.len() <= MOST && id.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'))
    };
    let id = request.headers().get(HEADER).filter(plain).cloned().unwrap_or_else(made);
    let mut response = CURRENT.scope(id.clone(), next.run(request)).await;
    response.headers_mut().insert(HEADER, id);
    response
}

fn made() -> HeaderValue {
    HeaderValue::from_str(&crate::clock::new_id()).unwrap_or(HeaderValue::from_static("none"))
}
