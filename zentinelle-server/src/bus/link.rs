//! What carries notices from one replica to the others: PostgreSQL or Redis.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::aio::{ConnectionManager, ConnectionManagerConfig, PubSubStream};
use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::time::timeout;

/// The channel, on both. On Redis the installation's prefix stands in front of it.
pub(super) const CHANNEL: &str = "zentinelle_notices";
/// How long one exchange may take, since somebody may be waiting for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a notice did not go out, or no more come in.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("PostgreSQL: {0}")]
    Database(#[from] DbErr),
    #[error("PostgreSQL: {0}")]
    Listener(#[from] sqlx::Error),
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Slow(#[from] tokio::time::error::Elapsed),
}

/// One of the two, for sending and for listening.
pub(super) enum Link {
    Postgres(DatabaseConnection),
    Redis { client: Box<redis::Client>, sender: ConnectionManager, channel: String },
}

/// An open connection that notices come in on.
pub(super) enum Listener {
    Postgres(Box<PgListener>),
    Redis(PubSubStream),
}

impl Link {
    /// `prefix` keeps installations apart that share one Redis.
    pub(super) fn redis(url: &str, prefix: &str) -> Result<Self, redis::RedisError> {
        let client = redis::Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE / 2))
            .set_response_timeout(Some(PATIENCE / 2))
            .set_number_of_retries(1);
        let sender = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self::Redis { client: Box::new(client), sender, channel: format!("{prefix}{CHANNEL}") })
    }

    /// Sends to every replica, this one included.
    pub(super) async fn send(&self, text: String) -> Result<(), LinkError> {
        match self {
            Self::Postgres(db) => timeout(PATIENCE, notify(db, text)).await??,
            Self::Redis { sender, channel, .. } => {
                let mut sender = sender.clone();
                let publish = redis::cmd("PUBLISH").arg(channel).arg(text).to_owned();
                timeout(PATIENCE, publish.query_async::<()>(&mut sender)).await??;
            }
        }
        Ok(())
    }

    /// Begins to listen on a connection of its own.
    pub(super) async fn listen(&self) -> Result<Listener, LinkError> {
        match self {
            Self::Postgres(db) => {
                let options = db.get_postgres_connection_pool().connect_options();
                let listen = async move {
                    let own = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
                    let mut listener = PgListener::connect_with(&own.connect_with((*options).clone()).await?).await?;
                    listener.eager_reconnect(false);
                    listener.listen(CHANNEL).await?;
                    Ok::<_, LinkError>(Listener::Postgres(Box::new(listener)))
                };
                timeout(PATIENCE, listen).await?
            }
            Self::Redis { client, channel, .. } => {
                let listen = async move {
                    let mut connection = client.get_async_pubsub().await?;
                    connection.subscribe(channel).await?;
                    Ok::<_, LinkError>(Listener::Redis(connection.into_on_message()))
                };
                timeout(PATIENCE, listen).await?
            }
        }
    }
}

/// Sends from within a connection or a transaction; from a transaction it goes out on commit.
pub(super) async fn notify<C: ConnectionTrait>(connection: &C, text: String) -> Result<(), DbErr> {
    let values = [CHANNEL.into(), text.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_notify($1, $2)", values);
    connection.execute_raw(statement).await.map(|_| ())
}

impl Listener {
    /// The next text, or nothing once the connection is lost. Never try a lost one again: what
    /// came in between is gone, and whoever listens must hear of that first.
    pub(super) async fn next(&mut self) -> Option<String> {
        match self {
            Self::Postgres(listener) => match listener.try_recv().await {
                Ok(notification) => notification.map(|notification| notification.payload().to_owned()),
                Err(error) => {
                    tracing::debug!(%error, "the connection for notices failed");
                    None
                }
            },
            // What is not text cannot be a notice, and an unreadable one is reported as such.
            Self::Redis(stream) => stream.next().await.map(|message| message.get_payload().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Postgres",
            Self::Redis { .. } => "Redis",
        })
    }
}
