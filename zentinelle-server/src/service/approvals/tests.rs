use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use crate::auth::Role;
use crate::clock;
use crate::recorder::record::Record;
use crate::store::approvals::{Filter, search};
use crate::store::entities::approval;
use crate::testing::TestServer;

const EVALUATE: &str = "/api/zentinelle/v1/evaluate";
const APPROVALS: &str = "/api/zentinelle/v1/approvals";

fn id_of(answer: &Value) -> String {
    answer["approval_id"].as_str().unwrap_or_else(|| panic!("an approval id in {answer}")).to_owned()
}

/// The request once the recorder has written it.
async fn written(server: &TestServer, id: &str, status: &str) -> approval::Model {
    for _ in 0..200 {
        let rows = search(server.app.store.db(), &server.tenant, &Filter::default(), None, 100).await.expect("rows");
        if let Some(row) = rows.into_iter().find(|row| row.id == id && row.status == status) {
            return row;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the request {id} is not {status}");
}

async fn evaluate(server: &TestServer, key: &str, call: &Value, token: Option<&str>) -> Value {
    let mut call = call.clone();
    if let Some(token) = token {
        call["context"]["approval_token"] = token.into();
    }
    let (status, answer) = server.post(EVALUATE, key, call).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// Denied, approved, permitted once, and never for anything else.
async fn flow(server: &TestServer, call: Value, other: Value) {
    let agent = server.agent(&format!("agent-{}", clock::new_id())).await;
    let operator = server.operator(Role::Operator).await;
    let answer = evaluate(server, &agent, &call, None).await;
    assert_eq!(
        (&answer["allowed"], &answer["decision"], &answer["requires_approval"]),
        (&json!(false), &json!("ask"), &json!(true))
    );
    let id = id_of(&answer);
    let again = evaluate(server, &agent, &call, None).await;
    assert_eq!(id_of(&again), id, "the same pending call has one request");
    written(server, &id, "pending").await;

    let (status, shown) = server.post(&format!("{APPROVALS}/{id}/approve"), &operator, json!({"note": "fine"})).await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    assert_eq!((&shown["status"], &shown["note"]), (&json!("approved"), &json!("fine")));
    assert_eq!(shown["decided_by"], "operator:operator");
    assert!(shown.get("approval_token").is_none(), "the approver gets no token");
    let (_, seen) = server.get(&format!("{APPROVALS}/{id}"), &operator).await;
    assert!(seen.get("approval_token").is_none());

    let (_, mine) = server.get(&format!("{APPROVALS}/{id}"), &agent).await;
    let token = mine["approval_token"].as_str().unwrap_or_else(|| panic!("a token in {mine}")).to_owned();
    let denied = evaluate(server, &agent, &other, Some(&token)).await;
    assert_eq!(denied["allowed"], false, "other arguments: {denied}");
    assert_ne!(id_of(&denied), id, "another call is another request");
    let stranger = server.agent(&format!("stranger-{}", clock::new_id())).await;
    assert_eq!(evaluate(server, &stranger, &call, Some(&token)).await["allowed"], false);

    let answer = evaluate(server, &agent, &call, Some(&token)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let answer = evaluate(server, &agent, &call, Some(&token)).await;
    assert_eq!(answer["allowed"], false, "a token is good for one use: {answer}");
    let used = written(server, &id, "consumed").await;
    assert!(used.consumed_at.is_some());
    let (_, mine) = server.get(&format!("{APPROVALS}/{id}"), &agent).await;
    assert!(mine.get("approval_token").is_none(), "a used approval has no token");
    let answer = evaluate(server, &agent, &call, None).await;
    assert_ne!(id_of(&answer), id, "what was used must be asked for anew");
}

#[tokio::test]
async fn a_tool_that_needs_approval_is_called_once_with_it() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"allowed_tools": ["pay"], "requires_approval": ["pay"]})).await;
    let call = |cents: u64| json!({"action": "tool_call", "user_id": "alice", "context": {"tool": "pay", "tool_input": {"cents": cents}}});
    flow(&server, call(100), call(999)).await;
}

#[tokio::test]
async fn an_action_that_needs_approval_is_taken_once_with_it() {
    let server = TestServer::sqlite().await;
    server.policy("agent_capability", json!({"require_approval": ["deploy"]})).await;
    let call = |to: &str| json!({"action": "deploy", "context": {"environment": to}});
    flow(&server, call("staging"), call("production")).await;
}

#[tokio::test]
async fn a_risky_call_goes_ahead_once_with_a_humans_word() {
    let server = TestServer::sqlite().await;
    server.policy("human_oversight", json!({"require_approval_for": ["high_cost"]})).await;
    let call = |usd: f64| json!({"action": "llm:invoke", "context": {"model": "m", "estimated_cost_usd": usd}});
    flow(&server, call(5.0), call(500.0)).await;
}

#[tokio::test]
async fn one_approval_serves_every_policy_that_stops_a_call() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    server.policy("human_oversight", json!({"require_approval_for": ["external_calls"]})).await;
    let call = |cents: u64| json!({"action": "tool_call", "context": {"tool": "pay", "is_external_call": true, "tool_input": {"cents": cents}}});
    flow(&server, call(1), call(2)).await;
}

#[tokio::test]
async fn the_flow_is_the_same_on_postgres() {
    let server = TestServer::postgres().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let call = |cents: u64| json!({"action": "tool_call", "context": {"tool": "pay", "tool_input": {"cents": cents}}});
    flow(&server, call(1), call(2)).await;
}

#[tokio::test]
async fn a_request_is_decided_once_and_seen_by_its_own_agent_alone() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let (agent, other) = (server.agent("a").await, server.agent("b").await);
    let (viewer, operator) = (server.operator(Role::Viewer).await, server.operator(Role::Operator).await);
    let call = json!({"action": "tool_call", "context": {"tool": "pay", "api_key": "AKIAIOSFODNN7EXAMPLE"}});
    let id = id_of(&evaluate(&server, &agent, &call, None).await);
    let path = format!("{APPROVALS}/{id}");
    let (status, shown) = server.get(&path, &agent).await;
    assert_eq!((status, &shown["status"]), (StatusCode::OK, &json!("pending")), "also before it is written");
    let row = written(&server, &id, "pending").await;
    assert!(!row.request.to_string().contains("AKIAIOSFODNN7EXAMPLE"), "approvers see no secrets");
    for (key, path, expected) in [
        (&other, path.clone(), StatusCode::NOT_FOUND),
        (&other, format!("{path}?wait=5"), StatusCode::NOT_FOUND),
        (&agent, format!("{APPROVALS}/{}", clock::new_id()), StatusCode::NOT_FOUND),
        (&agent, format!("{APPROVALS}/none%00such"), StatusCode::NOT_FOUND),
        (&agent, APPROVALS.to_owned(), StatusCode::FORBIDDEN),
        (&viewer, format!("{APPROVALS}?status=odd"), StatusCode::BAD_REQUEST),
        (&viewer, format!("{APPROVALS}?limit=x"), StatusCode::BAD_REQUEST),
        (&viewer, format!("{APPROVALS}?status=pending&agent_id=a&limit=1"), StatusCode::OK),
    ] {
        let (status, answer) = server.get(&path, key).await;
        assert_eq!(status, expected, "{path}: {answer}");
    }
    for (key, what, expected) in [
        (&agent, "approve", StatusCode::FORBIDDEN),
        (&viewer, "approve", StatusCode::FORBIDDEN),
        (&operator, "cancel", StatusCode::FORBIDDEN),
        (&other, "cancel", StatusCode::NOT_FOUND),
        (&operator, "deny", StatusCode::OK),
        (&operator, "deny", StatusCode::CONFLICT),
        (&operator, "approve", StatusCode::CONFLICT),
        (&agent, "cancel", StatusCode::CONFLICT),
    ] {
        let body = json!({"decided_by": "somebody else"});
        let (status, answer) = server.post(&format!("{path}/{what}"), key, body).await;
        assert_eq!(status, expected, "{what}: {answer}");
    }
    let (_, shown) = server.get(&path, &agent).await;
    assert_eq!((&shown["status"], &shown["decided_by"]), (&json!("denied"), &json!("operator:operator")));
    assert_eq!(id_of(&evaluate(&server, &agent, &call, None).await), id, "nobody is nagged about what he denied");
}

#[tokio::test]
async fn whoever_waits_is_woken_by_the_decision() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let agent = server.agent("a").await;
    let operator = server.operator(Role::Operator).await;
    let id = id_of(&evaluate(&server, &agent, &json!({"action": "tool_call", "context": {"tool": "pay"}}), None).await);
    written(&server, &id, "pending").await;
    let began = Instant::now();
    let (_, shown) = server.get(&format!("{APPROVALS}/{id}?wait=1"), &agent).await;
    assert_eq!(shown["status"], "pending");
    assert!(began.elapsed() >= Duration::from_millis(950));
    let path = format!("{APPROVALS}/{id}?wait=50");
    let decide = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.post(&format!("{APPROVALS}/{id}/approve"), &operator, json!({})).await
    };
    let began = Instant::now();
    let ((_, shown), _) = tokio::join!(server.get(&path, &agent), decide);
    assert_eq!(shown["status"], "approved");
    assert!(shown["approval_token"].is_string());
    assert!(began.elapsed() < Duration::from_millis(1500), "woken, not polled: {:?}", began.elapsed());
    assert_eq!(server.app.approvals.waiting.len(), 0, "nobody is left waiting");
}

#[tokio::test]
async fn time_ends_what_nobody_decided_and_the_agent_may_take_it_back() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay", "refund"]})).await;
    let agent = server.agent("a").await;
    let operator = server.operator(Role::Operator).await;
    let call = |tool: &str| json!({"action": "tool_call", "context": {"tool": tool}});
    let id = id_of(&evaluate(&server, &agent, &call("pay"), None).await);
    let row = written(&server, &id, "pending").await;
    assert_eq!(row.expires_at - row.requested_at, 86_400_000_000, "a low risk waits for a day");
    approval::Entity::update_many()
        .col_expr(approval::Column::ExpiresAt, Expr::value(clock::now_micros() - 1))
        .filter(approval::Column::Id.eq(id.as_str()))
        .exec(server.app.store.db())
        .await
        .expect("updated");
    let (status, answer) = server.post(&format!("{APPROVALS}/{id}/approve"), &operator, json!({})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("approval_expired")));
    assert_eq!(super::resolve::expire_due(&server.app).await.expect("done"), 1);
    assert_eq!(super::resolve::expire_due(&server.app).await.expect("done"), 0);
    written(&server, &id, "expired").await;
    assert_ne!(id_of(&evaluate(&server, &agent, &call("pay"), None).await), id);

    let id = id_of(&evaluate(&server, &agent, &call("refund"), None).await);
    written(&server, &id, "pending").await;
    let (status, answer) =
        server.post(&format!("{APPROVALS}/{id}/cancel"), &agent, json!({"status": "approved"})).await;
    assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("cancelled")));
    assert_ne!(id_of(&evaluate(&server, &agent, &call("refund"), None).await), id);
}

#[tokio::test]
async fn two_replicas_asked_about_one_call_ask_a_person_once() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
        let agent = server.agent("a").await;
        let operator = server.operator(Role::Operator).await;
        let call = json!({"action": "tool_call", "context": {"tool": "pay"}});
        let first = id_of(&evaluate(&server, &agent, &call, None).await);
        let row = written(&server, &first, "pending").await;
        // What another replica records that has not heard of the first.
        let second = approval::Model { id: clock::new_id(), ..row };
        let record = [Record::ApprovalRequested(Box::new(second.clone()))];
        server.app.recorder.record_durably(&record).await.expect("recorded");
        server.app.recorder.record_durably(&record).await.expect("recorded twice");
        let path = format!("{APPROVALS}/{}?wait=1", second.id);
        let (status, shown) = server.get(&path, &agent).await;
        assert_eq!((status, &shown["id"]), (StatusCode::OK, &json!(first)), "{shown}");
        let (_, listed) = server.get(APPROVALS, &operator).await;
        assert_eq!(listed["approvals"].as_array().map(Vec::len), Some(1), "{listed}");
        let (status, _) = server.post(&format!("{APPROVALS}/{}/approve", second.id), &operator, json!({})).await;
        assert_eq!(status, StatusCode::OK);
        let (_, shown) = server.get(&format!("{APPROVALS}/{}", second.id), &agent).await;
        assert!(shown["approval_token"].is_string());
    }
}

#[tokio::test]
async fn an_agent_may_ask_before_it_tries() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"denied_tools": ["rm"], "requires_approval": ["pay"]})).await;
    let agent = server.agent("a").await;
    let ask = |tool: &str| json!({"action": "tool_call", "context": {"tool": tool}, "justification": "month's end"});
    let (status, answer) = server.post(APPROVALS, &agent, ask("pay")).await;
    assert_eq!((status, &answer["status"]), (StatusCode::CREATED, &json!("pending")), "{answer}");
    assert_eq!(answer["request"]["justification"], "month's end");
    let (status, again) = server.post(APPROVALS, &agent, ask("pay")).await;
    assert_eq!((status, &again["id"]), (StatusCode::OK, &answer["id"]));
    let denied = evaluate(&server, &agent, &ask("pay"), None).await;
    assert_eq!(id_of(&denied), answer["id"].as_str().expect("an id"), "trying asks for the same");
    for (tool, error) in [("rm", "not_requestable"), ("search", "already_permitted")] {
        let (status, answer) = server.post(APPROVALS, &agent, ask(tool)).await;
        assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!(error)), "{tool}");
    }
    let (status, answer) = server
        .post(EVALUATE, &agent, json!({"action": "tool_call", "context": {"tool": "pay"}, "dry_run": true}))
        .await;
    assert_eq!(
        (status, &answer["approval_id"], &answer["requires_approval"]),
        (StatusCode::OK, &Value::Null, &json!(true))
    );
}

#[tokio::test]
async fn another_tenant_sees_and_decides_nothing() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let agent = server.agent("a").await;
    let foreign = TenantId::new("foreign");
    crate::service::tenants::ensure(&server.app.store, &foreign, "Foreign").await.expect("a tenant");
    let new = crate::service::keys::NewKey {
        role: Some(Role::Admin),
        ..crate::service::keys::NewKey::new(crate::auth::key::KeyKind::Operator, "foreign")
    };
    let stranger = server.key_of(&foreign, new).await;
    let id = id_of(&evaluate(&server, &agent, &json!({"action": "tool_call", "context": {"tool": "pay"}}), None).await);
    written(&server, &id, "pending").await;
    for (method, path) in [
        (Method::GET, format!("{APPROVALS}/{id}")),
        (Method::POST, format!("{APPROVALS}/{id}/approve")),
        (Method::POST, format!("{APPROVALS}/{id}/deny")),
    ] {
        let (status, answer) = server.send(method, &path, &stranger, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {answer}");
    }
    let (_, listed) = server.get(APPROVALS, &stranger).await;
    assert_eq!(listed["approvals"], json!([]));
}

#[tokio::test]
async fn a_request_survives_a_restart_and_is_decided_at_any_replica() {
    let before = TestServer::postgres().await;
    before.policy("tool_permission", json!({"requires_approval": ["pay"]})).await;
    let agent = before.agent("a").await;
    let operator = before.operator(Role::Operator).await;
    let call = json!({"action": "tool_call", "context": {"tool": "pay"}});
    let id = id_of(&evaluate(&before, &agent, &call, None).await);
    written(&before, &id, "pending").await;
    let after = before.another().await;
    let waiting = format!("{APPROVALS}/{id}?wait=20");
    let decide = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        after.post(&format!("{APPROVALS}/{id}/approve"), &operator, json!({})).await
    };
    let began = Instant::now();
    let ((_, shown), _) = tokio::join!(before.get(&waiting, &agent), decide);
    assert_eq!(shown["status"], "approved", "the other says that it decided");
    assert!(began.elapsed() < Duration::from_secs(5));
    let (_, there) = after.get(&format!("{APPROVALS}/{id}"), &agent).await;
    let token = there["approval_token"].as_str().expect("a token");
    assert_eq!(there["approval_token"], shown["approval_token"], "the same wherever it is asked for");
    assert_eq!(evaluate(&after, &agent, &call, Some(token)).await["allowed"], true);
    written(&after, &id, "consumed").await;
}
