//! One call to a model, whatever format it came in.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::edit::Edit;
use super::error::DecodeError;
use super::json_spans::{self, Json, Node};
use super::model::{Media, Message, Origin, Part, Role, Text, Tool, ToolChoice, ToolResult, ToolUse, Unseen};
use super::read::{self, At};
use super::route::{Dialect, Operation, Route};
use super::stream::Framing;
use super::{anthropic, google, openai_chat, openai_responses, openai_texts};
use crate::error::Pointer;

/// One call to a model. See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Format and operation.
    pub route: Route,
    /// The model, from the path where that names it, else from the body.
    pub model: Option<String>,
    /// Where the model's name stands in the body, when it does.
    pub model_text: Option<Text>,
    /// The texts of the system prompt that stand apart from the messages. Messages of role
    /// [`Role::System`] stay among the messages.
    pub system: Vec<Text>,
    /// The conversation, oldest first. A plain prompt is one message of the user.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<Tool>,
    /// What the model may or must call.
    pub tool_choice: Option<ToolChoice>,
    /// Most tokens the model may produce, for one answer.
    pub max_output_tokens: Option<u64>,
    /// How many answers are asked for.
    pub choices: u64,
    /// Whether the reply streams.
    pub stream: bool,
    /// How the stream of the reply is framed, by what the call asks for.
    pub framing: Framing,
    /// Whether the client asked for usage in the stream (OpenAI `stream_options.include_usage`).
    pub include_usage: bool,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// The end user as the client names it.
    pub user_id: Option<String>,
    /// Google's safety settings, as they stand in the body.
    pub safety_settings: Option<Value>,
    /// What the provider adds from elsewhere.
    pub unseen: Vec<Unseen>,
    /// Whether a part of the input is to stay in the provider's cache for longer than usual, which
    /// costs more: Anthropic's `cache_control` with another `ttl` than `5m`, OpenAI's
    /// `prompt_cache_retention` other than `in_memory`.
    pub cached_long: bool,
    /// How many tokens the body gives as numbers instead of text.
    pub(super) token_ids: u64,
    /// How a cap on output tokens is written into the body.
    pub(super) cap: Vec<Slot>,
    /// How the body asks for usage in the stream, where it does not.
    pub(super) usage_edit: Option<Edit>,
}

/// Where in a body a number can be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// In the place of the one that stands there.
    Value(Range<usize>),
    /// At this byte, between these texts.
    Insert { at: usize, before: String, after: &'static str },
}

impl Slot {
    fn edit(&self, number: u64) -> Edit {
        match self {
            Self::Value(range) => Edit::json(range.clone(), number.to_string()),
            Self::Insert { at, before, after } => Edit::json(*at..*at, format!("{before}{number}{after}")),
        }
    }
}

impl Call {
    /// Reads the body of a call. `query` is the query of the URL without the question mark.
    ///
    /// # Errors
    /// When the body is no JSON, has a key twice, is nested too deeply, or has a value of the wrong
    /// type where this crate reads one. Unknown keys are no error.
    pub fn decode(route: &Route, query: &str, body: &[u8]) -> Result<Self, DecodeError> {
        let mut call = Self::empty(route);
        let reader = match route.operation {
            Operation::ChatCompletions => openai_chat::call,
            Operation::Responses => openai_responses::call,
            Operation::Completions => openai_texts::completion,
            Operation::Embeddings => openai_texts::embedding,
            Operation::Messages | Operation::CountMessageTokens => anthropic::call,
            Operation::GenerateContent | Operation::StreamGenerateContent => google::call,
            Operation::CountTokens => google::count,
            Operation::EmbedContent => google::embed,
            Operation::BatchEmbedContents => google::embed_batch,
            _ => {
                return Err(DecodeError {
                    code: DecodeError::UNKNOWN_OPERATION,
                    pointer: Pointer::ROOT,
                    offset: None,
                    found: format!("a body of `{}`", route.operation.name()),
                    expected: "an operation whose body is known",
                });
            }
        };
        let root = json_spans::parse(body)?;
        read::object(&root, &At::Root)?;
        reader(&root, body, &mut call)?;
        if query.split('&').any(|pair| pair.eq_ignore_ascii_case("alt=sse")) {
            call.framing = Framing::Sse;
        }
        call.name_results();
        Ok(call)
    }

    fn empty(route: &Route) -> Self {
        Self {
            route: route.clone(),
            model: route.model.clone(),
            model_text: None,
            system: Vec::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            max_output_tokens: None,
            choices: 1,
            stream: route.operation == Operation::StreamGenerateContent,
            framing: if route.dialect == Dialect::Google { Framing::JsonArray } else { Framing::Sse },
            include_usage: false,
            temperature: None,
            user_id: None,
            safety_settings: None,
            unseen: Vec::new(),
            cached_long: false,
            token_ids: 0,
            cap: Vec::new(),
            usage_edit: None,
        }
    }

    /// Takes the model's name from the body, unless the path names it: the path is what the
    /// upstream goes by.
    pub(super) fn read_model(&mut self, root: &Node<'_>) -> Result<(), DecodeError> {
        self.model_text = read::text_at(root, "model", &At::Root)?;
        if self.model.is_none() {
            self.model = self.model_text.as_ref().map(|text| text.text.clone());
        }
        Ok(())
    }

    /// Takes note of a key behind which the provider keeps content.
    pub(super) fn read_unseen(&mut self, root: &Node<'_>, key: &'static str) {
        if root.get(key).is_some() {
            self.unseen.push(Unseen { key, pointer: At::Key(&At::Root, key).pointer() });
        }
    }

    /// Reads a limit under one of `keys`, and how to lower it; `fresh` is the key to write where
    /// there is none.
    pub(super) fn read_cap(&mut self, root: &Node<'_>, keys: &[&str], fresh: &str) -> Result<(), DecodeError> {
        for key in keys {
            let Some(count) = read::count_at(root, key, &At::Root)? else { continue };
            self.max_output_tokens = self.max_output_tokens.max(Some(count));
            self.cap.extend(root.get(key).map(|node| Slot::Value(node.range.clone())));
        }
        if self.cap.is_empty() {
            self.cap.extend(insertion(root, fresh));
        }
        Ok(())
    }

    /// Gives the results of tools the names of the calls they answer.
    fn name_results(&mut self) {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for part in self.messages.iter_mut().flat_map(|message| &mut message.parts) {
            match part {
                Part::ToolUse(ToolUse { id: Some(id), name, .. }) => {
                    names.insert(id.clone(), name.clone());
                }
                Part::ToolResult(ToolResult { id: Some(id), name: name @ None, .. }) => *name = names.get(id).cloned(),
                _ => {}
            }
        }
    }

    /// Every text in the call, with who may have written it, in the order of the body's parts.
    #[must_use]
    pub fn texts(&self) -> Vec<(Origin, &Text)> {
        let mut texts = self.said();
        texts.extend(self.tools.iter().filter_map(|tool| Some((Origin::System, tool.description.as_ref()?))));
        texts
    }

    /// The texts of system prompt and conversation.
    pub(super) fn said(&self) -> Vec<(Origin, &Text)> {
        let mut texts: Vec<_> = self.system.iter().map(|text| (Origin::System, text)).collect();
        for message in &self.messages {
            let origin = match message.role {
                Role::System => Origin::System,
                Role::User => Origin::User,
                Role::Assistant => Origin::Model,
                Role::Tool | Role::Other => Origin::Stranger,
            };
            for part in &message.parts {
                gather_texts(part, origin, &mut texts);
            }
        }
        texts
    }

    /// Every medium, those in tool results and documents included.
    #[must_use]
    pub fn media(&self) -> Vec<&Media> {
        let mut media = Vec::new();
        for part in self.messages.iter().flat_map(|message| &message.parts) {
            gather_media(part, &mut media);
        }
        media
    }

    /// The edits that cap the output tokens, when the call asks for more than `limit` or says nothing.
    #[must_use]
    pub fn cap_output(&self, limit: u64) -> Vec<Edit> {
        if self.max_output_tokens.is_some_and(|asked| asked <= limit) {
            return Vec::new();
        }
        self.cap.iter().map(|slot| slot.edit(limit)).collect()
    }

    /// The edit that asks for usage in an OpenAI stream, when the client did not. The host then
    /// sets [`super::GuardOptions::drop_usage`], so that the client sees nothing of it.
    #[must_use]
    pub fn ask_for_usage(&self) -> Option<Edit> {
        self.usage_edit.clone().filter(|_| self.stream && !self.include_usage)
    }
}

/// How a key is put into an object: just behind its opening brace.
pub(super) fn insertion(object: &Node<'_>, key: &str) -> Option<Slot> {
    let Json::Object(entries) = &object.json else { return None };
    let after = if entries.is_empty() { "" } else { "," };
    Some(Slot::Insert { at: object.range.start + 1, before: format!("\"{key}\":"), after })
}

fn gather_texts<'c>(part: &'c Part, origin: Origin, texts: &mut Vec<(Origin, &'c Text)>) {
    match part {
        Part::Text(text) => texts.push((origin, text)),
        Part::Reasoning(text) => texts.push((Origin::Model, text)),
        Part::ToolResult(result) => result.parts.iter().for_each(|part| gather_texts(part, Origin::Stranger, texts)),
        Part::Document { texts: inner, .. } => texts.extend(inner.iter().map(|text| (Origin::Document, text))),
        Part::Unknown { texts: inner, .. } => texts.extend(inner.iter().map(|text| (Origin::Stranger, text))),
        Part::ToolUse(_) | Part::Media(_) => {}
    }
}

fn gather_media<'c>(part: &'c Part, media: &mut Vec<&'c Media>) {
    match part {
        Part::Media(one) | Part::Document { media: Some(one), .. } => media.push(one),
        Part::ToolResult(result) => result.parts.iter().for_each(|part| gather_media(part, media)),
        _ => {}
    }
}
