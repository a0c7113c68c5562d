//! A mock of the model providers that speaks OpenAI's, Anthropic's and Google's wire formats.
//!
//! It speaks HTTP/1.1 by hand on purpose: half of what it is for is to break the protocol. What it
//! answers is asked for in the prompt itself (`[[tool=get_weather]] [[gap=20]]`, see [`Scenario`]), so
//! that any client and any proxy between can be tried without headers of their own. What it saw is
//! told at `/__seen` (see [`Seen`]).
//!
//! A test starts one in its own process with [`Upstream::start`]; the program `mock_upstream` serves
//! one to clients in other languages.

mod answer;
mod connection;
mod reply;
mod request;
mod route;
mod scenario;
mod seen;
pub mod texts;
mod vendors;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use scenario::Scenario;
pub use seen::{Exchange, Seen};

/// A mock that listens. It ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Upstream {
    /// Starts one at a free port of this machine.
    pub async fn start() -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one at an address.
    pub async fn listen(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                // A client that breaks off is no failure of the mock.
                tokio::spawn(async move { connection::serve(stream, &seen).await.ok() });
            }
        });
        Ok(Self { address, seen, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a path and without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it saw so far.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}
