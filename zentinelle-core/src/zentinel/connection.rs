//! A connection over a Unix socket, bytes in and bytes out.
//!
//! The host reads bytes while [`Connection::wants_bytes`], pushes them, polls until nothing comes,
//! answers what came, and writes what [`Connection::take_output`] gives. Nothing here waits.

use std::sync::Arc;

use super::exchange::{ConnectionId, Exchanges};
use super::frame::{Frame, FrameError, FrameReader};
use super::message::{Inbound, Outbound};
use super::response::AgentResponse;
use super::session::{CloseReason, Occurrence, Session, SessionConfig, Ticket};

/// How a connection over a Unix socket must end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// By what was said on it.
    #[error(transparent)]
    Closed(CloseReason),
    /// Because the bytes on it are no frames.
    #[error(transparent)]
    Broken(FrameError),
}

/// A connection over a Unix socket.
#[derive(Debug)]
pub struct Connection {
    session: Session,
    reader: FrameReader,
    broken: Option<FrameError>,
    output: Vec<u8>,
}

impl Connection {
    /// A connection before its first byte.
    #[must_use]
    pub fn new(config: Arc<SessionConfig>, id: ConnectionId) -> Self {
        Self { session: Session::new(config, id), reader: FrameReader::default(), broken: None, output: Vec::new() }
    }

    /// What is said on the connection.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Takes bytes as they were read from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        self.reader.push(bytes);
    }

    /// Whether reading more is of any use now. False while enough is under way: then the proxy
    /// has to wait.
    #[must_use]
    pub fn wants_bytes(&self) -> bool {
        self.broken.is_none() && self.session.is_ready()
    }

    /// Whether the peer may close now without losing half a message.
    #[must_use]
    pub fn is_at_border(&self) -> bool {
        self.reader.is_at_border()
    }

    /// The next thing that happened, if any. `now_ms` is any clock that does not go back.
    pub fn poll(&mut self, exchanges: &mut Exchanges, now_ms: u64) -> Option<Occurrence> {
        while self.broken.is_none() && self.session.is_ready() {
            let frame = match self.reader.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return None,
                Err(error) => {
                    self.broken = Some(error);
                    return None;
                }
            };
            let message = Inbound::decode(frame.kind, frame.payload, self.session.encoding());
            if let Some(occurrence) = self.session.accept(message, exchanges, now_ms) {
                return Some(occurrence);
            }
        }
        None
    }

    /// Answers a question. False when the answer is not wanted any more.
    pub fn answer(&mut self, ticket: Ticket, response: AgentResponse, exchanges: &mut Exchanges) -> bool {
        self.session.answer(ticket, response, exchanges)
    }

    /// Tells whether a configuration was applied. False when that is not wanted any more.
    pub fn configured(&mut self, ticket: Ticket, applied: Result<(), String>) -> bool {
        self.session.configured(ticket, applied)
    }

    /// Ends the connection as soon as everything that came is answered.
    pub fn drain(&mut self, now_ms: u64) {
        self.session.drain(now_ms);
    }

    /// The bytes to write, which are then taken as written.
    pub fn take_output(&mut self) -> Vec<u8> {
        while let Some(message) = self.session.next_outbound() {
            self.write(message);
        }
        std::mem::take(&mut self.output)
    }

    /// How the connection must end, once everything is written; nothing while it goes on.
    pub fn end(&mut self) -> Option<End> {
        if !self.reader.has_next() {
            self.session.end_if_drained();
        }
        let broken = self.broken.map(End::Broken);
        broken.or_else(|| self.session.closed().cloned().map(End::Closed))
    }

    fn write(&mut self, mut message: Outbound) {
        if self.try_write(&mut message) {
            return;
        }
        // An answer that does not fit is dropped by the proxy, which then waits in vain; a refusal fits.
        if let Outbound::Answer { correlation_id, .. } = message {
            let refusal = AgentResponse::block(503, "the policy's answer is too long")
                .with_tag("zentinelle:failed-closed")
                .with_reason_code("zentinel.answer_too_long");
            self.try_write(&mut Outbound::Answer { correlation_id, response: Box::new(refusal) });
        }
    }

    fn try_write(&mut self, message: &mut Outbound) -> bool {
        let Ok((kind, payload)) = message.encode(self.session.encoding()) else { return false };
        Frame { kind, payload: &payload }.write(&mut self.output).is_ok()
    }
}
