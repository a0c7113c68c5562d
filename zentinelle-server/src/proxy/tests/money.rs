//! What calls reserve is settled however they end, and no budget is ever passed.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use zentinelle_core::ids::AgentId;
use zentinelle_core::scope::ScopeChain;

use super::{Bench, Say, chat, message};
use crate::auth::Role;
use crate::clock;
use crate::service::usage::spend_meters;

impl Bench {
    /// What the month's budget has on the ledger. Unit: millionths of a dollar.
    pub(super) async fn spent(&self) -> u64 {
        let app = &self.server.app;
        let snapshot = app.snapshots.get(&self.server.tenant).await.expect("a snapshot");
        let agent =
            app.directory.agent(&self.server.tenant, &AgentId::new("builder")).await.expect("asked").expect("one");
        let meter = spend_meters(&snapshot, &ScopeChain::new(&agent.agent, None)).into_iter().next().expect("a budget");
        app.ledger.used(&meter.counter, meter.window, clock::now()).await.expect("a total")
    }

    pub(super) async fn budget(&self, dollars: f64) {
        self.server.policy("budget_limit", json!({ "monthly_limit_usd": dollars })).await;
    }
}

/// 10 tokens read at $3 and 5 written at $15 for a million.
const TRUE_COST: u64 = 105;

#[tokio::test]
async fn every_ending_settles_what_was_reserved() {
    let bench = Bench::configured(|config| {
        config.proxy.first_byte_timeout_seconds = 1;
        config.proxy.idle_timeout_seconds = 1;
        config.proxy.max_reply_bytes = 100_000;
    })
    .await;
    bench.budget(1.0).await;
    assert_eq!(bench.post("/v1/messages", message()).await.status, StatusCode::OK);
    bench.server.eventually(TRUE_COST, async || bench.spent().await).await;
    // Errors of the provider cost nothing, nor does a call that never left.
    bench.provider.says(Say::Body(500, "application/json", "{}".into()));
    bench.post("/v1/messages", message()).await;
    bench.server.eventually(TRUE_COST, async || bench.spent().await).await;
    // What is not said is not free: the reservation stays, and it is more than the call's 100 tokens.
    bench
        .provider
        .says_json(json!({ "type": "message", "role": "assistant", "content": [], "model": "claude-sonnet-4-5" }));
    assert_eq!(bench.post("/v1/messages", message()).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let reserved = bench.spent().await - TRUE_COST;
    assert!((1_500..10_000).contains(&reserved), "{reserved}");
    // Neither is a call that nobody answered.
    bench.provider.says(Say::Nothing);
    assert_eq!(bench.post("/v1/messages", message()).await.status, StatusCode::GATEWAY_TIMEOUT);
    bench.server.eventually(TRUE_COST + 2 * reserved, async || bench.spent().await).await;
    let rows = bench.server.get("/api/zentinelle/v1/usage", &bench.server.operator(Role::Admin).await).await;
    assert!(rows.0 == StatusCode::OK || rows.0 == StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_call_that_could_pass_the_budget_is_not_made() {
    let bench = Bench::new().await;
    bench.budget(0.001).await;
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text());
    assert!(answer.text().contains("budget_limit."), "{}", answer.text());
    assert_eq!((bench.provider.got().len(), bench.spent().await), (0, 0));
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_unless_the_tenant_wants_it_priced() {
    let bench = Bench::new().await;
    let mut call = chat();
    call["model"] = json!("brand-new-model");
    let answer = bench.post("/v1/chat/completions", call.clone()).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (StatusCode::FORBIDDEN, &json!("unpriced_model")));
    let operator = bench.server.operator(Role::Admin).await;
    let change = json!({ "proxy": { "unpriced_model": "permit" } });
    let (status, said) = bench.server.send(Method::PATCH, "/api/zentinelle/v1/settings", &operator, change).await;
    assert!(status.is_success(), "{said}");
    bench.budget(1.0).await;
    assert_eq!(bench.post("/v1/chat/completions", call).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(bench.spent().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_never_pass_one_budget() {
    let bench = Arc::new(Bench::new().await);
    // Room for about a hundred calls at once.
    let limit = 10_000;
    bench.budget(0.01).await;
    bench.provider.says(super::streams::openai_stream(&["hi", " there"], Duration::from_millis(1)));
    let watching = Arc::clone(&bench);
    let watcher = tokio::spawn(async move {
        let mut most = 0;
        for _ in 0..300 {
            most = most.max(watching.spent().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most
    });
    let mut call = chat();
    call["stream"] = json!(true);
    let calls = (0..1_000).map(|_| {
        let (bench, call) = (Arc::clone(&bench), call.clone());
        tokio::spawn(async move { bench.post("/v1/chat/completions", call).await.status })
    });
    let mut made = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.expect("a call") {
            StatusCode::OK => made += 1,
            StatusCode::TOO_MANY_REQUESTS => {}
            other => panic!("{other}"),
        }
    }
    assert!(made > 50, "{made} calls were made");
    let most = watcher.await.expect("a watcher");
    assert!(most <= limit, "{most} was spent or reserved at once");
    // 10 tokens at $0.15 and 5 at $0.60 for a million: 4.5, which counts as 5.
    bench.server.eventually(made * 5, async || bench.spent().await).await;
}
