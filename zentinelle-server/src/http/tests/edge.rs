//! What every answer carries, and what is answered when nothing else can be.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::auth::Role;
use crate::http::edge;
use crate::testing::TestServer;

fn bare(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn body(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    for path in ["/api/v1/evaluate", "/api/v1/evaluate/"] {
        let (status, _) = server.post(path, &key, json!({"action": "a"})).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_get_the_envelope() {
    let server = TestServer::sqlite().await;
    let response = server.answer(bare(Method::GET, "/nowhere")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(response).await["error"], "no_route");
    let response = server.answer(bare(Method::DELETE, "/api/v1/evaluate")).await;
    assert_eq!((response.status(), header(&response, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "OPTIONS, POST"));
    assert_eq!(body(response).await["error"], "method_not_allowed");
    let response = server.answer(bare(Method::OPTIONS, "/health")).await;
    assert_eq!((response.status(), header(&response, "allow")), (StatusCode::NO_CONTENT, "GET, HEAD, OPTIONS"));
    let response = server.answer(bare(Method::HEAD, "/health")).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_names_its_request_and_may_not_be_kept() {
    let server = TestServer::sqlite().await;
    let mut request = bare(Method::GET, "/nowhere");
    request.headers_mut().insert("x-request-id", "mine-1".parse().expect("a header"));
    let response = server.answer(request).await;
    assert_eq!(header(&response, "x-request-id"), "mine-1");
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(body(response).await["request_id"], "mine-1");
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call_and_others_may_not() {
    let portal = "https://portal.example.com";
    let server = TestServer::configured(|config| config.cors.allowed_origins = vec![portal.to_owned()]).await;
    for (origin, allowed) in [(portal, portal), ("https://evil.example.com", "")] {
        let mut request = bare(Method::OPTIONS, "/api/v1/evaluate");
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().expect("a header"));
        headers.insert("access-control-request-method", "POST".parse().expect("a header"));
        let response = server.answer(request).await;
        assert_eq!(header(&response, "access-control-allow-origin"), allowed);
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let server = TestServer::configured(|config| config.limits.max_body_bytes = 1_024).await;
    let mut request = bare(Method::POST, "/api/v1/evaluate");
    request.headers_mut().insert("content-length", "1025".parse().expect("a header"));
    let response = server.answer(request).await;
    assert_eq!((response.status(), header(&response, "connection")), (StatusCode::PAYLOAD_TOO_LARGE, "close"));
    assert_eq!(body(response).await["detail"], "the body is larger than 1024 bytes");
}

#[tokio::test]
async fn a_handler_that_panics_or_takes_too_long_is_still_an_answer() {
    async fn panics() {
        panic!("of a secret");
    }
    let server = TestServer::configured(|config| config.limits.request_timeout_seconds = 1).await;
    let routes = Router::new()
        .route("/panics", get(panics))
        .route("/sleeps", get(|| tokio::time::sleep(Duration::from_secs(60))))
        .layer(from_fn_with_state(server.app.clone(), edge::serve));
    for (path, status, error) in [
        ("/panics", StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        ("/sleeps", StatusCode::SERVICE_UNAVAILABLE, "timed_out"),
    ] {
        let response = routes.clone().oneshot(bare(Method::GET, path)).await.expect("an answer");
        assert_eq!(response.status(), status, "{path}");
        let body = body(response).await;
        assert_eq!(body["error"], error);
        assert!(!body.to_string().contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn a_stopping_server_is_alive_but_not_ready() {
    let server = TestServer::sqlite().await;
    server.app.stop_soon();
    assert_eq!(server.get("/health", "").await.0, StatusCode::OK);
    let (status, answer) = server.get("/ready", "").await;
    assert_eq!((status, &answer["checks"]["server"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("stopping")));
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_decisions_by_effect_and_name_nobody() {
    let server = TestServer::sqlite().await;
    let agent = server.agent("builder-of-secrets").await;
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    for tool in ["shell", "search", "shell"] {
        server.post("/api/v1/evaluate", &agent, json!({"action": "tool_call", "context": {"tool": tool}})).await;
    }
    server.get("/api/v1/evaluate", "nonsense").await;
    server.post("/api/v1/evaluate", "nonsense", json!({})).await;
    let (_, text) = server.get("/metrics", "").await;
    let text = text.as_str().expect("text");
    for line in [
        r#"zentinelle_http_requests_total{method="POST",route="/api/v1/evaluate",status="200"} 3"#,
        r#"zentinelle_http_requests_total{method="POST",route="/api/v1/evaluate",status="401"} 1"#,
        r#"zentinelle_decisions_total{effect="deny"} 2"#,
        r#"zentinelle_decision_duration_seconds_count{effect="permit"} 1"#,
        r#"zentinelle_auth_failures_total{reason="malformed"} 1"#,
        r#"zentinelle_up{part="journal"} 1"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("builder-of-secrets") && !text.contains(server.tenant.as_str()), "{text}");
}

#[tokio::test]
async fn what_is_switched_off_is_not_there() {
    let server = TestServer::configured(|config| {
        config.docs.enabled = false;
        config.telemetry.metrics = false;
    })
    .await;
    let key = server.operator(Role::Admin).await;
    for path in ["/metrics", "/api/docs", "/api/openapi.json", "/api/docs/swagger-ui.css"] {
        assert_eq!(server.get(path, &key).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_page_of_the_interface_needs_nothing_from_elsewhere() {
    let server = TestServer::sqlite().await;
    for (path, kind) in [
        ("/api/docs", "text/html"),
        ("/api/docs/", "text/html"),
        ("/api/docs/start.js", "text/javascript"),
        ("/api/docs/swagger-ui.css", "text/css"),
        ("/api/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/api/docs/favicon-32x32.png", "image/png"),
        ("/api/openapi.json", "application/json"),
    ] {
        let response = server.answer(bare(Method::GET, path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(header(&response, "content-type").starts_with(kind), "{path}: {}", header(&response, "content-type"));
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    }
    assert_eq!(server.get("/api/docs/../server.rs", "").await.0, StatusCode::NOT_FOUND);
}
