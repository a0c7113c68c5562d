//! Streamed replies, cut into frames, each with the very bytes it came in.

use std::ops::Range;

use super::reply::{ReplyError, StopReason};
use super::route::Route;
use super::usage::Usage;

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
pub enum Delta {
    /// The next piece of a channel.
    Text(Channel, TextDelta),
    /// The whole of a channel, said once more (OpenAI responses).
    WholeText(Channel, TextDelta),
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
    /// The next piece of a tool call's arguments.
    ToolArguments(ToolKey, TextDelta),
    /// The whole arguments of a tool call, at once or once more.
    WholeToolArguments(ToolKey, TextDelta),
    /// Nothing more of this tool call follows.
    ToolEnd(ToolKey),
    /// The model that answers.
    Model(String),
    /// What was consumed so far; the last one counts.
    Usage(Usage),
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

/// Cuts a stream into frames and decodes them. Any split of the bytes gives the same frames.
#[derive(Debug)]
pub struct StreamDecoder {
    route: Route,
    framing: Framing,
    max_frame: usize,
}

impl StreamDecoder {
    /// The most bytes a frame may have, unless told otherwise.
    pub const MAX_FRAME: usize = 1 << 20;

    /// A decoder for one stream.
    #[must_use]
    pub fn new(route: &Route, framing: Framing) -> Self {
        Self { route: route.clone(), framing, max_frame: Self::MAX_FRAME }
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
        let _ = (bytes, &self.route, self.framing);
        Ok(Vec::new())
    }

    /// Declares the end of the stream and gives what was left over, as a frame.
    pub fn finish(&mut self) -> Option<Frame> {
        None
    }

    /// How many bytes wait for the end of their frame.
    #[must_use]
    pub fn buffered(&self) -> usize {
        0
    }
}
