//! OpenAI responses: a whole reply, and its items, which streams repeat.

use std::ops::Range;

use super::super::error::DecodeError;
use super::super::json_spans::{Json, Node};
use super::super::openai_chat::{error_of, stop, usage};
use super::super::read::{At, list_at, name_at, object, raw, readable_texts, text_at};
use super::super::reply::{Reply, StopReason, ToolCall};

/// Reads a response, or an error.
pub(in super::super) fn reply(root: &Node<'_>, body: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    let at = At::Root;
    if let Some(error) = root.get("error") {
        reply.error = Some(error_of(error));
    }
    reply.model = name_at(root, "model", &at)?;
    reply.usage = root.get("usage").map(usage);
    let list = At::Key(&at, "output");
    for (index, item) in list_at(root, "output", &at)?.iter().enumerate() {
        read_item(item, body, &At::Item(&list, index), reply)?;
    }
    reply.stops.extend(stopped(root, !reply.tool_calls.is_empty()));
    reply.choices = usize::from(root.get("output").is_some());
    Ok(())
}

/// Why a response stopped, by its status.
pub(super) fn stopped(response: &Node<'_>, calls_tools: bool) -> Option<StopReason> {
    let status = response.text_at("status")?;
    let reason = response.get("incomplete_details").and_then(|details| details.text_at("reason"));
    Some(match (status.as_ref(), reason) {
        ("completed", _) if calls_tools => StopReason::ToolUse,
        (_, Some(reason)) => stop(&reason),
        (status, None) => stop(status),
    })
}

/// Where the arguments of a call stand in its item.
pub(super) struct Arguments {
    pub(super) key: &'static str,
    pub(super) text: String,
    pub(super) range: Range<usize>,
    pub(super) quoted: bool,
}

/// Name and arguments of an item that is a call of a tool. Every kind has its own keys.
pub(super) fn called(item: &Node<'_>, source: &[u8]) -> Option<(String, bool, bool, Option<Arguments>)> {
    let kind = item.text_at("type")?;
    let name = kind.strip_suffix("_call")?;
    let freeform = kind == "custom_tool_call";
    let by_provider = !(matches!(name, "function" | "custom_tool") || super::is_of_client(name));
    let name = item.text_at("name").map_or_else(|| name.to_owned(), |name| name.into_owned());
    let held = ["arguments", "input", "action", "actions", "operation", "code", "queries"];
    let arguments = held.into_iter().find_map(|key| {
        let node = item.get(key)?;
        let quoted = matches!(node.json, Json::String(_));
        let text = node.text().map_or_else(|| raw(source, node).to_owned(), |text| text.into_owned());
        Some(Arguments { key, text, range: node.range.clone(), quoted })
    });
    Some((name, freeform, by_provider, arguments))
}

fn read_item(item: &Node<'_>, body: &[u8], at: &At<'_>, reply: &mut Reply) -> Result<(), DecodeError> {
    object(item, at)?;
    let kind = name_at(item, "type", at)?.unwrap_or_default();
    match kind.as_str() {
        "message" => {
            let list = At::Key(at, "content");
            for (index, part) in list_at(item, "content", at)?.iter().enumerate() {
                let at = At::Item(&list, index);
                reply.texts.extend(text_at(part, "text", &at)?);
                reply.texts.extend(text_at(part, "refusal", &at)?);
                if let Some(annotations) = part.get("annotations") {
                    readable_texts(annotations, &At::Key(&at, "annotations"), &mut reply.texts);
                }
                reply.shadow(part.get("logprobs"));
            }
        }
        "reasoning" => {
            for key in ["summary", "content"] {
                let list = At::Key(at, key);
                for (index, part) in list_at(item, key, at)?.iter().enumerate() {
                    reply.reasoning.extend(text_at(part, "text", &At::Item(&list, index))?);
                }
            }
        }
        "image_generation_call" => reply.texts.extend(text_at(item, "revised_prompt", at)?),
        _ => match called(item, body) {
            Some((name, freeform, by_provider, arguments)) => {
                let id = name_at(item, "call_id", at)?.or(name_at(item, "id", at)?);
                let quoted = arguments.as_ref().is_some_and(|arguments| arguments.quoted);
                let at_key = arguments.as_ref().map_or("arguments", |arguments| arguments.key);
                let (text, range) = arguments.map_or_else(|| (String::new(), 0..0), |found| (found.text, found.range));
                reply.tool_calls.push(ToolCall {
                    index: reply.tool_calls.len(),
                    id,
                    name,
                    arguments: text,
                    // Code and the like is text, not JSON.
                    freeform: freeform || at_key == "code",
                    by_provider,
                    pointer: At::Key(at, at_key).pointer(),
                    range,
                    quoted,
                });
                for key in ["output", "outputs", "results"] {
                    if let Some(held) = item.get(key) {
                        readable_texts(held, &At::Key(at, key), &mut reply.texts);
                    }
                }
            }
            None => readable_texts(item, at, &mut reply.texts),
        },
    }
    Ok(())
}
