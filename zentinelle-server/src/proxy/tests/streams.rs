//! Streams: the same bytes where nothing is found, and a good ending where something is.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{Bench, Say, chat, content, message};
use crate::store::entities::interaction;

const SSE: &str = "text/event-stream";
const GOOGLE: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";

fn event(name: &str, data: Value) -> String {
    if name.is_empty() { format!("data: {data}\n\n") } else { format!("event: {name}\ndata: {data}\n\n") }
}

fn chunk(delta: Value, finish: Value) -> Value {
    json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

fn openai(pieces: &[&str]) -> Vec<String> {
    let mut events = vec![event("", chunk(json!({ "role": "assistant", "content": "" }), Value::Null))];
    events.extend(pieces.iter().map(|text| event("", chunk(json!({ "content": text }), Value::Null))));
    events.push(event("", chunk(json!({}), json!("stop"))));
    events.push(event(
        "",
        json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini", "choices": [],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 } }),
    ));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn anthropic(pieces: &[&str]) -> Vec<String> {
    let start = json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [], "stop_reason": null, "usage": { "input_tokens": 10, "output_tokens": 1 } } });
    let mut events = vec![
        event("message_start", start),
        event(
            "content_block_start",
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        ),
        event("ping", json!({ "type": "ping" })),
    ];
    events.extend(pieces.iter().map(|text| {
        event(
            "content_block_delta",
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } }),
        )
    }));
    events.push(event("content_block_stop", json!({ "type": "content_block_stop", "index": 0 })));
    events.push(event(
        "message_delta",
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 5 } }),
    ));
    events.push(event("message_stop", json!({ "type": "message_stop" })));
    events
}

fn google(pieces: &[&str]) -> Vec<String> {
    let last = pieces.len().saturating_sub(1);
    let piece = |(at, text): (usize, &&str)| {
        let finish = if at == last { json!("STOP") } else { Value::Null };
        let mut data = json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": text }] }, "index": 0 }],
            "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15 } });
        if !finish.is_null() {
            data["candidates"][0]["finishReason"] = finish;
        }
        event("", data)
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn pieces(events: &[String]) -> Vec<Bytes> {
    events.iter().map(|event| Bytes::from(event.clone())).collect()
}

/// A stream of OpenAI's that says these pieces.
pub(super) fn openai_stream(said: &[&str], pause: Duration) -> Say {
    Say::Pieces(SSE, pieces(&openai(said)), pause)
}

fn streaming(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

#[tokio::test]
async fn a_stream_without_findings_arrives_as_it_was_sent() {
    let bench = Bench::new().await;
    bench.server.policy("output_filter", json!({ "block_secrets": true, "mask_pii": true })).await;
    let said = ["Hello", " there,", " how ", "are", " you?"];
    let mut asks_for_usage = streaming(chat());
    asks_for_usage["stream_options"] = json!({ "include_usage": true });
    for (path, body, events) in [
        ("/v1/chat/completions", asks_for_usage, openai(&said)),
        ("/v1/messages", streaming(message()), anthropic(&said)),
        (GOOGLE, content(), google(&said)),
    ] {
        let whole = events.concat();
        // Whole events, single bytes, and everything at once.
        let cuts = [
            pieces(&events),
            whole.bytes().map(|byte| Bytes::from(vec![byte])).collect(),
            vec![Bytes::from(whole.clone())],
        ];
        for cut in cuts {
            bench.provider.says(Say::Pieces(SSE, cut, Duration::ZERO));
            let answer = bench.post(path, body.clone()).await;
            assert_eq!((answer.status, answer.text()), (StatusCode::OK, whole.clone()), "{path}");
            assert_eq!(answer.header("content-type"), Some(SSE));
        }
    }
    let ended = async || {
        let rows = interaction::Entity::find().all(bench.server.app.store.db()).await.expect("rows");
        rows.iter()
            .filter(|row| {
                row.classification["ending"] == "complete" && row.output_content == "Hello there, how are you?"
            })
            .count()
    };
    bench.server.eventually(9, ended).await;
}

/// Google streams events or an array. What it is counts, not what its `Content-Type` says.
#[tokio::test]
async fn what_google_streams_is_read_whatever_it_claims_to_be() {
    let bench = Bench::new().await;
    let key = ["AKIA", "QWERTYUIOPASDFGH"].concat();
    bench.server.policy("output_filter", json!({ "mask_secrets": true })).await;
    let events = google(&["the key is ", &key[..9], &key[9..], " and so on"]);
    let elements: Vec<&str> = events.iter().map(|event| event.trim_start_matches("data: ").trim_end()).collect();
    let array = format!("[{}]", elements.join(","));
    let json = "application/json; charset=UTF-8";
    for (path, kind, said) in [
        (GOOGLE, json, events.concat()),
        (GOOGLE, SSE, array.clone()),
        (GOOGLE.trim_end_matches("?alt=sse"), SSE, array),
        (GOOGLE.trim_end_matches("?alt=sse"), json, events.concat()),
    ] {
        bench.provider.says(Say::Body(200, kind, said.clone().into()));
        let answer = bench.post(path, content()).await;
        let text = answer.text();
        assert_eq!(answer.status, StatusCode::OK, "{path} {kind} {text}");
        assert!(text.contains("and so on"), "{text}");
        assert!(
            text.contains("[REDACTED:") && !text.contains(&key[9..]) && !text.contains(&key[..9]),
            "{path} {kind} {text}"
        );
    }
    // A whole reply where events were promised: a client's reader might take it, so it is not let through.
    let whole = json!({ "choices": [{ "message": { "role": "assistant", "content": key } }] }).to_string();
    bench.provider.says(Say::Body(200, SSE, whole.into()));
    let answer = bench.post("/v1/chat/completions", streaming(chat())).await;
    assert!(!answer.text().contains(&key) && answer.text().ends_with("[DONE]\n\n"), "{}", answer.text());
}

#[tokio::test]
async fn usage_is_asked_for_where_the_client_did_not_and_the_client_sees_nothing_of_it() {
    let bench = Bench::new().await;
    bench.budget(1.0).await;
    bench.provider.says(openai_stream(&["hi"], Duration::ZERO));
    let answer = bench.post("/v1/chat/completions", streaming(chat())).await;
    assert_eq!(bench.provider.last().json()["stream_options"]["include_usage"], json!(true));
    assert!(
        answer.text().ends_with("data: [DONE]\n\n") && !answer.text().contains("prompt_tokens"),
        "{}",
        answer.text()
    );
    bench.server.eventually(5, async || bench.spent().await).await;
}

#[tokio::test]
async fn what_may_not_be_said_never_arrives_and_the_stream_ends_well() {
    let bench = Bench::new().await;
    let key = ["AKIA", "QWERTYUIOPASDFGH"].concat();
    bench
        .server
        .policy("output_filter", json!({ "block_secrets": true, "blocked_patterns": ["project (?i)bluebird"] }))
        .await;
    for said in [["the key is ", &key[..9], &key[9..], " and so on"], ["about ", "project ", "Bluebird", " we know"]] {
        for (path, body, events, ending) in [
            ("/v1/chat/completions", streaming(chat()), openai(&said), "[DONE]"),
            ("/v1/messages", streaming(message()), anthropic(&said), "event: error"),
            (GOOGLE, content(), google(&said), "SAFETY"),
        ] {
            bench.provider.says(Say::Pieces(SSE, pieces(&events), Duration::from_millis(2)));
            let answer = bench.post(path, body).await;
            let text = answer.text();
            assert!(!text.contains(&key[9..]) && !text.contains("luebird") && !text.contains("we know"), "{text}");
            assert!(text.contains(ending), "{path} {text}");
        }
    }
}

#[tokio::test]
async fn a_tool_call_waits_until_it_is_judged() {
    let bench = Bench::new().await;
    let call = |name: &str| -> Vec<String> {
        let start = json!({ "tool_calls": [{ "index": 0, "id": "t1", "type": "function", "function": { "name": name, "arguments": "" } }] });
        let more = |text: &str| json!({ "tool_calls": [{ "index": 0, "function": { "arguments": text } }] });
        let deltas = [start, more("{\"command\":"), more("\"ls\"}")];
        let mut events: Vec<String> = deltas.into_iter().map(|delta| event("", chunk(delta, Value::Null))).collect();
        events.push(event("", chunk(json!({}), json!("tool_calls"))));
        events.push("data: [DONE]\n\n".to_owned());
        events
    };
    bench.provider.says(Say::Pieces(SSE, pieces(&call("search")), Duration::ZERO));
    let answer = bench.post("/v1/chat/completions", streaming(chat())).await;
    assert_eq!(answer.text(), call("search").concat());
    bench.provider.says(Say::Pieces(SSE, pieces(&call("shell")), Duration::ZERO));
    let answer = bench.post("/v1/chat/completions", streaming(chat())).await;
    let text = answer.text();
    assert!(!text.contains("\\\"ls\\\"") && !text.contains("\"tool_calls\"\n"), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn whoever_leaves_or_breaks_off_is_settled_at_what_was_seen() {
    let bench = Bench::new().await;
    bench.budget(1.0).await;
    let said = ["Hello", " there,", " how are you", " today", " and tomorrow?"];
    // The provider breaks off behind the third piece.
    let events = anthropic(&said);
    bench.provider.says(Say::Broken(SSE, pieces(&events[..6])));
    let answer = bench.post("/v1/messages", streaming(message())).await;
    assert!(answer.text().contains("Hello") && answer.text().contains("event: error"), "{}", answer.text());
    // 10 tokens read at $3; 24 bytes were seen, at most 8 tokens at $15.
    bench.server.eventually(150, async || bench.spent().await).await;
    // The client leaves behind the first bytes.
    bench.provider.says(Say::Pieces(SSE, pieces(&events), Duration::from_millis(50)));
    let response = bench.response(Method::POST, "/v1/messages", &[], streaming(message()).to_string()).await;
    let mut body = response.into_body().into_data_stream();
    assert!(body.next().await.is_some_and(|piece| piece.is_ok()));
    drop(body);
    let gone = async || {
        let rows = interaction::Entity::find().all(bench.server.app.store.db()).await.expect("rows");
        rows.iter().filter(|row| row.classification["ending"] == "client_gone").count()
    };
    bench.server.eventually(1, gone).await;
    let spent = bench.spent().await;
    assert!((150 + 30..150 + 150).contains(&spent), "{spent}");
}
