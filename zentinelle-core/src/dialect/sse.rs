//! Cutting a stream into frames, and reading the data of one: server-sent events with line ends of
//! any kind, comments and data over several lines, and the elements of one long JSON array.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr2, memchr3};

use super::stream::{Delta, Framing};

/// Collects bytes until a frame is complete. Every byte is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Cutter {
    buffer: Vec<u8>,
    /// How much of the buffer has been looked at.
    at: usize,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Lines {
        /// Whether the line has no byte yet.
        blank: bool,
        /// Whether the last byte was a carriage return: a line feed may follow.
        returned: bool,
    },
    Elements {
        /// How many braces and brackets are open.
        depth: usize,
        in_text: bool,
        escaped: bool,
        /// Whether the elements stand in a list; if not, there is one.
        listed: Option<bool>,
    },
}

impl Cutter {
    pub(super) const fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Sse => State::Lines { blank: true, returned: false },
            Framing::JsonArray => State::Elements { depth: 0, in_text: false, escaped: false, listed: None },
        };
        Self { buffer: Vec::new(), at: 0, state }
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The frames that `bytes` complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.buffer.extend_from_slice(bytes);
        let mut ends = Vec::new();
        while let Some(end) = self.step() {
            ends.push(end);
        }
        let mut start = 0;
        let mut frames = Vec::with_capacity(ends.len());
        for end in ends {
            frames.push(self.buffer.get(start..end).unwrap_or_default().to_vec());
            start = end;
        }
        self.buffer.drain(..start);
        self.at -= start;
        frames
    }

    /// What is left at the end of the stream.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        self.at = 0;
        std::mem::take(&mut self.buffer)
    }

    /// Looks on until a frame ends; none: the buffer is used up.
    fn step(&mut self) -> Option<usize> {
        match self.state {
            State::Lines { .. } => self.line_step(),
            State::Elements { .. } => self.element_step(),
        }
    }

    fn line_step(&mut self) -> Option<usize> {
        let State::Lines { blank, returned } = &mut self.state else { return None };
        loop {
            let rest = self.buffer.get(self.at..).filter(|rest| !rest.is_empty())?;
            if *returned {
                *returned = false;
                self.at += usize::from(rest.first() == Some(&b'\n'));
            } else {
                let end = memchr2(b'\n', b'\r', rest);
                *blank &= end.is_none_or(|end| end == 0) && end.is_some();
                let Some(end) = end else {
                    self.at = self.buffer.len();
                    return None;
                };
                *returned = rest.get(end) == Some(&b'\r');
                self.at += end + 1;
                if *returned {
                    continue;
                }
            }
            // A line has ended here; an empty one ends the frame.
            if std::mem::replace(blank, true) {
                return Some(self.at);
            }
        }
    }

    fn element_step(&mut self) -> Option<usize> {
        let State::Elements { depth, in_text, escaped, listed } = &mut self.state else { return None };
        loop {
            let rest = self.buffer.get(self.at..).filter(|rest| !rest.is_empty())?;
            if *in_text && !*escaped {
                // Most of a stream is text: skip to what ends it.
                let Some(step) = memchr3(b'"', b'\\', b'"', rest) else {
                    self.at = self.buffer.len();
                    return None;
                };
                self.at += step;
            }
            let byte = self.buffer.get(self.at).copied()?;
            self.at += 1;
            if *in_text {
                match byte {
                    _ if *escaped => *escaped = false,
                    b'\\' => *escaped = true,
                    b'"' => *in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => *in_text = true,
                b'{' | b'[' => {
                    if listed.is_none() {
                        *listed = Some(byte == b'[');
                    }
                    *depth += 1;
                }
                b'}' | b']' => {
                    *depth = depth.saturating_sub(1);
                    let base = usize::from(*listed == Some(true));
                    // An element ends, or the list does.
                    if *depth <= base {
                        return Some(self.at);
                    }
                }
                _ => {}
            }
        }
    }
}

/// What the beginning of a stream says of its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is framed so.
    Framed(Framing),
    /// It is framed in no way that is known here.
    Strange,
}

/// The blank bytes before the first that says something, and what that says.
pub(super) fn first_sign(bytes: &[u8]) -> (&[u8], Option<Sign>) {
    // The bytes of a byte order mark say nothing either.
    let blank = |byte: &u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte);
    let at = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let (blank, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    let sign = rest.first().map(|byte| match byte {
        b'[' | b'{' => Sign::Framed(Framing::JsonArray),
        // `data`, `event`, `id`, `retry`, a comment.
        b'd' | b'e' | b'i' | b'r' | b':' => Sign::Framed(Framing::Sse),
        _ => Sign::Strange,
    });
    (blank, sign)
}

/// What one frame holds.
#[derive(Debug)]
pub(super) enum Event<'r> {
    /// No data: a comment, blank lines, punctuation.
    Nothing,
    /// No text at all.
    Unreadable,
    /// Data, with the name of the event.
    Data { name: Option<&'r str>, data: Data<'r> },
}

/// The data of a frame, and where each piece of it stands.
#[derive(Debug)]
pub(super) struct Data<'r> {
    text: Cow<'r, str>,
    /// Where a line of the data begins, in the text and in the frame.
    lines: Vec<(usize, usize)>,
}

impl Data<'_> {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Moves the ranges of deltas from the text to the frame. A literal holds no line end, so it
    /// stands in one line; an object over several lines ends where its last line does.
    pub(super) fn place(&self, deltas: &mut [Delta]) {
        let moved = |at: usize| {
            let line = self.lines.partition_point(|(start, _)| *start <= at);
            let (start, place) = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or_default();
            place + (at - start)
        };
        for range in deltas.iter_mut().filter_map(Delta::range_mut) {
            let last = moved(range.end.saturating_sub(1));
            let start = moved(range.start);
            *range = Range { start, end: if range.start >= range.end { start } else { last + 1 } };
        }
    }
}

/// Reads a frame of server-sent events.
pub(super) fn event(raw: &[u8]) -> Event<'_> {
    let Ok(text) = std::str::from_utf8(raw) else { return Event::Unreadable };
    let mut name = None;
    let mut pieces: Vec<(usize, &str)> = Vec::new();
    let mut rest = text;
    let mut start = 0;
    // A byte order mark may stand before the first line.
    if let Some(after) = rest.strip_prefix('\u{feff}') {
        start = rest.len() - after.len();
        rest = after;
    }
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let field = line.find(':').map_or((line, ""), |colon| {
            let (field, value) = line.split_at_checked(colon).unwrap_or((line, ""));
            let value = value.strip_prefix(':').unwrap_or(value);
            (field, value.strip_prefix(' ').unwrap_or(value))
        });
        match field {
            ("data", value) => pieces.push((start + line.len() - value.len(), value)),
            ("event", value) => name = Some(value),
            _ => {}
        }
        let after_end = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r'])).unwrap_or("");
        start += rest.len() - after_end.len();
        rest = after_end;
    }
    let data = match pieces.as_slice() {
        [] => return Event::Nothing,
        [(at, only)] => Data { text: Cow::Borrowed(only), lines: vec![(0, *at)] },
        _ => {
            let mut text = String::new();
            let mut lines = Vec::with_capacity(pieces.len());
            for (at, piece) in pieces {
                if !lines.is_empty() {
                    text.push('\n');
                }
                lines.push((text.len(), at));
                text.push_str(piece);
            }
            Data { text: Cow::Owned(text), lines }
        }
    };
    if data.text.trim().is_empty() { Event::Nothing } else { Event::Data { name, data } }
}

/// Reads a frame of a JSON array: one element and the punctuation before it.
pub(super) fn element(raw: &[u8]) -> Event<'_> {
    let Ok(text) = std::str::from_utf8(raw) else { return Event::Unreadable };
    let value = text
        .trim_start_matches(|letter: char| letter.is_ascii_whitespace() || matches!(letter, '[' | ',' | '\u{feff}'));
    let start = text.len() - value.len();
    let value = value.trim_end();
    if value.is_empty() || value == "]" {
        return Event::Nothing;
    }
    Event::Data { name: None, data: Data { text: Cow::Borrowed(value), lines: vec![(0, start)] } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(framing: Framing, stream: &[u8], step: usize) -> Vec<String> {
        let mut cutter = Cutter::new(framing);
        let mut frames: Vec<Vec<u8>> = stream.chunks(step).flat_map(|chunk| cutter.push(chunk)).collect();
        let left = cutter.finish();
        frames.extend((!left.is_empty()).then_some(left));
        frames.into_iter().map(|frame| String::from_utf8(frame).unwrap()).collect()
    }

    #[test]
    fn lines_of_every_kind_end_frames_however_the_bytes_are_split() {
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", vec!["data: a\n\n", "data: b\n\n"]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec!["data: a\r\n\r\n", "data: b\r\n\r\n"]),
            ("data: a\r\rdata: b\r\r", vec!["data: a\r\r", "data: b\r\r"]),
            (": hi\n\n\n\ndata: a", vec![": hi\n\n", "\n", "\n", "data: a"]),
            ("a\n\r\nb\r\n\nc", vec!["a\n\r\n", "b\r\n\n", "c"]),
        ] {
            for step in 1..stream.len() {
                assert_eq!(cut(Framing::Sse, stream.as_bytes(), step), expected, "{stream:?} by {step}");
            }
        }
    }

    #[test]
    fn elements_of_an_array_end_frames_however_the_bytes_are_split() {
        let stream = "[{\"a\": \"]}\\\"\"}\n,\r\n{\"b\": [1, {}]}\n]\n";
        for step in 1..stream.len() {
            assert_eq!(
                cut(Framing::JsonArray, stream.as_bytes(), step),
                ["[{\"a\": \"]}\\\"\"}", "\n,\r\n{\"b\": [1, {}]}", "\n]", "\n"],
                "by {step}"
            );
        }
        assert_eq!(cut(Framing::JsonArray, b"{\"error\": {}}\n", 3), ["{\"error\": {}}", "\n"]);
    }

    #[test]
    fn data_over_several_lines_is_one_text_with_the_places_of_its_pieces() {
        let raw = b"event: x\r\ndata: {\"a\":\r\ndata:\"bc\"}\r\n\r\n";
        let Event::Data { name, data } = event(raw) else { panic!("data") };
        assert_eq!((name, data.text()), (Some("x"), "{\"a\":\n\"bc\"}"));
        let at = data.text().find("\"bc\"").unwrap();
        let mut deltas = [Delta::Shadow(at..at + 4)];
        data.place(&mut deltas);
        let [Delta::Shadow(range)] = deltas else { panic!("one") };
        assert_eq!(&raw[range], b"\"bc\"");
    }

    #[test]
    fn comments_and_empty_data_say_nothing() {
        for raw in [": ping\n\n", "\n", "event: ping\n\n", "data:\n\n", "id: 7\nretry: 10\n\n"] {
            assert!(matches!(event(raw.as_bytes()), Event::Nothing), "{raw:?}");
        }
        assert!(matches!(event(b"data: \xff\n\n"), Event::Unreadable));
    }
}
