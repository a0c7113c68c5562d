//! What the server says about itself: its log, its metrics and its traces.
//!
//! None of them ever holds a key, a header, a body or the value of a query.

pub(crate) mod logging;
pub(crate) mod metrics;
pub(crate) mod traces;

/// The release of this server.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from; `unknown` when it was built outside a repository.
pub(crate) const COMMIT: &str = env!("ZENTINELLE_COMMIT");

/// Chooses the cryptography of every TLS connection of this process. Done once, before the first.
pub(crate) fn use_ring() {
    // A second choice is refused, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
