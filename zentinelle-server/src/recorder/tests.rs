//! What was answered is in the database a moment later, whole and once.

use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use super::{holds_nul, without_nul};
use crate::store::entities::{evaluation, evaluation_policy, incident};
use crate::store::evaluations;
use crate::testing::TestServer;

#[tokio::test]
async fn decisions_reach_both_databases() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let key = server.agent("builder").await;
        server.policy("tool_permission", json!({"denied_tools": ["shell"], "allowed_tools": ["search"]})).await;
        for tool in ["search", "shell", "unknown"] {
            let body = json!({"action": "tool_call", "user_id": "ada", "context": {"tool": tool, "note": "a b"}});
            let (status, answer) = server.post("/api/v1/evaluate", &key, body).await;
            assert_eq!(status, 200, "{answer}");
        }
        server.settled().await;
        let rows = evaluation::Entity::find().all(server.app.store.db()).await.expect("rows");
        assert_eq!(rows.len(), 3);
        let denied: Vec<_> = rows.iter().filter(|row| !row.allowed).collect();
        assert_eq!(denied.len(), 2);
        assert_eq!(denied[0].user_id.as_deref(), Some("ada"));
        assert_eq!(denied[0].context["note"], "a b");
    }
}

#[tokio::test]
async fn what_all_policies_say_alike_is_stored_once_and_found_again() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let key = server.agent("builder").await;
        server.policy("tool_permission", json!({"allowed_tools": ["search"]})).await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            let body = json!({"action": "tool_call", "context": {"tool": "search"}});
            let (_, answer) = server.post("/api/zentinelle/v1/evaluate", &key, body).await;
            ids.push(answer["evaluation_id"].as_str().expect("an id").to_owned());
        }
        server.settled().await;
        let db = server.app.store.db();
        assert_eq!(evaluation_policy::Entity::find().count(db).await.expect("a count"), 1);
        let purge = |now| evaluations::purge_policies(db, &server.tenant, now);
        purge(i64::MAX).await.expect("purged");
        for id in &ids {
            let row = evaluations::of_agent(db, &server.tenant, &"builder".into(), id).await.expect("read");
            let policies = row.expect("there").policies;
            assert_eq!(policies[0]["type"], "tool_permission", "{policies}");
            assert_eq!(policies[0]["passed"], true);
        }
        evaluation::Entity::delete_many().exec(db).await.expect("deleted");
        purge(i64::MAX).await.expect("purged");
        assert_eq!(evaluation_policy::Entity::find().count(db).await.expect("a count"), 0);
    }
}

#[tokio::test]
async fn repeated_violations_are_one_incident() {
    let server = TestServer::sqlite().await;
    let key = server.agent("builder").await;
    server.policy("tool_permission", json!({"block_dangerous_commands": true})).await;
    let body = json!({"action": "tool_call", "context": {"tool": "Bash", "tool_input": {"command": "rm -rf /"}}});
    for _ in 0..5 {
        server.post("/api/v1/evaluate", &key, body.clone()).await;
    }
    server.settled().await;
    let incidents = incident::Entity::find().all(server.app.store.db()).await.expect("rows");
    assert!(incidents.len() <= 1, "{incidents:?}");
    assert_eq!(evaluation::Entity::find().count(server.app.store.db()).await.expect("a count"), 5);
}

#[test]
fn only_the_character_itself_is_replaced() {
    let text = serde_json::to_vec(&json!({"a\0": ["\0", "\\u0000"], "b": {"c": "x"}})).expect("text");
    assert!(holds_nul(&text));
    let clean: serde_json::Value = serde_json::from_slice(&without_nul(&text).expect("clean")).expect("JSON");
    assert_eq!(clean, json!({"a\u{fffd}": ["\u{fffd}", "\\u0000"], "b": {"c": "x"}}));
}
