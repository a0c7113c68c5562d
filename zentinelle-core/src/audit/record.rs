//! What the audit trail remembers of one event.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditAction {
    /// Something was made.
    Create,
    /// Something was changed.
    Update,
    /// Something was removed.
    Delete,
    /// Something was read.
    Access,
    /// Somebody signed in.
    Login,
    /// Somebody signed out.
    Logout,
    /// A key was replaced.
    RotateKey,
    /// Something was suspended.
    Suspend,
    /// Something was put to use.
    Activate,
    /// A request was decided by policy; see [`AuditRecord::decision`].
    Decide,
    /// A human approved.
    Approve,
    /// A human refused.
    Reject,
    /// Data left the system.
    Export,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not permitted.
    Denied,
    /// It was tried and did not work.
    Failure,
}

/// One event. The hash of an entry covers every field, so nothing here can be changed unnoticed.
///
/// A field left out is not written at all. Keep secrets and prompts out: what stands here is kept and exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// Names the record. Made by the host.
    pub id: String,
    /// The tenant whose chain it belongs to.
    pub tenant_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What was done.
    pub action: AuditAction,
    /// How it ended.
    pub outcome: Outcome,
    /// The agent that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The user that acted, or for whom the agent acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext_user_id: Option<String>,
    /// The first letters of the key that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_prefix: Option<String>,
    /// Where the call came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The program that called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The kind of thing it was done to.
    pub resource_type: String,
    /// Id of the thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// Name of the thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// What changed, before and after.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub changes: Value,
    /// Anything else worth remembering.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub metadata: Value,
    /// The decision, if a policy decided.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub decision: Value,
}

impl AuditRecord {
    /// A record with what every record has.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        tenant_id: impl Into<String>,
        timestamp: Timestamp,
        action: AuditAction,
        resource_type: impl Into<String>,
        outcome: Outcome,
    ) -> Self {
        Self {
            id: id.into(),
            tenant_id: tenant_id.into(),
            timestamp,
            action,
            outcome,
            agent_id: None,
            ext_user_id: None,
            api_key_prefix: None,
            ip_address: None,
            user_agent: None,
            resource_type: resource_type.into(),
            resource_id: None,
            resource_name: None,
            changes: Value::Null,
            metadata: Value::Null,
            decision: Value::Null,
        }
    }
}
