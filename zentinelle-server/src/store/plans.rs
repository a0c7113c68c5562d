//! How both databases find the rows of the hottest statements: none of them may read a large
//! table from end to end.
//!
//! The statements are not copied here. A server works over tables full of rows, what it asks the
//! database is overheard, and each statement is explained with the values it was asked with.

use std::sync::{Arc, Mutex};

use axum::http::Method;
use sea_orm::{
    ColumnTrait as _, ColumnType, ConnectionTrait as _, EntityTrait, IdenStatic as _, Iterable as _, Statement,
};
use serde_json::{Value, json};

use super::entities as tables;
use super::jobs::{Claim, Kinds};
use super::{Store, jobs, testing};
use crate::auth::Role;
use crate::clock;
use crate::jobs::tasks;
use crate::service::tenants::STANDALONE;
use crate::testing::TestServer;

/// Rows in each large table.
const ROWS: u32 = 20_000;
/// Among how many tenants they are spread.
const TENANTS: u32 = 200;

/// The tables that grow with use.
const LARGE: [&str; 16] = [
    "agents",
    "alerts",
    "api_keys",
    "approvals",
    "audit_entries",
    "content_scans",
    "content_violations",
    "evaluations",
    "events",
    "incidents",
    "interactions",
    "jobs",
    "notifications",
    "policies",
    "usage_records",
    "webhook_deliveries",
];

/// What was overheard.
type Heard = Arc<Mutex<Vec<Statement>>>;

/// The value of a column in row `i` of a filled table.
fn value(table: &str, column: &str, kind: &ColumnType, postgres: bool) -> String {
    let open = match table {
        "jobs" => "queued",
        "agents" => "active",
        "approvals" => "pending",
        "webhook_deliveries" => "pending",
        _ => "open",
    };
    match (column, kind) {
        ("tenant_id", _) => {
            format!("CASE WHEN i % {TENANTS} = 7 THEN '{STANDALONE}' ELSE 'tenant-' || (i % {TENANTS}) END")
        }
        ("status", _) => format!("CASE WHEN i % 1000 = 7 THEN '{open}' ELSE 'done' END"),
        ("agent_id", _) => "'agent-' || i".to_owned(),
        ("severity", _) => "'high'".to_owned(),
        (_, ColumnType::JsonBinary) => if postgres { "'[]'::jsonb" } else { "'[]'" }.to_owned(),
        (_, ColumnType::Boolean) => "(i % 2 = 0)".to_owned(),
        (_, ColumnType::BigInteger) => "i".to_owned(),
        (_, ColumnType::Double) => "0.5".to_owned(),
        (column, _) => format!("'{column}-' || i"),
    }
}

async fn fill<E: EntityTrait>(store: &Store) {
    let table = E::default().table_name().to_owned();
    let (names, values): (Vec<String>, Vec<String>) = E::Column::iter()
        .map(|column| {
            let kind = column.def().get_column_type().clone();
            (column.as_str().to_owned(), value(&table, column.as_str(), &kind, store.is_postgres()))
        })
        .unzip();
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
         INSERT INTO {table} ({}) SELECT {} FROM n",
        names.join(", "),
        values.join(", ")
    );
    // SQLite wants the common table expression behind `INSERT INTO`.
    let sql = match (store.is_postgres(), sql.split_once("INSERT INTO")) {
        (false, Some((with, insert))) => {
            let (into, select) = insert.split_once(") SELECT").expect("as written above");
            format!("INSERT INTO{into}) {with} SELECT{select}")
        }
        _ => sql,
    };
    store.db().execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{table}: {error}"));
}

async fn filled(mut store: Store) -> (Store, Heard) {
    macro_rules! fill_all {
        ($($table:ident),*) => { $(fill::<tables::$table::Entity>(&store).await;)* };
    }
    fill_all!(
        agent,
        alert,
        api_key,
        approval,
        audit_entry,
        content_scan,
        content_violation,
        evaluation,
        event,
        incident,
        interaction,
        job,
        notification,
        policy,
        usage_record,
        webhook_delivery
    );
    // What no policy is made of would stop every decision.
    store
        .db()
        .execute_unprepared(&format!("DELETE FROM policies WHERE tenant_id = '{STANDALONE}'"))
        .await
        .expect("gone");
    store.db().execute_unprepared("ANALYZE").await.expect("counted");
    let heard = Heard::default();
    let ear = heard.clone();
    store.watch(move |statement| ear.lock().expect("whole").push(statement.clone()));
    (store, heard)
}

/// Which large tables a statement reads from end to end.
async fn scanned(store: &Store, statement: &Statement) -> Vec<String> {
    let sql = statement.sql.trim_start();
    if !["SELECT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| sql.starts_with(verb)) {
        return Vec::new();
    }
    let prefix = if store.is_postgres() { "EXPLAIN (FORMAT JSON)" } else { "EXPLAIN QUERY PLAN" };
    let explain = Statement { sql: format!("{prefix} {sql}"), ..statement.clone() };
    let rows = store.db().query_all_raw(explain).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut found = Vec::new();
    for row in rows {
        if store.is_postgres() {
            let plan: Value = row.try_get("", "QUERY PLAN").expect("a plan");
            walk(&plan[0]["Plan"], &mut found);
        } else {
            let detail: String = row.try_get("", "detail").expect("a plan");
            let table = detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            found.extend(table.filter(|table| LARGE.contains(table)).map(str::to_owned));
        }
    }
    found
}

/// A node of PostgreSQL's plan: a sequential scan, or one of a whole index, reads everything.
fn walk(node: &Value, found: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let whole = kind == "Seq Scan" || (kind.starts_with("Index") && node["Index Cond"].is_null());
    if let Some(table) = node["Relation Name"].as_str().filter(|table| whole && LARGE.contains(table)) {
        found.push(table.to_owned());
    }
    for inner in node["Plans"].as_array().into_iter().flatten() {
        walk(inner, found);
    }
}

/// What a server is asked most, and what it does most by itself.
async fn work(server: &TestServer) {
    let (agent, admin) = (server.agent("builder").await, server.operator(Role::Admin).await);
    let base = "/api/zentinelle/v1";
    let asked = [
        ("evaluate", json!({"action": "tool_call", "context": {"tool": "shell", "session_id": "s"}})),
        (
            "events",
            json!({"events": [{"type": "model_usage", "payload": {"model": "gpt-5", "tokens": 9}},
            {"type": "error", "category": "alert", "payload": {}}]}),
        ),
        ("heartbeat", json!({"status": "healthy"})),
        ("interaction", json!({"ai_model": "gpt-5", "input_content": "x", "session_id": "s"})),
        ("scan", json!({"content": "AKIAIOSFODNN7EXAMPL2"})),
    ];
    server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
    server.policy("data_retention", json!({"event_retention_days": 30, "audit_log_retention_days": 30})).await;
    for (path, body) in asked {
        let (status, answer) = server.post(&format!("{base}/{path}"), &agent, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
    }
    server.settled().await;
    for path in [
        "agents",
        "agents/builder/sessions",
        "alerts?status=open",
        "approvals?status=pending",
        "audit/entries",
        "audit/verify?recent=10",
        "export/summary.json",
        "export/violations.csv",
        "incidents?status=open",
        "jobs?status=dead",
        "keys?kind=agent",
        "notifications",
        "policies",
        "usage?group_by=agent",
        "usage/summary",
        "violations?severity=high&limit=10",
    ] {
        let (status, answer) = server.get(&format!("{base}/{path}"), &admin).await;
        assert!(status.is_success() || status.is_client_error(), "{path}: {status} {answer}");
    }
    for list in [
        r#"decisionsPage(filter: {search: "secret"})"#,
        r#"decisionsPage(filter: {allowed: false}, sort: {field: "riskScore", direction: DESC})"#,
        r#"decisionsPage(filter: {policyId: "p", policyType: ["tool_permission"], allowed: false})"#,
        r#"eventsPage(filter: {search: "bash"})"#,
        r#"interactionsPage(filter: {search: "gpt"})"#,
    ] {
        let query = json!({"query": format!("{{ {list} {{ nodes {{ id }} totalCount }} }}")});
        let (status, answer) = server.post("/gql/zentinelle/", &admin, query).await;
        assert!(status.is_success() && answer["errors"].is_null(), "{list}: {status} {answer}");
    }
    let test = json!({"policy": {"type": "tool_permission", "config": {"denied_tools": ["curl"]}}, "since_hours": 24});
    server.send(Method::POST, &format!("{base}/policies/simulate"), &admin, test).await;
    let (now, app, tenant) = (clock::now_micros(), &server.app, &server.tenant);
    for kinds in [Kinds::Deliveries, Kinds::Others] {
        let claim = Claim { worker: "w", kinds, now, until: now, most: 2 };
        jobs::claim(&app.store, claim).await.expect("claimed");
    }
    tasks::roll_up::roll_up(app, tenant).await.expect("rolled up");
    tasks::agents::check(app, tenant).await.expect("looked at");
    tasks::baselines::learn(app, tenant).await.expect("learnt");
    tasks::keys::check(app, tenant).await.expect("looked at");
    tasks::retention::enforce(app, tenant).await.expect("enforced");
}

#[tokio::test]
async fn no_hot_statement_reads_a_large_table_from_end_to_end() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let (store, heard) = filled(store).await;
        let server = TestServer::over(store.clone()).await;
        work(&server).await;
        let mut statements = std::mem::take(&mut *heard.lock().expect("whole"));
        statements.sort_by(|a, b| a.sql.cmp(&b.sql));
        statements.dedup_by(|a, b| a.sql == b.sql);
        assert!(statements.len() > 60, "only {} statements were heard", statements.len());
        let mut faults = Vec::new();
        for statement in &statements {
            for table in scanned(&store, statement).await {
                faults.push(format!("all of {table}: {}", statement.sql));
            }
        }
        assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), statements.len(), faults.join("\n"));
    }
}
