//! The frames that wait, in the order they came.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use serde_json::Value;

use super::super::edit::{Edit, rewrite};
use super::super::stream::{Channel, TextDelta};
use super::channel::Watched;

/// One piece of a channel's text in a frame.
#[derive(Debug)]
pub(super) struct Piece {
    text: String,
    /// Where it begins in its channel.
    start: usize,
    /// Its literal in the frame.
    range: Range<usize>,
}

impl Piece {
    pub(super) fn new(delta: TextDelta, start: usize) -> Self {
        Self { text: delta.text, start, range: delta.range }
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

#[derive(Debug, Default)]
struct Held {
    raw: Vec<u8>,
    edits: Vec<Edit>,
    /// What says the frame's texts once more: gone when any of them changes.
    shadows: Vec<Range<usize>>,
    /// What is cut out whatever the frame says.
    cuts: Vec<Range<usize>>,
    /// How many pieces of text are undecided.
    undecided: usize,
    /// The tool calls, by number, that must be judged first.
    tools: Vec<u64>,
    dropped: bool,
}

/// See the module. Frames are numbered from zero.
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<Held>,
    /// The number of the first frame that waits.
    first: u64,
    bytes: usize,
    /// The undecided pieces of each channel, with the numbers of their frames.
    pieces: BTreeMap<Channel, VecDeque<(u64, Piece)>>,
    /// Whether the stream ends when the queue is empty.
    pub(super) ends: bool,
}

impl Queue {
    /// Takes a frame and gives its number.
    pub(super) fn push(&mut self, raw: Vec<u8>) -> u64 {
        self.bytes += raw.len();
        let held = Held { raw, ..Held::default() };
        self.frames.push_back(held);
        self.first + self.frames.len() as u64 - 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        (!self.frames.is_empty()).then_some(self.first)
    }

    fn frame(&mut self, number: u64) -> Option<&mut Held> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.frames.get_mut(place)
    }

    /// A frame waits until a piece of text in it is decided.
    pub(super) fn wait_for_text(&mut self, number: u64, channel: Channel, piece: Piece) {
        if let Some(frame) = self.frame(number) {
            frame.undecided += 1;
            self.pieces.entry(channel).or_default().push_back((number, piece));
        }
    }

    /// A frame waits until a tool call has been judged.
    pub(super) fn wait_for_tool(&mut self, number: u64, tool: u64) {
        if let Some(frame) = self.frame(number).filter(|frame| !frame.tools.contains(&tool)) {
            frame.tools.push(tool);
        }
    }

    /// A tool call has been judged: nothing waits for it any more.
    pub(super) fn tool_settled(&mut self, tool: u64) {
        for frame in &mut self.frames {
            frame.tools.retain(|waiting| *waiting != tool);
        }
    }

    pub(super) fn shadow(&mut self, number: u64, range: Range<usize>) {
        if let Some(frame) = self.frame(number) {
            frame.shadows.push(range);
        }
    }

    pub(super) fn drop_frame(&mut self, number: u64) {
        if let Some(frame) = self.frame(number) {
            frame.dropped = true;
        }
    }

    /// Takes bytes out of a frame, which says no less without them.
    pub(super) fn cut_out(&mut self, number: u64, range: Range<usize>) {
        if let Some(frame) = self.frame(number) {
            frame.cuts.push(range);
        }
    }

    /// Replaces a text of a frame.
    pub(super) fn edit(&mut self, number: u64, range: Range<usize>, text: &str) {
        if let Some(frame) = self.frame(number) {
            frame.edits.push(Edit::json(range, Value::from(text).to_string()));
        }
    }

    /// Replaces JSON of a frame, as the text or the value it was.
    pub(super) fn edit_json(&mut self, number: u64, range: Range<usize>, json: &str) {
        if let Some(frame) = self.frame(number) {
            let quoted = frame.raw.get(range.start) == Some(&b'"');
            let literal = if quoted { Value::from(json).to_string() } else { json.to_owned() };
            frame.edits.push(Edit::json(range, literal));
        }
    }

    /// The pieces of a channel up to `decided` wait no longer; what is masked in them is replaced.
    /// Gives how far the channel has left, if any of it does.
    pub(super) fn decide(&mut self, channel: Channel, decided: usize, watched: &Watched) -> Option<usize> {
        let mut left = None;
        while let Some((number, piece)) = self.pieces.get_mut(&channel).and_then(|pieces| {
            let ready = pieces.front().is_some_and(|(_, piece)| piece.end() <= decided);
            if ready { pieces.pop_front() } else { None }
        }) {
            left = Some(piece.end());
            if let Some(masked) = watched.masked(&piece.text, piece.start) {
                self.edit(number, piece.range, &masked);
            }
            if let Some(frame) = self.frame(number) {
                frame.undecided = frame.undecided.saturating_sub(1);
            }
        }
        left
    }

    /// The frame that holds a byte of a channel, if it waits.
    pub(super) fn frame_of(&self, channel: Channel, at: usize) -> Option<u64> {
        let pieces = self.pieces.get(&channel)?;
        pieces.iter().find(|(_, piece)| at < piece.end()).map(|(number, _)| *number)
    }

    /// Forgets a frame and all after it. None: all of them.
    pub(super) fn truncate(&mut self, number: Option<u64>) {
        let keep = number.and_then(|number| usize::try_from(number.checked_sub(self.first)?).ok()).unwrap_or(0);
        while self.frames.len() > keep {
            if let Some(frame) = self.frames.pop_back() {
                self.bytes -= frame.raw.len();
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.truncate(None);
        self.pieces.clear();
    }

    /// Whether the first frame waits for text and nothing else.
    pub(super) fn waits_for_text(&self) -> bool {
        self.frames.front().is_some_and(|frame| frame.undecided > 0 && frame.tools.is_empty())
    }

    /// Lets the frames before the first that waits for a tool call wait for their text no longer;
    /// gives how far each channel leaves undecided.
    pub(super) fn give_up_waiting(&mut self) -> Vec<(Channel, usize)> {
        let free = self.frames.iter().take_while(|frame| frame.tools.is_empty()).count() as u64;
        let end = self.first + free;
        let mut left = Vec::new();
        let channels: Vec<Channel> = self.pieces.keys().copied().collect();
        for channel in channels {
            let mut upto = None;
            while let Some((number, piece)) = self.pieces.get_mut(&channel).and_then(|pieces| {
                let goes = pieces.front().is_some_and(|(number, _)| *number < end);
                if goes { pieces.pop_front() } else { None }
            }) {
                upto = Some(piece.end());
                if let Some(frame) = self.frame(number) {
                    frame.undecided = frame.undecided.saturating_sub(1);
                }
            }
            left.extend(upto.map(|upto| (channel, upto)));
        }
        left
    }

    /// The bytes of the frames that wait for nothing, in order.
    pub(super) fn release(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.frames.front().is_some_and(|frame| frame.undecided == 0 && frame.tools.is_empty()) {
            let Some(mut frame) = self.frames.pop_front() else { break };
            self.first += 1;
            self.bytes -= frame.raw.len();
            if frame.dropped {
                continue;
            }
            if frame.edits.is_empty() && frame.cuts.is_empty() {
                out.append(&mut frame.raw);
                continue;
            }
            let shadows = if frame.edits.is_empty() { Vec::new() } else { frame.shadows };
            for range in shadows {
                let listed = frame.raw.get(range.start) == Some(&b'[');
                frame.edits.push(Edit::json(range, if listed { "[]" } else { "null" }));
            }
            frame.edits.extend(frame.cuts.into_iter().map(|range| Edit::json(range, "")));
            // Edits of one frame lie in literals of their own; if they do not, nothing of the
            // frame may leave.
            if let Ok(rewritten) = rewrite(&frame.raw, &frame.edits) {
                out.extend_from_slice(&rewritten);
            }
        }
        out
    }
}
