//! Policies as their authors write them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{PolicyId, TenantId};
use crate::scope::Scope;

/// A rule somebody made: a type, its configuration, where it applies and how strictly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The policy's id, unique within the tenant.
    pub id: PolicyId,
    /// The tenant that owns the policy.
    pub tenant_id: TenantId,
    /// The name shown to people. Need not be unique.
    pub name: String,
    /// What the policy is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The kind of policy: the name of one of the 24 types. A name the engine does not
    /// know denies under `enforce`.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// Where the policy applies. Default: the whole organization.
    #[serde(default)]
    pub scope: Scope,
    /// Which policy of a type wins: higher beats lower, whatever the scope. Default: 0.
    #[serde(default)]
    pub priority: i64,
    /// What a violation does. Default: enforce.
    #[serde(default)]
    pub enforcement: Enforcement,
    /// Whether a narrower policy of the same type can take this one's place. Default: replace.
    #[serde(default)]
    pub inheritance: Inheritance,
    /// Whether the policy takes part at all. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The configuration; its keys depend on the type.
    #[serde(default = "empty_object")]
    pub config: Value,
    /// Counts the policy's revisions, from 1.
    #[serde(default = "first_version")]
    pub version: u64,
    /// Who made the policy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// When the policy was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Timestamp>,
    /// When the policy was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub updated_at: Option<Timestamp>,
}

fn yes() -> bool {
    true
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

fn first_version() -> u64 {
    1
}

impl Policy {
    /// An enforced, organization-wide policy with default settings.
    pub fn new(
        id: impl Into<PolicyId>,
        tenant_id: impl Into<TenantId>,
        policy_type: impl Into<String>,
        config: Value,
    ) -> Self {
        let (id, policy_type) = (id.into(), policy_type.into());
        Self {
            name: id.as_str().to_owned(),
            id,
            tenant_id: tenant_id.into(),
            description: String::new(),
            policy_type,
            scope: Scope::default(),
            priority: 0,
            enforcement: Enforcement::default(),
            inheritance: Inheritance::default(),
            enabled: true,
            config,
            version: 1,
            created_by: String::new(),
            created_at: None,
            updated_at: None,
        }
    }
}

/// What a violation of a policy does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// The request is denied.
    #[default]
    Enforce,
    /// The request goes on, with a warning.
    Audit,
    /// Nothing: the policy is not even evaluated. It still displaces broader policies of
    /// its type, so it acts as an exemption.
    Disabled,
}

impl Enforcement {
    /// The enforcement as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Disabled => "disabled",
        }
    }
}

/// Whether a narrower policy of the same type can take a policy's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Inheritance {
    /// One policy per type survives; this one may be displaced.
    #[default]
    Replace,
    /// Takes part beside the survivor of its type and can be displaced by nothing, so that
    /// an organization can set limits no team can lift.
    Floor,
}
