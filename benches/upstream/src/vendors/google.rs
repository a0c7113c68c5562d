//! Google: generateContent, counting, embedding, models.

use serde_json::{Value, json};

use super::Event;
use crate::answer::{Answer, Asked, Usage};

pub(crate) fn asked(body: &Value, model: &str) -> Asked {
    let contents = body["contents"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts = |content: &Value| content["parts"].as_array().cloned().unwrap_or_default();
    let has = |part: &Value, one: &str, other: &str| part.get(one).or_else(|| part.get(other)).is_some();
    let images = contents.iter().flat_map(parts).filter(|part| has(part, "inlineData", "inline_data")).count();
    let last = contents.last().map(parts).unwrap_or_default();
    let config = body.get("generationConfig").or_else(|| body.get("generation_config"));
    Asked {
        model: model.to_owned(),
        json_mode: config.is_some_and(|config| config["responseMimeType"] == "application/json"),
        images,
        has_tool_result: last.iter().any(|part| has(part, "functionResponse", "function_response")),
        ..Asked::default()
    }
}

pub(crate) fn whole(answer: &Answer) -> Value {
    let mut parts = Vec::new();
    if !answer.reasoning.is_empty() {
        parts.push(json!({"text": answer.reasoning.concat(), "thought": true}));
    }
    if !answer.text.is_empty() {
        parts.push(json!({"text": answer.said()}));
    }
    parts.extend(calls(answer));
    chunk(answer, parts, Some("STOP"), true)
}

/// Google sends a tool call in one piece.
pub(crate) fn events(answer: &Answer) -> Vec<Event> {
    let mut events = Vec::new();
    for thought in &answer.reasoning {
        events.push(chunk(answer, vec![json!({"text": thought, "thought": true})], None, false));
    }
    for text in &answer.text {
        events.push(chunk(answer, vec![json!({"text": text})], None, false));
    }
    for call in calls(answer) {
        events.push(chunk(answer, vec![call], None, false));
    }
    events.push(chunk(answer, vec![json!({"text": ""})], Some("STOP"), true));
    events.iter().map(Event::data).collect()
}

pub(crate) fn embedding(count: usize) -> Value {
    let values = json!({"values": [0.25, 0.25, 0.25, 0.25]});
    if count == 0 { json!({"embedding": values}) } else { json!({"embeddings": vec![values; count]}) }
}

pub(crate) fn count(tokens: u64) -> Value {
    json!({"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]})
}

pub(crate) fn models() -> Value {
    json!({"models": [{"name": "models/gemini-2.5-flash", "version": "001", "displayName": "Gemini 2.5 Flash",
        "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"]}]})
}

pub(crate) fn error(status: u16) -> Value {
    let (name, message) = match status {
        400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        401 => ("UNAUTHENTICATED", "API key not valid. Please pass a valid API key."),
        403 => ("PERMISSION_DENIED", "The caller does not have permission."),
        404 => ("NOT_FOUND", "The model is not found."),
        429 => ("RESOURCE_EXHAUSTED", "You exceeded your current quota."),
        503 => ("UNAVAILABLE", "The model is overloaded."),
        _ => ("INTERNAL", "An internal error has occurred."),
    };
    json!({"error": {"code": status, "message": message, "status": name}})
}

fn calls(answer: &Answer) -> Vec<Value> {
    let call = |call: &crate::answer::Call| json!({"functionCall": {"name": call.name, "args": call.arguments}});
    answer.calls.iter().map(call).collect()
}

fn chunk(answer: &Answer, parts: Vec<Value>, finish: Option<&str>, is_last: bool) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    let mut body = json!({"candidates": [candidate], "modelVersion": answer.model,
        "responseId": format!("mock{:08}", answer.number)});
    if is_last && let Some(told) = answer.usage {
        body["usageMetadata"] = usage(told);
    }
    body
}

fn usage(told: Usage) -> Value {
    json!({"promptTokenCount": told.input, "cachedContentTokenCount": told.cached, "candidatesTokenCount": told.output,
        "thoughtsTokenCount": told.reasoning, "totalTokenCount": told.input + told.output + told.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": told.input}]})
}
