//! Pages neither skip nor repeat, and nested fields ask once for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{ask, data};
use crate::auth::Role;
use crate::testing::TestServer;

async fn pages_neither_skip_nor_repeat(server: TestServer) {
    let key = server.operator(Role::Admin).await;
    for number in 0..23 {
        server.agent(&format!("agent-{number:02}")).await;
    }
    for (sort, first) in [("name", "agent-00"), ("lastHeartbeat", ""), ("status", ""), ("createdAt", "")] {
        let mut seen = Vec::new();
        let mut after = Value::Null;
        loop {
            let query = "query($after: String, $sort: Sort) { agentsPage(first: 5, after: $after, sort: $sort) {
                totalCount nodes { agentId } pageInfo { hasNextPage endCursor } } }";
            let answer = ask(&server, &key, query, json!({ "after": after, "sort": { "field": sort } })).await;
            let page = &data(&answer)["agentsPage"];
            assert_eq!(page["totalCount"], 23);
            let nodes = page["nodes"].as_array().expect("a list");
            seen.extend(nodes.iter().map(|node| node["agentId"].as_str().expect("an id").to_owned()));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert!(first.is_empty() || seen[0] == first, "{sort}: {seen:?}");
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len()), (23, 23), "{sort}");
    }
    let query = "{ agentsPage(first: 5) { pageInfo { endCursor } } }";
    let answer = ask(&server, &key, query, json!({})).await;
    let cursor = data(&answer)["agentsPage"]["pageInfo"]["endCursor"].clone();
    let query =
        "query($after: String) { agentsPage(after: $after, filter: { search: \"x\" }) { totalCount nodes { id } } }";
    let answer = ask(&server, &key, query, json!({ "after": cursor })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_REQUEST", "{answer:#}");
    // Backwards from the end, in the order of the list.
    let query = "{ agentsPage(last: 2, sort: { field: \"name\" }) { nodes { agentId } pageInfo { hasPreviousPage } } }";
    let answer = ask(&server, &key, query, json!({})).await;
    let page = &data(&answer)["agentsPage"];
    assert_eq!(page["nodes"], json!([{ "agentId": "agent-21" }, { "agentId": "agent-22" }]));
    assert_eq!(page["pageInfo"]["hasPreviousPage"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_together_on_sqlite() {
    pages_neither_skip_nor_repeat(TestServer::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_together_on_postgresql() {
    pages_neither_skip_nor_repeat(TestServer::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_denials_of_a_policy_are_found_by_its_id() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (key, agent) = (server.operator(Role::Admin).await, server.agent("builder").await);
        let denies = server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
        for tool in ["shell", "shell", "reader"] {
            let asked = json!({ "action": "tool_call", "context": { "tool": tool } });
            server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
        }
        server.settled().await;
        let query =
            "query($filter: DecisionsFilter) { decisionsPage(filter: $filter) { totalCount nodes { allowed } } }";
        for (search, expected) in [("", 2), ("SHELL", 2), ("builder", 2), ("tool_permission.denied", 2), ("nowhere", 0)]
        {
            let filter = json!({ "policyId": denies, "search": search });
            let answer = ask(&server, &key, query, json!({ "filter": filter })).await;
            let page = &data(&answer)["decisionsPage"];
            assert_eq!(page["totalCount"], expected, "{search:?}: {answer:#}");
        }
        let answer = ask(&server, &key, query, json!({ "filter": { "policyId": "%" } })).await;
        assert_eq!(data(&answer)["decisionsPage"]["totalCount"], 0, "a pattern is a text like any other");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_fields_of_many_ask_as_often_as_those_of_few() {
    let statements = Arc::new(AtomicUsize::new(0));
    let mut store = crate::store::testing::sqlite().await;
    let counter = statements.clone();
    store.watch(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let server = TestServer::over(store).await;
    let key = server.operator(Role::Admin).await;
    let query = "{ agentsPage(first: 50) { nodes { apiKeyPrefix keyExpiresAt decisions24h denied24h costUsd30d
        agentGroup { name agentCount } } } }";
    let mut counts = Vec::new();
    for many in [2, 30] {
        for number in 0..many {
            server.agent(&format!("agent-{many}-{number}")).await;
        }
        ask(&server, &key, query, json!({})).await;
        let before = statements.load(Ordering::Relaxed);
        let answer = ask(&server, &key, query, json!({})).await;
        assert!(data(&answer)["agentsPage"]["nodes"].as_array().is_some_and(|nodes| nodes.len() >= many));
        counts.push(statements.load(Ordering::Relaxed) - before);
    }
    assert!(counts[1] <= counts[0] + 2 && counts[1] < 12, "{counts:?}");
}
