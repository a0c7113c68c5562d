//! What a tenant chooses for itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happens when a needed answer is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FailMode {
    /// Deny.
    #[default]
    Deny,
    /// Permit, and record it.
    Permit,
}

/// How much of what agents say is kept in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContentKeeping {
    /// All of it.
    Keep,
    /// The first `content_limit` characters.
    #[default]
    Truncate,
    /// A digest.
    Hash,
    /// Nothing.
    Drop,
}

/// What a call of a model costs that has no price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnknownModelPrice {
    /// As the most expensive model of all.
    #[default]
    MostExpensive,
    /// As the most expensive model of its vendor; of all when the vendor is unknown too.
    ProviderMostExpensive,
}

/// A tenant's settings. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TenantSettings {
    /// What is answered where no policy applies.
    pub(crate) no_policy: FailMode,
    /// What is answered when limits cannot be checked because the ledger is away.
    pub(crate) ledger_unavailable: FailMode,
    /// How much of contexts, prompts and outputs is kept.
    pub(crate) content: ContentKeeping,
    /// With `truncate`, how much. Unit: characters.
    pub(crate) content_limit: u32,
    /// How many evaluations an agent may ask for. Unit: requests a minute.
    pub(crate) evaluate_per_minute: u32,
    /// How often agents should report that they live. Unit: seconds.
    pub(crate) heartbeat_interval_seconds: u32,
    /// After how long without a heartbeat an agent counts as unhealthy. Unit: seconds.
    pub(crate) heartbeat_timeout_seconds: u32,
    /// What a call of a model costs that has no price. Never nothing.
    pub(crate) unknown_model_price: UnknownModelPrice,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            no_policy: FailMode::Deny,
            ledger_unavailable: FailMode::Deny,
            content: ContentKeeping::Truncate,
            content_limit: 2_000,
            evaluate_per_minute: 60_000,
            heartbeat_interval_seconds: 60,
            heartbeat_timeout_seconds: 300,
            unknown_model_price: UnknownModelPrice::MostExpensive,
        }
    }
}
