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

#[tokio::test]
async fn no_body_and_no_query_makes_a_route_fail() {
    let deep = format!("{{\"policy\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let bodies: Vec<Vec<u8>> = [
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}",
        "{\"a\":1,\"a\":2}",
        "{",
        "\u{feff}{}",
        "{\"name\":\"\\u0000\",\"type\":\"rate_limit\"}",
        "{\"label\":\"\\u0000\",\"kind\":\"enrolment\"}",
        "{\"value\":\"\\u0000\"}",
        "{\"documents\":\"\\u0000\"}",
        "{\"documents\":\"policies: [{name: a, type: rate_limit, config: {x: \\\"\\\\0\\\"}}]\"}",
        "{\"version\":9223372036854775807}",
        "{\"request\":{\"action\":\"\\u0000\",\"agent_id\":\"\\u0000\"}}",
        "{\"candidate\":{\"remove\":[\"\\u0000\"]}}",
        "{\"candidate\":{},\"agent_id\":\"\\u0000\"}",
        "{\"name\":\"\\u0000\",\"id\":\"\\u0000\"}",
        "{\"priority\":1e308}",
        "{\"type\":\"rate_limit\",\"name\":\"x\",\"config\":{\"requests_per_minute\":1e308}}",
        "{\"enforcement\":\"\\ud800\"}",
        &deep,
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([vec![0xff, 0xfe]])
    .collect();
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let admin = server.operator(Role::Admin).await;
        let routes: Vec<(String, Method)> = server
            .app
            .access
            .iter()
            .filter(|(_, _, access)| access.operator.is_some())
            .map(|(path, method, _)| (path.to_owned(), method.clone()))
            .collect();
        for (path, method) in routes {
            for body in &bodies {
                let at = filled(&path, "nobody");
                let (status, answer) = server.send_raw(method.clone(), &at, &admin, body.clone()).await;
                assert!(status.as_u16() < 500, "{method} {at} {}: {answer}", String::from_utf8_lossy(body));
            }
            for query in [
                "?limit=18446744073709551615",
                "?cursor=%00",
                "?cursor=%FF",
                "?q=%5C",
                "?from=1&to=-9223372036854775808",
                "?kind=%00",
                "?offset=4294967295",
            ] {
                let at = format!("{}{query}", filled(&path, "%F0%9F%98%80"));
                let (status, answer) = server.send_raw(method.clone(), &at, &admin, b"{}".to_vec()).await;
                assert!(status.as_u16() < 500, "{method} {at}: {answer}");
            }
        }
    }
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
