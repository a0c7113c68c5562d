//! OpenAI chat completions: a streamed reply, and how one ends early.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::json_spans::{Json, Node};
use super::super::read::raw;
use super::super::stream::{Channel, ChannelKind, Delta, TextDelta, ToolKey, asides, literal, shadow};
use super::reply::{error_of, stop, usage};

/// The place of the older `function_call`, of which an answer has one at most.
const LEGACY: u32 = u32::MAX;
/// Most tool calls of one answer that are kept track of.
const MAX_CALLS: usize = 4096;

/// What a stream has said so far that later chunks build on.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Stream {
    /// The tool calls that have begun and not ended, of every answer, with their ids.
    open: BTreeMap<ToolKey, Option<String>>,
    /// The answers that have begun and not ended.
    choices: BTreeSet<u32>,
    /// Id, model and time of the stream, for an ending.
    head: BTreeMap<&'static str, String>,
    /// Older completions have another shape.
    older: bool,
}

impl Stream {
    /// What one chunk says.
    pub(in super::super) fn read(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        if let Some(error) = root.get("error") {
            out.push(Delta::Error(error_of(error)));
            return;
        }
        if self.head.is_empty() {
            for key in ["id", "model", "created"] {
                if let Some(node) = root.get(key).filter(|node| node.range.len() < 256) {
                    self.head.insert(key, raw(source, node).to_owned());
                }
            }
            out.extend(root.text_at("model").map(|model| Delta::Model(model.into_owned())));
        }
        for choice in root.items_at("choices") {
            let index = place(choice, "index");
            if self.choices.len() < MAX_CALLS {
                self.choices.insert(index);
            }
            out.extend(shadow(choice.get("logprobs")));
            let say = |kind, block, node: Option<&Node<'_>>| {
                Some(Delta::Text(Channel { kind, choice: index, block }, node.and_then(literal)?))
            };
            if self.older {
                out.extend(say(ChannelKind::Text, 0, choice.get("text")));
            }
            if let Some(delta) = choice.get("delta") {
                match delta.get("content") {
                    Some(content) if !matches!(content.json, Json::String(_)) => asides(content, out),
                    content => out.extend(say(ChannelKind::Text, 0, content)),
                }
                out.extend(say(ChannelKind::Text, 1, delta.get("refusal")));
                out.extend(say(ChannelKind::Text, 2, delta.get("audio").and_then(|audio| audio.get("transcript"))));
                out.extend(say(ChannelKind::Reasoning, 0, delta.get("reasoning_content")));
                out.extend(say(ChannelKind::Reasoning, 1, delta.get("reasoning")));
                for strange in ["reasoning_details", "annotations", "thinking"] {
                    if let Some(node) = delta.get(strange) {
                        asides(node, out);
                    }
                }
                for call in delta.items_at("tool_calls") {
                    self.tool(ToolKey { choice: index, index: place(call, "index") }, call, source, out);
                }
                if let Some(function) = delta.get("function_call") {
                    self.function(ToolKey { choice: index, index: LEGACY }, None, function, source, out);
                }
            }
            if let Some(reason) = choice.text_at("finish_reason") {
                self.end(index, out);
                out.push(Delta::Stop { choice: index, reason: stop(&reason) });
            }
        }
        // OpenAI says `"usage": null` in every chunk but the last of a stream that was asked for usage.
        out.extend(root.null_entry("usage").map(Delta::NoUsage));
        if let Some(stated) = root.get("usage") {
            out.push(Delta::Usage(usage(stated)));
            if root.items_at("choices").is_empty() {
                out.push(Delta::UsageOnly);
            }
        }
    }

    /// A stream of the older completions.
    pub(in super::super) fn of_completions() -> Self {
        Self { older: true, ..Self::default() }
    }

    /// The end of the stream: whatever is open ends.
    pub(in super::super) fn close(&mut self, out: &mut Vec<Delta>) {
        for choice in self.choices.clone() {
            self.end(choice, out);
        }
    }

    fn tool(&mut self, key: ToolKey, call: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let id = call.text_at("id").map(|id| id.into_owned());
        if let Some(custom) = call.get("custom") {
            self.begin(key, id, custom, true, out);
            out.extend(custom.get("input").and_then(literal).map(|piece| Delta::ToolArguments(key, piece)));
        } else if let Some(function) = call.get("function") {
            self.function(key, id, function, source, out);
        }
    }

    fn function(&mut self, key: ToolKey, id: Option<String>, function: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        self.begin(key, id, function, false, out);
        match function.get("arguments") {
            // Not OpenAI's way, but some upstreams write an object and not its text.
            Some(arguments) if arguments.is_object() => {
                let piece = TextDelta { text: raw(source, arguments).to_owned(), range: arguments.range.clone() };
                out.push(Delta::WholeToolArguments(key, piece));
            }
            arguments => out.extend(arguments.and_then(literal).map(|piece| Delta::ToolArguments(key, piece))),
        }
    }

    fn begin(&mut self, key: ToolKey, id: Option<String>, named: &Node<'_>, freeform: bool, out: &mut Vec<Delta>) {
        let name = named.text_at("name").unwrap_or_default().into_owned();
        let fresh = match self.open.get(&key) {
            None => self.open.len() < MAX_CALLS,
            // Some upstreams give every call the same place, and each its own id.
            Some(earlier) => id.is_some() && !name.is_empty() && *earlier != id,
        };
        if fresh {
            if self.open.insert(key, id.clone()).is_some() {
                out.push(Delta::ToolEnd(key));
            }
            out.push(Delta::ToolStart { key, id, name, by_provider: false, freeform });
        } else if !name.is_empty() {
            out.push(Delta::ToolName(key, name));
        }
    }

    /// The end of an answer ends its tool calls and its texts.
    fn end(&mut self, choice: u32, out: &mut Vec<Delta>) {
        let ended: Vec<ToolKey> = self.open.keys().filter(|key| key.choice == choice).copied().collect();
        for key in ended {
            self.open.remove(&key);
            out.push(Delta::ToolEnd(key));
        }
        for block in 0..3 {
            out.push(Delta::ChannelEnd(choice, block));
        }
        self.choices.remove(&choice);
    }

    /// The chunk that ends every open answer, and the end of the stream: `content_filter`, which
    /// every SDK knows, with the reason as a refusal.
    pub(in super::super) fn ending(&self, message: &str) -> String {
        let open = if self.choices.is_empty() { BTreeSet::from([0]) } else { self.choices.clone() };
        let own = |key: &str, otherwise: Value| {
            self.head.get(key).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or(otherwise)
        };
        let choice = |index: &u32| {
            let mut choice = json!({ "index": index, "logprobs": null, "finish_reason": "content_filter" });
            let (key, said) = if self.older { ("text", "".into()) } else { ("delta", json!({ "refusal": message })) };
            if let Some(entries) = choice.as_object_mut() {
                entries.insert(key.to_owned(), said);
            }
            choice
        };
        let chunk = json!({
            "id": own("id", "".into()),
            "object": if self.older { "text_completion" } else { "chat.completion.chunk" },
            "created": own("created", 0.into()),
            "model": own("model", "".into()),
            "choices": open.iter().map(choice).collect::<Vec<_>>(),
        });
        format!("data: {chunk}\n\ndata: [DONE]\n\n")
    }
}

fn place(node: &Node<'_>, key: &str) -> u32 {
    u32::try_from(node.count_at(key).unwrap_or(0)).unwrap_or(u32::MAX - 1)
}
