//! Reports and exports.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{at, eventually, fails, ok, servers, stranger};
use crate::auth::Role;
use crate::testing::TestServer;

async fn built(server: &TestServer, key: &str, body: Value) -> (String, Value) {
    let (status, made) = server.post(&at("reports"), key, body).await;
    assert_eq!((status, &made["status"]), (StatusCode::CREATED, &json!("pending")), "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();
    let report = eventually(server, &at(&format!("reports/{id}")), key, |report| report["status"] == "complete").await;
    (id, report)
}

#[tokio::test]
async fn reports_are_built_and_fetched() {
    for server in servers().await {
        let workers = server.work();
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Operator).await);
        server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
        let ask = json!({"action": "tool_call", "context": {"tool": "shell"}});
        ok(&server, Method::POST, "evaluate", &agent, ask).await;
        ok(&server, Method::POST, "scan", &agent, json!({"content": "AKIAIOSFODNN7EXAMPL2"})).await;
        eventually(&server, &at("violations"), &operator, |page| page["total"] == 1).await;
        let incident = json!({"title": "=cmd|' /C calc'!A0"});
        ok(&server, Method::POST, "incidents", &operator, incident).await;

        let (id, report) = built(&server, &operator, json!({"report_type": "control_coverage"})).await;
        assert_eq!((&report["format"], &report["error_message"]), (&json!("csv"), &json!("")));
        let file = ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
        let file = file.as_str().expect("a text");
        assert_eq!(file.lines().count(), 25, "{file}");
        assert!(file.contains(",tool_permission,enforce,enforce,active,test tool_permission"), "{file}");

        let (id, _) = built(&server, &operator, json!({"report_type": "violation_summary", "format": "ndjson"})).await;
        let file = ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
        let lines: Vec<Value> = match &file {
            Value::String(text) => text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(),
            one => vec![one.clone()],
        };
        let kinds: Vec<&str> = lines.iter().filter_map(|line| line["policy_type"].as_str()).collect();
        assert_eq!(kinds, ["content:secret_detection", "tool_permission"], "{file}");
        assert_eq!((&lines[1]["violation_count"], &lines[0]["warn_count"]), (&json!(1), &json!(1)));

        let (id, _) = built(&server, &operator, json!({"report_type": "audit_trail"})).await;
        let file = ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
        assert!(file.as_str().is_some_and(|file| file.contains(",'=cmd|' /C calc'!A0,")), "{file}");

        let pack = json!({"report_type": "control_coverage", "params": {"pack_name": "soc2"}});
        let (id, _) = built(&server, &operator, pack).await;
        let file = ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
        assert!(file.as_str().is_some_and(|file| file.lines().count() > 2 && file.contains(",inactive,")), "{file}");

        for report_type in ["audit_trail", "control_coverage", "violation_summary"] {
            let (id, _) = built(&server, &operator, json!({"report_type": report_type, "format": "pdf"})).await;
            let file = ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
            let file = file.as_str().expect("a file");
            assert!(file.starts_with("%PDF-") && file.contains("Test organisation"), "{report_type}");
        }

        let stranger = stranger(&server).await;
        fails(&server, Method::GET, &format!("reports/{id}"), &stranger, Value::Null, 404, "not_found").await;
        fails(&server, Method::GET, &format!("reports/{id}/download"), &stranger, Value::Null, 404, "not_found").await;
        let page = ok(&server, Method::GET, "reports?limit=2", &operator, Value::Null).await;
        assert_eq!((&page["count"], page["results"].as_array().map(Vec::len)), (&json!(7), Some(2)));
        let next = page["next_cursor"].as_str().expect("a cursor");
        let page = ok(&server, Method::GET, &format!("reports?cursor={next}"), &operator, Value::Null).await;
        assert_eq!(page["results"].as_array().map(Vec::len), Some(5));
        workers.stop().await;
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_is_refused_and_one_that_is_not_ready_waits() {
    let server = TestServer::sqlite().await;
    let operator = server.operator(Role::Operator).await;
    for body in [
        json!({}),
        json!({"report_type": "mood"}),
        json!({"report_type": "audit_trail", "params": {"date_from": "soon"}}),
        json!({"report_type": "audit_trail", "params": {"date_from": "2026-02-01", "date_to": "2026-01-01"}}),
        json!({"report_type": "control_coverage", "params": {"pack_name": "nope"}}),
    ] {
        fails(&server, Method::POST, "reports", &operator, body, 400, "invalid_request").await;
    }
    use sea_orm::{EntityTrait as _, IntoActiveModel as _};
    let row = crate::store::entities::report::Model {
        tenant_id: server.tenant.as_str().to_owned(),
        id: crate::clock::new_id(),
        report_type: "audit_trail".to_owned(),
        format: "csv".to_owned(),
        params: json!({}),
        status: "pending".to_owned(),
        progress: 0,
        content: None,
        error_message: String::new(),
        created_by: "test".to_owned(),
        created_at: crate::clock::now_micros(),
        completed_at: None,
    };
    let id = row.id.clone();
    crate::store::entities::report::Entity::insert(row.into_active_model())
        .exec_without_returning(server.app.store.db())
        .await
        .expect("kept");
    fails(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null, 409, "report_not_ready")
        .await;
    crate::service::reports::build(&server.app, &server.tenant, &id).await.expect("built");
    crate::service::reports::build(&server.app, &server.tenant, &id).await.expect("built before");
    ok(&server, Method::GET, &format!("reports/{id}/download"), &operator, Value::Null).await;
}

#[tokio::test]
async fn exports_sum_up_what_there_is() {
    for server in servers().await {
        let (agent, operator) = (server.agent("builder").await, server.operator(Role::Viewer).await);
        for text in ["AKIAIOSFODNN7EXAMPL2", "jo.doe@corp.test", "good morning"] {
            ok(&server, Method::POST, "scan", &agent, json!({"content": text})).await;
        }
        let summary = eventually(&server, &at("export/summary.json"), &operator, |one| {
            one["scans"]["total"] == 3 && one["violations"]["total"] == 2
        })
        .await;
        assert_eq!(
            (&summary["violations"]["total"], &summary["violations"]["by_severity"]["high"]),
            (&json!(2), &json!(1))
        );
        assert_eq!((&summary["scans"]["passed"], &summary["scans"]["blocked"]), (&json!(3), &json!(0)));
        assert_eq!(summary["top_endpoints"], json!([{"endpoint_id": "builder", "violation_count": 2}]));
        assert_eq!(summary["compliance"]["frameworks"][0]["total"], 24);
        let file = ok(&server, Method::GET, "export/compliance-report.csv", &operator, Value::Null).await;
        assert!(
            file.as_str().is_some_and(|file| file.lines().count() == 2 && file.contains(",policy_types,0,24,0")),
            "{file}"
        );
        let file =
            ok(&server, Method::GET, "export/compliance-report.csv?framework=soc2", &operator, Value::Null).await;
        assert_eq!(file.as_str().map(|file| file.lines().count()), Some(1));
        fails(&server, Method::GET, "export/summary.json?start=soon", &operator, Value::Null, 400, "invalid_request")
            .await;
    }
}
