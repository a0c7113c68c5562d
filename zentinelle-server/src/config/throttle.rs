//! How many requests one credential may send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many requests one credential may send, by kind of request. A burst of one and a half times
/// the limit is let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Throttle {
    /// Whether anything is refused.
    pub(crate) enabled: bool,
    /// The most credentials and addresses that are counted at once; the longest idle is forgotten first.
    pub(crate) max_keys: u64,
    /// Enrolling agents.
    pub(crate) register: Rate,
    /// Reading an agent's configuration.
    pub(crate) config: Rate,
    /// Reading secrets.
    pub(crate) secrets: Rate,
    /// Sending events.
    pub(crate) events: Rate,
    /// Heartbeats.
    pub(crate) heartbeat: Rate,
    /// Evaluations. The most that a tenant may choose; its own setting is `evaluate_per_minute`.
    pub(crate) evaluate: Rate,
    /// Scanning content.
    pub(crate) scan: Rate,
    /// Signing in, by client address.
    pub(crate) sign_in: Rate,
    /// What people who are signed in ask for in the portal.
    pub(crate) portal: Rate,
    /// Anything else.
    pub(crate) other: Rate,
    /// Requests with a bad key, by client address. Past it, only keys already known to be good go through.
    pub(crate) failures: Rate,
}

/// A number of requests in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// How many.
    pub(crate) limit: u32,
    /// In which time. Unit: seconds.
    pub(crate) window_seconds: u32,
}

impl Rate {
    /// So many in so many seconds.
    pub(crate) const fn new(limit: u32, window_seconds: u32) -> Self {
        Self { limit, window_seconds }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            enabled: true,
            max_keys: 100_000,
            register: Rate::new(10, 3_600),
            config: Rate::new(100, 60),
            secrets: Rate::new(60, 60),
            events: Rate::new(1_000, 60),
            heartbeat: Rate::new(120, 60),
            evaluate: Rate::new(600_000, 60),
            scan: Rate::new(200, 60),
            sign_in: Rate::new(30, 60),
            portal: Rate::new(1_200, 60),
            other: Rate::new(100, 60),
            failures: Rate::new(60, 60),
        }
    }
}

impl Throttle {
    /// Every rate with the name of its key.
    pub(crate) fn rates(&self) -> [(&'static str, Rate); 11] {
        [
            ("register", self.register),
            ("config", self.config),
            ("secrets", self.secrets),
            ("events", self.events),
            ("heartbeat", self.heartbeat),
            ("evaluate", self.evaluate),
            ("scan", self.scan),
            ("sign_in", self.sign_in),
            ("portal", self.portal),
            ("other", self.other),
            ("failures", self.failures),
        ]
    }
}
