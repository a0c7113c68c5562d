//! Google generateContent: whole replies.

use super::super::error::DecodeError;
use super::super::json_spans::{Json, Node};
use super::super::read::{At, list_at, name_at, object, raw, readable_texts, text_at};
use super::super::reply::{Reply, ReplyError, StopReason, ToolCall};
use super::super::usage::Usage;

/// Reads a reply of `generateContent`, or an error. Errors may come in a list of one.
pub(in super::super) fn reply(root: &Node<'_>, body: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    let at = At::Root;
    if let [only] = root.items() {
        return self::reply(only, body, reply);
    }
    object(root, &at)?;
    if let Some(error) = root.get("error") {
        reply.error = Some(error_of(error));
        return Ok(());
    }
    reply.model = name_at(root, "modelVersion", &at)?;
    reply.usage = root.get("usageMetadata").map(usage);
    let list = At::Key(&at, "candidates");
    for (index, candidate) in list_at(root, "candidates", &at)?.iter().enumerate() {
        let at = At::Item(&list, index);
        object(candidate, &at)?;
        if let Some(content) = candidate.get("content") {
            let at = At::Key(&at, "content");
            let list = At::Key(&at, "parts");
            for (index, part) in list_at(content, "parts", &at)?.iter().enumerate() {
                read_part(part, body, &At::Item(&list, index), reply)?;
            }
        }
        for key in BESIDE {
            if let Some(held) = candidate.get(key) {
                readable_texts(held, &At::Key(&at, key), &mut reply.texts);
            }
        }
        reply.shadow(candidate.get("logprobsResult"));
        reply.stops.extend(name_at(candidate, "finishReason", &at)?.map(|reason| stop(&reason)));
        reply.choices += 1;
    }
    if let Some(feedback) = root.get("promptFeedback")
        && feedback.get("blockReason").is_some()
    {
        reply.stops.push(StopReason::Filtered);
    }
    if !reply.tool_calls.is_empty() {
        // It says STOP also where it waits for a function.
        for stop in &mut reply.stops {
            if *stop == StopReason::End {
                *stop = StopReason::ToolUse;
            }
        }
    }
    Ok(())
}

/// Keys of a candidate that say parts of the answer once more, or quote what it rests on.
pub(super) const BESIDE: [&str; 4] = ["groundingMetadata", "citationMetadata", "urlContextMetadata", "finishMessage"];

pub(super) fn error_of(error: &Node<'_>) -> ReplyError {
    let word = |key| error.text_at(key).unwrap_or_default().into_owned();
    let message = error.text().map_or_else(|| word("message"), |text| text.into_owned());
    ReplyError { kind: word("status"), message }
}

fn read_part(part: &Node<'_>, body: &[u8], at: &At<'_>, reply: &mut Reply) -> Result<(), DecodeError> {
    object(part, at)?;
    let Json::Object(entries) = &part.json else { return Ok(()) };
    for (key, value) in entries.iter().filter(|(_, value)| !matches!(value.json, Json::Null)) {
        let at_key = At::Key(at, &key.name);
        match key.name.as_ref() {
            "text" if part.is_true_at("thought") => reply.reasoning.extend(text_at(part, "text", at)?),
            "text" => reply.texts.extend(text_at(part, "text", at)?),
            "functionCall" | "toolCall" | "executableCode" => {
                let call = tool(&key.name, value, body, &at_key, reply.tool_calls.len())?;
                reply.tool_calls.push(call);
            }
            "thought" | "thoughtSignature" | "inlineData" => {}
            _ => readable_texts(value, &at_key, &mut reply.texts),
        }
    }
    Ok(())
}

/// A function the client runs, a tool of the provider's, or code the provider runs.
fn tool(key: &str, value: &Node<'_>, body: &[u8], at: &At<'_>, index: usize) -> Result<ToolCall, DecodeError> {
    object(value, at)?;
    let code = key == "executableCode";
    let held = if code { "code" } else { "args" };
    let arguments = value.get(held);
    let name = match key {
        "functionCall" => name_at(value, "name", at)?.unwrap_or_default(),
        "toolCall" => name_at(value, "toolType", at)?.unwrap_or_default().to_ascii_lowercase(),
        _ => "code_execution".to_owned(),
    };
    let text = arguments.map(|held| held.text().map_or_else(|| raw(body, held).to_owned(), |text| text.into_owned()));
    Ok(ToolCall {
        index,
        id: name_at(value, "id", at)?,
        name,
        arguments: text.unwrap_or_default(),
        freeform: code,
        by_provider: key != "functionCall",
        pointer: At::Key(at, held).pointer(),
        range: arguments.map_or(0..0, |held| held.range.clone()),
        quoted: arguments.is_some_and(|held| matches!(held.json, Json::String(_))),
    })
}

/// Reads the reply of `countTokens`.
pub(in super::super) fn count_reply(root: &Node<'_>, _: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    object(root, &At::Root)?;
    reply.error = root.get("error").map(error_of);
    if let Some(total) = root.count_at("totalTokens") {
        let cached_read = root.count_at("cachedContentTokenCount").unwrap_or(0).min(total);
        reply.usage = Some(Usage { input: total - cached_read, cached_read, total, ..Usage::default() });
    }
    Ok(())
}

/// Reads the reply of `embedContent` and `batchEmbedContents`: usage where it is stated.
pub(in super::super) fn embed_reply(root: &Node<'_>, _: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    object(root, &At::Root)?;
    reply.error = root.get("error").map(error_of);
    reply.usage = root.get("usageMetadata").map(usage);
    Ok(())
}

/// Usage: thoughts stand beside the candidates, prompts of tools beside the prompt.
pub(in super::super) fn usage(node: &Node<'_>) -> Usage {
    let count = |key: &str| {
        let node = node.get(key)?;
        node.count().or_else(|| node.text()?.parse().ok())
    };
    let prompt = count("promptTokenCount").unwrap_or(0);
    let cached_read = count("cachedContentTokenCount").unwrap_or(0).min(prompt);
    let input = (prompt - cached_read).saturating_add(count("toolUsePromptTokenCount").unwrap_or(0));
    let output = count("candidatesTokenCount").or_else(|| count("responseTokenCount")).unwrap_or(0);
    let reasoning = count("thoughtsTokenCount").unwrap_or(0);
    let mut usage = Usage { input, cached_read, output, reasoning, ..Usage::default() };
    let sum = usage.all_input().saturating_add(usage.all_output());
    usage.total = count("totalTokenCount").unwrap_or(0).max(sum);
    usage
}

pub(super) fn stop(reason: &str) -> StopReason {
    match reason {
        "STOP" => StopReason::End,
        "MAX_TOKENS" => StopReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR" => StopReason::Filtered,
        other => StopReason::Other(other.to_owned()),
    }
}
