//! OpenAI responses: the body of a call. Its input is a list of items: messages, and calls of
//! tools with their outputs, each kind with keys of its own.

mod reply;
mod stream;

pub(super) use self::reply::reply;
pub(super) use self::stream::Stream;

use super::call::Call;
use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Message, Part, Role, Text, Tool, ToolKind, ToolResult, ToolUse};
use super::openai_chat::{choice, content_parts, offered};
use super::read::{
    At, every_text, flag_at, list_at, missing, name_at, number_at, object, raw, text, text_at, unknown, wrong,
};

/// Reads the body of `responses`.
pub(super) fn call(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    let at = At::Root;
    call.read_model(root)?;
    if let Some(instructions) = root.get("instructions") {
        every_text(instructions, &At::Key(&at, "instructions"), &mut call.system);
    }
    if let Some(input) = root.get("input") {
        let at = At::Key(&at, "input");
        match &input.json {
            Json::String(_) => {
                let parts = vec![Part::Text(text(input, &at)?)];
                call.messages.push(Message { role: Role::User, pointer: at.pointer(), parts });
            }
            Json::Array(items) => {
                for (index, node) in items.iter().enumerate() {
                    read_item(node, body, &At::Item(&at, index), call)?;
                }
            }
            _ => return Err(wrong(input, &at, "a text or a list of items")),
        }
    }
    read_tools(root, body, &at, call)?;
    call.tool_choice = root.get("tool_choice").map(|node| choice(node, &At::Key(&at, "tool_choice"))).transpose()?;
    call.read_cap(root, &["max_output_tokens"], "max_output_tokens")?;
    call.stream = flag_at(root, "stream", &at)?;
    // Every stream of responses ends with its usage.
    call.include_usage = true;
    call.temperature = number_at(root, "temperature", &at)?;
    call.read_retention(root);
    for key in ["previous_response_id", "conversation", "prompt"] {
        call.read_unseen(root, key);
    }
    call.read_user(root)
}

fn read_tools(holder: &Node<'_>, body: &[u8], at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    let list = At::Key(at, "tools");
    for (index, node) in list_at(holder, "tools", at)?.iter().enumerate() {
        let at = At::Item(&list, index);
        object(node, &at)?;
        let kind = name_at(node, "type", &at)?.unwrap_or_default();
        match kind.as_str() {
            "function" | "custom" => call.tools.push(offered(node, body, &at)?),
            "namespace" => read_tools(node, body, &at, call)?,
            "mcp" => {
                let label = name_at(node, "server_label", &at)?.unwrap_or_default();
                call.tools.push(Tool {
                    description: text_at(node, "server_description", &at)?,
                    ..Tool::of_provider(format!("mcp:{label}"), at.pointer())
                });
            }
            _ => {
                let by_client = is_of_client(&kind) && node.get("environment").is_none();
                let kind_of = if by_client { ToolKind::Function } else { ToolKind::Server };
                call.tools.push(Tool { kind: kind_of, ..Tool::of_provider(kind, at.pointer()) });
            }
        }
    }
    Ok(())
}

/// Tools that OpenAI defines and the client runs.
pub(super) fn is_of_client(kind: &str) -> bool {
    ["local_shell", "shell", "apply_patch", "computer"].iter().any(|name| kind.starts_with(name))
}

fn read_item(node: &Node<'_>, body: &[u8], at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    object(node, at)?;
    let kind = name_at(node, "type", at)?.unwrap_or_default();
    let mut push = |role, parts| call.messages.push(Message { role, pointer: at.pointer(), parts });
    match kind.as_str() {
        "" | "message" => {
            let role = match name_at(node, "role", at)?.unwrap_or_default().as_str() {
                "system" | "developer" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "tool" => Role::Tool,
                _ => Role::Other,
            };
            let content = node.get("content").ok_or_else(|| missing(&At::Key(at, "content"), "a text or parts"))?;
            let mut parts = Vec::new();
            content_parts(content, &At::Key(at, "content"), &mut parts)?;
            push(role, parts);
        }
        "function_call" | "custom_tool_call" => {
            let key = if kind == "function_call" { "arguments" } else { "input" };
            let arguments = text_at(node, key, at)?;
            let part = Part::ToolUse(ToolUse {
                id: name_at(node, "call_id", at)?,
                name: name_at(node, "name", at)?.unwrap_or_default(),
                range: arguments.as_ref().map_or(0..0, |text| text.range.clone()),
                arguments: arguments.map(|text| text.text).unwrap_or_default(),
            });
            push(Role::Assistant, vec![part]);
        }
        "reasoning" => {
            let mut parts = Vec::new();
            for key in ["summary", "content"] {
                let list = At::Key(at, key);
                for (index, item) in list_at(node, key, at)?.iter().enumerate() {
                    parts.extend(text_at(item, "text", &At::Item(&list, index))?.map(Part::Reasoning));
                }
            }
            push(Role::Assistant, parts);
        }
        "item_reference" => call.unseen.push(super::model::Unseen { key: "item_reference", pointer: at.pointer() }),
        "additional_tools" => read_tools(node, body, at, call)?,
        output if output.ends_with("_output") => {
            let mut parts = Vec::new();
            let held = ["output", "result", "tools"].into_iter().find_map(|key| Some((key, node.get(key)?)));
            if let Some((key, held)) = held {
                output_parts(held, &At::Key(at, key), &mut parts)?;
            }
            let id = name_at(node, "call_id", at)?;
            let result = ToolResult { id, name: name_at(node, "name", at)?, parts };
            push(Role::Tool, vec![Part::ToolResult(result)]);
        }
        call_of if call_of.ends_with("_call") => push(Role::Assistant, made_call(call_of, node, body, at)?),
        _ => push(Role::Other, vec![unknown(&kind, node, at)]),
    }
    Ok(())
}

/// What a tool gave back: a text, parts, or a value of its own shape.
fn output_parts(held: &Node<'_>, at: &At<'_>, parts: &mut Vec<Part>) -> Result<(), DecodeError> {
    let are_parts = held.items().iter().all(|item| item.text_at("type").is_some_and(|kind| kind.starts_with("input_")));
    match &held.json {
        Json::String(_) => content_parts(held, at, parts)?,
        Json::Array(_) if are_parts => content_parts(held, at, parts)?,
        Json::Object(_) if held.get("image_url").is_some() || held.get("file_id").is_some() => {
            let mut media = held.get("image_url").map_or_else(
                || {
                    let id = held.text_at("file_id").unwrap_or_default().into_owned();
                    Ok(super::model::Media::referred(super::model::MediaKind::Image, None, id, at))
                },
                |url| super::model::Media::from_url(super::model::MediaKind::Image, url, &At::Key(at, "image_url")),
            )?;
            media.detail = held.text_at("detail").map(|detail| detail.into_owned());
            parts.push(Part::Media(media));
        }
        _ => parts.push(unknown("output", held, at)),
    }
    Ok(())
}

/// A call of a tool with a kind of its own, such as `shell_call`. What the provider's tools gave
/// back stands in the same item.
fn made_call(kind: &str, node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Vec<Part>, DecodeError> {
    let name = name_at(node, "name", at)?.unwrap_or_else(|| kind.trim_end_matches("_call").to_owned());
    let id = name_at(node, "call_id", at)?.or(name_at(node, "id", at)?);
    let held = ["arguments", "action", "actions", "operation", "code"].into_iter().find_map(|key| node.get(key));
    let (arguments, range) = match held {
        Some(held) => {
            (held.text().map_or_else(|| raw(body, held).to_owned(), |text| text.into_owned()), held.range.clone())
        }
        None => (String::new(), 0..0),
    };
    let mut parts = vec![Part::ToolUse(ToolUse { id: id.clone(), name, arguments, range })];
    let mut texts: Vec<Text> = Vec::new();
    for key in ["output", "outputs", "results", "error"] {
        if let Some(held) = node.get(key) {
            every_text(held, &At::Key(at, key), &mut texts);
        }
    }
    if !texts.is_empty() {
        let inner = vec![Part::Unknown { kind: kind.to_owned(), texts }];
        parts.push(Part::ToolResult(ToolResult { id, name: None, parts: inner }));
    }
    Ok(parts)
}
