//! The section `proxy`: where model calls may go, with which key, and within which bounds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Secret;

/// The proxy for model calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Proxy {
    /// Whether model calls are taken at all.
    pub(crate) enabled: bool,
    /// Upstreams by the name that stands in `/proxy/{name}/…`. `anthropic`, `openai` and `google` are
    /// there without being named; naming one changes it.
    pub(crate) upstreams: BTreeMap<String, Upstream>,
    /// The largest body of a call. Unit: bytes.
    pub(crate) max_body_bytes: usize,
    /// The largest reply that is not streamed: it is held until it was looked at. Unit: bytes.
    pub(crate) max_reply_bytes: usize,
    /// The most that bodies and replies of all calls may hold at once; further calls wait a moment
    /// and are then refused. Unit: bytes.
    pub(crate) max_held_bytes: usize,
    /// How long connecting to an upstream may take. Unit: milliseconds.
    pub(crate) connect_timeout_ms: u32,
    /// How long an upstream may take until the head of its reply. Unit: seconds.
    pub(crate) first_byte_timeout_seconds: u32,
    /// How long an upstream may say nothing within a reply. Unit: seconds.
    pub(crate) idle_timeout_seconds: u32,
    /// How long a call may take in all; less than the hour a reservation stays open. Unit: seconds.
    pub(crate) total_timeout_seconds: u32,
    /// How long streamed text that is not yet decided about may be held back. Then it is released, and
    /// what it turns out to begin is reported as late. 0: text leaves at once, word by word, and only what
    /// shows a sign of something waits, until it is decided. Unit: milliseconds.
    pub(crate) hold_back_ms: u32,
    /// The most one stream may hold back while a tool call is judged; then it is cut. Unit: bytes.
    pub(crate) hold_back_bytes: usize,
    /// How many connections to one upstream are kept open while idle.
    pub(crate) idle_connections: usize,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            enabled: true,
            upstreams: BTreeMap::new(),
            max_body_bytes: 32 << 20,
            max_reply_bytes: 32 << 20,
            max_held_bytes: 512 << 20,
            connect_timeout_ms: 10_000,
            first_byte_timeout_seconds: 600,
            idle_timeout_seconds: 120,
            total_timeout_seconds: 1_800,
            hold_back_ms: 0,
            hold_back_bytes: 1 << 20,
            idle_connections: 128,
        }
    }
}

/// Where calls go that name it. What is left out comes from the built-in upstream of that name, or
/// of that kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Upstream {
    /// What it speaks. Required, except for the names that are built in.
    pub(crate) kind: Option<UpstreamKind>,
    /// Its address, such as `https://api.groq.com/openai`. One that ends in a version (`/v1`) stands
    /// in the place of that version in the path of a call.
    pub(crate) base_url: String,
    /// The server's own key for it; used for tenants that have none and are entitled to it. Never shown.
    pub(crate) api_key: Secret,
    /// The tenants that may use the server's own key; `*` for all. Default: the one tenant of a
    /// stand-alone server, and none of many.
    pub(crate) tenants: Vec<String>,
    /// In which header its key is sent, where it differs from the kind's.
    pub(crate) auth: Option<AuthStyle>,
    /// Other names for models: what the caller says, and the model or the Azure deployment that is meant.
    pub(crate) models: BTreeMap<String, String>,
    /// Of Azure: the value of `api-version` when the caller sends none.
    pub(crate) api_version: String,
    /// Of Vertex: the region.
    pub(crate) region: String,
    /// Of Vertex: the project.
    pub(crate) project: String,
    /// Whether it may lie in a private network, where plain `http:` is allowed as well.
    pub(crate) private: bool,
    /// Under which vendor its models are priced. Default: its kind's vendor, else its name.
    pub(crate) vendor: String,
    /// If not empty: the only headers of the caller that are passed on, besides `content-type`, `accept`
    /// and `user-agent`.
    pub(crate) headers: Vec<String>,
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UpstreamKind {
    /// OpenAI's own service.
    Openai,
    /// Anthropic's own service.
    Anthropic,
    /// The Gemini API.
    Google,
    /// Vertex AI.
    Vertex,
    /// Azure OpenAI.
    Azure,
    /// OpenAI's format, spoken by somebody else.
    OpenaiCompatible,
    /// Anthropic's format, spoken by somebody else.
    AnthropicCompatible,
}

/// Where a key stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthStyle {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key: …`.
    XApiKey,
    /// `x-goog-api-key: …`.
    XGoogApiKey,
    /// `api-key: …`.
    ApiKey,
    /// Nowhere: the upstream asks for none.
    None,
}
