//! Whole calls: decided, passed on byte for byte, judged, recorded.

use axum::http::{Method, StatusCode};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

use super::{Bench, Say, chat, content, message};
use crate::config::proxy::{Upstream, UpstreamKind};
use crate::store::entities::{interaction, usage_record};

const GOOGLE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";

fn calls() -> [(&'static str, Value); 3] {
    [("/v1/chat/completions", chat()), ("/v1/messages", message()), (GOOGLE, content())]
}

#[tokio::test]
async fn calls_of_every_dialect_pass_unchanged_and_are_on_record() {
    let bench = Bench::new().await;
    for (path, body) in calls() {
        // The client's own bytes, however it writes them.
        let text = format!(" \n{}\t", body).replace(':', " : ");
        let answer = bench.send(Method::POST, path, &[("x-zentinelle-session", "s-1")], text.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text());
        assert!(answer.text().contains("hi there"), "{}", answer.text());
        assert_eq!(answer.header("x-zentinelle-decision"), Some("permit"));
        assert_eq!(String::from_utf8_lossy(&bench.provider.last().body), text, "{path}");
    }
    let rows = async || interaction::Entity::find().all(bench.server.app.store.db()).await.expect("rows").len();
    bench.server.eventually(3, rows).await;
    for row in interaction::Entity::find().all(bench.server.app.store.db()).await.expect("rows") {
        let seen = (row.input_content.as_str(), row.output_content.as_str(), row.decision.as_deref());
        assert_eq!(seen, ("hello", "hi there", Some("permit")));
        assert_eq!((row.input_tokens, row.output_tokens, row.session_id.as_deref()), (Some(10), Some(5), Some("s-1")));
        assert_eq!(row.classification["ending"], "complete", "{}", row.classification);
        assert!(row.usd_micros.is_some_and(|cost| cost > 0) && row.latency_ms.is_some());
    }
    for row in usage_record::Entity::find().all(bench.server.app.store.db()).await.expect("rows") {
        assert_eq!((row.source.as_str(), row.estimated, row.input_tokens), ("proxy", false, 10), "{row:?}");
    }
}

#[tokio::test]
async fn a_denial_is_raised_by_the_sdk_as_its_own() {
    let bench = Bench::new().await;
    bench
        .server
        .policy(
            "model_restriction",
            json!({ "blocked_models": ["gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash"] }),
        )
        .await;
    for ((path, body), at) in calls().into_iter().zip(["/error/code", "/error/type", "/error/status"]) {
        let answer = bench.post(path, body).await;
        let said = answer.json();
        let word = said.pointer(at).and_then(Value::as_str).unwrap_or_default();
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{said}");
        assert!(["policy_denied", "permission_error", "PERMISSION_DENIED"].contains(&word), "{said}");
        assert!(said.pointer("/error/message").is_some_and(|text| text.to_string().contains("is blocked")), "{said}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert_eq!(answer.header("x-zentinelle-decision"), Some("deny"));
        assert!(answer.header("x-zentinelle-evaluation-id").is_some() && answer.header("x-request-id").is_some());
    }
    assert!(bench.provider.got().is_empty());
}

#[tokio::test]
async fn a_limit_that_opens_again_says_when() {
    let bench = Bench::new().await;
    bench.server.policy("rate_limit", json!({ "requests_per_minute": 1 })).await;
    assert_eq!(bench.post("/v1/messages", message()).await.status, StatusCode::OK);
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.text());
    let wait: u32 = answer.header("retry-after").expect("a header").parse().expect("a whole number");
    assert!((1..=60).contains(&wait));
    assert_eq!((answer.header("x-should-retry"), &answer.json()["error"]["type"]), (None, &json!("rate_limit_error")));
}

#[tokio::test]
async fn bodies_that_two_readers_may_read_differently_go_nowhere() {
    let bench = Bench::new().await;
    let twice = r#"{"model":"gpt-4o-mini","model":"o3","messages":[]}"#;
    for body in ["", "{", "[]", "null", twice, "{\"model\":7,\"messages\":[]}"] {
        let answer = bench.send(Method::POST, "/v1/chat/completions", &[], body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body} {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{}", answer.text());
    }
    assert!(bench.provider.got().is_empty());
}

#[tokio::test]
async fn a_tool_the_model_may_not_ask_for_does_not_reach_the_client() {
    let bench = Bench::new().await;
    let openai = json!({ "id": "c", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [{ "index": 0, "finish_reason": "tool_calls",
        "message": { "role": "assistant", "content": null, "tool_calls": [{ "id": "t1", "type": "function",
            "function": { "name": "shell", "arguments": "{\"command\":\"ls\"}" } }] } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 } });
    let anthropic = json!({ "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "tool_use",
        "content": [{ "type": "tool_use", "id": "t1", "name": "shell", "input": { "command": "ls" } }],
        "usage": { "input_tokens": 10, "output_tokens": 5 } });
    let google = json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "functionCall": { "name": "shell", "args": { "command": "ls" } } }] },
        "finishReason": "STOP" }], "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15 } });
    for ((path, body), reply) in calls().into_iter().zip([openai, anthropic, google]) {
        bench.provider.says_json(reply.clone());
        let answer = bench.post(path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {}", answer.text());
        assert!(answer.text().contains("shell") && !answer.text().contains("\"ls\""), "{}", answer.text());
        let harmless = reply.to_string().replace("shell", "search");
        bench.provider.says(Say::Body(200, "application/json", harmless.clone().into()));
        let answer = bench.post(path, body).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, harmless), "{path}");
    }
}

#[tokio::test]
async fn what_a_model_says_is_masked_or_withheld_as_the_policies_say() {
    let bench = Bench::new().await;
    let key = ["AKIA", "QWERTYUIOPASDFGH"].concat();
    let said = json!({ "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
        "content": [{ "type": "text", "text": format!("the key is {key}, keep it") }], "usage": { "input_tokens": 10, "output_tokens": 5 } });
    bench.provider.says_json(said);
    let masks = bench.server.policy("output_filter", json!({ "mask_secrets": true })).await;
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(!answer.text().contains(&key) && answer.text().contains("[REDACTED:"), "{}", answer.text());
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    bench.server.user_policy("jo", "output_filter", json!({ "block_secrets": true })).await;
    let answer = bench.send(Method::POST, "/v1/messages", &[("x-zentinelle-user", "jo")], message().to_string()).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (StatusCode::FORBIDDEN, &json!("permission_error")),
        "{masks}"
    );
    assert!(!answer.text().contains(&key));
    bench.provider.says(Say::Body(200, "application/json", "{\"content\":".into()));
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "what cannot be read is not delivered");
}

#[tokio::test]
async fn a_cap_on_output_is_written_into_the_call_and_nothing_else_changes() {
    let bench = Bench::new().await;
    bench.server.policy("context_limit", json!({ "max_output_tokens": 50 })).await;
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut expected = message();
    expected["max_tokens"] = json!(50);
    assert_eq!(bench.provider.last().json(), expected);
}

#[tokio::test]
async fn errors_of_the_provider_come_through_in_its_own_words() {
    let bench = Bench::new().await;
    let body = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }).to_string();
    bench.provider.says(Say::Body(529, "application/json", body.clone().into()));
    let answer = bench.post("/v1/messages", message()).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (529, body));
}

#[tokio::test]
async fn azure_and_vertex_get_their_model_where_they_want_it() {
    let bench = Bench::configured(|config| {
        let base_url = config.proxy.upstreams["openai"].base_url.clone();
        let common =
            Upstream { base_url, api_key: "sk-of-the-server-0123456789".into(), private: true, ..Upstream::default() };
        let azure = Upstream {
            kind: Some(UpstreamKind::Azure),
            api_version: "2024-10-21".to_owned(),
            models: [("gpt-4o-mini".to_owned(), "deployed".to_owned())].into(),
            ..common.clone()
        };
        let vertex = Upstream { region: "europe-west4".to_owned(), project: "p-1".to_owned(), ..common };
        config.proxy.upstreams.extend([("azure".to_owned(), azure), ("vertex".to_owned(), vertex)]);
    })
    .await;
    bench.server.policy("model_restriction", json!({ "blocked_models": ["o3"] })).await;
    for (path, body, sent, slot) in [
        (
            "/proxy/azure/v1/chat/completions",
            chat(),
            "/openai/deployments/deployed/chat/completions?api-version=2024-10-21",
            "api-key",
        ),
        (
            "/proxy/azure/openai/deployments/deployed/chat/completions?api-version=1",
            chat(),
            "/openai/deployments/deployed/chat/completions?api-version=1",
            "api-key",
        ),
        (
            "/proxy/vertex/publishers/google/models/gemini-2.5-flash:generateContent",
            content(),
            "/v1/projects/p-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent",
            "authorization",
        ),
    ] {
        let answer = bench.post(path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text());
        let got = bench.provider.last();
        assert_eq!(got.path, sent);
        assert!(got.header(slot).is_some_and(|key| key.ends_with("sk-of-the-server-0123456789")), "{path}");
    }
    let rows = async || {
        let rows = interaction::Entity::find().all(bench.server.app.store.db()).await.expect("rows");
        let mut models: Vec<_> = rows.into_iter().filter_map(|row| Some((row.provider?, row.model?))).collect();
        models.sort();
        models
    };
    let pair = |provider: &str, model: &str| (provider.to_owned(), model.to_owned());
    let expected = vec![pair("azure", "gpt-4o-mini"), pair("azure", "gpt-4o-mini"), pair("vertex", "gemini-2.5-flash")];
    bench.server.eventually(expected, rows).await;
    // The model in the path is as restricted as one in the body.
    let denied = bench.post("/proxy/azure/openai/deployments/o3/chat/completions", chat()).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN, "{}", denied.text());
}
