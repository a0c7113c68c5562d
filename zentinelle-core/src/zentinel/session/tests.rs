use super::*;
use crate::zentinel::event::{BodyChunk, CancelReason};
use crate::zentinel::response::{CORRELATION_KEY, Decision};
use crate::zentinel::{Connection, End};

struct Talk {
    session: Session,
    exchanges: Exchanges,
}

impl Talk {
    fn with(change: impl FnOnce(&mut SessionConfig), proxy_version: &str) -> Self {
        let mut config = SessionConfig::new(Capabilities::new("a", "a", "1"));
        change(&mut config);
        let mut talk =
            Self { session: Session::new(Arc::new(config), ConnectionId(1)), exchanges: Exchanges::default() };
        let hello: HandshakeRequest = serde_json::from_value(
            serde_json::json!({ "supported_versions": [2], "proxy_version": proxy_version, "supported_encodings": ["json"] }),
        )
        .unwrap();
        assert!(matches!(talk.accept(Inbound::Handshake(hello)), Some(Occurrence::Greeted(_))));
        assert!(matches!(talk.session.next_outbound(), Some(Outbound::Handshake(_))));
        talk
    }

    fn new() -> Self {
        Self::with(|_| {}, "0.6.54")
    }

    fn accept(&mut self, message: Inbound) -> Option<Occurrence> {
        self.session.accept(message, &mut self.exchanges, 0)
    }

    fn ask(&mut self, event: Event) -> Ticket {
        match self.accept(Inbound::Event(event)) {
            Some(Occurrence::Judge(ticket, _)) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, ticket: Ticket, response: AgentResponse) -> bool {
        self.session.answer(ticket, response, &mut self.exchanges)
    }

    fn sent(&mut self) -> Vec<(String, AgentResponse)> {
        let mut sent = Vec::new();
        while let Some(message) = self.session.next_outbound() {
            if let Outbound::Answer { correlation_id, response } = message {
                sent.push((correlation_id, *response));
            }
        }
        sent
    }
}

fn request(id: &str, uri: &str) -> Event {
    let mut request = RequestHeaders { uri: uri.into(), method: "GET".into(), ..RequestHeaders::default() };
    request.metadata.correlation_id = id.into();
    Event::RequestHeaders(request)
}

fn frame(id: &str, client_to_server: bool) -> Event {
    Event::WebSocket(WebSocketFrame {
        correlation_id: id.into(),
        opcode: "text".into(),
        data: b"hi".to_vec(),
        client_to_server,
        frame_index: 0,
        fin: true,
        route_id: None,
        client_ip: None,
    })
}

fn is_block(response: &AgentResponse) -> bool {
    matches!(response.decision, Decision::Block { .. })
}

fn undecodable(kind: MessageType, id: Option<&str>) -> Inbound {
    Inbound::Undecodable { kind, correlation_id: id.map(str::to_owned), error: PayloadError::new("a request", "no") }
}

#[test]
fn answers_go_out_in_the_order_in_which_they_are_made() {
    let mut talk = Talk::new();
    let (first, second) = (talk.ask(request("one", "/1")), talk.ask(request("two", "/2")));
    assert!(talk.answer(second, AgentResponse::block(403, "no")));
    assert!(talk.answer(first, AgentResponse::allow()));
    let sent = talk.sent();
    assert_eq!(
        sent.iter().map(|(id, response)| (id.as_str(), is_block(response))).collect::<Vec<_>>(),
        [("two", true), ("one", false)]
    );
    assert!(!talk.answer(first, AgentResponse::allow()), "a ticket is good once");
}

#[test]
fn an_id_in_use_refuses_both_events_and_leaves_their_answers_unwanted() {
    let mut talk = Talk::new();
    let slow = talk.ask(request("same", "/allowed"));
    assert_eq!(talk.accept(Inbound::Event(request("same", "/refused"))), Some(Occurrence::Noticed(Notice::SharedId)));
    let sent = talk.sent();
    assert!(sent.len() == 2 && sent.iter().all(|(id, response)| id == "same" && is_block(response)));
    assert!(!talk.answer(slow, AgentResponse::allow()));
    assert!(talk.sent().is_empty());
}

#[test]
fn both_directions_of_a_websocket_may_be_under_way_and_only_the_later_is_answered() {
    let mut talk = Talk::new();
    let up = talk.ask(frame("ws", true));
    let down = talk.ask(frame("ws", false));
    assert!(!talk.answer(up, AgentResponse::allow()));
    assert!(talk.answer(down, AgentResponse::block(403, "no")));
    let sent = talk.sent();
    assert_eq!(
        sent[0].1.websocket_decision,
        Some(WebSocketDecision::Close { code: 1008, reason: "refused by policy".into() })
    );
}

#[test]
fn what_cannot_be_read_is_refused_unless_told_otherwise() {
    let mut talk = Talk::new();
    talk.accept(undecodable(MessageType::RequestHeaders, Some("c")));
    assert!(is_block(&talk.sent()[0].1));

    let mut open = Talk::with(|config| config.failure_mode = FailureMode::Open, "0.6.54");
    open.accept(undecodable(MessageType::RequestHeaders, Some("c")));
    open.accept(undecodable(MessageType::Configure, Some("d")));
    let sent = open.sent();
    assert_eq!(sent[0].1.audit.tags, ["zentinelle:failed-open"]);
    assert!(!is_block(&sent[0].1) && is_block(&sent[1].1), "a configuration is never accepted unread");

    let nameless = talk.accept(undecodable(MessageType::RequestHeaders, None));
    assert!(matches!(nameless, Some(Occurrence::Noticed(Notice::Undecodable { answered: false, .. }))));
    assert!(talk.sent().is_empty());
}

#[test]
fn nothing_is_begun_before_a_configuration_is_applied() {
    let mut talk = Talk::new();
    let configure = Configure { correlation_id: Some("z-1".into()), ..Configure::default() };
    let Some(Occurrence::Configure(ticket, _)) = talk.accept(Inbound::Configure(configure)) else { panic!() };
    assert!(!talk.session.is_ready());
    assert!(talk.session.configured(ticket, Err("`limit` is no number".into())));
    assert!(talk.session.is_ready());
    let (id, response) = talk.sent().remove(0);
    assert!(id == "z-1" && is_block(&response));
}

#[test]
fn over_grpc_a_rejected_configuration_ends_the_connection() {
    let mut talk = Talk::new();
    let Some(Occurrence::Configure(ticket, _)) = talk.accept(Inbound::Configure(Configure::default())) else {
        panic!()
    };
    talk.session.configured(ticket, Err("no".into()));
    assert_eq!(talk.session.closed(), Some(&CloseReason::ConfigurationRejected));
    assert!(talk.sent().is_empty());
}

#[test]
fn a_cancelled_event_is_not_answered() {
    let mut talk = Talk::new();
    let ticket = talk.ask(request("c", "/"));
    let cancel = Cancel { correlation_id: "c".into(), reason: CancelReason::Timeout, timestamp_ms: 0 };
    assert_eq!(talk.accept(Inbound::Cancel(cancel.clone())), Some(Occurrence::Cancelled(ticket, cancel.clone())));
    assert!(!talk.answer(ticket, AgentResponse::allow()));
    assert_eq!(talk.accept(Inbound::Cancel(cancel)), None, "sent on every connection, whichever has the event");
}

#[test]
fn pieces_of_a_body_are_answered_with_more_until_the_last_one_is_judged() {
    let mut talk = Talk::new();
    let head = talk.ask(request("c", "/v1"));
    talk.answer(head, AgentResponse::allow());
    let piece = |data: &str, index, is_last| {
        Inbound::Event(Event::Body(
            Direction::Request,
            BodyChunk {
                correlation_id: "c".into(),
                data: data.into(),
                is_last,
                total_size: None,
                chunk_index: index,
                bytes_so_far: 0,
            },
        ))
    };
    assert_eq!(talk.accept(piece("a", 0, false)), None);
    let Some(Occurrence::Judge(_, Question::RequestBody { known, body })) = talk.accept(piece("b", 1, true)) else {
        panic!()
    };
    assert_eq!((known.request.unwrap().uri.as_str(), body.as_slice()), ("/v1", b"ab".as_slice()));
    assert!(talk.sent()[1].1.needs_more);
}

#[test]
fn strict_ids_are_the_proxys_own() {
    let mut talk = Talk::with(|config| config.strict_ids = true, "0.6.54");
    talk.ask(request("WB3GqMToERh", "/"));
    talk.ask(request("2deabcb0-89b0-4ac8-b37f-9183f39d1790", "/"));
    for id in ["0B3GqMToERh", "mine", ""] {
        assert_eq!(talk.accept(Inbound::Event(request(id, "/"))), Some(Occurrence::Noticed(Notice::SuspectId)));
    }
    let Event::RequestHeaders(mut copied) = request("WB3GqMToERj", "/") else { panic!() };
    copied.headers.add("X-Request-Id", "WB3GqMToERj");
    let noticed = talk.accept(Inbound::Event(Event::RequestHeaders(copied)));
    assert_eq!(noticed, Some(Occurrence::Noticed(Notice::SuspectId)));
}

#[test]
fn a_connection_that_does_not_begin_with_a_handshake_ends() {
    let config = Arc::new(SessionConfig::new(Capabilities::new("a", "a", "1")));
    let mut session = Session::new(Arc::clone(&config), ConnectionId(1));
    assert_eq!(session.accept(Inbound::Event(request("c", "/")), &mut Exchanges::default(), 0), None);
    assert_eq!(session.closed(), Some(&CloseReason::NoHandshake));
    assert_eq!(session.next_outbound(), None);

    let mut old = Session::new(config, ConnectionId(2));
    let hello = serde_json::from_str(r#"{"supported_versions":[1]}"#).unwrap();
    old.accept(Inbound::Handshake(hello), &mut Exchanges::default(), 0);
    let Some(Outbound::Handshake(answer)) = old.next_outbound() else { panic!() };
    assert!(!answer.success && answer.error.unwrap().contains("version 2"));
}

#[test]
fn draining_answers_what_came_and_then_ends() {
    let mut talk = Talk::new();
    let ticket = talk.ask(request("c", "/"));
    talk.session.drain(5);
    talk.session.end_if_drained();
    assert_eq!(talk.session.closed(), None);
    talk.answer(ticket, AgentResponse::allow());
    talk.session.end_if_drained();
    assert_eq!(talk.session.closed(), Some(&CloseReason::Drained));
    let Some(Outbound::Health(health)) = talk.session.next_outbound() else { panic!() };
    assert_eq!((health.state, health.timestamp_ms), (3, 5));
    assert_eq!(talk.sent().len(), 1);
}

#[test]
fn an_answer_that_fits_no_frame_becomes_a_refusal() {
    let config = Arc::new(SessionConfig::new(Capabilities::new("a", "a", "1")));
    let (mut connection, mut exchanges) = (Connection::new(config, ConnectionId(1)), Exchanges::default());
    let push = |connection: &mut Connection, kind: u8, payload: &str| {
        let mut bytes = u32::try_from(payload.len() + 1).unwrap().to_be_bytes().to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(payload.as_bytes());
        connection.push(&bytes);
    };
    push(&mut connection, 0x01, r#"{"supported_versions":[2]}"#);
    push(&mut connection, 0x12, r#"{"correlation_id":"c","status":200,"headers":{}}"#);
    connection.poll(&mut exchanges, 0).unwrap();
    let Some(Occurrence::Judge(ticket, _)) = connection.poll(&mut exchanges, 0) else { panic!() };
    connection.take_output();
    let long = AgentResponse::block(403, "x".repeat(17 * 1024 * 1024));
    connection.answer(ticket, long, &mut exchanges);
    let written = connection.take_output();
    let answer: AgentResponse = serde_json::from_slice(&written[5..]).unwrap();
    assert_eq!(answer.audit.custom[CORRELATION_KEY], "c");
    assert_eq!(answer.audit.reason_codes, ["zentinel.answer_too_long"]);
    assert_eq!(connection.end(), None);

    connection.push(&[0, 0, 0, 0]);
    assert!(connection.poll(&mut exchanges, 0).is_none());
    assert!(matches!(connection.end(), Some(End::Broken(_))));
}
