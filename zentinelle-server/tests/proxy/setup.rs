//! A server whose providers are a mock, and calls to it.

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tempfile::TempDir;
use zentinelle_upstream::Upstream;

use crate::running::Running;

/// The keys that the server has for its providers.
pub(crate) const OPENAI_KEY: &str = "sk-upstream-openai";
pub(crate) const ANTHROPIC_KEY: &str = "sk-ant-upstream";
pub(crate) const GOOGLE_KEY: &str = "AIzaUpstream";
/// A policy that stops nothing.
const RECORDED: &str = "policies: [{ name: recorded, id: recorded, type: audit_policy, config: {} }]";
/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A server and the mock behind it.
pub(crate) struct Proxied {
    pub(crate) server: Running,
    pub(crate) upstream: Upstream,
    pub(crate) client: reqwest::Client,
    _data: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
    pub(crate) took: Duration,
}

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Chat,
    Responses,
    Messages,
    Google,
}

impl Speaks {
    pub(crate) const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Messages, Self::Google];

    /// The path and the body of a call with words for the mock.
    pub(crate) fn call(self, words: &str, streams: bool) -> (String, Value) {
        let user = json!([{"role": "user", "content": words}]);
        match self {
            Self::Chat => (
                "/v1/chat/completions".into(),
                json!({"model": "gpt-4o", "max_tokens": 100, "stream": streams, "messages": user}),
            ),
            Self::Responses => (
                "/v1/responses".into(),
                json!({"model": "gpt-4o", "max_output_tokens": 100, "stream": streams, "input": words}),
            ),
            Self::Messages => (
                "/v1/messages".into(),
                json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "stream": streams, "messages": user}),
            ),
            Self::Google => {
                let method = if streams { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let body = json!({"contents": [{"role": "user", "parts": [{"text": words}]}],
                    "generationConfig": {"maxOutputTokens": 100}});
                (format!("/v1beta/models/gemini-2.5-flash:{method}"), body)
            }
        }
    }

    /// Asserts that a body is an error as this format's clients read it; its message.
    pub(crate) fn error(self, status: u16, body: &[u8]) -> String {
        let body: Value = serde_json::from_slice(body)
            .unwrap_or_else(|error| panic!("{self:?}: {error}: {}", String::from_utf8_lossy(body)));
        let message = body["error"]["message"].as_str().unwrap_or_else(|| panic!("{self:?} without a message: {body}"));
        match self {
            Self::Chat | Self::Responses => assert!(body["error"]["type"].is_string(), "{body}"),
            Self::Messages => {
                assert_eq!(body["type"], "error", "{body}");
                assert!(body["error"]["type"].is_string(), "{body}");
            }
            Self::Google => {
                assert_eq!(body["error"]["code"], status, "{body}");
                assert!(body["error"]["status"].is_string(), "{body}");
            }
        }
        message.to_owned()
    }

    /// Whether a streamed body pretends that the model came to its own end.
    pub(crate) fn claims_a_good_end(self, body: &str) -> bool {
        let packed = body.replace(' ', "");
        match self {
            Self::Chat => packed.contains(r#""finish_reason":"stop""#),
            Self::Responses => packed.contains(r#""type":"response.completed""#),
            Self::Messages => packed.contains(r#""stop_reason":"end_turn""#),
            Self::Google => packed.contains(r#""finishReason":"STOP""#),
        }
    }
}

impl Proxied {
    /// Starts both, with policies.
    pub(crate) async fn start(policies: &str) -> Self {
        Self::start_with(policies, json!({})).await
    }

    /// Starts both, with policies and further keys of the section `proxy`.
    pub(crate) async fn start_with(policies: &str, more: Value) -> Self {
        let upstream = Upstream::start().await.expect("the mock listens");
        let data = tempfile::tempdir().expect("a directory");
        let url = upstream.url();
        let to = |key: &str| json!({"base_url": url, "api_key": key, "private": true});
        let mut section = json!({"upstreams": {
            "openai": to(OPENAI_KEY), "anthropic": to(ANTHROPIC_KEY), "google": to(GOOGLE_KEY),
            "unkeyed": {"kind": "openai_compatible", "base_url": url, "private": true},
            "nowhere": {"kind": "openai_compatible", "vendor": "openai", "base_url": "http://127.0.0.1:9", "api_key": "x", "private": true},
        }});
        for (key, value) in more.as_object().into_iter().flatten() {
            section[key] = value.clone();
        }
        let config = data.path().join("zentinelle.yaml");
        std::fs::write(&config, json!({"proxy": section}).to_string()).expect("written"); // JSON is YAML
        let server = Running::start(data.path(), &[("ZENTINELLE_CONFIG", &config.display().to_string())]).await;
        // The demonstration's own policies are taken away: these tests are about those they name.
        let policies = if policies.is_empty() { RECORDED } else { policies };
        let body = json!({"documents": policies, "prune": true});
        let import = server.post("/api/zentinelle/v1/policies/import", &server.operator, &body).await;
        let (status, answer) = import.expect("alive");
        assert_eq!(status, 200, "{answer}");
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self { server, upstream, client, _data: data }
    }

    /// A call in a format, with words for the mock, as the demonstration's agent.
    pub(crate) async fn ask(&self, speaks: Speaks, words: &str, streams: bool) -> Answer {
        let (path, body) = speaks.call(words, streams);
        self.send(&path, &body).await
    }

    /// A POST as the demonstration's agent.
    pub(crate) async fn send(&self, path: &str, body: &Value) -> Answer {
        let request = self.client.post(format!("{}{path}", self.server.url));
        self.finish(request.header("X-Zentinelle-Key", &self.server.agent).json(body)).await
    }

    /// Sends a request and reads what comes to its end, or to where it breaks off.
    pub(crate) async fn finish(&self, request: reqwest::RequestBuilder) -> Answer {
        let begun = Instant::now();
        let mut reply = request.send().await.expect("the server answers");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let mut body = Vec::new();
        let whole = loop {
            match reply.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Answer { status, headers, body, whole, took: begun.elapsed() }
    }

    /// What is counted against the first budget in force. Unit: millionths of a dollar.
    pub(crate) async fn used(&self) -> u64 {
        let (status, summary) =
            self.server.get("/api/zentinelle/v1/usage/summary", &self.server.operator).await.expect("alive");
        assert_eq!(status, 200, "{summary}");
        summary["budgets"][0]["used_usd_micros"].as_u64().unwrap_or_else(|| panic!("no budget: {summary}"))
    }

    /// Waits until what is counted is what is wanted, and stays there.
    pub(crate) async fn settles_at(&self, wanted: impl Fn(u64) -> bool, why: &str) {
        let begun = Instant::now();
        loop {
            let used = self.used().await;
            if wanted(used) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{used} micro-dollars are counted: {why}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
