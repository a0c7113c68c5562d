//! The server's configuration: one typed structure, every key with a default.

mod background;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use self::background::{JobSettings, WebhookSettings};

/// Everything an operator of the server may choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where to listen. Default: loopback only.
    pub(crate) listen: SocketAddr,
    /// Where the journal, and with SQLite the database, are kept.
    pub(crate) data_dir: PathBuf,
    /// The database.
    pub(crate) database: Database,
    /// Redis, where replicas share their ledger.
    pub(crate) redis: Redis,
    /// Names this server among replicas; made up when empty.
    pub(crate) node_id: String,
    /// One organisation, or many.
    pub(crate) mode: Mode,
    /// Background work.
    pub(crate) jobs: JobSettings,
    /// Webhooks.
    pub(crate) webhooks: WebhookSettings,
}

/// Where rows are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `postgres://…` or `sqlite://…`; empty for SQLite in the data directory.
    pub(crate) url: String,
    /// The most connections at once.
    pub(crate) max_connections: u32,
}

/// Where replicas share what changes with every decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Redis {
    /// `redis://…`; empty for none.
    pub(crate) url: String,
}

/// How many organisations the server serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
            database: Database::default(),
            redis: Redis::default(),
            node_id: String::new(),
            mode: Mode::default(),
            jobs: JobSettings::default(),
            webhooks: WebhookSettings::default(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: String::new(), max_connections: 16 }
    }
}
