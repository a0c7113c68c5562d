//! How a stream is watched, and what the guard says of it.

use super::super::reply::ToolCall;
use super::super::stream::{Channel, ToolKey};
use crate::Code;
use crate::scan::{Category, Detectors, Finding};

/// What happens to what the detectors find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is replaced by its marker.
    Mask,
    /// The stream ends there, well formed in its format.
    Cut,
    /// It is only reported.
    Report,
}

/// How a stream is watched.
#[derive(Clone, Debug)]
pub struct GuardOptions {
    /// What is looked for. [`Detectors::NONE`]: nothing, and no text is held back.
    pub detectors: Detectors,
    /// What happens to what is found. Default: cut.
    pub action: Action,
    /// Findings that cut whatever `action` says. Default: none.
    pub cut_on: Vec<Category>,
    /// Whether the arguments of tool calls are looked at as well. Default: true.
    pub scan_arguments: bool,
    /// Whether tool calls wait for [`super::StreamGuard::answer`]. Default: true.
    pub judge_tools: bool,
    /// Most bytes of frames that wait, whatever for; beyond it the stream is cut. Default: 1 MiB.
    pub max_held: usize,
    /// Most bytes of one frame. Default: 1 MiB.
    pub max_frame: usize,
    /// How long undecided text may wait before the host calls [`super::StreamGuard::flush`]. Zero:
    /// text leaves at once, word by word, and only what shows a sign of something waits until it is
    /// decided ([`crate::scan::stream::StreamScanner::prompt`]); nothing is flushed. Unit:
    /// milliseconds. Default: none, it waits for the next bytes.
    pub max_hold_ms: Option<u64>,
    /// Whether a frame that cannot be read passes; if not, the stream is cut. Default: false.
    pub pass_unreadable: bool,
    /// Whether the frame that only states usage, and the `"usage": null` of the others, are kept from
    /// the client, since the host and not the client asked for them. Default: false.
    pub drop_usage: bool,
    /// The id that a cut names.
    pub request_id: String,
}

impl Default for GuardOptions {
    fn default() -> Self {
        Self {
            detectors: Detectors::ALL,
            action: Action::Cut,
            cut_on: Vec::new(),
            scan_arguments: true,
            judge_tools: true,
            max_held: 1 << 20,
            max_frame: 1 << 20,
            max_hold_ms: None,
            pass_unreadable: false,
            drop_usage: false,
            request_id: String::new(),
        }
    }
}

/// The host's answer about a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolAnswer {
    /// It may leave as it came.
    Allow,
    /// It may leave with these arguments (JSON text) instead.
    Replace(String),
    /// It may not leave: the stream ends with this message, which the client's SDK shows.
    Deny(String),
}

/// What the guard says next.
#[derive(Clone, Debug, PartialEq)]
pub enum Guarded {
    /// These bytes may go to the client now.
    Release(Vec<u8>),
    /// This tool call waits for [`super::StreamGuard::answer`]; nothing behind it leaves before that.
    JudgeTool(ToolKey, ToolCall),
    /// The detectors found something. Spans are bytes of the channel's text.
    Found {
        /// Where.
        channel: Channel,
        /// What.
        findings: Vec<Finding>,
        /// Whether some of it had already left, after a flush or because no wait was wanted.
        late: bool,
    },
    /// The stream was cut; the ending has been released, the upstream may be dropped.
    Cut {
        /// The stable code, such as `dialect.output_blocked`.
        code: Code,
        /// Why, in words.
        reason: String,
    },
    /// The stream is over and everything was released.
    End,
}
