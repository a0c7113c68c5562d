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

/// How strictly a new policy is enforced that does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DefaultEnforcement {
    /// It denies.
    #[default]
    Enforce,
    /// It only records, until somebody switches it on.
    Audit,
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
    /// How long a person has to decide about a call, by how risky the call is.
    pub(crate) approval_expiry: ApprovalExpiry,
    /// After how long without a heartbeat an agent counts as unhealthy. Unit: seconds.
    pub(crate) heartbeat_timeout_seconds: u32,
    /// What a call of a model costs that has no price. Never nothing.
    pub(crate) unknown_model_price: UnknownModelPrice,
    /// Model calls through the proxy.
    pub(crate) proxy: ProxySettings,
    /// How strictly a new policy is enforced that does not say.
    pub(crate) default_enforcement: DefaultEnforcement,
    /// Messages for people.
    pub(crate) notifications: NotificationSettings,
    /// Where the organisation's day begins, such as `Europe/Berlin`: in it e-mails tell the time, and dates that are
    /// written without a time are read.
    pub(crate) time_zone: String,
}

/// How severe something must be, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeastSeverity {
    /// Everything.
    Low,
    /// Medium and worse.
    #[default]
    Medium,
    /// High and critical.
    High,
    /// Critical alone.
    Critical,
}

impl LeastSeverity {
    /// Whether something of a severity is severe enough. A severity nobody knows is.
    pub(crate) fn covers(self, severity: &str) -> bool {
        match severity {
            "info" => false,
            "low" => self <= Self::Low,
            "medium" => self <= Self::Medium,
            "high" => self <= Self::High,
            _ => true,
        }
    }
}

/// How messages for people leave the server. Slack and other systems are told by webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NotificationSettings {
    /// Whether they are sent by e-mail: to the address below, and to the people who want them.
    pub(crate) email: bool,
    /// The organisation's own address.
    pub(crate) contact_email: String,
    /// How severe something must be to be sent by e-mail.
    pub(crate) least_severity: LeastSeverity,
}

impl TenantSettings {
    /// The organisation's time zone; UTC when it is not known here.
    pub(crate) fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
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
            approval_expiry: ApprovalExpiry::default(),
            proxy: ProxySettings::default(),
            default_enforcement: DefaultEnforcement::default(),
            notifications: NotificationSettings::default(),
            time_zone: "UTC".to_owned(),
        }
    }
}

/// What a tenant chooses for model calls through the proxy. Where something is permitted that was
/// not looked at, the record says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProxySettings {
    /// Whether an agent may bring a provider key of its own, where neither tenant nor server has one.
    pub(crate) pass_through: bool,
    /// What is answered to a request that changes something and whose body nobody here can read,
    /// such as a batch or an upload.
    pub(crate) unread: FailMode,
    /// What becomes of a reply, or a part of a stream, that cannot be read.
    pub(crate) unreadable_reply: FailMode,
    /// What is answered to a call of a model without a price. Permitted, it costs what
    /// `unknown_model_price` says.
    pub(crate) unpriced_model: FailMode,
    /// What is answered to a call that refers to content the provider keeps, such as a stored
    /// prompt or an earlier response, which nobody here has seen.
    pub(crate) unseen_content: FailMode,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            pass_through: true,
            unread: FailMode::Deny,
            unreadable_reply: FailMode::Deny,
            unpriced_model: FailMode::Deny,
            unseen_content: FailMode::Permit,
        }
    }
}

/// How long a person has to decide about a call. Unit: seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ApprovalExpiry {
    /// A risk score below 25. Default: a day.
    pub(crate) low: u32,
    /// A risk score below 50. Default: eight hours.
    pub(crate) medium: u32,
    /// A risk score below 75. Default: one hour.
    pub(crate) high: u32,
    /// A risk score of 75 or more. Default: a quarter of an hour.
    pub(crate) critical: u32,
}

impl Default for ApprovalExpiry {
    fn default() -> Self {
        Self { low: 86_400, medium: 28_800, high: 3_600, critical: 900 }
    }
}

impl ApprovalExpiry {
    /// For a risk score from 0 to 100.
    pub(crate) const fn seconds(&self, risk_score: u32) -> u32 {
        match risk_score {
            0..25 => self.low,
            25..50 => self.medium,
            50..75 => self.high,
            75.. => self.critical,
        }
    }
}
