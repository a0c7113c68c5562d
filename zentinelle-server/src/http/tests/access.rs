//! Every route, every role, no key, a bad key, another tenant's key.

use axum::http::{Method, StatusCode};

use super::{Keys, answer, new_agent, request, routes};
use crate::auth::Role;
use crate::auth::access::Access;
use crate::testing::TestServer;

/// Only these may be called by everybody.
const PUBLIC: [&str; 16] = [
    "/health",
    "/ready",
    "/metrics",
    "/api/v1/health",
    "/api/zentinelle/v1/health",
    "/api/zentinelle/v1/ready",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs/{file}",
    "/.well-known/authzen-configuration",
    "/api/zentinelle/v1/auth/options",
    "/api/zentinelle/v1/auth/login",
    "/api/zentinelle/v1/auth/logout",
    "/api/zentinelle/v1/auth/oidc/start",
    "/api/zentinelle/v1/auth/oidc/callback",
    "/api/zentinelle/v1/audit/key",
];

#[tokio::test]
async fn each_route_admits_those_it_names_and_nobody_else() {
    let server = TestServer::sqlite().await;
    let keys = Keys::of(&server).await;
    let mut tried = 0;
    for (template, path, method, access) in routes(&server) {
        let name = format!("{method} {template}");
        if access.public {
            assert!(PUBLIC.contains(&template.as_str()), "{name} is open to everybody");
            continue;
        }
        if access.optional {
            continue; // asks by itself who it is, field by field: see the tests of `graphql`
        }
        let declared = access.agent || access.enrolment || access.operator.is_some();
        assert!(declared, "{name} declares nobody who may call it");
        for (key, why) in [("", "not_authenticated"), ("nonsense", "invalid_key")] {
            let (status, body) = answer(&server, request(&method, &path, key, "{}")).await;
            assert_eq!((status, body["error"].as_str()), (StatusCode::UNAUTHORIZED, Some(why)), "{name} {key}");
        }
        let unknown = format!("sk_platform_{}", "A".repeat(43));
        let (status, _) = answer(&server, request(&method, &path, &unknown, "{}")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} with a key that was never issued");

        let mut foreign = request(&method, &path, &keys.foreign, "{}");
        let tenant = server.tenant.as_str().parse().expect("a header");
        foreign.headers_mut().insert("x-zentinelle-org", tenant);
        let (status, _) = answer(&server, foreign).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name} with another tenant's key");

        for (role, key) in &keys.operators {
            check(&server, &name, &method, &path, key, role.name(), may(&access, *role)).await;
        }
        check(&server, &name, &method, &path, &keys.enrolment, "enrolment", access.agent || access.enrolment).await;
        check(&server, &name, &method, &path, &new_agent(&server).await, "agent", access.agent).await;
        tried += 1;
    }
    assert!(tried > 1, "no route was tried");
}

/// Whether a role may call a route, by the route's permission and nothing else.
fn may(access: &Access, role: Role) -> bool {
    access.operator.as_ref().is_some_and(|permission| role.has(permission))
}

async fn check(server: &TestServer, name: &str, method: &Method, path: &str, key: &str, who: &str, admitted: bool) {
    let (status, body) = answer(server, request(method, path, key, "{}")).await;
    if admitted {
        assert_ne!(status, StatusCode::UNAUTHORIZED, "{name} does not know the {who}: {body}");
        let refused = status == StatusCode::FORBIDDEN && body["error"] == "forbidden";
        assert!(!refused || who == "enrolment", "{name} refuses the {who}: {body}");
        assert!(!status.is_server_error(), "{name} fails for the {who}: {status} {body}");
    } else {
        assert_eq!(status, StatusCode::FORBIDDEN, "{name} lets the {who} in: {body}");
        assert_eq!(body["error"], "forbidden", "{name} for the {who}");
    }
}

#[tokio::test]
async fn ids_of_another_tenant_are_as_if_they_did_not_exist() {
    let server = TestServer::sqlite().await;
    let keys = Keys::of(&server).await;
    for (template, path, method, access) in routes(&server) {
        if access.operator.is_none() || !template.contains('{') {
            continue;
        }
        // The foreign administrator may call the route, and finds nothing of ours below it.
        let (status, body) = answer(&server, request(&method, &path, &keys.foreign, "{}")).await;
        let name = format!("{method} {template}");
        assert!(
            status.is_client_error() || method == Method::GET || method == Method::DELETE,
            "{name}: {status} {body}"
        );
        assert!(!status.is_server_error(), "{name}: {status} {body}");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let server = TestServer::sqlite().await;
    let keys = Keys::of(&server).await;
    for (template, _, method, access) in routes(&server) {
        for id in ["x", "%00", "..%2f..", "%ff", "'; DROP TABLE agent; --", "9999999999999999999999"] {
            let id = id.replace(' ', "%20").replace('\'', "%27").replace(';', "%3b");
            let path: Vec<&str> =
                template.split('/').map(|segment| if segment.contains('{') { id.as_str() } else { segment }).collect();
            let key = keys.admitted(&server, &access).await;
            let (status, body) = answer(&server, request(&method, &path.join("/"), &key, "{}")).await;
            assert!(!status.is_server_error(), "{method} {template} with {id}: {status} {body}");
            if !template.contains('{') {
                break;
            }
        }
    }
}
