//! Anthropic: messages, counting, models.

use serde_json::{Value, json};

use super::Event;
use crate::answer::{Answer, Asked, Usage};

const SIGNATURE: &str = "EqoBCkgIBxABGAIiQMockSignatureMockSignatureMockSignature==";

pub(crate) fn asked(body: &Value) -> Asked {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let blocks = |message: &Value| message["content"].as_array().cloned().unwrap_or_default();
    let images = messages.iter().flat_map(blocks).filter(|block| block["type"] == "image").count();
    let last = messages.last().map(blocks).unwrap_or_default();
    Asked {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        json_mode: body["output_config"]["format"]["type"] == "json_schema" || body["output_format"].is_object(),
        images,
        has_tool_result: last.iter().any(|block| block["type"] == "tool_result"),
        ..Asked::default()
    }
}

pub(crate) fn whole(answer: &Answer) -> Value {
    let mut content = Vec::new();
    if !answer.reasoning.is_empty() {
        content.push(json!({"type": "thinking", "thinking": answer.reasoning.concat(), "signature": SIGNATURE}));
    }
    if !answer.text.is_empty() {
        content.push(json!({"type": "text", "text": answer.said()}));
    }
    content.extend(answer.calls.iter().enumerate().map(|(index, call)| {
        json!({"type": "tool_use", "id": answer.call_id("toolu_", index), "name": call.name, "input": call.arguments})
    }));
    let mut body = message(answer, content, stop(answer).into());
    if let Some(told) = answer.usage {
        body["usage"] = usage(told, told.output + told.reasoning);
    }
    body
}

pub(crate) fn events(answer: &Answer) -> Vec<Event> {
    let mut begun = message(answer, Vec::new(), Value::Null);
    if let Some(told) = answer.usage {
        begun["usage"] = usage(told, 1);
    }
    let mut events = vec![
        Event::typed("message_start", &json!({"type": "message_start", "message": begun})),
        Event::typed("ping", &json!({"type": "ping"})),
    ];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        let begun = json!({"type": "content_block_start", "index": index, "content_block": start});
        events.push(Event::typed("content_block_start", &begun));
        for delta in deltas {
            let body = json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.push(Event::typed("content_block_delta", &body));
        }
        let ended = json!({"type": "content_block_stop", "index": index});
        events.push(Event::typed("content_block_stop", &ended));
        index += 1;
    };
    if !answer.reasoning.is_empty() {
        let thought = |text: &String| json!({"type": "thinking_delta", "thinking": text});
        let mut deltas: Vec<Value> = answer.reasoning.iter().map(thought).collect();
        deltas.push(json!({"type": "signature_delta", "signature": SIGNATURE}));
        block(json!({"type": "thinking", "thinking": "", "signature": ""}), deltas);
    }
    if !answer.text.is_empty() {
        let said = answer.text.iter().map(|text| json!({"type": "text_delta", "text": text}));
        block(json!({"type": "text", "text": ""}), said.collect());
    }
    for (number, call) in answer.calls.iter().enumerate() {
        let start = json!({"type": "tool_use", "id": answer.call_id("toolu_", number), "name": call.name, "input": {}});
        let piece = |text: &String| json!({"type": "input_json_delta", "partial_json": text});
        let mut deltas = vec![json!({"type": "input_json_delta", "partial_json": ""})];
        deltas.extend(call.pieces.iter().map(piece));
        block(start, deltas);
    }
    let mut delta = json!({"type": "message_delta", "delta": {"stop_reason": stop(answer), "stop_sequence": null}});
    if let Some(told) = answer.usage {
        delta["usage"] = json!({"output_tokens": told.output + told.reasoning});
    }
    events.push(Event::typed("message_delta", &delta));
    events.push(Event::typed("message_stop", &json!({"type": "message_stop"})));
    events
}

pub(crate) fn models() -> Value {
    let model = |id: &str, name: &str| {
        json!({"type": "model", "id": id, "display_name": name, "created_at": "2026-02-04T00:00:00Z",
            "lifecycle": "active"})
    };
    let data = [model("claude-opus-4-1", "Claude Opus 4.1"), model("claude-sonnet-4-5", "Claude Sonnet 4.5")];
    json!({"data": data, "has_more": false, "first_id": "claude-opus-4-1", "last_id": "claude-sonnet-4-5"})
}

pub(crate) fn error(status: u16) -> Value {
    let (kind, message) = match status {
        400 => ("invalid_request_error", "messages: at least one message is required"),
        401 => ("authentication_error", "invalid x-api-key"),
        403 => ("permission_error", "Your API key does not have permission to use the specified resource."),
        404 => ("not_found_error", "model: not found"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => ("rate_limit_error", "This request would exceed your account's rate limit."),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_mock0001"})
}

fn message(answer: &Answer, content: Vec<Value>, stop: Value) -> Value {
    json!({"id": format!("msg_{:08}", answer.number), "type": "message", "role": "assistant", "model": answer.model,
        "content": content, "stop_reason": stop, "stop_sequence": null})
}

fn stop(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() { "end_turn" } else { "tool_use" }
}

/// Anthropic tells cached input apart from input.
fn usage(told: Usage, output: u64) -> Value {
    json!({
        "input_tokens": told.input - told.cached, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": told.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output, "service_tier": "standard",
    })
}
