//! Anthropic messages: a streamed reply, and how one ends early.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::json_spans::{Json, Node};
use super::super::read::raw;
use super::super::stream::{Channel, ChannelKind, Delta, TextDelta, ToolKey, asides, literal};
use super::super::usage::Usage;
use super::reply::{error_of, stop, usage};

/// Most blocks of one stream that are kept track of.
const MAX_BLOCKS: usize = 4096;

/// What a stream has said so far that later events build on.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Stream {
    /// The blocks that are tool calls.
    tools: BTreeSet<u32>,
    usage: Usage,
}

impl Stream {
    /// What one event says.
    pub(in super::super) fn read(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let kind = root.text_at("type").unwrap_or_default();
        let index = u32::try_from(root.count_at("index").unwrap_or(0)).unwrap_or(u32::MAX);
        match kind.as_ref() {
            "message_start" => {
                let Some(message) = root.get("message") else { return };
                out.extend(message.text_at("model").map(|model| Delta::Model(model.into_owned())));
                for (place, block) in message.items_at("content").iter().enumerate() {
                    self.block(u32::try_from(place).unwrap_or(u32::MAX), block, source, out);
                }
                self.usage(message, out);
            }
            "content_block_start" => {
                if let Some(block) = root.get("content_block") {
                    self.block(index, block, source, out);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = root.get("delta") {
                    Self::delta(index, delta, out);
                }
            }
            "content_block_stop" => {
                if self.tools.remove(&index) {
                    out.push(Delta::ToolEnd(ToolKey { choice: 0, index }));
                } else {
                    out.push(Delta::ChannelEnd(0, index));
                }
            }
            "message_delta" => {
                self.usage(root, out);
                if let Some(reason) = root.get("delta").and_then(|delta| delta.text_at("stop_reason")) {
                    out.push(Delta::Stop { choice: 0, reason: stop(&reason) });
                }
            }
            "message_stop" => out.push(Delta::Done),
            "error" => out.extend(root.get("error").map(|error| Delta::Error(error_of(error)))),
            "ping" => {}
            _ => asides(root, out),
        }
    }

    fn block(&mut self, index: u32, block: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let kind = block.text_at("type").unwrap_or_default();
        match kind.as_ref() {
            "text" => out.extend(text(block, "text", ChannelKind::Text, index)),
            "thinking" => out.extend(text(block, "thinking", ChannelKind::Reasoning, index)),
            "redacted_thinking" => {}
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                let key = ToolKey { choice: 0, index };
                if self.tools.len() < MAX_BLOCKS {
                    self.tools.insert(index);
                }
                out.push(Delta::ToolStart {
                    key,
                    id: block.text_at("id").map(Into::into),
                    name: block.text_at("name").unwrap_or_default().into_owned(),
                    by_provider: kind != "tool_use",
                    freeform: false,
                });
                // Empty here, and written out in deltas; some upstreams say it all at once.
                if let Some(input) = block.get("input")
                    && matches!(&input.json, Json::Object(entries) if !entries.is_empty())
                {
                    let text = raw(source, input).to_owned();
                    out.push(Delta::WholeToolArguments(key, TextDelta { text, range: input.range.clone() }));
                }
            }
            _ => asides(block, out),
        }
    }

    fn delta(index: u32, delta: &Node<'_>, out: &mut Vec<Delta>) {
        match delta.text_at("type").unwrap_or_default().as_ref() {
            "text_delta" => out.extend(text(delta, "text", ChannelKind::Text, index)),
            "thinking_delta" => out.extend(text(delta, "thinking", ChannelKind::Reasoning, index)),
            "input_json_delta" => {
                let piece = delta.get("partial_json").and_then(literal);
                out.extend(piece.map(|piece| Delta::ToolArguments(ToolKey { choice: 0, index }, piece)));
            }
            "signature_delta" => {}
            _ => asides(delta, out),
        }
    }

    fn usage(&mut self, holder: &Node<'_>, out: &mut Vec<Delta>) {
        if let Some(stated) = holder.get("usage") {
            usage(stated, &mut self.usage);
            out.push(Delta::Usage(self.usage));
        }
    }
}

fn text(node: &Node<'_>, key: &str, kind: ChannelKind, block: u32) -> Option<Delta> {
    let piece = node.get(key).and_then(literal)?;
    Some(Delta::Text(Channel { kind, choice: 0, block }, piece))
}

/// What ends a stream early, so that the SDK raises its own error with the reason in it.
pub(in super::super) fn ending(kind: &str, message: &str, request_id: &str) -> String {
    let error = json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": request_id,
    });
    format!("event: error\ndata: {error}\n\n")
}
