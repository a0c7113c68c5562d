//! The first two messages of a connection: who speaks, and what each can do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::encoding::Encoding;

/// The protocol's generation, the only one that proxies still speak.
pub const PROTOCOL_VERSION: u32 = 2;

/// The number of an event in `supported_events`, the same on Unix sockets and in gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum EventNumber {
    /// Request line and headers.
    RequestHeaders = 1,
    /// A piece of a request's body.
    RequestBodyChunk = 2,
    /// Response status and headers.
    ResponseHeaders = 3,
    /// A piece of a response's body.
    ResponseBodyChunk = 4,
    /// The request is over.
    RequestComplete = 5,
    /// A frame of a WebSocket.
    WebSocketFrame = 6,
    /// A text to be inspected.
    GuardrailInspect = 7,
    /// The agent's configuration.
    Configure = 8,
}

impl EventNumber {
    /// Every event: an agent must answer whatever the proxy's configuration sends it.
    pub const ALL: [Self; 8] = [
        Self::RequestHeaders,
        Self::RequestBodyChunk,
        Self::ResponseHeaders,
        Self::ResponseBodyChunk,
        Self::RequestComplete,
        Self::WebSocketFrame,
        Self::GuardrailInspect,
        Self::Configure,
    ];

    /// The event's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// What the proxy says of itself, as soon as it has connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandshakeRequest {
    /// The generations it speaks.
    pub supported_versions: Vec<u32>,
    /// Its name.
    #[serde(default)]
    pub proxy_id: String,
    /// The version of its protocol library, which tells what it does with an answer.
    #[serde(default)]
    pub proxy_version: String,
    /// The agent's configuration, which newer proxies send again as an event.
    #[serde(default)]
    pub config: Value,
    /// The encodings it speaks, the preferred one first. Empty means JSON.
    #[serde(default)]
    pub supported_encodings: Vec<String>,
}

/// What the agent says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandshakeResponse {
    /// The generation both will speak.
    pub protocol_version: u32,
    /// What the agent can do. Wanted even in a refusal.
    pub capabilities: Capabilities,
    /// Whether the agent accepts the proxy.
    pub success: bool,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How payloads are written from here on.
    #[serde(default)]
    pub encoding: Encoding,
}

/// What an agent can do. For information: the proxy's configuration decides what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The agent's id.
    pub agent_id: String,
    /// The agent's name, which the proxy keeps.
    pub name: String,
    /// The agent's own version.
    pub version: String,
    /// See [`EventNumber`].
    pub supported_events: Vec<i32>,
    /// What the agent can do with events.
    pub features: Features,
    /// How much the agent takes.
    pub limits: Limits,
}

impl Capabilities {
    /// An agent that answers every event, with this library's limits.
    #[must_use]
    pub fn new(agent_id: &str, name: &str, version: &str) -> Self {
        Self {
            agent_id: agent_id.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            supported_events: EventNumber::ALL.map(EventNumber::number).to_vec(),
            features: Features::default(),
            limits: Limits::default(),
        }
    }
}

/// What an agent can do with events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Bodies may come in pieces. Default: true.
    pub streaming_body: bool,
    /// Frames of WebSockets are judged. Default: true.
    pub websocket: bool,
    /// Texts are inspected. Default: true.
    pub guardrails: bool,
    /// A configuration may be pushed. Default: true.
    pub config_push: bool,
    /// Metrics are reported to the proxy, which shows them nowhere. Default: false.
    pub metrics_export: bool,
    /// Events that may be under way at once on one connection. Default: 100.
    pub concurrent_requests: u32,
    /// A cancelled event is given up. Default: true.
    pub cancellation: bool,
    /// The agent asks for more or fewer events. Default: false.
    pub flow_control: bool,
    /// The agent tells how it is. Default: true.
    pub health_reporting: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            streaming_body: true,
            websocket: true,
            guardrails: true,
            config_push: true,
            metrics_export: false,
            concurrent_requests: 100,
            cancellation: true,
            flow_control: false,
            health_reporting: true,
        }
    }
}

/// How much an agent takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest body it judges. Unit: bytes. Default: 10 MiB.
    pub max_body_size: u64,
    /// Events under way at once on one connection. Default: 100.
    pub max_concurrency: u32,
    /// The length of body pieces it likes best. Unit: bytes. Default: 64 KiB.
    pub preferred_chunk_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body_size: 10 * 1024 * 1024, max_concurrency: 100, preferred_chunk_size: 64 * 1024 }
    }
}

/// Which answers a proxy understands. An unreadable version counts as the oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProxyVersion(u64, u64, u64);

impl ProxyVersion {
    /// The first version that honours redirects, challenges and the headers of a block.
    pub const HONOURS_REDIRECTS: Self = Self(0, 6, 54);

    /// Reads `major.minor.patch`, whatever follows.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut parts = text.splitn(3, '.').map(|part| {
            let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().ok()
        });
        let mut part = || parts.next().flatten();
        match (part(), part(), part()) {
            (Some(major), Some(minor), Some(patch)) => Self(major, minor, patch),
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers_and_nonsense_is_old() {
        assert!(ProxyVersion::read("0.6.54") >= ProxyVersion::HONOURS_REDIRECTS);
        assert!(ProxyVersion::read("0.6.100-rc.1") >= ProxyVersion::HONOURS_REDIRECTS);
        assert!(ProxyVersion::read("1.0.0") >= ProxyVersion::HONOURS_REDIRECTS);
        for old in ["0.6.45", "0.6.9", "0.6", "", "new"] {
            assert!(ProxyVersion::read(old) < ProxyVersion::HONOURS_REDIRECTS, "{old}");
        }
    }

    #[test]
    fn every_field_that_a_proxy_insists_on_is_written_even_in_a_refusal() {
        let refusal = HandshakeResponse {
            protocol_version: PROTOCOL_VERSION,
            capabilities: Capabilities::new("a", "a", "1"),
            success: false,
            error: Some("no".into()),
            encoding: Encoding::Json,
        };
        let written = serde_json::to_value(&refusal).unwrap();
        assert_eq!(written["capabilities"].as_object().unwrap().len(), 6);
        assert_eq!(written["capabilities"]["features"].as_object().unwrap().len(), 9);
        assert_eq!(written["capabilities"]["limits"].as_object().unwrap().len(), 3);
        assert_eq!(written["encoding"], "json");
    }
}
