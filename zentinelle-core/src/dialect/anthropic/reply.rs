//! Anthropic messages: a whole reply.

use super::super::error::DecodeError;
use super::super::json_spans::Node;
use super::super::model::Text;
use super::super::read::{At, list_at, name_at, object, raw, readable_texts, text_at};
use super::super::reply::{Reply, ReplyError, StopReason, ToolCall};
use super::super::usage::Usage;

/// Reads a message, a count of tokens or an error.
pub(in super::super) fn reply(root: &Node<'_>, body: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    let at = At::Root;
    if let Some(error) = root.get("error") {
        reply.error = Some(error_of(error));
        return Ok(());
    }
    if let Some(input) = root.count_at("input_tokens") {
        // The answer of `count_tokens`.
        reply.usage = Some(Usage { input, total: input, ..Usage::default() });
    }
    reply.model = name_at(root, "model", &at)?;
    let list = At::Key(&at, "content");
    for (index, block) in list_at(root, "content", &at)?.iter().enumerate() {
        read_block(block, body, &At::Item(&list, index), reply)?;
    }
    if let Some(found) = root.get("usage") {
        let mut stated = Usage::default();
        usage(found, &mut stated);
        reply.usage = Some(stated);
    }
    if let Some(reason) = name_at(root, "stop_reason", &at)? {
        reply.stops.push(stop(&reason));
    }
    reply.choices = usize::from(root.get("content").is_some());
    Ok(())
}

pub(super) fn error_of(error: &Node<'_>) -> ReplyError {
    let word = |key| error.text_at(key).unwrap_or_default().into_owned();
    ReplyError { kind: word("type"), message: word("message") }
}

fn read_block(block: &Node<'_>, body: &[u8], at: &At<'_>, reply: &mut Reply) -> Result<(), DecodeError> {
    object(block, at)?;
    let kind = name_at(block, "type", at)?.unwrap_or_default();
    match kind.as_str() {
        "text" => {
            reply.texts.extend(text_at(block, "text", at)?);
            // What is cited is read out again word for word.
            let list = At::Key(at, "citations");
            for (index, citation) in list_at(block, "citations", at)?.iter().enumerate() {
                readable_texts(citation, &At::Item(&list, index), &mut reply.texts);
            }
        }
        "thinking" => reply.reasoning.extend(text_at(block, "thinking", at)?),
        "redacted_thinking" => {}
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let input = block.get("input");
            reply.tool_calls.push(ToolCall {
                index: reply.tool_calls.len(),
                id: name_at(block, "id", at)?,
                name: name_at(block, "name", at)?.unwrap_or_default(),
                arguments: input.map_or("", |input| raw(body, input)).to_owned(),
                freeform: false,
                by_provider: kind != "tool_use",
                pointer: At::Key(at, "input").pointer(),
                range: input.map_or(0..0, |input| input.range.clone()),
                quoted: false,
            });
        }
        _ => {
            let mut texts: Vec<Text> = Vec::new();
            readable_texts(block, at, &mut texts);
            reply.texts.extend(texts);
        }
    }
    Ok(())
}

/// Takes over the classes that are stated: what a stream says later counts, what it does not say
/// stays as it was.
pub(in super::super) fn usage(node: &Node<'_>, usage: &mut Usage) {
    let take = |key: &str, class: &mut u64| {
        if let Some(count) = node.count_at(key) {
            *class = count;
        }
    };
    take("input_tokens", &mut usage.input);
    take("cache_read_input_tokens", &mut usage.cached_read);
    if let Some(written) = node.count_at("cache_creation_input_tokens") {
        usage.cached_write = written.saturating_sub(usage.cached_write_long);
    }
    if let Some(long) = node.get("cache_creation").and_then(|classes| classes.count_at("ephemeral_1h_input_tokens")) {
        let all = usage.cached_write.saturating_add(usage.cached_write_long).max(long);
        usage.cached_write_long = long;
        usage.cached_write = all - long;
    }
    if let Some(output) = node.count_at("output_tokens") {
        let thought = node.get("output_tokens_details").and_then(|details| details.count_at("thinking_tokens"));
        usage.reasoning = thought.unwrap_or(usage.reasoning).min(output);
        usage.output = output - usage.reasoning;
    }
    usage.total = usage.all_input().saturating_add(usage.all_output());
}

pub(super) fn stop(reason: &str) -> StopReason {
    match reason {
        "end_turn" | "stop_sequence" => StopReason::End,
        "max_tokens" | "model_context_window_exceeded" => StopReason::Length,
        "tool_use" => StopReason::ToolUse,
        "refusal" => StopReason::Filtered,
        other => StopReason::Other(other.to_owned()),
    }
}
