//! What carries a conversation with the proxy.

use jiff::Timestamp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use zentinelle_core::zentinel::{AgentResponse, Connection, Exchanges, Occurrence, Session, Ticket, grpc};

/// What carries the conversation.
pub(super) enum Link {
    /// Bytes in, bytes out.
    Socket(Connection),
    /// One message in, messages out.
    Stream(Session),
}

impl Link {
    pub(super) fn poll(&mut self, exchanges: &mut Exchanges, now_ms: u64) -> Option<Occurrence> {
        match self {
            Self::Socket(connection) => connection.poll(exchanges, now_ms),
            Self::Stream(_) => None,
        }
    }

    pub(super) fn answer(&mut self, ticket: Ticket, response: AgentResponse, exchanges: &mut Exchanges) {
        match self {
            Self::Socket(connection) => connection.answer(ticket, response, exchanges),
            Self::Stream(session) => session.answer(ticket, response, exchanges),
        };
    }

    pub(super) fn end(&mut self) -> Option<String> {
        match self {
            Self::Socket(connection) => connection.end().map(|end| end.to_string()),
            Self::Stream(session) => {
                session.end_if_drained();
                session.closed().map(ToString::to_string)
            }
        }
    }

    pub(super) fn wants_more(&self) -> bool {
        match self {
            Self::Socket(connection) => connection.wants_bytes(),
            Self::Stream(session) => session.is_ready(),
        }
    }

    /// What to send: bytes for a socket, a list of messages for a stream.
    pub(super) fn output<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            Self::Socket(connection) => {
                let output = connection.take_output();
                Ok((!output.is_empty()).then(|| PyBytes::new(py, &output).into_any()))
            }
            Self::Stream(session) => {
                let mut messages = None;
                while let Some(message) = session.next_outbound() {
                    let now_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
                    let message = PyBytes::new(py, &grpc::encode(&message, now_ms));
                    messages.get_or_insert_with(|| PyList::empty(py)).append(message)?;
                }
                Ok(messages.map(Bound::into_any))
            }
        }
    }
}
