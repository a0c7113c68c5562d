//! The server's configuration: one typed structure, every key with a default.
//!
//! It is merged ([`mod@load`]) from a file, the environment and flags, each stronger than the one
//! before, and checked as a whole ([`check`]). Unknown keys are errors wherever they stand.

mod auth;
mod background;
mod check;
mod environment;
pub(crate) mod load;
pub(crate) mod master_keys;
mod notifications;
pub(crate) mod proxy;
mod sections;
mod throttle;
pub(crate) mod values;
mod zentinel;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::auth::{Auth, AuthMode, RoleName};
pub(crate) use self::background::{JobSettings, WebhookSettings};
pub(crate) use self::load::{Flag, Loaded, load};
pub(crate) use self::notifications::{Notifications, Smtp, SmtpTls};
pub(crate) use self::sections::{
    Cors, Database, Docs, GraphQl, Journal, Ledger, LedgerBackend, Limits, Log, LogFormat, Redis, Telemetry, Tls,
};
pub(crate) use self::throttle::{Rate, Throttle};
pub(crate) use self::values::{Interval, Network, Secret};
/// Everything an operator of the server may choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where to listen. Default: loopback only.
    pub(crate) listen: SocketAddr,
    /// Where the journal, and with SQLite the database, are kept.
    pub(crate) data_dir: PathBuf,
    /// Names this server among replicas; made up and kept in the data directory when empty.
    pub(crate) node_id: String,
    /// One organisation, or many.
    pub(crate) mode: Mode,
    /// The database.
    pub(crate) database: Database,
    /// Redis.
    pub(crate) redis: Redis,
    /// Where running totals are kept.
    pub(crate) ledger: Ledger,
    /// A file with the master keys that seal secrets: 32 bytes in base64, or lines of `id:base64`.
    pub(crate) master_key_file: Option<PathBuf>,
    /// The master keys themselves, for the environment. Never shown.
    pub(crate) master_key: Secret,
    /// The secret of enrolment tokens that earlier releases derived instead of storing; empty refuses them.
    pub(crate) bootstrap_secret: Secret,
    /// How people sign in.
    pub(crate) auth: Auth,
    /// The certificate of the listener.
    pub(crate) tls: Tls,
    /// What one client may take of the server.
    pub(crate) limits: Limits,
    /// How many requests one credential may send.
    pub(crate) throttle: Throttle,
    /// The journal.
    pub(crate) journal: Journal,
    /// The log.
    pub(crate) log: Log,
    /// Metrics and traces.
    pub(crate) telemetry: Telemetry,
    /// Calls to addresses that operators entered.
    pub(crate) webhooks: WebhookSettings,
    /// Messages for people, by e-mail.
    pub(crate) notifications: Notifications,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<Network>,
    /// Browsers.
    pub(crate) cors: Cors,
    /// How often background work runs, where it should differ from the default.
    pub(crate) schedules: BTreeMap<String, Interval>,
    /// The description of the interface.
    pub(crate) docs: Docs,
    /// Background work.
    pub(crate) jobs: JobSettings,
    /// Model calls.
    pub(crate) proxy: proxy::Proxy,
    /// The management API.
    pub(crate) graphql: GraphQl,
    /// This server as an agent of the Zentinel reverse proxy.
    pub(crate) zentinel: zentinel::Zentinel,
}

/// How many organisations the server serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// One, made at the first start.
    #[default]
    Standalone,
    /// Many, made with `zentinelle tenant create`.
    MultiTenant,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)),
            data_dir: PathBuf::from("zentinelle-data"),
            node_id: String::new(),
            mode: Mode::default(),
            database: Database::default(),
            redis: Redis::default(),
            ledger: Ledger::default(),
            master_key_file: None,
            master_key: Secret::default(),
            bootstrap_secret: Secret::default(),
            auth: Auth::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            throttle: Throttle::default(),
            journal: Journal::default(),
            log: Log::default(),
            telemetry: Telemetry::default(),
            webhooks: WebhookSettings::default(),
            notifications: Notifications::default(),
            trusted_proxies: Vec::new(),
            cors: Cors::default(),
            schedules: BTreeMap::new(),
            docs: Docs::default(),
            jobs: JobSettings::default(),
            proxy: proxy::Proxy::default(),
            graphql: GraphQl::default(),
            zentinel: zentinel::Zentinel::default(),
        }
    }
}

impl Config {
    /// The backend of the ledger, once `auto` is decided.
    pub(crate) fn ledger_backend(&self) -> LedgerBackend {
        match self.ledger.backend {
            LedgerBackend::Auto if !self.redis.url.is_empty() => LedgerBackend::Redis,
            LedgerBackend::Auto if self.database.url.starts_with("postgres") => LedgerBackend::Sql,
            LedgerBackend::Auto => LedgerBackend::Embedded,
            chosen => chosen,
        }
    }

    /// Whether browsers reach this server over TLS, its own or a proxy's.
    pub(crate) fn is_secure(&self) -> bool {
        self.tls.certificate_file.is_some() || self.auth.public_url.starts_with("https://")
    }

    /// The JSON Schema of the configuration file, by which editors complete it.
    pub(crate) fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}
