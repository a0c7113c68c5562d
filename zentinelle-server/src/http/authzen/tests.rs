//! The conformance scenario of the AuthZEN working group, on a policy that we can express: who
//! is asked about is the user an agent acts for, and what may be done is a list of actions.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use crate::auth::Role;
use crate::store::entities::evaluation;
use crate::testing::TestServer;

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

/// Everybody may read; only the user alice may also write, and delete softly.
async fn server() -> (TestServer, String) {
    let server = TestServer::sqlite().await;
    let key = server.agent("todo-app").await;
    server.policy("agent_capability", json!({"allowed_actions": ["read", "write", "can_read"]})).await;
    server.user_policy("bob", "agent_capability", json!({"allowed_actions": ["read"]})).await;
    (server, key)
}

fn asks(user: &str, action: &str) -> Value {
    json!({"subject": {"type": "user", "id": user}, "action": {"name": action},
        "resource": {"type": "record", "id": "record-1"}})
}

async fn decision(server: &TestServer, key: &str, body: Value) -> bool {
    let (status, answer) = server.post(ONE, key, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["decision"].as_bool().unwrap_or_else(|| panic!("a decision in {answer}"))
}

#[tokio::test]
async fn single_decisions_are_made_as_the_scenario_wants() {
    let (server, key) = server().await;
    for (user, action, expected) in
        [("alice", "read", true), ("alice", "write", true), ("bob", "read", true), ("bob", "write", false)]
    {
        assert_eq!(decision(&server, &key, asks(user, action)).await, expected, "{user} {action}");
    }
    let mut body = asks("alice", "read");
    body["context"] = json!({"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"});
    assert!(decision(&server, &key, body.clone()).await, "with a context");
    body["subject"]["properties"] = json!({"department": "Sales", "role": "manager"});
    body["action"]["properties"] = json!({"method": "GET"});
    body["resource"]["properties"] = json!({"status": "active", "owner": "bob"});
    body["foo"] = json!("bar");
    body["futureField"] = json!({"nested": true});
    for _ in 0..3 {
        assert!(decision(&server, &key, body.clone()).await, "with properties and unknown fields, each time");
    }
    // The example of the specification itself.
    let example = json!({
        "subject": {"type": "user", "id": "alice@acmecorp.com"}, "resource": {"type": "account", "id": "123"},
        "action": {"name": "can_read", "properties": {"method": "GET"}}, "context": {"time": "1985-10-26T01:22-07:00"}
    });
    assert!(decision(&server, &key, example).await);
}

#[tokio::test]
async fn what_is_missing_or_of_another_type_is_refused() {
    let (server, key) = server().await;
    let mut bodies = Vec::new();
    for field in ["subject", "action", "resource"] {
        let mut body = asks("alice", "read");
        body.as_object_mut().expect("an object").remove(field);
        bodies.push(body);
    }
    for (field, below) in
        [("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id")]
    {
        for value in [None, Some(Value::Null), Some(json!(123)), Some(json!("")), Some(json!("\u{0}"))] {
            let mut body = asks("alice", "read");
            let entity = body[field].as_object_mut().expect("an object");
            entity.remove(below);
            entity.extend(value.map(|value| (below.to_owned(), value)));
            bodies.push(body);
        }
    }
    for (field, value) in [
        ("subject", json!("alice")),
        ("context", json!([])),
        ("subject", json!({"type": "robot", "id": "x"})),
        ("resource", json!({"type": "record", "id": "1", "properties": []})),
        ("action", json!([])),
    ] {
        let mut body = asks("alice", "read");
        body[field] = value;
        bodies.push(body);
    }
    for body in bodies {
        for path in [ONE, MANY] {
            let (status, answer) = server.post(path, &key, body.clone()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}: {answer}");
        }
    }
    for body in [&b""[..], b"{", b"[]", b"\"x\"", b"\xff"] {
        let (status, _) = server.send_raw(axum::http::Method::POST, ONE, &key, body.to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    let (status, _) = server.post(ONE, "", asks("alice", "read")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_request_id_comes_back_and_only_json_is_read() {
    let (server, key) = server().await;
    let request = |media: &str| {
        Request::post(ONE)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", media)
            .header("x-request-id", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716 of mine")
            .body(Body::from(asks("alice", "read").to_string()))
            .expect("a request")
    };
    let reply = server.answer(request("application/json")).await;
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.headers()["x-request-id"], "bfe9eb29-ab87-4ca3-be83-a1d5d8305716 of mine");
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert_eq!(server.answer(request("text/plain")).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

async fn decisions(server: &TestServer, key: &str, body: Value) -> Vec<bool> {
    let (status, answer) = server.post(MANY, key, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer.get("decision").is_none(), "{answer}");
    let decisions = answer["evaluations"].as_array().expect("evaluations").iter();
    decisions.map(|one| one["decision"].as_bool().expect("a decision")).collect()
}

#[tokio::test]
async fn several_evaluations_share_defaults_and_keep_their_order() {
    let (server, key) = server().await;
    let (alice, bob) = (json!({"type": "user", "id": "alice"}), json!({"type": "user", "id": "bob"}));
    let record = |id: &str| json!({"type": "record", "id": id});
    let (can_read, can_write) = (json!({"name": "read"}), json!({"name": "write"}));
    let body = json!({"subject": alice, "action": can_read,
        "evaluations": [{"resource": record("record-1")}, {"resource": record("record-2")}]});
    assert_eq!(decisions(&server, &key, body).await, [true, true]);
    let body = json!({"subject": bob, "resource": record("record-1"),
        "evaluations": [{"action": can_read}, {"action": can_write}]});
    assert_eq!(decisions(&server, &key, body).await, [true, false]);
    let body = json!({"evaluations": [asks("alice", "read"), asks("bob", "write")]});
    assert_eq!(decisions(&server, &key, body).await, [true, false]);
    let body = json!({"action": can_write, "resource": record("record-2"),
        "evaluations": [{"subject": bob}, {"subject": alice}]});
    assert_eq!(decisions(&server, &key, body).await, [false, true]);
    let body = json!({"subject": alice, "action": can_read, "context": {"time": "2025-06-27T18:03-07:00"}, "evaluations": [
        {"resource": record("record-1")},
        {"resource": record("record-2"), "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}}]});
    assert_eq!(decisions(&server, &key, body).await, [true, true]);
    let body = json!({"subject": alice, "action": can_write, "resource": {"type": "record"}, "evaluations": [
        {"resource": {"id": "record-1", "properties": {"status": "active"}}}, {"resource": record("record-2")}]});
    assert_eq!(decisions(&server, &key, body).await, [true, true], "a type that is left out comes from the default");
    let body = json!({"subject": alice, "action": can_read,
        "evaluations": [{"resource": record("record-1")}, {}, "odd", {"resource": 7}, {"subject": {"type": "agent", "id": "other"}, "resource": record("1")}]});
    assert_eq!(decisions(&server, &key, body.clone()).await, [true, false, false, false, false]);
    let (_, answer) = server.post(MANY, &key, body).await;
    assert_eq!(answer["evaluations"][1]["context"]["error"]["status"], 400);
    assert_eq!(answer["evaluations"][4]["context"]["error"]["status"], 403);
    for evaluations in [Value::Null, json!([])] {
        let mut body = asks("alice", "read");
        body["evaluations"] = evaluations;
        let (status, answer) = server.post(MANY, &key, body).await;
        assert_eq!((status, &answer["decision"]), (StatusCode::OK, &json!(true)));
    }
    let body = json!({"evaluations": vec![asks("alice", "read"); 101]});
    assert_eq!(server.post(MANY, &key, body).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn evaluations_stop_where_they_are_told_to() {
    let (server, key) = server().await;
    let body = |semantic: Value| {
        json!({"subject": {"type": "user", "id": "bob"}, "resource": {"type": "document", "id": "1"},
            "options": {"evaluations_semantic": semantic, "another_option": "value"},
            "evaluations": [{"action": {"name": "read"}}, {"action": {"name": "write"}}, {"action": {"name": "read"}}]})
    };
    for (semantic, expected) in [
        (json!("execute_all"), vec![true, false, true]),
        (Value::Null, vec![true, false, true]),
        (json!("deny_on_first_deny"), vec![true, false]),
        (json!("permit_on_first_permit"), vec![true]),
    ] {
        assert_eq!(decisions(&server, &key, body(semantic.clone())).await, expected, "{semantic}");
    }
    let (status, answer) = server.post(MANY, &key, body(json!("first_come"))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}

#[tokio::test]
async fn the_subject_is_the_keys_agent_or_the_user_it_acts_for() {
    let (server, key) = server().await;
    let about = |subject: Value| json!({"subject": subject, "action": {"name": "write"}, "resource": {"type": "record", "id": "1"}});
    let agent = |id: &str, user: Value| about(json!({"type": "agent", "id": id, "properties": {"user_id": user}}));
    assert!(decision(&server, &key, agent("todo-app", Value::Null)).await);
    assert!(!decision(&server, &key, agent("todo-app", json!("bob"))).await, "acting for bob");
    let (status, answer) = server.post(ONE, &key, agent("other", Value::Null)).await;
    assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("agent_id_mismatch")));
    let operator = server.operator(Role::Admin).await;
    assert_eq!(server.post(ONE, &operator, agent("todo-app", Value::Null)).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_resource_is_judged_as_what_it_is_and_a_fact_has_one_value() {
    let (server, key) = server().await;
    server.policy("agent_capability", json!({"allowed_actions": ["tool_call"]})).await;
    server.policy("tool_permission", json!({"denied_tools": ["shell"], "requires_approval": ["pay"]})).await;
    let tool = |id: &str, context: Value| {
        json!({"subject": {"type": "agent", "id": "todo-app"}, "action": {"name": "tool_call"},
            "resource": {"type": "tool", "id": id, "properties": {"tool_input": {"a": 1}}}, "context": context})
    };
    let (_, answer) = server.post(ONE, &key, tool("shell", json!({}))).await;
    assert_eq!((&answer["decision"], &answer["context"]["code"]), (&json!(false), &json!("tool_permission.denied")));
    assert!(answer["context"]["message"].as_str().is_some_and(|text| text.contains("shell")), "{answer}");
    assert_eq!(answer["context"]["policies"].as_array().map(Vec::len), Some(1));
    assert!(answer["context"].get("access_request").is_none());
    let (status, answer) = server.post(ONE, &key, tool("search", json!({"tool": "shell"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "two tools in one question: {answer}");
    let (_, answer) = server.post(ONE, &key, tool("pay", json!({}))).await;
    assert_eq!((&answer["decision"], &answer["context"]["reason"]), (&json!(false), &json!("approval_required")));
    assert!(answer["context"]["access_request"]["expires_at"].is_string());
}

#[tokio::test]
async fn the_metadata_names_the_address_it_was_asked_at() {
    let (server, _) = server().await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = Request::get("/.well-known/authzen-configuration");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = server.answer(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(reply.status(), StatusCode::OK);
        let bytes = axum::body::to_bytes(reply.into_body(), 10_000).await.expect("a body");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")
    };
    let metadata = ask(&[("host", "pdp.example.com")]).await;
    assert_eq!(metadata["policy_decision_point"], "https://pdp.example.com");
    assert_eq!(metadata["access_evaluation_endpoint"], "https://pdp.example.com/access/v1/evaluation");
    assert_eq!(metadata["access_evaluations_endpoint"], "https://pdp.example.com/access/v1/evaluations");
    for (name, endpoint) in
        metadata.as_object().expect("an object").iter().filter(|(name, _)| name.ends_with("_endpoint"))
    {
        let path = endpoint.as_str().and_then(|url| url.strip_prefix("https://pdp.example.com")).expect("below it");
        assert_ne!(server.post(path, "", json!({})).await.0, StatusCode::NOT_FOUND, "{name} names what exists");
    }
    assert_eq!(ask(&[("host", "127.0.0.1:8420")]).await["policy_decision_point"], "http://127.0.0.1:8420");
    let metadata =
        ask(&[("host", "inner"), ("x-forwarded-host", "pdp.example.com"), ("x-forwarded-proto", "https")]).await;
    assert_eq!(metadata["policy_decision_point"], "https://pdp.example.com");
    assert_eq!(ask(&[("host", "a/b@c")]).await["policy_decision_point"], "http://localhost");
}

#[tokio::test]
async fn a_denial_is_submitted_approved_and_evaluated_again() {
    let (server, key) = server().await;
    let operator = server.operator(Role::Operator).await;
    server.policy("agent_capability", json!({"require_approval": ["write"]})).await;
    let (_, denied) = server.post(ONE, &key, asks("alice", "write")).await;
    assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&json!(false), &json!("approval_required")));
    let mut submission = asks("alice", "write");
    submission["context"] = json!({"business_justification": "the month's end"});
    let (status, answer) = server.post("/access/v1/requests", &key, submission.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "without its denial: {answer}");
    submission["denial"] = json!({
        "evaluation_id": denied["context"]["evaluation_id"], "reason": "approval_required",
        "expires_at": denied["context"]["access_request"]["expires_at"],
    });
    let (status, answer) = server.post("/access/v1/requests", &key, submission.clone()).await;
    assert_eq!((status, &answer["task"]["status"]), (StatusCode::ACCEPTED, &json!("pending")), "{answer}");
    assert_eq!(answer["task"]["id"], denied["context"]["approval_id"], "the same call is one request");
    let path = format!("/access/v1/requests/{}", answer["task"]["id"].as_str().expect("an id"));
    assert!(answer["task"]["status_endpoint"].as_str().is_some_and(|endpoint| endpoint.ends_with(&path)));
    let other = server.agent("other").await;
    assert_eq!(server.get(&path, &other).await.0, StatusCode::NOT_FOUND);
    let approve = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let id = answer["task"]["id"].as_str().expect("an id");
        server.post(&format!("/api/zentinelle/v1/approvals/{id}/approve"), &operator, json!({})).await
    };
    let waiting = format!("{path}?wait=20");
    let ((_, task), (status, _)) = tokio::join!(server.get(&waiting, &key), approve);
    assert_eq!((status, &task["task"]["status"]), (StatusCode::OK, &json!("approved")), "{task}");
    assert_eq!(task["result"]["mode"], "reevaluate");
    let again = |user: &str| {
        let mut call = asks(user, "write");
        call["context"] = json!({"approval": task["result"]["approval"]});
        call
    };
    assert!(!decision(&server, &key, again("carol")).await, "another user's call");
    assert!(decision(&server, &key, again("alice")).await);
    assert!(!decision(&server, &key, again("alice")).await, "once");
    submission["denial"]["expires_at"] = json!("2020-01-01T00:00:00Z");
    let (status, answer) = server.post("/access/v1/requests", &key, submission).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("expired_denial")));
}

async fn search(server: &TestServer, key: &str, what: &str, body: Value) -> Value {
    let (status, answer) = server.post(&format!("/access/v1/search/{what}"), key, body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn what_is_found_is_permitted_when_it_is_asked_for() {
    let server = TestServer::sqlite().await;
    let key = server.agent("todo-app").await;
    let tools = json!({"allowed_tools": ["search", "read_file", "mcp__*"], "requires_approval": ["pay"]});
    server.policy("tool_permission", tools).await;
    server.user_policy("bob", "model_restriction", json!({"allowed_models": ["gpt-5", "our-own"]})).await;
    let asks = |user: &str, action: &str, kind: &str| json!({"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": {"type": kind}});
    let ids = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().expect("results").iter();
        results.map(|one| one["id"].as_str().or(one["name"].as_str()).expect("a name").to_owned()).collect()
    };
    let found = search(&server, &key, "resource", asks("ann", "tool_call", "tool")).await;
    assert_eq!(
        (&found["results"][0], ids(&found), &found["page"]),
        (
            &json!({"type": "tool", "id": "read_file"}),
            vec!["read_file".to_owned(), "search".to_owned()],
            &json!({"next_token": "", "count": 2})
        )
    );
    for id in ids(&found) {
        let mut body = asks("ann", "tool_call", "tool");
        body["resource"]["id"] = id.into();
        assert!(decision(&server, &key, body).await);
    }
    let found = search(&server, &key, "resource", asks("bob", "llm:invoke", "model")).await;
    assert_eq!(ids(&found), ["gpt-5", "our-own"]);
    let mut paged = asks("ann", "llm:invoke", "model");
    let (mut all, mut pages) = (Vec::new(), 0);
    loop {
        paged["page"]["limit"] = json!(20);
        let found = search(&server, &key, "resource", paged.clone()).await;
        all.extend(ids(&found));
        pages += 1;
        match found["page"]["next_token"].as_str() {
            Some("") | None => break,
            Some(token) => paged["page"]["token"] = token.into(),
        }
    }
    assert!(pages > 2 && all.is_sorted() && all.iter().any(|id| id == "our-own"), "{pages} {all:?}");
    let on_pay = json!({"subject": {"type": "agent", "id": "todo-app"}, "resource": {"type": "tool", "id": "pay"}});
    assert!(search(&server, &key, "action", on_pay.clone()).await["results"].as_array().is_some_and(Vec::is_empty));
    let mut on_search = on_pay;
    on_search["resource"]["id"] = json!("search");
    assert_eq!(search(&server, &key, "action", on_search).await["results"], json!([{"name": "tool_call"}]));
    let nothing = search(&server, &key, "resource", asks("ann", "read", "account")).await;
    assert!(nothing["results"] == json!([]) && nothing["context"]["reason"].is_string(), "{nothing}");
    // Searching spends nothing and leaves no record behind.
    server.settled().await;
    let rows = evaluation::Entity::find().all(server.app.store.db()).await.expect("rows");
    assert_eq!(rows.len(), 2, "the two that were asked for");
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_refused() {
    let (server, key) = server().await;
    let sound =
        json!({"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"}, "resource": {"type": "tool"}});
    for (field, value) in [
        ("subject", Value::Null),
        ("subject", json!({"type": "robot", "id": "x"})),
        ("action", json!({})),
        ("resource", json!({"id": "x"})),
        ("resource", json!([])),
        ("page", json!({"limit": 0})),
        ("page", json!({"token": "?"})),
        ("page", json!("next")),
    ] {
        let mut body = sound.clone();
        body[field] = value;
        let (status, answer) = server.post("/access/v1/search/resource", &key, body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    assert_eq!(server.post("/access/v1/search/subject", &key, sound).await.0, StatusCode::NOT_FOUND);
}
