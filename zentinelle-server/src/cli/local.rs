//! Working on a server's database from the machine it runs on: whoever may read its files is its
//! administrator.

use std::path::PathBuf;

use zentinelle_core::document::source;
use zentinelle_core::ids::TenantId;

use super::error::CommandError;
use super::input;
use crate::auth::Caller;
use crate::auth::key::KeyHasher;
use crate::config::{Config, master_keys};
use crate::http::error::ApiError;
use crate::service::tenants;
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
}

impl LocalArgs {
    fn read(self) -> Result<Config, CommandError> {
        let mut config = match &self.config {
            Some(path) => read_config(path)?,
            None => Config::default(),
        };
        if let Some(data_dir) = self.data_dir {
            config.data_dir = data_dir;
        }
        Ok(config)
    }
}

fn read_config(path: &str) -> Result<Config, CommandError> {
    let refused = |why: String| CommandError::Argument {
        message: format!("`{}` is no configuration: {why}", input::shown_name(path)),
        help: "`zentinelle serve --help` names the keys".to_owned(),
    };
    let parsed = source::parse(&input::read_text(path)?);
    if let Some(problem) = parsed.problems.first() {
        return Err(refused(problem.message.clone()));
    }
    let value = parsed.documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    let value = if value.is_null() { serde_json::json!({}) } else { value };
    serde_path_to_error::deserialize(value).map_err(|error| refused(format!("{}: {}", error.path(), error.inner())))
}

/// Opens the database and does some work on it.
pub(crate) fn with<T>(
    args: LocalArgs,
    work: impl AsyncFnOnce(Local) -> Result<T, ApiError>,
) -> Result<T, CommandError> {
    let config = args.read()?;
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Write)?;
    runtime.block_on(async {
        let local = open(&config).await.map_err(CommandError::Local)?;
        work(local).await.map_err(|error| CommandError::Local(error.to_string()))
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
    tenants::ensure(&store, &TenantId::new(tenants::STANDALONE), name).await.map_err(|error| error.to_string())?;
    Ok(Local { store, hasher: KeyHasher::from_master(&keys) })
}

impl Local {
    /// This machine's administrator, acting in a tenant that exists.
    pub(crate) async fn caller(&self, tenant: &str) -> Result<Caller, ApiError> {
        let tenant = TenantId::new(tenant);
        store::by_id(self.store.db(), &tenant).await?.ok_or(StoreError::Missing { what: "tenant" })?;
        Ok(Caller::local(tenant))
    }
}
