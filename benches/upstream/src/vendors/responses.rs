//! OpenAI's responses.

use serde_json::{Value, json};

use super::Event;
use crate::answer::{Answer, Asked};

pub(crate) fn asked(body: &Value) -> Asked {
    let items = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let parts = items.iter().filter_map(|item| item["content"].as_array()).flatten();
    let format = body["text"]["format"]["type"].as_str().unwrap_or_default();
    Asked {
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        json_mode: matches!(format, "json_object" | "json_schema"),
        images: parts.filter(|part| part["type"] == "input_image").count(),
        has_tool_result: items.last().is_some_and(|item| item["type"] == "function_call_output"),
        ..Asked::default()
    }
}

pub(crate) fn whole(answer: &Answer) -> Value {
    let mut output = Vec::new();
    if !answer.reasoning.is_empty() {
        output.push(reasoning(answer, &answer.reasoning.concat()));
    }
    if !answer.text.is_empty() {
        output.push(message(answer, &answer.said(), "completed"));
    }
    output.extend((0..answer.calls.len()).map(|index| call(answer, index, true)));
    response(answer, "completed", output)
}

pub(crate) fn events(answer: &Answer) -> Vec<Event> {
    let mut list = List::default();
    list.push("response.created", json!({"response": response(answer, "in_progress", vec![])}));
    list.push("response.in_progress", json!({"response": response(answer, "in_progress", vec![])}));
    let mut index = 0;
    if !answer.reasoning.is_empty() {
        let place = json!({"item_id": item_id(answer, "rs_"), "output_index": index, "summary_index": 0});
        list.push("response.output_item.added", json!({"output_index": index, "item": reasoning(answer, "")}));
        list.at("response.reasoning_summary_part.added", &place, "part", json!({"type": "summary_text", "text": ""}));
        for thought in &answer.reasoning {
            list.at("response.reasoning_summary_text.delta", &place, "delta", thought.as_str().into());
        }
        let all = answer.reasoning.concat();
        list.at("response.reasoning_summary_text.done", &place, "text", all.as_str().into());
        list.at("response.reasoning_summary_part.done", &place, "part", json!({"type": "summary_text", "text": all}));
        list.push("response.output_item.done", json!({"output_index": index, "item": reasoning(answer, &all)}));
        index += 1;
    }
    if !answer.text.is_empty() {
        let place = json!({"item_id": item_id(answer, "msg_"), "output_index": index, "content_index": 0});
        let mut begun = message(answer, "", "in_progress");
        begun["content"] = json!([]);
        list.push("response.output_item.added", json!({"output_index": index, "item": begun}));
        list.at("response.content_part.added", &place, "part", part(""));
        for text in &answer.text {
            let mut delta = place.clone();
            delta["logprobs"] = json!([]);
            list.at("response.output_text.delta", &delta, "delta", text.as_str().into());
        }
        let mut done = place.clone();
        done["logprobs"] = json!([]);
        list.at("response.output_text.done", &done, "text", answer.said().into());
        list.at("response.content_part.done", &place, "part", part(&answer.said()));
        let item = message(answer, &answer.said(), "completed");
        list.push("response.output_item.done", json!({"output_index": index, "item": item}));
        index += 1;
    }
    for (number, made) in answer.calls.iter().enumerate() {
        let place = json!({"item_id": answer.call_id("fc_", number), "output_index": index});
        list.push("response.output_item.added", json!({"output_index": index, "item": call(answer, number, false)}));
        for piece in &made.pieces {
            list.at("response.function_call_arguments.delta", &place, "delta", piece.as_str().into());
        }
        let mut done = place.clone();
        done["name"] = made.name.as_str().into();
        list.at("response.function_call_arguments.done", &done, "arguments", made.arguments.to_string().into());
        list.push("response.output_item.done", json!({"output_index": index, "item": call(answer, number, true)}));
        index += 1;
    }
    list.push("response.completed", json!({"response": whole(answer)}));
    list.events
}

pub(crate) fn failure() -> Event {
    let body = json!({"type": "error", "code": "server_error", "param": null, "sequence_number": 99,
        "message": "The server had an error while processing your request."});
    Event::typed("error", &body)
}

/// Events, numbered as they are written.
#[derive(Default)]
struct List {
    events: Vec<Event>,
}

impl List {
    fn push(&mut self, kind: &'static str, mut body: Value) {
        body["type"] = kind.into();
        body["sequence_number"] = self.events.len().into();
        self.events.push(Event::typed(kind, &body));
    }

    fn at(&mut self, kind: &'static str, place: &Value, name: &str, value: Value) {
        let mut body = place.clone();
        body[name] = value;
        self.push(kind, body);
    }
}

fn response(answer: &Answer, status: &str, output: Vec<Value>) -> Value {
    let usage = answer.usage.filter(|_| status == "completed").map(|told| {
        json!({"input_tokens": told.input, "input_tokens_details": {"cached_tokens": told.cached, "cache_write_tokens": 0},
            "output_tokens": told.output + told.reasoning,
            "output_tokens_details": {"reasoning_tokens": told.reasoning},
            "total_tokens": told.input + told.output + told.reasoning})
    });
    json!({
        "id": format!("resp_{:08}", answer.number), "object": "response", "created_at": 1_790_000_000, "status": status,
        "background": false, "error": null, "incomplete_details": null, "instructions": null, "max_output_tokens": null,
        "model": answer.model, "output": output, "parallel_tool_calls": true, "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null}, "service_tier": "default", "store": false, "temperature": 1.0,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "truncation": "disabled", "usage": usage, "user": null, "metadata": {},
    })
}

fn item_id(answer: &Answer, prefix: &str) -> String {
    format!("{prefix}{:08}", answer.number)
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn message(answer: &Answer, text: &str, status: &str) -> Value {
    json!({"id": item_id(answer, "msg_"), "type": "message", "role": "assistant", "status": status,
        "content": [part(text)]})
}

fn reasoning(answer: &Answer, text: &str) -> Value {
    let summary = if text.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": text}]) };
    json!({"id": item_id(answer, "rs_"), "type": "reasoning", "summary": summary})
}

fn call(answer: &Answer, index: usize, is_complete: bool) -> Value {
    let Some(made) = answer.calls.get(index) else { return Value::Null };
    let (status, arguments) =
        if is_complete { ("completed", made.arguments.to_string()) } else { ("in_progress", String::new()) };
    json!({"id": answer.call_id("fc_", index), "type": "function_call", "status": status, "name": made.name,
        "call_id": answer.call_id("call_", index), "arguments": arguments})
}
