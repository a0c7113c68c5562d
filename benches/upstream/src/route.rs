//! Which vendor a path belongs to, and what it answers.

use std::io::Write as _;
use std::sync::LazyLock;

use serde_json::Value;

use crate::answer::{Answer, Asked};
use crate::reply::{Body, Piece, Reply};
use crate::request::Request;
use crate::scenario::Scenario;
use crate::seen::Seen;
use crate::vendors::{self, Event, anthropic, google, openai, responses};

/// A route of a vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    Chat,
    Completions,
    Responses,
    Embeddings,
    Messages,
    CountTokens,
    /// The model and the method behind its colon.
    Google(String, String),
    OpenAiModels,
    AnthropicModels,
    GoogleModels,
    Unknown,
}

impl Route {
    fn of(request: &Request) -> Self {
        let path = request.path();
        if let Some((model, method)) = path.rsplit_once("/models/").and_then(|(_, rest)| rest.split_once(':')) {
            return Self::Google(model.to_owned(), method.to_owned());
        }
        if path.ends_with("/models") {
            return match request.header("anthropic-version") {
                Some(_) => Self::AnthropicModels,
                None if path.contains("/v1beta/") || request.header("x-goog-api-key").is_some() => Self::GoogleModels,
                None => Self::OpenAiModels,
            };
        }
        let ends = [
            ("/chat/completions", Self::Chat),
            ("/completions", Self::Completions),
            ("/responses", Self::Responses),
            ("/embeddings", Self::Embeddings),
            ("/messages", Self::Messages),
            ("/messages/count_tokens", Self::CountTokens),
        ];
        ends.into_iter().find(|(end, _)| path.ends_with(end)).map_or(Self::Unknown, |(_, route)| route)
    }

    fn asked(&self, body: &Value) -> Asked {
        match self {
            Self::Responses => responses::asked(body),
            Self::Messages => anthropic::asked(body),
            Self::Google(model, _) => google::asked(body, model),
            _ => openai::asked(body),
        }
    }

    fn error(&self, status: u16) -> Value {
        match self {
            Self::Messages | Self::CountTokens | Self::AnthropicModels => anthropic::error(status),
            Self::Google(..) | Self::GoogleModels => google::error(status),
            _ => openai::error(status),
        }
    }

    /// What the vendor sends when a stream fails midway.
    fn stream_error(&self) -> Event {
        match self {
            Self::Responses => responses::failure(),
            Self::Messages => Event::typed("error", &anthropic::error(529)),
            route => Event::data(&route.error(500)),
        }
    }
}

/// What a request asks for, in its texts and in the name of its model.
pub(crate) fn scenario(request: &Request, body: &Value) -> Scenario {
    let mut scenario = Scenario::of(body);
    let model = match Route::of(request) {
        Route::Google(model, _) => model,
        _ => body["model"].as_str().unwrap_or_default().to_owned(),
    };
    scenario.read_model(&model);
    scenario
}

pub(crate) fn reply(request: &Request, body: &Value, scenario: &Scenario, seen: &Seen, number: u64) -> Reply {
    let route = Route::of(request);
    if let Some(hostile) = hostile(scenario) {
        return hostile;
    }
    if let Some(failure) = failure(&route, scenario, seen) {
        return failure;
    }
    let asked = Asked { input_bytes: request.body.len(), ..route.asked(body) };
    let answer = Answer::of(&asked, scenario, number);
    let input_tokens = answer.usage.map_or(0, |usage| usage.input);
    let streams = body["stream"] == true;
    let usage_asked = body["stream_options"]["include_usage"] == true;
    let events = match &route {
        Route::Chat if streams => Some(openai::events(&answer, usage_asked)),
        Route::Completions if streams => Some(openai::completion_events(&answer, usage_asked)),
        Route::Responses if streams => Some(responses::events(&answer)),
        Route::Messages if streams => Some(anthropic::events(&answer)),
        Route::Google(_, method) if method == "streamGenerateContent" => Some(google::events(&answer)),
        _ => None,
    };
    let made = match (events, &route) {
        (Some(events), Route::Google(..)) if request.query("alt") != Some("sse") => {
            Reply::whole(200, "application/json", as_array(&events))
        }
        (Some(events), _) => vendors::stream(events, scenario, route.stream_error()),
        (None, _) => whole(&route, &answer, body, input_tokens, scenario),
    };
    let made = if scenario.has("lying_type") { made.claiming("application/json") } else { made };
    let made = if scenario.has("wrong_type") { made.claiming("text/html; charset=utf-8") } else { made };
    let made = made.with("x-request-id", format!("req_mock{number:08}"));
    if scenario.has("cookies") { made.with("set-cookie", "session=1; Path=/").with("server", "mock") } else { made }
}

/// Google without `alt=sse` streams one JSON array.
fn as_array(events: &[Event]) -> Vec<u8> {
    let items: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
    format!("[{}]", items.join(",\r\n")).into_bytes()
}

fn whole(route: &Route, answer: &Answer, body: &Value, input_tokens: u64, scenario: &Scenario) -> Reply {
    let document = match route {
        Route::Chat => openai::whole(answer),
        Route::Completions => openai::completion(answer),
        Route::Responses => responses::whole(answer),
        Route::Messages => anthropic::whole(answer),
        Route::Embeddings => openai::embeddings(body, input_tokens),
        Route::CountTokens => serde_json::json!({"input_tokens": input_tokens}),
        Route::Google(_, method) => match method.as_str() {
            "countTokens" => google::count(input_tokens),
            "embedContent" => google::embedding(0),
            "batchEmbedContents" => google::embedding(body["requests"].as_array().map_or(0, Vec::len)),
            _ => google::whole(answer),
        },
        Route::OpenAiModels => openai::models(),
        Route::AnthropicModels => anthropic::models(),
        Route::GoogleModels => google::models(),
        Route::Unknown => return Reply::json(404, &openai::error(404)),
    };
    let text = document.to_string();
    let mut bytes = if scenario.has("escaped") { vendors::escaped(&text) } else { text }.into_bytes();
    if scenario.has("duplicate_keys") {
        bytes.splice(..1, br#"{"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0},"#.iter().copied());
    }
    let mut reply = Reply::whole(200, "application/json", bytes);
    let first = scenario.milliseconds("first");
    if !first.is_zero()
        && let Body::Whole(bytes) = reply.body
    {
        reply.body = Body::Stream(vec![Piece::Wait(first), Piece::Bytes(bytes.into())]);
    }
    reply
}

/// The vendor's own error, when one is asked for.
fn failure(route: &Route, scenario: &Scenario, seen: &Seen) -> Option<Reply> {
    let status = u16::try_from(scenario.number("error")?).ok()?;
    // The request itself is among those seen already.
    let again =
        |id: &str| seen.exchanges().iter().filter(|held| held.body.contains(&format!("flaky={id}"))).count() > 1;
    if scenario.value("flaky").is_some_and(again) {
        return None;
    }
    let reply = Reply::json(status, &route.error(status)).with("x-request-id", "req_mock_error");
    let after = scenario.value("retry_after").map(str::to_owned).or((status == 429).then(|| "1".to_owned()));
    Some(match after {
        Some(after) => reply.with("retry-after", after),
        None => reply,
    })
}

/// Replies that no provider should give.
fn hostile(scenario: &Scenario) -> Option<Reply> {
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let text = |text: String| Some(Reply::raw(vec![Piece::text(text)]));
    let endless = |head: &str, bytes: &[u8]| {
        Some(Reply::raw(vec![Piece::text(head), Piece::Endless(bytes.repeat(16 << 10).into())]))
    };
    if scenario.has("hangup") {
        return Some(Reply::raw(vec![Piece::Close]));
    }
    if scenario.has("reset") {
        return Some(Reply::raw(vec![Piece::Reset]));
    }
    if scenario.has("stall") {
        return Some(Reply::raw(vec![Piece::Stall]));
    }
    if scenario.has("endless_body") {
        return endless(&format!("{OK}\r\n{{\"id\":\""), b"x");
    }
    if scenario.has("header_bomb") {
        return endless("HTTP/1.1 200 OK\r\nx-bomb: ", b"b");
    }
    if scenario.has("many_headers") {
        let many: String = (0..50_000).map(|number| format!("x-header-{number}: {number}\r\n")).collect();
        return text(format!("{OK}{many}content-length: 2\r\n\r\n{{}}"));
    }
    if scenario.has("bad_json") {
        return Some(Reply::whole(200, "application/json", br#"{"id":"x","choices":[{"index":0,"#.to_vec()));
    }
    if scenario.has("long_length") {
        return text(format!("{OK}content-length: 5000\r\n\r\n{{\"id\":\"x\"}}"));
    }
    if scenario.has("short_length") {
        return text(format!("{OK}content-length: 5\r\n\r\n{{\"id\":\"x\",\"filler\":\"HTTP/1.1 200 OK\"}}"));
    }
    if scenario.has("gzip_bomb") {
        return BOMB.clone().map(|bomb| Reply::whole(200, "application/json", bomb).with("content-encoding", "gzip"));
    }
    if scenario.has("bad_gzip") {
        let reply = Reply::whole(200, "application/json", b"this is not gzip at all".to_vec());
        return Some(reply.with("content-encoding", "gzip"));
    }
    if let Some(to) = scenario.value("redirect") {
        return Some(Reply::whole(302, "text/plain", Vec::new()).with("location", to));
    }
    if scenario.has("deep") {
        let deep = "[".repeat(200_000);
        return Some(Reply::whole(200, "application/json", format!("{{\"choices\":{deep}").into_bytes()));
    }
    if scenario.has("huge_event") {
        let pieces = vec![
            Piece::text("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""),
            Piece::Bytes(vec![b'w'; 64 << 20].into()),
            Piece::text("\"}}]}\n\ndata: [DONE]\n\n"),
        ];
        return Some(Reply::stream(pieces));
    }
    if scenario.has("early_hints") {
        return text(format!("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n{OK}content-length: 2\r\n\r\n{{}}"));
    }
    if scenario.has("empty") {
        return Some(Reply::whole(200, "application/json", Vec::new()));
    }
    if scenario.has("not_http") {
        return text("SSH-2.0-OpenSSH_9.2p1\r\n".to_owned());
    }
    None
}

/// 64 MB of zeros in a small fraction of one. Made once: it takes a while.
static BOMB: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..64 {
        coder.write_all(&zeros).ok()?;
    }
    coder.finish().ok()
});
