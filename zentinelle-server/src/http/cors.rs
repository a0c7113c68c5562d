//! Which pages of other origins a browser may let call with credentials.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Cors;

/// How long a browser may remember the answer.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The layer, when any origin is allowed.
pub(crate) fn layer(cors: &Cors) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        cors.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let own = |name: &'static str| HeaderName::from_static(name);
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            own("x-zentinelle-key"),
            own("x-zentinelle-org"),
            own("x-request-id"),
            own("x-csrftoken"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            own("x-request-id"),
            own("x-ratelimit-limit"),
            own("x-ratelimit-remaining"),
            own("x-ratelimit-window"),
            own("x-ratelimit-reset"),
        ])
        .max_age(REMEMBERED);
    Some(layer)
}
