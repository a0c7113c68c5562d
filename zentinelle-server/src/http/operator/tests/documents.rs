//! Import, export and packs.

use axum::http::Method;
use serde_json::{Value, json};

use super::{audit, call, err, may_use, ok};
use crate::auth::Role;
use crate::service::packs;
use crate::testing::TestServer;

const TWO: &str = "policies:
  - id: shells
    name: No shells
    type: tool_permission
    priority: 3
    config: {denied_tools: [shell]}
---
apiVersion: zentinelle.ai/v1
kind: Policy
metadata: {name: 'Slow: down', scope: 'user:alice', enforcement: audit, description: 'For \"Alice\", only.'}
spec: {type: rate_limit, config: {requests_per_minute: 5}}
";

async fn import(server: &TestServer, key: &str, text: &str, more: Value) -> Value {
    let mut body = more;
    body["documents"] = text.into();
    ok(server, Method::POST, "policies/import", key, body).await
}

async fn export(server: &TestServer, key: &str) -> String {
    let (status, text) = call(server, Method::GET, "policies/export", key, Value::Null).await;
    assert!(status.is_success(), "{text}");
    text.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn documents_come_back_as_they_went_in() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let key = server.operator(Role::Operator).await;
        let looked = import(&server, &key, TWO, json!({"dry_run": true})).await;
        assert_eq!((&looked["created"], &looked["dry_run"]), (&json!(2), &json!(true)));
        assert_eq!(export(&server, &key).await, "policies: []\n");
        assert!(audit(&server, "policy").await.is_empty(), "nothing of a dry run is kept");

        let done = import(&server, &key, TWO, json!({})).await;
        assert_eq!((&done["created"], &done["results"][1]["policy"]["id"]), (&json!(2), &json!("slow-down")));
        let text = export(&server, &key).await;
        let again = import(&server, &key, &text, json!({"prune": true})).await;
        assert_eq!(
            (&again["unchanged"], &again["updated"], &again["deleted"]),
            (&json!(2), &json!(0), &json!(0)),
            "{text}"
        );
        assert_eq!(export(&server, &key).await, text);
        assert_eq!(import(&server, &key, TWO, json!({})).await["unchanged"], 2);

        // Another tenant takes the same text and gives the same back.
        let other = TestServer::sqlite().await;
        let other_key = other.operator(Role::Operator).await;
        import(&other, &other_key, &text, json!({})).await;
        assert_eq!(export(&other, &other_key).await, text);

        let changed = TWO.replace("priority: 3", "priority: 4").replace("[shell]", "[shell, bash]");
        let diff = import(&server, &key, &changed, json!({"dry_run": true})).await;
        assert_eq!(diff["results"][0]["changed"]["priority"], json!([3, 4]));
        assert_eq!(
            diff["results"][0]["changed"]["config"]["changed"]["denied_tools"],
            json!([["shell"], ["shell", "bash"]])
        );
        assert_eq!(export(&server, &key).await, text);
    }
}

#[tokio::test]
async fn pruning_takes_away_only_what_documents_brought() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Operator).await;
    let own = json!({"name": "By hand", "type": "tool_permission"});
    ok(&server, Method::POST, "policies", &key, own).await;
    import(&server, &key, TWO, json!({})).await;
    let one = "policies: [{id: shells, name: No shells, type: tool_permission, config: {denied_tools: [shell]}}]";
    assert_eq!(import(&server, &key, one, json!({})).await["deleted"], 0);
    let pruned = import(&server, &key, one, json!({"prune": true})).await;
    assert_eq!((&pruned["deleted"], &pruned["results"][1]["action"]), (&json!(1), &json!("deleted")));
    let left = ok(&server, Method::GET, "policies", &key, Value::Null).await;
    assert_eq!(left["count"], 2);
    let history = ok(&server, Method::GET, "policies/slow-down/history", &key, Value::Null).await;
    assert_eq!(history["count"], 2);
    // Brought back under the same id, it goes on counting.
    let back = import(&server, &key, TWO, json!({})).await;
    assert_eq!(
        (&back["results"][1]["action"], &back["results"][1]["policy"]["version"]),
        (&json!("created"), &json!(3))
    );
}

#[tokio::test]
async fn one_fault_keeps_everything_out_and_every_fault_is_placed() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Operator).await;
    let text = "policies:\n  - {name: Good, type: tool_permission}\n  - name: Bad\n    type: tool_permissio\n  - name: Worse\n    type: rate_limit\n    config:\n      requests_per_minut: 5\n";
    let (status, answer) = call(&server, Method::POST, "policies/import", &key, json!({"documents": text})).await;
    assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_policy")));
    let places: Vec<(u64, u64)> = answer["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| (fault["line"].as_u64().expect("a line"), fault["column"].as_u64().expect("a column")))
        .collect();
    assert_eq!(places, [(4, 11), (8, 7)], "{answer}");
    assert_eq!(ok(&server, Method::GET, "policies", &key, Value::Null).await["count"], 0);
    let twice = "policies: [{name: A, type: rate_limit}, {name: B, id: a, type: rate_limit}]";
    assert_eq!(err(&server, Method::POST, "policies/import", &key, json!({"documents": twice})).await.0, 400);
    let foreign = "policies: [{name: A, type: rate_limit, tenant_id: other}]";
    assert_eq!(err(&server, Method::POST, "policies/import", &key, json!({"documents": foreign})).await.0, 400);
    for body in [json!({}), json!({"documents": 1}), json!({"documents": "", "prunes": true})] {
        assert_eq!(err(&server, Method::POST, "policies/import", &key, body).await.1, "invalid_request");
    }
    let check = ok(&server, Method::POST, "policies/validate", &key, json!({"documents": text})).await;
    assert_eq!((&check["valid"], check["faults"].as_array().map(Vec::len)), (&json!(false), Some(2)));
    let check = ok(&server, Method::POST, "policies/validate", &key, json!({"documents": TWO})).await;
    assert_eq!((&check["valid"], &check["policies"]), (&json!(true), &json!(2)));
}

#[tokio::test]
async fn every_pack_denies_once_it_is_active_and_packs_add_up() {
    let server = TestServer::sqlite().await;
    let (key, agent) = (server.operator(Role::Operator).await, server.agent("builder").await);
    let output = |text: &str| json!({"action": "llm_response", "context": {"output_text": text}});
    let listed = ok(&server, Method::GET, "packs", &key, Value::Null).await;
    assert_eq!((&listed["count"], &listed["results"][0]["active"]), (&json!(packs::ALL.len()), &json!(0)));
    let looked = ok(&server, Method::POST, "packs/gdpr/activate", &key, json!({"dry_run": true})).await;
    assert_eq!(looked["created"], 5);
    let mut expected = 0;
    for pack in packs::ALL {
        let done = ok(&server, Method::POST, &format!("packs/{}/activate", pack.name), &key, Value::Null).await;
        expected += pack.document().policies().len();
        assert_eq!(done["created"], pack.document().policies().len(), "{}", pack.name);
        let again = ok(&server, Method::POST, &format!("packs/{}/activate", pack.name), &key, json!({})).await;
        assert_eq!(again["unchanged"], done["created"], "{}", pack.name);
    }
    let all = ok(&server, Method::GET, "policies?source=pack", &key, Value::Null).await;
    assert_eq!(all["count"], expected);
    let denied = output("Write to maria.lopez@example.org or call +49 30 901820.");
    let answer = ok(&server, Method::POST, "evaluate", &agent, denied).await;
    let failed: Vec<&str> = answer["policies_evaluated"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|policy| policy["passed"] == false)
        .map(|policy| policy["name"].as_str().unwrap_or_default())
        .collect();
    assert!(!answer["allowed"].as_bool().unwrap_or(true) && failed.len() >= 4, "each pack has its say: {failed:?}");
    // Modes of their own, until one is asked for.
    let network = ok(&server, Method::GET, "policies/pack-eu-ai-act-network", &key, Value::Null).await;
    assert_eq!(network["enforcement"], "audit");
    ok(&server, Method::POST, "packs/eu_ai_act/activate", &key, json!({"enforcement": "audit"})).await;
    let oversight = ok(&server, Method::GET, "policies/pack-eu-ai-act-oversight", &key, Value::Null).await;
    assert_eq!((&oversight["enforcement"], &oversight["type"]), (&json!("audit"), &json!("human_oversight")));
    assert!(may_use(&server, &agent, "search").await);
    assert_eq!(err(&server, Method::POST, "packs/nothing/activate", &key, json!({})).await.0, 404);
    assert_eq!(audit(&server, "compliance_pack").await.len(), 2 * packs::ALL.len() + 1);
}
