//! Which headers go to the provider, and which come back.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::credential::{Credential, Slot};
use super::upstream::Upstream;

/// Headers of one connection, which end here.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];
/// Headers of the caller that mean nothing to a provider, or tell it what it need not know.
const PRIVATE: [&str; 15] = [
    "accept-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "origin",
    "referer",
    "traceparent",
    "tracestate",
    "via",
    "x-real-ip",
    "x-request-id",
    "content-encoding",
    "baggage",
];
/// Families of them.
const PRIVATE_PREFIXES: [&str; 4] = ["x-zentinelle-", "x-forwarded-", "x-vertex-", "sec-fetch-"];
/// Headers that pass where an upstream lists those it wants.
const ALWAYS: [&str; 3] = ["accept", "content-type", "user-agent"];

/// The headers of a call as they leave, with the one credential.
pub(crate) fn outbound(received: &HeaderMap, upstream: &Upstream, credential: &Credential) -> HeaderMap {
    let named = named_in_connection(received);
    let wanted = |name: &HeaderName| match &upstream.headers {
        None => true,
        Some(list) => list.contains(name) || ALWAYS.contains(&name.as_str()),
    };
    let mut sent = HeaderMap::with_capacity(received.len() + 3);
    for (name, value) in received {
        let text = name.as_str();
        let ends_here = HOP_BY_HOP.contains(&text)
            || PRIVATE.contains(&text)
            || PRIVATE_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            || Slot::ALL.iter().any(|slot| slot.header() == *name)
            || named.iter().any(|named| named.eq_ignore_ascii_case(text));
        if !ends_here && wanted(name) {
            sent.append(name.clone(), value.clone());
        }
    }
    // What is looked at must be readable; a provider that compresses all the same is unpacked.
    sent.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some((name, value)) = &credential.header {
        sent.insert(name.clone(), value.clone());
    }
    sent
}

/// The headers of a reply as the caller gets them. `rewritten`: the body is not the provider's own
/// bytes any more, so neither its length nor its encoding hold.
pub(crate) fn inbound(received: &HeaderMap, rewritten: bool) -> HeaderMap {
    let named = named_in_connection(received);
    let mut passed = HeaderMap::with_capacity(received.len() + 4);
    for (name, value) in received {
        let text = name.as_str();
        let ends_here = HOP_BY_HOP.contains(&text)
            || matches!(text, "x-request-id" | "set-cookie" | "alt-svc" | "strict-transport-security")
            || text.starts_with("x-zentinelle-")
            || (rewritten && matches!(text, "content-length" | "content-encoding" | "etag" | "content-md5" | "digest"))
            || named.iter().any(|named| named.eq_ignore_ascii_case(text));
        if !ends_here {
            passed.append(name.clone(), value.clone());
        }
    }
    // OpenAI's SDK shows this header as the request's id; ours stands beside the provider's own.
    if let Some(id) = received.get("x-request-id") {
        passed.insert(HeaderName::from_static("x-upstream-request-id"), id.clone());
    }
    passed
}

fn named_in_connection(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Headers that a relay passes on in either direction: all but those of one connection.
pub(crate) fn relayed(received: &HeaderMap) -> HeaderMap {
    let named = named_in_connection(received);
    let ends_here = |name: &HeaderName| {
        HOP_BY_HOP.contains(&name.as_str())
            || *name == header::HOST
            || *name == header::CONTENT_LENGTH
            || named.iter().any(|named| named.eq_ignore_ascii_case(name.as_str()))
    };
    received.iter().filter(|(name, _)| !ends_here(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
