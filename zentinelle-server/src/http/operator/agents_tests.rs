//! Operators and the agents and groups they keep.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::auth::Role;
use crate::testing::TestServer;

const AGENTS: &str = "/api/zentinelle/v1/agents";
const GROUPS: &str = "/api/zentinelle/v1/agent-groups";

#[tokio::test]
async fn an_agent_is_made_changed_suspended_and_removed_on_both_databases() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let operator = server.operator(Role::Operator).await;
        let (_, group) = server.post(GROUPS, &operator, json!({"name": "Night Shift"})).await;
        assert_eq!(group["slug"], "night-shift", "{group}");
        let body = json!({"agent_id": "a-1", "agent_type": "custom", "name": "First", "group_id": group["id"]});
        let (status, made) = server.post(AGENTS, &operator, body.clone()).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(server.post(AGENTS, &operator, body).await.0, StatusCode::CONFLICT);
        let key = made["api_key"].as_str().expect("a key");
        let works = async |key: &str| server.post("/api/v1/heartbeat", key, json!({})).await.0;
        assert_eq!(works(key).await, StatusCode::OK);

        let one = format!("{AGENTS}/a-1");
        let change = json!({"name": "Second", "config": {"heartbeat_interval_seconds": 5}, "group_id": null});
        let (status, changed) = server.send(Method::PATCH, &one, &operator, change).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert_eq!((&changed["name"], &changed["group_id"]), (&json!("Second"), &Value::Null));
        let (_, answer) = server.post("/api/v1/heartbeat", key, json!({})).await;
        assert_eq!((&answer["next_heartbeat_seconds"], &answer["config_changed"]), (&json!(5), &json!(true)));

        let (_, answer) = server.post(&format!("{one}/suspend"), &operator, json!({})).await;
        assert_eq!(answer["status"], "suspended");
        assert_eq!(works(key).await, StatusCode::UNAUTHORIZED);
        server.post(&format!("{one}/activate"), &operator, json!({})).await;
        assert_eq!(works(key).await, StatusCode::OK);

        let (_, rotated) = server.post(&format!("{one}/rotate-key"), &operator, json!({"grace_seconds": 60})).await;
        let newer = rotated["api_key"].as_str().expect("a key").to_owned();
        assert_eq!((works(key).await, works(&newer).await), (StatusCode::OK, StatusCode::OK));
        let (_, rotated) = server.post(&format!("{one}/rotate-key"), &operator, json!({"grace_seconds": 0})).await;
        let newest = rotated["api_key"].as_str().expect("a key").to_owned();
        assert_eq!((works(key).await, works(&newer).await), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
        assert_eq!(works(&newest).await, StatusCode::OK);

        assert_eq!(server.get(&format!("{one}/sessions"), &operator).await, (StatusCode::OK, json!({"sessions": []})));
        assert_eq!(server.send(Method::DELETE, &one, &operator, Value::Null).await.0, StatusCode::NO_CONTENT);
        assert_eq!(server.get(&one, &operator).await.0, StatusCode::NOT_FOUND);
        assert_eq!(works(&newest).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn agents_are_found_by_what_is_known_of_them_page_by_page() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let viewer = server.operator(Role::Viewer).await;
        for id in ["alpha_1", "alpha_2", "BETA"] {
            server.agent(id).await;
        }
        let found = async |query: &str| -> Vec<String> {
            let (status, answer) = server.get(&format!("{AGENTS}?{query}"), &viewer).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            let agents = answer["agents"].as_array().expect("a list");
            agents.iter().map(|agent| agent["agent_id"].as_str().expect("an id").to_owned()).collect()
        };
        assert_eq!(found("").await, ["alpha_1", "alpha_2", "BETA"]);
        assert_eq!(found("q=beta").await, ["BETA"]);
        assert_eq!(found("q=a_").await, ["alpha_1", "alpha_2"], "an underscore stands for itself");
        assert_eq!(found("q=%25").await, Vec::<String>::new());
        assert_eq!(found("status=active&type=custom&limit=1").await, ["alpha_1"]);
        assert_eq!(found("status=suspended").await, Vec::<String>::new());
        let (_, first) = server.get(&format!("{AGENTS}?limit=2"), &viewer).await;
        let cursor = first["next_cursor"].as_str().expect("more");
        assert_eq!(found(&format!("limit=2&cursor={cursor}")).await, ["BETA"]);
        for query in ["status=asleep", "limit=0", "limit=x", "q=%00"] {
            let (status, answer) = server.get(&format!("{AGENTS}?{query}"), &viewer).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{query} {answer}");
        }
    }
}

#[tokio::test]
async fn a_removed_group_leaves_its_agents_in_none() {
    let server = TestServer::sqlite().await;
    let operator = server.operator(Role::Operator).await;
    let (status, group) = server.post(GROUPS, &operator, json!({"name": "G", "tier": "restricted"})).await;
    assert_eq!((status, &group["tier"]), (StatusCode::CREATED, &json!("restricted")), "{group}");
    let one = format!("{GROUPS}/{}", group["id"].as_str().expect("an id"));
    let (status, _) = server.post(GROUPS, &operator, json!({"name": "g"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    for wrong in [json!({}), json!({"name": "x", "tier": "loose"}), json!({"name": "x", "slug": "a b"})] {
        assert_eq!(server.post(GROUPS, &operator, wrong).await.0, StatusCode::BAD_REQUEST);
    }
    server.post(AGENTS, &operator, json!({"agent_id": "a", "agent_type": "x", "group_id": group["id"]})).await;
    assert_eq!(server.get(&format!("{AGENTS}/a"), &operator).await.1["group_id"], group["id"]);
    let (_, renamed) = server.send(Method::PATCH, &one, &operator, json!({"name": "H"})).await;
    assert_eq!((&renamed["name"], &renamed["slug"]), (&json!("H"), &json!("g")));
    assert_eq!(server.get(GROUPS, &operator).await.1["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.send(Method::DELETE, &one, &operator, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&one, &operator).await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.get(&format!("{AGENTS}/a"), &operator).await.1["group_id"], Value::Null);
}

#[tokio::test]
async fn viewers_change_nothing_and_agents_see_nothing() {
    let server = TestServer::sqlite().await;
    let (viewer, agent) = (server.operator(Role::Viewer).await, server.agent("a").await);
    let body = json!({"agent_id": "b", "agent_type": "x"});
    assert_eq!(server.post(AGENTS, &viewer, body).await.0, StatusCode::FORBIDDEN);
    assert_eq!(server.get(AGENTS, &viewer).await.0, StatusCode::OK);
    assert_eq!(server.get(AGENTS, &agent).await.0, StatusCode::FORBIDDEN);
    assert_eq!(server.get(&format!("{AGENTS}/a"), &agent).await.0, StatusCode::FORBIDDEN);
}
