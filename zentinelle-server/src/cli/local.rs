//! Working on a server's database from the machine it runs on: whoever may read its files is its
//! administrator.

use std::path::PathBuf;

use zentinelle_core::ids::TenantId;

use super::error::CommandError;
use crate::auth::Caller;
use crate::auth::key::KeyHasher;
use crate::bus::Bus;
use crate::causes::with_causes;
use crate::config::{Config, Flag, master_keys};
use crate::http::error::ApiError;
use crate::sealing::MasterKeys;
use crate::server;
use crate::service::{root, tenants};
use crate::store::{Store, StoreError, tenants as store};

/// Which server is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct LocalArgs {
    /// The server's configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// Where the server keeps its database, unless the configuration says so.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// A server's database, opened without the server.
pub(crate) struct Local {
    /// The database.
    pub(crate) store: Store,
    /// Makes keys that the server takes.
    pub(crate) hasher: KeyHasher,
    /// Opens what the server sealed.
    pub(crate) keys: MasterKeys,
    /// Tells servers that run what is changed here.
    pub(crate) bus: Bus,
}

impl LocalArgs {
    /// The configuration the server itself would run with.
    pub(crate) fn read(self) -> Result<Config, CommandError> {
        let mut flags = Vec::new();
        if let Some(data_dir) = &self.data_dir {
            let value = data_dir.display().to_string().into();
            flags.push(Flag { name: "--data-dir", pointer: "/data_dir", value });
        }
        super::config::for_local_work(self.config.map(PathBuf::from), &flags)
    }
}

/// Opens the database and does some work on it.
pub(crate) fn with<T>(
    args: LocalArgs,
    work: impl AsyncFnOnce(Local) -> Result<T, ApiError>,
) -> Result<T, CommandError> {
    with_config(&args.read()?, work)
}

/// The same with a configuration that was read.
pub(crate) fn with_config<T>(
    config: &Config,
    work: impl AsyncFnOnce(Local) -> Result<T, ApiError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    runtime.block_on(async {
        let local = open(config).await.map_err(CommandError::Local)?;
        work(local).await.map_err(|error| CommandError::Local(with_causes(&error)))
    })
}

async fn open(config: &Config) -> Result<Local, String> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|error| format!("data directory {}: {error}", config.data_dir.display()))?;
    let url = match config.database.url.as_str() {
        "" => Store::sqlite_url(&config.data_dir.join("zentinelle.db")),
        url => url.to_owned(),
    };
    let keys = master_keys::load(config).map_err(|error| error.to_string())?;
    let store = Store::open(&url, 2).await.map_err(|error| format!("the database could not be opened: {error}"))?;
    store.migrate().await.map_err(|error| format!("the database could not be brought up to date: {error}"))?;
    let name = "Default organisation";
    tenants::ensure(&store, &TenantId::new(tenants::STANDALONE), name).await.map_err(|error| with_causes(&error))?;
    let root = root::load(&store, &keys).await.map_err(|error| with_causes(&error))?;
    let bus = server::bus(&store, config).await.map_err(|error| with_causes(&error))?;
    Ok(Local { store, hasher: KeyHasher::from_root(&root), keys, bus })
}

impl Local {
    /// This machine's administrator, acting in a tenant that exists.
    pub(crate) async fn caller(&self, tenant: &str) -> Result<Caller, ApiError> {
        let tenant = TenantId::new(tenant);
        store::by_id(self.store.db(), &tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
        Ok(Caller::local(tenant))
    }
}
