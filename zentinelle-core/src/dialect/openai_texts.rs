//! OpenAI completions and embeddings: plain texts in, plain texts or vectors out.

use super::call::Call;
use super::error::DecodeError;
use super::json_spans::{Json, Node};
use super::model::{Message, Part, Role, Unseen};
use super::openai_chat;
use super::read::{At, count_at, flag_at, name_at, number_at, object, text, text_at, wrong};
use super::reply::Reply;

/// Reads the body of `completions`.
pub(super) fn completion(root: &Node<'_>, _: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    let at = At::Root;
    call.read_model(root)?;
    prompts(root, "prompt", call)?;
    let prompts = u64::try_from(call.messages.len()).unwrap_or(u64::MAX).max(1);
    if let Some(suffix) = text_at(root, "suffix", &at)? {
        push(call, suffix.pointer.clone(), Part::Text(suffix));
    }
    call.read_cap(root, &["max_tokens"], "max_tokens")?;
    let n = count_at(root, "n", &at)?.unwrap_or(1).max(count_at(root, "best_of", &at)?.unwrap_or(1)).max(1);
    call.choices = n.saturating_mul(prompts);
    call.stream = flag_at(root, "stream", &at)?;
    openai_chat::read_usage_option(root, call)?;
    call.temperature = number_at(root, "temperature", &at)?;
    call.read_user(root)
}

/// Reads the body of `embeddings`.
pub(super) fn embedding(root: &Node<'_>, _: &[u8], call: &mut Call) -> Result<(), DecodeError> {
    call.read_model(root)?;
    prompts(root, "input", call)?;
    call.read_user(root)
}

/// A text, a list of texts, or tokens, which nobody here can read.
fn prompts(root: &Node<'_>, key: &'static str, call: &mut Call) -> Result<(), DecodeError> {
    let at = At::Key(&At::Root, key);
    let Some(node) = root.get(key) else { return Ok(()) };
    let tokens = |call: &mut Call, count: usize| {
        let unseen = Unseen { key, pointer: at.pointer() };
        if !call.unseen.contains(&unseen) {
            call.unseen.push(unseen);
        }
        call.token_ids = call.token_ids.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    };
    match &node.json {
        Json::String(_) => push(call, at.pointer(), Part::Text(text(node, &at)?)),
        Json::Numbers(count) => tokens(call, *count),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = At::Item(&at, index);
                match &item.json {
                    Json::String(_) => push(call, at.pointer(), Part::Text(text(item, &at)?)),
                    Json::Numbers(count) => tokens(call, *count),
                    // Parts of multimodal embeddings.
                    Json::Object(_) => {
                        let mut parts = Vec::new();
                        let held = item.get("content").unwrap_or(item);
                        openai_chat::content_parts(held, &at, &mut parts)?;
                        call.messages.push(Message { role: Role::User, pointer: at.pointer(), parts });
                    }
                    _ => return Err(wrong(item, &at, "a text or a list of tokens")),
                }
            }
        }
        _ => return Err(wrong(node, &at, "a text or a list of texts")),
    }
    Ok(())
}

fn push(call: &mut Call, pointer: crate::error::Pointer, part: Part) {
    call.messages.push(Message { role: Role::User, pointer, parts: vec![part] });
}

/// Reads the reply of `completions`.
pub(super) fn completed(root: &Node<'_>, body: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    openai_chat::reply(root, body, reply)?;
    let list = At::Key(&At::Root, "choices");
    for (index, choice) in root.items_at("choices").iter().enumerate() {
        reply.texts.extend(text_at(choice, "text", &At::Item(&list, index))?);
    }
    Ok(())
}

/// Reads the reply of `embeddings`: usage and nothing else.
pub(super) fn embedded(root: &Node<'_>, _: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    object(root, &At::Root)?;
    reply.error = root.get("error").map(openai_chat::error_of);
    reply.model = name_at(root, "model", &At::Root)?;
    reply.usage = root.get("usage").map(openai_chat::usage);
    Ok(())
}
