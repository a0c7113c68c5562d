//! The proxy against a provider that lives in the test's own process.

mod calls;
mod hostile;
mod leaving;
mod money;
mod provider;
mod streams;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) use self::provider::{Provider, Say};
use crate::config::Config;
use crate::config::proxy::{Upstream, UpstreamKind};
use crate::testing::TestServer;

/// A server with a provider behind it, and an agent's key.
pub(super) struct Bench {
    pub(super) server: TestServer,
    pub(super) provider: Provider,
    pub(super) key: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Bench {
    /// Every vendor's upstream is the one provider.
    pub(super) async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    pub(super) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let provider = Provider::start().await;
        let server = TestServer::configured(|config| {
            for name in ["openai", "anthropic", "google"] {
                config.proxy.upstreams.insert(name.to_owned(), upstream(&provider, None));
            }
            config
                .proxy
                .upstreams
                .insert("local".to_owned(), upstream(&provider, Some(UpstreamKind::OpenaiCompatible)));
            configure(config);
        })
        .await;
        let key = server.agent("builder").await;
        // Something must apply, or everything is denied.
        server.policy("tool_permission", json!({ "denied_tools": ["shell"] })).await;
        Self { server, provider, key }
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let response = self.response(method, path, headers, body).await;
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// The head of a reply, its body still to come. Without a key among the headers, the agent's
    /// is sent.
    pub(super) async fn response(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !headers.iter().any(|(name, _)| *name == "x-zentinelle-key") {
            request = request.header("x-zentinelle-key", &self.key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.server.answer(request.body(body.into()).expect("a request")).await
    }
}

pub(crate) fn upstream(provider: &Provider, kind: Option<UpstreamKind>) -> Upstream {
    Upstream {
        kind,
        base_url: provider.url(),
        api_key: "sk-of-the-server-0123456789".into(),
        private: true,
        ..Upstream::default()
    }
}

/// A call of each dialect that says little.
pub(super) fn chat() -> Value {
    json!({ "model": "gpt-4o-mini", "max_tokens": 100, "messages": [{ "role": "user", "content": "hello" }] })
}

pub(crate) fn message() -> Value {
    json!({ "model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{ "role": "user", "content": "hello" }] })
}

pub(super) fn content() -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }], "generationConfig": { "maxOutputTokens": 100 } })
}
