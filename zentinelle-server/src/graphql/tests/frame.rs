//! The schema loads, and the frame around the fields holds.

use serde_json::json;

use super::{ask, data};
use crate::auth::Role;
use crate::testing::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_loads_and_its_first_fields_answer() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Admin).await;
    server.agent("support-bot").await;
    let answer = ask(
        &server,
        &key,
        "{ me { name role organization permissions } agentsPage(first: 5) { totalCount nodes { id agentId name
           apiKeyPrefix decisions24h agentGroup { name agentCount } } pageInfo { hasNextPage endCursor } }
           policiesPage { totalCount nodes { id } } alertsPage { totalCount } incidentsPage { totalCount }
           approvalsPage { totalCount } decisionsPage { totalCount nodes { id policies { policyName } } } }",
        json!({}),
    )
    .await;
    let found = data(&answer);
    assert_eq!(found["me"]["role"], "ADMIN");
    assert_eq!(found["agentsPage"]["nodes"][0]["agentId"], "support-bot");
    assert_eq!(found["agentsPage"]["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_says_what_and_where() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Admin).await;
    let create = "mutation($input: CreatePolicyInput!) { createPolicy(input: $input) {
        success error errors problems { code path } policy { id name config } } }";
    let wrong =
        json!({ "input": { "name": "n", "policyType": "tool_permission", "config": { "denied_tool": ["x"] } } });
    let answer = ask(&server, &key, create, wrong).await;
    let payload = &data(&answer)["createPolicy"];
    assert_eq!(payload["success"], false);
    assert_eq!(payload["problems"][0], json!({ "code": "policy.unknown_key", "path": ["config", "denied_tool"] }));
    let right =
        json!({ "input": { "name": "n", "policyType": "tool_permission", "config": { "denied_tools": ["x"] } } });
    let answer = ask(&server, &key, create, right).await;
    let payload = &data(&answer)["createPolicy"];
    assert_eq!((&payload["success"], &payload["errors"]), (&json!(true), &json!([])), "{payload:#}");
    let answer = ask(&server, "", "{ me { name } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer:#}");
}
