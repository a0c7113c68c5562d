//! Anthropic messages: the body of a call, also to count its tokens.

mod reply;
mod stream;

pub(super) use self::reply::reply;
pub(super) use self::stream::{Stream, ending};

use super::call::Call;
use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Media, MediaKind, Message, Part, Role, Text, Tool, ToolChoice, ToolKind, ToolResult, ToolUse};
use super::read::{At, list_at, missing, name_at, number_at, object, raw, text, text_at, unknown, wrong};
use crate::error::Pointer;

/// Reads the body of `messages` and of `messages/count_tokens`.
pub(super) fn call(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    let at = At::Root;
    call.read_model(root)?;
    if let Some(system) = root.get("system") {
        texts(system, &At::Key(&at, "system"), &mut call.system)?;
    }
    if root.get("messages").is_none() {
        return Err(missing(&At::Key(&at, "messages"), "a list of messages"));
    }
    let list = At::Key(&at, "messages");
    for (index, node) in list_at(root, "messages", &at)?.iter().enumerate() {
        call.messages.push(message(node, body, &At::Item(&list, index))?);
    }
    let list = At::Key(&at, "tools");
    for (index, node) in list_at(root, "tools", &at)?.iter().enumerate() {
        call.tools.push(tool(node, body, &At::Item(&list, index))?);
    }
    let list = At::Key(&at, "mcp_servers");
    for (index, node) in list_at(root, "mcp_servers", &at)?.iter().enumerate() {
        let at = At::Item(&list, index);
        let name = name_at(node, "name", &at)?.unwrap_or_default();
        call.tools.push(Tool::of_provider(format!("mcp:{name}"), at.pointer()));
    }
    call.tool_choice = root.get("tool_choice").map(|node| choice(node, &At::Key(&at, "tool_choice"))).transpose()?;
    call.read_cap(root, &["max_tokens"], "max_tokens")?;
    call.stream = super::read::flag_at(root, "stream", &at)?;
    call.temperature = number_at(root, "temperature", &at)?;
    if let Some(metadata) = root.get("metadata") {
        call.user_id = name_at(metadata, "user_id", &At::Key(&at, "metadata"))?;
    }
    call.read_unseen(root, "container");
    // A thread that is continued holds the conversation so far at the provider.
    if root.get("thread").is_some_and(|thread| thread.get("previous_message_id").is_some()) {
        call.read_unseen(root, "thread");
    }
    call.cached_long = is_cached_long(root);
    Ok(())
}

/// Whether a cache breakpoint asks for more than the usual five minutes. It stands on the body, on
/// blocks of the system prompt and of messages, those in results of tools included, and on tools.
fn is_cached_long(root: &Node<'_>) -> bool {
    let asks = |node: &Node<'_>| {
        let ttl = node.get("cache_control").and_then(|control| control.text_at("ttl"));
        ttl.is_some_and(|ttl| ttl != "5m")
    };
    let asks_within = |block: &Node<'_>| asks(block) || block.items_at("content").iter().any(asks);
    asks(root)
        || root.items_at("system").iter().any(asks)
        || root.items_at("tools").iter().any(asks)
        || root.items_at("messages").iter().any(|message| message.items_at("content").iter().any(asks_within))
}

/// A text, or a list of text blocks.
fn texts(node: &Node<'_>, at: &At<'_>, found: &mut Vec<Text>) -> Result<(), DecodeError> {
    match &node.json {
        Json::String(_) => found.push(text(node, at)?),
        Json::Array(blocks) => {
            for (index, block) in blocks.iter().enumerate() {
                let at = At::Item(at, index);
                object(block, &at)?;
                match text_at(block, "text", &at)? {
                    Some(text) => found.push(text),
                    None => super::read::every_text(block, &at, found),
                }
            }
        }
        _ => return Err(wrong(node, at, "a text or a list of text blocks")),
    }
    Ok(())
}

fn message(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Message, DecodeError> {
    object(node, at)?;
    let role = match name_at(node, "role", at)?.unwrap_or_default().as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => Role::Other,
    };
    let content = node.get("content").ok_or_else(|| missing(&At::Key(at, "content"), "a text or a list of blocks"))?;
    let parts = parts(content, body, &At::Key(at, "content"))?;
    Ok(Message { role, pointer: at.pointer(), parts })
}

/// A text, or a list of blocks.
fn parts(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Vec<Part>, DecodeError> {
    match &node.json {
        Json::String(_) => Ok(vec![Part::Text(text(node, at)?)]),
        Json::Array(blocks) => {
            let blocks = blocks.iter().enumerate();
            blocks.map(|(index, block)| part(block, body, &At::Item(at, index))).collect()
        }
        // The result of a tool the provider runs may be a single object.
        Json::Object(_) => Ok(vec![part(node, body, at)?]),
        _ => Err(wrong(node, at, "a text or a list of blocks")),
    }
}

fn part(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Part, DecodeError> {
    object(node, at)?;
    let kind = name_at(node, "type", at)?.unwrap_or_default();
    Ok(match kind.as_str() {
        "text" => match text_at(node, "text", at)? {
            Some(text) => Part::Text(text),
            None => return Err(missing(&At::Key(at, "text"), "a text")),
        },
        "thinking" => match text_at(node, "thinking", at)? {
            Some(text) => Part::Reasoning(text),
            None => return Err(missing(&At::Key(at, "thinking"), "a text")),
        },
        // Encrypted: nobody but the provider can read it.
        "redacted_thinking" => Part::Unknown { kind, texts: Vec::new() },
        "image" => Part::Media(source(node, MediaKind::Image, at)?.1.ok_or_else(|| no_source(at))?),
        "document" => document(node, body, at)?,
        "search_result" | "web_fetch_result" => {
            let Part::Unknown { texts, .. } = unknown(&kind, node, at) else { return Err(no_source(at)) };
            Part::Document { texts, media: None }
        }
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            let input = node.get("input");
            Part::ToolUse(ToolUse {
                id: name_at(node, "id", at)?,
                name: name_at(node, "name", at)?.unwrap_or_default(),
                arguments: input.map_or("{}", |input| raw(body, input)).to_owned(),
                range: input.map_or(0..0, |input| input.range.clone()),
            })
        }
        result if result == "tool_result" || result.ends_with("_tool_result") => {
            let content = node.get("content").map(|content| parts(content, body, &At::Key(at, "content")));
            Part::ToolResult(ToolResult {
                id: name_at(node, "tool_use_id", at)?,
                name: None,
                parts: content.transpose()?.unwrap_or_default(),
            })
        }
        _ => unknown(&kind, node, at),
    })
}

fn no_source(at: &At<'_>) -> DecodeError {
    missing(&At::Key(at, "source"), "the source of a medium")
}

fn document(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Part, DecodeError> {
    let mut found: Vec<Text> = Vec::new();
    found.extend(text_at(node, "title", at)?);
    found.extend(text_at(node, "context", at)?);
    let (text, medium) = source(node, MediaKind::Document, at)?;
    found.extend(text);
    let mut media = medium;
    if let Some(source) = node.get("source")
        && let Some(content) = source.get("content")
    {
        let at = At::Key(at, "source");
        for part in parts(content, body, &At::Key(&at, "content"))? {
            match part {
                Part::Text(text) => found.push(text),
                Part::Media(medium) => media = Some(medium),
                Part::Unknown { texts, .. } => found.extend(texts),
                _ => {}
            }
        }
    }
    Ok(Part::Document { texts: found, media })
}

/// The `source` of a medium: its text when it is plain text, else where its bytes are.
fn source(node: &Node<'_>, kind: MediaKind, at: &At<'_>) -> Result<(Option<Text>, Option<Media>), DecodeError> {
    let Some(source) = node.get("source") else { return Ok((None, None)) };
    let at = At::Key(at, "source");
    object(source, &at)?;
    let mime = name_at(source, "media_type", &at)?;
    let referred = |key: &str, mime: Option<String>| -> Result<_, DecodeError> {
        let reference = name_at(source, key, &at)?.ok_or_else(|| missing(&At::Key(&at, key), "a text"))?;
        Ok((None, Some(Media::referred(kind, mime, reference, &at))))
    };
    match name_at(source, "type", &at)?.unwrap_or_default().as_str() {
        "text" => Ok((text_at(source, "data", &at)?, None)),
        "base64" => {
            let data = source.get("data").ok_or_else(|| missing(&At::Key(&at, "data"), "base64"))?;
            let at = At::Key(&at, "data");
            let encoded = data.text().ok_or_else(|| wrong(data, &at, "base64"))?;
            let kind = mime.as_deref().map_or(kind, MediaKind::of_mime);
            Ok((None, Some(Media::encoded(kind, mime, &encoded, data, &at)?)))
        }
        "url" => referred("url", mime),
        "file" => referred("file_id", mime),
        // Blocks of their own; the caller reads them.
        "content" => Ok((None, None)),
        _ => Ok((None, Some(Media::referred(MediaKind::Other, mime, String::new(), &at)))),
    }
}

fn tool(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Tool, DecodeError> {
    object(node, at)?;
    let kind = name_at(node, "type", at)?.unwrap_or_default();
    let name = name_at(node, "name", at)?.unwrap_or_else(|| kind.clone());
    // The provider runs searches, fetches and code; the client runs the shell, the editor, the
    // memory and the computer although Anthropic defines them.
    let of_provider = ["web_search", "web_fetch", "code_execution", "tool_search", "mcp_toolset", "advisor"];
    let kind =
        if of_provider.iter().any(|prefix| kind.starts_with(prefix)) { ToolKind::Server } else { ToolKind::Function };
    Ok(Tool {
        name,
        kind,
        description: text_at(node, "description", at)?,
        schema: node.get("input_schema").and_then(|schema| serde_json::from_str(raw(body, schema)).ok()),
        pointer: at.pointer(),
    })
}

impl Tool {
    /// A tool the provider runs.
    pub(super) fn of_provider(name: String, pointer: Pointer) -> Self {
        Self { name, kind: ToolKind::Server, description: None, schema: None, pointer }
    }
}

fn choice(node: &Node<'_>, at: &At<'_>) -> Result<ToolChoice, DecodeError> {
    object(node, at)?;
    Ok(match name_at(node, "type", at)?.unwrap_or_default().as_str() {
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Named(name_at(node, "name", at)?.into_iter().collect()),
        _ => ToolChoice::Auto,
    })
}
