//! Whole batches, from the request to the rows.

use axum::http::StatusCode;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::store::entities::{alert, event, model_price, usage_record};
use crate::testing::TestServer;

const EVENTS: &str = "/api/v1/events";

async fn events(server: &TestServer) -> usize {
    event::Entity::find().all(server.app.store.db()).await.expect("rows").len()
}

async fn usage(server: &TestServer) -> Vec<usage_record::Model> {
    usage_record::Entity::find().all(server.app.store.db()).await.expect("rows")
}

fn model_event(kind: &str, millisecond: u32, extra: Value) -> Value {
    let mut payload = json!({"provider": "openai", "model": "gpt-5", "input_tokens": 100, "output_tokens": 20});
    payload.as_object_mut().expect("an object").extend(extra.as_object().cloned().unwrap_or_default());
    json!({"type": kind, "timestamp": format!("2026-01-01T00:00:00.{millisecond:03}Z"), "payload": payload})
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_kept_once_on_both_databases() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let key = server.agent("builder").await;
        // Alike to the letter, as a client with whole seconds sends them: three events all the same.
        let alike = json!({"type": "tick", "timestamp": "2026-01-01T00:00:00Z", "payload": {"n": 1}});
        let named = json!({"id": "e-1", "type": "tick", "payload": {}});
        let alert = json!({"type": "error", "category": "alert", "timestamp": "2026-01-01T00:00:00Z"});
        let spent = model_event("model_usage", 1, json!({"estimated_cost": 0.5}));
        let batch = json!({"events": [alike, alike, alike, named, alert, spent]});
        for _ in 0..3 {
            let (status, answer) = server.post(EVENTS, &key, batch.clone()).await;
            assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(6)), "{answer}");
        }
        server.eventually(6, async || events(&server).await).await;
        server.eventually(1, async || usage(&server).await.len()).await;
        let alerts = alert::Entity::find().all(server.app.store.db()).await.expect("rows");
        assert_eq!((alerts.len(), alerts[0].violation_count), (1, 1));
        assert_eq!(events(&server).await, 6);
    }
}

#[tokio::test]
async fn usage_is_metered_whoever_reports_it_and_a_pair_is_one_call() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    let mut pair = model_event("model_request", 7, json!({"duration_ms": 9}));
    pair["userId"] = json!("ann");
    let csharp = json!({
        "category": "ModelRequest", "action": "chat", "agent_id": "builder", "timestamp": "2026-01-01T00:00:01Z",
        "model_usage": {"model": "c", "input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "cost": 0.25},
    });
    let batch = json!({"events": [
        model_event("model_usage", 1, json!({"estimated_cost": 0.0})), pair,
        csharp,
        model_event("llm:usage", 500, json!({"model": "gateway"})),
        model_event("ai_request", 600, json!({"model": "ai"})),
        {"type": "model_request", "payload": {"model": "no-tokens"}},
        {"type": "tool_call", "payload": {"input_tokens": 5}},
    ]});
    let (_, answer) = server.post(EVENTS, &key, batch).await;
    assert_eq!(answer["accepted"], 7, "{answer}");
    server.eventually(4, async || usage(&server).await.len()).await;
    let rows = usage(&server).await;
    let row = |model: &str| rows.iter().find(|row| row.model == model).expect("a row");
    let counted = row("gpt-5");
    assert_eq!((counted.input_tokens, counted.output_tokens, counted.user_id.as_deref()), (100, 20, Some("ann")));
    assert_eq!((counted.usd_micros, counted.estimated), (325, false), "the list price");
    assert_eq!((row("c").usd_micros, row("c").input_tokens, row("c").estimated), (250_000, 1, true));
    // A second alike call is a second call.
    let batch =
        json!({"events": [model_event("model_usage", 900, json!({})), model_event("model_request", 901, json!({}))]});
    server.post(EVENTS, &key, batch).await;
    server.eventually(5, async || usage(&server).await.len()).await;
}

#[tokio::test]
async fn a_call_without_a_cost_gets_the_price_of_its_day() {
    use sea_orm::IntoActiveModel as _;
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    for (id, input, effective_at) in [("old", 1_000_000, 0), ("new", 2_000_000, 1), ("future", 9, i64::MAX)] {
        let row = model_price::Model {
            tenant_id: server.tenant.as_str().into(),
            id: id.into(),
            provider: "openai".into(),
            model: "gpt-5".into(),
            input_usd_micros: input,
            cached_input_usd_micros: None,
            cache_write_usd_micros: None,
            output_usd_micros: 10_000_000,
            effective_at,
            source: "test".into(),
            created_by: String::new(),
            created_at: 0,
        };
        let row = row.into_active_model();
        model_price::Entity::insert(row).exec_without_returning(server.app.store.db()).await.expect("kept");
    }
    server.post(EVENTS, &key, json!({"events": [model_event("model_usage", 1, json!({}))]})).await;
    server.eventually(1, async || usage(&server).await.len()).await;
    let row = usage(&server).await.remove(0);
    // 100 tokens at 2 dollars and 20 at 10 dollars for a million.
    assert_eq!((row.usd_micros, row.estimated), (400, false));
}

#[tokio::test]
async fn what_events_report_reaches_the_budget_once_however_often_it_is_sent() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (key, viewer) = (server.agent("builder").await, server.operator(Role::Viewer).await);
        server.policy("budget_limit", json!({"monthly_limit_usd": 10})).await;
        let spent = async |server: &TestServer| {
            let (_, summary) = server.get("/api/zentinelle/v1/usage/summary", &viewer).await;
            summary["budgets"][0]["used_usd_micros"].clone()
        };
        // Both at once, then again, and again by a server that started since and never saw them.
        let dear =
            json!({"id": "call-1", "type": "model_usage", "payload": {"model": "gpt-5", "tokens": 1, "cost": 4}});
        let pair =
            [model_event("model_usage", 1, json!({"cost": 2})), model_event("model_request", 2, json!({"user": "x"}))];
        let batch = json!({"events": [dear, pair[0], pair[1]]});
        let answers = tokio::join!(server.post(EVENTS, &key, batch.clone()), server.post(EVENTS, &key, batch.clone()));
        assert_eq!((answers.0.0, answers.1.0), (StatusCode::OK, StatusCode::OK));
        assert_eq!(spent(&server).await, 6_000_000);
        server.settled().await;
        let restarted = server.another().await;
        for server in [&server, &restarted] {
            server.post(EVENTS, &key, batch.clone()).await;
            server.settled().await;
        }
        assert_eq!((spent(&server).await, spent(&restarted).await), (json!(6_000_000), json!(6_000_000)));
        let ask = json!({"action": "llm:invoke", "context": {"model": "gpt-5"}});
        let (_, answer) = restarted.post("/api/v1/evaluate", &key, ask.clone()).await;
        assert_eq!(answer["allowed"], true, "{answer}");
        let over = json!({"events": [model_event("model_usage", 9, json!({"cost": "4.5"}))]});
        restarted.post(EVENTS, &key, over).await;
        let (_, answer) = restarted.post("/api/v1/evaluate", &key, ask).await;
        assert_eq!(answer["allowed"], false, "{answer}");
    }
}

#[tokio::test]
async fn the_estimate_of_a_decision_is_set_off_once() {
    let server = TestServer::sqlite().await;
    let (key, viewer) = (server.agent("builder").await, server.operator(Role::Viewer).await);
    server.policy("budget_limit", json!({"monthly_limit_usd": 100})).await;
    let ask = json!({"action": "llm:invoke", "context": {"estimated_cost_usd": 3}});
    let (_, decided) = server.post("/api/zentinelle/v1/evaluate", &key, ask).await;
    server.settled().await;
    let told = |millisecond| {
        model_event("model_usage", millisecond, json!({"cost": 5, "evaluation_id": decided["evaluation_id"]}))
    };
    for (batch, expected) in [
        (json!({"events": [told(1)]}), 5_000_000),
        (json!({"events": [told(1)]}), 5_000_000),
        (json!({"events": [told(1), told(2)]}), 10_000_000),
    ] {
        server.post(EVENTS, &key, batch).await;
        let (_, summary) = server.get("/api/zentinelle/v1/usage/summary", &viewer).await;
        assert_eq!(summary["budgets"][0]["used_usd_micros"], expected, "{summary}");
    }
}

#[tokio::test]
async fn events_of_other_agents_are_refused_one_by_one() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    server.agent("other").await;
    let tick = |agent: &str| json!({"category": "Custom", "agent_id": agent, "action": "x"});
    let (status, answer) =
        server.post(EVENTS, &key, json!({"events": [tick("builder"), tick("other"), tick("")]})).await;
    assert_eq!((status, &answer["accepted"], &answer["rejected"]), (StatusCode::OK, &json!(2), &json!(1)), "{answer}");
    assert_eq!(
        (&answer["errors"][0]["index"], &answer["errors"][0]["error"]),
        (&json!(1), &json!("agent_id_mismatch"))
    );
    let (status, _) = server.post(EVENTS, &key, json!({"agent_id": "other", "events": [tick("")]})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let enrolment = server.key(NewKey::new(KeyKind::Enrolment, "fleet")).await;
    let (status, answer) = server.post(EVENTS, &enrolment, json!({"events": [tick("")]})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_not_named")));
    let (status, answer) = server.post(EVENTS, &enrolment, json!({"events": [tick("builder")]})).await;
    assert_eq!((status, &answer["accepted"], &answer["rejected"]), (StatusCode::OK, &json!(0), &json!(1)), "{answer}");
}

#[tokio::test]
async fn an_empty_batch_is_taken_and_an_odd_payload_kept() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    let (status, answer) = server.post(EVENTS, &key, json!({"events": []})).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(0)));
    let odd = json!({"type": "t", "payload": [1, 2], "timestamp": "whenever", "category": "compliance", "userId": "u"});
    server.post(EVENTS, &key, json!({"events": [odd]})).await;
    server.eventually(1, async || events(&server).await).await;
    let row = event::Entity::find().one(server.app.store.db()).await.expect("asked").expect("a row");
    assert_eq!((row.payload, row.category.as_str()), (json!({"value": [1, 2]}), "compliance"));
    assert_eq!((row.raw_timestamp.as_deref(), row.user_id.as_deref()), (Some("whenever"), Some("u")));
    assert_eq!(row.occurred_at, row.received_at);
}
