//! One whole reply of a model, whatever format it came in.

use std::ops::Range;

use super::edit::Edit;
use super::error::DecodeError;
use super::json_spans::{self, Json, Node};
use super::model::Text;
use super::route::{Operation, Route};
use super::usage::Usage;
use super::{anthropic, google, openai_chat, openai_responses, openai_texts};
use crate::error::Pointer;

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It had said all, or met a stop sequence.
    End,
    /// It met the limit of tokens or of its context.
    Length,
    /// It waits for the results of tools.
    ToolUse,
    /// The provider refused or filtered.
    Filtered,
    /// Any other, as the provider writes it.
    Other(String),
}

/// A tool the model asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Its place among the tool calls of the reply, from zero.
    pub index: usize,
    /// The id its result will refer to.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// The arguments as JSON text. May be no JSON: models err, and see `freeform`.
    pub arguments: String,
    /// Whether the tool takes plain text instead of JSON (OpenAI custom tools).
    pub freeform: bool,
    /// Whether the provider runs it, so that it has already happened.
    pub by_provider: bool,
    /// Where the arguments stand in the body.
    pub pointer: Pointer,
    /// The bytes of the arguments in the body: a string literal with OpenAI, an object elsewhere.
    pub range: Range<usize>,
    /// Whether these bytes are a string literal, so that other arguments must be written as one.
    pub quoted: bool,
}

impl std::fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments may hold anything, so they belong in no log.
        write!(f, "ToolCall({} `{}`, {} bytes at {})", self.index, self.name, self.arguments.len(), self.pointer)
    }
}

/// An error a provider answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyError {
    /// The provider's type or status word.
    pub kind: String,
    /// The provider's message.
    pub message: String,
}

/// One whole reply. See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The model that answered, as it names itself.
    pub model: Option<String>,
    /// What it said, refusals included, in the order of the body.
    pub texts: Vec<Text>,
    /// What it thought, where that is readable.
    pub reasoning: Vec<Text>,
    /// The tools it asks for.
    pub tool_calls: Vec<ToolCall>,
    /// What it consumed. None: the reply does not say, so settle at the reservation.
    pub usage: Option<Usage>,
    /// Why it stopped, for each answer.
    pub stops: Vec<StopReason>,
    /// How many answers there are.
    pub choices: usize,
    /// The error, when the body is one.
    pub error: Option<ReplyError>,
    /// What takes away the values that say a text once more, token by token, when any is masked.
    pub(super) shadows: Vec<Edit>,
}

impl Reply {
    /// Reads a whole reply.
    ///
    /// # Errors
    /// As [`super::Call::decode`].
    pub fn decode(route: &Route, body: &[u8]) -> Result<Self, DecodeError> {
        let mut reply = Self::default();
        let reader = match route.operation {
            Operation::ChatCompletions => openai_chat::reply,
            Operation::Responses => openai_responses::reply,
            Operation::Completions => openai_texts::completed,
            Operation::Embeddings => openai_texts::embedded,
            Operation::Messages | Operation::CountMessageTokens => anthropic::reply,
            Operation::GenerateContent | Operation::StreamGenerateContent => google::reply,
            Operation::CountTokens => google::count_reply,
            Operation::EmbedContent | Operation::BatchEmbedContents => google::embed_reply,
            // Nothing of it is known but that an error says `error`.
            _ => unknown,
        };
        let root = json_spans::parse(body)?;
        reader(&root, body, &mut reply)?;
        Ok(reply)
    }
}

impl Reply {
    /// Takes note of a value that says texts once more.
    pub(super) fn shadow(&mut self, node: Option<&Node<'_>>) {
        let Some(node) = node else { return };
        let nothing = if matches!(node.json, Json::Array(_)) { "[]" } else { "null" };
        self.shadows.push(Edit::json(node.range.clone(), nothing));
    }
}

fn unknown(root: &Node<'_>, _: &[u8], reply: &mut Reply) -> Result<(), DecodeError> {
    reply.error = root.get("error").map(openai_chat::error_of);
    reply.usage = root.get("usage").map(openai_chat::usage);
    Ok(())
}
