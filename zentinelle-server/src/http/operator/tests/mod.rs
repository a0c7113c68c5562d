//! The operators' routes as their callers see them.

mod documents;
mod keys;
mod policies;
mod roles;
mod secrets;
mod tenancy;
mod trials;

use axum::http::{Method, StatusCode};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};

use crate::store::entities::audit_entry;
use crate::testing::TestServer;

const BASE: &str = "/api/zentinelle/v1";

/// Sends a request to a native path and returns the answer.
async fn call(server: &TestServer, method: Method, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
    server.send(method, &format!("{BASE}/{path}"), key, body).await
}

/// [`call`], for answers that must be positive.
async fn ok(server: &TestServer, method: Method, path: &str, key: &str, body: Value) -> Value {
    let (status, answer) = call(server, method.clone(), path, key, body).await;
    assert!(status.is_success(), "{method} {path}: {status} {answer}");
    answer
}

/// [`call`], for answers that must be this error.
async fn err(server: &TestServer, method: Method, path: &str, key: &str, body: Value) -> (u16, String) {
    let (status, answer) = call(server, method, path, key, body).await;
    (status.as_u16(), answer["error"].as_str().unwrap_or_default().to_owned())
}

/// Whether an agent may use a tool.
async fn may_use(server: &TestServer, key: &str, tool: &str) -> bool {
    let body = json!({"action": "tool_call", "context": {"tool": tool}});
    ok(server, Method::POST, "evaluate", key, body).await["allowed"].as_bool().expect("a boolean")
}

/// What the audit trail says of a kind of thing, oldest first: action and record.
async fn audit(server: &TestServer, resource_type: &str) -> Vec<(String, Value)> {
    let rows = audit_entry::Entity::find()
        .filter(audit_entry::Column::TenantId.eq(server.tenant.as_str()))
        .filter(audit_entry::Column::ResourceType.eq(resource_type))
        .order_by_asc(audit_entry::Column::Sequence)
        .all(server.app.store.db())
        .await
        .expect("read");
    rows.into_iter()
        .map(|row| {
            let entry: Value = serde_json::from_str(&row.entry).expect("an entry");
            (row.action, entry["record"].clone())
        })
        .collect()
}
