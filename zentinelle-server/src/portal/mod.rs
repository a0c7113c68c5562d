//! The portal: static files that are built into the binary and served below `/zentinelle/`.
//!
//! They need no key: what they show, browsers ask for with the session's cookie. Every page tells
//! the browser which scripts and styles are its own, by their hashes.

mod files;
mod inline;
mod redirects;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rust_embed::Embed;

use self::files::{File, Files};

/// What `scripts/portal.sh` built; nothing when it did not run before the binary was built.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/portal/out"]
struct Built;

/// How long a browser keeps a file whose name changes with what is in it.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// How long a browser speaks to this host over TLS alone, once it did. Unit: seconds.
const STRICT_TRANSPORT: &str = "max-age=31536000";
/// What is said where there is no portal.
const NOT_BUILT: &str = include_str!("not_built.html");

/// What the routes need.
#[derive(Debug)]
struct Portal {
    files: Files,
    secure: bool,
}

/// The portal's routes. Those of other releases' portals lead to them.
pub(crate) fn routes(secure: bool) -> Router {
    let built = Built::iter().filter_map(|path| Some((path.to_string(), Built::get(&path)?)));
    let portal = Arc::new(Portal { files: Files::new(built), secure });
    Router::new()
        .route("/zentinelle", get(root))
        .route("/zentinelle/{*path}", get(file))
        .with_state(portal)
        .merge(redirects::routes())
}

async fn root(State(portal): State<Arc<Portal>>, headers: HeaderMap) -> Response {
    portal.answer("", &headers)
}

async fn file(State(portal): State<Arc<Portal>>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    portal.answer(&path, &headers)
}

impl Portal {
    fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        let mut response = match self.files.find(path) {
            Some(file) => serve(file, StatusCode::OK, headers),
            None if self.files.is_empty() => not_built(),
            None => match self.files.find("404.html") {
                Some(page) => serve(page, StatusCode::NOT_FOUND, headers),
                None => StatusCode::NOT_FOUND.into_response(),
            },
        };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.secure {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
        }
        response
    }
}

/// One file, in the smallest form that the browser takes, unless it has it already.
fn serve(file: &File, status: StatusCode, asked: &HeaderMap) -> Response {
    let (body, encoding) = file.body(asked.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok()));
    let etag = match encoding {
        Some(encoding) => format!("\"{}-{encoding}\"", file.etag),
        None => format!("\"{}\"", file.etag),
    };
    let cache = if file.immutable { FOR_EVER } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let texts = [(header::ETAG, Some(&etag)), (header::CONTENT_SECURITY_POLICY, file.policy.as_ref())];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut known = known.flat_map(|tags| tags.split(','));
    if status == StatusCode::OK && known.any(|tag| tag.trim().trim_start_matches("W/") == etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if let Ok(kind) = HeaderValue::from_str(&file.kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (status, headers, body).into_response()
}

fn not_built() -> Response {
    let policy = inline::policy(NOT_BUILT);
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, axum::response::Html(NOT_BUILT)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
