//! Watches one stream: lets clean frames through as they came, masks or cuts what the policies
//! forbid, and holds tool calls back until somebody has judged them.
//!
//! ```text
//! loop { guard.push(bytes from upstream); while let Some(said) = guard.poll() { … } }
//! guard.finish(); while let Some(said) = guard.poll() { … }
//! ```
//!
//! Frames leave in the order they came, each with the very bytes it came in unless something in it
//! is masked; then the literals concerned change and nothing else. A frame waits
//!
//! * while the scanner is undecided about its text: never for more than
//!   [`crate::scan::stream::MAX_HOLD_BACK`] bytes of a channel, in practice for about a hundred,
//!   or for a word where no wait is wanted ([`GuardOptions::max_hold_ms`] of zero), and not at all
//!   behind the end of its block or answer;
//! * from the first frame of a tool call on, until the call is complete and has been judged;
//! * for a frame before it that waits.
//!
//! Masking what a model thought makes Anthropic's signature of that thought invalid: the client
//! can read it and cannot hand it back.

mod channel;
mod options;
mod queue;
mod tools;

use std::collections::{BTreeMap, VecDeque};

use self::channel::Watched;
pub use self::options::{Action, GuardOptions, Guarded, ToolAnswer};
use self::queue::{Piece, Queue};
use self::tools::Tools;
use super::inspect::masked_arguments;
use super::reply::StopReason;
use super::route::Route;
use super::stream::{Channel, ChannelKind, Delta, Ending, Frame, Framing, StreamDecoder, TextDelta, ToolKey};
use super::usage::Usage;
use crate::Code;
use crate::scan::{Category, Detectors, Finding, Scanner};

/// Most runs of text in one stream.
const MAX_CHANNELS: usize = 4096;

/// Most tool calls in one stream.
const MAX_CALLS: u64 = 4096;

/// A finding that cuts.
const OUTPUT_BLOCKED: Code = Code::new("dialect.output_blocked");
/// A tool call that may not leave.
const TOOL_DENIED: Code = Code::new("dialect.tool_denied");
/// More waits than may wait.
const HELD_TOO_MUCH: Code = Code::new("dialect.held_too_much");
/// A frame without end.
const FRAME_TOO_LARGE: Code = Code::new("dialect.frame_too_large");
/// A frame that cannot be read.
const UNREADABLE: Code = Code::new("dialect.unreadable_frame");
/// Upstream broke off.
const BROKEN_OFF: Code = Code::new("dialect.upstream_broke_off");

/// Watches one stream. See the module.
#[derive(Debug)]
pub struct StreamGuard {
    options: GuardOptions,
    scanner: Scanner,
    decoder: StreamDecoder,
    queue: Queue,
    channels: BTreeMap<Channel, Watched>,
    tools: Tools,
    said: VecDeque<Guarded>,
    usage: Option<Usage>,
    model: Option<String>,
    stops: Vec<StopReason>,
    /// Whether an element of a list has left.
    after_element: bool,
    over: bool,
}

impl StreamGuard {
    /// A guard for one stream.
    #[must_use]
    pub fn new(route: &Route, framing: Framing, options: GuardOptions) -> Self {
        Self {
            scanner: Scanner::new(options.detectors.clone()),
            decoder: StreamDecoder::new(route, framing).with_max_frame(options.max_frame),
            queue: Queue::default(),
            channels: BTreeMap::new(),
            tools: Tools::default(),
            said: VecDeque::new(),
            usage: None,
            model: None,
            stops: Vec::new(),
            after_element: false,
            over: false,
            options,
        }
    }

    /// Takes the next bytes from upstream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        match self.decoder.push(bytes) {
            Ok(frames) => frames.into_iter().for_each(|frame| self.take(frame)),
            Err(error) => self.cut(FRAME_TOO_LARGE, &error.to_string()),
        }
        self.release();
    }

    /// Declares that upstream has ended.
    pub fn finish(&mut self) {
        if self.over {
            return;
        }
        if let Some(frame) = self.decoder.finish() {
            self.take(frame);
        }
        self.end_everything();
        self.release();
        if !self.over && self.queue.is_empty() {
            self.over = true;
            self.said.push_back(Guarded::End);
        } else {
            // The last tool call still waits for its answer.
            self.queue.ends = true;
        }
    }

    /// Declares that upstream broke off, so that the client is told in its own format: as the
    /// provider's failure, which may be tried again, and not as something that was forbidden.
    pub fn abort(&mut self, message: &str) {
        self.end_early(BROKEN_OFF, message, Ending::BrokenOff);
    }

    /// The next thing to do, until there is none for now.
    pub fn poll(&mut self) -> Option<Guarded> {
        self.said.pop_front()
    }

    /// Answers a [`Guarded::JudgeTool`].
    pub fn answer(&mut self, key: ToolKey, answer: ToolAnswer) {
        if self.over {
            return;
        }
        match answer {
            ToolAnswer::Allow => {
                let masked = self.tools.masked(key);
                self.settle(key, masked);
            }
            ToolAnswer::Replace(arguments) => self.settle(key, Some(arguments)),
            ToolAnswer::Deny(reason) => self.cut(TOOL_DENIED, &reason),
        }
        self.release();
        if self.queue.ends && self.queue.is_empty() && !self.over {
            self.over = true;
            self.said.push_back(Guarded::End);
        }
    }

    /// Ends the stream, well formed in its format, with a reason the client can read.
    pub fn cut(&mut self, code: Code, reason: &str) {
        self.end_early(code, reason, Ending::Denied);
    }

    fn end_early(&mut self, code: Code, reason: &str, why: Ending) {
        if self.over {
            return;
        }
        // What was decided before the place of the cut has left already; the rest never leaves.
        self.queue.clear();
        let ending = self.decoder.ending(why, reason, &self.options.request_id, self.after_element);
        self.over = true;
        if !ending.is_empty() {
            self.said.push_back(Guarded::Release(ending.into_bytes()));
        }
        self.said.push_back(Guarded::Cut { code, reason: reason.to_owned() });
    }

    /// How many bytes are held back now, those of an unfinished frame included.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.queue.bytes() + self.decoder.buffered()
    }

    /// When undecided text waits and `max_hold_ms` is set and not zero: how long the host should wait for more
    /// before it calls [`StreamGuard::flush`]. Unit: milliseconds from the push that began the wait.
    #[must_use]
    pub fn flush_deadline(&self) -> Option<u64> {
        self.options.max_hold_ms.filter(|wait| *wait > 0 && self.queue.waits_for_text())
    }

    /// The number of the frame that has waited longest, so that a host with a running timer can
    /// tell whether it still is the one the timer was started for.
    #[must_use]
    pub fn oldest_held(&self) -> Option<u64> {
        self.queue.oldest()
    }

    /// Releases undecided text as it is. Scanning goes on: what turns out to have begun in it is
    /// reported as late, and the rest of it is masked or cut. Tool calls keep waiting.
    pub fn flush(&mut self) {
        if self.over {
            return;
        }
        for (channel, upto) in self.queue.give_up_waiting() {
            if let Some(watched) = self.channels.get_mut(&channel) {
                watched.left(upto);
            }
        }
        self.release();
    }

    /// What was consumed, as far as the stream has said. None: settle at the reservation.
    #[must_use]
    pub const fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The model that answers, as it names itself.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Why each answer stopped, as far as the stream has said.
    #[must_use]
    pub fn stops(&self) -> &[StopReason] {
        &self.stops
    }

    /// Takes a frame into the queue and looks at all it says.
    fn take(&mut self, frame: Frame) {
        if self.over {
            return;
        }
        // What is decided leaves first, so that a cut costs the client nothing it may have.
        self.release();
        let number = self.queue.push(frame.raw);
        for delta in frame.deltas {
            self.look(number, delta);
            if self.over {
                return;
            }
        }
        let waits = self.held_bytes() > self.options.max_held;
        let remembers = self.tools.bytes() > self.options.max_held.saturating_mul(4);
        if waits || remembers || self.channels.len() > MAX_CHANNELS {
            let reason = format!("more waits to be judged than {} bytes", self.options.max_held);
            self.cut(HELD_TOO_MUCH, &reason);
        }
    }

    fn look(&mut self, number: u64, delta: Delta) {
        match delta {
            Delta::Text(channel, piece) => self.text(number, channel, piece),
            Delta::WholeText(channel, piece) => {
                let known = self.channels.contains_key(&channel);
                self.whole_text(number, channel, piece, known);
            }
            Delta::Aside(piece) => {
                let channel = Channel { kind: ChannelKind::Aside, choice: 0, block: 0 };
                self.whole_text(number, channel, piece, false);
            }
            Delta::ChannelEnd(choice, block) => {
                for kind in [ChannelKind::Text, ChannelKind::Reasoning] {
                    self.end_channel(Channel { kind, choice, block });
                }
            }
            Delta::Shadow(range) => self.queue.shadow(number, range),
            Delta::ToolStart { .. }
            | Delta::ToolName(..)
            | Delta::ToolArguments(..)
            | Delta::WholeToolArguments(..)
            | Delta::JoinedToolArguments(..)
            | Delta::ToolEnd(..)
                if !self.watches_tools() => {}
            Delta::ToolStart { .. } if self.tools.begun() >= MAX_CALLS => {
                self.cut(HELD_TOO_MUCH, "the model asks for more tools than one reply may");
            }
            Delta::ToolStart { key, id, name, by_provider, freeform } => {
                // A place used again before its call has ended: that call is complete as it stands.
                self.end_tool(key);
                if self.over {
                    return;
                }
                let first = self.tools.start(key, id, name, by_provider, freeform);
                self.queue.wait_for_tool(number, first);
            }
            Delta::ToolName(key, name) => self.tools.name(key, &name),
            Delta::ToolArguments(key, piece) => self.arguments(number, key, piece, false),
            Delta::WholeToolArguments(key, piece) => self.arguments(number, key, piece, true),
            Delta::JoinedToolArguments(key, arguments) => self.tools.joined(key, arguments),
            Delta::ToolEnd(key) => self.end_tool(key),
            Delta::Model(model) => self.model = Some(model),
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::UsageOnly => {
                if self.options.drop_usage {
                    self.queue.drop_frame(number);
                }
            }
            Delta::NoUsage(range) => {
                if self.options.drop_usage {
                    self.queue.cut_out(number, range);
                }
            }
            Delta::Stop { reason, .. } => self.stops.push(reason),
            Delta::Error(_) => {}
            Delta::Done => self.end_everything(),
            Delta::Unreadable => {
                if !self.options.pass_unreadable {
                    self.cut(UNREADABLE, "a frame of the stream could not be read");
                }
            }
        }
    }

    fn text(&mut self, number: u64, channel: Channel, piece: TextDelta) {
        if self.options.detectors == Detectors::NONE || piece.text.is_empty() {
            return;
        }
        let watched = self
            .channels
            .entry(channel)
            .or_insert_with(|| Watched::new(self.options.detectors.clone(), self.options.max_hold_ms == Some(0)));
        let (start, release) = watched.push(&piece.text);
        self.queue.wait_for_text(number, channel, Piece::new(piece, start));
        self.heed(channel, release);
    }

    /// Acts on what a scanner found and decided.
    fn heed(&mut self, channel: Channel, findings: Vec<Finding>) {
        let Some(watched) = self.channels.get_mut(&channel) else { return };
        if !findings.is_empty() {
            let late = watched.is_late(&findings);
            let cuts = findings.iter().find(|finding| cuts(&self.options, finding)).cloned();
            if self.options.action != Action::Report {
                watched.mask(&findings);
            }
            self.said.push_back(Guarded::Found { channel, findings, late });
            if let Some(finding) = cuts {
                // What stands wholly before the finding may leave first.
                let number = self.queue.frame_of(channel, finding.span.start);
                self.queue.decide(channel, finding.span.start, &*watched);
                self.queue.truncate(number);
                self.release();
                return self.cut(OUTPUT_BLOCKED, &reason(&finding));
            }
        }
        if let Some(upto) = self.queue.decide(channel, watched.decided(), watched) {
            watched.left(upto);
        }
        watched.forget();
    }

    fn end_channel(&mut self, channel: Channel) {
        if let Some(findings) = self.channels.get_mut(&channel).and_then(Watched::finish) {
            self.heed(channel, findings);
        }
    }

    /// A text that is said whole is scanned by itself. What its deltas showed is not reported again.
    fn whole_text(&mut self, number: u64, channel: Channel, piece: TextDelta, known: bool) {
        if self.options.detectors == Detectors::NONE {
            return;
        }
        let findings = self.scanner.scan(&piece.text);
        if findings.is_empty() {
            return;
        }
        let cuts = findings.iter().find(|finding| cuts(&self.options, finding)).cloned();
        if self.options.action == Action::Mask {
            self.queue.edit(number, piece.range, &self.scanner.redact(&piece.text, &findings));
        }
        if !known {
            self.said.push_back(Guarded::Found { channel, findings, late: false });
        }
        if let Some(finding) = cuts {
            self.queue.truncate(Some(number));
            self.release();
            self.cut(OUTPUT_BLOCKED, &reason(&finding));
        }
    }

    fn watches_tools(&self) -> bool {
        self.options.judge_tools || (self.options.scan_arguments && self.options.detectors != Detectors::NONE)
    }

    fn arguments(&mut self, number: u64, key: ToolKey, piece: TextDelta, whole: bool) {
        match self.tools.piece(key, number, &piece, whole) {
            tools::Said::Added { first } => {
                if let Some(first) = first {
                    self.queue.wait_for_tool(number, first);
                }
            }
            // Said once more, as it was judged.
            tools::Said::Again { replaced: Some(arguments) } => self.queue.edit_json(number, piece.range, &arguments),
            tools::Said::Again { replaced: None } => {}
            // Said once more, and differently: a call of its own.
            tools::Said::Other { first } => {
                self.queue.wait_for_tool(number, first);
                self.end_tool(key);
            }
        }
    }

    /// A tool call is complete: its arguments are looked at, and the host is asked.
    fn end_tool(&mut self, key: ToolKey) {
        let Some(call) = self.tools.end(key) else { return };
        if call.name.is_empty() {
            return self.cut(TOOL_DENIED, "a tool call of the model names no tool");
        }
        if self.options.scan_arguments && self.options.detectors != Detectors::NONE {
            let (masked, findings) = masked_arguments(&self.scanner, &call.arguments, call.freeform);
            if !findings.is_empty() {
                let cuts = findings.iter().find(|finding| cuts(&self.options, finding)).cloned();
                let channel = Channel { kind: ChannelKind::Arguments, choice: key.choice, block: key.index };
                self.said.push_back(Guarded::Found { channel, findings, late: false });
                if let Some(finding) = cuts {
                    return self.cut(OUTPUT_BLOCKED, &reason(&finding));
                }
                if self.options.action == Action::Mask {
                    self.tools.mask(key, masked);
                }
            }
        }
        if self.options.judge_tools {
            self.said.push_back(Guarded::JudgeTool(key, call));
        } else {
            let masked = self.tools.masked(key);
            self.settle(key, masked);
        }
    }

    /// A tool call may leave, with other arguments if there are any.
    fn settle(&mut self, key: ToolKey, replaced: Option<String>) {
        let Some(settled) = self.tools.settle(key, replaced.clone()) else { return };
        if let Some(arguments) = replaced {
            if settled.pieces.is_empty() {
                return self.cut(TOOL_DENIED, "the arguments of a tool call could not be replaced where they stand");
            }
            let mut first = true;
            for piece in settled.pieces {
                if piece.whole {
                    self.queue.edit_json(piece.frame, piece.range, &arguments);
                } else {
                    let text = if std::mem::take(&mut first) { arguments.as_str() } else { "" };
                    self.queue.edit(piece.frame, piece.range, text);
                }
            }
        }
        self.queue.tool_settled(settled.first);
    }

    fn end_everything(&mut self) {
        let open: Vec<Channel> = self.channels.keys().copied().collect();
        for channel in open {
            self.end_channel(channel);
        }
        for key in self.tools.open() {
            self.end_tool(key);
        }
    }

    fn release(&mut self) {
        let bytes = self.queue.release();
        if bytes.is_empty() || self.over {
            return;
        }
        self.after_element |= bytes.contains(&b'{');
        match self.said.back_mut() {
            Some(Guarded::Release(before)) => before.extend(bytes),
            _ => self.said.push_back(Guarded::Release(bytes)),
        }
    }
}

fn cuts(options: &GuardOptions, finding: &Finding) -> bool {
    options.action == Action::Cut || options.cut_on.contains(&finding.category)
}

fn reason(finding: &Finding) -> String {
    let what = match finding.category {
        Category::Secret => "a secret",
        Category::Pii | Category::Phi => "personal data",
        Category::Injection | Category::Jailbreak => "orders to a model",
        Category::Profanity => "offensive content",
    };
    format!("the output holds {what} ({})", finding.kind)
}
