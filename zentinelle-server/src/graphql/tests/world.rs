//! An organisation with one object of every kind, and another one whose administrator should see
//! nothing of it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use super::{PATH, ask, data};
use crate::auth::key::KeyKind;
use crate::auth::{Caller, Role};
use crate::clock;
use crate::service::keys::NewKey;
use crate::service::users::{self, NewUser};
use crate::store::entities::{
    alert, anomaly, approval, content_scan, content_violation, event, interaction, notification,
};
use crate::testing::TestServer;

/// Stands in a text of everything the organisation has.
pub(super) const MARK: &str = "tenant-a";
pub(super) const PASSWORD: &str = "correct horse battery";

/// The ids of what there is, by what they are called in the tables of calls.
pub(super) type Ids = BTreeMap<&'static str, String>;

/// The key of an administrator of another organisation.
pub(super) async fn spy(server: &TestServer) -> String {
    let other = TenantId::new("other");
    crate::service::tenants::ensure(&server.app.store, &other, "Other").await.expect("a tenant");
    server.key_of(&other, NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "spy") }).await
}

/// A text with ids in the place of their names in braces.
pub(super) fn filled(text: &str, ids: &Ids) -> String {
    ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
}

async fn keep<E>(server: &TestServer, row: Value)
where
    E: EntityTrait,
    E::Model: DeserializeOwned + IntoActiveModel<E::ActiveModel>,
{
    let row: E::Model = serde_json::from_value(row).expect("a row");
    E::insert(row.into_active_model()).exec_without_returning(server.app.store.db()).await.expect("kept");
}

/// What agents, scans and jobs leave behind, which nobody makes by asking for it.
pub(super) async fn left_behind(server: &TestServer) -> Ids {
    let mut ids = Ids::new();
    let (tenant, now) = (server.tenant.as_str(), clock::now_micros());
    let agent = format!("{MARK}-agent");
    ids.insert("nobody", "0198a000-0000-7000-8000-000000000001".to_owned());
    for name in ["alert", "alert2", "alert3"] {
        let id = clock::new_id();
        keep::<alert::Entity>(server, json!({
            "tenant_id": tenant, "id": id, "alert_type": "single_violation", "severity": "high",
            "title": format!("{MARK} alert"), "description": "", "agent_id": agent, "user_id": null, "dedup_key": name,
            "metadata": {}, "violation_count": 1, "first_violation_at": now, "last_violation_at": now, "status": "open",
            "acknowledged_by": null, "acknowledged_at": null, "resolved_by": null, "resolved_at": null,
            "resolution_notes": "", "created_at": now, "updated_at": now,
        }))
        .await;
        ids.insert(name, id);
    }
    for name in ["approval", "approval2"] {
        let id = clock::new_id();
        keep::<approval::Entity>(server, json!({
            "tenant_id": tenant, "id": id, "agent_id": agent, "user_id": null, "action": "tool_call", "resource": "pay",
            "purpose": "execute", "arguments_digest": format!("sha256:{name}"), "request": {"context": {}}, "remedies": [],
            "reason": format!("{MARK} asks"), "risk_score": 10, "status": "pending", "requested_at": now,
            "expires_at": now + 3_600_000_000_i64, "decided_by": null, "decided_at": null, "decision_note": "",
            "token_id": null, "consumed_at": null, "merged_into": null,
        }))
        .await;
        ids.insert(name, id);
    }
    let (notice, odd, scan, call, told) =
        (clock::new_id(), clock::new_id(), clock::new_id(), clock::new_id(), clock::new_id());
    keep::<notification::Entity>(
        server,
        json!({
            "tenant_id": tenant, "id": notice, "kind": "test", "severity": "low", "subject": format!("{MARK} notice"),
            "message": "", "metadata": {}, "status": "unread", "created_at": now, "read_at": null,
        }),
    )
    .await;
    keep::<anomaly::Entity>(
        server,
        json!({
            "tenant_id": tenant, "day_at": 0, "agent_id": agent, "measure": "calls", "id": odd, "severity": "low",
            "actual": 9, "expected": 1.0, "sigma": 4.0, "status": "open", "changed_by": null, "changed_at": null,
            "found_at": now,
        }),
    )
    .await;
    keep::<content_scan::Entity>(server, json!({
        "tenant_id": tenant, "id": scan, "agent_id": agent, "user_id": format!("{MARK} user"), "content_type": "user_input",
        "content_digest": "", "content_length": 1, "status": "completed", "scan_mode": "realtime", "action_taken": null,
        "max_severity": null, "violation_count": 1, "was_blocked": false, "was_redacted": false,
        "scan_duration_us": 1, "session_id": null, "request_id": null, "scanned_at": now, "created_at": now,
    }))
    .await;
    keep::<content_violation::Entity>(server, json!({
        "tenant_id": tenant, "id": clock::new_id(), "scan_id": scan, "rule_id": null, "agent_id": agent,
        "user_id": format!("{MARK} user"), "rule_type": "secret_detection", "severity": "low", "enforcement": "log_only",
        "category": format!("{MARK} category"), "confidence": 1.0, "match_start": null, "match_end": null,
        "match_digest": null, "session_id": null, "was_blocked": false, "was_redacted": false, "created_at": now,
    }))
    .await;
    keep::<interaction::Entity>(server, json!({
        "tenant_id": tenant, "id": call, "agent_id": agent, "user_id": format!("{MARK} user"), "interaction_type": "chat",
        "session_id": null, "request_id": format!("{MARK}-request"), "provider": "acme", "model": "m",
        "input_content": format!("{MARK} input"), "output_content": "", "system_prompt": "", "prompt_digest": null,
        "tool_calls": [], "classification": {}, "input_tokens": 1, "output_tokens": 1, "usd_micros": 1,
        "latency_ms": 1, "decision": null, "scan_id": null, "occurred_at": now, "created_at": now,
    }))
    .await;
    keep::<event::Entity>(server, json!({
        "tenant_id": tenant, "id": told, "agent_id": agent, "user_id": format!("{MARK} user"), "event_type": "custom",
        "category": "telemetry", "payload": {}, "digest": told, "batch_id": format!("{MARK}-batch"),
        "raw_timestamp": null, "occurred_at": now, "received_at": now,
    }))
    .await;
    for (name, id) in
        [("notification", notice), ("anomaly", odd), ("scan", scan), ("interaction", call), ("event", told)]
    {
        ids.insert(name, id);
    }
    ids
}

/// What its people made: one object of every other kind, with the mark in its name.
pub(super) async fn made(server: &TestServer, key: &str, ids: &mut Ids) {
    let agent = server.agent(&format!("{MARK}-agent")).await;
    let answer = ask(server, key, "{ agentsPage { nodes { id } } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no id: {answer:#}")).to_owned();
    ids.insert("agent", text(&data(&answer)["agentsPage"]["nodes"][0]["id"]));
    let making: [(&'static str, &str, &str, &str); 13] = [
        ("group", "createAgentGroup", r#"name: "MARK group""#, "/group/id"),
        (
            "policy",
            "createPolicy",
            r#"input: { name: "MARK policy", policyType: "tool_permission", config: { denied_tools: ["shell"] } }"#,
            "/policy/id",
        ),
        (
            "rule",
            "saveAlertRule",
            r#"name: "MARK rule", kind: "denials", config: { threshold: 5, window_minutes: 60 }, severity: "high""#,
            "/id",
        ),
        (
            "content",
            "createContentRule",
            r#"input: { name: "MARK content", ruleType: "secret_detection", severity: "high", enforcement: "block", config: {} }"#,
            "/ruleId",
        ),
        (
            "incident",
            "createIncident",
            r#"input: { title: "MARK incident", description: "d", severity: "high", endpointId: "{agent}" }"#,
            "/incidentId",
        ),
        (
            "retention",
            "createRetentionPolicy",
            r#"input: { name: "MARK retention", entityType: "events", retentionDays: 30 }"#,
            "/policyId",
        ),
        ("hold", "createLegalHold", r#"input: { name: "MARK hold" }"#, "/holdId"),
        ("key", "createPlatformApiKey", r#"name: "MARK key", scopes: ["policies:read"]"#, "/keyId"),
        ("webhook", "saveWebhook", r#"name: "MARK hook", url: "http://127.0.0.1:9/hook", events: []"#, "/webhook/id"),
        ("prompt", "createSystemPrompt", r#"input: { name: "MARK prompt", promptText: "Be kind." }"#, "/prompt/id"),
        ("view", "saveView", r#"page: "agents", name: "MARK view", query: "?a=1""#, "/id"),
        ("user", "createUser", r#"email: "MARK@example.com", name: "MARK user", role: VIEWER"#, "/user/id"),
        ("risk", "createRisk", r#"input: { name: "MARK risk", description: "", policyIds: ["{policy}"] }"#, "/riskId"),
    ];
    for (name, field, arguments, pointer) in making {
        let arguments = filled(&arguments.replace("MARK", MARK), ids);
        let under = pointer.trim_start_matches('/').split('/').collect::<Vec<_>>();
        let selected = under.iter().rev().fold(String::new(), |inner, one| match inner.is_empty() {
            true => format!("{{ {one} }}"),
            false => format!("{{ {one} {inner} }}"),
        });
        let answer = ask(server, key, &format!("mutation {{ {field}({arguments}) {selected} }}"), json!({})).await;
        let id = data(&answer)[field].pointer(pointer).and_then(Value::as_str);
        ids.insert(name, id.unwrap_or_else(|| panic!("{field}: {answer:#}")).to_owned());
    }
    let join = filled(r#"mutation { assignAgentToGroup(agentId: "{agent}", groupId: "{group}") { success } }"#, ids);
    assert_eq!(data(&ask(server, key, &join, json!({})).await)["assignAgentToGroup"]["success"], true);
    let model = json!({ "provider": "acme", "model": format!("{MARK}-model") });
    let (_, made) = server.post("/api/zentinelle/v1/models", key, model).await;
    ids.insert("model", made["id"].as_str().expect("an id").to_owned());
    let refused = json!({ "action": "tool_call", "context": { "tool": "shell" } });
    let (_, decided) = server.post("/api/zentinelle/v1/evaluate", &agent, refused).await;
    assert_eq!(decided["allowed"], false, "{decided}");
    let asked =
        json!({ "action": "tool_call", "context": { "tool": "search", "correlation_id": format!("{MARK}-batch") } });
    let (_, decided) = server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
    assert_eq!(decided["allowed"], true, "{decided}");
    server.settled().await;
    let answer = ask(server, key, "{ decisionsPage { nodes { id } } }", json!({})).await;
    ids.insert("decision", data(&answer)["decisionsPage"]["nodes"][0]["id"].as_str().expect("an id").to_owned());
}

/// Signs a person in and returns their cookie and their id.
pub(super) async fn person(server: &TestServer, email: &str, role: Role) -> (String, String) {
    let new = NewUser { email: email.to_owned(), name: "Jane Doe".to_owned(), role };
    let caller = Caller::local(server.tenant.clone());
    let (row, _) = users::create(&server.app.store, &caller, new, Some(PASSWORD)).await.expect("made");
    let body = json!({ "email": email, "password": PASSWORD });
    let request = own_page("/api/zentinelle/v1/auth/login", "", &body);
    let response = server.answer(request).await;
    let cookie = response.headers()["set-cookie"].to_str().expect("text").split(';').next().unwrap_or_default();
    (cookie.to_owned(), row.id)
}

/// A request as a page of this server sends it.
pub(super) fn own_page(path: &str, cookie: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method("POST")
        .uri(path)
        .header("host", "127.0.0.1:8420")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .header("cookie", cookie)
        .body(Body::from(body.to_string()))
        .expect("a request")
}

/// Asks as a person who is signed in.
pub(super) async fn ask_as(server: &TestServer, cookie: &str, query: &str) -> Value {
    let response = server.answer(own_page(PATH, cookie, &json!({ "query": query }))).await;
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}
