//! OpenAI chat completions: a whole reply, and the usage and errors all of OpenAI's share.

use super::super::error::DecodeError;
use super::super::json_spans::Node;
use super::super::read::{At, list_at, name_at, object, readable_texts, text_at};
use super::super::reply::{Reply, ReplyError, StopReason, ToolCall};
use super::super::usage::Usage;

/// Reads a chat completion, or an error.
pub(in super::super) fn reply(root: &Node<'_>, _: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    let at = At::Root;
    if let Some(error) = root.get("error") {
        reply.error = Some(error_of(error));
        return Ok(());
    }
    reply.model = name_at(root, "model", &at)?;
    reply.usage = root.get("usage").map(usage);
    let list = At::Key(&at, "choices");
    for (index, choice) in list_at(root, "choices", &at)?.iter().enumerate() {
        let at = At::Item(&list, index);
        object(choice, &at)?;
        if let Some(message) = choice.get("message") {
            read_message(message, &At::Key(&at, "message"), reply)?;
        }
        reply.shadow(choice.get("logprobs"));
        reply.stops.extend(name_at(choice, "finish_reason", &at)?.map(|reason| stop(&reason)));
        reply.choices += 1;
    }
    Ok(())
}

/// OpenAI's error, also as upstreams write it: an object, or a bare text.
pub(in super::super) fn error_of(error: &Node<'_>) -> ReplyError {
    let word = |key| error.text_at(key).unwrap_or_default().into_owned();
    let message = error.text().map_or_else(|| word("message"), |text| text.into_owned());
    let kind = if word("type").is_empty() { word("code") } else { word("type") };
    ReplyError { kind, message }
}

fn read_message(message: &Node<'_>, at: &At<'_>, reply: &mut Reply) -> Result<(), DecodeError> {
    object(message, at)?;
    if let Some(content) = message.get("content") {
        // A list of parts with some upstreams.
        readable_texts(content, &At::Key(at, "content"), &mut reply.texts);
    }
    reply.texts.extend(text_at(message, "refusal", at)?);
    for key in ["reasoning_content", "reasoning", "reasoning_details", "thinking"] {
        if let Some(thought) = message.get(key) {
            readable_texts(thought, &At::Key(at, key), &mut reply.reasoning);
        }
    }
    if let Some(audio) = message.get("audio") {
        reply.texts.extend(text_at(audio, "transcript", &At::Key(at, "audio"))?);
    }
    if let Some(annotations) = message.get("annotations") {
        readable_texts(annotations, &At::Key(at, "annotations"), &mut reply.texts);
    }
    let list = At::Key(at, "tool_calls");
    for (index, call) in list_at(message, "tool_calls", at)?.iter().enumerate() {
        let at = At::Item(&list, index);
        object(call, &at)?;
        let freeform = call.get("custom").is_some();
        let (key, inner) = if freeform { ("custom", "input") } else { ("function", "arguments") };
        if let Some(held) = call.get(key) {
            push_call(held, inner, freeform, name_at(call, "id", &at)?, &At::Key(&at, key), reply)?;
        }
    }
    if let Some(held) = message.get("function_call") {
        push_call(held, "arguments", false, None, &At::Key(at, "function_call"), reply)?;
    }
    Ok(())
}

fn push_call(
    held: &Node<'_>,
    key: &str,
    freeform: bool,
    id: Option<String>,
    at: &At<'_>,
    reply: &mut Reply,
) -> Result<(), DecodeError> {
    object(held, at)?;
    let arguments = text_at(held, key, at)?;
    reply.tool_calls.push(ToolCall {
        index: reply.tool_calls.len(),
        id,
        name: name_at(held, "name", at)?.unwrap_or_default(),
        pointer: At::Key(at, key).pointer(),
        range: arguments.as_ref().map_or(held.range.end..held.range.end, |text| text.range.clone()),
        quoted: true,
        arguments: arguments.map(|text| text.text).unwrap_or_default(),
        freeform,
        by_provider: false,
    });
    Ok(())
}

/// Usage as chat completions, completions, embeddings and responses state it.
pub(in super::super) fn usage(node: &Node<'_>) -> Usage {
    let either = |one: &str, other: &str| node.count_at(one).or_else(|| node.count_at(other)).unwrap_or(0);
    let detail = |holders: [&str; 2], key: &str| {
        holders.into_iter().find_map(|holder| node.get(holder)?.count_at(key)).unwrap_or(0)
    };
    let inputs = ["prompt_tokens_details", "input_tokens_details"];
    let prompt = either("prompt_tokens", "input_tokens");
    let completion = either("completion_tokens", "output_tokens");
    // DeepSeek says what came from its cache beside the prompt's details.
    let cached_read =
        detail(inputs, "cached_tokens").max(node.count_at("prompt_cache_hit_tokens").unwrap_or(0)).min(prompt);
    let written = detail(inputs, "cache_write_tokens").min(prompt - cached_read);
    let long = inputs
        .into_iter()
        .find_map(|holder| node.get(holder)?.get("cache_write_tokens_details")?.count_at("ttl_12h_tokens"));
    let cached_write_long = long.unwrap_or(0).min(written);
    let reasoning = detail(["completion_tokens_details", "output_tokens_details"], "reasoning_tokens").min(completion);
    let mut usage = Usage {
        input: prompt - cached_read - written,
        cached_read,
        cached_write: written - cached_write_long,
        cached_write_long,
        output: completion - reasoning,
        reasoning,
        total: 0,
    };
    usage.total = node.count_at("total_tokens").unwrap_or(0).max(prompt.saturating_add(completion));
    usage
}

pub(in super::super) fn stop(reason: &str) -> StopReason {
    match reason {
        "stop" | "eos" | "completed" => StopReason::End,
        "length" | "max_output_tokens" | "max_tokens" => StopReason::Length,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "content_filter" => StopReason::Filtered,
        other => StopReason::Other(other.to_owned()),
    }
}
