//! The facts the evaluators read of a call, a reply or a tool call, and the way back: the masks of
//! a decision become edits of the body.
//!
//! | key | holds |
//! | --- | --- |
//! | `provider`, `model`, `endpoint_kind`, `stream`, `temperature`, `user_id` | as the call states them |
//! | `input_tokens` | the estimate of the input |
//! | `tokens`, `tokens_used` | the input and the most the model may write, for all answers; the input alone where no limit is stated |
//! | `max_tokens` | the most the model may write, for one answer |
//! | `system_prompt` | every text of the operator, joined by blank lines |
//! | `input_text` | every text of the user, joined by newlines |
//! | `tool_outputs` | the texts tools returned, and those of parts and roles nobody knows |
//! | `rag_context` | the texts of documents and search results |
//! | `assistant_texts` | the texts and thoughts the body says are the model's own, oldest first |
//! | `tools_offered` | the names of the tools |
//! | `tool_descriptions` | for each tool by name, its description and every text of more than a word in its schema |
//! | `has_multimodal`, `multimodal`, `mime_types` | counts by kind, the size in bytes, the media types |
//! | `safety_settings` | as they stand in the body |
//! | `unseen` | the keys behind which the provider keeps content nobody here has read |
//! | `output_text` | of a reply: every text and thought, joined by newlines |
//! | `output` | of a reply: the arguments of its tool calls |
//! | `tool_name`, `tool_args` | of a tool call |
//!
//! A key that has nothing to say is left out. What the model said earlier and what tools say of
//! themselves have keys of their own: both come from whoever wrote the body, so neither is the
//! operator's word, and neither is to be taken for the user's.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::edit::{Edit, rewrite};
use super::estimate::TokenEstimate;
use super::json_spans;
use super::model::{MediaKind, Origin, Text};
use super::read::{At, every_text};
use super::reply::{Reply, ToolCall};
use crate::decision::{MaskedSpan, Obligation};

const BLANK_LINE: &str = "\n\n";
const NEWLINE: &str = "\n";

impl Call {
    /// The facts the evaluators read, under their documented keys. The host adds what only it
    /// knows: `session_id`, `endpoint_id`, `estimated_cost_usd`.
    #[must_use]
    pub fn context(&self, provider: &str, tokens: &TokenEstimate) -> Map<String, Value> {
        let mut facts = Map::new();
        let mut put = |key: &str, value: Value| {
            let nothing = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                _ => false,
            };
            if !nothing {
                facts.insert(key.to_owned(), value);
            }
        };
        put("provider", provider.into());
        put("model", self.model.clone().into());
        put("endpoint_kind", self.route.operation.name().into());
        put("stream", self.stream.into());
        put("temperature", self.temperature.into());
        put("user_id", self.user_id.clone().into());
        put("input_tokens", tokens.input.into());
        let most = self.max_output_tokens.unwrap_or(0).saturating_mul(self.choices);
        let tokens = tokens.input.saturating_add(most);
        put("tokens", tokens.into());
        put("tokens_used", tokens.into());
        put("max_tokens", self.max_output_tokens.into());
        put("system_prompt", joined(&self.of(Origin::System), BLANK_LINE).into());
        put("input_text", joined(&self.of(Origin::User), NEWLINE).into());
        put("tool_outputs", listed(&self.of(Origin::Stranger)));
        put("rag_context", listed(&self.of(Origin::Document)));
        put("assistant_texts", listed(&self.of(Origin::Model)));
        put("tool_descriptions", self.tool_descriptions().into());
        put("tools_offered", self.tools.iter().map(|tool| tool.name.as_str()).collect());
        put("safety_settings", self.safety_settings.clone().into());
        put("unseen", self.unseen.iter().map(|unseen| unseen.key).collect());
        let media = self.media();
        if !media.is_empty() {
            let count = |kinds: &[MediaKind]| media.iter().filter(|medium| kinds.contains(&medium.kind)).count();
            let bytes: u64 = media.iter().filter_map(|medium| medium.bytes).fold(0, u64::saturating_add);
            put("has_multimodal", true.into());
            put(
                "multimodal",
                json!({
                    "images": count(&[MediaKind::Image]),
                    "audio": count(&[MediaKind::Audio]),
                    "video": count(&[MediaKind::Video]),
                    "documents": count(&[MediaKind::Document, MediaKind::Other]),
                    "total_media_bytes": bytes,
                    "has_media": true,
                }),
            );
            put("mime_types", media.iter().filter_map(|medium| medium.mime.as_deref()).collect());
        }
        facts
    }

    /// The edits that fulfil those obligations which concern the body of a call: masks of the
    /// texts in [`Call::context`] and a cap on output tokens.
    #[must_use]
    pub fn edits_for(&self, obligations: &[Obligation]) -> Vec<Edit> {
        let cap = obligations.iter().filter_map(|obligation| match obligation {
            Obligation::MaxTokens { max_output_tokens } => Some(*max_output_tokens),
            _ => None,
        });
        let mut edits = cap.min().map_or_else(Vec::new, |limit| self.cap_output(limit));
        if !asks_for_masks(obligations) {
            return edits;
        }
        let surfaces = [
            Surface { key: "system_prompt", texts: self.of(Origin::System), between: Some(BLANK_LINE) },
            Surface { key: "input_text", texts: self.of(Origin::User), between: Some(NEWLINE) },
            Surface { key: "tool_outputs", texts: self.of(Origin::Stranger), between: None },
            Surface { key: "rag_context", texts: self.of(Origin::Document), between: None },
            Surface { key: "assistant_texts", texts: self.of(Origin::Model), between: None },
        ];
        edits.extend(masks(obligations, &surfaces));
        edits
    }

    /// What the tools say of themselves, by name: two tools of one name share a list, so that
    /// neither hides the other.
    fn tool_descriptions(&self) -> Map<String, Value> {
        let mut described: Map<String, Value> = Map::new();
        for tool in &self.tools {
            let mut texts: Vec<Value> = tool
                .description
                .iter()
                .filter(|text| !text.text.is_empty())
                .map(|text| text.text.as_str().into())
                .collect();
            if let Some(schema) = &tool.schema {
                sentences(schema, &mut texts);
            }
            if texts.is_empty() {
                continue;
            }
            match described.entry(tool.name.as_str()).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(known) => known.append(&mut texts),
                other => *other = Value::Array(texts),
            }
        }
        described
    }

    fn of(&self, origin: Origin) -> Vec<&Text> {
        self.said().into_iter().filter(|(of, _)| *of == origin).map(|(_, text)| text).collect()
    }
}

impl Reply {
    /// The facts for judging it as `llm:response`: `output_text` is every text and reasoning in
    /// order, joined by newlines; `output` is the list of the tool calls' arguments.
    #[must_use]
    pub fn context(&self, provider: &str) -> Map<String, Value> {
        let mut facts = Map::new();
        facts.insert("provider".to_owned(), provider.into());
        if let Some(model) = &self.model {
            facts.insert("model".to_owned(), model.as_str().into());
        }
        let texts = joined(&self.said(), NEWLINE);
        if !texts.is_empty() {
            facts.insert("output_text".to_owned(), texts.into());
        }
        if !self.tool_calls.is_empty() {
            let arguments = self.tool_calls.iter().map(ToolCall::arguments_value);
            facts.insert("output".to_owned(), arguments.collect());
        }
        facts
    }

    /// The edits that fulfil the masks of a decision about [`Reply::context`].
    #[must_use]
    pub fn edits_for(&self, obligations: &[Obligation]) -> Vec<Edit> {
        if !asks_for_masks(obligations) {
            return Vec::new();
        }
        let said = Surface { key: "output_text", texts: self.said(), between: Some(NEWLINE) };
        let mut edits = masks(obligations, &[said]);
        for (index, call) in self.tool_calls.iter().enumerate() {
            let prefix = format!("/context/output/{index}");
            let masked = obligations.iter().filter_map(|obligation| match obligation {
                Obligation::Mask { pointer, spans } => {
                    let inner = pointer.as_str().strip_prefix(&prefix)?;
                    (inner.is_empty() || inner.starts_with('/')).then_some((inner, spans.as_slice()))
                }
                _ => None,
            });
            let masked: Vec<_> = masked.collect();
            if let Some(arguments) = call.with_masked(&masked) {
                edits.push(call.edit(&arguments));
            }
        }
        if !edits.is_empty() {
            edits.extend(self.shadows.iter().cloned());
        }
        edits
    }

    /// Every text and thought, in the order of the body.
    #[must_use]
    pub fn said(&self) -> Vec<&Text> {
        let mut said: Vec<&Text> = self.texts.iter().chain(&self.reasoning).collect();
        said.sort_by_key(|text| text.range.start);
        said
    }
}

impl ToolCall {
    /// The facts for judging it as `tool_call`: `tool_name` and `tool_args`. Arguments that are no
    /// JSON object are handed on as a text, which is a fault wherever arguments matter; plain text
    /// that a tool takes by design stands under `input`.
    #[must_use]
    pub fn context(&self, provider: &str, model: Option<&str>) -> Map<String, Value> {
        let mut facts = Map::new();
        facts.insert("provider".to_owned(), provider.into());
        if let Some(model) = model {
            facts.insert("model".to_owned(), model.into());
        }
        facts.insert("tool_name".to_owned(), self.name.as_str().into());
        facts.insert("tool_args".to_owned(), self.arguments_value());
        facts
    }

    /// The arguments as a value: an object, or the text they are when they are none.
    #[must_use]
    pub fn arguments_value(&self) -> Value {
        if self.freeform {
            return json!({ "input": self.arguments });
        }
        if self.arguments.trim().is_empty() {
            // Models write nothing at all for a tool without parameters.
            return json!({});
        }
        // Read strictly first: a key given twice is no object anybody can judge.
        let strict = json_spans::parse(self.arguments.as_bytes()).is_ok_and(|root| root.is_object());
        let value = strict.then(|| serde_json::from_str(&self.arguments).ok()).flatten();
        value.unwrap_or_else(|| Value::from(self.arguments.as_str()))
    }

    /// The edit that gives it other arguments.
    #[must_use]
    pub fn edit(&self, arguments: &str) -> Edit {
        let literal = if self.quoted { Value::from(arguments).to_string() } else { arguments.to_owned() };
        Edit::json(self.range.clone(), literal)
    }

    /// Its arguments with parts of their texts masked; pointers are relative to the arguments.
    fn with_masked(&self, masked: &[(&str, &[MaskedSpan])]) -> Option<String> {
        if masked.is_empty() {
            return None;
        }
        let whole = |spans: &[MaskedSpan]| mask(&self.arguments, spans);
        if self.freeform || !self.arguments_value().is_object() {
            let wanted = if self.freeform { "/input" } else { "" };
            return masked.iter().find(|(pointer, _)| *pointer == wanted).map(|(_, spans)| whole(spans));
        }
        let root = json_spans::parse(self.arguments.as_bytes()).ok()?;
        let mut texts = Vec::new();
        every_text(&root, &At::Root, &mut texts);
        let edits = masked.iter().map(|(pointer, spans)| {
            let text = texts.iter().find(|text| text.pointer.as_str() == *pointer)?;
            Some(Edit::text(text, &mask(&text.text, spans)))
        });
        // A text that cannot be found again, since its pointer is too long, takes all with it.
        let Some(edits) = edits.collect::<Option<Vec<Edit>>>() else { return Some("{}".to_owned()) };
        let rewritten = rewrite(self.arguments.as_bytes(), &edits).ok()?;
        String::from_utf8(rewritten).ok()
    }
}

/// One key of the context and the texts it is made of.
struct Surface<'c> {
    key: &'static str,
    texts: Vec<&'c Text>,
    /// What joins them into one; none: they are a list.
    between: Option<&'static str>,
}

/// Whether there is anything to mask, which most decisions do not ask for.
fn asks_for_masks(obligations: &[Obligation]) -> bool {
    obligations.iter().any(|obligation| matches!(obligation, Obligation::Mask { .. }))
}

/// The masks that concern `surfaces`, as edits: one for each text that changes.
fn masks(obligations: &[Obligation], surfaces: &[Surface<'_>]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for surface in surfaces {
        let mut wanted: Vec<Vec<MaskedSpan>> = vec![Vec::new(); surface.texts.len()];
        for obligation in obligations {
            let Obligation::Mask { pointer, spans } = obligation else { continue };
            let Some(rest) = pointer.as_str().strip_prefix("/context/").and_then(|rest| rest.strip_prefix(surface.key))
            else {
                continue;
            };
            match surface.between {
                Some(between) if rest.is_empty() => share_out(&surface.texts, between, spans, &mut wanted),
                None => {
                    let index = rest.strip_prefix('/').and_then(|index| index.parse::<usize>().ok());
                    if let Some(wanted) = index.and_then(|index| wanted.get_mut(index)) {
                        wanted.extend(spans.iter().cloned());
                    }
                }
                Some(_) => {}
            }
        }
        for (text, spans) in surface.texts.iter().zip(wanted) {
            if !spans.is_empty() {
                edits.push(Edit::text(text, &mask(&text.text, &spans)));
            }
        }
    }
    edits
}

/// Shares the spans of a joined text out to the texts it was joined from. What reaches over a
/// joint is replaced in the first text and only cut from the next.
fn share_out(texts: &[&Text], between: &str, spans: &[MaskedSpan], wanted: &mut [Vec<MaskedSpan>]) {
    let mut start = 0;
    for (text, wanted) in texts.iter().zip(wanted) {
        let end = start + text.text.len();
        for span in spans.iter().filter(|span| span.start < end && span.end > start) {
            let replacement = if span.start >= start { span.replacement.clone() } else { "".into() };
            let range: Range<usize> = span.start.max(start) - start..span.end.min(end) - start;
            wanted.push(MaskedSpan { start: range.start, end: range.end, replacement });
        }
        start = end + between.len();
    }
}

/// A text with spans of it replaced. Spans that overlap share the first one's replacement.
pub(super) fn mask(text: &str, spans: &[MaskedSpan]) -> String {
    let mut sorted: Vec<&MaskedSpan> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in sorted {
        if span.start >= done {
            out.push_str(text.get(done..span.start).unwrap_or_default());
            out.push_str(&span.replacement);
        }
        done = done.max(span.end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Every text of more than one word in a schema, names of properties included: orders to a model
/// hide in titles, defaults and examples as well.
fn sentences(schema: &Value, texts: &mut Vec<Value>) {
    let is_word = |text: &str| {
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-$.".contains(&byte))
    };
    match schema {
        Value::String(text) if !is_word(text) => texts.push(text.as_str().into()),
        Value::Array(items) => items.iter().for_each(|item| sentences(item, texts)),
        Value::Object(entries) => {
            for (key, value) in entries {
                if !is_word(key) {
                    texts.push(key.as_str().into());
                }
                sentences(value, texts);
            }
        }
        _ => {}
    }
}

fn joined(texts: &[&Text], between: &str) -> String {
    texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(between)
}

fn listed(texts: &[&Text]) -> Value {
    texts.iter().map(|text| text.text.as_str()).collect()
}
