//! The sections of the configuration. The only place where a default is written.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::ServiceUrl;

/// Where rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `postgres://…` or `sqlite://…`; empty for SQLite in the data directory.
    pub(crate) url: ServiceUrl,
    /// The most connections at once.
    pub(crate) max_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: ServiceUrl::default(), max_connections: 16 }
    }
}

/// Redis, for running totals and change notices of several replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Redis {
    /// `redis://…` or `rediss://…`; empty for none.
    pub(crate) url: ServiceUrl,
    /// How long a decision waits for an answer. Unit: milliseconds.
    pub(crate) timeout_ms: u32,
}

impl Default for Redis {
    fn default() -> Self {
        Self { url: ServiceUrl::default(), timeout_ms: 250 }
    }
}

/// Where running totals of limits and budgets are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ledger {
    /// Which store. Default: `auto`.
    pub(crate) backend: LedgerBackend,
}

/// A store of running totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LedgerBackend {
    /// Redis where an address is given, else SQL with PostgreSQL, else embedded.
    #[default]
    Auto,
    /// In this process. For one server alone.
    Embedded,
    /// In the database.
    Sql,
    /// In Redis.
    Redis,
}

/// The certificate of the listener. Without one the server speaks plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    /// The chain in PEM, the server's own certificate first. Read again on SIGHUP.
    pub(crate) certificate_file: Option<PathBuf>,
    /// The private key in PEM.
    pub(crate) key_file: Option<PathBuf>,
}

/// What one client may take of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// The largest body. Unit: bytes.
    pub(crate) max_body_bytes: usize,
    /// How long a request may take, the reading of its body included. A request that asks to wait for
    /// something gets that time on top. Unit: seconds.
    pub(crate) request_timeout_seconds: u32,
    /// The most connections at once. Further ones are closed at once.
    pub(crate) max_connections: u32,
    /// How long a client may take to send the head of a request, and how long a kept connection may idle.
    /// Longer than a proxy in front keeps it. Unit: seconds.
    pub(crate) header_read_timeout_seconds: u32,
    /// The largest head of a request. Unit: bytes.
    pub(crate) max_header_bytes: usize,
    /// How long requests in flight may take to end when the server is told to stop. Unit: seconds.
    pub(crate) shutdown_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 20 * 1024 * 1024,
            request_timeout_seconds: 30,
            max_connections: 10_000,
            header_read_timeout_seconds: 75,
            max_header_bytes: 32 * 1024,
            shutdown_seconds: 30,
        }
    }
}

/// The log that records pass through before they reach the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Journal {
    /// When a new file is begun. Unit: bytes.
    pub(crate) segment_bytes: u64,
    /// How much may wait for the database before requests are refused. Unit: bytes.
    pub(crate) max_bytes: u64,
    /// How often what no request waits for is confirmed by the disk. Unit: milliseconds.
    pub(crate) sync_interval_ms: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, max_bytes: 4 << 30, sync_interval_ms: 200 }
    }
}

/// What the server says about itself while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// Default: `text`.
    pub(crate) format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,zentinelle::http=debug`.
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Metrics and traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Telemetry {
    /// Whether `/metrics` is served. It holds no names of tenants or agents.
    pub(crate) metrics: bool,
    /// Where traces are sent by OTLP over HTTP, such as `http://collector:4318`; empty for nowhere.
    pub(crate) otlp_endpoint: ServiceUrl,
    /// The name of the service in traces.
    pub(crate) service_name: String,
    /// Share of requests that are traced when the caller did not decide it. 0 to 1.
    pub(crate) sample_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            metrics: true,
            otlp_endpoint: ServiceUrl::default(),
            service_name: "zentinelle".to_owned(),
            sample_ratio: 1.0,
        }
    }
}

/// Browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cors {
    /// Origins whose pages may call with credentials, such as `https://portal.example.com`. No patterns.
    pub(crate) allowed_origins: Vec<String>,
}

/// The description of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Docs {
    /// Whether `/api/openapi.json` and `/api/docs` are served.
    pub(crate) enabled: bool,
}

impl Default for Docs {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The management API: GraphQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GraphQl {
    /// Whether clients may ask for the schema; the explorer page is there only then.
    pub(crate) introspection: bool,
    /// How many fields deep a query may be.
    pub(crate) max_depth: u32,
    /// The most a query may cost: one for each field, as often as its list may have entries.
    pub(crate) max_complexity: u32,
    /// How many subscriptions one caller may have open at this server.
    pub(crate) max_subscriptions: u32,
}

impl Default for GraphQl {
    fn default() -> Self {
        Self { introspection: true, max_depth: 12, max_complexity: 50_000, max_subscriptions: 40 }
    }
}
