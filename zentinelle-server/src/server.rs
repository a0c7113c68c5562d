//! Putting the server together, running it, and stopping it without loss.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum_server::Handle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::MemoryLedgerConfig;

use crate::app::{App, Background};
use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::auth::key::KeyHasher;
use crate::auth::legacy::LegacyTokens;
use crate::bus::Bus;
use crate::clock;
use crate::config::{Config, LedgerBackend, Mode, master_keys};
use crate::graphql::{ContractError, GraphQl, transport};
use crate::http::router::{self, Routes};
use crate::http::throttle::Throttle;
use crate::http::{listener, openapi};
use crate::jobs::{Hooks, ScheduleError, Schedules, Workers};
use crate::journal::{self, Journal};
use crate::ledger::embedded::{Embedded, LoadError};
use crate::ledger::redis::live::live_nodes;
use crate::ledger::redis::{RedisConfig, RedisLedger};
use crate::ledger::{LedgerStore, RESERVATION_SECONDS, SqlLedger};
use crate::proxy::{self, Proxy};
use crate::recorder::Recorder;
use crate::replica;
use crate::sealing::MasterKeys;
use crate::service::agent_config::SeenRevisions;
use crate::service::approvals::{Approvals, token};
use crate::service::audit::AuditKeys;
use crate::service::cached::PerTenant;
use crate::service::events::Intake;
use crate::service::sign_in::SignIn;
use crate::service::{root, tenants};
use crate::snapshot::Snapshots;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::telemetry::{self, COMMIT, VERSION};
use crate::webhooks::{self, AllowList};
use crate::zentinel;

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
    #[error("the demonstration organisation could not be made")]
    Demo(#[source] Box<crate::http::error::ApiError>),
    /// The first administrator could not be made.
    #[error("the first administrator could not be made")]
    First(#[source] Box<crate::http::error::ApiError>),
    /// What was spent before could not be read.
    #[error("the ledger could not be opened: {0}")]
    Ledger(#[from] LoadError),
    /// The address of Redis makes no sense.
    #[error("the address of Redis cannot be used: {0}")]
    Redis(String),
    /// The journal could not be opened.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The master keys could not be had.
    #[error(transparent)]
    Sealing(#[from] crate::sealing::SealError),
    /// The root of the other keys could not be had.
    #[error(transparent)]
    Root(#[from] root::RootError),
    /// The exporter of traces could not be made.
    #[error("traces cannot be sent: {0}")]
    Traces(#[from] opentelemetry_otlp::ExporterBuildError),
    /// A schedule is configured that does not exist.
    #[error("schedules: {0}")]
    Schedule(#[from] ScheduleError),
    /// The allow-list of webhooks is wrong.
    #[error("webhooks.allow: {0}")]
    Webhooks(#[from] webhooks::Refused),
    /// The mail server cannot be used as it is configured.
    #[error("notifications.smtp: {0}")]
    Mail(#[from] crate::notices::MailSetupError),
    /// The management API does not hold together.
    #[error("the management API: {0}")]
    GraphQl(#[from] ContractError),
    /// The upstreams of the proxy make no sense.
    #[error(transparent)]
    Proxy(#[from] proxy::SetupError),
    /// There is nowhere to listen for the Zentinel proxy.
    #[error(transparent)]
    Zentinel(#[from] zentinel::OpenError),
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
    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::File { .. } => "let this user read and write there, or choose another directory with --data-dir",
            Self::Database(_) | Self::Store(_) | Self::Ledger(_) => {
                "check `database.url`, that the database runs, and that it lets this user in"
            }
            Self::Redis(_) => "check `redis.url`: `redis://` or `rediss://`, a host and, where it is not 6379, a port",
            Self::Journal(_) => "see that the disk has space and that only one server uses the data directory",
            Self::Listen { why, .. } => match why.kind() {
                std::io::ErrorKind::AddrInUse => "stop what listens there, or choose another address with --listen",
                std::io::ErrorKind::PermissionDenied => "choose a port from 1024 on with --listen",
                _ => "choose an address of this machine with --listen",
            },
            Self::Demo(_)
            | Self::First(_)
            | Self::Sealing(_)
            | Self::Root(_)
            | Self::Traces(_)
            | Self::Schedule(_)
            | Self::Webhooks(_)
            | Self::Mail(_)
            | Self::GraphQl(_)
            | Self::Proxy(_)
            | Self::Zentinel(_) => "`zentinelle config show` prints the configuration as it is understood",
        }
    }

    /// The address of Redis makes no sense. What it says is not repeated: it may hold a password.
    fn redis(error: redis::RedisError) -> Self {
        Self::Redis(format!("{:?}", error.kind()))
    }

    /// The first administrator could not be made.
    pub(crate) fn first(error: crate::http::error::ApiError) -> Self {
        Self::First(Box::new(error))
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
    routes: Routes,
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
        // With many organisations this one owns no agents: its operators make the others.
        let name = match config.mode {
            Mode::Standalone => "Default organisation",
            Mode::MultiTenant => "System",
        };
        tenants::ensure(&store, &TenantId::new(tenants::STANDALONE), name).await?;
        Self::over(store, master_keys::load(config)?, config).await
    }

    /// Puts the parts together over an open database.
    pub(crate) async fn over(store: Store, keys: MasterKeys, config: &Config) -> Result<Self, StartError> {
        let node_id = node_id(config)?;
        let journal = journal::Options {
            segment_bytes: config.journal.segment_bytes,
            max_bytes: config.journal.max_bytes,
            sync_interval: Duration::from_millis(config.journal.sync_interval_ms.into()),
            node_id: node_id.clone(),
        };
        let journal = Journal::open(&config.data_dir.join("journal"), journal)?;
        let recorder = Recorder::start(store.clone(), journal, &node_id).await?;
        // What earlier runs spent is in the database only when the journal is drained.
        while !recorder.settled(Duration::from_secs(30)).await {
            tracing::warn!("still draining what the last run recorded; the ledger waits for it");
        }
        let ledger = ledger(&store, config, &node_id).await?;
        let bus = bus(&store, config).await?;
        let (routes, document) = router::parts();
        let graphql = GraphQl::new(&config.graphql)?;
        let access = AccessTable::read(&document).with_management(transport::PATH, graphql.permissions());
        let openapi = serde_json::to_vec(&openapi::complete(document)).unwrap_or_default().into();
        let metrics = Metrics::new(&access);
        tokio::spawn(metrics.upkeep());
        let root = Arc::new(root::load(&store, &keys).await?);
        let approval_root = Arc::clone(&root);
        let approval_keys = Arc::new(move |tenant: &TenantId| token::key_ring(&approval_root, tenant));
        let app = Arc::new(App {
            directory: Directory::new(store.clone(), KeyHasher::from_root(&root))
                .with_legacy_tokens(LegacyTokens::new(config.bootstrap_secret.expose())),
            access,
            snapshots: Snapshots::new(store.clone(), approval_keys),
            ledger,
            bus,
            recorder,
            audit_keys: AuditKeys::new(&root),
            approvals: Approvals::new(root),
            keys: Arc::new(keys),
            sign_in: SignIn::new(),
            throttle: Throttle::new(&config.throttle),
            metrics,
            traces: Traces::start(&config.telemetry, &node_id)?,
            openapi,
            stopping: AtomicBool::new(false),
            config: Arc::new(config.clone()),
            node_id,
            seen_revisions: SeenRevisions::default(),
            intake: Intake::default(),
            background: background(config)?,
            content_rules: PerTenant::new(),
            prices: PerTenant::new(),
            proxy: Proxy::new(config)?,
            graphql,
            store,
        });
        replica::start(&app);
        let routes = router::served(routes, app.clone());
        Ok(Self { app, routes })
    }

    /// Its routes, for tests that speak to it without a socket.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Serves until the process is told to stop, then finishes what was begun.
    pub(crate) async fn run(self, config: &Config) -> Result<(), StartError> {
        let listener =
            TcpListener::bind(config.listen).await.map_err(|why| StartError::Listen { address: config.listen, why })?;
        let address = listener.local_addr().unwrap_or(config.listen);
        tracing::info!(%address, version = VERSION, commit = COMMIT, node_id = self.app.node_id, "listening");
        let workers = config.jobs.enabled.then(|| Workers::start(&self.app, &config.jobs));
        let (handle, told) = (Handle::new(), CancellationToken::new());
        let zentinel = zentinel::start(&self.app, told.clone()).await?;
        tokio::spawn(stop(Arc::clone(&self.app), handle.clone(), told));
        let served = listener::serve(&self.app, listener, self.routes, config, handle).await;
        if let Some(zentinel) = zentinel {
            let _ = zentinel.await;
        }
        if let Some(workers) = workers {
            workers.stop().await;
        }
        self.app.shutdown().await;
        tracing::info!("stopped");
        served.map_err(|why| StartError::Listen { address, why })
    }
}

/// How this server and others tell each other of changes.
pub(crate) async fn bus(store: &Store, config: &Config) -> Result<Bus, StartError> {
    Ok(match config.redis.url.as_str() {
        "" if store.is_postgres() => Bus::postgres(store.db()).await,
        "" => Bus::local(),
        url => {
            telemetry::use_ring(); // for `rediss://`
            Bus::redis(url, "zentinelle").await.map_err(StartError::redis)?
        }
    })
}

/// What background work needs, as it is configured.
fn background(config: &Config) -> Result<Background, StartError> {
    let timeout = Duration::from_secs(config.webhooks.timeout_seconds.max(1));
    Ok(Background {
        schedules: Schedules::new(&config.schedules)?,
        hooks: Hooks::wired(),
        webhooks: webhooks::Client::new(AllowList::new(&config.webhooks.allow)?, timeout),
        mail: crate::notices::Mailer::new(&config.notifications.smtp)?,
    })
}

/// Where running totals are kept: in Redis if there is one, in a shared database otherwise, and
/// in memory on a server of its own.
async fn ledger(store: &Store, config: &Config, node_id: &str) -> Result<LedgerStore, StartError> {
    match config.ledger_backend() {
        LedgerBackend::Redis => {
            let mut redis = RedisConfig::new(config.redis.url.as_str(), node_id);
            redis.timeout = Duration::from_millis(config.redis.timeout_ms.into());
            let live = live_nodes(store.clone(), replica::SILENT_SECONDS);
            let ledger = RedisLedger::start(redis, Some(store.clone()), live).map_err(StartError::redis)?;
            if !ledger.wait_until_up(Duration::from_secs(5)).await {
                tracing::warn!("Redis does not answer yet; requests that need the ledger are denied until it does");
            }
            Ok(LedgerStore::Redis(ledger))
        }
        LedgerBackend::Sql => {
            Ok(LedgerStore::Sql(SqlLedger::new(store.clone(), Duration::from_secs(1), RESERVATION_SECONDS)))
        }
        LedgerBackend::Auto | LedgerBackend::Embedded => {
            let ledger = Embedded::load(store, MemoryLedgerConfig::default(), clock::now()).await?;
            Ok(LedgerStore::Embedded(ledger))
        }
    }
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

/// Waits until the process is told to stop, and lets what was begun end. A second word ends it at once.
async fn stop(app: Arc<App>, handle: Handle<SocketAddr>, told: CancellationToken) {
    told_to_stop().await;
    told.cancel();
    tracing::info!(connections = handle.connection_count(), "told to stop: finishing what was begun");
    app.stop_soon();
    handle.graceful_shutdown(Some(Duration::from_secs(app.config.limits.shutdown_seconds.into())));
    told_to_stop().await;
    tracing::warn!("told to stop again: not waiting for requests in flight");
    handle.shutdown();
}

/// Returns when the process is told to stop.
pub(crate) async fn told_to_stop() {
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
