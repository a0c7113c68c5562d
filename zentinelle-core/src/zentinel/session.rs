//! One connection's state: what is asked, what is still unanswered, and what goes out.
//!
//! Applies to Unix sockets and gRPC alike; bytes are the business of
//! [`Connection`](super::Connection). The host feeds messages in the order in which they came,
//! judges what comes out with as many at once as it likes, and answers each by its ticket.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::encoding::{Encoding, PayloadError};
use super::event::{Cancel, Configure, Direction, RequestComplete, RequestHeaders, ResponseHeaders, WebSocketFrame};
use super::exchange::{ConnectionId, ExchangeError, Exchanges, Known, Progress};
use super::frame::MessageType;
use super::guardrail::GuardrailInspect;
use super::handshake::{
    Capabilities, EventNumber, HandshakeRequest, HandshakeResponse, PROTOCOL_VERSION, ProxyVersion,
};
use super::message::{Event, HealthStatus, Inbound, Outbound};
use super::response::{AgentResponse, WebSocketDecision};

/// What to answer when no judgement is possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureMode {
    /// Refuse.
    #[default]
    Closed,
    /// Let it go on, marked in the audit log.
    Open,
}

impl FailureMode {
    /// The answer to an event that cannot be judged: `status` goes to the client when it is
    /// refused, `code` into the audit log either way.
    #[must_use]
    pub fn answer(self, status: u16, code: &'static str) -> AgentResponse {
        match self {
            Self::Closed => AgentResponse::block(status, "no policy decision could be made")
                .with_tag("zentinelle:failed-closed")
                .with_reason_code(code),
            Self::Open => AgentResponse::allow().with_tag("zentinelle:failed-open").with_reason_code(code),
        }
    }
}

/// How an agent behaves on every connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// What the agent says of itself.
    pub capabilities: Capabilities,
    /// The encodings it speaks. Default: all.
    pub encodings: Vec<Encoding>,
    /// What to answer when no judgement is possible. Default: closed.
    pub failure_mode: FailureMode,
    /// Refuse requests whose id the client may have chosen. Default: false, because it refuses
    /// whoever sends a trace header through a proxy that does not strip them.
    pub strict_ids: bool,
    /// Events under way at once on one connection; more wait unread. Default: 100.
    pub max_in_flight: usize,
}

impl SessionConfig {
    /// The usual behaviour.
    #[must_use]
    pub fn new(capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            encodings: vec![Encoding::Json, Encoding::MsgPack],
            failure_mode: FailureMode::Closed,
            strict_ids: false,
            max_in_flight: 100,
        }
    }
}

/// Names one question of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What is to be judged: an event with all that is known of its request.
#[derive(Clone, PartialEq)]
pub enum Question {
    /// A request begins.
    Request(Arc<RequestHeaders>),
    /// A request's body is there.
    RequestBody {
        /// The request, if it is known.
        known: Known,
        /// The body.
        body: Vec<u8>,
    },
    /// A response begins.
    Response {
        /// The request, if it is known.
        known: Known,
        /// The response.
        response: Arc<ResponseHeaders>,
    },
    /// A response's body is there.
    ResponseBody {
        /// The request and the response, if they are known.
        known: Known,
        /// The body.
        body: Vec<u8>,
        /// Whether that is all of it.
        complete: bool,
    },
    /// A request is over.
    Complete {
        /// The request, if it is known.
        known: Known,
        /// How it went.
        event: RequestComplete,
    },
    /// A frame of a WebSocket.
    WebSocket {
        /// The upgrade request, if it is known.
        known: Known,
        /// The frame.
        frame: WebSocketFrame,
    },
    /// A text to be inspected.
    Guardrail(GuardrailInspect),
}

/// Without bodies, which may hold anything.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => f.debug_tuple("Request").field(request).finish(),
            Self::RequestBody { body, .. } => f.debug_struct("RequestBody").field("length", &body.len()).finish(),
            Self::Response { response, .. } => f.debug_tuple("Response").field(response).finish(),
            Self::ResponseBody { body, complete, .. } => {
                f.debug_struct("ResponseBody").field("length", &body.len()).field("complete", complete).finish()
            }
            Self::Complete { event, .. } => f.debug_tuple("Complete").field(event).finish(),
            Self::WebSocket { frame, .. } => f.debug_tuple("WebSocket").field(frame).finish(),
            Self::Guardrail(inspect) => f.debug_tuple("Guardrail").field(inspect).finish(),
        }
    }
}

/// Something the host must know of or act on.
#[derive(Clone, Debug, PartialEq)]
pub enum Occurrence {
    /// The proxy has introduced itself and was accepted.
    Greeted(HandshakeRequest),
    /// Judge this, and answer with [`Session::answer`].
    Judge(Ticket, Question),
    /// Apply this, and answer with [`Session::configured`]. Nothing else happens before that.
    Configure(Ticket, Configure),
    /// The answer to this ticket is not wanted any more.
    Cancelled(Ticket, Cancel),
    /// Nothing to do, but worth a line in the log.
    Noticed(Notice),
}

/// Something odd that was already dealt with. Holds no header, body or id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A message could not be read.
    #[error("a message of type {:#04x} could not be read and was {}: {error}", .kind.byte(), if *.answered { "answered by the failure mode" } else { "not answered, for want of an id" })]
    Undecodable {
        /// What it should have been.
        kind: MessageType,
        /// Whether it could at least be answered.
        answered: bool,
        /// What was wrong.
        error: PayloadError,
    },
    /// A message that only agents send.
    #[error("a message of type {:#04x}, which only agents send, was passed over", .0.byte())]
    Unexpected(MessageType),
    /// Two events with one id were unanswered at once: both were refused, because the proxy would
    /// give the answer to one of them to the other.
    #[error("two events under way at once have the same correlation id; both were refused")]
    SharedId,
    /// The client may have chosen the id.
    #[error("a request whose correlation id may be the client's choice was refused")]
    SuspectId,
    /// An event could not be joined with those before it.
    #[error("an event was answered by the failure mode: {0}")]
    Unjoined(ExchangeError),
}

/// Why a connection must end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The first message was no handshake.
    #[error("the first message was no handshake")]
    NoHandshake,
    /// The handshake could not be read.
    #[error("the handshake could not be read: {0}")]
    BadHandshake(PayloadError),
    /// The proxy does not speak this generation.
    #[error("the proxy does not speak version {PROTOCOL_VERSION} of the protocol")]
    WrongVersion,
    /// The proxy's configuration was rejected where that cannot be said otherwise.
    #[error("the configuration was rejected")]
    ConfigurationRejected,
    /// Everything is answered and the agent ends.
    #[error("the agent has drained")]
    Drained,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Open,
    Draining,
    Closed(CloseReason),
}

#[derive(Debug)]
struct Waiting {
    /// Nothing for a configuration over gRPC, which is not answered.
    correlation_id: Option<String>,
    asked: EventNumber,
}

/// One connection's state.
#[derive(Debug)]
pub struct Session {
    config: Arc<SessionConfig>,
    connection: ConnectionId,
    state: State,
    proxy: ProxyVersion,
    encoding: Encoding,
    next_ticket: u64,
    waiting: BTreeMap<Ticket, Waiting>,
    configuring: Option<Ticket>,
    outbound: VecDeque<Outbound>,
}

impl Session {
    /// A connection before its first message.
    #[must_use]
    pub fn new(config: Arc<SessionConfig>, connection: ConnectionId) -> Self {
        Self {
            config,
            connection,
            state: State::Greeting,
            proxy: ProxyVersion::default(),
            encoding: Encoding::Json,
            next_ticket: 0,
            waiting: BTreeMap::new(),
            configuring: None,
            outbound: VecDeque::new(),
        }
    }

    /// How payloads are written, once the handshake has settled it.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many events are unanswered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the next message may be fed in. A configuration is applied before what follows
    /// it, and no more is begun than can be under way.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.configuring.is_none()
            && self.waiting.len() < self.config.max_in_flight.max(1)
            && !matches!(self.state, State::Closed(_))
    }

    /// Why the connection must end, once what is left to send has been sent.
    #[must_use]
    pub const fn closed(&self) -> Option<&CloseReason> {
        match &self.state {
            State::Closed(reason) => Some(reason),
            State::Greeting | State::Open | State::Draining => None,
        }
    }

    /// The next message to send.
    pub fn next_outbound(&mut self) -> Option<Outbound> {
        self.outbound.pop_front()
    }

    /// Ends the connection as soon as everything that came is answered.
    pub fn drain(&mut self, now_ms: u64) {
        if self.state == State::Open {
            self.state = State::Draining;
            self.outbound.push_back(Outbound::Health(HealthStatus {
                agent_id: self.config.capabilities.agent_id.clone(),
                state: 3,
                message: Some("draining".to_owned()),
                timestamp_ms: now_ms,
            }));
        } else if self.state == State::Greeting {
            self.state = State::Closed(CloseReason::Drained);
        }
    }

    /// To be called when a draining connection has nothing more to feed in.
    pub fn end_if_drained(&mut self) {
        if self.state == State::Draining && self.waiting.is_empty() {
            self.state = State::Closed(CloseReason::Drained);
        }
    }

    /// Takes the next message. What it needs no host for is answered at once.
    pub fn accept(&mut self, message: Inbound, exchanges: &mut Exchanges, now_ms: u64) -> Option<Occurrence> {
        if self.state == State::Greeting {
            return self.greet(message);
        }
        match message {
            Inbound::Event(event) => self.ask(event, exchanges, now_ms),
            Inbound::Configure(configure) => {
                let ticket = self.wait(configure.correlation_id.clone(), EventNumber::Configure);
                self.configuring = Some(ticket);
                Some(Occurrence::Configure(ticket, configure))
            }
            Inbound::Cancel(cancel) => self.cancel(cancel),
            Inbound::Ping(payload) => {
                self.outbound.push_back(Outbound::Pong(payload));
                None
            }
            Inbound::Undecodable { kind, correlation_id, error } => {
                let answered = correlation_id.is_some() && kind != MessageType::Cancel;
                if let Some(id) = correlation_id.filter(|_| answered) {
                    self.withdraw(&id);
                    // A configuration that cannot be read is rejected in every mode.
                    let mode =
                        if kind == MessageType::Configure { FailureMode::Closed } else { self.config.failure_mode };
                    self.send(id, mode.answer(503, "zentinel.undecodable"));
                } else if kind == MessageType::Configure {
                    // Nobody can be told, and whatever follows would be taken for consent.
                    self.state = State::Closed(CloseReason::ConfigurationRejected);
                }
                Some(Occurrence::Noticed(Notice::Undecodable { kind, answered, error }))
            }
            Inbound::Handshake(_) => Some(Occurrence::Noticed(Notice::Unexpected(MessageType::HandshakeRequest))),
            Inbound::Unexpected(kind) => Some(Occurrence::Noticed(Notice::Unexpected(kind))),
        }
    }

    /// Answers a question. False when the answer is not wanted any more.
    pub fn answer(&mut self, ticket: Ticket, mut response: AgentResponse, exchanges: &mut Exchanges) -> bool {
        let Some(Waiting { correlation_id: Some(id), asked }) = self.waiting.remove(&ticket) else { return false };
        response.suit(self.proxy);
        let ends = match asked {
            EventNumber::RequestHeaders | EventNumber::RequestBodyChunk => response.is_refusal(),
            EventNumber::RequestComplete => true,
            _ => false,
        };
        if ends {
            exchanges.forget(self.connection, &id);
        }
        if asked == EventNumber::WebSocketFrame && response.is_refusal() && response.websocket_decision.is_none() {
            // A refusal that says nothing of the frame would let it through.
            response.websocket_decision = Some(refused_frame());
        }
        self.send(id, response);
        true
    }

    /// Tells whether a configuration was applied. False when that is not wanted any more.
    pub fn configured(&mut self, ticket: Ticket, applied: Result<(), String>) -> bool {
        let Some(waiting) = self.waiting.remove(&ticket) else { return false };
        self.configuring = None;
        match (waiting.correlation_id, applied) {
            (Some(id), Ok(())) => self.send(id, AgentResponse::allow()),
            (Some(id), Err(why)) => self.send(id, AgentResponse::block(500, why)),
            (None, Ok(())) => {}
            (None, Err(_)) => self.state = State::Closed(CloseReason::ConfigurationRejected),
        }
        true
    }

    fn greet(&mut self, message: Inbound) -> Option<Occurrence> {
        let (refusal, hello) = match message {
            Inbound::Handshake(hello) if hello.supported_versions.contains(&PROTOCOL_VERSION) => (None, Some(hello)),
            Inbound::Handshake(_) => (Some(CloseReason::WrongVersion), None),
            Inbound::Undecodable { kind: MessageType::HandshakeRequest, error, .. } => {
                (Some(CloseReason::BadHandshake(error)), None)
            }
            _ => {
                self.state = State::Closed(CloseReason::NoHandshake);
                return None;
            }
        };
        if let Some(hello) = &hello {
            self.encoding = Encoding::choose(&hello.supported_encodings, &self.config.encodings);
            self.proxy = ProxyVersion::read(&hello.proxy_version);
            self.state = State::Open;
        }
        self.outbound.push_back(Outbound::Handshake(HandshakeResponse {
            protocol_version: PROTOCOL_VERSION,
            capabilities: self.config.capabilities.clone(),
            success: refusal.is_none(),
            error: refusal.as_ref().map(ToString::to_string),
            encoding: self.encoding,
        }));
        if let Some(refusal) = refusal {
            self.state = State::Closed(refusal);
        }
        hello.map(Occurrence::Greeted)
    }

    fn ask(&mut self, event: Event, exchanges: &mut Exchanges, now_ms: u64) -> Option<Occurrence> {
        let id = event.correlation_id().to_owned();
        if let Some(notice) = self.refuse_shared(&id, &event) {
            return Some(Occurrence::Noticed(notice));
        }
        let number = number_of(&event);
        let joined = match event {
            Event::RequestHeaders(request) => {
                if self.config.strict_ids && is_suspect(&request) {
                    self.send(id, refusal("zentinel.suspect_id"));
                    return Some(Occurrence::Noticed(Notice::SuspectId));
                }
                let request = Arc::new(request);
                exchanges.begin(self.connection, Arc::clone(&request), now_ms);
                Ok(Some(Question::Request(request)))
            }
            Event::Body(direction, chunk) => {
                exchanges.piece(self.connection, direction, chunk, now_ms).map(|progress| match (progress, direction) {
                    (Progress::More, _) => None,
                    (Progress::Ready { known, body, .. }, Direction::Request) => {
                        Some(Question::RequestBody { known, body })
                    }
                    (Progress::Ready { known, body, complete }, Direction::Response) => {
                        Some(Question::ResponseBody { known, body, complete })
                    }
                })
            }
            Event::ResponseHeaders(response) => {
                let response = Arc::new(response);
                let known = exchanges.respond(self.connection, Arc::clone(&response), now_ms);
                known.map(|known| Some(Question::Response { known, response }))
            }
            Event::Complete(event) => {
                Ok(Some(Question::Complete { known: exchanges.known(self.connection, &id), event }))
            }
            Event::WebSocket(frame) => {
                Ok(Some(Question::WebSocket { known: exchanges.known(self.connection, &id), frame }))
            }
            Event::Guardrail(inspect) => Ok(Some(Question::Guardrail(inspect))),
        };
        match joined {
            Ok(Some(question)) => Some(Occurrence::Judge(self.wait(Some(id), number), question)),
            Ok(None) => {
                self.send(id, AgentResponse::more());
                None
            }
            Err(error) => {
                let status = if matches!(error, ExchangeError::BodyTooLong(_)) { 413 } else { 503 };
                self.send(id, self.config.failure_mode.answer(status, "zentinel.unjoined"));
                Some(Occurrence::Noticed(Notice::Unjoined(error)))
            }
        }
    }

    /// An id that is in use on this connection poisons both events: the proxy has replaced the
    /// first one's waiter by the second's, which would get the first one's answer. The frames of
    /// a WebSocket all have one id, so there the first answer is only left out.
    fn refuse_shared(&mut self, id: &str, event: &Event) -> Option<Notice> {
        let first = self.withdraw(id)?;
        if first == EventNumber::WebSocketFrame && matches!(event, Event::WebSocket(_)) {
            return None;
        }
        for _ in 0..2 {
            let mut refusal = refusal("zentinel.shared_id");
            refusal.websocket_decision = matches!(event, Event::WebSocket(_)).then(refused_frame);
            self.send(id.to_owned(), refusal);
        }
        Some(Notice::SharedId)
    }

    /// Makes the answer to whatever is under way with this id unwanted.
    fn withdraw(&mut self, id: &str) -> Option<EventNumber> {
        let same = |waiting: &Waiting| waiting.correlation_id.as_deref() == Some(id);
        let ticket = self.waiting.iter().find(|(_, waiting)| same(waiting)).map(|(ticket, _)| *ticket)?;
        if self.configuring == Some(ticket) {
            self.configuring = None;
        }
        self.waiting.remove(&ticket).map(|waiting| waiting.asked)
    }

    fn cancel(&mut self, cancel: Cancel) -> Option<Occurrence> {
        let same = |waiting: &Waiting| waiting.correlation_id.as_deref() == Some(cancel.correlation_id.as_str());
        let ticket = self.waiting.iter().find(|(_, waiting)| same(waiting)).map(|(ticket, _)| *ticket)?;
        self.withdraw(&cancel.correlation_id);
        Some(Occurrence::Cancelled(ticket, cancel))
    }

    fn wait(&mut self, correlation_id: Option<String>, asked: EventNumber) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.wrapping_add(1);
        self.waiting.insert(ticket, Waiting { correlation_id, asked });
        ticket
    }

    fn send(&mut self, correlation_id: String, response: AgentResponse) {
        self.outbound.push_back(Outbound::Answer { correlation_id, response: Box::new(response) });
    }
}

fn refusal(code: &'static str) -> AgentResponse {
    AgentResponse::block(403, "the request's correlation id is not acceptable")
        .with_tag("zentinelle:refused-id")
        .with_reason_code(code)
}

fn refused_frame() -> WebSocketDecision {
    WebSocketDecision::Close { code: 1008, reason: "refused by policy".to_owned() }
}

const fn number_of(event: &Event) -> EventNumber {
    match event {
        Event::RequestHeaders(_) => EventNumber::RequestHeaders,
        Event::Body(Direction::Request, _) => EventNumber::RequestBodyChunk,
        Event::Body(Direction::Response, _) => EventNumber::ResponseBodyChunk,
        Event::ResponseHeaders(_) => EventNumber::ResponseHeaders,
        Event::Complete(_) => EventNumber::RequestComplete,
        Event::WebSocket(_) => EventNumber::WebSocketFrame,
        Event::Guardrail(_) => EventNumber::GuardrailInspect,
    }
}

/// Whether the client may have chosen the id: it stands in one of the headers from which the
/// proxy takes it, or does not look like one of the proxy's own. (`x-correlation-id` says
/// nothing: the proxy sets it itself.)
fn is_suspect(request: &RequestHeaders) -> bool {
    let id = request.metadata.correlation_id.as_str();
    let given = ["x-trace-id", "x-request-id"].iter().any(|name| request.headers.all(name).any(|value| value == id));
    given || !looks_like_the_proxys_own(id)
}

/// Eleven characters of base58, or a UUID.
fn looks_like_the_proxys_own(id: &str) -> bool {
    let base58 = |c: u8| c.is_ascii_alphanumeric() && !matches!(c, b'0' | b'O' | b'I' | b'l');
    let uuid = |(place, c): (usize, u8)| match place {
        8 | 13 | 18 | 23 => c == b'-',
        _ => c.is_ascii_hexdigit(),
    };
    match id.len() {
        11 => id.bytes().all(base58),
        36 => id.bytes().enumerate().all(uuid),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
