//! What belongs to the request being served: the id that ties a reply, its log lines and its
//! records together, and the tenant it turned out to be for.

use std::sync::OnceLock;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use zentinelle_core::ids::TenantId;

use crate::telemetry::traces::RequestSpan;

/// The header that carries the id both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most of a caller's own id that is taken over.
const MOST: usize = 128;

tokio::task_local! {
    static CURRENT: Current;
}

/// What is known of the request being served.
#[derive(Debug)]
struct Current {
    id: HeaderValue,
    tenant: OnceLock<TenantId>,
    span: Option<RequestSpan>,
}

/// The id of the request being served; empty outside one.
pub(crate) fn current() -> String {
    CURRENT.try_with(|current| current.id.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// Says for which tenant the request is.
pub(crate) fn belongs_to(tenant: &TenantId) {
    // Outside a request there is nothing to remember.
    let _ = CURRENT.try_with(|current| current.tenant.set(tenant.clone()));
}

/// For which tenant the request is, once its key was checked.
pub(crate) fn tenant() -> Option<TenantId> {
    CURRENT.try_with(|current| current.tenant.get().cloned()).ok().flatten()
}

/// Does something with the trace of the request being served, if it is traced.
pub(crate) fn with_span(act: impl FnOnce(&RequestSpan)) {
    let _ = CURRENT.try_with(|current| current.span.as_ref().map(act));
}

/// The id of a request, the caller's own when it sends a plain one.
pub(crate) fn of(request: &Request) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        !id.is_empty() && id.len() <= MOST && id.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~'))
    };
    request.headers().get(HEADER).filter(plain).cloned().unwrap_or_else(made)
}

/// Serves a request under its id.
pub(crate) async fn scope<F: Future>(id: HeaderValue, span: Option<RequestSpan>, serving: F) -> F::Output {
    CURRENT.scope(Current { id, tenant: OnceLock::new(), span }, serving).await
}

fn made() -> HeaderValue {
    HeaderValue::from_str(&crate::clock::new_id()).unwrap_or(HeaderValue::from_static("none"))
}
