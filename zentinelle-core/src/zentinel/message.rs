//! Messages as both transports carry them, and how a Unix socket's frames spell them.

use serde::{Deserialize, Serialize};

use super::encoding::{Encoding, PayloadError};
use super::event::{
    BodyChunk, Cancel, Configure, Direction, RequestComplete, RequestHeaders, ResponseHeaders, WebSocketFrame,
};
use super::frame::MessageType;
use super::guardrail::GuardrailInspect;
use super::handshake::{HandshakeRequest, HandshakeResponse};
use super::response::{AgentResponse, CORRELATION_KEY};

/// Something that happens to a request and wants an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A request's line and headers.
    RequestHeaders(RequestHeaders),
    /// A piece of a body.
    Body(Direction, BodyChunk),
    /// A response's status and headers.
    ResponseHeaders(ResponseHeaders),
    /// A request is over.
    Complete(RequestComplete),
    /// A frame of a WebSocket.
    WebSocket(WebSocketFrame),
    /// A text to be inspected.
    Guardrail(GuardrailInspect),
}

impl Event {
    /// What joins the event with its answer and with the other events of its request.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        match self {
            Self::RequestHeaders(event) => &event.metadata.correlation_id,
            Self::Body(_, event) => &event.correlation_id,
            Self::ResponseHeaders(event) => &event.correlation_id,
            Self::Complete(event) => &event.correlation_id,
            Self::WebSocket(event) => &event.correlation_id,
            Self::Guardrail(event) => &event.correlation_id,
        }
    }
}

/// A message from the proxy.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "moved once, from reading to asking")]
pub enum Inbound {
    /// The proxy introduces itself.
    Handshake(HandshakeRequest),
    /// Something that wants an answer.
    Event(Event),
    /// The agent's configuration.
    Configure(Configure),
    /// An event need not be answered any more.
    Cancel(Cancel),
    /// A sign of life is wanted: the same bytes go back.
    Ping(Vec<u8>),
    /// A message that could not be read.
    Undecodable {
        /// What it should have been.
        kind: MessageType,
        /// Whom it was about, if that much could be read: so far an answer is possible.
        correlation_id: Option<String>,
        /// What was wrong.
        error: PayloadError,
    },
    /// A message that only an agent sends.
    Unexpected(MessageType),
}

/// How the agent is. Proxies keep it and look at it nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthStatus {
    /// The agent.
    pub agent_id: String,
    /// 1 healthy, 2 degraded, 3 draining, 4 unhealthy.
    pub state: i32,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When. Unit: milliseconds since 1970.
    #[serde(default)]
    pub timestamp_ms: u64,
}

/// A message to the proxy.
#[derive(Clone, Debug, PartialEq)]
pub enum Outbound {
    /// The agent introduces itself.
    Handshake(HandshakeResponse),
    /// The answer to an event.
    Answer {
        /// The event.
        correlation_id: String,
        /// The answer, which over a Unix socket carries the id once more.
        response: Box<AgentResponse>,
    },
    /// A sign of life.
    Pong(Vec<u8>),
    /// How the agent is.
    Health(HealthStatus),
}

/// As much of an unreadable message as tells whom it is about.
#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    correlation_id: Option<String>,
    #[serde(default)]
    metadata: Option<AddressMetadata>,
}

#[derive(Deserialize)]
struct AddressMetadata {
    #[serde(default)]
    correlation_id: Option<String>,
}

/// A request event as a Unix socket carries it: the id stands at the top as well.
#[derive(Serialize)]
struct Addressed<'a> {
    correlation_id: &'a str,
    metadata: &'a super::event::Metadata,
    method: &'a str,
    uri: &'a str,
    headers: &'a super::headers::Headers,
}

impl Inbound {
    /// Reads a frame's payload. Never fails: what cannot be read is a message of its own, because
    /// it too may want an answer.
    #[must_use]
    pub fn decode(kind: MessageType, payload: &[u8], encoding: Encoding) -> Self {
        Self::read(kind, payload, encoding).unwrap_or_else(|error| {
            let address: Option<Address> = encoding.read(payload, "an address").ok();
            let correlation_id = address
                .and_then(|address| address.correlation_id.or_else(|| address.metadata.and_then(|m| m.correlation_id)));
            Self::Undecodable { kind, correlation_id, error }
        })
    }

    fn read(kind: MessageType, payload: &[u8], encoding: Encoding) -> Result<Self, PayloadError> {
        let body = |direction| move |chunk| Self::Event(Event::Body(direction, chunk));
        Ok(match kind {
            // The handshake settles the encoding and so cannot depend on it.
            MessageType::HandshakeRequest => Self::Handshake(Encoding::Json.read(payload, "a handshake")?),
            MessageType::RequestHeaders => {
                let mut event: RequestHeaders = encoding.read(payload, "a request")?;
                if event.metadata.correlation_id.is_empty() {
                    event.metadata.correlation_id = encoding
                        .read::<Address>(payload, "a request")?
                        .correlation_id
                        .ok_or_else(|| PayloadError::new("a request", "`metadata.correlation_id` is missing"))?;
                }
                Self::Event(Event::RequestHeaders(event))
            }
            MessageType::RequestBodyChunk => encoding.read(payload, "a body piece").map(body(Direction::Request))?,
            MessageType::ResponseHeaders => Self::Event(Event::ResponseHeaders(encoding.read(payload, "a response")?)),
            MessageType::ResponseBodyChunk => encoding.read(payload, "a body piece").map(body(Direction::Response))?,
            MessageType::RequestComplete => Self::Event(Event::Complete(encoding.read(payload, "a completion")?)),
            MessageType::WebSocketFrame => Self::Event(Event::WebSocket(encoding.read(payload, "a WebSocket frame")?)),
            MessageType::GuardrailInspect => Self::Event(Event::Guardrail(encoding.read(payload, "an inspection")?)),
            MessageType::Configure => Self::Configure(encoding.read(payload, "a configuration")?),
            // Proxies write cancellations in JSON whatever was agreed.
            MessageType::Cancel => Self::Cancel(
                encoding.read(payload, "a cancellation").or_else(|_| Encoding::Json.read(payload, "a cancellation"))?,
            ),
            MessageType::Ping => Self::Ping(payload.to_vec()),
            MessageType::HandshakeResponse
            | MessageType::AgentResponse
            | MessageType::HealthStatus
            | MessageType::MetricsReport
            | MessageType::ConfigUpdateRequest
            | MessageType::FlowControl
            | MessageType::Pong => Self::Unexpected(kind),
        })
    }

    /// Writes the message as a proxy would: what tests and load generators send. A message that
    /// could not be read has no payload.
    pub fn encode(&self, encoding: Encoding) -> Result<(MessageType, Vec<u8>), PayloadError> {
        Ok(match self {
            Self::Handshake(message) => (MessageType::HandshakeRequest, Encoding::Json.write(message, "a handshake")?),
            Self::Event(Event::RequestHeaders(RequestHeaders { metadata, method, uri, headers })) => {
                let message = Addressed { correlation_id: &metadata.correlation_id, metadata, method, uri, headers };
                (MessageType::RequestHeaders, encoding.write(&message, "a request")?)
            }
            Self::Event(Event::Body(Direction::Request, chunk)) => {
                (MessageType::RequestBodyChunk, encoding.write(chunk, "a body piece")?)
            }
            Self::Event(Event::Body(Direction::Response, chunk)) => {
                (MessageType::ResponseBodyChunk, encoding.write(chunk, "a body piece")?)
            }
            Self::Event(Event::ResponseHeaders(event)) => {
                (MessageType::ResponseHeaders, encoding.write(event, "a response")?)
            }
            Self::Event(Event::Complete(event)) => {
                (MessageType::RequestComplete, encoding.write(event, "a completion")?)
            }
            Self::Event(Event::WebSocket(event)) => {
                (MessageType::WebSocketFrame, encoding.write(event, "a WebSocket frame")?)
            }
            Self::Event(Event::Guardrail(event)) => {
                (MessageType::GuardrailInspect, encoding.write(event, "an inspection")?)
            }
            Self::Configure(message) => (MessageType::Configure, encoding.write(message, "a configuration")?),
            Self::Cancel(message) => (MessageType::Cancel, Encoding::Json.write(message, "a cancellation")?),
            Self::Ping(payload) => (MessageType::Ping, payload.clone()),
            Self::Undecodable { kind, .. } | Self::Unexpected(kind) => (*kind, Vec::new()),
        })
    }
}

impl Outbound {
    /// Writes the message as a frame's payload.
    pub fn encode(&mut self, encoding: Encoding) -> Result<(MessageType, Vec<u8>), PayloadError> {
        Ok(match self {
            Self::Handshake(message) => (MessageType::HandshakeResponse, Encoding::Json.write(message, "a handshake")?),
            Self::Answer { correlation_id, response } => {
                // Last of all, so that nothing a handler wrote is left under that name.
                response.address(correlation_id);
                (MessageType::AgentResponse, encoding.write(response, "an answer")?)
            }
            Self::Pong(payload) => (MessageType::Pong, std::mem::take(payload)),
            Self::Health(message) => (MessageType::HealthStatus, encoding.write(message, "a health status")?),
        })
    }

    /// Reads a message of an agent, as a proxy does: what tests and load generators receive.
    pub fn decode(kind: MessageType, payload: &[u8], encoding: Encoding) -> Result<Self, PayloadError> {
        match kind {
            MessageType::HandshakeResponse => Encoding::Json.read(payload, "a handshake").map(Self::Handshake),
            MessageType::AgentResponse => {
                let response: Box<AgentResponse> = encoding.read(payload, "an answer")?;
                let id = response.audit.custom.get(CORRELATION_KEY).and_then(|id| id.as_str());
                let missing = || PayloadError::new("an answer", "`audit.custom.correlation_id` is missing");
                let correlation_id = id.ok_or_else(missing)?.to_owned();
                Ok(Self::Answer { correlation_id, response })
            }
            MessageType::Pong => Ok(Self::Pong(payload.to_vec())),
            MessageType::HealthStatus => encoding.read(payload, "a health status").map(Self::Health),
            _ => Err(PayloadError::new("a message of an agent", format_args!("type {:#04x}", kind.byte()))),
        }
    }
}
