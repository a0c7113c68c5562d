//! Agents and the groups they belong to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{AgentId, DeploymentId, GroupId, SubOrganizationId, TenantId, empty_is_none};

/// A registered agent: who acts.
///
/// Its ids come from authentication, never from the context of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The tenant that owns the agent.
    pub tenant_id: TenantId,
    /// The agent's id, unique within the tenant.
    pub agent_id: AgentId,
    /// The name shown to people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What kind of software the agent is.
    #[serde(default)]
    pub agent_type: AgentType,
    /// Whether the agent may act at all. Default: active.
    #[serde(default)]
    pub status: AgentStatus,
    /// The team the agent belongs to.
    #[serde(default, deserialize_with = "empty_is_none", skip_serializing_if = "Option::is_none")]
    pub sub_organization_id: Option<SubOrganizationId>,
    /// The deployment the agent runs in.
    #[serde(default, deserialize_with = "empty_is_none", skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,
    /// The agent group the agent belongs to.
    #[serde(default, deserialize_with = "empty_is_none", skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// What the agent says it can do. Information only: no evaluator trusts it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Free facts about the agent. Information only.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Agent {
    /// An active agent with nothing but its identity.
    pub fn new(tenant_id: impl Into<TenantId>, agent_id: impl Into<AgentId>) -> Self {
        Self {
            tenant_id: tenant_id.into(),
            agent_id: agent_id.into(),
            name: String::new(),
            agent_type: AgentType::default(),
            status: AgentStatus::default(),
            sub_organization_id: None,
            deployment_id: None,
            group_id: None,
            capabilities: Vec::new(),
            metadata: Map::new(),
        }
    }
}

/// What kind of software an agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentType {
    /// Claude Code.
    ClaudeCode,
    /// Gemini CLI.
    Gemini,
    /// OpenAI Codex.
    Codex,
    /// Calliope.
    Calliope,
    /// A LangChain program.
    Langchain,
    /// A LangGraph program.
    Langgraph,
    /// An MCP server or client.
    Mcp,
    /// A chat application.
    Chat,
    /// Anything else.
    #[default]
    Custom,
}

/// Where an agent stands in its life. Only an active agent is ever permitted anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Enrolled, not yet released for work.
    Provisioning,
    /// At work.
    #[default]
    Active,
    /// Stopped by an operator for the time being.
    Suspended,
    /// Taken out of service.
    Offline,
    /// Gone for good.
    Terminated,
}

impl AgentStatus {
    /// The status as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Offline => "offline",
            Self::Terminated => "terminated",
        }
    }
}

/// A named set of agents that policies can address together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentGroup {
    /// The tenant that owns the group.
    pub tenant_id: TenantId,
    /// The group's id, unique within the tenant.
    pub group_id: GroupId,
    /// The name shown to people.
    pub name: String,
    /// What the group is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How far the group is trusted. Information only: policies decide, not tiers.
    #[serde(default)]
    pub tier: GroupTier,
}

/// How far an agent group is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupTier {
    /// Trusted as any other agent.
    #[default]
    Standard,
    /// Trusted less.
    Restricted,
    /// Trusted more.
    Trusted,
}
