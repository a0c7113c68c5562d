//! Watches one stream: lets clean frames through as they came, masks or cuts what the policies
//! forbid, and holds tool calls back until somebody has judged them.
//!
//! ```text
//! loop { guard.push(bytes from upstream); while let Some(said) = guard.poll() { … } }
//! guard.finish(); while let Some(said) = guard.poll() { … }
//! ```
//!
//! Text is held back while the scanner is undecided, which is never more than
//! [`crate::scan::stream::MAX_HOLD_BACK`] bytes of a channel, and in practice the frames of the
//! last hundred bytes. A tool call is held back from its first frame until it is judged.

use super::reply::ToolCall;
use super::route::Route;
use super::stream::{Channel, Framing, ToolKey};
use super::usage::Usage;
use crate::scan::{Detectors, Finding};

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
    pub cut_on: Vec<crate::scan::Category>,
    /// Whether tool calls wait for [`StreamGuard::answer`]. Default: true.
    pub judge_tools: bool,
    /// Most bytes of frames that wait, whatever for; beyond it the stream is cut. Default: 1 MiB.
    pub max_held: usize,
    /// Most bytes of one frame. Default: 1 MiB.
    pub max_frame: usize,
    /// How long undecided text may wait before the host calls [`StreamGuard::flush`]. Unit:
    /// milliseconds. Default: none, it waits for the next bytes.
    pub max_hold_ms: Option<u64>,
    /// Whether a frame that cannot be read passes; if not, the stream is cut. Default: false.
    pub pass_unreadable: bool,
    /// Whether the frame that only states usage is kept from the client, since the host and not
    /// the client asked for it. Default: false.
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
    /// This tool call waits for [`StreamGuard::answer`]; nothing behind it leaves before that.
    JudgeTool(ToolKey, ToolCall),
    /// The detectors found something. Spans are bytes of the channel's text.
    Found {
        /// Where.
        channel: Channel,
        /// What.
        findings: Vec<Finding>,
        /// Whether some of it had already left, after a flush.
        late: bool,
    },
    /// The stream was cut; the ending has been released, the upstream may be dropped.
    Cut {
        /// The stable code, such as `dialect.output_blocked`.
        code: crate::Code,
        /// Why, in words.
        reason: String,
    },
    /// The stream is over and everything was released.
    End,
}

/// Watches one stream. See the module.
#[derive(Debug)]
pub struct StreamGuard {
    options: GuardOptions,
    usage: Option<Usage>,
    model: Option<String>,
}

impl StreamGuard {
    /// A guard for one stream.
    #[must_use]
    pub fn new(route: &Route, framing: Framing, options: GuardOptions) -> Self {
        let _ = (route, framing);
        Self { options, usage: None, model: None }
    }

    /// Takes the next bytes from upstream.
    pub fn push(&mut self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// Declares that upstream has ended.
    pub fn finish(&mut self) {}

    /// Declares that upstream broke off, so that the client is told in its own format.
    pub fn abort(&mut self, message: &str) {
        let _ = message;
    }

    /// The next thing to do, until there is none for now.
    pub fn poll(&mut self) -> Option<Guarded> {
        None
    }

    /// Answers a [`Guarded::JudgeTool`].
    pub fn answer(&mut self, key: ToolKey, answer: ToolAnswer) {
        let _ = (key, answer);
    }

    /// Ends the stream, well formed in its format, with a reason the client can read.
    pub fn cut(&mut self, code: crate::Code, reason: &str) {
        let _ = (code, reason);
    }

    /// How many bytes of frames are held back now.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        0
    }

    /// When undecided text waits and `max_hold_ms` is set: how long the host should wait for more
    /// before it calls [`StreamGuard::flush`]. Unit: milliseconds from the push that began the wait.
    #[must_use]
    pub fn flush_deadline(&self) -> Option<u64> {
        self.options.max_hold_ms
    }

    /// Releases undecided text as it is. Scanning goes on: what turns out to have begun in it is
    /// reported as late, and the rest of it is masked or cut. Tool calls keep waiting.
    pub fn flush(&mut self) {}

    /// What was consumed, as far as the stream has said. None: settle at the reservation.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The model that answers, as it names itself.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}
