//! What happens to content and what people look after, over HTTP, on both databases.

mod compliance;
mod content;
mod hostile;
mod looked_after;
mod money;
mod prompts;
mod reports;
mod risks;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use serde_json::{Value, json};
use zentinelle_core::ids::TenantId;

use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::service::tenants;
use crate::testing::TestServer;

const BASE: &str = "/api/zentinelle/v1";

/// One server on each database.
async fn servers() -> [TestServer; 2] {
    [TestServer::sqlite().await, TestServer::postgres().await]
}

/// A path below the native prefix.
fn at(path: &str) -> String {
    format!("{BASE}/{path}")
}

/// The key of an administrator of another tenant.
async fn stranger(server: &TestServer) -> String {
    let tenant = TenantId::new("other-tenant");
    tenants::ensure(&server.app.store, &tenant, "Other").await.expect("a tenant");
    let new = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "stranger") };
    server.key_of(&tenant, new).await
}

/// Asks until the answer is as wanted: what is written behind an answer takes a moment.
async fn eventually(server: &TestServer, path: &str, key: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..250 {
        let (status, answer) = server.get(path, key).await;
        if status.is_success() && wanted(&answer) {
            return answer;
        }
        last = answer;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} never answered as wanted: {last}");
}

/// A request that must succeed.
async fn ok(server: &TestServer, method: Method, path: &str, key: &str, body: Value) -> Value {
    let (status, answer) = server.send(method.clone(), &at(path), key, body).await;
    assert!(status.is_success(), "{method} {path}: {status} {answer}");
    answer
}

/// A request that must fail with a status and a code.
async fn fails(server: &TestServer, method: Method, path: &str, key: &str, body: Value, status: u16, code: &str) {
    let (got, answer) = server.send(method.clone(), &at(path), key, body).await;
    assert_eq!((got.as_u16(), answer["error"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
}

/// Everything that a database holds, as one text.
async fn everything(server: &TestServer) -> String {
    use crate::store::entities as rows;
    let db = server.app.store.db();
    let mut out = String::new();
    macro_rules! tables {
        ($($table:ident),*) => {
            $(out.push_str(&serde_json::to_string(&rows::$table::Entity::find().all(db).await.expect("rows")).expect("JSON"));)*
        };
    }
    tables!(
        alert,
        audit_entry,
        content_rule,
        content_scan,
        content_violation,
        evaluation,
        event,
        incident,
        interaction,
        job,
        notification,
        usage_record
    );
    out
}

/// How many entries the audit chain has about a kind of thing.
async fn audited(server: &TestServer, resource_type: &str) -> usize {
    use sea_orm::{ColumnTrait as _, QueryFilter as _};
    let entries = crate::store::entities::audit_entry::Entity::find()
        .filter(crate::store::entities::audit_entry::Column::ResourceType.eq(resource_type));
    entries.all(server.app.store.db()).await.expect("rows").len()
}

#[tokio::test]
async fn agents_are_refused_on_every_route_of_operators_and_operators_on_those_of_agents() {
    let server = TestServer::sqlite().await;
    let (agent, admin) = (server.agent("builder").await, server.operator(Role::Admin).await);
    let viewer = server.operator(Role::Viewer).await;
    let id = crate::clock::new_id();
    let routes: Vec<(String, Method, bool, Option<String>)> = server
        .app
        .access
        .iter()
        .filter(|(path, _, _)| {
            let subjects = [
                "/scan",
                "/interaction",
                "/violations",
                "/alerts",
                "/alert-rules",
                "/incidents",
                "/content-rules",
                "/system-prompts",
                "/models",
                "/prices",
                "/usage",
                "/export",
                "/reports",
                "/risks",
                "/compliance",
                "/notifications",
            ];
            path.strip_prefix(BASE).is_some_and(|rest| subjects.iter().any(|subject| rest.starts_with(subject)))
        })
        .map(|(path, method, access)| {
            let needed = access.operator.as_ref().map(ToString::to_string);
            (path.replace("{id}", &id), method.clone(), access.agent, needed)
        })
        .collect();
    assert!(routes.len() >= 50, "{} routes", routes.len());
    for (path, method, for_agents, needed) in routes {
        let (wrong, right) = if for_agents { (&admin, &agent) } else { (&agent, &admin) };
        let (status, answer) = server.send(method.clone(), &path, wrong, json!({})).await;
        assert_eq!((status, &answer["error"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{method} {path}");
        let (status, answer) = server.send(method.clone(), &path, right, json!({})).await;
        assert!(status != StatusCode::FORBIDDEN && !status.is_server_error(), "{method} {path}: {status} {answer}");
        let (status, _) = server.send(method.clone(), &path, "", json!({})).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        if needed.is_some_and(|needed| !needed.ends_with(":read")) {
            let (status, _) = server.send(method.clone(), &path, &viewer, json!({})).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: a viewer changes nothing");
        }
    }
    server.app.store.db().execute_unprepared("SELECT 1").await.expect("the database still answers");
}
