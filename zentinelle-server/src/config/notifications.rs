//! How messages for people leave the server by e-mail.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Secret;

/// Messages for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Notifications {
    /// The mail server that takes them; without a host nothing is sent by e-mail.
    pub(crate) smtp: Smtp,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Smtp {
    /// Its name, which its certificate must have; empty for none.
    pub(crate) host: String,
    /// Its port; 0 for the usual one: 465 with `tls`, 587 with `starttls`, 25 with `none`.
    pub(crate) port: u16,
    /// How the connection is protected. Default: `starttls`.
    pub(crate) tls: SmtpTls,
    /// The user; empty where the server asks for none.
    pub(crate) user: String,
    /// The user's password, for the environment. Never shown.
    pub(crate) password: Secret,
    /// A file with the password, read again for every connection.
    pub(crate) password_file: Option<PathBuf>,
    /// Whom the messages are from, such as `Zentinelle <zentinelle@example.com>`.
    pub(crate) sender: String,
    /// Certificates in PEM that are trusted besides those of the system.
    pub(crate) ca_file: Option<PathBuf>,
    /// How long the server may take for one step. Unit: seconds.
    pub(crate) timeout_seconds: u32,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpTls {
    /// It begins in the clear and must become TLS before anything is said.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: for a relay on this machine, or in a network that is trusted.
    None,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 0,
            tls: SmtpTls::default(),
            user: String::new(),
            password: Secret::default(),
            password_file: None,
            sender: String::new(),
            ca_file: None,
            timeout_seconds: 20,
        }
    }
}

impl Smtp {
    /// Whether messages are sent by e-mail at all.
    pub(crate) fn is_on(&self) -> bool {
        !self.host.is_empty()
    }

    /// The port, once the usual one is filled in.
    pub(crate) const fn decided_port(&self) -> u16 {
        match (self.port, self.tls) {
            (0, SmtpTls::Tls) => 465,
            (0, SmtpTls::Starttls) => 587,
            (0, SmtpTls::None) => 25,
            (port, _) => port,
        }
    }
}
