//! The requests of the released clients, as they send them, and the keys each of them reads.

use axum::http::{Method, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::store::entities::{event, usage_record};
use crate::testing::TestServer;

/// The names of an object's keys.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

async fn enrolment_key(server: &TestServer) -> String {
    server.key(NewKey::new(KeyKind::Enrolment, "fleet")).await
}

#[tokio::test]
async fn the_python_client_enrols_swaps_its_key_and_works() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    let body = json!({"agent_id": null, "agent_type": "langchain", "capabilities": [], "metadata": {}, "name": null});
    let enrolment = enrolment_key(&server).await;
    let (status, answer) = server.post("/api/v1/agents/register", &enrolment, body.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    assert_eq!(keys(&answer), ["agent_id", "api_key", "config", "policies"]);
    // The client makes an object of each policy by its keys: one too many is a fault.
    assert_eq!(keys(&answer["policies"][0]), ["config", "enforcement", "id", "name", "type"]);
    let config = json!({
        "heartbeat_interval_seconds": 60, "event_batch_size": 100, "event_flush_interval_seconds": 5,
        "config_refresh_interval_seconds": 300,
    });
    assert_eq!(answer["config"], config);
    let id = answer["agent_id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("langchain-") && id.len() == "langchain-".len() + 8, "{id}");
    let key = answer["api_key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("sk_agent_"), "{key}");

    let again = json!({"agent_id": id, "agent_type": "langchain", "capabilities": ["chat"], "metadata": {}});
    let (status, answer) = server.post("/api/v1/agents/register", &key, again).await;
    assert_eq!((status, &answer["api_key"]), (StatusCode::OK, &json!("")), "{answer}");

    let (status, answer) = server.get(&format!("/api/v1/agents/{id}/config"), &key).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(keys(&answer), ["agent_id", "config", "policies", "updated_at"]);
    let updated_at = answer["updated_at"].as_str().expect("an instant");
    assert!(updated_at.ends_with('Z') && updated_at.len() == "2026-01-01T00:00:00.000000Z".len(), "{updated_at}");

    let (status, answer) = server.get(&format!("/api/v1/agents/{id}/secrets"), &key).await;
    assert_eq!((status, keys(&answer)), (StatusCode::OK, vec!["expires_at", "providers", "secrets"]));

    let event = json!({
        "type": "tool_call", "category": "compliance", "payload": {"tool": "search"},
        "timestamp": "2026-01-01T00:00:00.123456+00:00Z", "user_id": "",
    });
    let batch = json!({"agent_id": id, "events": [event, {"type": "", "category": "audit"}]});
    let (status, answer) = server.post("/api/v1/events", &key, batch).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(keys(&answer), ["accepted", "batch_id", "errors", "rejected"]);
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{answer}");
    assert_eq!(answer["errors"][0]["index"], 1);
    let batch_id = answer["batch_id"].as_str().expect("an id");
    assert!(batch_id.starts_with("batch_") && batch_id.len() == 22, "{batch_id}");

    let beat = json!({"agent_id": id, "status": "healthy", "metrics": {}});
    for changed in [false, false] {
        let (status, answer) = server.post("/api/v1/heartbeat", &key, beat.clone()).await;
        let expected = json!({"acknowledged": true, "config_changed": changed, "next_heartbeat_seconds": 60});
        assert_eq!((status, &answer), (StatusCode::OK, &expected));
    }
    server.policy("rate_limit", json!({"requests_per_minute": 100})).await;
    for changed in [true, false] {
        let (_, answer) = server.post("/api/v1/heartbeat", &key, beat.clone()).await;
        assert_eq!(answer["config_changed"], changed);
    }
}

#[tokio::test]
async fn go_and_java_keep_the_enrolment_key_for_ever() {
    let server = TestServer::sqlite().await;
    let key = enrolment_key(&server).await;
    let go = json!({"agent_id": "", "agent_type": "go", "capabilities": null, "metadata": null, "name": ""});
    let (status, answer) = server.post("/api/v1/agents/register", &key, go).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let java = json!({"agent_id": "java-1", "agent_type": "java", "capabilities": [], "metadata": {}});
    for (status, new) in [(StatusCode::CREATED, true), (StatusCode::OK, false)] {
        let (found, answer) = server.post("/api/v1/agents/register", &key, java.clone()).await;
        assert_eq!((found, answer["api_key"] != ""), (status, new), "{answer}");
    }
    let evaluate = json!({"agent_id": "java-1", "action": "tool_call", "user_id": null, "context": null});
    let (status, answer) = server.post("/api/v1/evaluate", &key, evaluate).await;
    assert_eq!((status, answer["allowed"].is_boolean()), (StatusCode::OK, true), "{answer}");
    let events: Vec<Value> = (0..100)
        .map(|_| json!({"type": "work", "category": "telemetry", "payload": null, "timestamp": "2026-01-01T00:00:00Z"}))
        .collect();
    let batch = json!({"agent_id": "java-1", "events": events});
    let (status, answer) = server.post("/api/v1/events", &key, batch).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(100)), "{answer}");
    let beat = json!({"agent_id": "java-1", "status": "healthy", "metrics": null});
    assert_eq!(server.post("/api/v1/heartbeat", &key, beat).await.0, StatusCode::OK);
    assert_eq!(server.get("/api/v1/agents/java-1/secrets", &key).await.1["secrets"], json!({}));
}

#[tokio::test]
async fn the_csharp_client_gets_its_own_forms() {
    let server = TestServer::sqlite().await;
    let key = enrolment_key(&server).await;
    server.policy("model_restriction", json!({"allowed_models": ["gpt-5"]})).await;
    server.policy("rate_limit", json!({"requests_per_minute": 30})).await;
    let beat = json!({"agent_id": "cs", "status": "healthy", "metrics": {"pending_events": 0}});
    let (status, _) = server.post("/api/v1/heartbeat", &key, beat.clone()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it beats before it registers");

    let session = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
    let body =
        json!({"agent_id": "cs", "agent_type": "dotnet", "user_id": null, "session_id": session, "metadata": null});
    let (status, answer) = server.post("/api/v1/register", &key, body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    assert_eq!(keys(&answer), ["config", "session_id", "success", "warnings"]);
    assert_eq!((&answer["session_id"], &answer["success"]), (&json!(session), &json!(true)));
    let forms = ["agent_id", "allowed_models", "allowed_tools", "custom", "policies", "rate_limits"];
    assert_eq!(keys(&answer["config"]), forms);
    assert_eq!(keys(&answer["config"]["policies"][0]), ["config", "enabled", "id", "name", "type"]);

    let (status, config) = server.get("/api/v1/config/cs", &key).await;
    assert_eq!((status, keys(&config)), (StatusCode::OK, forms.to_vec()));
    assert_eq!(config["allowed_models"], json!(["gpt-5"]));
    assert_eq!(config["rate_limits"], json!({"requests_per_minute": 30}));
    assert_eq!(config["allowed_tools"], Value::Null);
    assert_eq!(server.get("/api/v1/secrets/cs", &key).await, (StatusCode::OK, json!({})));
    assert_eq!(server.post("/api/v1/heartbeat", &key, beat).await.0, StatusCode::OK);

    let event = json!({
        "category": "ToolCall", "action": "search", "success": true, "agent_id": "cs", "user_id": null,
        "session_id": session, "timestamp": "2026-01-01T00:00:00.1234567Z", "duration_ms": 5, "model_usage": null,
        "metadata": null,
    });
    let (status, answer) = server.post("/api/v1/events", &key, json!({"events": [event]})).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(1)), "{answer}");
}

#[tokio::test]
async fn n8n_never_names_the_agent() {
    let server = TestServer::sqlite().await;
    let key = server.agent("flow").await;
    let event = json!({"type": "workflow", "payload": {}, "timestamp": "2026-01-01T00:00:00.123Z"});
    let (status, answer) = server.post("/api/v1/events", &key, json!({"events": [event]})).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(1)), "{answer}");
    assert_eq!(server.post("/api/v1/evaluate", &key, json!({"action": "x", "context": {}})).await.0, StatusCode::OK);
    assert_eq!(server.get("/api/v1/agents/flow/config", &key).await.0, StatusCode::OK);
    assert_eq!(server.get("/api/v1/health", "").await.1["status"], "ok");
}

#[tokio::test]
async fn clients_are_told_exactly_the_policies_that_deny() {
    let server = TestServer::sqlite().await;
    let (key, admin) = (server.agent("builder").await, server.operator(Role::Admin).await);
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    server.policy("rate_limit", json!({"requests_per_minute": 100})).await;
    let watching = json!({"name": "watching", "type": "model_restriction", "enforcement": "audit",
        "config": {"allowed_models": ["gpt-5"]}});
    let (status, answer) = server.post("/api/zentinelle/v1/policies", &admin, watching).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    for (tool, blocking) in [("shell", vec!["test tool_permission"]), ("search", vec![])] {
        let ask = json!({"action": "tool_call", "context": {"tool": tool, "model": "other"}});
        let (_, answer) = server.post("/api/v1/evaluate", &key, ask).await;
        assert_eq!(answer["allowed"], blocking.is_empty(), "{answer}");
        // As the Python and Java clients and the C# client pick them.
        for (list, name) in [("policies_evaluated", "name"), ("policies", "policy")] {
            let items = answer[list].as_array().expect("a list").iter();
            let found: Vec<&str> =
                items.filter(|one| one["passed"] == false).filter_map(|one| one[name].as_str()).collect();
            assert_eq!(found, blocking, "{answer}");
        }
        assert!(answer["warnings"].to_string().contains("[Audit] watching"), "{answer}");
    }
}

#[tokio::test]
async fn a_call_that_a_person_may_approve_is_not_blocked_for_good() {
    let server = TestServer::sqlite().await;
    let key = server.agent("cs").await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let ask =
        json!({"agent_id": "cs", "action": "tool_call", "user_id": null, "context": {"tool": "pay"}, "metadata": null});
    let (_, answer) = server.post("/api/v1/evaluate", &key, ask).await;
    assert_eq!((&answer["allowed"], &answer["requires_approval"]), (&json!(false), &json!(true)), "{answer}");
    assert_eq!(answer["context"]["require_human_approval"], true);
    assert!(answer["approval_workflow_id"].is_string() && answer.get("fail_open").is_none(), "{answer}");
}

#[tokio::test]
async fn the_go_gateway_is_told_no_and_its_usage_counts() {
    let server = TestServer::sqlite().await;
    let key = server.agent("gateway").await;
    server.policy("model_restriction", json!({"blocked_models": ["gpt-4"]})).await;
    let ask = |model: &str| json!({"agent_id": "", "action": "llm:invoke", "user_id": "", "context": {"provider": "openai", "model": model}});
    for (model, allowed) in [("gpt-4", false), ("gpt-5", true)] {
        let (status, answer) = server.post("/api/zentinelle/v1/evaluate", &key, ask(model)).await;
        assert_eq!((status, &answer["allowed"]), (StatusCode::OK, &json!(allowed)), "{answer}");
    }
    let usage = json!({"type": "llm:usage", "category": "telemetry", "timestamp": "2026-01-01T00:00:00Z",
        "payload": {"provider": "openai", "model": "gpt-5", "input_tokens": 1000, "output_tokens": 100}});
    // TypeScript names the user in its own way.
    let typed = json!({"type": "work", "userId": "ann", "payload": {}});
    let (status, _) =
        server.post("/api/zentinelle/v1/events", &key, json!({"agent_id": "", "events": [usage, typed]})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    server.settled().await;
    let calls = usage_record::Entity::find().all(server.app.store.db()).await.expect("rows");
    assert_eq!((calls.len(), calls[0].input_tokens, calls[0].usd_micros), (1, 1000, 2250));
    let events = event::Entity::find().all(server.app.store.db()).await.expect("rows");
    assert!(events.iter().any(|row| row.user_id.as_deref() == Some("ann")));
}

#[tokio::test]
async fn a_token_registers_and_does_nothing_else() {
    let server = TestServer::sqlite().await;
    let token = server.key(NewKey::new(KeyKind::Bootstrap, "token")).await;
    let body = json!({"agent_id": "new", "agent_type": "custom"});
    let (status, answer) = server.post("/api/v1/agents/register", &token, body.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let (status, answer) = server.post("/api/v1/agents/register", &token, body).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("already_exists")), "{answer}");
    for path in ["/api/v1/evaluate", "/api/v1/events", "/api/v1/heartbeat", "/api/v1/register"] {
        let body = json!({"agent_id": "new", "agent_type": "custom", "action": "x", "events": []});
        let (status, answer) = server.post(path, &token, body).await;
        assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_key")), "{path}");
    }
    assert_eq!(server.get("/api/v1/agents/new/config", &token).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_enrolment_key_acts_only_for_the_agents_it_enrolled() {
    let server = TestServer::sqlite().await;
    let (mine, theirs) = (enrolment_key(&server).await, enrolment_key(&server).await);
    let body = json!({"agent_id": "a-1", "agent_type": "custom"});
    assert_eq!(server.post("/api/v1/agents/register", &mine, body.clone()).await.0, StatusCode::CREATED);
    assert_eq!(server.post("/api/v1/agents/register", &theirs, body).await.0, StatusCode::CONFLICT);
    let ask = json!({"agent_id": "a-1", "action": "x"});
    assert_eq!(server.post("/api/v1/evaluate", &mine, ask.clone()).await.0, StatusCode::OK);
    assert_eq!(server.post("/api/v1/evaluate", &theirs, ask).await.0, StatusCode::NOT_FOUND);
    let (status, answer) = server.post("/api/v1/evaluate", &mine, json!({"action": "x"})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_not_named")));
}

#[tokio::test]
async fn two_tenants_may_name_their_agents_alike() {
    let server = TestServer::sqlite().await;
    let other = zentinelle_core::ids::TenantId::new("other_tenant");
    crate::service::tenants::ensure(&server.app.store, &other, "Other").await.expect("a tenant");
    let (ours, theirs) = (enrolment_key(&server).await, NewKey::new(KeyKind::Enrolment, "theirs"));
    let theirs = server.key_of(&other, theirs).await;
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    for (key, policies) in [(ours, 1), (theirs, 0)] {
        let body = json!({"agent_id": "same", "agent_type": "custom"});
        let (status, answer) = server.post("/api/v1/agents/register", &key, body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let (_, answer) = server.get("/api/v1/agents/same/config", &key).await;
        assert_eq!(answer["policies"].as_array().map(Vec::len), Some(policies), "{answer}");
    }
}

#[tokio::test]
async fn a_config_that_the_client_has_is_not_sent_again() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    let fetch = async |tag: Option<String>| {
        let mut request =
            axum::http::Request::get("/api/v1/agents/builder/config").header("x-zentinelle-key", key.as_str());
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let response = server.answer(request.body(axum::body::Body::empty()).expect("a request")).await;
        let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        (response.status(), tag.expect("a tag"))
    };
    let (status, tag) = fetch(None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fetch(Some(tag.clone())).await, (StatusCode::NOT_MODIFIED, tag.clone()));
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    let (status, newer) = fetch(Some(tag.clone())).await;
    assert_eq!((status, newer != tag), (StatusCode::OK, true));
}

#[tokio::test]
async fn bad_requests_are_refused_and_never_a_fault() {
    let server = TestServer::sqlite().await;
    let (key, enrolment) = (server.agent("builder").await, enrolment_key(&server).await);
    for (path, key, body) in [
        ("/api/v1/agents/register", &enrolment, json!({"agent_type": "a b"})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_id": "a/b", "agent_type": "x"})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_id": "a"})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_type": "x", "name": "a\0"})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_type": "x", "metadata": {"a": "\0"}})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_type": "x", "capabilities": ["c".repeat(51)]})),
        ("/api/v1/agents/register", &enrolment, json!({"agent_type": 7})),
        ("/api/v1/events", &key, json!({"events": {}})),
        ("/api/v1/events", &key, json!({})),
        ("/api/v1/events", &key, json!({"events": vec![json!({}); 1001]})),
        ("/api/v1/heartbeat", &key, json!({"status": []})),
        ("/api/v1/evaluate", &key, json!({"action": "x", "context": {"tool": "a\0b"}})),
    ] {
        let (status, answer) = server.post(path, key, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {answer}");
        assert_eq!(answer["error"], "invalid_request", "{path} {answer}");
    }
    for path in ["/api/v1/agents/a%00b/config", "/api/v1/agents/%ff/secrets", "/api/v1/config/%00"] {
        let (status, answer) = server.send(Method::GET, path, &key, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} {answer}");
    }
    let (status, answer) = server.get("/api/v1/agents/other/config", &key).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_id_mismatch")));
    let (status, answer) = server.post("/api/v1/agents/register", &key, json!({"agent_id": "other"})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_id_mismatch")));
}
