//! The database: SQLite or PostgreSQL behind one set of entities and migrations.
//!
//! A folder or file here holds the queries of one aggregate. Every query of tenant data takes
//! the tenant by type and filters by it.

pub(crate) mod agent_groups;
pub(crate) mod agents;
pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod anomalies;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod compliance;
pub(crate) mod content_rules;
pub(crate) mod counts;
pub(crate) mod decision_hours;
pub(crate) mod entities;
pub(crate) mod evaluations;
pub(crate) mod events;
pub(crate) mod gaps;
pub(crate) mod handouts;
pub(crate) mod history;
pub(crate) mod incidents;
pub(crate) mod interactions;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod keyset;
pub(crate) mod legal_holds;
mod migrations;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod page;
#[cfg(test)]
mod plans;
pub(crate) mod policies;
pub(crate) mod prices;
pub(crate) mod prompt_library;
pub(crate) mod recovery_codes;
pub(crate) mod reports;
pub(crate) mod risks;
mod rows;
pub(crate) mod saved_views;
pub(crate) mod scans;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod system_prompts;

pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod user_sessions;
pub(crate) mod users;
pub(crate) mod watermarks;
pub(crate) mod webhooks;

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

/// The PostgreSQL schema that holds every table.
pub(crate) const POSTGRES_SCHEMA: &str = "zentinelle";
/// The PostgreSQL advisory lock that lets one server migrate at a time.
const MIGRATION_LOCK: i64 = 0x7A65_6E74_696E;

/// How much SQLite gathers before it writes it into its file: a page that many transactions touch
/// is then written there once for all of them. Unit: pages of 4096 bytes.
const CHECKPOINT_PAGES: &str = "8000";

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Another row already has the name or id that must be unique.
    #[error("{what} already exists")]
    Exists {
        /// Which thing, in words.
        what: String,
    },
    /// The row does not exist, or belongs to another tenant.
    #[error("there is no such {what}")]
    Missing {
        /// Which kind of thing.
        what: &'static str,
    },
    /// Somebody else changed the row first.
    #[error("the {what} was changed by someone else")]
    Stale {
        /// Which kind of thing.
        what: &'static str,
    },
    /// A row holds something this release cannot read.
    #[error("a stored {what} cannot be read: {why}")]
    Unreadable {
        /// Which kind of thing.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The database failed or is away.
    #[error("the database could not answer")]
    Database(#[from] DbErr),
}

impl StoreError {
    /// Whether trying again later may succeed.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Database(DbErr::Conn(_) | DbErr::ConnectionAcquire(_)))
    }
}

/// How a value of an enumeration is written, in JSON and in the database.
pub(crate) fn wire_name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// An open database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    db: DatabaseConnection,
}

impl Store {
    /// Opens the database at `url`: `sqlite://PATH`, `sqlite::memory:` or `postgres://…`.
    pub(crate) async fn open(url: &str, max_connections: u32) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(5))
            .sqlx_logging(false);
        if url.starts_with("sqlite:") {
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
                    .foreign_keys(true)
            });
            if url.contains(":memory:") {
                options.max_connections(1).min_connections(1);
            }
        } else {
            options.set_schema_search_path(POSTGRES_SCHEMA).set_application_name("zentinelle");
        }
        match Database::connect(options).await {
            Ok(db) => Ok(Self { db }),
            Err(error) => Err(unreached(url).await.unwrap_or(error)),
        }
    }

    /// Opens the SQLite file of an embedded server.
    pub(crate) fn sqlite_url(path: &Path) -> String {
        format!("sqlite://{}?mode=rwc", path.display())
    }

    /// Brings the schema up to date. One server does it, the others wait.
    pub(crate) async fn migrate(&self) -> Result<(), DbErr> {
        if !self.is_postgres() {
            return migrations::bring_up(&self.db).await;
        }
        let session = self.db.begin().await?; // the lock belongs to this transaction
        session.execute_raw(advisory_lock()).await?;
        self.db.execute_unprepared("CREATE SCHEMA IF NOT EXISTS zentinelle").await?;
        migrations::bring_up(&self.db).await?;
        session.commit().await
    }

    /// For queries outside a transaction.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Lets a test overhear what the database is asked. Clones made before hear nothing.
    #[cfg(test)]
    pub(crate) fn watch(&mut self, heard: impl Fn(&sea_orm::Statement) + Send + Sync + 'static) {
        self.db.set_metric_callback(move |info| heard(info.statement));
    }

    /// Whether the database is PostgreSQL; else it is SQLite.
    pub(crate) fn is_postgres(&self) -> bool {
        self.db.get_database_backend() == DbBackend::Postgres
    }

    /// Begins a transaction that will write. On SQLite it takes the writer's place at once, so
    /// that it cannot fail half way for want of it.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.db.begin_with_options(options).await
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        self.db.ping().await
    }
}

/// Why PostgreSQL cannot be reached. The pool tries again until its time is over, and says only that.
async fn unreached(url: &str) -> Option<DbErr> {
    let options = PgConnectOptions::from_str(url).ok()?;
    let tried = tokio::time::timeout(Duration::from_secs(5), options.connect()).await.ok()?;
    let error = tried.err()?;
    Some(DbErr::Conn(RuntimeErr::Internal(error.to_string())))
}

fn advisory_lock() -> sea_orm::Statement {
    sea_orm::Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_advisory_xact_lock($1)",
        [MIGRATION_LOCK.into()],
    )
}

#[cfg(test)]
pub(crate) mod testing {
    //! Databases for tests.

    use super::Store;

    /// A fresh SQLite database in memory.
    pub(crate) async fn sqlite() -> Store {
        let store = Store::open("sqlite::memory:", 1).await.expect("memory is there");
        store.migrate().await.expect("the schema is sound");
        store
    }

    /// A fresh PostgreSQL database on the server that the tests were given.
    pub(crate) async fn postgres() -> Store {
        let url = std::env::var("ZENTINELLE_TEST_POSTGRES_URL").expect(
            "ZENTINELLE_TEST_POSTGRES_URL is not set: run the tests with `scripts/services.sh run -- cargo test`",
        );
        let (server, _) = url.rsplit_once('/').expect("the URL names a database");
        let name = format!("test_{}", uuid::Uuid::now_v7().simple());
        let admin = sea_orm::Database::connect(&url).await.expect("PostgreSQL answers");
        sea_orm::ConnectionTrait::execute_unprepared(&admin, &format!("CREATE DATABASE {name}"))
            .await
            .expect("a database can be made");
        let store = Store::open(&format!("{server}/{name}"), 8).await.expect("PostgreSQL answers");
        store.migrate().await.expect("the schema is sound");
        store
    }
}

#[cfg(test)]
mod tests {
    use super::entities::tenant;
    use super::testing;
    use sea_orm::{EntityTrait as _, Set};

    #[tokio::test]
    async fn the_schema_fits_the_entities_on_both_databases() {
        for store in [testing::sqlite().await, testing::postgres().await] {
            let row = tenant::ActiveModel {
                id: Set("acme".into()),
                name: Set("Acme".into()),
                status: Set("active".into()),
                settings: Set(serde_json::json!({})),
                policy_revision: Set(1),
                created_at: Set(1),
                updated_at: Set(1),
            };
            tenant::Entity::insert(row).exec_without_returning(store.db()).await.expect("inserted");
            let found = tenant::Entity::find_by_id("acme").one(store.db()).await.expect("read");
            assert_eq!(found.expect("there").name, "Acme");
            store.migrate().await.expect("a second run changes nothing");
        }
    }
}
