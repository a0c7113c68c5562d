//! The same messages as gRPC carries them: protobuf in, protobuf out.
//!
//! Not carried over gRPC are routing metadata, changed bodies and decisions about WebSocket
//! frames; an answer that would lose one of them that matters is sent as a refusal. An answer has
//! its event's id in a field of its own. A configuration has none: what accepts it is the pong
//! that follows, and the end of the stream rejects it.

/// The messages by their numbers, generated from `proto/zentinel_agent_v2.proto`.
#[allow(dead_code, unreachable_pub, clippy::all, reason = "generated; messages that proxies never send are in it too")]
#[rustfmt::skip]
mod generated;

use std::borrow::Cow;

use jiff::Timestamp;
use prost::Message as _;
use serde_json::Value;

use generated as pb;
use pb::agent_response::Decision as PbDecision;
use pb::agent_to_proxy::Message as ToProxy;
use pb::header_op::Operation;
use pb::proxy_to_agent::Message as ToAgent;

use super::encoding::PayloadError;
use super::event::{
    BodyChunk, Cancel, CancelReason, Configure, Direction, Metadata, RequestComplete, RequestHeaders, ResponseHeaders,
    WebSocketFrame,
};
use super::frame::MessageType;
use super::guardrail::{GuardrailInspect, InspectionType};
use super::handshake::{Capabilities, HandshakeRequest, HandshakeResponse};
use super::headers::Headers;
use super::message::{Event, HealthStatus, Inbound, Outbound};
use super::response::{AgentResponse, Audit, Decision, HeaderOp, WebSocketDecision};

/// The path of the one call that proxies make.
pub const PROCESS_STREAM: &str = "/zentinel.agent.v2.AgentServiceV2/ProcessStream";
/// The name of the service.
pub const SERVICE: &str = "zentinel.agent.v2.AgentServiceV2";
/// The longest message to take from a proxy: that of a frame on a Unix socket. Unit: bytes.
pub const MAX_INBOUND: usize = 16 * 1024 * 1024;
/// The longest message that a proxy takes. Unit: bytes.
const MAX_OUTBOUND: usize = 4 * 1024 * 1024;

/// Reads a `ProxyToAgent`. Nothing for one that says nothing, or whose content a later version
/// added.
///
/// # Errors
/// When the bytes are no such message. Whom it was about cannot be told then.
pub fn decode(bytes: &[u8]) -> Result<Option<Inbound>, PayloadError> {
    let message = pb::ProxyToAgent::decode(bytes).map_err(|error| PayloadError::new("a message of a proxy", error))?;
    Ok(message.message.map(inbound))
}

/// Writes an `AgentToProxy`. An answer that proxies would not take, or would take for a
/// permission that it is not, becomes a refusal.
#[must_use]
pub fn encode(message: &Outbound, now_ms: u64) -> Vec<u8> {
    let write = |message: ToProxy| pb::AgentToProxy { message: Some(message) }.encode_to_vec();
    let written = write(outbound(message, now_ms));
    match message {
        Outbound::Answer { correlation_id, .. } if written.len() > MAX_OUTBOUND => {
            let refusal = refusal(503, "the policy's answer is too long", "zentinel.answer_too_long");
            write(ToProxy::Response(answer(correlation_id, &refusal)))
        }
        _ => written,
    }
}

/// What stands in the way of sending a response over gRPC: it permits only together with
/// something that is not carried.
fn lost(response: &AgentResponse) -> Option<AgentResponse> {
    if response.is_refusal() {
        return None;
    }
    let changes = [&response.request_body_mutation, &response.response_body_mutation];
    if changes.into_iter().flatten().any(|change| change.data.is_some()) {
        return Some(refusal(403, "refused: a body cannot be changed over gRPC", "zentinel.cannot_change_body"));
    }
    let refuses_frame = |decision: &WebSocketDecision| *decision != WebSocketDecision::Allow;
    if response.websocket_decision.as_ref().is_some_and(refuses_frame) {
        return Some(refusal(403, "refused by policy", "zentinel.frame_refused"));
    }
    None
}

fn refusal(status: u16, why: &str, code: &'static str) -> AgentResponse {
    AgentResponse::block(status, why).with_tag("zentinelle:failed-closed").with_reason_code(code)
}

fn inbound(message: ToAgent) -> Inbound {
    match message {
        ToAgent::Handshake(hello) => Inbound::Handshake(HandshakeRequest {
            supported_versions: hello.supported_versions,
            proxy_id: hello.proxy_id,
            proxy_version: hello.proxy_version,
            config: serde_json::from_str(&hello.config_json).unwrap_or_default(),
            supported_encodings: Vec::new(),
        }),
        ToAgent::RequestHeaders(event) => request(event),
        ToAgent::RequestBodyChunk(chunk) => Inbound::Event(Event::Body(Direction::Request, body(chunk))),
        ToAgent::ResponseBodyChunk(chunk) => Inbound::Event(Event::Body(Direction::Response, body(chunk))),
        ToAgent::ResponseHeaders(event) => {
            let Ok(status) = u16::try_from(event.status_code) else {
                return undecodable(MessageType::ResponseHeaders, event.correlation_id, "`status_code` is no status");
            };
            let correlation_id = event.correlation_id;
            Inbound::Event(Event::ResponseHeaders(ResponseHeaders {
                correlation_id,
                status,
                headers: headers(event.headers),
            }))
        }
        ToAgent::WebsocketFrame(frame) => {
            let opcode = match frame.frame_type {
                1 => "text",
                2 => "binary",
                3 => "ping",
                4 => "pong",
                5 => "close",
                _ => {
                    let kind = MessageType::WebSocketFrame;
                    return undecodable(kind, frame.correlation_id, "`frame_type` is unknown");
                }
            };
            Inbound::Event(Event::WebSocket(WebSocketFrame {
                correlation_id: frame.correlation_id,
                opcode: opcode.to_owned(),
                data: frame.payload,
                client_to_server: frame.client_to_server,
                frame_index: 0,
                fin: true,
                route_id: None,
                client_ip: None,
            }))
        }
        // What to look for is not carried, so that a text is inspected for attacks.
        ToAgent::Guardrail(event) => Inbound::Event(Event::Guardrail(GuardrailInspect {
            correlation_id: event.correlation_id,
            inspection_type: InspectionType::PromptInjection,
            content: event.content,
            model: event.model,
            categories: Vec::new(),
            route_id: None,
            metadata: Default::default(),
        })),
        ToAgent::RequestComplete(event) => Inbound::Event(Event::Complete(RequestComplete {
            correlation_id: event.correlation_id,
            status: u16::try_from(event.status_code).unwrap_or_default(),
            duration_ms: event.duration_ms,
            request_body_size: event.bytes_received,
            response_body_size: event.bytes_sent,
            upstream_attempts: 0,
            error: event.error,
        })),
        ToAgent::Cancel(cancel) => Inbound::Cancel(Cancel {
            correlation_id: cancel.correlation_id,
            reason: CancelReason::from(i64::from(cancel.reason)),
            timestamp_ms: cancel.timestamp_ms,
        }),
        ToAgent::Configure(event) => match serde_json::from_str::<Value>(&event.config_json) {
            Ok(config) => {
                Inbound::Configure(Configure { correlation_id: None, config, config_version: event.config_version })
            }
            Err(error) => Inbound::Undecodable {
                kind: MessageType::Configure,
                correlation_id: None,
                error: PayloadError::new("a configuration", error),
            },
        },
        // Kept as the session keeps those of a Unix socket: bytes that go back unchanged.
        ToAgent::Ping(ping) => Inbound::Ping(ping.encode_to_vec()),
    }
}

fn request(event: pb::RequestHeadersEvent) -> Inbound {
    let Some(metadata) = event.metadata else {
        return Inbound::Undecodable {
            kind: MessageType::RequestHeaders,
            correlation_id: None,
            error: PayloadError::new("a request", "`metadata` is missing"),
        };
    };
    let Ok(client_port) = u16::try_from(metadata.client_port) else {
        return undecodable(MessageType::RequestHeaders, metadata.correlation_id, "`client_port` is no port");
    };
    let at = i64::try_from(metadata.timestamp_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Inbound::Event(Event::RequestHeaders(RequestHeaders {
        metadata: Metadata {
            correlation_id: metadata.correlation_id,
            request_id: metadata.request_id,
            client_ip: metadata.client_ip,
            client_port,
            server_name: metadata.server_name,
            protocol: metadata.protocol,
            tls_version: metadata.tls_version,
            tls_cipher: None,
            route_id: metadata.route_id,
            upstream_id: metadata.upstream_id,
            timestamp: at.map(|at| at.to_string()).unwrap_or_default(),
            traceparent: metadata.traceparent,
        },
        method: event.method,
        uri: event.uri,
        headers: headers(event.headers),
    }))
}

fn undecodable(kind: MessageType, correlation_id: String, what: &'static str) -> Inbound {
    Inbound::Undecodable {
        kind,
        correlation_id: Some(correlation_id),
        error: PayloadError::new("an event of the protocol", what),
    }
}

fn headers(fields: Vec<pb::Header>) -> Headers {
    fields.into_iter().map(|field| (field.name, field.value)).collect()
}

fn body(chunk: pb::BodyChunkEvent) -> BodyChunk {
    BodyChunk {
        correlation_id: chunk.correlation_id,
        data: chunk.data,
        is_last: chunk.is_last,
        total_size: chunk.total_size,
        chunk_index: chunk.chunk_index,
        bytes_so_far: chunk.bytes_transferred,
    }
}

fn outbound(message: &Outbound, now_ms: u64) -> ToProxy {
    match message {
        Outbound::Handshake(answer) => ToProxy::Handshake(handshake(answer)),
        Outbound::Answer { correlation_id, response } => {
            let mut response = Cow::Borrowed(&**response);
            if let Some(mut refusal) = lost(&response) {
                merge_audit(&mut refusal.audit, &response.audit);
                response = Cow::Owned(refusal);
            }
            ToProxy::Response(answer(correlation_id, &response))
        }
        Outbound::Pong(payload) => {
            let ping = pb::Ping::decode(payload.as_slice()).unwrap_or_default();
            ToProxy::Pong(pb::Pong {
                sequence: ping.sequence,
                ping_timestamp_ms: ping.timestamp_ms,
                timestamp_ms: now_ms,
            })
        }
        Outbound::Health(HealthStatus { agent_id, state, message, timestamp_ms }) => {
            ToProxy::Health(pb::HealthStatus {
                agent_id: agent_id.clone(),
                state: *state,
                message: message.clone(),
                timestamp_ms: *timestamp_ms,
                timeout_multiplier: 1.0,
                recoverable: true,
                ..pb::HealthStatus::default()
            })
        }
    }
}

fn handshake(answer: &HandshakeResponse) -> pb::HandshakeResponse {
    let Capabilities { agent_id, name, version, supported_events, features, limits } = &answer.capabilities;
    pb::HandshakeResponse {
        protocol_version: answer.protocol_version,
        capabilities: Some(pb::AgentCapabilities {
            protocol_version: answer.protocol_version,
            agent_id: agent_id.clone(),
            name: name.clone(),
            version: version.clone(),
            supported_events: supported_events.clone(),
            features: Some(pb::AgentFeatures {
                streaming_body: features.streaming_body,
                websocket: features.websocket,
                guardrails: features.guardrails,
                config_push: features.config_push,
                metrics_export: features.metrics_export,
                concurrent_requests: features.concurrent_requests,
                cancellation: features.cancellation,
                flow_control: features.flow_control,
                health_reporting: features.health_reporting,
            }),
            limits: Some(pb::AgentLimits {
                max_body_size: limits.max_body_size,
                max_concurrency: limits.max_concurrency,
                preferred_chunk_size: limits.preferred_chunk_size,
                ..pb::AgentLimits::default()
            }),
            health_config: None,
        }),
        success: answer.success,
        error: answer.error.clone(),
    }
}

/// The words for the audit log that a refused answer had stay beside those of its refusal.
fn merge_audit(into: &mut Audit, from: &Audit) {
    into.tags.extend(from.tags.iter().cloned());
    into.reason_codes.extend(from.reason_codes.iter().cloned());
    into.rule_ids.clone_from(&from.rule_ids);
    into.custom.clone_from(&from.custom);
}

fn answer(correlation_id: &str, response: &AgentResponse) -> pb::AgentResponse {
    pb::AgentResponse {
        correlation_id: correlation_id.to_owned(),
        decision: Some(decision(&response.decision)),
        request_headers: response.request_headers.iter().map(header_op).collect(),
        response_headers: response.response_headers.iter().map(header_op).collect(),
        audit: Some(audit(&response.audit)),
        processing_time_ms: None,
        needs_more: response.needs_more,
    }
}

fn decision(decision: &Decision) -> PbDecision {
    match decision {
        Decision::Allow => PbDecision::Allow(pb::AllowDecision {}),
        Decision::Block { status, body, headers } => PbDecision::Block(pb::BlockDecision {
            status: u32::from(*status),
            body: body.clone(),
            headers: headers.iter().flatten().map(|(name, value)| header(name, value)).collect(),
        }),
        Decision::Redirect { url, status } => {
            PbDecision::Redirect(pb::RedirectDecision { url: url.clone(), status: u32::from(*status) })
        }
        Decision::Challenge { challenge_type, params } => PbDecision::Challenge(pb::ChallengeDecision {
            challenge_type: challenge_type.clone(),
            params: params.clone(),
        }),
    }
}

fn header_op(op: &HeaderOp) -> pb::HeaderOp {
    let operation = match op {
        HeaderOp::Set { name, value } => Operation::Set(header(name, value)),
        HeaderOp::Add { name, value } => Operation::Add(header(name, value)),
        HeaderOp::Remove { name } => Operation::Remove(name.clone()),
    };
    pb::HeaderOp { operation: Some(operation) }
}

fn header(name: &str, value: &str) -> pb::Header {
    pb::Header { name: name.to_owned(), value: value.to_owned() }
}

fn audit(audit: &Audit) -> pb::AuditMetadata {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    pb::AuditMetadata {
        tags: audit.tags.clone(),
        rule_ids: audit.rule_ids.clone(),
        confidence: audit.confidence,
        reason_codes: audit.reason_codes.clone(),
        custom: audit.custom.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::super::response::BodyMutation;
    use super::*;

    /// `interop/tests/proto.rs` of the server writes the code and these two lines, and compares
    /// the whole of it; this notices without a compiler for `.proto` that one was changed alone.
    #[test]
    fn the_generated_code_belongs_to_the_proto() {
        let digest = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let generated = include_str!("grpc/generated.rs");
        let (head, code) = generated.split_once("\n\n").unwrap();
        let proto = include_str!("../../proto/zentinel_agent_v2.proto");
        let expected = format!("// proto {}\n// code {}", digest(proto), digest(code));
        assert_eq!(head, expected, "run `scripts/zentinel-interop.sh generate`");
    }

    fn read(message: ToAgent) -> Inbound {
        decode(&pb::ProxyToAgent { message: Some(message) }.encode_to_vec()).unwrap().unwrap()
    }

    #[test]
    fn a_request_has_every_value_of_a_field_and_a_readable_time() {
        let metadata = pb::RequestMetadata {
            correlation_id: "c".into(),
            client_ip: "10.0.0.7".into(),
            client_port: 99,
            timestamp_ms: 1_000,
            ..pb::RequestMetadata::default()
        };
        let message = ToAgent::RequestHeaders(pb::RequestHeadersEvent {
            metadata: Some(metadata),
            method: "GET".into(),
            uri: "/".into(),
            http_version: "HTTP/1.1".into(),
            headers: vec![header("a", "1"), header("a", "2")],
        });
        let Inbound::Event(Event::RequestHeaders(event)) = read(message) else { panic!() };
        assert_eq!(event.headers.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(event.metadata.timestamp, "1970-01-01T00:00:01Z");
    }

    #[test]
    fn an_answer_names_its_event_and_always_says_what_is_decided() {
        let response = AgentResponse::allow().with_tag("t");
        let message = Outbound::Answer { correlation_id: "c".into(), response: Box::new(response) };
        let sent = pb::AgentToProxy::decode(encode(&message, 0).as_slice()).unwrap();
        let Some(ToProxy::Response(answer)) = sent.message else { panic!() };
        assert_eq!(answer.correlation_id, "c");
        assert_eq!(answer.decision, Some(PbDecision::Allow(pb::AllowDecision {})));
        assert_eq!(answer.audit.unwrap().tags, ["t"]);
    }

    fn sent(response: AgentResponse) -> pb::AgentResponse {
        let message = Outbound::Answer { correlation_id: "c".into(), response: Box::new(response) };
        let sent = pb::AgentToProxy::decode(encode(&message, 0).as_slice()).unwrap();
        let Some(ToProxy::Response(answer)) = sent.message else { panic!() };
        answer
    }

    fn refused_for(answer: &pb::AgentResponse) -> Option<&str> {
        let refused = matches!(answer.decision, Some(PbDecision::Block(_)));
        refused.then(|| answer.audit.as_ref().unwrap().reason_codes[0].as_str())
    }

    #[test]
    fn a_permission_that_would_lose_its_condition_is_a_refusal() {
        let change = |data: Option<&str>| Some(BodyMutation { data: data.map(str::to_owned), chunk_index: 0 });
        let masked = AgentResponse { response_body_mutation: change(Some("Kioq")), ..AgentResponse::allow() };
        let answer = sent(masked.with_tag("zentinelle:masked"));
        assert_eq!(refused_for(&answer), Some("zentinel.cannot_change_body"));
        assert_eq!(answer.audit.unwrap().tags, ["zentinelle:failed-closed", "zentinelle:masked"]);
        let unchanged = AgentResponse { response_body_mutation: change(None), ..AgentResponse::allow() };
        assert_eq!(refused_for(&sent(unchanged)), None);
        let frame = AgentResponse { websocket_decision: Some(WebSocketDecision::Drop), ..AgentResponse::allow() };
        assert_eq!(refused_for(&sent(frame)), Some("zentinel.frame_refused"));
    }

    #[test]
    fn an_answer_that_a_proxy_would_not_take_is_a_refusal_that_it_takes() {
        let answer = sent(AgentResponse::allow().with_tag("t".repeat(MAX_OUTBOUND)));
        assert_eq!(refused_for(&answer), Some("zentinel.answer_too_long"));
    }

    #[test]
    fn a_ping_comes_back_with_its_number() {
        let Inbound::Ping(payload) = read(ToAgent::Ping(pb::Ping { sequence: 7, timestamp_ms: 8 })) else { panic!() };
        let sent = pb::AgentToProxy::decode(encode(&Outbound::Pong(payload), 9).as_slice()).unwrap();
        let pong = pb::Pong { sequence: 7, ping_timestamp_ms: 8, timestamp_ms: 9 };
        assert_eq!(sent.message, Some(ToProxy::Pong(pong)));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_event_where_that_is_known() {
        let frame = pb::WebSocketFrameEvent { correlation_id: "w".into(), frame_type: 9, ..Default::default() };
        let read = read(ToAgent::WebsocketFrame(frame));
        assert!(matches!(read, Inbound::Undecodable { correlation_id: Some(id), .. } if id == "w"));
        assert!(decode(&[0xff]).is_err());
        assert_eq!(decode(&[]), Ok(None));
    }
}
