//! The section `zentinel`: this server as an agent of the Zentinel reverse proxy.

use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::service::tenants::STANDALONE;

/// This server as an agent of the Zentinel reverse proxy. Without `socket` and `grpc` it is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Zentinel {
    /// The Unix socket to listen on. Owner and group may connect; a stale one is replaced.
    pub(crate) socket: Option<PathBuf>,
    /// Where to listen for gRPC. It is plain text and asks nobody for a key: choose this machine or a
    /// protected network.
    pub(crate) grpc: Option<SocketAddr>,
    /// The tenant whose policies apply.
    pub(crate) tenant: String,
    /// The registered agent on whose behalf requests are made.
    pub(crate) agent: String,
    /// A header that names the agent instead; empty for none. The proxy must set or strip it: clients
    /// could name anyone.
    pub(crate) agent_header: String,
    /// A header that names the user; empty for none. The proxy must set or strip it: clients could
    /// name anyone.
    pub(crate) user_header: String,
    /// The name the proxy shows.
    pub(crate) name: String,
    /// Let pass, with a mark in the proxy's audit log, what cannot be judged. Denials still hold.
    pub(crate) fail_open: bool,
    /// Refuse requests whose correlation id may be the client's own choice, which could mix two answers up.
    pub(crate) strict_ids: bool,
}

impl Default for Zentinel {
    fn default() -> Self {
        Self {
            socket: None,
            grpc: None,
            tenant: STANDALONE.to_owned(),
            agent: "zentinel".to_owned(),
            agent_header: String::new(),
            user_header: String::new(),
            name: "zentinelle".to_owned(),
            fail_open: false,
            strict_ids: false,
        }
    }
}
