//! The proxy for model calls: official SDKs point at it, and nothing else changes.
//!
//! | step | where |
//! | --- | --- |
//! | where is the call going? | [`target`], [`upstream`] |
//! | who calls, and which key leaves? | [`caller`], [`credential`], [`keys`] |
//! | may it, and what can it cost at most? | [`admission`], [`cost`] |
//! | send it | [`client`], [`headers`] |
//! | look at the reply | [`whole`], [`stream`], [`output`] |
//! | settle what was reserved, keep the record | [`exchange`] |
//!
//! Nothing is passed on that was not decided about, and whatever a call reserves is settled however
//! it ends: an [`exchange::Exchange`] that is dropped settles itself.

pub(crate) mod admission;
mod body;
mod caller;
mod client;
mod cost;
mod credential;
mod encoding;
pub(crate) mod exchange;
mod headers;
mod keys;
pub(crate) mod local;
pub(crate) mod output;
mod refusal;
mod serve;
mod stream;
mod target;
pub(crate) mod upstream;
mod whole;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use self::client::Client;
use self::keys::ProviderKeys;
pub(crate) use self::serve::routes;
use self::upstream::Upstreams;
use crate::config::Config;
use crate::config::proxy as settings;

/// Why the proxy could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// Upstreams make no sense.
    #[error("proxy.upstreams: {}", in_words(.0))]
    Upstreams(Vec<(String, upstream::Fault)>),
    /// Certificates cannot be verified.
    #[error("the proxy cannot verify certificates: {0}")]
    Tls(#[from] rustls::Error),
}

fn in_words(faults: &[(String, upstream::Fault)]) -> String {
    faults.iter().map(|(name, fault)| format!("`{name}`: {fault}")).collect::<Vec<_>>().join("; ")
}

/// What the proxy keeps between calls.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Bounds and times.
    pub(crate) settings: settings::Proxy,
    /// The tenants' own keys.
    pub(crate) keys: ProviderKeys,
    upstreams: Upstreams,
    client: Client,
    /// What bodies and replies may hold. Unit: KiB.
    held: Arc<Semaphore>,
    /// What settles behind the answers.
    tasks: TaskTracker,
}

impl Proxy {
    /// A proxy for the configured upstreams.
    pub(crate) fn new(config: &Config) -> Result<Self, SetupError> {
        let section = &config.proxy;
        let upstreams = Upstreams::new(section, config.mode).map_err(SetupError::Upstreams)?;
        Ok(Self {
            client: Client::new(section, upstreams.private_hosts())?,
            keys: ProviderKeys::new(),
            held: Arc::new(Semaphore::new((section.max_held_bytes / 1024).min(Semaphore::MAX_PERMITS))),
            tasks: TaskTracker::new(),
            settings: section.clone(),
            upstreams,
        })
    }

    /// Waits until everything that was reserved is settled, or the time is over.
    pub(crate) async fn settled(&self, within: Duration) {
        self.tasks.close();
        if tokio::time::timeout(within, self.tasks.wait()).await.is_err() {
            tracing::warn!(open = self.tasks.len(), "stopped before every model call was settled");
        }
        self.tasks.reopen();
    }
}
