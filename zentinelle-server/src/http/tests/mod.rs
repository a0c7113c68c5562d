//! What holds for every route, tried on every route there is: the tests walk the table that
//! admits callers, so a route that is added later is tried as well.

mod access;
mod bodies;
mod edge;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use crate::auth::Role;
use crate::auth::access::Access;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::service::tenants;
use crate::testing::TestServer;

/// The keys of every kind of caller.
struct Keys {
    operators: Vec<(Role, String)>,
    enrolment: String,
    /// An administrator of another tenant.
    foreign: String,
}

impl Keys {
    async fn of(server: &TestServer) -> Self {
        let mut operators = Vec::new();
        for role in Role::ALL {
            operators.push((role, server.operator(role).await));
        }
        let other = TenantId::new("other");
        tenants::ensure(&server.app.store, &other, "Another organisation").await.expect("a tenant");
        let admin = NewKey { role: Some(Role::Admin), ..NewKey::new(KeyKind::Operator, "foreign") };
        Self {
            operators,
            enrolment: server.key(NewKey::new(KeyKind::Enrolment, "enrolment")).await,
            foreign: server.key_of(&other, admin).await,
        }
    }

    /// A key that a route admits. Agents are made anew, because some routes end them.
    async fn admitted(&self, server: &TestServer, access: &Access) -> String {
        let by_role =
            self.operators.iter().find(|(role, _)| access.operator.as_ref().is_some_and(|need| role.has(need)));
        match by_role {
            Some((_, key)) => key.clone(),
            None if access.agent => new_agent(server).await,
            None if access.enrolment => self.enrolment.clone(),
            None => String::new(),
        }
    }
}

async fn new_agent(server: &TestServer) -> String {
    server.agent(&format!("agent-{}", crate::clock::new_id())).await
}

/// Every route, with its path filled with ids that are well formed and belong to nothing.
fn routes(server: &TestServer) -> Vec<(String, String, Method, Access)> {
    let mut routes: Vec<_> = server
        .app
        .access
        .iter()
        .map(|(path, method, access)| (path.to_owned(), filled(path), method.clone(), access.clone()))
        .collect();
    routes.sort_by(|one, other| (&one.0, one.2.as_str()).cmp(&(&other.0, other.2.as_str())));
    assert!(routes.len() > 5, "the table was not walked");
    routes
}

fn filled(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| if segment.contains('{') { "0199c0de-0000-7000-8000-000000000000" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// A request with a key, which may be empty for none, and a body that calls itself JSON.
fn request(method: &Method, path: &str, key: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if !key.is_empty() {
        request = request.header("x-zentinelle-key", key);
    }
    request.body(body.into()).expect("a request")
}

/// The status and the body of an answer. Every failure must have the one envelope.
async fn answer(server: &TestServer, request: Request<Body>) -> (StatusCode, Value) {
    let name = format!("{} {}", request.method(), request.uri());
    let is_head = request.method() == Method::HEAD;
    let response = server.answer(request).await;
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if (status.is_client_error() || status.is_server_error()) && !is_head && name.contains(" /gql/") {
        let error = &body["errors"][0];
        let said = [&error["message"], &error["extensions"]["code"]].map(|text| text.as_str().unwrap_or_default());
        assert!(
            said.iter().all(|text| !text.is_empty()),
            "{name} answers {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
    } else if (status.is_client_error() || status.is_server_error()) && !is_head {
        for key in ["error", "detail", "message", "request_id"] {
            let text = body[key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name} answers {status} without `{key}`: {}", String::from_utf8_lossy(&bytes));
        }
    }
    (status, body)
}
