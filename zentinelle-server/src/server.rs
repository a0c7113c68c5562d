//! Putting the server together, running it, and stopping it without loss.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use zentinelle_core::approval::KeyRing;
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::MemoryLedgerConfig;

use crate::app::{App, Background};
use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::auth::key::KeyHasher;
use crate::bus::Bus;
use crate::clock;
use crate::config::{Config, Mode};
use crate::http::router;
use crate::jobs::{Hooks, ScheduleError, Schedules, Workers};
use crate::journal::{self, Journal};
use crate::ledger::embedded::{Embedded, LoadError};
use crate::ledger::redis::live::live_nodes;
use crate::ledger::redis::{RedisConfig, RedisLedger};
use crate::ledger::{LedgerStore, RESERVATION_SECONDS, SqlLedger};
use crate::recorder::Recorder;
use crate::replica;
use crate::sealing::MasterKeys;
use crate::service::cached::PerTenant;
use crate::service::tenants;
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::webhooks::{self, AllowList};

/// How long a stopping server waits until the database has every record.
const DRAIN_AT_STOP: Duration = Duration::from_secs(20);

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A file or directory could not be used.
    #[error("{what}: {why}")]
    File {
        /// Which.
        what: String,
        /// Why.
        why: std::io::Error,
    },
    /// The database could not be opened or brought up to date.
    #[error("the database could not be opened: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The database could not be filled.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The demonstration organisation could not be made.
    #[error("the demonstration organisation could not be made: {0}")]
    Demo(Box<crate::http::error::ApiError>),
    /// What was spent before could not be read.
    #[error("the ledger could not be opened: {0}")]
    Ledger(#[from] LoadError),
    /// The address of Redis makes no sense.
    #[error("the address of Redis cannot be used: {0}")]
    Redis(String),
    /// The journal could not be opened.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The master keys could not be read or made.
    #[error(transparent)]
    Keys(#[from] crate::sealing::SealError),
    /// Replicas share one database and need the same master keys.
    #[error("with PostgreSQL the master keys must be given, so that every replica has the same")]
    NoMasterKey,
    /// A schedule is configured that does not exist.
    #[error("jobs.schedules: {0}")]
    Schedule(#[from] ScheduleError),
    /// The allow-list of webhooks is wrong.
    #[error("webhooks.allow: {0}")]
    Webhooks(#[from] webhooks::Refused),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        why: std::io::Error,
    },
}

impl StartError {
    /// The address of Redis makes no sense. What it says is not repeated: it may hold a password.
    fn redis(error: redis::RedisError) -> Self {
        Self::Redis(format!("{:?}", error.kind()))
    }

    /// The demonstration organisation could not be made.
    pub(crate) fn demo(error: crate::http::error::ApiError) -> Self {
        Self::Demo(Box::new(error))
    }
}

/// A server that is put together but does not listen yet.
#[derive(Debug)]
pub(crate) struct Server {
    /// Its parts.
    pub(crate) app: Arc<App>,
    /// Its routes.
    routes: Router,
}

impl Server {
    /// Opens the database, brings it up to date, and puts the parts together.
    pub(crate) async fn assemble(config: &Config) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|why| StartError::File { what: format!("data directory {}", config.data_dir.display()), why })?;
        let url = match config.database.url.as_str() {
            "" => Store::sqlite_url(&config.data_dir.join("zentinelle.db")),
            url => url.to_owned(),
        };
        let store = Store::open(&url, config.database.max_connections).await?;
        store.migrate().await?;
        if config.mode == Mode::Standalone {
            tenants::ensure(&store, &TenantId::new(tenants::STANDALONE), "Default organisation").await?;
        }
        Self::over(store, config).await
    }

    /// Puts the parts together over an open database.
    pub(crate) async fn over(store: Store, config: &Config) -> Result<Self, StartError> {
        let node_id = node_id(config)?;
        let keys = Arc::new(master_keys(config)?);
        let journal = journal::Options {
            segment_bytes: 64 << 20,
            max_bytes: 4 << 30,
            sync_interval: Duration::from_millis(200),
            node_id: node_id.clone(),
        };
        let journal = Journal::open(&config.data_dir.join("journal"), journal)?;
        let recorder = Recorder::start(store.clone(), journal, &node_id).await?;
        // What earlier runs spent is in the database only when the journal is drained.
        while !recorder.settled(Duration::from_secs(30)).await {
            tracing::warn!("still draining what the last run recorded; the ledger waits for it");
        }
        let ledger = ledger(&store, config, &node_id).await?;
        let bus = match config.redis.url.as_str() {
            "" if store.is_postgres() => Bus::postgres(store.db()).await,
            "" => Bus::local(),
            url => Bus::redis(url, "zentinelle").await.map_err(StartError::redis)?,
        };
        let (routes, document) = router::documented().split_for_parts();
        let document = serde_json::to_value(&document).unwrap_or_default();
        let app = Arc::new(App {
            directory: Directory::new(store.clone(), KeyHasher::new(*keys.derive("api keys"))),
            access: AccessTable::read(&document),
            snapshots: Snapshots::new(store.clone(), Arc::new(|_: &TenantId| KeyRing::new())),
            ledger,
            bus,
            recorder,
            keys,
            node_id,
            background: background(config)?,
            content_rules: PerTenant::new(),
            prices: PerTenant::new(),
            store,
        });
        replica::start(&app);
        let routes = router::served(routes, app.clone());
        Ok(Self { app, routes })
    }

    /// Its routes, for tests that speak to it without a socket.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> Router {
        self.routes.clone()
    }

    /// Serves until the process is told to stop, then finishes what was begun.
    pub(crate) async fn run(self, config: &Config) -> Result<(), StartError> {
        let listener =
            TcpListener::bind(config.listen).await.map_err(|why| StartError::Listen { address: config.listen, why })?;
        let workers = config.jobs.enabled.then(|| Workers::start(&self.app, &config.jobs));
        let served = axum::serve(listener, self.routes).with_graceful_shutdown(told_to_stop());
        if let Err(error) = served.await {
            tracing::error!(?error, "the listener failed");
        }
        if let Some(workers) = workers {
            workers.stop().await;
        }
        if !self.app.recorder.settled(DRAIN_AT_STOP).await {
            tracing::warn!("stopped before the database had every record; the next start drains the rest");
        }
        Ok(())
    }
}

/// What background work needs, as it is configured.
fn background(config: &Config) -> Result<Background, StartError> {
    let timeout = Duration::from_secs(config.webhooks.timeout_seconds.max(1));
    Ok(Background {
        schedules: Schedules::new(&config.jobs.schedules)?,
        hooks: Hooks::wired(),
        webhooks: webhooks::Client::new(AllowList::new(&config.webhooks.allow)?, timeout),
    })
}

/// Where running totals are kept: in Redis if there is one, in a shared database otherwise, and
/// in memory on a server of its own.
async fn ledger(store: &Store, config: &Config, node_id: &str) -> Result<LedgerStore, StartError> {
    if !config.redis.url.is_empty() {
        let redis = RedisConfig::new(&config.redis.url, node_id);
        let live = live_nodes(store.clone(), replica::SILENT_SECONDS);
        let ledger = RedisLedger::start(redis, Some(store.clone()), live).map_err(StartError::redis)?;
        if !ledger.wait_until_up(Duration::from_secs(5)).await {
            tracing::warn!("Redis does not answer yet; requests that need the ledger are denied until it does");
        }
        return Ok(LedgerStore::Redis(ledger));
    }
    if store.is_postgres() {
        return Ok(LedgerStore::Sql(SqlLedger::new(store.clone(), Duration::from_secs(1), RESERVATION_SECONDS)));
    }
    let ledger = Embedded::load(store, MemoryLedgerConfig::default(), clock::now()).await?;
    Ok(LedgerStore::Embedded(ledger))
}

/// The name of this server among replicas. One that is made up is kept in the data directory,
/// because the journal belongs to it.
fn node_id(config: &Config) -> Result<String, StartError> {
    if !config.node_id.is_empty() {
        return Ok(config.node_id.clone());
    }
    let path = config.data_dir.join("node_id");
    let file = |why| StartError::File { what: path.display().to_string(), why };
    match std::fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => Ok(id.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file(error)),
        _ => {
            let id = crate::clock::new_id();
            std::fs::write(&path, &id).map_err(file)?;
            Ok(id)
        }
    }
}

/// The keys that seal secrets and from which others are derived. A server on its own makes them
/// at its first start; replicas must be given the same ones.
fn master_keys(config: &Config) -> Result<MasterKeys, StartError> {
    let path = config.data_dir.join("master.key");
    if !path.exists() && config.database.url.starts_with("postgres") {
        return Err(StartError::NoMasterKey);
    }
    if !path.exists() {
        MasterKeys::generate(&path)?;
    }
    Ok(MasterKeys::from_file(&path)?)
}

/// Returns when the process is told to stop.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(?error, "SIGTERM cannot be heard; stop with an interrupt");
            let _ = interrupt.await;
            return;
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
