//! Scans, interactions, content rules and violations.

use axum::http::{Method, StatusCode};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Select};
use serde_json::{Value, json};

use super::{at, audited, eventually, everything, fails, ok, servers, stranger};
use crate::auth::Role;
use crate::service::scan;
use crate::store::entities::job;
use crate::testing::TestServer;

const SECRET: &str = "AKIAIOSFODNN7EXAMPL2";
const MAIL: &str = "jo.doe@corp.test";

async fn rule(server: &TestServer, key: &str, name: &str, rule_type: &str, enforcement: &str, config: Value) -> Value {
    let body = json!({"name": name, "rule_type": rule_type, "enforcement": enforcement, "severity": "high",
        "config": config, "scan_output": true});
    ok(server, Method::POST, "content-rules", key, body).await
}

#[tokio::test]
async fn a_scan_answers_exactly_what_clients_read_and_keeps_no_matched_text() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        rule(&server, &operator, "secrets", "secret_detection", "block", json!({})).await;
        let text = json!({"content": format!("use {SECRET} now"), "user_id": "ann", "session_id": "s-1"});
        let answer = ok(&server, Method::POST, "scan", &agent, text).await;
        let keys: Vec<&str> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 8, "{answer}");
        assert_eq!((&answer["allowed"], &answer["action"]), (&json!(false), &json!("block")));
        assert_eq!((&answer["has_violations"], &answer["violation_count"]), (&json!(true), &json!(1)));
        assert_eq!(answer["max_severity"], "high");
        assert!(answer["scan_duration_ms"].is_u64());
        assert_eq!(answer["violations"][0]["type"], "secret_detection");
        assert_eq!(answer["violations"][0]["category"], "aws_access_key");
        let path = at(&format!("scan/{}", answer["scan_id"].as_str().expect("an id")));
        let kept = eventually(&server, &path, &agent, |kept| kept["status"] == "completed").await;
        assert_eq!((&kept["was_blocked"], &kept["action_taken"]), (&json!(true), &json!("block")));
        assert_eq!(kept["violations"][0]["enforcement"], "block");
        assert!(!kept.to_string().contains(SECRET) && !answer.to_string().contains(SECRET));
        let other = server.agent("other").await;
        let (status, _) = server.get(&path, &other).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "an agent sees its own scans only");
        let page =
            eventually(&server, &at("violations?user_id=ann&severity=high"), &operator, |page| page["total"] == 1)
                .await;
        assert_eq!(page["violations"][0]["user_identifier"], "ann");
        assert_eq!((&page["limit"], &page["offset"]), (&json!(100), &json!(0)));
        let alerts = eventually(&server, &at("alerts?status=open"), &operator, |page| page["total"] == 1).await;
        assert_eq!(alerts["alerts"][0]["alert_type"], "single_violation");
        let clean = ok(&server, Method::POST, "scan", &agent, json!({"content": "good morning"})).await;
        assert_eq!((&clean["allowed"], &clean["max_severity"]), (&json!(true), &Value::Null));
        assert!(clean.get("violations").is_none() && clean.get("redacted_content").is_none());
        let held = everything(&server).await;
        assert!(!held.contains(SECRET), "the database holds the secret");
    }
}

#[tokio::test]
async fn warnings_and_redactions_come_with_the_answer() {
    let server = TestServer::sqlite().await;
    let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
    let made = rule(&server, &operator, "mail", "pii_detection", "redact", json!({})).await;
    let text = json!({"content": format!("write to {MAIL}")});
    let answer = ok(&server, Method::POST, "scan", &agent, text.clone()).await;
    assert_eq!((&answer["action"], &answer["allowed"]), (&json!("redact"), &json!(true)));
    assert_eq!(answer["redacted_content"], "write to [REDACTED:email]");
    let path = format!("content-rules/{}", made["id"].as_str().expect("an id"));
    ok(&server, Method::PATCH, &path, &operator, json!({"enforcement": "warn"})).await;
    let answer = ok(&server, Method::POST, "scan", &agent, text.clone()).await;
    assert_eq!((&answer["action"], &answer["warnings"]), (&json!("warn"), &json!(["pii_detection: email"])));
    ok(&server, Method::PATCH, &path, &operator, json!({"config": {"detect_emails": false}})).await;
    assert_eq!(ok(&server, Method::POST, "scan", &agent, text).await["has_violations"], false, "changes hold at once");
    fails(&server, Method::POST, "scan", &agent, json!({"content": ""}), 400, "invalid_request").await;
    fails(
        &server,
        Method::POST,
        "scan",
        &agent,
        json!({"content": "x", "content_type": "dream"}),
        400,
        "invalid_request",
    )
    .await;
}

#[tokio::test]
async fn a_queued_scan_ends_in_its_own_row_and_leaves_no_content_behind() {
    for server in servers().await {
        let agent = server.agent("builder").await;
        let workers = server.work();
        let body = json!({"content": format!("nul \0 and {SECRET}")});
        let (status, answer) = server.post(&at("scan/async"), &agent, body).await;
        assert_eq!((status, &answer["status"]), (StatusCode::ACCEPTED, &json!("queued")));
        let path = at(&format!("scan/{}", answer["scan_id"].as_str().expect("an id")));
        let scan = eventually(&server, &path, &agent, |scan| scan["status"] == "completed").await;
        assert_eq!(
            (&scan["has_violations"], &scan["violations"][0]["category"]),
            (&json!(true), &json!("aws_access_key"))
        );
        let encoded =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("nul \0 and {SECRET}"));
        let held = everything(&server).await;
        assert!(!held.contains(SECRET) && !held.contains(&encoded), "the queue holds the content");
        let jobs = eventually_done(&server).await;
        assert_eq!(jobs, ["done"]);
        workers.stop().await;
    }
}

async fn eventually_done(server: &TestServer) -> Vec<String> {
    for _ in 0..100 {
        let jobs = scan_jobs().all(server.app.store.db()).await.expect("rows");
        let states: Vec<String> = jobs.into_iter().map(|job| job.status).collect();
        if states.iter().all(|state| state == "done") {
            return states;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Vec::new()
}

fn scan_jobs() -> Select<job::Entity> {
    job::Entity::find().filter(job::Column::Kind.eq("scan"))
}

#[tokio::test]
async fn running_a_queued_scan_again_changes_nothing_and_giving_up_takes_the_content_away() {
    let server = TestServer::sqlite().await;
    let agent = server.agent("builder").await;
    let (_, answer) = server.post(&at("scan/async"), &agent, json!({"content": SECRET})).await;
    let id = answer["scan_id"].as_str().expect("an id").to_owned();
    let job = scan_jobs().one(server.app.store.db()).await.expect("rows").expect("a job");
    scan::run_queued(&server.app, job.payload.clone()).await.expect("it runs");
    scan::run_queued(&server.app, job.payload).await.expect("no harm");
    scan::give_up(&server.app, &server.tenant, &id).await.expect("no harm");
    let operator = server.operator(Role::Viewer).await;
    let page = ok(&server, Method::GET, "violations", &operator, Value::Null).await;
    assert_eq!(page["total"], 1);
    assert_eq!(ok(&server, Method::GET, &format!("scan/{id}"), &agent, Value::Null).await["status"], "completed");
}

#[tokio::test]
async fn an_interaction_is_kept_metered_and_scanned() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        rule(&server, &operator, "secrets", "secret_detection", "log_only", json!({})).await;
        let body = json!({"user_id": "ann", "ai_provider": "openai", "ai_model": "gpt-4o-mini-2024-07-18",
            "input_content": "hello \0 there", "input_token_count": 1_000_000, "output_content": "fine",
            "output_token_count": 1_000_000, "tool_calls": [{"name": "x\0", "arguments": {}}, 7],
            "latency_ms": 12.5, "estimated_cost_usd": 0.01, "occurred_at": "2026-01-01T00:00:00.123456+00:00Z"});
        let (status, answer) = server.post(&at("interaction"), &agent, body).await;
        assert_eq!((status, &answer["status"]), (StatusCode::CREATED, &json!("logged")), "{answer}");
        assert_eq!(answer.as_object().expect("an object").len(), 2);
        let path = at("usage?group_by=model&from=2025-12-31&to=2026-01-02");
        let usage = eventually(&server, &path, &operator, |usage| usage["results"][0]["calls"] == 1).await;
        assert_eq!(usage["results"][0]["key"], "gpt-4o-mini-2024-07-18");
        assert_eq!(usage["results"][0]["usd_micros"], 750_000, "an agent cannot talk its cost down: {usage}");
        assert_eq!((&usage["total"]["cost_usd"], &usage["total"]["estimated_calls"]), (&json!("0.750000"), &json!(0)));
        let unknown =
            json!({"ai_provider": "acme", "ai_model": "made-up", "input_content": "four", "output_content": "x"});
        ok(&server, Method::POST, "interaction", &agent, unknown).await;
        let usage = eventually(&server, &at("usage"), &operator, |usage| usage["total"]["calls"] == 1).await;
        assert!(usage["total"]["usd_micros"].as_i64().expect("a number") > 0, "{usage}");
        assert_eq!(usage["total"]["estimated_calls"], 1);
        ok(
            &server,
            Method::POST,
            "interaction",
            &agent,
            json!({"output_content": SECRET, "input_content": format!("key {SECRET}"), "system_prompt": SECRET,
            "tool_calls": [{"name": "x", "arguments": {SECRET: [SECRET]}}, SECRET]}),
        )
        .await;
        let page = eventually(&server, &at("violations"), &operator, |page| page["total"] == 2).await;
        assert_eq!(page["violations"][0]["category"], "aws_access_key");
        let held = everything(&server).await;
        assert!(!held.contains(SECRET) && held.contains("[REDACTED:aws_access_key]"), "an interaction keeps a secret");
        for body in [
            json!({"interaction_type": "dance"}),
            json!({"input_token_count": 1e30}),
            json!({"input_token_count": u64::MAX}),
            json!({"session_id": "a\0"}),
            json!({"estimated_cost_usd": 1e18}),
        ] {
            fails(&server, Method::POST, "interaction", &agent, body, 400, "invalid_request").await;
        }
    }
}

#[tokio::test]
async fn content_rules_are_made_changed_and_removed_with_a_trail() {
    for server in servers().await {
        let operator = server.operator(Role::Operator).await;
        let made = rule(&server, &operator, "own", "custom_pattern", "block", json!({"patterns": ["a+b"]})).await;
        assert_eq!(
            (&made["scan_mode"], &made["detects"], &made["scope_type"]),
            (&json!("both"), &json!(true), &json!("organization"))
        );
        let path = format!("content-rules/{}", made["id"].as_str().expect("an id"));
        fails(
            &server,
            Method::POST,
            "content-rules",
            &operator,
            json!({"name": "own", "rule_type": "off_topic"}),
            409,
            "already_exists",
        )
        .await;
        for (body, field) in [
            (json!({"rule_type": "off_topic"}), "name"),
            (json!({"name": "x"}), "rule_type"),
            (json!({"name": "x", "rule_type": "custom_pattern", "config": {"patterns": ["(a)\\1"]}}), "config"),
            (json!({"name": "x", "rule_type": "custom_pattern", "config": {"patterns": ["a*"]}}), "config"),
            (json!({"name": "x", "rule_type": "custom_pattern", "config": {}}), "config"),
            (json!({"name": "x", "rule_type": "token_limit", "config": {"max": 1}}), "config"),
            (json!({"name": "x", "rule_type": "off_topic", "config": {"blocked_topics": ["a\0"]}}), "config"),
            (json!({"name": "x", "rule_type": "off_topic", "scope_type": "user"}), "scope_id"),
            (json!({"name": "x", "rule_type": "off_topic", "scope_id": "u"}), "scope_id"),
        ] {
            let (status, answer) = server.post(&at("content-rules"), &operator, body.clone()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert!(answer["fields"].get(field).is_some(), "{body}: {answer}");
        }
        let changed = ok(
            &server,
            Method::PATCH,
            &path,
            &operator,
            json!({"scope_type": "user", "scope_id": "ann", "priority": 7}),
        )
        .await;
        assert_eq!(
            (&changed["scope_id"], &changed["priority"], &changed["config"]),
            (&json!("ann"), &json!(7), &json!({"patterns": ["a+b"]}))
        );
        let stranger = stranger(&server).await;
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            fails(&server, method, &path, &stranger, json!({}), 404, "not_found").await;
        }
        assert_eq!(ok(&server, Method::GET, "content-rules", &stranger, Value::Null).await["count"], 0);
        assert_eq!(ok(&server, Method::GET, "content-rules", &operator, Value::Null).await["count"], 1);
        ok(&server, Method::DELETE, &path, &operator, Value::Null).await;
        fails(&server, Method::GET, &path, &operator, Value::Null, 404, "not_found").await;
        assert_eq!(audited(&server, "content_rule").await, 3);
    }
}

#[tokio::test]
async fn exported_violations_stream_and_run_no_formula() {
    for server in servers().await {
        let (agent, operator) = (server.agent("=cmd").await, server.operator(Role::Operator).await);
        for number in 0..3 {
            let body = json!({"content": format!("{MAIL} {number}"), "user_id": "=HYPERLINK(\"http://evil\")", "session_id": "@SUM(1)"});
            ok(&server, Method::POST, "scan", &agent, body).await;
        }
        eventually(&server, &at("violations"), &operator, |page| page["total"] == 3).await;
        let file = ok(&server, Method::GET, "export/violations.csv", &operator, Value::Null).await;
        let file = file.as_str().expect("a text");
        assert_eq!(file.lines().count(), 4, "{file}");
        assert!(file.starts_with("id,timestamp,rule_type,severity"));
        assert!(
            file.contains("\"'=HYPERLINK(\"\"http://evil\"\")\"")
                && file.contains(",'@SUM(1),")
                && file.contains(",'=cmd,"),
            "{file}"
        );
        assert!(!file.contains(MAIL));
        let none = ok(&server, Method::GET, "export/violations.csv?end=2020-01-01", &operator, Value::Null).await;
        assert_eq!(none.as_str().map(|file| file.lines().count()), Some(1));
        fails(&server, Method::GET, "export/violations.csv?start=soon", &operator, Value::Null, 400, "invalid_request")
            .await;
        let stranger = stranger(&server).await;
        let theirs = ok(&server, Method::GET, "export/violations.csv", &stranger, Value::Null).await;
        assert_eq!(theirs.as_str().map(|file| file.lines().count()), Some(1));
        assert!(audited(&server, "content_violation").await >= 2);
    }
}

#[tokio::test]
async fn pages_of_violations_neither_skip_nor_repeat() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Viewer).await);
        for _ in 0..5 {
            ok(&server, Method::POST, "scan", &agent, json!({"content": MAIL})).await;
        }
        eventually(&server, &at("violations"), &operator, |page| page["total"] == 5).await;
        let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), String::new());
        for _ in 0..3 {
            let path = format!("violations?limit=2&cursor={cursor}");
            let page = ok(&server, Method::GET, &path, &operator, Value::Null).await;
            for one in page["violations"].as_array().expect("a list") {
                assert!(seen.insert(one["id"].to_string()));
            }
            cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!((seen.len(), cursor.as_str()), (5, ""));
        assert_eq!(
            ok(&server, Method::GET, "violations?offset=4", &operator, Value::Null).await["violations"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
    }
}

#[tokio::test]
async fn a_queued_scan_that_can_never_run_fails_and_loses_its_content() {
    use crate::store::entities::content_scan;
    for server in servers().await {
        let agent = server.agent("builder").await;
        let id = crate::clock::new_id();
        let row = content_scan::Model {
            tenant_id: server.tenant.as_str().to_owned(),
            id: id.clone(),
            agent_id: "builder".to_owned(),
            user_id: None,
            content_type: "user_input".to_owned(),
            content_digest: String::new(),
            content_length: 1,
            status: "pending".to_owned(),
            scan_mode: "async".to_owned(),
            action_taken: None,
            max_severity: None,
            violation_count: 0,
            was_blocked: false,
            was_redacted: false,
            scan_duration_us: None,
            session_id: None,
            request_id: None,
            scanned_at: None,
            created_at: crate::clock::now_micros(),
        };
        let payload =
            json!({"tenant_id": server.tenant, "scan_id": id, "agent_id": "builder", "content": "!not base64!"});
        let txn = server.app.store.begin().await.expect("a transaction");
        scan::keep(&txn, row, payload.clone()).await.expect("kept");
        txn.commit().await.expect("committed");
        scan::run_queued(&server.app, payload).await.expect("it ends");
        let kept = ok(&server, Method::GET, &format!("scan/{id}"), &agent, Value::Null).await;
        assert_eq!(kept["status"], "failed");
        assert!(!everything(&server).await.contains("!not base64!"));
    }
}
