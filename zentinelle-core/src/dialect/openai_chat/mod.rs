//! OpenAI chat completions, and the many upstreams that speak it: the body of a call.

mod reply;
mod stream;

pub(super) use self::reply::{error_of, reply, stop, usage};
pub(super) use self::stream::Stream;

use super::call::{Call, Slot, insertion};
use super::edit::Edit;
use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Media, MediaKind, Message, Part, Role, Text, Tool, ToolChoice, ToolKind, ToolResult, ToolUse};
use super::read::{
    At, count_at, every_text, flag_at, list_at, missing, name_at, number_at, object, raw, text, text_at, unknown, wrong,
};

/// Reads the body of `chat/completions`.
pub(super) fn call(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    let at = At::Root;
    call.read_model(root)?;
    if root.get("messages").is_none() {
        return Err(missing(&At::Key(&at, "messages"), "a list of messages"));
    }
    let list = At::Key(&at, "messages");
    for (index, node) in list_at(root, "messages", &at)?.iter().enumerate() {
        call.messages.push(message(node, &At::Item(&list, index))?);
    }
    if let Some(prediction) = root.get("prediction") {
        // What the model is expected to say goes to the model as well.
        let at = At::Key(&at, "prediction");
        let mut texts = Vec::new();
        every_text(prediction, &at, &mut texts);
        let parts = texts.into_iter().map(Part::Text).collect();
        call.messages.push(Message { role: Role::Assistant, pointer: at.pointer(), parts });
    }
    for key in ["tools", "functions"] {
        let list = At::Key(&at, key);
        for (index, node) in list_at(root, key, &at)?.iter().enumerate() {
            call.tools.push(tool(node, body, &At::Item(&list, index))?);
        }
    }
    if root.get("web_search_options").is_some() {
        let pointer = At::Key(&at, "web_search_options").pointer();
        call.tools.push(Tool::of_provider("web_search".to_owned(), pointer));
    }
    for key in ["tool_choice", "function_call"] {
        if let Some(node) = root.get(key) {
            call.tool_choice = Some(choice(node, &At::Key(&at, key))?);
        }
    }
    let fresh =
        if is_of_open_ai(call.model.as_deref().unwrap_or_default()) { "max_completion_tokens" } else { "max_tokens" };
    call.read_cap(root, &["max_completion_tokens", "max_tokens"], fresh)?;
    call.choices = count_at(root, "n", &at)?.unwrap_or(1).max(1);
    call.stream = flag_at(root, "stream", &at)?;
    read_usage_option(root, call)?;
    call.temperature = number_at(root, "temperature", &at)?;
    call.read_retention(root);
    call.read_user(root)
}

impl Call {
    /// How long the input stays in the cache.
    pub(super) fn read_retention(&mut self, root: &Node<'_>) {
        let retention = root.text_at("prompt_cache_retention");
        self.cached_long = retention.is_some_and(|word| !matches!(word.as_ref(), "in_memory" | "in-memory"));
    }

    /// The end user, by the older key and the newer.
    pub(super) fn read_user(&mut self, root: &Node<'_>) -> Result<(), DecodeError> {
        let user = name_at(root, "user", &At::Root)?;
        self.user_id = name_at(root, "safety_identifier", &At::Root)?.or(user);
        Ok(())
    }
}

/// Whether the client asked for usage in the stream, and the edit that asks for it.
pub(super) fn read_usage_option(root: &Node<'_>, call: &mut Call) -> Result<(), DecodeError> {
    let slot = match root.get("stream_options") {
        None => insertion(root, "stream_options").map(|slot| (slot, r#"{"include_usage":true}"#)),
        Some(options) => {
            let at = At::Key(&At::Root, "stream_options");
            object(options, &at)?;
            call.include_usage = flag_at(options, "include_usage", &at)?;
            match options.get("include_usage") {
                Some(flag) => Some((Slot::Value(flag.range.clone()), "true")),
                None => insertion(options, "include_usage").map(|slot| (slot, "true")),
            }
        }
    };
    call.usage_edit = slot.map(|(slot, json)| match slot {
        Slot::Value(range) => Edit::json(range, json),
        Slot::Insert { at, before, after } => Edit::json(at..at, format!("{before}{json}{after}")),
    });
    Ok(())
}

/// OpenAI's own models take `max_completion_tokens` and refuse the older key; the other upstreams
/// know the older one.
fn is_of_open_ai(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default();
    ["gpt-", "o1", "o3", "o4", "chatgpt", "codex", "ft:"].iter().any(|prefix| name.starts_with(prefix))
        && !name.starts_with("gpt-oss")
}

fn message(node: &Node<'_>, at: &At<'_>) -> Result<Message, DecodeError> {
    object(node, at)?;
    let role = match name_at(node, "role", at)?.unwrap_or_default().as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => Role::Other,
    };
    let mut parts = Vec::new();
    if let Some(content) = node.get("content") {
        content_parts(content, &At::Key(at, "content"), &mut parts)?;
    }
    if role == Role::Tool {
        let id = name_at(node, "tool_call_id", at)?;
        parts = vec![Part::ToolResult(ToolResult { id, name: name_at(node, "name", at)?, parts })];
    }
    // Upstreams name what a model thought in two ways.
    for key in ["reasoning_content", "reasoning"] {
        if node.get(key).is_some_and(|node| matches!(node.json, Json::String(_))) {
            parts.extend(text_at(node, key, at)?.map(Part::Reasoning));
        }
    }
    parts.extend(text_at(node, "refusal", at)?.map(Part::Text));
    let list = At::Key(at, "tool_calls");
    for (index, call) in list_at(node, "tool_calls", at)?.iter().enumerate() {
        parts.push(Part::ToolUse(tool_use(call, &At::Item(&list, index))?));
    }
    if let Some(function) = node.get("function_call") {
        let (name, arguments) = named_call(function, "arguments", &At::Key(at, "function_call"))?;
        let Text { text, range, .. } = arguments;
        parts.push(Part::ToolUse(ToolUse { id: None, name, arguments: text, range }));
    }
    Ok(Message { role, pointer: at.pointer(), parts })
}

fn tool_use(node: &Node<'_>, at: &At<'_>) -> Result<ToolUse, DecodeError> {
    object(node, at)?;
    let (key, inner) = if node.get("custom").is_some() { ("custom", "input") } else { ("function", "arguments") };
    let held = node.get(key).ok_or_else(|| missing(&At::Key(at, key), "the function of a tool call"))?;
    let (name, arguments) = named_call(held, inner, &At::Key(at, key))?;
    Ok(ToolUse { id: name_at(node, "id", at)?, name, arguments: arguments.text, range: arguments.range })
}

fn named_call(node: &Node<'_>, key: &str, at: &At<'_>) -> Result<(String, Text), DecodeError> {
    object(node, at)?;
    let end = node.range.end;
    let nothing = || Text { text: String::new(), pointer: at.pointer(), range: end..end };
    let arguments = text_at(node, key, at)?.unwrap_or_else(nothing);
    Ok((name_at(node, "name", at)?.unwrap_or_default(), arguments))
}

/// A text, or a list of parts.
pub(super) fn content_parts(node: &Node<'_>, at: &At<'_>, parts: &mut Vec<Part>) -> Result<(), DecodeError> {
    match &node.json {
        Json::String(_) => parts.push(Part::Text(text(node, at)?)),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                parts.push(part(item, &At::Item(at, index))?);
            }
        }
        _ => return Err(wrong(node, at, "a text or a list of parts")),
    }
    Ok(())
}

/// One part of a message, of chat completions and of responses.
fn part(node: &Node<'_>, at: &At<'_>) -> Result<Part, DecodeError> {
    object(node, at)?;
    let kind = name_at(node, "type", at)?.unwrap_or_default();
    Ok(match kind.as_str() {
        "text" | "input_text" | "output_text" | "refusal" | "summary_text" => {
            let key = if kind == "refusal" { "refusal" } else { "text" };
            Part::Text(text_at(node, key, at)?.ok_or_else(|| missing(&At::Key(at, key), "a text"))?)
        }
        "reasoning_text" | "thinking" => match text_at(node, "text", at)? {
            Some(text) => Part::Reasoning(text),
            None => unknown(&kind, node, at),
        },
        "image_url" | "input_image" | "computer_screenshot" => {
            let detail = name_at(node, "detail", at)?;
            let at = At::Key(at, "image_url");
            match node.get("image_url") {
                Some(held) if held.is_object() => {
                    let url = held.get("url").ok_or_else(|| missing(&At::Key(&at, "url"), "a URL"))?;
                    let mut media = Media::from_url(MediaKind::Image, url, &At::Key(&at, "url"))?;
                    media.detail = name_at(held, "detail", &at)?.or(detail);
                    Part::Media(media)
                }
                Some(url) => {
                    let mut media = Media::from_url(MediaKind::Image, url, &at)?;
                    media.detail = detail;
                    Part::Media(media)
                }
                None => Part::Media(Media::referred(MediaKind::Image, None, file_id(node), &at)),
            }
        }
        "input_audio" => {
            let at = At::Key(at, "input_audio");
            let held = node.get("input_audio").ok_or_else(|| missing(&at, "sound"))?;
            let data = held.get("data").ok_or_else(|| missing(&At::Key(&at, "data"), "base64"))?;
            let encoded = data.text().ok_or_else(|| wrong(data, &At::Key(&at, "data"), "base64"))?;
            let mime = name_at(held, "format", &at)?.map(|format| format!("audio/{format}"));
            Part::Media(Media::encoded(MediaKind::Audio, mime, &encoded, data, &At::Key(&at, "data"))?)
        }
        "video_url" => {
            let held = node.get("video_url").ok_or_else(|| missing(&At::Key(at, "video_url"), "a URL"))?;
            let url = held.get("url").unwrap_or(held);
            Part::Media(Media::from_url(MediaKind::Video, url, &At::Key(at, "video_url"))?)
        }
        "file" | "input_file" => {
            let (held, at) = match node.get("file") {
                Some(held) => (held, &At::Key(at, "file")),
                None => (node, at),
            };
            match (held.get("file_data"), held.text_at("file_url")) {
                (Some(data), _) => Part::Media(file(data, &At::Key(at, "file_data"))?),
                (None, Some(url)) => Part::Media(Media::referred(MediaKind::Document, None, url.into_owned(), at)),
                (None, None) => Part::Media(Media::referred(MediaKind::Document, None, file_id(held), at)),
            }
        }
        _ => unknown(&kind, node, at),
    })
}

fn file_id(node: &Node<'_>) -> String {
    node.text_at("file_id").unwrap_or_default().into_owned()
}

/// The data of a file: a `data:` URL or bare base64.
fn file(data: &Node<'_>, at: &At<'_>) -> Result<Media, DecodeError> {
    let encoded = data.text().ok_or_else(|| wrong(data, at, "base64"))?;
    if super::read::data_url(&encoded).is_some() {
        return Media::from_url(MediaKind::Document, data, at);
    }
    Media::encoded(MediaKind::Document, None, &encoded, data, at)
}

/// A tool on offer: `{type: function, function: {…}}`, a custom one, or a bare function.
fn tool(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Tool, DecodeError> {
    object(node, at)?;
    for key in ["function", "custom"] {
        if let Some(held) = node.get(key) {
            return offered(held, body, &At::Key(at, key));
        }
    }
    offered(node, body, at)
}

/// Name, description and schema of a tool the client runs.
pub(super) fn offered(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Tool, DecodeError> {
    object(node, at)?;
    let kind = name_at(node, "type", at)?;
    Ok(Tool {
        name: name_at(node, "name", at)?.or(kind).unwrap_or_default(),
        kind: ToolKind::Function,
        description: text_at(node, "description", at)?,
        schema: node.get("parameters").and_then(|schema| serde_json::from_str(raw(body, schema)).ok()),
        pointer: at.pointer(),
    })
}

/// `auto`, `none`, `required`, or an object that names what may be called.
pub(super) fn choice(node: &Node<'_>, at: &At<'_>) -> Result<ToolChoice, DecodeError> {
    if let Some(word) = node.text() {
        return Ok(match word.as_ref() {
            "none" => ToolChoice::None,
            "required" | "any" => ToolChoice::Required,
            _ => ToolChoice::Auto,
        });
    }
    object(node, at)?;
    let name = |node: &Node<'_>| {
        let held = ["function", "custom"].into_iter().find_map(|key| node.get(key)).unwrap_or(node);
        ["name", "server_label", "type"].into_iter().find_map(|key| held.text_at(key)).map(|name| name.into_owned())
    };
    let allowed = node.get("allowed_tools").unwrap_or(node).items_at("tools");
    if allowed.is_empty() {
        return Ok(ToolChoice::Named(name(node).into_iter().collect()));
    }
    Ok(ToolChoice::Named(allowed.iter().filter_map(name).collect()))
}
