//! One whole reply of a model, whatever format it came in.

use std::ops::Range;

use serde_json::{Map, Value};

use super::call::Text;
use super::edit::Edit;
use super::error::DecodeError;
use super::route::Route;
use super::usage::Usage;
use crate::decision::Obligation;
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
}

impl ToolCall {
    /// The facts for judging it as `tool_call`: `tool_name` and `tool_args`. Arguments that are no
    /// JSON object are handed on as a text under `tool_args`, which denies where arguments matter.
    #[must_use]
    pub fn context(&self, provider: &str, model: Option<&str>) -> Map<String, Value> {
        let _ = (provider, model);
        Map::new()
    }
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
}

impl Reply {
    /// Reads a whole reply.
    ///
    /// # Errors
    /// As [`super::Call::decode`].
    pub fn decode(route: &Route, body: &[u8]) -> Result<Self, DecodeError> {
        let _ = (route, body);
        Ok(Self::default())
    }

    /// The facts for judging it as `llm:response`: `output_text` is every text and reasoning in
    /// order, joined by newlines; `output` is the list of the tool calls' arguments.
    #[must_use]
    pub fn context(&self, provider: &str) -> Map<String, Value> {
        let _ = provider;
        Map::new()
    }

    /// The edits that fulfil the masks of a decision about [`Reply::context`].
    #[must_use]
    pub fn edits_for(&self, obligations: &[Obligation]) -> Vec<Edit> {
        let _ = obligations;
        Vec::new()
    }
}
