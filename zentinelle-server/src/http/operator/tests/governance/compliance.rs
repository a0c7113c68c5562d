//! Compliance: controls that follow from what is in force.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use zentinelle_core::decision::Effect;
use zentinelle_core::policy_document::{Expectation, TestOutcome};

use super::{at, audited, fails, ok, servers, stranger};
use crate::auth::Role;
use crate::service::{compliance, packs};
use crate::testing::TestServer;

fn control<'v>(framework: &'v Value, id: &str) -> &'v Value {
    let controls = framework["controls"].as_array().expect("controls");
    controls.iter().find(|control| control["id"] == id).unwrap_or_else(|| panic!("no {id} in {framework}"))
}

#[tokio::test]
async fn a_control_changes_with_the_policy_and_names_it_as_evidence() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        let path = "compliance/frameworks/eu-ai-act";
        let before = ok(&server, Method::GET, path, &operator, Value::Null).await;
        assert_eq!(before["id"], "EU_AI_ACT");
        assert_ne!(control(&before, "Art. 12")["status"], "met", "nothing is logged yet");
        assert_eq!(control(&before, "Art. 4")["status"], "not_assessed");
        let moved = before["deadlines"].as_array().expect("deadlines").iter().find(|one| one["date"] == "2027-12-02");
        assert!(
            moved.is_some_and(|one| one["source"].as_str().is_some_and(|text| text.contains("2026/1744"))),
            "{before}"
        );

        let id = server.policy("audit_policy", json!({"log_tool_calls": true})).await;
        ok(&server, Method::POST, "evaluate", &agent, json!({"action": "tool_call", "context": {"tool": "ls"}})).await;
        server.settled().await;
        crate::service::audit::checkpoint(&server.app, &server.tenant).await.expect("signed");
        let after = ok(&server, Method::GET, path, &operator, Value::Null).await;
        let recorded = control(&after, "Art. 12");
        assert_ne!(recorded["status"], "not_met", "{recorded}");
        let evidence = recorded["evidence"].as_array().expect("evidence");
        assert!(evidence.iter().any(|one| one["reference"] == id && one["supports"] == true), "{recorded}");
        assert!(evidence.iter().any(|one| one["kind"] == "decisions"), "{recorded}");
        let gaps = ok(&server, Method::GET, &format!("{path}/gaps"), &operator, Value::Null).await;
        let gaps = gaps["gaps"].as_array().expect("gaps");
        assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap["status"] != "met" && gap["advice"] != ""), "{gaps:?}");
        fails(&server, Method::GET, "compliance/frameworks/SOX", &operator, Value::Null, 404, "not_found").await;
    }
}

#[tokio::test]
async fn looks_keep_findings_until_they_are_mended_and_disabled_frameworks_count_nowhere() {
    for server in servers().await {
        let (admin, operator) = (server.operator(Role::Admin).await, server.operator(Role::Operator).await);
        let (status, first) = server.post(&at("compliance/assessments"), &operator, Value::Null).await;
        assert_eq!((status, &first["assessment_type"]), (StatusCode::CREATED, &json!("manual")));
        let findings = async |framework: &str, control: &str| {
            let found = ok(&server, Method::GET, "compliance/findings", &operator, Value::Null).await;
            let rows = found["results"].as_array().expect("findings").clone();
            rows.into_iter().find(|row| row["framework_id"] == framework && row["control_id"] == control)
        };
        let open = findings("OWASP_LLM_TOP_10", "LLM01:2025").await.expect("a finding");
        assert_eq!((&open["resolved_at"], &open["control_status"]), (&Value::Null, &json!("not_met")));
        server.policy("prompt_injection", json!({"action_on_detect": "block"})).await;
        compliance::look_as_scheduled(&server.app, &server.tenant).await.expect("looked");
        let mended = findings("OWASP_LLM_TOP_10", "LLM01:2025").await.expect("the finding");
        assert!(mended["resolved_at"].is_string() && mended["found_at"] == open["found_at"], "{mended}");

        let body = json!({"enabled": false});
        fails(&server, Method::PUT, "compliance/frameworks/SOC2", &operator, body.clone(), 403, "forbidden").await;
        ok(&server, Method::PUT, "compliance/frameworks/soc2", &admin, body).await;
        let last = ok(&server, Method::POST, "compliance/assessments", &operator, Value::Null).await;
        let named =
            |look: &Value| look["frameworks"].as_array().expect("frameworks").iter().any(|one| one["id"] == "SOC2");
        assert_eq!((named(&first), named(&last)), (true, false));
        assert!(findings("SOC2", "CC6.6").await.expect("once found")["resolved_at"].is_string());
        let overview = ok(&server, Method::GET, "compliance/overview", &operator, Value::Null).await;
        let coverage = overview["framework_coverage"].as_array().expect("coverage");
        assert!(coverage.iter().all(|one| one["id"] != "SOC2") && coverage.len() >= 7, "{overview}");
        let used = |id: &str| {
            let all =
                ["observe_capabilities", "control_capabilities"].map(|kind| overview[kind].as_array().expect("list"));
            all.into_iter().flatten().find(|one| one["id"] == id).map(|one| one["enabled"].clone())
        };
        assert_eq!((used("injection_control"), used("human_oversight")), (Some(json!(true)), Some(json!(false))));
        let looks = ok(&server, Method::GET, "compliance/assessments", &operator, Value::Null).await;
        assert_eq!(looks["results"].as_array().map(Vec::len), Some(3));
        assert_eq!((audited(&server, "assessment").await, audited(&server, "framework").await), (2, 1));
        let foreign = ok(&server, Method::GET, "compliance/assessments", &stranger(&server).await, Value::Null).await;
        assert_eq!(foreign["results"], json!([]));
    }
}

/// How many of a pack's tests of denials hold against the policies in force.
async fn denials(server: &TestServer, pack: &packs::Pack) -> (usize, usize) {
    let snapshot = server.app.snapshots.get(&server.tenant).await.expect("policies");
    let document = pack.document();
    let wanted = document.tests.iter().filter(|test| {
        matches!(test.expect, Expectation::Effect(Effect::Deny) | Expectation::Reason { effect: Effect::Deny, .. })
    });
    let held: Vec<bool> =
        wanted.map(|test| matches!(test.run(&snapshot.engine, &server.tenant), TestOutcome::Passed)).collect();
    (held.iter().filter(|held| **held).count(), held.len())
}

#[tokio::test]
async fn each_pack_changes_decisions_and_controls() {
    for pack in packs::ALL {
        let server = TestServer::sqlite().await;
        let admin = server.operator(Role::Admin).await;
        // Something permits, so that a denial is the pack's and not that of an empty policy set.
        server.policy("tool_permission", json!({"denied_tools": ["nothing"]})).await;
        let framework = format!("compliance/frameworks/{}", pack.name);
        let before = ok(&server, Method::GET, &framework, &admin, Value::Null).await;
        assert_eq!(before["pack"], pack.name);
        assert_eq!(denials(&server, &pack).await.0, 0, "{}", pack.name);
        ok(&server, Method::POST, &format!("packs/{}/activate", pack.name), &admin, json!({})).await;
        let (held, all) = denials(&server, &pack).await;
        assert_eq!(held, all, "{}", pack.name);
        let after = ok(&server, Method::GET, &framework, &admin, Value::Null).await;
        let (was, is) = (before["met"].as_u64().unwrap_or(99), after["met"].as_u64().unwrap_or_default());
        assert!(is > was, "{}: {was} controls met before, {is} after: {after}", pack.name);
    }
}

/// The content of a report, built at once.
async fn report(server: &TestServer, key: &str, body: Value) -> Value {
    let made = ok(server, Method::POST, "reports", key, body).await;
    let id = made["id"].as_str().expect("an id").to_owned();
    crate::service::reports::build(&server.app, &server.tenant, &id).await.expect("built");
    let kept = ok(server, Method::GET, &format!("reports/{id}"), key, Value::Null).await;
    assert_eq!((&kept["status"], &kept["progress"]), (&json!("complete"), &json!(100)), "{kept}");
    ok(server, Method::GET, &format!("reports/{id}/download"), key, Value::Null).await
}

#[tokio::test]
async fn reports_are_written_in_every_format_they_have() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        ok(&server, Method::POST, "risks", &operator, json!({"name": "Leak", "owner": "ann"})).await;
        ok(&server, Method::POST, "incidents", &operator, json!({"title": "Leak"})).await;
        for kind in ["compliance_full", "compliance_framework", "executive", "risk", "incident"] {
            for format in ["csv", "ndjson", "pdf", "json"] {
                let params = json!({"framework_id": "gdpr"});
                let body = json!({"report_type": kind, "format": format, "params": params});
                let content = report(&server, &operator, body).await;
                let sound = match format {
                    "csv" => content.as_str().is_some_and(|text| text.lines().count() >= 2),
                    "pdf" => content.as_str().is_some_and(|text| text.starts_with("%PDF-")),
                    "json" => content["frameworks"].is_array() || content["rows"].is_array(),
                    _ => content.is_string() || content.is_object(),
                };
                assert!(sound, "{kind} {format}: {content}");
            }
        }
        let wrong = json!({"report_type": "risk", "format": "oscal"});
        fails(&server, Method::POST, "reports", &operator, wrong, 400, "invalid_request").await;
        let wrong = json!({"report_type": "compliance_framework"});
        fails(&server, Method::POST, "reports", &operator, wrong, 400, "invalid_request").await;
    }
}

#[tokio::test]
async fn oscal_results_have_the_shape_that_their_schema_asks_for() {
    let server = TestServer::sqlite().await;
    let operator = server.operator(Role::Operator).await;
    server.policy("prompt_injection", json!({})).await;
    let body = json!({"report_type": "compliance_full", "format": "oscal"});
    let document = report(&server, &operator, body).await;
    let root = &document["assessment-results"];
    assert_eq!(root["metadata"]["oscal-version"], "1.1.2");
    for key in ["title", "last-modified", "version"] {
        assert!(root["metadata"][key].is_string(), "{key}");
    }
    let plan = root["import-ap"]["href"].as_str().and_then(|href| href.strip_prefix('#')).expect("a plan");
    assert_eq!(root["back-matter"]["resources"][0]["uuid"], plan);
    let mut ids = std::collections::BTreeSet::new();
    let mut id = |value: &Value| {
        let text = value.as_str().expect("an id").to_owned();
        let version = uuid::Uuid::try_parse(&text).expect("a UUID").get_version_num();
        assert!((4..=5).contains(&version) && ids.insert(text.clone()), "{text}");
        text
    };
    id(&root["uuid"]);
    let results = root["results"].as_array().expect("results");
    assert!(results.len() >= 8, "{} results", results.len());
    for result in results {
        id(&result["uuid"]);
        assert!(result["title"].is_string() && result["description"].is_string() && result["start"].is_string());
        let empty = Vec::new();
        let observations = result["observations"].as_array().unwrap_or(&empty);
        let mut seen = std::collections::BTreeSet::new();
        for observation in observations {
            seen.insert(id(&observation["uuid"]));
            assert!(observation["description"].is_string() && observation["collected"].is_string(), "{observation}");
            assert_eq!(observation["methods"], json!(["TEST"]));
        }
        let controls = result.pointer("/reviewed-controls/control-selections/0/include-controls");
        let findings = result["findings"].as_array().expect("findings");
        assert_eq!(controls.and_then(Value::as_array).map(Vec::len), Some(findings.len()));
        for finding in findings {
            id(&finding["uuid"]);
            let target = &finding["target"];
            let name = target["target-id"].as_str().expect("a target");
            let token = |at: usize, letter: char| {
                letter.is_ascii_alphabetic() || (at > 0 && (letter.is_ascii_digit() || ".-_".contains(letter)))
            };
            assert!(name.chars().enumerate().all(|(at, letter)| token(at, letter)), "{name}");
            assert_eq!(target["type"], "objective-id");
            assert!(["satisfied", "not-satisfied"].contains(&target["status"]["state"].as_str().expect("a state")));
            for related in finding["related-observations"].as_array().unwrap_or(&empty) {
                let about = related["observation-uuid"].as_str().expect("an id");
                assert!(seen.contains(about), "{finding}");
            }
        }
    }
}
