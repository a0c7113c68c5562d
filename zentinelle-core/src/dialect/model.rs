//! What calls and replies are made of, whatever format they came in.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

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

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Who may have written a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The operator: system prompts and tool descriptions.
    System,
    /// The user.
    User,
    /// The model, earlier.
    Model,
    /// A document or search result: retrieved content, so a stranger.
    Document,
    /// A tool, or a part nobody knows: a stranger.
    Stranger,
}
