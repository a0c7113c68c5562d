//! What the proxy asks an agent, one type for each event.
//!
//! Unknown fields are passed over and texts that may be missing may also be null, because
//! proxies of several versions write them. A field that a judgement cannot do without is
//! wanted: an event without it is not answered as if it were harmless.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::encoding::base64_bytes;
use super::headers::{ClientAddress, Headers};

/// What the proxy knows of a request beside its line and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Joins the events of one request. May have been chosen by the client: never an identity.
    pub correlation_id: String,
    /// A fresh id of each event, not of the request.
    pub request_id: String,
    /// The client's address, in older proxies with its port. See [`Metadata::client`].
    pub client_ip: String,
    /// The client's port, or 0.
    pub client_port: u16,
    /// The name asked for in TLS; null for ordinary requests, which have a `host` header.
    pub server_name: Option<String>,
    /// The protocol, always `HTTP/1.1`.
    pub protocol: String,
    /// Not filled in by any proxy so far.
    pub tls_version: Option<String>,
    /// Not filled in by any proxy so far.
    pub tls_cipher: Option<String>,
    /// The route that was chosen.
    pub route_id: Option<String>,
    /// The upstream that was chosen.
    pub upstream_id: Option<String>,
    /// When the event was made, RFC 3339.
    pub timestamp: String,
    /// The W3C trace, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Metadata {
    /// Who sent the request, if it can be read.
    #[must_use]
    pub fn client(&self) -> Option<ClientAddress> {
        ClientAddress::read(&self.client_ip, self.client_port)
    }
}

/// A request's line and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestHeaders {
    /// What the proxy knows besides.
    pub metadata: Metadata,
    /// The method.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// The headers.
    pub headers: Headers,
}

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// A piece of a body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyChunk {
    /// The request it belongs to.
    pub correlation_id: String,
    /// The bytes.
    #[serde(with = "base64_bytes")]
    pub data: Vec<u8>,
    /// Whether no piece follows. In a response, false means that the proxy's buffer was too short.
    pub is_last: bool,
    /// The length of the whole body, if the proxy knows it. Unit: bytes.
    #[serde(default)]
    pub total_size: Option<u64>,
    /// The place of the piece, from 0.
    #[serde(default)]
    pub chunk_index: u32,
    /// Bytes so far, this piece included.
    #[serde(default, alias = "bytes_sent", rename = "bytes_received")]
    pub bytes_so_far: u64,
}

/// Without the bytes, which may hold anything.
impl std::fmt::Debug for BodyChunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyChunk")
            .field("correlation_id", &self.correlation_id)
            .field("length", &self.data.len())
            .field("is_last", &self.is_last)
            .field("chunk_index", &self.chunk_index)
            .finish_non_exhaustive()
    }
}

/// A response's status and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHeaders {
    /// The request it answers.
    pub correlation_id: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
}

/// A request is over. Defined, but no proxy sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestComplete {
    /// The request.
    pub correlation_id: String,
    /// The status the client got.
    pub status: u16,
    /// How long it took. Unit: milliseconds.
    pub duration_ms: u64,
    /// Unit: bytes.
    pub request_body_size: u64,
    /// Unit: bytes.
    pub response_body_size: u64,
    /// How often an upstream was tried.
    pub upstream_attempts: u32,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

/// One frame of a WebSocket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocketFrame {
    /// The upgrade request: every frame of the session has the same.
    pub correlation_id: String,
    /// `text`, `binary`, `ping`, `pong`, `close` or `continuation`.
    pub opcode: String,
    /// The frame's bytes.
    #[serde(with = "base64_bytes")]
    pub data: Vec<u8>,
    /// Which way the frame goes.
    pub client_to_server: bool,
    /// The frame's place in its direction.
    #[serde(default)]
    pub frame_index: u64,
    /// Whether the frame ends its message.
    #[serde(default)]
    pub fin: bool,
    /// The route.
    #[serde(default)]
    pub route_id: Option<String>,
    /// The client's address.
    #[serde(default)]
    pub client_ip: Option<String>,
}

/// Without the bytes, which may hold anything.
impl std::fmt::Debug for WebSocketFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocketFrame")
            .field("correlation_id", &self.correlation_id)
            .field("opcode", &self.opcode)
            .field("length", &self.data.len())
            .field("client_to_server", &self.client_to_server)
            .finish_non_exhaustive()
    }
}

/// The agent's configuration, as the proxy has it. Comes on every connection and every reconnect:
/// applying it twice must do no harm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configure {
    /// Where the answer goes. Over gRPC there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The configuration; keys as they are spelt in the proxy's file.
    pub config: Value,
    /// Its version, if the proxy keeps one.
    pub config_version: Option<String>,
}

/// Why an event need not be answered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub enum CancelReason {
    /// The client went away.
    ClientDisconnect,
    /// It took too long.
    Timeout,
    /// Another agent refused the request.
    BlockedByAgent,
    /// The upstream failed.
    UpstreamError,
    /// The proxy ends.
    ProxyShutdown,
    /// Someone asked for it.
    Manual,
    /// A number without a meaning.
    Unknown(i64),
}

impl From<i64> for CancelReason {
    fn from(number: i64) -> Self {
        match number {
            1 => Self::ClientDisconnect,
            2 => Self::Timeout,
            3 => Self::BlockedByAgent,
            4 => Self::UpstreamError,
            5 => Self::ProxyShutdown,
            6 => Self::Manual,
            other => Self::Unknown(other),
        }
    }
}

impl From<CancelReason> for i64 {
    fn from(reason: CancelReason) -> Self {
        match reason {
            CancelReason::ClientDisconnect => 1,
            CancelReason::Timeout => 2,
            CancelReason::BlockedByAgent => 3,
            CancelReason::UpstreamError => 4,
            CancelReason::ProxyShutdown => 5,
            CancelReason::Manual => 6,
            CancelReason::Unknown(other) => other,
        }
    }
}

/// An event need not be answered any more. Sent on every connection, whichever carries the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The request.
    pub correlation_id: String,
    /// Why.
    #[serde(default = "no_reason")]
    pub reason: CancelReason,
    /// When. Unit: milliseconds since 1970.
    #[serde(default)]
    pub timestamp_ms: u64,
}

const fn no_reason() -> CancelReason {
    CancelReason::Unknown(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_headers_is_not_an_event() {
        assert!(serde_json::from_str::<RequestHeaders>(r#"{"metadata":{},"method":"GET","uri":"/"}"#).is_err());
        let whole = r#"{"metadata":{"server_name":null},"method":"GET","uri":"/","headers":{},"later":1}"#;
        assert!(serde_json::from_str::<RequestHeaders>(whole).is_ok());
    }

    #[test]
    fn a_body_is_read_under_either_name_of_its_count_and_never_shown() {
        let chunk: BodyChunk =
            serde_json::from_str(r#"{"correlation_id":"c","data":"c2VjcmV0","is_last":true,"bytes_sent":6}"#).unwrap();
        assert_eq!((chunk.data.as_slice(), chunk.bytes_so_far), (b"secret".as_slice(), 6));
        assert!(!format!("{chunk:?}").contains("secret"));
        let error = serde_json::from_str::<BodyChunk>(r#"{"correlation_id":"c","data":"s3cret!","is_last":true}"#);
        assert!(!error.unwrap_err().to_string().contains("s3cret"));
    }
}
