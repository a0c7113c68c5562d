//! Dry runs and simulations.

use axum::http::Method;
use sea_orm::{EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use serde_json::{Value, json};

use super::{err, may_use, ok};
use crate::auth::Role;
use crate::clock;
use crate::store::entities::{evaluation, event};
use crate::testing::TestServer;

#[tokio::test]
async fn a_dry_run_answers_both_ways_and_spends_nothing() {
    let server = TestServer::sqlite().await;
    let (key, agent) = (server.operator(Role::Viewer).await, server.agent("builder").await);
    server.policy("rate_limit", json!({"requests_per_minute": 1})).await;
    let body = json!({
        "candidate": {"policy": {"name": "No shells", "type": "tool_permission", "config": {"denied_tools": ["shell"]}}},
        "request": {"agent_id": "builder", "action": "tool_call", "context": {"tool": "shell"}},
    });
    for _ in 0..3 {
        let answer = ok(&server, Method::POST, "policies/dry-run", &key, body.clone()).await;
        assert_eq!(
            (&answer["before"]["allowed"], &answer["after"]["allowed"]),
            (&json!(true), &json!(false)),
            "{answer}"
        );
        assert_eq!((&answer["changed"], &answer["agent_known"]), (&json!(true), &json!(true)));
        assert_eq!(answer["after"]["code"], "tool_permission.denied");
        assert!(answer["after"]["explanation"].as_str().is_some_and(|text| text.contains("No shells")));
    }
    assert!(may_use(&server, &agent, "shell").await, "the one request of the minute is still there");
    let spent = ok(&server, Method::POST, "policies/dry-run", &key, json!({"request": body["request"]})).await;
    assert_eq!((&spent["before"]["allowed"], &spent["changed"]), (&json!(false), &json!(false)), "{spent}");
    let without =
        json!({"candidate": {"remove": [spent["before"]["policies_evaluated"][0]["id"]]}, "request": body["request"]});
    let without = ok(&server, Method::POST, "policies/dry-run", &key, without).await;
    assert_eq!(without["after"]["effect"], "no_policy");
    server.settled().await;
    assert_eq!(evaluation::Entity::find().count(server.app.store.db()).await.expect("counted"), 1);
    for (body, error) in [
        (json!({}), "invalid_request"),
        (json!({"request": {"action": 1}}), "invalid_request"),
        (json!({"request": {"action": ""}}), "invalid_policy"),
        (json!({"request": {"action": "a", "tenant_id": "other"}}), "foreign_tenant"),
        (json!({"request": {"action": "a"}, "candidate": {"remove": ["nobody"]}}), "not_found"),
        (json!({"request": {"action": "a"}, "candidate": {"policy": {"type": "x"}}}), "invalid_policy"),
        (json!({"request": {"action": "a"}, "candidat": {}}), "invalid_request"),
    ] {
        assert_eq!(err(&server, Method::POST, "policies/dry-run", &key, body.clone()).await.1, error, "{body}");
    }
}

/// Something that happened some minutes ago.
async fn happened(server: &TestServer, minutes_ago: i64, tool: &str, as_event: bool) -> String {
    let id = clock::new_id();
    let at = clock::now_micros() - minutes_ago * 60_000_000;
    let db = server.app.store.db();
    let tenant_id = server.tenant.as_str().to_owned();
    if as_event {
        let row = event::Model {
            tenant_id,
            id: id.clone(),
            agent_id: "builder".to_owned(),
            user_id: None,
            event_type: "tool_call".to_owned(),
            category: "telemetry".to_owned(),
            payload: json!({"context": {"tool": tool}, "metadata": {"x": 1}}),
            digest: id.clone(),
            batch_id: id.clone(),
            raw_timestamp: None,
            occurred_at: at,
            received_at: at,
        };
        event::Entity::insert(row.into_active_model()).exec_without_returning(db).await.expect("kept");
        return id;
    }
    let row = evaluation::Model {
        tenant_id,
        id: id.clone(),
        agent_id: "builder".to_owned(),
        user_id: None,
        session_id: None,
        action: "tool_call".to_owned(),
        resource: Some(tool.to_owned()),
        effect: "permit".to_owned(),
        allowed: true,
        dry_run: false,
        code: None,
        reason: None,
        policies: json!([]),
        warnings: json!([]),
        context: json!({"tool": tool}),
        risk_score: 0,
        policy_set_version: "1".to_owned(),
        source: "native".to_owned(),
        duration_us: 1,
        occurred_at: at,
    };
    evaluation::Entity::insert(row.into_active_model()).exec_without_returning(db).await.expect("kept");
    id
}

#[tokio::test]
async fn a_simulation_replays_what_happened_against_both_sets() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let key = server.operator(Role::Viewer).await;
        server.agent("builder").await;
        server.policy("tool_permission", json!({"denied_tools": ["bash"], "allowed_tools": ["shell", "search"]})).await;
        let shell = happened(&server, 30, "shell", false).await;
        for minutes in [25, 20, 15] {
            happened(&server, minutes, "search", false).await;
        }
        happened(&server, 10, "bash", true).await;
        let reported = happened(&server, 5, "shell", true).await;
        happened(&server, 60 * 24 * 30, "shell", false).await;

        let upsert = json!([{"name": "Stricter", "type": "tool_permission", "priority": 1, "config": {"denied_tools": ["shell"]}}]);
        let body = json!({"candidate": {"upsert": upsert}});
        let found = ok(&server, Method::POST, "policies/simulate", &key, body.clone()).await;
        assert_eq!(
            (&found["total_events"], &found["evaluations"], &found["events"]),
            (&json!(6), &json!(4), &json!(2))
        );
        assert_eq!((&found["before"]["denied"], &found["after"]["denied"]), (&json!(1), &json!(2)), "{found}");
        assert_eq!((&found["newly_denied"]["total"], &found["newly_allowed"]["total"]), (&json!(2), &json!(1)));
        assert_eq!((&found["would_block"], &found["impact_percent"]), (&json!(2), &json!(33.33)));
        assert_eq!(found["newly_denied"]["by_policy"], json!({"Stricter": 2}));
        assert_eq!(found["newly_denied"]["samples"][0]["evaluation_id"], shell.as_str());
        assert_eq!(found["newly_denied"]["samples"][1]["event_id"], reported.as_str());
        assert_eq!(
            found["by_agent"],
            json!([{"agent_id": "builder", "total": 6, "newly_denied": 2, "newly_allowed": 1}])
        );
        assert_eq!(found["truncated"], false);
        let kinds: Vec<&Value> =
            found["conflicts"].as_array().expect("a list").iter().map(|one| &one["kind"]).collect();
        assert_eq!(kinds, ["contradiction", "shadowed"], "{found}");

        let newest = json!({"candidate": {"upsert": upsert}, "max_events": 2, "records": "all"});
        let newest = ok(&server, Method::POST, "policies/simulate", &key, newest).await;
        assert_eq!(
            (&newest["total_events"], &newest["truncated"], &newest["events"]),
            (&json!(2), &json!(true), &json!(2))
        );
        let events = json!({"candidate": {}, "records": "events"});
        let events = ok(&server, Method::POST, "policies/simulate", &key, events).await;
        assert_eq!((&events["total_events"], &events["newly_denied"]["total"]), (&json!(2), &json!(0)));
        // Limits count over the past as they would have then, on totals of their own.
        let limit = json!({"candidate": {"policy": {"name": "Slow", "type": "rate_limit", "config": {"requests_per_hour": 2}}}});
        let limit = ok(&server, Method::POST, "policies/simulate", &key, limit).await;
        assert_eq!(limit["before"]["denied"], 1);
        assert!(limit["newly_denied"]["total"].as_u64().is_some_and(|total| total >= 1), "{limit}");
        assert!(server.app.ledger.health() == crate::ledger::Health::default());
        for body in [
            json!({"candidate": {}, "lookback_days": 0}),
            json!({"candidate": {}, "max_events": 100_000_000}),
            json!({"candidate": {}, "records": "dreams"}),
            json!({"candidate": {"policy": []}}),
        ] {
            assert_eq!(err(&server, Method::POST, "policies/simulate", &key, body.clone()).await.0, 400, "{body}");
        }
    }
}

#[tokio::test]
async fn the_kinds_of_policy_describe_themselves() {
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Viewer).await;
    let kinds = ok(&server, Method::GET, "policy-types", &key, Value::Null).await;
    assert_eq!(kinds["count"], 24);
    for kind in kinds["results"].as_array().expect("a list") {
        let name = kind["name"].as_str().expect("a name");
        assert!(kind["description"].as_str().is_some_and(|words| words.ends_with('.')), "{name}");
        let schema = ok(&server, Method::GET, &format!("policy-types/{name}/schema"), &key, Value::Null).await;
        assert!(schema["properties"].is_object() && !schema.to_string().contains("#/$defs"), "{name}: {schema}");
    }
    assert_eq!(err(&server, Method::GET, "policy-types/nothing/schema", &key, Value::Null).await.0, 404);
}
