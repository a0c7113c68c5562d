//! Streams of every format that say what a test wants said, and what a client hears of them.

use serde_json::{Value, json};
use zentinelle_core::dialect::{ChannelKind, Delta, Framing, ReplyError, Route, StopReason, StreamDecoder};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Chat,
    Responses,
    Anthropic,
    Google,
    GoogleArray,
}

/// A tool and the pieces of its arguments.
pub(crate) type Tool<'t> = (&'t str, Vec<String>);

impl Format {
    pub(crate) const ALL: [Self; 5] = [Self::Chat, Self::Responses, Self::Anthropic, Self::Google, Self::GoogleArray];

    pub(crate) fn route(self) -> Route {
        let path = match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Anthropic => "/v1/messages",
            Self::Google | Self::GoogleArray => "/v1beta/models/gemini:streamGenerateContent",
        };
        Route::recognise("POST", path, None)
    }

    pub(crate) fn framing(self) -> Framing {
        if self == Self::GoogleArray { Framing::JsonArray } else { Framing::Sse }
    }

    pub(crate) fn stream(self, thought: &[String], text: &[String], tools: &[Tool<'_>], crlf: bool) -> Vec<u8> {
        let events = match self {
            Self::Chat => chat(thought, text, tools),
            Self::Responses => responses(thought, text, tools),
            Self::Anthropic => anthropic(thought, text, tools),
            Self::Google | Self::GoogleArray => google(thought, text, tools),
        };
        let end = if crlf { "\r\n" } else { "\n" };
        if self == Self::GoogleArray {
            let elements: Vec<String> = events.iter().map(Value::to_string).collect();
            return format!("[{}{end}]", elements.join(&format!("{end},{end}"))).into_bytes();
        }
        let mut out = format!(": a comment{end}{end}");
        for event in events {
            if let Some(name) = event["type"].as_str() {
                out.push_str(&format!("event: {name}{end}"));
            }
            out.push_str(&format!("data: {event}{end}{end}"));
        }
        if self == Self::Chat {
            out.push_str(&format!("data: [DONE]{end}{end}"));
        }
        out.into_bytes()
    }
}

fn chat(thought: &[String], text: &[String], tools: &[Tool<'_>]) -> Vec<Value> {
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
        json!({ "id": "c1", "created": 1, "model": "m", "choices": [choice] })
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    events.extend(thought.iter().map(|piece| chunk(json!({ "reasoning_content": piece }), None)));
    events.extend(text.iter().map(|piece| chunk(json!({ "content": piece }), None)));
    for (index, (name, pieces)) in tools.iter().enumerate() {
        let start = json!({ "index": index, "id": format!("call_{index}"), "type": "function", "function": { "name": name, "arguments": "" } });
        events.push(chunk(json!({ "tool_calls": [start] }), None));
        for piece in pieces {
            let more = json!({ "index": index, "function": { "arguments": piece } });
            events.push(chunk(json!({ "tool_calls": [more] }), None));
        }
    }
    events.push(chunk(json!({}), Some(if tools.is_empty() { "stop" } else { "tool_calls" })));
    events
}

fn anthropic(thought: &[String], text: &[String], tools: &[Tool<'_>]) -> Vec<Value> {
    let mut events = vec![
        json!({ "type": "message_start", "message": { "id": "m", "model": "c", "content": [], "usage": { "input_tokens": 1, "output_tokens": 1 } } }),
    ];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": start }));
        events.push(json!({ "type": "ping" }));
        for delta in deltas {
            events.push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        }
        events.push(json!({ "type": "content_block_stop", "index": index }));
        index += 1;
    };
    let thoughts = thought.iter().map(|piece| json!({ "type": "thinking_delta", "thinking": piece }));
    block(json!({ "type": "thinking", "thinking": "" }), thoughts.collect());
    let texts = text.iter().map(|piece| json!({ "type": "text_delta", "text": piece }));
    block(json!({ "type": "text", "text": "" }), texts.collect());
    for (name, pieces) in tools {
        let deltas = pieces.iter().map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
        block(json!({ "type": "tool_use", "id": "t", "name": name, "input": {} }), deltas.collect());
    }
    events.push(
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 5 } }),
    );
    events.push(json!({ "type": "message_stop" }));
    events
}

fn google(thought: &[String], text: &[String], tools: &[Tool<'_>]) -> Vec<Value> {
    let chunk = |part: Value| json!({ "candidates": [{ "content": { "parts": [part], "role": "model" }, "index": 0 }], "modelVersion": "g" });
    let mut events: Vec<Value> = thought.iter().map(|piece| chunk(json!({ "text": piece, "thought": true }))).collect();
    events.extend(text.iter().map(|piece| chunk(json!({ "text": piece }))));
    for (name, pieces) in tools {
        let arguments: Value = serde_json::from_str(&pieces.concat()).unwrap();
        events.push(chunk(json!({ "functionCall": { "name": name, "args": arguments } })));
    }
    events.push(
        json!({ "candidates": [{ "finishReason": "STOP", "index": 0 }], "usageMetadata": { "promptTokenCount": 1 } }),
    );
    events
}

fn responses(thought: &[String], text: &[String], tools: &[Tool<'_>]) -> Vec<Value> {
    let head = json!({ "id": "resp_1", "created_at": 1, "model": "m", "status": "in_progress", "output": [] });
    let mut events = vec![json!({ "type": "response.created", "response": head })];
    let mut output = Vec::new();
    for (name, key, pieces) in [("reasoning", "reasoning_summary_text", thought), ("message", "output_text", text)] {
        let place = output.len();
        let part = if name == "reasoning" { "summary_index" } else { "content_index" };
        events.push(json!({ "type": "response.output_item.added", "output_index": place, "item": { "type": name, "summary": [], "content": [] } }));
        for piece in pieces {
            events.push(
                json!({ "type": format!("response.{key}.delta"), "output_index": place, part: 0, "delta": piece }),
            );
        }
        let whole = pieces.concat();
        events.push(json!({ "type": format!("response.{key}.done"), "output_index": place, part: 0, "text": whole }));
        let held = if name == "reasoning" { "summary" } else { "content" };
        let item = json!({ "type": name, held: [{ "type": "output_text", "text": whole, "annotations": [] }] });
        events.push(json!({ "type": "response.output_item.done", "output_index": place, "item": item }));
        output.push(item);
    }
    for (name, pieces) in tools {
        let place = output.len();
        let item =
            |arguments: &str| json!({ "type": "function_call", "call_id": "c", "name": name, "arguments": arguments });
        events.push(json!({ "type": "response.output_item.added", "output_index": place, "item": item("") }));
        for piece in pieces {
            events.push(
                json!({ "type": "response.function_call_arguments.delta", "output_index": place, "delta": piece }),
            );
        }
        let whole = pieces.concat();
        events.push(
            json!({ "type": "response.function_call_arguments.done", "output_index": place, "arguments": whole }),
        );
        events.push(json!({ "type": "response.output_item.done", "output_index": place, "item": item(&whole) }));
        output.push(item(&whole));
    }
    let mut tail = head;
    tail["status"] = "completed".into();
    tail["output"] = output.into();
    events.push(json!({ "type": "response.completed", "response": tail }));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events
}

/// What a client has heard when a stream is over.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) thought: String,
    pub(crate) calls: Vec<(String, String)>,
    pub(crate) stops: Vec<StopReason>,
    pub(crate) error: Option<ReplyError>,
    /// Whether the client knows that it is over.
    pub(crate) closed: bool,
}

pub(crate) fn heard(format: Format, stream: &[u8]) -> Heard {
    let mut decoder = StreamDecoder::new(&format.route(), format.framing());
    let frames = decoder.push(stream).unwrap();
    assert_eq!(decoder.buffered(), 0, "{}", String::from_utf8_lossy(stream));
    if format == Format::GoogleArray {
        let whole: Value = serde_json::from_slice(stream).unwrap();
        assert!(whole.is_array());
    }
    let mut heard = Heard::default();
    for delta in frames.into_iter().flat_map(|frame| frame.deltas) {
        match delta {
            Delta::Text(channel, piece) if channel.kind == ChannelKind::Reasoning => {
                heard.thought.push_str(&piece.text)
            }
            Delta::Text(channel, piece) if channel.block != 1 || format != Format::Chat => {
                heard.text.push_str(&piece.text)
            }
            Delta::ToolStart { name, .. } => heard.calls.push((name, String::new())),
            Delta::ToolArguments(_, piece) => heard.calls.last_mut().unwrap().1.push_str(&piece.text),
            Delta::WholeToolArguments(_, piece) => heard.calls.last_mut().unwrap().1 = piece.text,
            Delta::Stop { reason, .. } => {
                heard.stops.push(reason);
                heard.closed |= matches!(format, Format::Google | Format::GoogleArray);
            }
            Delta::Error(error) => {
                heard.error = Some(error);
                heard.closed = true;
            }
            Delta::Done => heard.closed = true,
            Delta::Unreadable => panic!("{}", String::from_utf8_lossy(stream)),
            _ => {}
        }
    }
    heard
}
