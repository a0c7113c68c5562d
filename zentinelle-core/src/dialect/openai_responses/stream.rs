//! OpenAI responses: a streamed reply, and how one ends early.
//!
//! Every text is said up to four times: in deltas, then whole when its part, its item and the
//! response are done. What is masked in the deltas must be masked in all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::json_spans::Node;
use super::super::openai_chat::{error_of, usage};
use super::super::read::raw;
use super::super::reply::ReplyError;
use super::super::stream::{Channel, ChannelKind, Delta, TextDelta, ToolKey, asides, literal, shadow};
use super::reply::{called, stopped};

/// Most tool calls of one stream that are kept track of.
const MAX_CALLS: usize = 4096;
/// Blocks are numbered by item and part; parts beyond this share a number.
const PARTS: u32 = 1 << 10;
/// Where the parts of a reasoning summary begin, apart from those of the reasoning itself.
const SUMMARY: u32 = PARTS / 2;
/// Where what a shell of the provider's writes stands: standard output, then errors.
const SHELL: u32 = PARTS - 8;

/// What a stream has said so far that later events build on.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Stream {
    /// The tool calls that have begun and not ended, by the place of their item.
    open: BTreeSet<u32>,
    /// The tool calls that have ended: what is said of them again begins no new one.
    closed: BTreeSet<u32>,
    /// Id, model and time of the response, for an ending.
    head: BTreeMap<&'static str, String>,
    /// The number of the next event.
    sequence: u64,
}

impl Stream {
    /// What one event says.
    pub(in super::super) fn read(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        if let Some(number) = root.count_at("sequence_number") {
            self.sequence = number.saturating_add(1);
        }
        let kind = root.text_at("type").unwrap_or_default();
        let Some(event) = kind.strip_prefix("response.") else {
            match root.get("error") {
                None if kind == "error" => {
                    let word = |key| root.text_at(key).unwrap_or_default().into_owned();
                    out.push(Delta::Error(ReplyError { kind: word("code"), message: word("message") }));
                }
                Some(error) => out.push(Delta::Error(error_of(error))),
                None => asides(root, out),
            }
            return;
        };
        out.extend(shadow(root.get("logprobs")));
        let item = small(root, "output_index");
        let key = ToolKey { choice: 0, index: item };
        match event {
            "created" | "in_progress" | "queued" => self.begin(root, source, out),
            "completed" | "incomplete" | "failed" => self.end(root, source, out),
            "output_item.added" | "output_item.done" => {
                if let Some(node) = root.get("item") {
                    self.item(item, node, source, out);
                    if event.ends_with("done") {
                        self.close(item, out);
                    }
                }
            }
            "content_part.added"
            | "content_part.done"
            | "reasoning_summary_part.added"
            | "reasoning_summary_part.done" => {
                if let Some(part) = root.get("part") {
                    let kind = if event.starts_with("reasoning") { ChannelKind::Reasoning } else { part_kind(part) };
                    whole_part(part, Channel { kind, choice: 0, block: block(root) }, out);
                }
            }
            "function_call_arguments.delta"
            | "mcp_call_arguments.delta"
            | "custom_tool_call_input.delta"
            | "code_interpreter_call_code.delta" => {
                out.extend(root.get("delta").and_then(literal).map(|piece| Delta::ToolArguments(key, piece)));
            }
            "function_call_arguments.done"
            | "mcp_call_arguments.done"
            | "custom_tool_call_input.done"
            | "code_interpreter_call_code.done" => {
                let whole = ["arguments", "input", "code"].into_iter().find_map(|key| root.get(key));
                out.extend(whole.and_then(literal).map(|whole| Delta::WholeToolArguments(key, whole)));
            }
            // Pieces of a call that is held back, and said whole when its item is done.
            "shell_call_command.added" | "shell_call_command.delta" | "shell_call_command.done" => {}
            "shell_call_output_content.delta" => {
                let delta = root.get("delta");
                for (place, stream) in (0..).zip(["stdout", "stderr"]) {
                    let piece = delta.and_then(|delta| delta.get(stream)).and_then(literal);
                    let block = item.saturating_mul(PARTS).saturating_add(SHELL + place);
                    let channel = Channel { kind: ChannelKind::Text, choice: 0, block };
                    out.extend(piece.map(|piece| Delta::Text(channel, piece)));
                }
            }
            _ => text_event(event, root, out),
        }
    }

    fn begin(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        // The rest of the response repeats what the client sent.
        let Some(response) = root.get("response") else { return };
        for key in ["id", "model", "created_at"] {
            if let Some(node) = response.get(key).filter(|node| node.range.len() < 256) {
                self.head.insert(key, raw(source, node).to_owned());
            }
        }
        out.extend(response.text_at("model").map(|model| Delta::Model(model.into_owned())));
    }

    fn end(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let Some(response) = root.get("response") else { return };
        let mut calls_tools = false;
        for (place, item) in (0..).zip(response.items_at("output")) {
            self.item(place, item, source, out);
            calls_tools |= item.text_at("type").is_some_and(|kind| kind.ends_with("_call"));
        }
        for place in self.open.clone() {
            self.close(place, out);
        }
        out.extend(response.get("error").map(|error| Delta::Error(error_of(error))));
        out.extend(response.get("usage").map(|stated| Delta::Usage(usage(stated))));
        out.extend(stopped(response, calls_tools).map(|reason| Delta::Stop { choice: 0, reason }));
        out.push(Delta::Done);
    }

    /// An item as far as it is said: its texts, or the call of a tool it is.
    fn item(&mut self, place: u32, item: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        match item.text_at("type").unwrap_or_default().as_ref() {
            "message" => {
                for (number, part) in (0..).zip(item.items_at("content")) {
                    let block = number_of(place, number);
                    whole_part(part, Channel { kind: ChannelKind::Text, choice: 0, block }, out);
                }
            }
            "reasoning" => {
                for (key, offset) in [("content", 0), ("summary", SUMMARY)] {
                    for (number, part) in (offset..).zip(item.items_at(key)) {
                        let block = number_of(place, number);
                        whole_part(part, Channel { kind: ChannelKind::Reasoning, choice: 0, block }, out);
                    }
                }
            }
            _ => self.call(place, item, source, out),
        }
    }

    fn call(&mut self, place: u32, item: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let Some((name, freeform, by_provider, arguments)) = called(item, source) else { return asides(item, out) };
        let key = ToolKey { choice: 0, index: place };
        if !self.closed.contains(&place) && self.open.len() + self.closed.len() < MAX_CALLS && self.open.insert(place) {
            let id = item.text_at("call_id").or_else(|| item.text_at("id")).map(|id| id.into_owned());
            let freeform = freeform || arguments.as_ref().is_some_and(|arguments| arguments.key == "code");
            out.push(Delta::ToolStart { key, id, name, by_provider, freeform });
        }
        if let Some(arguments) = arguments.filter(|arguments| !arguments.text.is_empty()) {
            let whole = TextDelta { text: arguments.text, range: arguments.range };
            out.push(Delta::WholeToolArguments(key, whole));
        }
        for key in ["output", "outputs", "results"] {
            if let Some(held) = item.get(key) {
                asides(held, out);
            }
        }
    }

    fn close(&mut self, place: u32, out: &mut Vec<Delta>) {
        if self.open.remove(&place) {
            self.closed.insert(place);
            out.push(Delta::ToolEnd(ToolKey { choice: 0, index: place }));
        }
    }

    /// What the provider itself sends when it fails midway.
    pub(in super::super) fn failure(&self, message: &str) -> String {
        let event = json!({ "type": "error", "sequence_number": self.sequence, "code": "upstream_error",
            "message": message, "param": null });
        format!("event: error\ndata: {event}\n\n")
    }

    /// The event that ends the response early: incomplete for a content filter, which is an end
    /// every SDK knows, with the reason beside it.
    pub(in super::super) fn ending(&self, message: &str) -> String {
        let own = |key: &str, otherwise: Value| {
            self.head.get(key).and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or(otherwise)
        };
        let event = json!({
            "type": "response.incomplete",
            "sequence_number": self.sequence,
            "response": {
                "id": own("id", "".into()),
                "object": "response",
                "created_at": own("created_at", 0.into()),
                "model": own("model", "".into()),
                "status": "incomplete",
                "incomplete_details": { "reason": "content_filter", "message": message },
                "error": { "code": "content_filter", "message": message },
                "instructions": null,
                "metadata": {},
                "output": [],
                "parallel_tool_calls": true,
                "temperature": null,
                "tool_choice": "auto",
                "tools": [],
                "top_p": null,
                "usage": null,
            },
        });
        format!("event: response.incomplete\ndata: {event}\n\n")
    }
}

/// The events that carry a piece of text, or a text that is done.
fn text_event(event: &str, root: &Node<'_>, out: &mut Vec<Delta>) {
    let Some((name, step)) = event.rsplit_once('.') else { return asides(root, out) };
    let kind = match name {
        "output_text" | "refusal" | "audio.transcript" => ChannelKind::Text,
        "reasoning_text" | "reasoning_summary_text" => ChannelKind::Reasoning,
        _ => return asides(root, out),
    };
    let channel = Channel { kind, choice: 0, block: block(root) };
    match step {
        "delta" => out.extend(root.get("delta").and_then(literal).map(|piece| Delta::Text(channel, piece))),
        "done" => {
            let whole = ["text", "refusal"].into_iter().find_map(|key| root.get(key));
            out.push(Delta::ChannelEnd(0, channel.block));
            out.extend(whole.and_then(literal).map(|whole| Delta::WholeText(channel, whole)));
        }
        _ => asides(root, out),
    }
}

fn part_kind(part: &Node<'_>) -> ChannelKind {
    match part.text_at("type").as_deref() {
        Some("reasoning_text" | "summary_text") => ChannelKind::Reasoning,
        _ => ChannelKind::Text,
    }
}

/// A part of an item, with its text whole.
fn whole_part(part: &Node<'_>, channel: Channel, out: &mut Vec<Delta>) {
    for key in ["text", "refusal", "transcript"] {
        if let Some(whole) = part.get(key).and_then(literal).filter(|whole| !whole.text.is_empty()) {
            out.push(Delta::WholeText(channel, whole));
        }
    }
    if let Some(annotations) = part.get("annotations") {
        asides(annotations, out);
    }
    out.extend(shadow(part.get("logprobs")));
}

fn small(root: &Node<'_>, key: &str) -> u32 {
    u32::try_from(root.count_at(key).unwrap_or(0)).unwrap_or(u32::MAX)
}

fn block(root: &Node<'_>) -> u32 {
    let part = match root.count_at("summary_index") {
        Some(_) => SUMMARY.saturating_add(small(root, "summary_index")),
        None => small(root, "content_index"),
    };
    number_of(small(root, "output_index"), part)
}

const fn number_of(item: u32, part: u32) -> u32 {
    item.saturating_mul(PARTS).saturating_add(if part < PARTS { part } else { PARTS - 1 })
}
