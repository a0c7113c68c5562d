//! Who may call what, walked route by route.

use axum::http::Method;
use serde_json::{Value, json};

use super::{err, ok};
use crate::auth::Role;
use crate::auth::key::KeyKind;
use crate::service::keys::NewKey;
use crate::testing::TestServer;

/// The path with something in the place of each parameter.
fn filled(path: &str, id: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { id.to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_refuses_every_role_that_lacks_its_permission() {
    let server = TestServer::sqlite().await;
    let (agent, enrolment) = (server.agent("builder").await, server.key(NewKey::new(KeyKind::Enrolment, "e")).await);
    let routes: Vec<(String, Method, crate::auth::access::Access)> = server
        .app
        .access
        .iter()
        .map(|(path, method, access)| (path.to_owned(), method.clone(), access.clone()))
        .collect();
    let mut walked = 0;
    for (path, method, access) in routes {
        let Some(permission) = access.operator else { continue };
        let at = filled(&path, "nobody");
        for role in Role::ALL.into_iter().filter(|role| !role.has(&permission)) {
            let key = server.operator(role).await;
            let (status, answer) = server.send(method.clone(), &at, &key, json!({})).await;
            assert_eq!((status.as_u16(), &answer["error"]), (403, &json!("forbidden")), "{role:?} {method} {at}");
            walked += 1;
        }
        if !access.agent {
            for key in [&agent, &enrolment] {
                assert_eq!(server.send(method.clone(), &at, key, json!({})).await.0, 403, "{method} {at}");
            }
        }
        assert_eq!(server.send(method.clone(), &at, "", json!({})).await.0, 401, "{method} {at}");
        walked += 1;
    }
    assert!(walked > 40, "only {walked} were tried");
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(keys) => {
                found.extend(keys.get("$ref").and_then(Value::as_str));
                keys.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let (_, document) = crate::http::router::documented().split_for_parts();
    let document = serde_json::to_value(&document).expect("a document");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn a_key_narrowed_to_scopes_does_only_those() {
    let server = TestServer::sqlite().await;
    let admin = server.operator(Role::Admin).await;
    let body = json!({"kind": "operator", "label": "reader", "role": "operator", "scopes": ["policies:read"]});
    let made = ok(&server, Method::POST, "keys", &admin, body).await;
    let key = made["api_key"].as_str().expect("a key");
    ok(&server, Method::GET, "policies", key, Value::Null).await;
    assert_eq!(err(&server, Method::POST, "policies", key, json!({})).await, (403, "forbidden".to_owned()));
}
