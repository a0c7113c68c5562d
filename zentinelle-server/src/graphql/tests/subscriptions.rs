//! A subscription goes on as long as its caller is let in, and nobody has any number of them.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use serde_json::json;

use super::PATH;
use super::world::{ask_as, own_page, person};
use crate::auth::Role;
use crate::bus::{Notice, Received};
use crate::testing::TestServer;

/// How long a stream may take to say or end something: far longer than it needs.
const PATIENCE: Duration = Duration::from_secs(30);

async fn subscribe(server: &TestServer, cookie: &str) -> BodyDataStream {
    let query = json!({ "query": "subscription { alertChanged { id } }" });
    let (mut parts, body) = own_page(PATH, cookie, &query).into_parts();
    parts.headers.insert("accept", "text/event-stream".parse().expect("a header"));
    let response = server.answer(axum::http::Request::from_parts(parts, body)).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// Reads a stream to its end.
async fn ends(mut stream: BodyDataStream) -> String {
    let mut read = String::new();
    let reading = async {
        while let Some(Ok(part)) = stream.next().await {
            read.push_str(&String::from_utf8_lossy(&part));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("it ends");
    read
}

/// Waits until so many subscriptions of the server's callers are open.
async fn open(server: &TestServer, count: u32) {
    server.eventually(count, async || server.app.graphql.open_subscriptions()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_out_removed_or_made_less_hears_nothing_more() {
    for server in [TestServer::sqlite().await, TestServer::postgres().await] {
        let (boss, _) = person(&server, "boss@example.com", Role::Admin).await;
        let key = server.operator(Role::Admin).await;
        for (number, how) in ["session", "role", "disabled", "removed"].into_iter().enumerate() {
            let (cookie, id) = person(&server, &format!("jane{number}@example.com"), Role::Operator).await;
            let sessions = ask_as(&server, &cookie, "{ sessions { id current } }").await;
            let rows = sessions["data"]["sessions"].as_array().expect("a list");
            let session = rows.iter().find(|row| row["current"] == true).expect("one")["id"].as_str().expect("an id");
            let stream = tokio::spawn(ends(subscribe(&server, &cookie).await));
            open(&server, 1).await;
            let mut notices = server.app.bus.subscribe();
            match how {
                "session" => {
                    let end = format!("mutation {{ revokeSession(id: \"{session}\") {{ success }} }}");
                    let ended = ask_as(&server, &boss, &end).await;
                    assert_eq!(ended["data"]["revokeSession"]["success"], true, "{ended}");
                }
                "role" => {
                    let less = format!("mutation {{ updateUser(id: \"{id}\", role: VIEWER) {{ success }} }}");
                    ask_as(&server, &boss, &less).await;
                }
                "disabled" => {
                    let less = format!("mutation {{ updateUser(id: \"{id}\", disabled: true) {{ success }} }}");
                    ask_as(&server, &boss, &less).await;
                }
                _ => {
                    let path = format!("/api/zentinelle/v1/users/{id}");
                    server.send(axum::http::Method::DELETE, &path, &key, serde_json::Value::Null).await;
                }
            }
            let told = async {
                loop {
                    if let Some(Received::Notice(Notice::KeyChanged { public_id, .. })) = notices.next().await
                        && *public_id == format!("user:{id}")
                    {
                        return;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, told).await.expect("every replica is told");
            let heard = stream.await.expect("it ends");
            assert!(heard.contains("event: complete"), "{how}: {heard}");
            open(&server, 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_lets_them_stay_ends_nothing() {
    let server = TestServer::sqlite().await;
    let (cookie, _) = person(&server, "jane@example.com", Role::Operator).await;
    let stream = tokio::spawn(ends(subscribe(&server, &cookie).await));
    open(&server, 1).await;
    let change =
        "mutation { changePassword(current: \"correct horse battery\", new: \"another horse entirely\") { success } }";
    let changed = ask_as(&server, &cookie, change).await;
    assert_eq!(changed["data"]["changePassword"]["success"], true, "{changed}");
    assert!(!stream.is_finished());
    open(&server, 1).await;
    stream.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_as_many_subscriptions_as_one_may_have() {
    let server = TestServer::configured(|config| config.graphql.max_subscriptions = 2).await;
    let (cookie, _) = person(&server, "jane@example.com", Role::Operator).await;
    let (other, _) = person(&server, "joe@example.com", Role::Operator).await;
    let held =
        [tokio::spawn(ends(subscribe(&server, &cookie).await)), tokio::spawn(ends(subscribe(&server, &cookie).await))];
    open(&server, 2).await;
    let refused = ends(subscribe(&server, &cookie).await).await;
    assert!(refused.contains("RATE_LIMIT_EXCEEDED"), "{refused}");
    let others = tokio::spawn(ends(subscribe(&server, &other).await));
    open(&server, 3).await;
    for one in &held {
        one.abort();
    }
    open(&server, 1).await;
    let again = tokio::spawn(ends(subscribe(&server, &cookie).await));
    open(&server, 2).await;
    again.abort();
    others.abort();
}
