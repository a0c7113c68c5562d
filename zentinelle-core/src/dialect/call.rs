//! One call to a model, whatever format it came in.

use std::ops::Range;

use serde_json::{Map, Value};

use super::edit::Edit;
use super::error::DecodeError;
use super::estimate::{CountTokens, TokenEstimate};
use super::route::Route;
use crate::decision::Obligation;
use crate::error::Pointer;

/// A text of a body and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The text itself, escapes undone. A half of a surrogate pair reads as U+FFFD.
    pub text: String,
    /// Where in the body.
    pub pointer: Pointer,
    /// The bytes of its string literal in the body, quotes included.
    pub range: Range<usize>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The text of a prompt belongs in no log.
        write!(f, "Text({} bytes at {})", self.text.len(), self.pointer)
    }
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator of the application; also OpenAI's `developer`.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool or function.
    Tool,
    /// A role no format has. Its texts count as a stranger's.
    Other,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Where it stands in the body.
    pub pointer: Pointer,
    /// What it is made of.
    pub parts: Vec<Part>,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Plain text.
    Text(Text),
    /// What the model thought, handed back to it.
    Reasoning(Text),
    /// A tool the model asked for.
    ToolUse(ToolUse),
    /// What a tool returned.
    ToolResult(ToolResult),
    /// A document or a search result with its texts: retrieved content.
    Document {
        /// Title, context and body.
        texts: Vec<Text>,
        /// Its bytes, when it is no plain text.
        media: Option<Media>,
    },
    /// An image, sound, film or file.
    Media(Media),
    /// A kind of part this version does not know, with every text in it. Counts as a stranger's.
    Unknown {
        /// Its `type`, or its only key.
        kind: String,
        /// Every text in it.
        texts: Vec<Text>,
    },
}

/// A tool the model asked for earlier in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolUse {
    /// The id that its result refers to.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// The arguments as JSON text.
    pub arguments: String,
    /// The bytes of the arguments in the body: a string literal with OpenAI, an object elsewhere.
    pub range: Range<usize>,
}

/// What a tool returned.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub id: Option<String>,
    /// The tool, where the body or the call it answers names it.
    pub name: Option<String>,
    /// Its texts, media and whatever else it holds.
    pub parts: Vec<Part>,
}

/// What kind of medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Film.
    Video,
    /// PDF and other documents.
    Document,
    /// A file of no known kind.
    Other,
}

/// One medium a call carries or refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Its media type as stated, such as `image/png`.
    pub mime: Option<String>,
    /// Its size in bytes, decoded. None: it is behind a URL or an id, so nobody here knows.
    pub bytes: Option<u64>,
    /// The URL or file id it stands behind, when its data is not in the body.
    pub reference: Option<String>,
    /// OpenAI's `detail` or Google's `mediaResolution`, as stated.
    pub detail: Option<String>,
    /// Where it stands in the body.
    pub pointer: Pointer,
}

/// Where a tool runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKind {
    /// The client runs it.
    Function,
    /// The provider runs it, such as a web search, so that no call of it can be held back.
    Server,
}

/// A tool the model is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name; for one the provider runs, its type where it has no name.
    pub name: String,
    /// Where it runs.
    pub kind: ToolKind,
    /// What it is for, in words the model reads.
    pub description: Option<Text>,
    /// The JSON schema of its arguments.
    pub schema: Option<Value>,
    /// Where it stands in the body.
    pub pointer: Pointer,
}

/// What the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// One of these.
    Named(Vec<String>),
}

/// Content the provider adds that is not in the body, so that nobody here has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The key that refers to it, such as `previous_response_id`.
    pub key: &'static str,
    /// Where in the body.
    pub pointer: Pointer,
}

/// One call to a model. See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Format and operation.
    pub route: Route,
    /// The model, from the body or the path; the body wins where a format allows both.
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
    /// Where edits may put what the body lacks.
    pub(super) places: Places,
}

/// Where in a body an edit may put a key that is not there yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Just behind the opening brace of the body.
    pub(super) root: usize,
    /// Whether the body has any key at all.
    pub(super) root_is_empty: bool,
}

impl Call {
    /// Reads the body of a call. `query` is the query of the URL without the question mark.
    ///
    /// # Errors
    /// When the body is no JSON, has a key twice, is nested too deeply, or has a value of the wrong
    /// type where this crate reads one. Unknown keys are no error.
    pub fn decode(route: &Route, query: &str, body: &[u8]) -> Result<Self, DecodeError> {
        let _ = (query, body);
        Err(DecodeError {
            code: DecodeError::UNKNOWN_OPERATION,
            pointer: Pointer::ROOT,
            offset: None,
            found: format!("a body of `{}`", route.operation.name()),
            expected: "an operation whose body is known",
        })
    }

    /// Every text in the call, with who may have written it, in the order of the body.
    #[must_use]
    pub fn texts(&self) -> Vec<(Origin, &Text)> {
        self.system.iter().map(|text| (Origin::System, text)).collect()
    }

    /// Every medium, those in tool results included.
    #[must_use]
    pub fn media(&self) -> Vec<&Media> {
        Vec::new()
    }

    /// The facts the evaluators read, under their documented keys. The host adds what only it
    /// knows: `session_id`, `endpoint_id`, `estimated_cost_usd`.
    #[must_use]
    pub fn context(&self, provider: &str, tokens: &TokenEstimate) -> Map<String, Value> {
        let _ = (provider, tokens);
        Map::new()
    }

    /// How many tokens the call holds at most. `counter` counts the tokens of one text exactly
    /// where the model's tokenizer is public; without it an upper estimate is used.
    #[must_use]
    pub fn estimate(&self, counter: Option<&dyn CountTokens>) -> TokenEstimate {
        let _ = counter;
        TokenEstimate::default()
    }

    /// The edits that fulfil those obligations which concern the body of a call: masks of its
    /// texts and a cap on output tokens.
    #[must_use]
    pub fn edits_for(&self, obligations: &[Obligation]) -> Vec<Edit> {
        let _ = obligations;
        Vec::new()
    }

    /// The edit that caps the output tokens, when the call asks for more than `limit` or says nothing.
    #[must_use]
    pub fn cap_output(&self, limit: u64) -> Option<Edit> {
        let _ = limit;
        None
    }

    /// The edit that asks for usage in an OpenAI stream, when the client did not. The host then
    /// sets [`super::GuardOptions::drop_usage`], so that the client sees nothing of it.
    #[must_use]
    pub fn ask_for_usage(&self) -> Option<Edit> {
        None
    }
}

/// Who may have written a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The operator: system prompts and tool descriptions.
    System,
    /// The user.
    User,
    /// The model, earlier.
    Model,
    /// A tool, a document, or a part nobody knows: a stranger.
    Stranger,
}
