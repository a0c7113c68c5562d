//! Background work and webhooks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How background work is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobSettings {
    /// Whether this server does background work at all; another must, then.
    pub(crate) enabled: bool,
    /// How many jobs at once.
    pub(crate) at_once: u32,
    /// How many notices to webhooks at once.
    pub(crate) deliveries_at_once: u32,
    /// After how long without a sign of life a job is given to another server. Unit: seconds.
    pub(crate) lease_seconds: u64,
    /// How long running jobs may take to finish when the server stops. Unit: seconds.
    pub(crate) grace_seconds: u64,
}

/// Where webhooks may lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebhookSettings {
    /// Networks and host names notices may be sent to although they are not public.
    pub(crate) allow: Vec<String>,
    /// How long a receiver may take. Unit: seconds.
    pub(crate) timeout_seconds: u64,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self { enabled: true, at_once: 2, deliveries_at_once: 8, lease_seconds: 60, grace_seconds: 10 }
    }
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { allow: Vec::new(), timeout_seconds: 10 }
    }
}
