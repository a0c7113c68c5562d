//! Replies that a client may already have, and replies that nobody may keep.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// A reply under a tag; without a body when the client has this very one.
pub(crate) fn tagged(request: &HeaderMap, tag: &str, body: impl Serialize) -> Response {
    let tag = format!("\"{tag}\"");
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|list| list.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    });
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Json(body).into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// A reply that nothing on the way may keep.
pub(crate) type Unkept<T> = ([(HeaderName, &'static str); 1], Json<T>);

/// A reply that nothing on the way may keep, because it holds secrets.
pub(crate) fn unkept<T>(body: T) -> Unkept<T> {
    ([(header::CACHE_CONTROL, "no-store")], Json(body))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

    use super::tagged;

    #[test]
    fn a_client_that_has_the_reply_gets_no_body() {
        let status = |sent: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(sent) = sent {
                headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(sent));
            }
            tagged(&headers, "r1", "body").status()
        };
        for (sent, expected) in [
            (None, StatusCode::OK),
            (Some("\"r1\""), StatusCode::NOT_MODIFIED),
            (Some("\"r0\", W/\"r1\""), StatusCode::NOT_MODIFIED),
            (Some("*"), StatusCode::NOT_MODIFIED),
            (Some("r1"), StatusCode::OK),
        ] {
            assert_eq!(status(sent), expected, "{sent:?}");
        }
    }
}
