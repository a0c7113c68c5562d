//! Google generateContent, on the Gemini API and on Vertex: the bodies of calls.
//!
//! The service reads keys in camel case and in snake case, whole numbers also as texts, and one
//! value where a list belongs. A key given in both spellings is refused: nobody knows which counts.

mod partial;
mod reply;
mod stream;

use serde_json::Value;

pub(super) use self::reply::{count_reply, embed_reply, reply};
pub(super) use self::stream::Stream;

use super::call::{Call, Slot, insertion};
use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Media, MediaKind, Message, Part, Role, Text, Tool, ToolChoice, ToolKind, ToolResult, ToolUse};
use super::read::{At, every_text, flag_at, missing, name_at, number_at, object, raw, text, text_at, unknown, wrong};

/// Reads the body of `generateContent` and `streamGenerateContent`.
pub(super) fn call(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    if field(root, "contents", "contents", &At::Root)?.is_none() {
        return Err(missing(&At::Key(&At::Root, "contents"), "a list of contents"));
    }
    read(root, body, &At::Root, call)
}

/// Reads the body of `countTokens`: contents, or a whole call under a key of its own.
pub(super) fn count(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    match field(root, "generateContentRequest", "generate_content_request", &At::Root)? {
        Some((key, held)) => read(held, body, &At::Key(&At::Root, key), call),
        None => read(root, body, &At::Root, call),
    }
}

/// Reads the body of `embedContent`.
pub(super) fn embed(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    embedded(root, body, &At::Root, call)
}

/// Reads the body of `batchEmbedContents`.
pub(super) fn embed_batch(root: &Node<'_>, body: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    let list = At::Key(&At::Root, "requests");
    for (index, node) in several(root, "requests", "requests", &At::Root)?.1.iter().enumerate() {
        embedded(node, body, &At::Item(&list, index), call)?;
    }
    Ok(())
}

fn embedded(node: &Node<'_>, body: &[u8], at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    object(node, at)?;
    if let Some(title) = text_at(node, "title", at)? {
        call.messages.push(Message { role: Role::User, pointer: at.pointer(), parts: vec![Part::Text(title)] });
    }
    if let Some(content) = node.get("content") {
        call.messages.push(message(content, body, &At::Key(at, "content"))?);
    }
    Ok(())
}

fn read(root: &Node<'_>, body: &[u8], at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    object(root, at)?;
    if let Some((key, system)) = field(root, "systemInstruction", "system_instruction", at)? {
        every_text(system, &At::Key(at, key), &mut call.system);
    }
    let (key, contents) = several(root, "contents", "contents", at)?;
    let list = At::Key(at, key);
    for (index, node) in contents.iter().enumerate() {
        call.messages.push(message(node, body, &At::Item(&list, index))?);
    }
    let (key, tools) = several(root, "tools", "tools", at)?;
    let list = At::Key(at, key);
    for (index, node) in tools.iter().enumerate() {
        offered(node, body, &At::Item(&list, index), call)?;
    }
    if let Some((key, config)) = field(root, "toolConfig", "tool_config", at)? {
        let at = At::Key(at, key);
        if let Some((key, config)) = field(config, "functionCallingConfig", "function_calling_config", &at)? {
            call.tool_choice = Some(choice(config, &At::Key(&at, key))?);
        }
    }
    read_limits(root, at, call)?;
    if let Some((_, settings)) = field(root, "safetySettings", "safety_settings", at)? {
        call.safety_settings = serde_json::from_str::<Value>(raw(body, settings)).ok();
    }
    if let Some((key, _)) = field(root, "cachedContent", "cached_content", at)? {
        call.unseen.push(super::model::Unseen { key: "cachedContent", pointer: At::Key(at, key).pointer() });
    }
    Ok(())
}

fn read_limits(root: &Node<'_>, at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    let Some((key, config)) = field(root, "generationConfig", "generation_config", at)? else {
        if let Some(Slot::Insert { at, .. }) = insertion(root, "generationConfig") {
            let after = if matches!(&root.json, Json::Object(entries) if entries.is_empty()) { "}" } else { "}," };
            let before = "\"generationConfig\":{\"maxOutputTokens\":".to_owned();
            call.cap.push(Slot::Insert { at, before, after });
        }
        return Ok(());
    };
    let at = At::Key(at, key);
    object(config, &at)?;
    call.temperature = number_at(config, "temperature", &at)?;
    if let Some((key, node)) = field(config, "candidateCount", "candidate_count", &at)? {
        call.choices = whole(node, &At::Key(&at, key))?.max(1);
    }
    match field(config, "maxOutputTokens", "max_output_tokens", &at)? {
        Some((key, node)) => {
            call.max_output_tokens = Some(whole(node, &At::Key(&at, key))?);
            call.cap.push(Slot::Value(node.range.clone()));
        }
        None => call.cap.extend(insertion(config, "maxOutputTokens")),
    }
    Ok(())
}

/// A whole number, also written as a text.
fn whole(node: &Node<'_>, at: &At<'_>) -> Result<u64, DecodeError> {
    let number = node.count().or_else(|| node.text().and_then(|text| text.parse().ok()));
    number.ok_or_else(|| wrong(node, at, "a whole number, zero or more"))
}

/// A value under its key in either spelling.
fn field<'n, 'b, 'k>(
    node: &'n Node<'b>,
    camel: &'k str,
    snake: &'k str,
    at: &At<'_>,
) -> Result<Option<(&'k str, &'n Node<'b>)>, DecodeError> {
    match (node.get(camel), node.get(snake)) {
        (Some(_), Some(second)) if camel != snake => Err(DecodeError {
            code: DecodeError::DUPLICATE_KEY,
            pointer: At::Key(at, snake).pointer(),
            offset: Some(second.range.start),
            found: format!("`{camel}` in both of its spellings"),
            expected: "each key once",
        }),
        (Some(value), _) => Ok(Some((camel, value))),
        (None, Some(value)) => Ok(Some((snake, value))),
        (None, None) => Ok(None),
    }
}

/// A list under its key in either spelling; a single object counts as a list of one.
fn several<'n, 'b, 'k>(
    node: &'n Node<'b>,
    camel: &'k str,
    snake: &'k str,
    at: &At<'_>,
) -> Result<(&'k str, &'n [Node<'b>]), DecodeError> {
    let Some((key, value)) = field(node, camel, snake, at)? else { return Ok((camel, &[])) };
    match &value.json {
        Json::Array(items) => Ok((key, items)),
        Json::Object(_) => Ok((key, std::slice::from_ref(value))),
        _ => Err(wrong(value, &At::Key(at, key), "a list")),
    }
}

fn message(node: &Node<'_>, body: &[u8], at: &At<'_>) -> Result<Message, DecodeError> {
    object(node, at)?;
    let role = match name_at(node, "role", at)?.unwrap_or_default().as_str() {
        // Without a role it is the user's.
        "" | "user" => Role::User,
        "model" => Role::Assistant,
        "system" => Role::System,
        "function" | "tool" => Role::Tool,
        _ => Role::Other,
    };
    let mut parts = Vec::new();
    let list = At::Key(at, "parts");
    for (index, node) in several(node, "parts", "parts", at)?.1.iter().enumerate() {
        part(node, body, &At::Item(&list, index), &mut parts)?;
    }
    Ok(Message { role, pointer: at.pointer(), parts })
}

/// Keys of a part that hold no content.
const BESIDE: [&str; 14] = [
    "thought",
    "thoughtSignature",
    "thought_signature",
    "videoMetadata",
    "video_metadata",
    "mediaResolution",
    "media_resolution",
    "mediaProcessing",
    "media_processing",
    "partMetadata",
    "part_metadata",
    "speechMetadata",
    "speech_metadata",
    "audioMetadata",
];

fn part(node: &Node<'_>, body: &[u8], at: &At<'_>, parts: &mut Vec<Part>) -> Result<(), DecodeError> {
    object(node, at)?;
    let Json::Object(entries) = &node.json else { return Ok(()) };
    let detail = |key: &str| {
        node.get(key).and_then(|held| held.text_at("level").or_else(|| held.text())).map(|level| level.into_owned())
    };
    // A part has one of these keys; if it has several, all of them are read.
    for (key, value) in entries.iter().filter(|(_, value)| !matches!(value.json, Json::Null)) {
        let at = At::Key(at, &key.name);
        match key.name.as_ref() {
            "text" if flag_at(node, "thought", &at)? => parts.push(Part::Reasoning(text(value, &at)?)),
            "text" => parts.push(Part::Text(text(value, &at)?)),
            "inlineData" | "inline_data" => {
                let mut media = inline(value, &at)?;
                media.detail = detail("mediaResolution").or_else(|| detail("media_resolution"));
                parts.push(Part::Media(media));
            }
            "fileData" | "file_data" => parts.push(Part::Media(file(value, &at)?)),
            "functionCall" | "function_call" => {
                let arguments = value.get("args");
                parts.push(Part::ToolUse(ToolUse {
                    id: name_at(value, "id", &at)?,
                    name: name_at(value, "name", &at)?.unwrap_or_default(),
                    arguments: arguments.map_or("{}", |held| raw(body, held)).to_owned(),
                    range: arguments.map_or(0..0, |held| held.range.clone()),
                }));
            }
            "functionResponse" | "function_response" | "toolResponse" | "tool_response" => {
                parts.push(Part::ToolResult(response(value, &at)?));
            }
            "executableCode" | "executable_code" => parts.extend(text_at(value, "code", &at)?.map(Part::Text)),
            "codeExecutionResult" | "code_execution_result" => {
                let inner = text_at(value, "output", &at)?.map(Part::Text).into_iter().collect();
                let name = Some("code_execution".to_owned());
                parts.push(Part::ToolResult(ToolResult { id: None, name, parts: inner }));
            }
            beside if BESIDE.contains(&beside) => {}
            other => parts.push(unknown(other, value, &at)),
        }
    }
    Ok(())
}

fn mime(node: &Node<'_>, at: &At<'_>) -> Result<Option<String>, DecodeError> {
    let held = field(node, "mimeType", "mime_type", at)?;
    held.map(|(key, value)| {
        value.text().map(|text| text.into_owned()).ok_or_else(|| wrong(value, &At::Key(at, key), "a text"))
    })
    .transpose()
}

fn inline(node: &Node<'_>, at: &At<'_>) -> Result<Media, DecodeError> {
    object(node, at)?;
    let mime = mime(node, at)?;
    let kind = mime.as_deref().map_or(MediaKind::Other, MediaKind::of_mime);
    let data = node.get("data").ok_or_else(|| missing(&At::Key(at, "data"), "base64"))?;
    let at = At::Key(at, "data");
    let encoded = data.text().ok_or_else(|| wrong(data, &at, "base64"))?;
    Media::encoded(kind, mime, &encoded, data, &at)
}

fn file(node: &Node<'_>, at: &At<'_>) -> Result<Media, DecodeError> {
    object(node, at)?;
    let mime = mime(node, at)?;
    let kind = mime.as_deref().map_or(MediaKind::Other, MediaKind::of_mime);
    let uri = field(node, "fileUri", "file_uri", at)?.and_then(|(_, value)| value.text()).unwrap_or_default();
    Ok(Media::referred(kind, mime, uri.into_owned(), at))
}

/// What a function gave back: a value of any shape, and media beside it.
fn response(node: &Node<'_>, at: &At<'_>) -> Result<ToolResult, DecodeError> {
    object(node, at)?;
    let mut parts = Vec::new();
    if let Some(value) = node.get("response") {
        let mut texts: Vec<Text> = Vec::new();
        every_text(value, &At::Key(at, "response"), &mut texts);
        parts.extend(texts.into_iter().map(Part::Text));
    }
    let list = At::Key(at, "parts");
    for (index, node) in several(node, "parts", "parts", at)?.1.iter().enumerate() {
        let at = At::Item(&list, index);
        if let Some((key, value)) = field(node, "inlineData", "inline_data", &at)? {
            parts.push(Part::Media(inline(value, &At::Key(&at, key))?));
        } else if let Some((key, value)) = field(node, "fileData", "file_data", &at)? {
            parts.push(Part::Media(file(value, &At::Key(&at, key))?));
        } else {
            parts.push(unknown("part", node, &at));
        }
    }
    Ok(ToolResult { id: name_at(node, "id", at)?, name: name_at(node, "name", at)?, parts })
}

/// An entry of `tools`: declarations of functions, and tools the provider runs, one key each.
fn offered(node: &Node<'_>, body: &[u8], at: &At<'_>, call: &mut Call) -> Result<(), DecodeError> {
    object(node, at)?;
    let (key, declared) = several(node, "functionDeclarations", "function_declarations", at)?;
    let list = At::Key(at, key);
    for (index, node) in declared.iter().enumerate() {
        let at = At::Item(&list, index);
        object(node, &at)?;
        let schema = ["parameters", "parametersJsonSchema", "parameters_json_schema"];
        let schema = schema.into_iter().find_map(|key| node.get(key));
        call.tools.push(Tool {
            name: name_at(node, "name", &at)?.unwrap_or_default(),
            kind: ToolKind::Function,
            description: text_at(node, "description", &at)?,
            schema: schema.and_then(|schema| serde_json::from_str(raw(body, schema)).ok()),
            pointer: at.pointer(),
        });
    }
    let Json::Object(entries) = &node.json else { return Ok(()) };
    for (name, value) in entries {
        let declarations = matches!(name.name.as_ref(), "functionDeclarations" | "function_declarations");
        if declarations || matches!(value.json, Json::Null) {
            continue;
        }
        let at = At::Key(at, &name.name);
        let by_client = matches!(name.name.as_ref(), "computerUse" | "computer_use");
        let kind = if by_client { ToolKind::Function } else { ToolKind::Server };
        call.tools.push(Tool { kind, ..Tool::of_provider(snake(&name.name), at.pointer()) });
    }
    Ok(())
}

/// `googleSearch` as `google_search`, so that a policy needs one spelling.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn choice(node: &Node<'_>, at: &At<'_>) -> Result<ToolChoice, DecodeError> {
    object(node, at)?;
    let (_, names) = several(node, "allowedFunctionNames", "allowed_function_names", at)?;
    let names: Vec<String> = names.iter().filter_map(|name| name.text().map(|name| name.into_owned())).collect();
    Ok(match name_at(node, "mode", at)?.unwrap_or_default().to_ascii_uppercase().as_str() {
        "NONE" => ToolChoice::None,
        "ANY" | "VALIDATED" if !names.is_empty() => ToolChoice::Named(names),
        "ANY" => ToolChoice::Required,
        _ => ToolChoice::Auto,
    })
}
