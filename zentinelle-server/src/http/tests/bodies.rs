//! Every route that takes a body, and bodies that no client should send: a client's fault is
//! never the server's.

use axum::body::Bytes;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Keys, answer, request, routes};
use crate::http::{openapi, router};
use crate::testing::TestServer;

/// Bodies that are no JSON value, or one that two readers may understand differently.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("cut off", b"{\"a\":".to_vec()),
        ("two values", b"{} {}".to_vec()),
        ("a key twice", br#"{"action":"a","action":"b"}"#.to_vec()),
        ("a key twice, deep", br#"{"context":{"x":[{"a":1,"a":2}]}}"#.to_vec()),
        ("not UTF-8", b"{\"action\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", br#"{"action":"\ud800"}"#.to_vec()),
        ("a NUL byte", b"{\"action\":\"a\0\"}".to_vec()),
        ("nested lists", "[".repeat(100_000).into_bytes()),
        ("nested objects", format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)).into_bytes()),
        ("a number out of range", br#"{"action":1e999999}"#.to_vec()),
        ("not a value", b"NaN".to_vec()),
    ]
}

/// Values of every kind that is not what a field wants, and texts that databases dislike.
fn odd_values() -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |inside, _| json!([inside]));
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("x".repeat(100_000)),
        json!("\u{202e}"),
        json!([]),
        json!([null]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": null}}),
        json!({"\u{0}": "\u{0}"}),
        deep,
    ]
}

#[tokio::test]
async fn bad_bodies_are_the_clients_fault_on_sqlite() {
    try_all(TestServer::sqlite().await).await;
}

#[tokio::test]
async fn bad_bodies_are_the_clients_fault_on_postgres() {
    try_all(TestServer::postgres().await).await;
}

async fn try_all(server: TestServer) {
    let keys = Keys::of(&server).await;
    let (_, document) = router::parts();
    let document = openapi::complete(document);
    let limit = server.app.config.limits.max_body_bytes;
    let huge = Bytes::from(vec![b' '; limit + 1]);
    for (template, path, method, access) in routes(&server) {
        if ![Method::POST, Method::PUT, Method::PATCH].contains(&method) {
            continue;
        }
        let name = format!("{method} {template}");
        let operation = &document["paths"][&template][method.as_str().to_ascii_lowercase()];
        let key = keys.admitted(&server, &access).await;
        let takes_body = operation.get("requestBody").is_some();
        for (what, body) in malformed() {
            let (status, answer) = answer(&server, request(&method, &path, &key, body)).await;
            assert!(!status.is_server_error(), "{name} with {what}: {status} {answer}");
            assert!(!takes_body || status.is_client_error(), "{name} takes {what}: {status} {answer}");
        }
        for body in [json!([]), json!("text"), json!(7), json!(true), json!([{}])] {
            let (status, answer) = answer(&server, request(&method, &path, &key, body.to_string())).await;
            assert!(!status.is_server_error(), "{name} with {body}: {status} {answer}");
        }
        if takes_body {
            let (status, _) = answer(&server, request(&method, &path, &key, huge.clone())).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{name} with {} bytes", limit + 1);
            let mut plain = request(&method, &path, &key, "{}");
            plain.headers_mut().insert("content-type", "text/plain".parse().expect("a header"));
            let (status, _) = answer(&server, plain).await;
            assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name} with plain text");
        }
        odd_fields(&server, &keys, &document, operation, (&name, &method, &path)).await;
    }
}

/// Puts every odd value into every field the body is said to have, one at a time.
async fn odd_fields(
    server: &TestServer,
    keys: &Keys,
    document: &Value,
    operation: &Value,
    (name, method, path): (&str, &Method, &str),
) {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = resolved(document, schema);
    let access = server.app.access.get(&template_of(name), method).expect("a route");
    for field in schema["properties"].as_object().into_iter().flatten().map(|(field, _)| field) {
        let key = keys.admitted(server, access).await;
        for value in odd_values() {
            let mut body = sound(document, schema);
            body[field] = value;
            let text = body.to_string();
            let (status, answer) = answer(server, request(method, path, &key, text.clone())).await;
            let shown: String = text.chars().take(300).collect();
            assert!(!status.is_server_error(), "{name} with {shown}: {status} {answer}");
        }
    }
}

fn template_of(name: &str) -> String {
    name.split_once(' ').map(|(_, template)| template.to_owned()).unwrap_or_default()
}

/// A body in which every field has a value of its type, so that the odd one is what is looked at.
fn sound(document: &Value, schema: &Value) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(field, schema)| (field.clone(), sound_value(resolved(document, schema)))).collect()
}

fn sound_value(schema: &Value) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find_map(Value::as_str).unwrap_or("null"),
        kind => kind.as_str().unwrap_or("null"),
    };
    match kind {
        "string" => schema["enum"].get(0).cloned().unwrap_or_else(|| "text".into()),
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => json!({}),
        _ => json!(null),
    }
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}
