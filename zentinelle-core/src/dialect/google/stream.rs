//! Google generateContent: a streamed reply, and how one ends early.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::json_spans::{Json, Node};
use super::super::read::raw;
use super::super::reply::StopReason;
use super::super::stream::{Channel, ChannelKind, Delta, Framing, TextDelta, ToolKey, asides, literal, shadow};
use super::partial::PartialArguments;
use super::reply::{BESIDE, error_of, stop, usage};

/// What a stream has said so far that later chunks build on.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Stream {
    /// How many tool calls have begun.
    calls: u32,
    /// A call whose arguments come in pieces.
    partial: Option<(ToolKey, PartialArguments)>,
    /// Whether the model has been told.
    named: bool,
    /// The answers that have begun and not ended.
    choices: BTreeSet<u32>,
    /// Answers that have called a function.
    calling: BTreeSet<u32>,
    /// Id and model, for an ending.
    head: Option<(String, String)>,
}

/// Most answers of one stream that are kept track of.
const MAX_CHOICES: usize = 256;

impl Stream {
    /// What one chunk says.
    pub(in super::super) fn read(&mut self, root: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        if let Some(error) = root.get("error") {
            out.push(Delta::Error(error_of(error)));
            return;
        }
        if let Some(model) = root.text_at("modelVersion").filter(|_| !self.named) {
            self.named = true;
            let id = root.text_at("responseId").unwrap_or_default().into_owned();
            self.head = Some((id, model.clone().into_owned()));
            out.push(Delta::Model(model.into_owned()));
        }
        for candidate in root.items_at("candidates") {
            self.candidate(candidate, source, out);
        }
        if root.get("promptFeedback").is_some_and(|feedback| feedback.get("blockReason").is_some()) {
            out.push(Delta::Stop { choice: 0, reason: StopReason::Filtered });
        }
        out.extend(root.get("usageMetadata").map(|stated| Delta::Usage(usage(stated))));
    }

    fn candidate(&mut self, candidate: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let choice = u32::try_from(candidate.count_at("index").unwrap_or(0)).unwrap_or(u32::MAX);
        if self.choices.len() < MAX_CHOICES {
            self.choices.insert(choice);
        }
        let parts = candidate.get("content").map_or(&[][..], |content| content.items_at("parts"));
        for part in parts {
            self.part(choice, part, source, out);
        }
        out.extend(shadow(candidate.get("logprobsResult")));
        for key in BESIDE {
            if let Some(held) = candidate.get(key) {
                asides(held, out);
            }
        }
        if let Some(reason) = candidate.text_at("finishReason") {
            self.end_partial(out);
            out.push(Delta::ChannelEnd(choice, 0));
            let reason = match stop(&reason) {
                StopReason::End if self.calling.contains(&choice) => StopReason::ToolUse,
                reason => reason,
            };
            out.push(Delta::Stop { choice, reason });
            self.choices.remove(&choice);
        }
    }

    fn part(&mut self, choice: u32, part: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let Json::Object(entries) = &part.json else { return };
        for (key, value) in entries.iter().filter(|(_, value)| !matches!(value.json, Json::Null)) {
            match key.name.as_ref() {
                "text" => {
                    let thought = part.is_true_at("thought");
                    let kind = if thought { ChannelKind::Reasoning } else { ChannelKind::Text };
                    let channel = Channel { kind, choice, block: 0 };
                    out.extend(literal(value).map(|piece| Delta::Text(channel, piece)));
                }
                "functionCall" => self.function(choice, value, source, out),
                "toolCall" | "executableCode" => {
                    let (held, name) = match value.text_at("toolType") {
                        Some(kind) => ("args", kind.to_ascii_lowercase()),
                        None => ("code", "code_execution".to_owned()),
                    };
                    let key = self.start(choice, value, name, true, held == "code", out);
                    self.whole(key, value.get(held), source, out);
                    out.push(Delta::ToolEnd(key));
                }
                "thought" | "thoughtSignature" | "inlineData" => {}
                _ => asides(value, out),
            }
        }
    }

    fn function(&mut self, choice: u32, call: &Node<'_>, source: &[u8], out: &mut Vec<Delta>) {
        let name = call.text_at("name").unwrap_or_default().into_owned();
        let pieces = call.items_at("partialArgs");
        let goes_on = call.is_true_at("willContinue");
        let continues = self.partial.is_some() && name.is_empty();
        if !continues {
            self.end_partial(out);
            self.calling.insert(choice);
            let key = self.start(choice, call, name, false, false, out);
            if !goes_on && pieces.is_empty() {
                self.whole(key, call.get("args"), source, out);
                out.push(Delta::ToolEnd(key));
                return;
            }
            self.partial = Some((key, PartialArguments::default()));
        }
        if let Some((_, arguments)) = &mut self.partial {
            if let Some(whole) = call.get("args") {
                arguments.whole(raw(source, whole));
            }
            for piece in pieces {
                arguments.add(piece, source);
            }
        }
        if !goes_on {
            self.end_partial(out);
        }
    }

    /// A call whose arguments came in pieces is told whole, with no place to write others.
    fn end_partial(&mut self, out: &mut Vec<Delta>) {
        if let Some((key, arguments)) = self.partial.take() {
            out.push(Delta::JoinedToolArguments(key, arguments.finish()));
            out.push(Delta::ToolEnd(key));
        }
    }

    fn start(
        &mut self,
        choice: u32,
        call: &Node<'_>,
        name: String,
        by_provider: bool,
        freeform: bool,
        out: &mut Vec<Delta>,
    ) -> ToolKey {
        let key = ToolKey { choice, index: self.calls };
        self.calls = self.calls.saturating_add(1);
        let id = call.text_at("id").map(|id| id.into_owned());
        out.push(Delta::ToolStart { key, id, name, by_provider, freeform });
        key
    }

    fn whole(&self, key: ToolKey, held: Option<&Node<'_>>, source: &[u8], out: &mut Vec<Delta>) {
        let Some(held) = held else { return };
        let text = held.text().map_or_else(|| raw(source, held).to_owned(), |text| text.into_owned());
        out.push(Delta::WholeToolArguments(key, TextDelta { text, range: held.range.clone() }));
    }

    /// The end of the stream: whatever is open ends.
    pub(in super::super) fn done(&mut self, out: &mut Vec<Delta>) {
        self.end_partial(out);
    }

    /// The chunk that ends every open answer: a candidate stopped for safety, with the reason.
    pub(in super::super) fn ending(&self, framing: Framing, after_element: bool, message: &str) -> String {
        let open = if self.choices.is_empty() { BTreeSet::from([0]) } else { self.choices.clone() };
        let (id, model) = self.head.clone().unwrap_or_default();
        let candidates: Vec<_> = open
            .iter()
            .map(|index| {
                json!({
                    "content": { "parts": [], "role": "model" },
                    "finishReason": "SAFETY",
                    "finishMessage": message,
                    "index": index,
                })
            })
            .collect();
        let chunk = json!({ "candidates": candidates, "modelVersion": model, "responseId": id });
        match framing {
            Framing::Sse => format!("data: {chunk}\n\n"),
            Framing::JsonArray => format!("{}{chunk}]", if after_element { "," } else { "[" }),
        }
    }
}
