//! The portal's answers, with files of a test's own.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use rust_embed::{EmbeddedFile, Metadata};

use super::{Files, Portal};
use crate::testing::TestServer;

fn portal(files: &[(&str, &str)]) -> Portal {
    let built = files.iter().map(|(path, text)| {
        let mut digest = [0; 32];
        for (at, byte) in text.bytes().enumerate() {
            digest[at % 32] ^= byte;
        }
        let kind = if path.ends_with(".html") { "text/html" } else { "text/javascript" };
        let metadata = Metadata::__rust_embed_new(digest, None, None, kind);
        ((*path).to_owned(), EmbeddedFile { data: Cow::Owned(text.as_bytes().to_vec()), metadata })
    });
    Portal { files: Files::new(built), secure: true }
}

#[tokio::test]
async fn pages_are_found_by_their_folder_and_kept_only_as_long_as_they_are_the_same() {
    let portal = portal(&[
        ("index.html", "<script>home()</script>"),
        ("agents/index.html", "<p>agents</p>"),
        ("404.html", "<p>lost</p>"),
        ("_next/static/a1.js", "x"),
        ("_next/static/a1.js.br", "smaller"),
    ]);
    let none = HeaderMap::new();
    for (path, status, cache) in [
        ("", StatusCode::OK, "no-cache"),
        ("agents", StatusCode::OK, "no-cache"),
        ("agents/index.html", StatusCode::OK, "no-cache"),
        ("nowhere", StatusCode::NOT_FOUND, "no-cache"),
        ("../etc/passwd", StatusCode::NOT_FOUND, "no-cache"),
        ("_next/static/a1.js.br", StatusCode::NOT_FOUND, "no-cache"),
        ("_next/static/a1.js", StatusCode::OK, "public, max-age=31536000, immutable"),
    ] {
        let answer = portal.answer(path, &none);
        let found = answer.headers()["cache-control"].to_str().expect("text");
        assert_eq!((answer.status(), found), (status, cache), "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert!(answer.headers().contains_key("strict-transport-security"));
        let is_page = answer.headers()["content-type"] == "text/html; charset=utf-8";
        assert_eq!(answer.headers().contains_key("content-security-policy"), is_page, "{path}");
    }
    let etag = portal.answer("", &none).headers()["etag"].clone();
    let again = HeaderMap::from_iter([(axum::http::header::IF_NONE_MATCH, etag)]);
    assert_eq!(portal.answer("", &again).status(), StatusCode::NOT_MODIFIED);
    assert_eq!(portal.answer("agents", &again).status(), StatusCode::OK);

    for (accepted, encoding) in [("gzip, br", Some("br")), ("gzip", None), ("br;q=0, gzip", None)] {
        let asked = HeaderMap::from_iter([(axum::http::header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
        let answer = portal.answer("_next/static/a1.js", &asked);
        let found = answer.headers().get("content-encoding").map(|encoding| encoding.to_str().expect("text"));
        assert_eq!(found, encoding, "{accepted}");
    }
}

#[tokio::test]
async fn without_a_portal_the_page_says_how_to_build_it() {
    let answer = portal(&[]).answer("agents", &HeaderMap::new());
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    assert!(String::from_utf8_lossy(&body).contains("scripts/portal.sh"));
}

#[tokio::test]
async fn the_front_door_and_the_routes_of_old_lead_to_the_portal() {
    let server = TestServer::sqlite().await;
    for (path, place) in [
        ("/", "/zentinelle/"),
        ("/dashboard", "/zentinelle/"),
        ("/agents/", "/zentinelle/agents/"),
        ("/agents/groups", "/zentinelle/agent-groups/"),
        ("/policies/0198?x=1", "/zentinelle/policies/?x=1"),
        ("/settings/api-keys", "/zentinelle/settings/?tab=keys"),
        ("/incidents?status=open", "/zentinelle/risk/?tab=incidents&status=open"),
    ] {
        let request = Request::builder().uri(path).body(axum::body::Body::empty()).expect("a request");
        let answer = server.answer(request).await;
        let found = answer.headers()["location"].to_str().expect("text");
        assert_eq!((answer.status(), found), (StatusCode::TEMPORARY_REDIRECT, place), "{path}");
    }
    let request = Request::builder().uri("/zentinelle/").body(axum::body::Body::empty()).expect("a request");
    let answer = server.answer(request).await;
    assert!([StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status()), "{}", answer.status());
    assert!(answer.headers().contains_key("content-security-policy"));
}
