//! Limits as clients meet them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use serde_json::json;

use super::{Bucket, Slot, Throttle};
use crate::config::Rate;
use crate::store::tenants;
use crate::testing::TestServer;

async fn evaluate(server: &TestServer, key: &str) -> Response {
    let request = Request::post("/api/v1/evaluate")
        .header("x-zentinelle-key", key)
        .header("content-type", "application/json")
        .body(Body::from(r#"{"action":"a"}"#))
        .expect("a request");
    server.answer(request).await
}

fn number(response: &Response, name: &str) -> u64 {
    let text = response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none");
    text.parse().unwrap_or_else(|_| panic!("{name} is {text}"))
}

#[tokio::test]
async fn a_burst_of_half_as_many_again_goes_through_and_no_more() {
    let server = TestServer::configured(|config| {
        config.throttle.enabled = true;
        config.throttle.evaluate = Rate::new(4, 3_600);
    })
    .await;
    let key = server.agent("busy").await;
    let now = crate::clock::now_micros() / 1_000_000;
    for expected in [3, 2, 1, 0, 0, 0] {
        let response = evaluate(&server, &key).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(number(&response, "x-ratelimit-limit"), 4);
        // The bucket holds six; the last two are grace.
        assert_eq!(number(&response, "x-ratelimit-remaining"), expected, "after {response:?}");
        assert_eq!(number(&response, "x-ratelimit-window"), 3_600);
        assert!(number(&response, "x-ratelimit-reset") > now as u64);
    }
    let response = evaluate(&server, &key).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    // Longer than the fifteen minutes until the next place is free is not said: see `LONGEST_WAIT`.
    assert_eq!(number(&response, "retry-after"), 59);
    assert_eq!(number(&response, "x-ratelimit-remaining"), 0);
    let body = axum::body::to_bytes(response.into_body(), 4_096).await.expect("a body");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["error"], &body["retry_after"]), (&json!("rate_limit_exceeded"), &json!(59)));
    // Another caller has a bucket of its own, and what watches the server is never refused.
    assert_eq!(evaluate(&server, &server.agent("other").await).await.status(), StatusCode::OK);
    for _ in 0..200 {
        assert_eq!(server.get("/health", "").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_tenant_chooses_its_own_limit_below_the_servers() {
    let server = TestServer::configured(|config| config.throttle.enabled = true).await;
    let mut row = tenants::by_id(server.app.store.db(), &server.tenant)
        .await
        .expect("read")
        .expect("a tenant")
        .into_active_model();
    row.settings = Set(json!({"evaluate_per_minute": 2}));
    row.update(server.app.store.db()).await.expect("written");
    let key = server.agent("busy").await;
    for _ in 0..3 {
        let response = evaluate(&server, &key).await;
        assert_eq!((response.status(), number(&response, "x-ratelimit-limit")), (StatusCode::OK, 2));
    }
    assert_eq!(evaluate(&server, &key).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_address_with_bad_keys_only_gets_through_with_keys_known_to_be_good() {
    let server = TestServer::configured(|config| {
        config.throttle.enabled = true;
        config.throttle.failures = Rate::new(2, 60);
    })
    .await;
    let known = server.agent("known").await;
    let unused = server.agent("unused").await;
    assert_eq!(evaluate(&server, &known).await.status(), StatusCode::OK);
    let guess = |n: usize| format!("sk_agent_{n:0>43}");
    for n in 0..3 {
        assert_eq!(evaluate(&server, &guess(n)).await.status(), StatusCode::UNAUTHORIZED);
    }
    let response = evaluate(&server, &guess(3)).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=59).contains(&number(&response, "retry-after")));
    assert_eq!(evaluate(&server, &known).await.status(), StatusCode::OK);
    let response = evaluate(&server, &unused).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=59).contains(&number(&response, "retry-after")));
}

#[test]
fn counting_never_needs_more_memory_than_it_was_given() {
    let mut rates = crate::config::Throttle { enabled: true, ..crate::config::Throttle::default() };
    rates.max_keys = 1_000;
    let throttle = Throttle::new(&rates);
    for n in 0..50_000_u32 {
        throttle.address(Bucket::Other, std::net::Ipv4Addr::from(n).into());
    }
    throttle.callers.run_pending_tasks();
    assert!(throttle.len() <= 1_000, "{}", throttle.len());
}

#[test]
fn ipv6_clients_are_counted_by_their_network() {
    let network = |text: &str| super::network_of(text.parse().expect("an address"));
    assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
    assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
}

#[test]
fn extreme_rates_are_still_rates() {
    let clock = governor::clock::DefaultClock::default();
    for rate in [Rate::new(1, 1), Rate::new(1, 86_400), Rate::new(1_000_000_000, 1), Rate::new(u32::MAX, 1)] {
        let slot = Slot::new(rate, &clock, 0);
        assert_eq!(slot.take(&clock, 0).wait(), None, "{rate:?}");
    }
}
