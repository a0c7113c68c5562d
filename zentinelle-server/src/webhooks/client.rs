//! Sending: only to addresses that are allowed, not following redirects, in bounded time.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{StatusCode, Url, redirect};

use super::address::{AllowList, Refused};
use crate::causes::with_causes;

/// How much of an answer is read: only its status counts, but a connection whose answer was read
/// to the end can be used again. Unit: bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It may not be sent there.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The receiver answered something else than success.
    #[error("the receiver answered {0}")]
    Status(StatusCode),
    /// The receiver was not reached, or did not answer in time.
    #[error("{0}")]
    Failed(String),
}

/// Sends notices.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: Result<reqwest::Client, String>,
    allow: Arc<AllowList>,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Notice<'n> {
    /// Where to.
    pub(super) url: &'n str,
    /// What.
    pub(super) body: String,
    /// Further headers.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Client {
    /// A client that trusts what is on the list.
    pub(crate) fn new(allow: AllowList, timeout: Duration) -> Self {
        let allow = Arc::new(allow);
        crate::telemetry::use_ring();
        let http = reqwest::Client::builder()
            .dns_resolver(Guard { allow: allow.clone() })
            .redirect(redirect::Policy::none())
            .no_proxy() // a proxy would look the name up itself, where nobody checks
            .timeout(timeout)
            .connect_timeout(timeout)
            .user_agent(concat!("zentinelle/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client: {}", with_causes(&error)));
        Self { http, allow }
    }

    /// Reads a URL somebody wants notices at, and refuses what can be told at once.
    pub(crate) fn check(&self, url: &str) -> Result<Url, Refused> {
        self.allow.check(url)
    }

    /// Sends a notice. Success is a status from 200 to 299.
    pub(super) async fn send(&self, notice: Notice<'_>) -> Result<StatusCode, SendError> {
        let url = self.allow.check(notice.url)?;
        let http = self.http.as_ref().map_err(|why| SendError::Failed(why.clone()))?;
        let mut request = http.post(url).header("content-type", "application/json");
        for (name, value) in notice.headers {
            request = request.header(name, value);
        }
        // The URL is left out of the words: it may hold a secret, as Slack's does.
        let failed = |error: reqwest::Error| SendError::Failed(with_causes(&error.without_url()));
        let mut answer = request.body(notice.body).send().await.map_err(failed)?;
        let status = answer.status();
        let mut read = 0;
        while let Ok(Some(piece)) = answer.chunk().await {
            read += piece.len();
            if read > MOST_ANSWER {
                break;
            }
        }
        if status.is_success() { Ok(status) } else { Err(SendError::Status(status)) }
    }
}

/// Looks names up and hands on only the addresses that may be connected to: what was checked is
/// what is connected to, however often the name's owner changes it.
struct Guard {
    allow: Arc<AllowList>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(permitted(&allow, host, found)?.into_iter()) as Addrs)
        })
    }
}

fn permitted(allow: &AllowList, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
    if allow.allows_host(host) {
        return Ok(found);
    }
    let first: Option<IpAddr> = found.first().map(SocketAddr::ip);
    let permitted: Vec<SocketAddr> = found.into_iter().filter(|address| allow.allows(address.ip())).collect();
    match (permitted.is_empty(), first) {
        (false, _) => Ok(permitted),
        (true, Some(address)) => Err(Refused::Address(address)),
        (true, None) => Err(Refused::NoAddress),
    }
}
