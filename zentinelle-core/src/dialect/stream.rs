//! Streamed replies, cut into frames, each with the very bytes it came in.

use std::ops::Range;

use serde_json::json;

use super::json_spans::{self, Json, Node};
use super::read::{At, readable_texts};
use super::reply::{ReplyError, StopReason};
use super::route::{Operation, Route};
use super::usage::Usage;
use super::{anthropic, google, openai_chat, openai_responses, sse};

/// Why a stream ends before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Policies have something against it.
    Denied,
    /// The provider broke off.
    BrokenOff,
}

/// How a stream is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON array, written piece by piece: Google without `alt=sse`.
    JsonArray,
}

impl Framing {
    /// The framing of a response, told from its `Content-Type`. None: it is no stream.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("text/event-stream") {
            Some(Self::Sse)
        } else if kind.eq_ignore_ascii_case("application/json") {
            Some(Self::JsonArray)
        } else {
            None
        }
    }
}

/// What sort of text a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChannelKind {
    /// What the model says, refusals included.
    Text,
    /// What the model thinks.
    Reasoning,
    /// The arguments of a tool call; `block` is its place.
    Arguments,
    /// Words beside the answer, such as citations, each looked at by itself.
    Aside,
}

/// One run of text in a stream: deltas of the same channel are one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    /// What sort of text.
    pub kind: ChannelKind,
    /// The answer it belongs to, from zero.
    pub choice: u32,
    /// The block or part within the answer, from zero.
    pub block: u32,
}

/// One tool call in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolKey {
    /// The answer it belongs to, from zero.
    pub choice: u32,
    /// Its place, as the format counts.
    pub index: u32,
}

/// A text in a frame and the bytes of its string literal in [`Frame::raw`], quotes included.
#[derive(Clone, PartialEq, Eq)]
pub struct TextDelta {
    /// The text.
    pub text: String,
    /// Its literal in the frame.
    pub range: Range<usize>,
}

impl std::fmt::Debug for TextDelta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextDelta({} bytes)", self.text.len())
    }
}

/// One thing a frame says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// The next piece of a channel.
    Text(Channel, TextDelta),
    /// The whole of a channel, said once more (OpenAI responses).
    WholeText(Channel, TextDelta),
    /// The channels of this answer and block are complete.
    ChannelEnd(u32, u32),
    /// Words beside the answer, such as a citation or the title of a search result.
    Aside(TextDelta),
    /// A value that says a text once more token by token, such as log probabilities.
    Shadow(Range<usize>),
    /// A tool call begins.
    ToolStart {
        /// Which.
        key: ToolKey,
        /// The id its result will refer to.
        id: Option<String>,
        /// The tool.
        name: String,
        /// Whether the provider runs it.
        by_provider: bool,
        /// Whether its arguments are plain text instead of JSON.
        freeform: bool,
    },
    /// The name of a tool call once more, or more of it.
    ToolName(ToolKey, String),
    /// The next piece of a tool call's arguments.
    ToolArguments(ToolKey, TextDelta),
    /// The whole arguments of a tool call, at once or once more.
    WholeToolArguments(ToolKey, TextDelta),
    /// The whole arguments of a tool call, joined from pieces that stand in no one place (Google).
    JoinedToolArguments(ToolKey, String),
    /// Nothing more of this tool call follows.
    ToolEnd(ToolKey),
    /// The model that answers.
    Model(String),
    /// What was consumed so far; the last one counts.
    Usage(Usage),
    /// This frame states usage and nothing else.
    UsageOnly,
    /// This frame says here that it states no usage: a key without a value, and the comma beside it.
    NoUsage(Range<usize>),
    /// An answer ended.
    Stop {
        /// Which.
        choice: u32,
        /// Why.
        reason: StopReason,
    },
    /// The provider reports an error in the stream.
    Error(ReplyError),
    /// The stream is complete; what follows means nothing.
    Done,
    /// The data of this frame could not be read.
    Unreadable,
}

impl Delta {
    /// The place in the frame it is about.
    pub(super) fn range_mut(&mut self) -> Option<&mut Range<usize>> {
        match self {
            Self::Text(_, piece)
            | Self::WholeText(_, piece)
            | Self::Aside(piece)
            | Self::ToolArguments(_, piece)
            | Self::WholeToolArguments(_, piece) => Some(&mut piece.range),
            Self::Shadow(range) | Self::NoUsage(range) => Some(range),
            _ => None,
        }
    }
}

/// A text of a frame, when the value is one.
pub(super) fn literal(node: &Node<'_>) -> Option<TextDelta> {
    Some(TextDelta { text: node.text()?.into_owned(), range: node.range.clone() })
}

/// A value that says texts once more; an empty one says nothing.
pub(super) fn shadow(node: Option<&Node<'_>>) -> Option<Delta> {
    let node = node.filter(|node| !matches!(&node.json, Json::Array(items) if items.is_empty()))?;
    Some(Delta::Shadow(node.range.clone()))
}

/// Every readable text of a value nobody knows the shape of, each by itself.
pub(super) fn asides(node: &Node<'_>, out: &mut Vec<Delta>) {
    let mut texts = Vec::new();
    readable_texts(node, &At::Root, &mut texts);
    out.extend(texts.into_iter().map(|text| Delta::Aside(TextDelta { text: text.text, range: text.range })));
}

/// One frame of a stream. The frames' bytes in order are the stream's.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The very bytes it came in, separators included.
    pub raw: Vec<u8>,
    /// What it says, in order. Empty for comments, pings and unknown events.
    pub deltas: Vec<Delta>,
}

/// Why a stream cannot be cut into frames any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A frame without end.
    #[error("a frame of the stream has more than {limit} bytes")]
    FrameTooLarge {
        /// The limit.
        limit: usize,
    },
}

/// What a format remembers between frames.
#[derive(Clone, Debug)]
enum Memory {
    Chat(openai_chat::Stream),
    Responses(openai_responses::Stream),
    Anthropic(anthropic::Stream),
    Google(google::Stream),
    /// A stream of no known operation: every text in it is looked at by itself.
    Unknown,
}

/// Cuts a stream into frames and decodes them. Any split of the bytes gives the same frames.
///
/// How it is framed is what the host was told, by the call or by the `Content-Type`; the first
/// byte that says something has the last word. Google's events and its array say the same, so
/// either is read whatever was told. Anything else that is not what was told reads as
/// [`Delta::Unreadable`]: a reader of events skips what is no event, and a client may not.
///
/// A frame of events ends behind its empty line. Where lines end with a lone carriage return it
/// ends one byte later, because a line feed might follow and would belong to it.
#[derive(Clone, Debug)]
pub struct StreamDecoder {
    framing: Framing,
    cutter: sse::Cutter,
    memory: Memory,
    max_frame: usize,
    failed: bool,
    /// Whether a byte has come that tells how the stream is framed.
    begun: bool,
    /// Whether it is framed in no way that can be read.
    foreign: bool,
}

impl StreamDecoder {
    /// The most bytes a frame may have, unless told otherwise.
    pub const MAX_FRAME: usize = 1 << 20;

    /// A decoder for one stream.
    #[must_use]
    pub fn new(route: &Route, framing: Framing) -> Self {
        let memory = match route.operation {
            Operation::ChatCompletions => Memory::Chat(openai_chat::Stream::default()),
            Operation::Completions => Memory::Chat(openai_chat::Stream::of_completions()),
            Operation::Responses => Memory::Responses(openai_responses::Stream::default()),
            Operation::Messages => Memory::Anthropic(anthropic::Stream::default()),
            Operation::GenerateContent | Operation::StreamGenerateContent => Memory::Google(google::Stream::default()),
            _ => Memory::Unknown,
        };
        let cutter = sse::Cutter::new(framing);
        Self { framing, cutter, memory, max_frame: Self::MAX_FRAME, failed: false, begun: false, foreign: false }
    }

    /// The same decoder with another limit for one frame, in bytes.
    #[must_use]
    pub fn with_max_frame(mut self, max_frame: usize) -> Self {
        self.max_frame = max_frame;
        self
    }

    /// Takes the next bytes and gives the frames they complete.
    ///
    /// # Errors
    /// When a frame grows beyond the limit. The decoder gives nothing more after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, StreamError> {
        if self.failed {
            return Ok(Vec::new());
        }
        let mut raws = Vec::new();
        let mut rest = bytes;
        if !self.begun {
            let (blank, told) = sse::first_sign(bytes);
            raws = self.cutter.push(blank);
            rest = bytes.get(blank.len()..).unwrap_or_default();
            self.begun = told.is_some();
            self.heed(told);
        }
        raws.extend(self.cutter.push(rest));
        let limit = self.max_frame;
        if self.cutter.buffered() > limit || raws.iter().any(|raw| raw.len() > limit) {
            self.failed = true;
            return Err(StreamError::FrameTooLarge { limit });
        }
        Ok(raws.into_iter().map(|raw| self.frame(raw)).collect())
    }

    /// Declares the end of the stream and gives what was left over, as a frame.
    pub fn finish(&mut self) -> Option<Frame> {
        let raw = if self.failed { Vec::new() } else { self.cutter.finish() };
        let mut frame = self.frame(raw);
        match &mut self.memory {
            Memory::Chat(stream) => stream.close(&mut frame.deltas),
            Memory::Google(stream) => stream.done(&mut frame.deltas),
            Memory::Responses(_) | Memory::Anthropic(_) | Memory::Unknown => {}
        }
        (!frame.raw.is_empty() || !frame.deltas.is_empty()).then_some(frame)
    }

    /// How many bytes wait for the end of their frame.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.cutter.buffered()
    }

    /// What ends the stream early, well formed in its format. `after_element` says whether an
    /// element of a list has left.
    pub(super) fn ending(&self, why: Ending, message: &str, request_id: &str, after_element: bool) -> String {
        match (&self.memory, why) {
            (Memory::Chat(stream), Ending::Denied) => stream.ending(message),
            (Memory::Chat(_), Ending::BrokenOff) => {
                let error =
                    json!({ "message": message, "type": "server_error", "code": "upstream_error", "param": null });
                format!("data: {}\n\ndata: [DONE]\n\n", json!({ "error": error }))
            }
            (Memory::Responses(stream), Ending::Denied) => stream.ending(message),
            (Memory::Responses(stream), Ending::BrokenOff) => stream.failure(message),
            (Memory::Anthropic(_), Ending::Denied) => anthropic::ending("permission_error", message, request_id),
            (Memory::Anthropic(_), Ending::BrokenOff) => anthropic::ending("api_error", message, request_id),
            (Memory::Google(stream), Ending::Denied) => stream.ending(self.framing, after_element, message),
            (Memory::Google(_), Ending::BrokenOff) => {
                let error = json!({ "error": { "code": 502, "message": message, "status": "UNAVAILABLE" } });
                match self.framing {
                    Framing::Sse => format!("data: {error}\n\n"),
                    Framing::JsonArray => format!("{}{error}]", if after_element { "," } else { "[" }),
                }
            }
            (Memory::Unknown, _) => String::new(),
        }
    }

    /// Goes by how the stream really is framed.
    fn heed(&mut self, told: Option<sse::Sign>) {
        let framing = match told {
            None => return,
            Some(sse::Sign::Framed(framing)) if framing == self.framing => return,
            Some(sse::Sign::Framed(framing)) if matches!(self.memory, Memory::Google(_) | Memory::Unknown) => framing,
            Some(_) => {
                self.foreign = true;
                return;
            }
        };
        let blank = self.cutter.finish();
        self.framing = framing;
        self.cutter = sse::Cutter::new(framing);
        self.cutter.push(&blank);
    }

    fn frame(&mut self, raw: Vec<u8>) -> Frame {
        let mut deltas = Vec::new();
        if self.foreign {
            if !raw.trim_ascii().is_empty() {
                deltas.push(Delta::Unreadable);
            }
            return Frame { raw, deltas };
        }
        let event = match self.framing {
            Framing::Sse => sse::event(&raw),
            Framing::JsonArray => sse::element(&raw),
        };
        match event {
            sse::Event::Nothing => {}
            sse::Event::Unreadable => deltas.push(Delta::Unreadable),
            sse::Event::Data { name, data } => {
                if data.text().trim_start().starts_with("[DONE]") {
                    self.done(&mut deltas);
                } else {
                    self.read(name, data.text().as_bytes(), &mut deltas);
                    data.place(&mut deltas);
                }
            }
        }
        Frame { raw, deltas }
    }

    fn done(&mut self, deltas: &mut Vec<Delta>) {
        match &mut self.memory {
            Memory::Chat(stream) => stream.close(deltas),
            Memory::Google(stream) => stream.done(deltas),
            Memory::Responses(_) | Memory::Anthropic(_) | Memory::Unknown => {}
        }
        deltas.push(Delta::Done);
    }

    fn read(&mut self, name: Option<&str>, data: &[u8], deltas: &mut Vec<Delta>) {
        let Ok(root) = json_spans::parse(data) else {
            deltas.push(Delta::Unreadable);
            return;
        };
        match &mut self.memory {
            Memory::Chat(stream) => stream.read(&root, data, deltas),
            Memory::Responses(stream) => stream.read(&root, data, deltas),
            Memory::Anthropic(stream) => stream.read(&root, data, deltas),
            Memory::Google(stream) => stream.read(&root, data, deltas),
            Memory::Unknown => asides(&root, deltas),
        }
        // SDKs go by the name of the event where it is an error.
        if name == Some("error") && !deltas.iter().any(|delta| matches!(delta, Delta::Error(_))) {
            deltas.push(Delta::Error(openai_chat::error_of(root.get("error").unwrap_or(&root))));
        }
    }
}
