//! Alerts, alert rules, incidents and notifications.

use axum::http::{Method, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{at, audited, eventually, fails, ok, servers, stranger};
use crate::auth::Role;
use crate::service::alert_rules::{Condition, count, due};
use crate::store::entities::notification;
use crate::testing::TestServer;
use crate::{clock, recorder::record::Record};

async fn alert(server: &TestServer, agent: &str, operator: &str) -> String {
    ok(server, Method::POST, "scan", agent, json!({"content": "AKIAIOSFODNN7EXAMPL2"})).await;
    let page = eventually(server, &at("alerts?status=open"), operator, |page| page["total"] == 1).await;
    page["alerts"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn alerts_go_from_open_to_closed_once() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        let id = alert(&server, &agent, &operator).await;
        let stranger = stranger(&server).await;
        for (method, path) in [
            (Method::GET, format!("alerts/{id}")),
            (Method::POST, format!("alerts/{id}/acknowledge")),
            (Method::POST, format!("alerts/{id}/resolve")),
        ] {
            fails(&server, method.clone(), &path, &stranger, json!({}), 404, "not_found").await;
            fails(&server, method, &path, &agent, json!({}), 403, "forbidden").await;
        }
        let path = format!("alerts/{id}/acknowledge");
        let answer = ok(&server, Method::POST, &path, &operator, Value::Null).await;
        assert_eq!((&answer["alert_id"], &answer["status"]), (&json!(id), &json!("acknowledged")));
        assert!(answer["acknowledged_at"].as_str().is_some_and(|at| at.ends_with('Z')));
        fails(&server, Method::POST, &path, &operator, Value::Null, 400, "invalid_request").await;
        let path = format!("alerts/{id}/resolve");
        fails(&server, Method::POST, &path, &operator, json!({"resolution_notes": "a\0"}), 400, "invalid_request")
            .await;
        let answer = ok(
            &server,
            Method::POST,
            &path,
            &operator,
            json!({"resolution_notes": "a test key", "false_positive": true}),
        )
        .await;
        assert_eq!(answer["status"], "false_positive");
        fails(&server, Method::POST, &path, &operator, json!({}), 400, "invalid_request").await;
        fails(&server, Method::POST, &format!("alerts/{id}/acknowledge"), &operator, json!({}), 400, "invalid_request")
            .await;
        let kept = ok(&server, Method::GET, &format!("alerts/{id}"), &operator, Value::Null).await;
        assert_eq!(
            (&kept["resolved_by"], &kept["resolution_notes"]),
            (&json!("operator:operator"), &json!("a test key"))
        );
        let page = ok(&server, Method::GET, "alerts?severity=high", &operator, Value::Null).await;
        assert_eq!((&page["total"], &page["limit"]), (&json!(1), &json!(50)));
        for query in ["status=maybe", "severity=huge", "limit=x", "limit=0", "offset=-1", "cursor=1", "user_id=%00"] {
            fails(&server, Method::GET, &format!("alerts?{query}"), &operator, Value::Null, 400, "invalid_request")
                .await;
        }
        assert_eq!(audited(&server, "alert").await, 2);
    }
}

#[tokio::test]
async fn of_two_who_acknowledge_at_once_one_is_told_that_it_was_done() {
    let server = TestServer::postgres().await;
    let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
    let id = alert(&server, &agent, &operator).await;
    let path = at(&format!("alerts/{id}/acknowledge"));
    let (one, two) = tokio::join!(server.post(&path, &operator, json!({})), server.post(&path, &operator, json!({})));
    let mut statuses = [one.0.as_u16(), two.0.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn incidents_run_against_their_clock_through_their_states() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        fails(&server, Method::POST, "incidents", &operator, json!({"description": "x"}), 400, "invalid_request").await;
        fails(
            &server,
            Method::POST,
            "incidents",
            &operator,
            json!({"title": "x", "severity": "huge"}),
            400,
            "invalid_request",
        )
        .await;
        let body = json!({"title": "Leak", "severity": "critical", "tags": ["mail"], "occurred_at": "2026-01-01"});
        let (status, made) = server.post(&at("incidents"), &operator, body).await;
        assert_eq!((status, &made["status"], &made["source"]), (StatusCode::CREATED, &json!("open"), &json!("manual")));
        assert_eq!((&made["sla"]["hours"], &made["sla"]["breached"]), (&json!(1), &json!(false)));
        assert!(made["sla"]["remaining_seconds"].as_i64().is_some_and(|left| (3500..=3600).contains(&left)));
        assert_eq!(made["occurred_at"], "2026-01-01T00:00:00.000000Z");
        let path = format!("incidents/{}", made["id"].as_str().expect("an id"));
        let patched = ok(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"status": "investigating", "assignee_id": "ann", "severity": "low"}),
        )
        .await;
        assert_eq!((&patched["assignee_id"], &patched["sla"]["hours"]), (&json!("ann"), &json!(72)));
        assert!(patched["acknowledged_at"].is_string() && patched["resolved_at"].is_null());
        fails(&server, Method::PATCH, &path, &operator, json!({"status": "open"}), 409, "incident_transition").await;
        fails(&server, Method::PATCH, &path, &operator, json!({"status": "gone"}), 400, "invalid_request").await;
        let resolved = ok(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"status": "resolved", "root_cause": "a script", "assignee_id": ""}),
        )
        .await;
        assert!(resolved["resolved_at"].is_string() && resolved["assignee_id"].is_null());
        let closed = ok(&server, Method::PATCH, &path, &operator, json!({"status": "closed"})).await;
        assert_eq!((&closed["resolved_at"], &closed["root_cause"]), (&resolved["resolved_at"], &json!("a script")));
        fails(&server, Method::PATCH, &path, &operator, json!({"status": "investigating"}), 409, "incident_transition")
            .await;
        let comments = format!("{path}/comments");
        fails(&server, Method::POST, &comments, &operator, json!({"body": " "}), 400, "invalid_request").await;
        let (status, comment) =
            server.post(&at(&comments), &operator, json!({"content": "done", "author_id": "root"})).await;
        assert_eq!(
            (status, &comment["author_id"], &comment["body"]),
            (StatusCode::CREATED, &json!("operator:operator"), &json!("done"))
        );
        let whole = ok(&server, Method::GET, &path, &operator, Value::Null).await;
        assert_eq!(whole["comments"][0]["body"], "done");
        assert_eq!(ok(&server, Method::GET, &comments, &operator, Value::Null).await.as_array().map(Vec::len), Some(1));
        let page = ok(&server, Method::GET, "incidents?status=closed&severity=low", &operator, Value::Null).await;
        assert_eq!((&page["count"], &page["results"][0]["title"]), (&json!(1), &json!("Leak")));
        let stranger = stranger(&server).await;
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::PATCH, path.clone()),
            (Method::GET, comments.clone()),
            (Method::POST, comments.clone()),
        ] {
            fails(&server, method, &path, &stranger, json!({"body": "x"}), 404, "not_found").await;
        }
        assert_eq!(ok(&server, Method::GET, "incidents", &stranger, Value::Null).await["count"], 0);
        assert_eq!(audited(&server, "incident").await, 5);
    }
}

#[tokio::test]
async fn evidence_says_what_it_is_and_keeps_who_added_it() {
    for server in servers().await {
        let (operator, admin) = (server.operator(Role::Operator).await, server.operator(Role::Admin).await);
        let made = ok(&server, Method::POST, "incidents", &operator, json!({"title": "Leak"})).await;
        let path = format!("incidents/{}", made["id"].as_str().expect("an id"));
        for (evidence, says) in [
            (json!([[null, null]]), "evidence[0]"),
            (json!([{"kind": "rumour", "reference": "x"}]), "evidence[0].kind"),
            (json!([{"kind": "note"}]), "evidence[0]"),
            (json!([{"kind": "note", "reference": "x"}, {"kind": "url", "reference": "x"}]), "evidence[1].reference"),
            (json!(vec![json!({"kind": "note", "reference": "x"}); 201]), "holds 201 pieces"),
        ] {
            let (status, answer) =
                server.send(Method::PATCH, &at(&path), &operator, json!({"evidence": evidence})).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{evidence}");
            assert!(answer.to_string().contains(says), "{says}: {answer}");
        }
        let note = json!({"kind": "note", "reference": "a call", "note": "they rang"});
        let first = ok(&server, Method::PATCH, &path, &operator, json!({"evidence": [note]})).await;
        let kept = first["evidence"][0].clone();
        assert_eq!((&kept["kind"], &kept["added_by"]), (&json!("note"), &json!("operator:operator")));
        let more = json!({"evidence": [kept, {"kind": "decision", "reference": "d-1"}]});
        let second = ok(&server, Method::PATCH, &path, &admin, more).await;
        assert_eq!(second["evidence"][0], kept, "another who adds a piece does not take over the first");
        assert_eq!(second["evidence"][1]["added_by"], "operator:admin");
    }
}

#[tokio::test]
async fn alert_rules_are_kept_with_a_condition_that_can_be_counted() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        let condition = json!({"metric": "violations", "threshold": 2, "window_minutes": 60, "least_severity": "high"});
        let made =
            ok(&server, Method::POST, "alert-rules", &operator, json!({"name": "many", "condition": condition})).await;
        assert_eq!((&made["severity"], &made["enabled"]), (&json!("medium"), &json!(true)));
        fails(
            &server,
            Method::POST,
            "alert-rules",
            &operator,
            json!({"name": "many", "condition": condition}),
            409,
            "already_exists",
        )
        .await;
        fails(&server, Method::POST, "alert-rules", &operator, json!({"name": "x"}), 400, "invalid_request").await;
        let path = format!("alert-rules/{}", made["id"].as_str().expect("an id"));
        fails(&server, Method::PATCH, &path, &operator, json!({"condition": {"metric": "x"}}), 400, "invalid_request")
            .await;
        assert_eq!(ok(&server, Method::PATCH, &path, &operator, json!({"enabled": false})).await["enabled"], false);
        for _ in 0..2 {
            ok(&server, Method::POST, "scan", &agent, json!({"content": "AKIAIOSFODNN7EXAMPL2"})).await;
        }
        eventually(&server, &at("violations"), &operator, |page| page["total"] == 2).await;
        for metric in [
            "evaluations",
            "denials",
            "denial_percent",
            "violations",
            "blocked_scans",
            "incidents",
            "model_calls",
            "tokens",
            "usd_micros",
            "unhealthy_agents",
        ] {
            let condition = json!({"metric": metric, "threshold": 2, "window_minutes": 60, "agent_id": "builder"});
            let condition = Condition::read(&condition).expect("a condition");
            let counts = count(&server.app, &server.tenant, &condition, clock::now_micros()).await.expect("counts");
            assert_eq!(due(&condition, &counts), metric == "violations", "{metric}: {counts:?}");
        }
        let stranger = stranger(&server).await;
        fails(&server, Method::DELETE, &path, &stranger, Value::Null, 404, "not_found").await;
        ok(&server, Method::DELETE, &path, &operator, Value::Null).await;
        assert_eq!(audited(&server, "alert_rule").await, 3);
    }
}

#[tokio::test]
async fn notifications_are_read_once_and_by_their_own_people() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        let id = clock::new_id();
        let row = notification::Model {
            tenant_id: server.tenant.as_str().to_owned(),
            id: id.clone(),
            kind: "budget_warning".to_owned(),
            severity: "high".to_owned(),
            subject: "Budget".to_owned(),
            message: "80 %".to_owned(),
            metadata: json!({}),
            status: "unread".to_owned(),
            created_at: clock::now_micros(),
            read_at: None,
        };
        server.app.recorder.record_durably(&[Record::Notification(Box::new(row))]).await.expect("kept");
        eventually(&server, &at("notifications?status=unread"), &operator, |page| page["count"] == 1).await;
        let path = format!("notifications/{id}/read");
        let stranger = stranger(&server).await;
        fails(&server, Method::POST, &path, &stranger, Value::Null, 404, "not_found").await;
        let first = ok(&server, Method::POST, &path, &operator, Value::Null).await;
        assert_eq!((&first["status"], &first["type"]), (&json!("read"), &json!("budget_warning")));
        assert_eq!(ok(&server, Method::POST, &path, &operator, Value::Null).await, first);
        assert_eq!(ok(&server, Method::GET, "notifications?status=unread", &operator, Value::Null).await["count"], 0);
        let left = notification::Entity::find().all(server.app.store.db()).await.expect("rows");
        assert_eq!(left.len(), 1);
    }
}

#[tokio::test]
async fn a_new_policy_that_does_not_say_is_enforced_as_the_settings_want_it() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(crate::auth::Role::Admin).await;
    let policy = |name: &str| json!({"name": name, "type": "tool_permission", "config": {"denied_tools": ["shell"]}});
    let made = ok(&server, Method::POST, "policies", &admin, policy("one")).await;
    assert_eq!(made["enforcement"], "enforce");
    ok(&server, Method::PATCH, "settings", &admin, json!({"default_enforcement": "audit"})).await;
    let made = ok(&server, Method::POST, "policies", &admin, policy("two")).await;
    assert_eq!(made["enforcement"], "audit");
    let mut said = policy("three");
    said["enforcement"] = json!("enforce");
    let made = ok(&server, Method::POST, "policies", &admin, said).await;
    assert_eq!(made["enforcement"], "enforce");
}
