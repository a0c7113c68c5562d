//! Policies one by one.

use axum::http::Method;
use serde_json::{Value, json};

use super::{audit, call, err, may_use, ok};
use crate::auth::Role;
use crate::testing::TestServer;

async fn both() -> [TestServer; 2] {
    [TestServer::sqlite().await, TestServer::postgres().await]
}

fn no_shells() -> Value {
    json!({"name": "No shells", "type": "tool_permission", "config": {"denied_tools": ["shell"], "allowed_tools": []}})
}

#[tokio::test]
async fn a_policy_is_made_changed_deleted_and_brought_back_with_all_of_its_history() {
    for server in both().await {
        let key = server.operator(Role::Operator).await;
        let made = ok(&server, Method::POST, "policies", &key, no_shells()).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!((&made["version"], &made["scope"]), (&json!(1), &json!({"type": "organization"})));
        let path = format!("policies/{id}");
        assert_eq!(ok(&server, Method::GET, &path, &key, Value::Null).await, made);

        let change = json!({"version": 1, "priority": 7, "config": {"denied_tools": ["shell", "bash"]}, "change_summary": "more"});
        let changed = ok(&server, Method::PATCH, &path, &key, change.clone()).await;
        assert_eq!(
            (&changed["version"], &changed["priority"], &changed["name"]),
            (&json!(2), &json!(7), &made["name"])
        );
        assert_eq!(err(&server, Method::PATCH, &path, &key, change).await, (409, "stale_version".to_owned()));
        // What changes nothing is no version.
        let same = ok(&server, Method::PATCH, &path, &key, json!({"priority": 7})).await;
        assert_eq!(same["version"], 2);

        let put =
            json!({"name": "No shells", "type": "tool_permission", "scope": "user:alice", "enforcement": "audit"});
        let full = format!("/api/zentinelle/v1/{path}");
        assert_eq!(server.send_if_match(Method::PUT, &full, &key, "\"1\"", put.clone()).await, 409);
        assert_eq!(server.send_if_match(Method::PUT, &full, &key, "nonsense", put.clone()).await, 400);
        assert_eq!(server.send_if_match(Method::PUT, &full, &key, "\"2\"", put).await, 200);
        let put = ok(&server, Method::GET, &path, &key, Value::Null).await;
        assert_eq!((&put["version"], &put["priority"], &put["config"]), (&json!(3), &json!(0), &json!({})));
        assert_eq!(put["scope"], json!({"type": "user", "id": "alice"}));

        assert_eq!(server.send_if_match(Method::DELETE, &full, &key, "\"2\"", json!({})).await, 409);
        assert_eq!(server.send_if_match(Method::DELETE, &full, &key, "\"3\"", json!({})).await, 204);
        assert_eq!(err(&server, Method::GET, &path, &key, Value::Null).await, (404, "not_found".to_owned()));

        let history = ok(&server, Method::GET, &format!("{path}/history"), &key, Value::Null).await;
        assert_eq!(history["count"], 4);
        let versions: Vec<&Value> =
            history["results"].as_array().expect("a list").iter().map(|r| &r["version"]).collect();
        assert_eq!(versions, [4, 3, 2, 1]);
        assert_eq!(history["results"][0]["snapshot"]["deleted"], true);
        assert_eq!(history["results"][2]["change_summary"], "more");
        assert_eq!(history["results"][1]["snapshot"]["scope"], json!({"type": "user", "id": "alice"}));
        assert_eq!(history["results"][3]["changed_by"], "operator:operator");
        let page = ok(&server, Method::GET, &format!("{path}/history?limit=2"), &key, Value::Null).await;
        let next = format!("{path}/history?limit=2&cursor={}", page["next_cursor"]);
        let next = ok(&server, Method::GET, &next, &key, Value::Null).await;
        assert_eq!(next["results"][0]["version"], 2);
        let offset = ok(&server, Method::GET, &format!("{path}/history?limit=1&offset=3"), &key, Value::Null).await;
        assert_eq!((&offset["results"][0]["version"], &offset["next_cursor"]), (&json!(1), &Value::Null));

        let diff = ok(&server, Method::GET, &format!("{path}/diff?from=1&to=2"), &key, Value::Null).await;
        let inside = json!({"added": {}, "removed": {"allowed_tools": []}, "changed": {"denied_tools": [["shell"], ["shell", "bash"]]}});
        assert_eq!(diff["changed"], json!({"priority": [0, 7], "config": inside}));
        assert_eq!(err(&server, Method::GET, &format!("{path}/diff?from=1&to=9"), &key, Value::Null).await.0, 404);
        for query in ["?from=1", "", "?from=a&to=2"] {
            assert_eq!(
                err(&server, Method::GET, &format!("{path}/diff{query}"), &key, Value::Null).await.0,
                400,
                "{query}"
            );
        }

        let restored = ok(&server, Method::POST, &format!("{path}/restore"), &key, json!({"version": 2})).await;
        assert_eq!(
            (&restored["version"], &restored["config"]),
            (&json!(5), &json!({"denied_tools": ["shell", "bash"]}))
        );
        let back = ok(&server, Method::POST, &format!("{path}/restore"), &key, json!({"version": 1})).await;
        assert_eq!((&back["version"], &back["priority"]), (&json!(6), &json!(0)));
        assert_eq!(err(&server, Method::POST, &format!("{path}/restore"), &key, json!({"version": 99})).await.0, 404);

        let trail: Vec<String> = audit(&server, "policy").await.into_iter().map(|(action, _)| action).collect();
        assert_eq!(trail, ["create", "update", "update", "delete", "create", "update"]);
        let (_, second) = audit(&server, "policy").await.swap_remove(1);
        assert_eq!(second["resource_id"], id.as_str());
        assert_eq!(second["changes"]["changed"]["priority"], json!([0, 7]));
        let revision = ok(&server, Method::GET, "policies/revision", &key, Value::Null).await;
        assert_eq!(revision["revision"], revision["deciding_revision"]);
        // One for each change, and none for what changed nothing or was refused.
        assert_eq!((&revision["revision"], &revision["policies"]), (&json!(7), &json!(1)));
    }
}

#[tokio::test]
async fn policies_are_found_by_filters_and_page_by_page() {
    for server in both().await {
        let key = server.operator(Role::Operator).await;
        for number in 0..5 {
            let scope = if number % 2 == 0 { json!("organization") } else { json!({"type": "user", "id": "alice"}) };
            let body = json!({
                "name": format!("100% Policy_{number}"), "type": if number < 3 { "rate_limit" } else { "tool_permission" },
                "enabled": number != 0, "scope": scope,
            });
            ok(&server, Method::POST, "policies", &key, body).await;
        }
        for (query, count) in [
            ("", 5),
            ("?type=rate_limit", 3),
            ("?enabled=false", 1),
            ("?scope=user:alice", 2),
            ("?scope=user", 2),
            ("?scope=organization&type=rate_limit&enabled=true", 1),
            ("?q=POLICY_3", 1),
            ("?q=100%25", 5),
            ("?q=%25x", 0),
            ("?q=Policy.3", 0),
            ("?source=api", 5),
            ("?enforcement=audit", 0),
        ] {
            let found = ok(&server, Method::GET, &format!("policies{query}"), &key, Value::Null).await;
            assert_eq!(found["count"], count, "{query}");
            assert_eq!(found["results"].as_array().map(Vec::len), Some(count), "{query}");
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ok(&server, Method::GET, &format!("policies?limit=2{cursor}"), &key, Value::Null).await;
            seen.extend(page["results"].as_array().expect("a list").iter().map(|policy| policy["name"].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5);
        for query in
            ["?limit=0", "?limit=x", "?enabled=maybe", "?type=nothing", "?scope=planet", "?colour=red", "?q=%00"]
        {
            let (status, error) = err(&server, Method::GET, &format!("policies{query}"), &key, Value::Null).await;
            assert_eq!((status, error.as_str()), (400, "invalid_request"), "{query}");
        }
    }
}

#[tokio::test]
async fn the_next_decision_follows_the_change() {
    let server = TestServer::sqlite().await;
    let (key, agent) = (server.operator(Role::Operator).await, server.agent("builder").await);
    assert!(!may_use(&server, &agent, "shell").await, "no policy at all");
    let floor = json!({"name": "Tools", "type": "tool_permission", "config": {"denied_tools": ["bash"]}});
    ok(&server, Method::POST, "policies", &key, floor).await;
    assert!(may_use(&server, &agent, "shell").await);
    let made = ok(&server, Method::POST, "policies", &key, no_shells()).await;
    assert!(!may_use(&server, &agent, "shell").await);
    let path = format!("policies/{}", made["id"].as_str().expect("an id"));
    ok(&server, Method::PATCH, &path, &key, json!({"enabled": false})).await;
    assert!(may_use(&server, &agent, "shell").await);
    ok(&server, Method::PATCH, &path, &key, json!({"enabled": true})).await;
    assert!(!may_use(&server, &agent, "shell").await);
    ok(&server, Method::DELETE, &path, &key, Value::Null).await;
    assert!(may_use(&server, &agent, "shell").await);
    ok(&server, Method::POST, &format!("{path}/restore"), &key, json!({"version": 1})).await;
    assert!(!may_use(&server, &agent, "shell").await);
}

#[tokio::test]
async fn a_policy_from_elsewhere_begins_its_history_when_it_is_changed() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Operator).await;
    let id = server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    let path = format!("policies/{id}");
    assert_eq!(ok(&server, Method::GET, &format!("{path}/history"), &key, Value::Null).await["count"], 0);
    ok(&server, Method::PATCH, &path, &key, json!({"config": {}})).await;
    let diff = ok(&server, Method::GET, &format!("{path}/diff?from=1&to=2"), &key, Value::Null).await;
    assert_eq!(diff["changed"]["config"]["removed"], json!({"denied_tools": ["shell"]}));
}

#[tokio::test]
async fn of_many_at_once_one_version_wins() {
    for server in both().await {
        let key = server.operator(Role::Operator).await;
        let made = ok(&server, Method::POST, "policies", &key, no_shells()).await;
        let path = format!("policies/{}", made["id"].as_str().expect("an id"));
        let attempt = |priority: i64| {
            let (server, path, key) = (&server, &path, &key);
            async move { call(server, Method::PATCH, path, key, json!({"version": 1, "priority": priority})).await.0 }
        };
        let answers = futures_util::future::join_all((1..=8).map(attempt)).await;
        assert_eq!(answers.iter().filter(|status| status.as_u16() == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| status.as_u16() == 409).count(), 7, "{answers:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let server = TestServer::postgres().await;
    let key = server.operator(Role::Operator).await;
    let with = |key: &str, value: Value| {
        let mut body = no_shells();
        body[key] = value;
        body
    };
    for (body, pointer) in [
        (with("type", json!("tool_permissions")), "/type"),
        (with("config", json!({"denied_tool": []})), "/config/denied_tool"),
        (with("config", json!({"denied_tools": ["a\u{0}"]})), "/config"),
        (with("config", json!([])), "/config"),
        (with("name", json!("a\u{0}b")), "/name"),
        (with("name", json!("n".repeat(256))), "/name"),
        (with("description", json!("n".repeat(4001))), "/description"),
        (with("scope", json!("planet:mars")), "/scope"),
        (with("enforcement", json!("perhaps")), "/enforcement"),
        (with("priority", json!(1e300)), "/priority"),
        (with("priorty", json!(1)), "/priorty"),
    ] {
        let (status, answer) = call(&server, Method::POST, "policies", &key, body.clone()).await;
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_policy")), "{body}: {answer}");
        let faults = answer["faults"].as_array().expect("faults");
        assert!(faults.iter().any(|fault| fault["pointer"] == pointer), "{body}: {answer}");
        assert!(faults.iter().all(|fault| fault["code"].is_string() && fault["message"].is_string()));
    }
    for body in [
        json!([]),
        json!("x"),
        with("version", json!("1")),
        with("id", json!("mine")),
        with("change_summary", json!(1)),
    ] {
        let (status, answer) = call(&server, Method::POST, "policies", &key, body.clone()).await;
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_request")), "{body}: {answer}");
    }
    for id in ["nobody", "%00", "%ff", "a%2fb", &"x".repeat(300)] {
        for path in [format!("policies/{id}"), format!("policies/{id}/history")] {
            assert_eq!(err(&server, Method::GET, &path, &key, Value::Null).await.0, 404, "{path}");
        }
    }
    let made = ok(&server, Method::POST, "policies", &key, no_shells()).await;
    let path = format!("policies/{}", made["id"].as_str().expect("an id"));
    let (status, answer) = call(&server, Method::PATCH, &path, &key, json!({"config": {"denied_tool": []}})).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_policy")));
    assert_eq!(ok(&server, Method::GET, &path, &key, Value::Null).await, made, "nothing of it was kept");
}
