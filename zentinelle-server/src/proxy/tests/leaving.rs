//! What leaves: where to, with which key, and with which headers.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Bench, Say, chat, upstream};
use crate::auth::Role;
use crate::config::proxy::AuthStyle;

#[tokio::test]
async fn no_header_and_no_reply_leads_a_call_elsewhere() {
    let bench = Bench::new().await;
    let headers = [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-vertex-region", "evil.test/"),
        ("forwarded", "host=evil.test"),
        ("x-original-url", "http://evil.test/"),
    ];
    let answer = bench.send(Method::GET, "/v1/models", &headers, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let got = bench.provider.last();
    assert_eq!((got.method.as_str(), got.path.as_str()), ("GET", "/v1/models"));
    assert_eq!(got.header("host").map(|host| format!("http://{host}")), Some(bench.provider.url()));
    for place in ["http://169.254.169.254/latest/meta-data/", "/v1/models"] {
        bench.provider.says(Say::Redirect(place.to_owned()));
        let before = bench.provider.got().len();
        let answer = bench.send(Method::GET, "/v1/models", &[], Body::empty()).await;
        assert_eq!((answer.status, bench.provider.got().len()), (StatusCode::BAD_GATEWAY, before + 1));
    }
    for path in ["/proxy/nobody/v1/models", "/proxy/openai/v1/%2e%2e/x", "/proxy/openai/v1//x", "/proxy/openai"] {
        let answer = bench.send(Method::GET, path, &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_name_that_leads_into_the_own_network_is_refused() {
    let bench = Bench::configured(|config| {
        // Not said to be private, and looked up as this machine.
        let inside = crate::config::proxy::Upstream {
            kind: Some(crate::config::proxy::UpstreamKind::OpenaiCompatible),
            base_url: "https://localhost:9".to_owned(),
            api_key: "sk-inside-0123456789".into(),
            ..Default::default()
        };
        config.proxy.upstreams.insert("inside".to_owned(), inside);
    })
    .await;
    let answer = bench.send(Method::GET, "/proxy/inside/v1/models", &[], Body::empty()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text());
    assert!(answer.text().contains("may not be called"), "{}", answer.text());
}

#[tokio::test]
async fn one_credential_leaves_and_it_is_the_nearest() {
    let bench = Bench::configured(|config| {
        config.proxy.upstreams.get_mut("google").expect("google").api_key = "".into();
        config.proxy.upstreams.get_mut("local").expect("local").auth = Some(AuthStyle::None);
    })
    .await;
    let operator = bench.server.operator(Role::Admin).await;
    let ours = bench.key.clone();
    let bearer = format!("Bearer {ours}");
    let slots = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
    let credentials = |got: &super::provider::Got| -> Vec<(String, String)> {
        slots.iter().filter_map(|slot| Some(((*slot).to_owned(), got.header(slot)?.to_owned()))).collect()
    };
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    // The server's own, whatever the caller brought.
    let brought = [("x-api-key", "sk-ant-callers"), ("authorization", "Bearer sk-callers")];
    bench.send(Method::GET, "/proxy/openai/v1/models", &brought, Body::empty()).await;
    assert_eq!(credentials(&bench.provider.last()), pair("authorization", "Bearer sk-of-the-server-0123456789"));
    bench.send(Method::GET, "/proxy/anthropic/v1/models", &brought, Body::empty()).await;
    assert_eq!(credentials(&bench.provider.last()), pair("x-api-key", "sk-of-the-server-0123456789"));
    // The caller's, where there is no other.
    let path = "/proxy/google/v1beta/models?key=AIzaCallers&pageSize=3";
    bench.send(Method::GET, path, &[], Body::empty()).await;
    let got = bench.provider.last();
    assert_eq!(
        (credentials(&got), got.path.as_str()),
        (pair("x-goog-api-key", "AIzaCallers"), "/v1beta/models?pageSize=3")
    );
    // Ours in the provider's place is ours, and then there is none.
    let answer = bench
        .send(
            Method::GET,
            "/proxy/google/v1beta/models",
            &[("x-zentinelle-key", ""), ("x-goog-api-key", &ours)],
            Body::empty(),
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()["error"]["status"].as_str()),
        (StatusCode::FORBIDDEN, Some("PERMISSION_DENIED"))
    );
    // The tenant's, before the server's.
    let kept = json!({ "value": "sk-of-the-tenant-0123456789" });
    let (status, said) =
        bench.server.send(Method::PUT, "/api/zentinelle/v1/provider-keys/openai", &operator, kept).await;
    assert!(status.is_success(), "{said}");
    bench.send(Method::GET, "/v1/models", &[("x-zentinelle-key", ""), ("authorization", &bearer)], Body::empty()).await;
    assert_eq!(credentials(&bench.provider.last()), pair("authorization", "Bearer sk-of-the-tenant-0123456789"));
    // None, where none is wanted.
    bench.send(Method::GET, "/proxy/local/v1/models", &brought, Body::empty()).await;
    assert_eq!(credentials(&bench.provider.last()), []);
    for got in bench.provider.got() {
        let sent = format!("{:?} {}", got.headers, got.path);
        assert!(!sent.contains(&ours), "our key left: {sent}");
    }
}

#[tokio::test]
async fn whoever_has_no_good_key_gets_nowhere_in_the_words_of_the_sdk() {
    let bench = Bench::new().await;
    let bad = format!("sk_agent_{}", "a".repeat(43));
    for (path, key, at) in [
        ("/v1/models", "", "/error/code"),
        ("/v1/models", bad.as_str(), "/error/code"),
        ("/proxy/anthropic/v1/models", bad.as_str(), "/error/type"),
        ("/proxy/google/v1beta/models", bad.as_str(), "/error/status"),
    ] {
        let answer = bench.send(Method::GET, path, &[("x-zentinelle-key", key)], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {}", answer.text());
        let said = answer.json();
        let word = said.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = ["missing_key", "invalid_key", "authentication_error", "UNAUTHENTICATED"];
        assert!(known.contains(&word.as_str()), "{said}");
    }
    assert!(bench.provider.got().is_empty());
    let operator = bench.server.operator(Role::Admin).await;
    let answer = bench.send(Method::GET, "/v1/models", &[("x-zentinelle-key", &operator)], Body::empty()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn headers_of_the_connection_and_of_the_caller_end_here() {
    let bench = Bench::new().await;
    let headers = [
        ("cookie", "session=1"),
        ("x-forwarded-for", "10.0.0.9"),
        ("via", "1.1 x"),
        ("connection", "x-secret-hop"),
        ("x-secret-hop", "1"),
        ("x-zentinelle-user", "jo"),
        ("accept-encoding", "gzip, br"),
        ("openai-organization", "org-1"),
        ("x-stainless-lang", "python"),
    ];
    bench.provider.says(Say::Headers(vec![
        ("x-request-id", "req_of_provider"),
        ("x-ratelimit-remaining-requests", "9"),
        ("set-cookie", "a=b"),
        ("x-zentinelle-decision", "forged"),
        ("keep-alive", "timeout=5"),
    ]));
    let answer = bench.send(Method::GET, "/v1/models", &headers, Body::empty()).await;
    let got = bench.provider.last();
    for name in
        ["cookie", "x-forwarded-for", "via", "x-secret-hop", "x-zentinelle-user", "x-zentinelle-key", "content-length"]
    {
        assert_eq!(got.header(name), None, "{name}");
    }
    assert_eq!(got.header("accept-encoding"), Some("identity"));
    assert_eq!((got.header("openai-organization"), got.header("x-stainless-lang")), (Some("org-1"), Some("python")));
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("9"));
    assert_eq!(answer.header("x-upstream-request-id"), Some("req_of_provider"));
    assert_eq!(answer.header("x-zentinelle-decision"), Some("permit"));
    assert!(answer.header("x-zentinelle-evaluation-id").is_some() && answer.header("x-request-id").is_some());
    assert_eq!((answer.header("set-cookie"), answer.header("keep-alive")), (None, None));
    assert_eq!(answer.headers.get_all("x-zentinelle-decision").iter().count(), 1);
}

#[tokio::test]
async fn what_nobody_here_can_read_passes_only_where_the_tenant_wants_it() {
    let bench = Bench::new().await;
    for path in ["/v1/files", "/v1/batches", "/v1/assistants", "/v1/images/generations"] {
        let answer = bench.send(Method::POST, path, &[], "{}").await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (StatusCode::FORBIDDEN, Some("unread")),
            "{path}"
        );
    }
    assert!(bench.provider.got().is_empty());
    let operator = bench.server.operator(Role::Admin).await;
    let change = json!({ "proxy": { "unread": "permit" } });
    let (status, said) = bench.server.send(Method::PATCH, "/api/zentinelle/v1/settings", &operator, change).await;
    assert!(status.is_success(), "{said}");
    let answer = bench.send(Method::POST, "/v1/files", &[], "{}").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let compressed =
        bench.send(Method::POST, "/v1/chat/completions", &[("content-encoding", "gzip")], chat().to_string()).await;
    assert_eq!(compressed.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let _ = upstream(&bench.provider, None);
}
