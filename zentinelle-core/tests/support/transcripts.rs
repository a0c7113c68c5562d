//! The transcripts of provider bodies, and what they decode to as JSON.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zentinelle_core::dialect::{
    Call, Channel, Delta, Framing, Media, Part, ProviderKind, Reply, Route, StreamDecoder, ToolKey, Usage,
};

/// One transcript and the file that says what it decodes to.
pub(crate) struct Transcript {
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    pub(crate) path: String,
    pub(crate) route: Route,
    pub(crate) framing: Framing,
    expected: Value,
    expected_at: PathBuf,
}

/// All transcripts of one kind: `requests`, `replies` or `streams`.
pub(crate) fn transcripts(kind: &str) -> Vec<Transcript> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/provider-bodies");
    let mut found = Vec::new();
    let folders = |path: &Path| {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    for dialect in folders(&root).into_iter().filter(|path| path.is_dir()) {
        if !dialect.join(kind).is_dir() {
            continue;
        }
        for expected_at in folders(&dialect.join(kind)) {
            let file = expected_at.file_name().unwrap().to_str().unwrap();
            let Some(name) = file.strip_suffix(".expected.json") else { continue };
            let expected: Value = serde_json::from_slice(&std::fs::read(&expected_at).unwrap()).unwrap();
            let (method, path) = expected["route"].as_str().unwrap().split_once(' ').unwrap();
            let kind = expected["kind"].as_str().and_then(ProviderKind::from_name);
            let (body, framing) = ["json", "sse", "array.json"]
                .into_iter()
                .find_map(|end| {
                    let body = std::fs::read(expected_at.with_file_name(format!("{name}.{end}"))).ok()?;
                    Some((body, if end == "sse" { Framing::Sse } else { Framing::JsonArray }))
                })
                .unwrap();
            found.push(Transcript {
                name: format!("{}/{name}", dialect.file_name().unwrap().to_str().unwrap()),
                body,
                path: path.to_owned(),
                route: Route::recognise(method, path, kind),
                framing,
                expected,
                expected_at,
            });
        }
    }
    assert!(!found.is_empty(), "no transcripts were found: an empty run proves nothing");
    found
}

impl Transcript {
    /// Compares what the transcript decodes to with its file; writes that when asked to.
    pub(crate) fn check(&self, decoded: Value) -> Option<String> {
        let mut expected = json!({ "route": self.expected["route"] });
        expected["decoded"] = decoded;
        if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
            std::fs::write(&self.expected_at, format!("{}\n", serde_json::to_string_pretty(&expected).unwrap()))
                .unwrap();
            return None;
        }
        (expected != self.expected).then(|| {
            format!("{}: decoded to\n{}", self.name, serde_json::to_string_pretty(&expected["decoded"]).unwrap())
        })
    }

    pub(crate) fn decoder(&self) -> StreamDecoder {
        StreamDecoder::new(&self.route, self.framing)
    }
}

pub(crate) fn call_json(call: &Call) -> Value {
    let messages = call.messages.iter().map(|message| {
        json!({ "role": format!("{:?}", message.role), "parts": message.parts.iter().map(part_json).collect::<Value>() })
    });
    let estimate = call.estimate(None);
    let tools = call.tools.iter().map(|tool| {
        json!(format!("{:?} {}{}", tool.kind, tool.name, if tool.schema.is_some() { " with schema" } else { "" }))
    });
    json!({
        "model": call.model,
        "system": call.system.iter().map(|text| json!([text.pointer, text.text])).collect::<Value>(),
        "messages": messages.collect::<Value>(),
        "tools": tools.collect::<Value>(),
        "tool_choice": call.tool_choice.as_ref().map(|choice| format!("{choice:?}")),
        "limits": { "max_output_tokens": call.max_output_tokens, "choices": call.choices },
        "stream": call.stream,
        "include_usage": call.include_usage,
        "user_id": call.user_id,
        "unseen": call.unseen.iter().map(|unseen| format!("{} at {}", unseen.key, unseen.pointer)).collect::<Value>(),
        "context": call.context("provider", &estimate),
        "cap_10": call.cap_output(10).iter().map(|edit| edit.replacement.clone()).collect::<Value>(),
    })
}

fn part_json(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "text": text.text, "at": text.pointer }),
        Part::Reasoning(text) => json!({ "reasoning": text.text, "at": text.pointer }),
        Part::ToolUse(call) => json!({ "tool_use": call.name, "id": call.id, "arguments": call.arguments }),
        Part::ToolResult(result) => json!({
            "tool_result": result.name,
            "id": result.id,
            "parts": result.parts.iter().map(part_json).collect::<Value>(),
        }),
        Part::Document { texts, media } => json!({
            "document": texts.iter().map(|text| text.text.as_str()).collect::<Value>(),
            "media": media.as_ref().map(media_json),
        }),
        Part::Media(media) => media_json(media),
        Part::Unknown { kind, texts } => {
            json!({ "unknown": kind, "texts": texts.iter().map(|text| text.text.as_str()).collect::<Value>() })
        }
    }
}

fn media_json(media: &Media) -> Value {
    json!({
        "media": format!("{:?}", media.kind),
        "mime": media.mime,
        "bytes": media.bytes,
        "reference": media.reference,
        "detail": media.detail,
    })
}

pub(crate) fn reply_json(reply: &Reply) -> Value {
    let texts = |texts: &[zentinelle_core::dialect::Text]| {
        texts.iter().map(|text| json!([text.pointer, text.text])).collect::<Value>()
    };
    let calls = reply.tool_calls.iter().map(|call| {
        json!({
            "id": call.id,
            "by_provider": call.by_provider,
            "at": call.pointer,
            "context": call.context("provider", None),
        })
    });
    json!({
        "model": reply.model,
        "texts": texts(&reply.texts),
        "reasoning": texts(&reply.reasoning),
        "tool_calls": calls.collect::<Value>(),
        "usage": reply.usage.map(usage_json),
        "stops": reply.stops.iter().map(|stop| format!("{stop:?}")).collect::<Value>(),
        "choices": reply.choices,
        "error": reply.error.as_ref().map(|error| json!([error.kind, error.message])),
    })
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "input": usage.input,
        "cached_read": usage.cached_read,
        "cached_write": usage.cached_write,
        "cached_write_long": usage.cached_write_long,
        "output": usage.output,
        "reasoning": usage.reasoning,
        "total": usage.total,
    })
}

pub(crate) fn delta_json(delta: &Delta) -> Value {
    let at = |channel: &Channel| format!("{:?} {}.{}", channel.kind, channel.choice, channel.block);
    let of = |key: &ToolKey| format!("{}.{}", key.choice, key.index);
    match delta {
        Delta::Text(channel, piece) => json!({ at(channel): piece.text }),
        Delta::WholeText(channel, piece) => json!({ format!("whole {}", at(channel)): piece.text }),
        Delta::ChannelEnd(choice, block) => json!(format!("end of {choice}.{block}")),
        Delta::Aside(piece) => json!({ "aside": piece.text }),
        Delta::Shadow(_) => json!("shadow"),
        Delta::ToolStart { key, id, name, by_provider, freeform } => {
            json!({ format!("tool {}", of(key)): name, "id": id, "by_provider": by_provider, "freeform": freeform })
        }
        Delta::ToolName(key, name) => json!({ format!("name {}", of(key)): name }),
        Delta::ToolArguments(key, piece) => json!({ format!("arguments {}", of(key)): piece.text }),
        Delta::WholeToolArguments(key, piece) => json!({ format!("whole arguments {}", of(key)): piece.text }),
        Delta::JoinedToolArguments(key, text) => json!({ format!("joined arguments {}", of(key)): text }),
        Delta::ToolEnd(key) => json!(format!("end of tool {}", of(key))),
        Delta::Model(model) => json!({ "model": model }),
        Delta::Usage(usage) => json!({ "usage": usage_json(*usage) }),
        Delta::Stop { choice, reason } => json!({ format!("stop {choice}"): format!("{reason:?}") }),
        Delta::Error(error) => json!({ "error": [error.kind, error.message] }),
        other => json!(format!("{other:?}")),
    }
}
