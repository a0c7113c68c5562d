//! Frames on a Unix socket: a length, a type, a payload.
//!
//! Applies to Unix sockets only; gRPC brings its own framing. A frame is a big-endian `u32` that
//! counts the type byte and the payload, then the type byte, then the payload.

use thiserror::Error;

/// The most that a frame's length field may say: 16 MiB, type byte included.
pub const MAX_FRAME_LENGTH: usize = 16 * 1024 * 1024;
/// The longest payload: the length field counts the type byte as well.
pub const MAX_PAYLOAD_LENGTH: usize = MAX_FRAME_LENGTH - 1;

/// The length field.
const LENGTH_BYTES: usize = 4;
/// The length field and the type byte.
const HEADER_BYTES: usize = LENGTH_BYTES + 1;
/// How much of what was already read may lie in front of what was not, before it is moved.
const MOST_SLACK: usize = 64 * 1024;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageType {
    /// The proxy introduces itself.
    HandshakeRequest = 0x01,
    /// The agent introduces itself.
    HandshakeResponse = 0x02,
    /// A request's line and headers.
    RequestHeaders = 0x10,
    /// A piece of a request's body.
    RequestBodyChunk = 0x11,
    /// A response's status and headers.
    ResponseHeaders = 0x12,
    /// A piece of a response's body.
    ResponseBodyChunk = 0x13,
    /// A request is over. Defined, but no proxy sends it.
    RequestComplete = 0x14,
    /// One frame of a WebSocket.
    WebSocketFrame = 0x15,
    /// A text to be inspected.
    GuardrailInspect = 0x16,
    /// The agent's configuration, as the proxy has it.
    Configure = 0x17,
    /// The answer to an event.
    AgentResponse = 0x20,
    /// How the agent is.
    HealthStatus = 0x30,
    /// What the agent counts.
    MetricsReport = 0x31,
    /// The agent wants another configuration.
    ConfigUpdateRequest = 0x32,
    /// The agent wants more or fewer events.
    FlowControl = 0x33,
    /// An event need not be answered any more.
    Cancel = 0x40,
    /// A sign of life is wanted.
    Ping = 0x41,
    /// A sign of life.
    Pong = 0x42,
}

impl MessageType {
    /// Every type, in the order of their bytes.
    pub const ALL: [Self; 18] = [
        Self::HandshakeRequest,
        Self::HandshakeResponse,
        Self::RequestHeaders,
        Self::RequestBodyChunk,
        Self::ResponseHeaders,
        Self::ResponseBodyChunk,
        Self::RequestComplete,
        Self::WebSocketFrame,
        Self::GuardrailInspect,
        Self::Configure,
        Self::AgentResponse,
        Self::HealthStatus,
        Self::MetricsReport,
        Self::ConfigUpdateRequest,
        Self::FlowControl,
        Self::Cancel,
        Self::Ping,
        Self::Pong,
    ];

    /// The byte that stands for the type.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The type that `byte` stands for, if any.
    #[must_use]
    pub fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// Bytes that are no frame. The connection cannot go on: where the next frame begins is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A length that leaves no room for the type byte.
    #[error("a frame of length 0 has no message type, expected a length from 1 to {MAX_FRAME_LENGTH}")]
    Empty,
    /// A length above the limit.
    #[error("a frame of {0} bytes exceeds the limit of {MAX_FRAME_LENGTH}")]
    TooLong(usize),
    /// A type byte that is not in the table.
    #[error("message type {0:#04x} is unknown")]
    UnknownType(u8),
}

/// One frame, still in the buffer it was read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the payload is.
    pub kind: MessageType,
    /// The payload, not yet decoded.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Appends the frame to `out`. Fails when the payload is longer than a reader takes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let length = self.payload.len() + 1;
        let Some(field) = u32::try_from(length).ok().filter(|_| length <= MAX_FRAME_LENGTH) else {
            return Err(FrameError::TooLong(length));
        };
        out.reserve(HEADER_BYTES + self.payload.len());
        out.extend_from_slice(&field.to_be_bytes());
        out.push(self.kind.byte());
        out.extend_from_slice(self.payload);
        Ok(())
    }
}

/// Cuts a stream of bytes into frames, however the bytes were split on their way.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Where the first byte stands that was not yet given out.
    start: usize,
}

impl FrameReader {
    /// Takes bytes as they were read from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start > MOST_SLACK {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if all of it is there. After an error there is no next frame: the same
    /// error comes again.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        let Some(end) = self.end_of_next()? else { return Ok(None) };
        let begin = self.start + HEADER_BYTES;
        let (Some(kind), Some(payload)) =
            (self.buffer.get(begin - 1).and_then(|byte| MessageType::of(*byte)), self.buffer.get(begin..end))
        else {
            return Ok(None);
        };
        self.start = end;
        Ok(Some(Frame { kind, payload }))
    }

    /// Whether [`FrameReader::next_frame`] has something to say without more bytes.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !matches!(self.end_of_next(), Ok(None))
    }

    /// Whether every byte that came belongs to a frame that was given out: the only places at
    /// which a connection may end without loss.
    #[must_use]
    pub fn is_at_border(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// Where the next frame ends, once it is there. A header is refused as soon as it is read,
    /// before anything is kept for its payload.
    fn end_of_next(&self) -> Result<Option<usize>, FrameError> {
        let waiting = self.buffer.get(self.start..).unwrap_or_default();
        let Some(length) = waiting.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        match length {
            0 => return Err(FrameError::Empty),
            1..=MAX_FRAME_LENGTH => {}
            _ => return Err(FrameError::TooLong(length)),
        }
        let Some(byte) = waiting.get(LENGTH_BYTES) else { return Ok(None) };
        if MessageType::of(*byte).is_none() {
            return Err(FrameError::UnknownType(*byte));
        }
        Ok((waiting.len() >= LENGTH_BYTES + length).then_some(self.start + LENGTH_BYTES + length))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Vec<(MessageType, Vec<u8>)>> {
        let kind = proptest::sample::select(MessageType::ALL.to_vec());
        proptest::collection::vec((kind, proptest::collection::vec(any::<u8>(), 0..300)), 0..8)
    }

    fn read_all(reader: &mut FrameReader, into: &mut Vec<(MessageType, Vec<u8>)>) {
        while let Some(frame) = reader.next_frame().unwrap() {
            into.push((frame.kind, frame.payload.to_vec()));
        }
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_frames(sent in frames(), cuts in proptest::collection::vec(1_usize..40, 1..60)) {
            let mut bytes = Vec::new();
            for (kind, payload) in &sent {
                Frame { kind: *kind, payload }.write(&mut bytes).unwrap();
            }
            let (mut reader, mut got, mut rest) = (FrameReader::default(), Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                reader.push(now);
                read_all(&mut reader, &mut got);
                rest = later;
            }
            prop_assert_eq!(got, sent);
            prop_assert!(reader.is_at_border());
        }
    }

    #[test]
    fn a_bad_header_is_refused_before_its_payload_arrives_and_forever() {
        let cases: [(&[u8], FrameError); 3] = [
            (&[0, 0, 0, 0], FrameError::Empty),
            (&[1, 0, 0, 1, 0x10], FrameError::TooLong(MAX_FRAME_LENGTH + 1)),
            (&[0, 0, 0, 1, 0x99], FrameError::UnknownType(0x99)),
        ];
        for (bytes, error) in cases {
            let mut reader = FrameReader::default();
            reader.push(bytes);
            assert_eq!(reader.next_frame(), Err(error));
            reader.push(&[0, 0, 0, 1, 0x41]);
            assert_eq!(reader.next_frame(), Err(error));
            assert!(reader.has_next());
        }
    }

    #[test]
    fn the_longest_frame_is_taken_and_a_byte_more_is_never_sent() {
        let (payload, mut bytes) = (vec![b' '; MAX_PAYLOAD_LENGTH + 1], Vec::new());
        let frame = |length| Frame { kind: MessageType::Ping, payload: payload.get(..length).unwrap() };
        frame(MAX_PAYLOAD_LENGTH).write(&mut bytes).unwrap();
        assert_eq!(bytes.get(..5).unwrap(), [1, 0, 0, 0, 0x41]);
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        assert_eq!(reader.next_frame().unwrap().unwrap().payload.len(), MAX_PAYLOAD_LENGTH);
        assert_eq!(frame(MAX_PAYLOAD_LENGTH + 1).write(&mut bytes), Err(FrameError::TooLong(MAX_FRAME_LENGTH + 1)));
    }

    #[test]
    fn half_a_frame_is_not_a_border() {
        let mut reader = FrameReader::default();
        reader.push(&[0, 0, 0, 3, 0x41, b'{']);
        assert_eq!(reader.next_frame(), Ok(None));
        assert!(!reader.is_at_border() && !reader.has_next());
    }
}
