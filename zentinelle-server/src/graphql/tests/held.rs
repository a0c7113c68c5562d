//! People are told who looks at what a legal hold holds, where it asks for that.

use serde_json::{Value, json};

use super::{ask, data};
use crate::auth::Role;
use crate::testing::TestServer;

const BELL: &str = "{ notificationsPage(filter: { type: [\"legal_hold_access\"] }) { nodes { subject } } }";

async fn told(server: &TestServer, key: &str) -> Vec<String> {
    let answer = ask(server, key, BELL, json!({})).await;
    let nodes = data(&answer)["notificationsPage"]["nodes"].as_array().expect("a list").clone();
    nodes.iter().filter_map(|one| one["subject"].as_str().map(str::to_owned)).collect()
}

async fn holds(server: &TestServer, key: &str, input: Value) -> Value {
    let create = "mutation($input: CreateLegalHoldInput!) { createLegalHold(input: $input) { holdId errors } }";
    let answer = ask(server, key, create, json!({ "input": input })).await;
    data(&answer)["createLegalHold"]["holdId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_and_exporting_what_is_held_is_told_once_a_day() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (key, agent) = (server.operator(Role::Admin).await, server.agent("builder").await);
        server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
        let asked = json!({ "action": "tool_call", "user_id": "ann", "context": { "tool": "shell" } });
        server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
        server.settled().await;
        let answer = ask(&server, &key, "{ decisionsPage { nodes { id } } }", json!({})).await;
        let id = data(&answer)["decisionsPage"]["nodes"][0]["id"].clone();
        let open = async || {
            ask(&server, &key, "query($id: ID!) { decision(id: $id) { id } }", json!({ "id": id })).await;
        };
        // Holds that do not ask, or hold other records, say nothing.
        holds(&server, &key, json!({ "name": "Quiet", "holdType": "audit" })).await;
        for (name, other) in [
            ("Usage", json!({ "appliesToAll": false, "entityTypes": ["usage"] })),
            ("Bob", json!({ "userIdentifiers": ["bob"] })),
            ("Long ago", json!({ "dataTo": "2001-01-01T00:00:00Z" })),
        ] {
            let mut input = other;
            input["name"] = json!(name);
            input["holdType"] = json!("audit");
            input["notifyOnAccess"] = json!(true);
            assert_ne!(holds(&server, &key, input).await, Value::Null, "{name}");
        }
        open().await;
        assert_eq!(told(&server, &key).await, Vec::<String>::new());
        let input =
            json!({ "name": "Case", "holdType": "litigation", "userIdentifiers": ["ann"], "notifyOnAccess": true });
        let hold = holds(&server, &key, input).await;
        open().await;
        open().await;
        let once = told(&server, &key).await;
        assert_eq!(once.len(), 1, "{once:?}");
        assert!(once[0].ends_with("opened records under the legal hold `Case`"), "{once:?}");
        // An export takes out what it holds, whoever's it is.
        server.get("/api/zentinelle/v1/export/violations.csv", &key).await;
        let twice = told(&server, &key).await;
        assert!(twice.iter().any(|one| one.ends_with("exported records under the legal hold `Case`")), "{twice:?}");
        let released = "mutation($id: ID!) { releaseLegalHold(id: $id) { success } }";
        ask(&server, &key, released, json!({ "id": hold })).await;
        let other = server.operator(Role::Viewer).await;
        ask(&server, &other, "query($id: ID!) { decision(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(told(&server, &key).await.len(), twice.len());
    }
}
