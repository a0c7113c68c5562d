//! Where a policy applies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::ids::{AgentId, DeploymentId, GroupId, SubOrganizationId, UserId};

/// The levels of scope, from broad to narrow. Narrower wins at equal or higher priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeLevel {
    /// Everybody in the tenant.
    Organization,
    /// One team.
    SubOrganization,
    /// One deployment.
    Deployment,
    /// One agent group.
    Group,
    /// One agent.
    Endpoint,
    /// One user, whichever agent acts for them.
    User,
}

impl ScopeLevel {
    /// All levels, from broad to narrow.
    pub const ALL: [Self; 6] =
        [Self::Organization, Self::SubOrganization, Self::Deployment, Self::Group, Self::Endpoint, Self::User];

    /// The level as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::SubOrganization => "sub_organization",
            Self::Deployment => "deployment",
            Self::Group => "group",
            Self::Endpoint => "endpoint",
            Self::User => "user",
        }
    }
}

/// Where a policy applies: a level and, below the organisation, who is meant. Ids are
/// compared exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Scope {
    /// Everybody in the tenant.
    #[default]
    Organization,
    /// One team.
    SubOrganization(SubOrganizationId),
    /// One deployment.
    Deployment(DeploymentId),
    /// One agent group.
    Group(GroupId),
    /// One agent.
    Endpoint(AgentId),
    /// One user.
    User(UserId),
}

impl Scope {
    /// The level of this scope.
    #[must_use]
    pub const fn level(&self) -> ScopeLevel {
        match self {
            Self::Organization => ScopeLevel::Organization,
            Self::SubOrganization(_) => ScopeLevel::SubOrganization,
            Self::Deployment(_) => ScopeLevel::Deployment,
            Self::Group(_) => ScopeLevel::Group,
            Self::Endpoint(_) => ScopeLevel::Endpoint,
            Self::User(_) => ScopeLevel::User,
        }
    }

    /// Who is meant; the organisation needs no id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Organization => None,
            Self::SubOrganization(id) => Some(id.as_str()),
            Self::Deployment(id) => Some(id.as_str()),
            Self::Group(id) => Some(id.as_str()),
            Self::Endpoint(id) => Some(id.as_str()),
            Self::User(id) => Some(id.as_str()),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.id() {
            None => f.write_str(self.level().name()),
            Some(id) => write!(f, "{} {id}", self.level().name()),
        }
    }
}

/// Where a request stands: its agent's place at every level, and its user.
#[derive(Clone, Copy, Debug)]
pub struct ScopeChain<'a> {
    agent: &'a Agent,
    user: Option<&'a UserId>,
}

impl<'a> ScopeChain<'a> {
    /// The place of an agent acting for a user.
    #[must_use]
    pub fn new(agent: &'a Agent, user: Option<&'a UserId>) -> Self {
        Self { agent, user: user.filter(|user| !user.as_str().is_empty()) }
    }

    /// The id at a level; none when the request has no place there. The organisation has no id.
    #[must_use]
    pub fn id(&self, level: ScopeLevel) -> Option<&'a str> {
        match level {
            ScopeLevel::Organization => None,
            ScopeLevel::SubOrganization => self.agent.sub_organization_id.as_ref().map(SubOrganizationId::as_str),
            ScopeLevel::Deployment => self.agent.deployment_id.as_ref().map(DeploymentId::as_str),
            ScopeLevel::Group => self.agent.group_id.as_ref().map(GroupId::as_str),
            ScopeLevel::Endpoint => Some(self.agent.agent_id.as_str()),
            ScopeLevel::User => self.user.map(UserId::as_str),
        }
    }

    /// Whether a policy of this scope applies here.
    #[must_use]
    pub fn is_covered_by(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Organization => true,
            narrower => self.id(narrower.level()).is_some() && self.id(narrower.level()) == narrower.id(),
        }
    }
}
