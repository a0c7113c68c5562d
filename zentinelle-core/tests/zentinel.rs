//! The cases in `fixtures/zentinel`, and the laws of the encodings.
#![cfg(feature = "zentinel")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};
use zentinelle_core::zentinel::event::{
    BodyChunk, Cancel, CancelReason, Configure, Direction, Metadata, RequestComplete, RequestHeaders, ResponseHeaders,
    WebSocketFrame,
};
use zentinelle_core::zentinel::frame::{Frame, FrameReader, MessageType};
use zentinelle_core::zentinel::guardrail::{DetectionSeverity, GuardrailInspect, InspectionType, TextSpan};
use zentinelle_core::zentinel::message::{Event, Inbound, Outbound};
use zentinelle_core::zentinel::response::{Audit, BodyMutation, HeaderOp, WebSocketDecision};
use zentinelle_core::zentinel::{
    AgentResponse, Capabilities, Connection, ConnectionId, Decision, Detection, Encoding, Exchanges, GuardrailResponse,
    Headers, Occurrence, SessionConfig,
};

#[derive(Deserialize)]
struct FrameCase {
    name: String,
    header: String,
    payload: String,
    #[serde(default = "once")]
    repeat: usize,
    kind: Option<String>,
    error: Option<String>,
}

const fn once() -> usize {
    1
}

#[derive(Deserialize)]
struct Conversation {
    name: String,
    handler: AgentResponse,
    steps: Vec<Step>,
    closed: bool,
    together: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Proxy { r#type: String, payload: String },
    Agent { r#type: String, payload: Option<Value>, bytes: Option<String> },
}

fn byte(text: &str) -> u8 {
    u8::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

fn cases<T: serde::de::DeserializeOwned>(lines: &str) -> Vec<T> {
    let cases: Vec<T> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!cases.is_empty());
    cases
}

/// Whether `found` has every field of `wanted`.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| found.get(key).is_some_and(|found| holds(found, value)))
        }
        _ => found == wanted,
    }
}

#[test]
fn every_frame_is_read_as_its_case_says() {
    for case in cases::<FrameCase>(include_str!("../../fixtures/zentinel/frames.jsonl")) {
        let mut bytes: Vec<u8> =
            case.header.as_bytes().chunks(2).map(|pair| byte(std::str::from_utf8(pair).unwrap())).collect();
        let payload = case.payload.repeat(case.repeat);
        bytes.extend_from_slice(payload.as_bytes());
        let mut reader = FrameReader::default();
        reader.push(&bytes);
        match (reader.next_frame(), case.kind, case.error) {
            (Ok(Some(frame)), Some(kind), None) => {
                assert_eq!((frame.kind.byte(), frame.payload), (byte(&kind), payload.as_bytes()), "{}", case.name);
                let mut again = Vec::new();
                frame.write(&mut again).unwrap();
                assert!(again == bytes, "{}", case.name);
            }
            (Err(error), None, Some(wanted)) => assert_eq!(error.to_string(), wanted, "{}", case.name),
            (other, ..) => panic!("{}: {other:?}", case.name),
        }
    }
}

#[test]
fn every_conversation_goes_as_its_case_says() {
    for case in cases::<Conversation>(include_str!("../../fixtures/zentinel/conversations.jsonl")) {
        let config = Arc::new(SessionConfig::new(Capabilities::new("agent", "agent", "1.0.0")));
        let (mut connection, mut exchanges) = (Connection::new(config, ConnectionId(0)), Exchanges::default());
        let (mut sent, mut questions) = (FrameReader::default(), Vec::new());
        for step in &case.steps {
            match step {
                Step::Proxy { r#type, payload } => {
                    let kind = MessageType::of(byte(r#type)).unwrap();
                    let mut bytes = Vec::new();
                    Frame { kind, payload: payload.as_bytes() }.write(&mut bytes).unwrap();
                    connection.push(&bytes);
                    while let Some(occurrence) = connection.poll(&mut exchanges, 0) {
                        match occurrence {
                            Occurrence::Judge(ticket, _) if case.together => questions.push(ticket),
                            Occurrence::Judge(ticket, _) => {
                                connection.answer(ticket, case.handler.clone(), &mut exchanges);
                            }
                            Occurrence::Configure(ticket, _) => {
                                connection.configured(ticket, Ok(()));
                            }
                            _ => {}
                        }
                    }
                }
                Step::Agent { r#type, payload, bytes } => {
                    for ticket in questions.drain(..) {
                        connection.answer(ticket, case.handler.clone(), &mut exchanges);
                    }
                    sent.push(&connection.take_output());
                    let frame = sent.next_frame().unwrap().unwrap_or_else(|| panic!("{}: nothing was sent", case.name));
                    assert_eq!(frame.kind.byte(), byte(r#type), "{}", case.name);
                    if let Some(bytes) = bytes {
                        assert_eq!(frame.payload, bytes.as_bytes(), "{}", case.name);
                    }
                    if let Some(payload) = payload {
                        let found: Value = serde_json::from_slice(frame.payload).unwrap();
                        assert!(holds(&found, payload), "{}: {found} does not hold {payload}", case.name);
                    }
                }
            }
        }
        sent.push(&connection.take_output());
        assert_eq!(sent.next_frame(), Ok(None), "{}", case.name);
        assert_eq!(connection.end().is_some(), case.closed, "{}", case.name);
    }
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

fn headers() -> impl Strategy<Value = Headers> {
    proptest::collection::vec(("[a-z]{1,6}", text()), 0..4).prop_map(|fields| {
        let mut headers = Headers::default();
        fields.into_iter().for_each(|(name, value)| headers.add(name, value));
        headers
    })
}

fn metadata() -> impl Strategy<Value = Metadata> {
    (text().prop_map(|id| format!("c{id}")), text(), any::<u16>(), proptest::option::of(text())).prop_map(
        |(correlation_id, client_ip, client_port, route_id)| Metadata {
            correlation_id,
            client_ip,
            client_port,
            route_id,
            ..Metadata::default()
        },
    )
}

fn chunk() -> impl Strategy<Value = BodyChunk> {
    (text(), bytes(), any::<bool>(), proptest::option::of(any::<u64>()), any::<u32>(), any::<u64>()).prop_map(
        |(correlation_id, data, is_last, total_size, chunk_index, bytes_so_far)| BodyChunk {
            correlation_id,
            data,
            is_last,
            total_size,
            chunk_index,
            bytes_so_far,
        },
    )
}

fn inbound() -> impl Strategy<Value = Inbound> {
    let event = prop_oneof![
        (metadata(), text(), text(), headers()).prop_map(|(metadata, method, uri, headers)| Event::RequestHeaders(
            RequestHeaders { metadata, method, uri, headers }
        )),
        (any::<bool>(), chunk())
            .prop_map(|(up, chunk)| Event::Body(if up { Direction::Request } else { Direction::Response }, chunk)),
        (text(), any::<u16>(), headers()).prop_map(|(correlation_id, status, headers)| Event::ResponseHeaders(
            ResponseHeaders { correlation_id, status, headers }
        )),
        (text(), any::<u64>(), proptest::option::of(text())).prop_map(|(correlation_id, duration_ms, error)| {
            Event::Complete(RequestComplete { correlation_id, duration_ms, error, ..RequestComplete::default() })
        }),
        (text(), bytes(), any::<bool>(), any::<u64>()).prop_map(
            |(correlation_id, data, client_to_server, frame_index)| Event::WebSocket(WebSocketFrame {
                correlation_id,
                opcode: "binary".into(),
                data,
                client_to_server,
                frame_index,
                fin: true,
                route_id: None,
                client_ip: None,
            })
        ),
        (text(), text(), proptest::option::of(text()), proptest::collection::vec(text(), 0..3)).prop_map(
            |(correlation_id, content, model, categories)| Event::Guardrail(GuardrailInspect {
                correlation_id,
                inspection_type: InspectionType::PromptInjection,
                content,
                model,
                categories,
                route_id: None,
                metadata: [("key".to_owned(), "value".to_owned())].into(),
            })
        ),
    ];
    prop_oneof![
        event.prop_map(Inbound::Event),
        (text(), text()).prop_map(|(id, mode)| Inbound::Configure(Configure {
            correlation_id: Some(id),
            config: serde_json::json!({ "mode": mode, "limits": [1, 2.5, null, true] }),
            config_version: None,
        })),
        (text(), any::<i64>(), any::<u64>()).prop_map(|(correlation_id, reason, timestamp_ms)| Inbound::Cancel(
            Cancel { correlation_id, reason: CancelReason::from(reason), timestamp_ms }
        )),
        bytes().prop_map(Inbound::Ping),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let params = || proptest::collection::btree_map(text(), text(), 0..3);
    prop_oneof![
        Just(Decision::Allow),
        (any::<u16>(), proptest::option::of(text()), proptest::option::of(params()))
            .prop_map(|(status, body, headers)| Decision::Block { status, body, headers }),
        (text(), any::<u16>()).prop_map(|(url, status)| Decision::Redirect { url, status }),
        (text(), params()).prop_map(|(challenge_type, params)| Decision::Challenge { challenge_type, params }),
    ]
}

fn response() -> impl Strategy<Value = AgentResponse> {
    let op = prop_oneof![
        (text(), text()).prop_map(|(name, value)| HeaderOp::Set { name, value }),
        (text(), text()).prop_map(|(name, value)| HeaderOp::Add { name, value }),
        text().prop_map(|name| HeaderOp::Remove { name }),
    ];
    let mutation = proptest::option::of((proptest::option::of(text()), any::<u32>()))
        .prop_map(|mutation| mutation.map(|(data, chunk_index)| BodyMutation { data, chunk_index }));
    let frame = prop_oneof![
        Just(None),
        Just(Some(WebSocketDecision::Drop)),
        (any::<u16>(), text()).prop_map(|(code, reason)| Some(WebSocketDecision::Close { code, reason })),
    ];
    let audit =
        (proptest::collection::vec(text(), 0..3), proptest::option::of(0.0_f32..1.0)).prop_map(|(tags, confidence)| {
            let custom: Map<String, Value> = [("n".to_owned(), Value::from(7))].into_iter().collect();
            Audit { tags, confidence, custom, ..Audit::default() }
        });
    let more = (any::<bool>(), mutation, frame, audit);
    (decision(), proptest::collection::vec(op, 0..3), more).prop_map(
        |(decision, request_headers, (needs_more, request_body_mutation, websocket_decision, audit))| AgentResponse {
            decision,
            request_headers,
            needs_more,
            request_body_mutation,
            websocket_decision,
            audit,
            ..AgentResponse::default()
        },
    )
}

proptest! {
    #[test]
    fn what_a_proxy_writes_is_read_back_in_either_encoding(message in inbound()) {
        for encoding in [Encoding::Json, Encoding::MsgPack] {
            let (kind, payload) = message.encode(encoding).unwrap();
            prop_assert_eq!(&Inbound::decode(kind, &payload, encoding), &message);
        }
    }

    #[test]
    fn what_an_agent_writes_is_read_back_in_either_encoding(response in response(), id in text()) {
        for encoding in [Encoding::Json, Encoding::MsgPack] {
            let mut message = Outbound::Answer { correlation_id: id.clone(), response: Box::new(response.clone()) };
            let (kind, payload) = message.encode(encoding).unwrap();
            prop_assert_eq!(Outbound::decode(kind, &payload, encoding).unwrap(), message);
        }
    }

    #[test]
    fn any_payload_of_any_type_is_a_message_and_never_a_panic(at in 0_usize..18, payload in bytes(), packed: bool) {
        let encoding = if packed { Encoding::MsgPack } else { Encoding::Json };
        let _ = Inbound::decode(MessageType::ALL[at], &payload, encoding);
    }
}

#[test]
fn raw_bytes_in_messagepack_are_a_body_too() {
    let value = vec![
        ("correlation_id", rmp_serde::to_vec("c").unwrap()),
        ("data", vec![0xc4, 2, b'o', b'k']),
        ("is_last", vec![0xc3]),
    ];
    let mut payload = vec![0x80 + 3];
    for (key, value) in value {
        payload.extend(rmp_serde::to_vec(key).unwrap());
        payload.extend(value);
    }
    let message = Inbound::decode(MessageType::RequestBodyChunk, &payload, Encoding::MsgPack);
    assert!(matches!(&message, Inbound::Event(Event::Body(_, chunk)) if chunk.data == b"ok"), "{message:?}");
}

#[test]
fn a_detection_has_the_fields_that_the_proxy_reads() {
    let found = GuardrailResponse {
        detected: true,
        confidence: 0.5,
        detections: vec![Detection {
            category: "email".into(),
            description: "an e-mail address".into(),
            severity: DetectionSeverity::Medium,
            confidence: Some(0.5),
            span: Some(TextSpan { start: 3, end: 9 }),
        }],
        redacted_content: Some("to [REDACTED:email]".into()),
    };
    let wanted = serde_json::json!({
        "detected": true, "confidence": 0.5, "redacted_content": "to [REDACTED:email]",
        "detections": [{ "category": "email", "description": "an e-mail address", "severity": "medium",
            "confidence": 0.5, "span": { "start": 3, "end": 9 } }],
    });
    assert_eq!(serde_json::to_value(found).unwrap(), wanted);
}
