//! The server's own paths: enrolment with tokens, the end of an agent, hooks, what applies.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::auth::key::KeyKind;
use crate::clock;
use crate::service::keys::NewKey;
use crate::store::entities::{api_key, event};
use crate::testing::TestServer;

const REGISTER: &str = "/api/zentinelle/v1/register";

async fn register(server: &TestServer, token: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::post(REGISTER)
        .header("x-zentinelle-bootstrap", token)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = server.answer(request).await;
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&bytes).expect("JSON"))
}

#[tokio::test]
async fn a_token_is_used_as_often_as_it_says_on_both_databases() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let token = server.key(NewKey { max_uses: Some(1), ..NewKey::new(KeyKind::Bootstrap, "once") }).await;
        // A registration that fails costs nothing.
        server.agent("taken").await;
        let taken = json!({"agent_id": "taken", "agent_type": "custom"});
        assert_eq!(register(&server, &token, taken).await.0, StatusCode::CONFLICT);
        let many = (0..8).map(|_| register(&server, &token, json!({"agent_type": "custom"})));
        let answers = futures_util::future::join_all(many).await;
        let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 403, 403, 403, 403, 403, 403, 403]);
        let rows = api_key::Entity::find().all(server.app.store.db()).await.expect("rows");
        let token = rows.iter().find(|row| row.kind == "bootstrap").expect("the token");
        assert_eq!(token.use_count, 1);
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_alike_whatever_is_wrong() {
    let server = TestServer::sqlite().await;
    let past = Some(clock::now_micros() - 1);
    let ended = server.key(NewKey { expires_at: past, ..NewKey::new(KeyKind::Bootstrap, "ended") }).await;
    for token in ["", "bt_x", "nonsense", ended.as_str(), &format!("bt_{}_{}", server.tenant, "0".repeat(64))] {
        let (status, answer) = register(&server, token, json!({"agent_type": "custom"})).await;
        let code = if token.is_empty() { "not_authenticated" } else { "invalid_key" };
        assert_eq!((status, answer["error"].as_str()), (StatusCode::UNAUTHORIZED, Some(code)), "{token}");
    }
}

#[tokio::test]
async fn an_agent_may_deregister_twice_and_nothing_else_from_then_on() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    let path = "/api/zentinelle/v1/deregister";
    for body in [json!({}), Value::Null] {
        assert_eq!(server.post(path, &key, body).await.0, StatusCode::NO_CONTENT);
    }
    let (status, answer) = server.post("/api/zentinelle/v1/evaluate", &key, json!({"action": "x"})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_key")));
    let (status, _) = server.post(path, "sk_agent_unknown", json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let stops = async || {
        let rows = event::Entity::find().all(server.app.store.db()).await.expect("rows");
        rows.into_iter().filter(|row| row.event_type == "stop" && row.category == "audit").count()
    };
    server.eventually(1, stops).await;
}

#[tokio::test]
async fn the_native_family_answers_202_where_the_reference_does() {
    let server = TestServer::sqlite().await;
    let key = server.agent("claude-code").await;
    // What the released PostToolUse hook sends.
    let event = json!({
        "type": "tool_call", "category": "audit", "user_id": "", "timestamp": "2026-01-01T00:00:00.123456+00:00Z",
        "payload": {"tool": "Bash", "inputs": {}, "outputs": {}, "source": "claude_code_hook"},
    });
    let batch = json!({"agent_id": "", "events": [event]});
    let (status, answer) = server.post("/api/zentinelle/v1/events", &key, batch).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(1)), "{answer}");
    let (status, answer) = server.post("/api/zentinelle/v1/heartbeat", &key, json!({})).await;
    assert_eq!((status, &answer["acknowledged"]), (StatusCode::ACCEPTED, &json!(true)));
    let (status, answer) = server.get("/api/zentinelle/v1/config/claude-code", &key).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for path in ["/api/zentinelle/v1/secrets", "/api/zentinelle/v1/secrets/claude-code"] {
        let (status, answer) = server.get(path, &key).await;
        assert_eq!((status, &answer["secrets"], &answer["providers"]), (StatusCode::OK, &json!({}), &json!({})));
    }
    let (status, answer) = server.get("/api/zentinelle/v1/secrets/other", &key).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_id_mismatch")));
}

#[tokio::test]
async fn a_config_hash_tells_whether_the_agent_has_the_present_one() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    server.get("/api/zentinelle/v1/config/builder", &key).await;
    let beat = async |hash: &str| {
        let body = json!({"config_hash": hash});
        server.post("/api/zentinelle/v1/heartbeat", &key, body).await.1["config_changed"].clone()
    };
    // json.dumps of the four defaults with sorted keys, digested by hashlib.sha256.
    let present = "5301201f9670c3bf35a8d3fdf58fb8559fbb7e3f90927c2e4278262792685518";
    assert_eq!(beat(present).await, false);
    assert_eq!(beat(&"0".repeat(64)).await, true);
    assert_eq!(beat(present).await, false);
}

#[tokio::test]
async fn what_applies_is_told_without_invented_limits() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    server.policy("rate_limit", json!({"requests_per_minute": 9})).await;
    server.policy("tool_permission", json!({"denied_tools": ["z", "a"]})).await;
    server.policy("system_prompt", json!({"prompt_text": "Be brief.", "applies_to": ["chat"]})).await;
    let path = "/api/zentinelle/v1/effective-policy";
    for path in [path.to_owned(), format!("{path}/ann")] {
        let (status, answer) = server.get(&path, &key).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["policies"].as_array().map(Vec::len), Some(3));
        let item = answer["policies"][0].as_object().expect("an object");
        let names: Vec<&str> = item.keys().map(String::as_str).collect();
        assert_eq!(names, ["config", "enforcement", "id", "name", "priority", "scope", "type"]);
        assert_eq!(answer["resolved"]["rate_limits"], json!({"requests_per_minute": 9}));
        assert_eq!(answer["resolved"]["tool_permissions"], json!({"denied": ["a", "z"]}));
        assert_eq!(answer["resolved"]["budget_limits"], json!({}));
    }
    let (_, answer) = server.get(&format!("{path}?policy_types=rate_limit,system_prompt"), &key).await;
    assert_eq!(answer["policies"].as_array().map(Vec::len), Some(2));
    let (status, _) = server.get(&format!("{path}?policy_types=nonsense"), &key).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, answer) = server.get("/api/zentinelle/v1/prompts", &key).await;
    let prompts = json!([
        {"service": "chat", "prompt": "Be brief."}, {"service": "lab", "prompt": ""},
        {"service": "agent", "prompt": ""},
    ]);
    assert_eq!(answer, json!({"prompts": prompts, "default": ""}));
    let (_, answer) = server.get("/api/zentinelle/v1/prompts/chat?user_id=ann", &key).await;
    assert_eq!(answer, json!({"service": "chat", "prompt": "Be brief."}));
}

#[tokio::test]
async fn a_derived_token_enrols_only_where_the_secret_is_set() {
    use crate::auth::directory::Directory;
    use crate::auth::key::KeyHasher;
    use crate::auth::legacy::LegacyTokens;
    let server = TestServer::sqlite().await;
    let tokens = LegacyTokens::new("secret");
    let (token, foreign) = (tokens.token(server.tenant.as_str()), tokens.token("no_such_tenant"));
    assert!(server.app.directory.authenticate(&token).await.is_err());
    let directory = Directory::new(server.app.store.clone(), KeyHasher::new([0; 32])).with_legacy_tokens(tokens);
    let caller = directory.authenticate(&token).await.expect("a caller");
    assert_eq!((&caller.tenant, caller.kind), (&server.tenant, KeyKind::Bootstrap));
    assert!(directory.authenticate(&foreign).await.is_err());
}
