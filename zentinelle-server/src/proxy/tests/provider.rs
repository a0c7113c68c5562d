//! A provider that keeps what it is sent and says what the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the provider says next, and from then on.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// What each vendor would say.
    Usual,
    /// This body, with this status and content type.
    Body(u16, &'static str, Bytes),
    /// These pieces, one after another, with a pause before each.
    Pieces(&'static str, Vec<Bytes>, Duration),
    /// As `Pieces`, and then the connection breaks.
    Broken(&'static str, Vec<Bytes>),
    /// Nothing, for ever.
    Nothing,
    /// The head, and then nothing, for ever.
    HeadOnly(&'static str),
    /// Pieces without end.
    Endless(&'static str, Bytes),
    /// Further headers on the usual reply.
    Headers(Vec<(&'static str, &'static str)>),
    /// This body, packed so.
    Packed(&'static str, Bytes),
    /// Elsewhere.
    Redirect(String),
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Debug)]
struct Script {
    say: Mutex<Say>,
    got: Mutex<Vec<Got>>,
}

/// See the module.
pub(crate) struct Provider {
    address: SocketAddr,
    script: Arc<Script>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Script { say: Mutex::new(Say::Usual), got: Mutex::default() });
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, script }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn says(&self, say: Say) {
        *self.script.say.lock().expect("a script") = say;
    }

    pub(crate) fn says_json(&self, body: Value) {
        self.says(Say::Body(200, "application/json", body.to_string().into()));
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.script.got.lock().expect("a script").clone()
    }

    pub(crate) fn last(&self) -> Got {
        self.got().pop().expect("a request")
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let got = Got { method: head.method.to_string(), path: path.clone(), headers: head.headers, body };
    script.got.lock().expect("a script").push(got.clone());
    let say = script.say.lock().expect("a script").clone();
    match say {
        Say::Usual => typed("application/json", usual(&path).to_string().into()),
        Say::Body(status, kind, body) => {
            let mut response = typed(kind, body.into());
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response
        }
        Say::Pieces(kind, pieces, pause) => typed(kind, spoken(pieces, pause, End::Well)),
        Say::Broken(kind, pieces) => typed(kind, spoken(pieces, Duration::ZERO, End::Broken)),
        Say::Nothing => std::future::pending().await,
        Say::HeadOnly(kind) => typed(kind, spoken(Vec::new(), Duration::ZERO, End::Never)),
        Say::Endless(kind, piece) => typed(
            kind,
            Body::from_stream(futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()))),
        ),
        Say::Headers(more) => {
            let mut response = typed("application/json", usual(&path).to_string().into());
            for (name, value) in more {
                response.headers_mut().append(name, HeaderValue::from_static(value));
            }
            response
        }
        Say::Packed(name, body) => {
            let mut response = typed("application/json", body.into());
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            response
        }
        Say::Redirect(place) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&place).expect("a place"));
            response
        }
    }
}

fn typed(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Broken,
    Never,
}

fn spoken(pieces: Vec<Bytes>, pause: Duration, end: End) -> Body {
    let steps = futures_util::stream::unfold(pieces.into_iter(), move |mut left| async move {
        match left.next() {
            Some(piece) => {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Some((Ok(piece), left))
            }
            None if end == End::Never => std::future::pending().await,
            None if end == End::Broken => {
                // Let what was said arrive first.
                tokio::time::sleep(Duration::from_millis(30)).await;
                Some((Err(std::io::Error::other("broken")), left))
            }
            None => None,
        }
    });
    Body::from_stream(steps)
}

/// What a vendor says to a call, told from the path.
fn usual(path: &str) -> Value {
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/messages") {
        return json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "content": [{ "type": "text", "text": "hi there" }], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0 } });
    }
    if path.ends_with("/chat/completions") {
        return json!({ "id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "hi there" }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 } });
    }
    if path.ends_with(":generateContent") {
        return json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "hi there" }] }, "finishReason": "STOP", "index": 0 }],
            "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15 }, "modelVersion": "gemini-2.5-flash" });
    }
    if path.ends_with("/embeddings") {
        return json!({ "object": "list", "data": [{ "object": "embedding", "index": 0, "embedding": [0.1] }],
            "model": "text-embedding-3-small", "usage": { "prompt_tokens": 10, "total_tokens": 10 } });
    }
    json!({ "object": "list", "data": [] })
}
