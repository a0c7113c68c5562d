//! What happens is told within a second, over both ways to listen.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::json;

use super::PATH;
use crate::auth::Role;
use crate::testing::TestServer;

/// Reads an event stream until it holds a text, at most for two seconds.
async fn reads(body: Body, text: &str) -> String {
    let mut stream = body.into_data_stream();
    let mut read = String::new();
    let reading = async {
        while let Some(Ok(part)) = stream.next().await {
            read.push_str(&String::from_utf8_lossy(&part));
            if read.contains(text) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), reading).await;
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_told_over_server_sent_events() {
    let server = TestServer::sqlite().await;
    let (viewer, agent) = (server.operator(Role::Viewer).await, server.agent("watched").await);
    server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
    let request = Request::builder()
        .method("POST")
        .uri(PATH)
        .header("x-zentinelle-key", viewer)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(json!({ "query": "subscription { activity { kind status agentId } }" }).to_string()))
        .expect("a request");
    let response = server.answer(request).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let listening = tokio::spawn(reads(response.into_body(), "denied"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = json!({ "action": "tool_call", "context": { "tool": "shell" } });
    let (status, answer) = server.post("/api/zentinelle/v1/evaluate", &agent, asked).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
    let heard = listening.await.expect("it ends");
    assert!(heard.contains("event: next") && heard.contains("\"agentId\":\"watched\""), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_listen_is_told_so() {
    let server = TestServer::sqlite().await;
    let agent = server.agent("curious").await;
    let request = Request::builder()
        .method("POST")
        .uri(PATH)
        .header("x-zentinelle-key", agent)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(json!({ "query": "subscription { alertChanged { id } }" }).to_string()))
        .expect("a request");
    let heard = reads(server.answer(request).await.into_body(), "complete").await;
    assert!(heard.contains("FORBIDDEN"), "{heard}");
}

/// A text as a client sends it over a WebSocket: one masked frame.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    let mut bytes = vec![0x81];
    if length < 126 {
        bytes.push(0x80 | length);
    } else {
        bytes.extend([0x80 | 126, 0, length]);
    }
    bytes.extend([0, 0, 0, 0]); // a mask of zeros changes nothing
    bytes.extend(text.as_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_told_over_a_websocket() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = TestServer::sqlite().await;
    let key = server.operator(Role::Operator).await;
    let address = server.listen().await;
    let mut socket = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let hello = format!(
        "GET /gql/zentinelle/ HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    );
    socket.write_all(hello.as_bytes()).await.expect("sent");
    let init = json!({ "type": "connection_init", "payload": { "key": key } });
    socket.write_all(&frame(&init.to_string())).await.expect("sent");
    let query = "subscription { incidentChanged { title } }";
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": query } });
    socket.write_all(&frame(&subscribe.to_string())).await.expect("sent");
    let mut read = String::new();
    let mut part = [0_u8; 4096];
    let mut told = false;
    let listening = async {
        while !read.contains("A leak") {
            let count = socket.read(&mut part).await.expect("it stays open");
            assert_ne!(count, 0, "closed: {read}");
            read.push_str(&String::from_utf8_lossy(&part[..count]));
            if read.contains("connection_ack") && !told {
                told = true;
                tokio::time::sleep(Duration::from_millis(300)).await;
                let change =
                    "mutation { createIncident(input: { title: \"A leak\", description: \"d\" }) { success } }";
                super::ask(&server, &key, change, json!({})).await;
            }
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(3), listening).await;
    assert!(heard.is_ok(), "{read}");
    assert!(read.starts_with("HTTP/1.1 101"), "{read}");
}
