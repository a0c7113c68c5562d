//! Putting the server together, running it, and stopping it without loss.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use zentinelle_core::approval::KeyRing;
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::auth::access::AccessTable;
use crate::auth::directory::Directory;
use crate::auth::key::KeyHasher;
use crate::auth::legacy::LegacyTokens;
use crate::config::{Config, Mode};
use crate::http::router;
use crate::ledger::LedgerStore;
use crate::recorder::Recorder;
use crate::service::agent_config::SeenRevisions;
use crate::service::agent_secrets::NoSecrets;
use crate::service::events::Intake;
use crate::service::tenants;
use crate::snapshot::Snapshots;
use crate::store::Store;

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
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        why: std::io::Error,
    },
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
        Ok(Self::over(store, config))
    }

    /// Puts the parts together over an open database.
    pub(crate) fn over(store: Store, _config: &Config) -> Self {
        let (routes, document) = router::documented().split_for_parts();
        let document = serde_json::to_value(&document).unwrap_or_default();
        let app = Arc::new(App {
            directory: Directory::new(store.clone(), KeyHasher::new([0; 32]))
                .with_legacy_tokens(LegacyTokens::from_environment()),
            access: AccessTable::read(&document),
            snapshots: Snapshots::new(store.clone(), Arc::new(|_: &TenantId| KeyRing::new())),
            ledger: LedgerStore::in_memory(),
            recorder: Recorder::start(store.clone()),
            secrets: Arc::new(NoSecrets),
            seen_revisions: SeenRevisions::default(),
            intake: Intake::default(),
            store,
        });
        let routes = router::served(routes, app.clone());
        Self { app, routes }
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
        let served = axum::serve(listener, self.routes).with_graceful_shutdown(told_to_stop());
        if let Err(error) = served.await {
            tracing::error!(?error, "the listener failed");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    }
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
