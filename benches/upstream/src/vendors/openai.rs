//! OpenAI: chat completions, completions, embeddings, models.

use serde_json::{Value, json};

use super::Event;
use crate::answer::{Answer, Asked, Usage};

const CREATED: u64 = 1_790_000_000;

pub(crate) fn asked(body: &Value) -> Asked {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let format = body["response_format"]["type"].as_str().unwrap_or_default();
    Asked {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        json_mode: matches!(format, "json_object" | "json_schema"),
        images: parts.filter(|part| part["type"] == "image_url").count(),
        has_tool_result: messages.last().is_some_and(|message| message["role"] == "tool"),
        ..Asked::default()
    }
}

pub(crate) fn whole(answer: &Answer) -> Value {
    let calls: Vec<Value> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(index, call)| {
            json!({"id": answer.call_id("call_", index), "type": "function",
            "function": {"name": call.name, "arguments": call.arguments.to_string()}})
        })
        .collect();
    let said = answer.said();
    let content = if said.is_empty() && !calls.is_empty() { Value::Null } else { said.into() };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !answer.reasoning.is_empty() {
        // Not OpenAI's own field, but what its compatible servers call it.
        message["reasoning_content"] = answer.reasoning.concat().into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let mut body = json!({
        "id": id(answer), "object": "chat.completion", "created": CREATED, "model": answer.model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish(answer)}],
        "service_tier": "default", "system_fingerprint": "fp_5f2ab31c04",
    });
    if let Some(told) = answer.usage {
        body["usage"] = usage(told);
    }
    body
}

pub(crate) fn events(answer: &Answer, include_usage: bool) -> Vec<Event> {
    let chunk = |delta: Value, finish: Value| {
        let mut body = json!({
            "id": id(answer), "object": "chat.completion.chunk", "created": CREATED, "model": answer.model,
            "service_tier": "default", "system_fingerprint": "fp_5f2ab31c04",
            "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
        });
        if include_usage {
            body["usage"] = Value::Null;
        }
        Event::data(&body)
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": "", "refusal": null}), Value::Null)];
    for thought in &answer.reasoning {
        events.push(chunk(json!({"reasoning_content": thought}), Value::Null));
    }
    for text in &answer.text {
        events.push(chunk(json!({"content": text}), Value::Null));
    }
    for (index, call) in answer.calls.iter().enumerate() {
        let (name, rest) = call.name.split_at(if call.splits_name { call.name.len() / 2 } else { call.name.len() });
        let begun = json!({"index": index, "id": answer.call_id("call_", index), "type": "function",
            "function": {"name": name, "arguments": ""}});
        events.push(chunk(json!({"tool_calls": [begun]}), Value::Null));
        if !rest.is_empty() {
            let delta = json!({"tool_calls": [{"index": index, "function": {"name": rest}}]});
            events.push(chunk(delta, Value::Null));
        }
        for piece in &call.pieces {
            let delta = json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]});
            events.push(chunk(delta, Value::Null));
        }
    }
    events.push(chunk(json!({}), finish(answer).into()));
    if include_usage && let Some(told) = answer.usage {
        events.push(Event::data(&json!({
            "id": id(answer), "object": "chat.completion.chunk", "created": CREATED, "model": answer.model,
            "service_tier": "default", "system_fingerprint": "fp_5f2ab31c04", "choices": [], "usage": usage(told),
        })));
    }
    events.push(done());
    events
}

/// The older route: a prompt in, a text out.
pub(crate) fn completion(answer: &Answer) -> Value {
    let mut body = json!({
        "id": format!("cmpl-{:08}", answer.number), "object": "text_completion", "created": CREATED,
        "model": answer.model,
        "choices": [{"text": answer.said(), "index": 0, "logprobs": null, "finish_reason": "stop"}],
    });
    if let Some(told) = answer.usage {
        body["usage"] = usage(told);
    }
    body
}

pub(crate) fn completion_events(answer: &Answer, include_usage: bool) -> Vec<Event> {
    let chunk = |text: &str, finish: Value| {
        Event::data(&json!({
            "id": format!("cmpl-{:08}", answer.number), "object": "text_completion", "created": CREATED,
            "model": answer.model,
            "choices": [{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}],
        }))
    };
    let mut events: Vec<Event> = answer.text.iter().map(|text| chunk(text, Value::Null)).collect();
    events.push(chunk("", "stop".into()));
    if include_usage && let Some(told) = answer.usage {
        events.push(Event::data(&json!({
            "id": format!("cmpl-{:08}", answer.number), "object": "text_completion", "created": CREATED,
            "model": answer.model, "choices": [], "usage": usage(told),
        })));
    }
    events.push(done());
    events
}

pub(crate) fn embeddings(body: &Value, input_tokens: u64) -> Value {
    let count = match &body["input"] {
        Value::Array(items) if items.first().is_some_and(|item| !item.is_number()) => items.len(),
        _ => 1,
    };
    let vector = || match body["encoding_format"].as_str() {
        // Eight little-endian floats of 0.25, as the official clients ask for them.
        Some("base64") => Value::from("AACAPgAAgD4AAIA+AACAPgAAgD4AAIA+AACAPgAAgD4="),
        _ => json!([0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]),
    };
    let data: Vec<Value> =
        (0..count).map(|index| json!({"object": "embedding", "index": index, "embedding": vector()})).collect();
    json!({"object": "list", "data": data, "model": body["model"],
        "usage": {"prompt_tokens": input_tokens, "total_tokens": input_tokens}})
}

pub(crate) fn models() -> Value {
    let model = |id: &str| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "system"});
    json!({"object": "list", "data": [model("gpt-4o"), model("gpt-4o-mini"), model("text-embedding-3-small")]})
}

pub(crate) fn error(status: u16) -> Value {
    let (message, kind, code) = match status {
        400 => ("Invalid value for 'messages'.", "invalid_request_error", Value::from("invalid_value")),
        401 => ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key".into()),
        403 => ("You are not allowed to use this model.", "invalid_request_error", "permission_denied".into()),
        404 => ("The model does not exist.", "invalid_request_error", "model_not_found".into()),
        429 => ("Rate limit reached for requests.", "requests", "rate_limit_exceeded".into()),
        _ => ("The server had an error while processing your request.", "server_error", Value::Null),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

pub(super) fn done() -> Event {
    Event { name: None, data: "[DONE]".to_owned() }
}

fn id(answer: &Answer) -> String {
    format!("chatcmpl-{:08}", answer.number)
}

fn finish(answer: &Answer) -> &'static str {
    if answer.calls.is_empty() { "stop" } else { "tool_calls" }
}

fn usage(told: Usage) -> Value {
    json!({
        "prompt_tokens": told.input, "completion_tokens": told.output + told.reasoning,
        "total_tokens": told.input + told.output + told.reasoning,
        "prompt_tokens_details": {"cached_tokens": told.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": told.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}
