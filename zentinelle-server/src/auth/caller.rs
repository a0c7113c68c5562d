//! A caller whose key was checked.

use std::sync::Arc;

use zentinelle_core::Agent;
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::ids::TenantId;

use super::key::KeyKind;
use super::permission::{Permission, Role};

/// Somebody whose key was found and compared. Everything about who they are comes from the key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The tenant the key belongs to.
    pub(crate) tenant: TenantId,
    /// The id of the key's row.
    pub(crate) key_id: Arc<str>,
    /// The key's public part, for throttling and records.
    pub(crate) public_id: Arc<str>,
    /// What the key is for.
    pub(crate) kind: KeyKind,
    /// What the key makes them.
    pub(crate) identity: Identity,
    /// Of a person without a key: how they signed in.
    pub(crate) signed_in: Option<Arc<SignedIn>>,
}

/// A person who came without a key.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// How.
    pub(crate) by: SignedInBy,
    /// Their id; empty where everybody is let in.
    pub(crate) user_id: String,
    /// Their session; empty where everybody is let in.
    pub(crate) session_id: String,
    /// Their e-mail address.
    pub(crate) email: Option<String>,
    /// Their name, for people.
    pub(crate) name: String,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedInBy {
    /// Not at all: the server lets everybody in who reaches it.
    Open,
    /// With a password.
    Local,
    /// At an identity provider.
    Oidc,
    /// With a key.
    Key,
}

impl SignedInBy {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Local => "local",
            Self::Oidc => "oidc",
            Self::Key => "key",
        }
    }
}

/// What a key makes its bearer.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// One agent.
    Agent(Arc<AgentFacts>),
    /// Enrols agents, and acts for those it enrolled.
    Enrolment,
    /// An operator with a role, possibly narrowed to some permissions.
    Operator {
        /// The role.
        role: Role,
        /// The permissions the key is narrowed to; empty for all of the role.
        scopes: Arc<[Permission]>,
        /// Who it is, for the audit trail.
        name: Arc<str>,
    },
}

/// What the server knows of an agent while it decides: no query is needed.
#[derive(Debug)]
pub(crate) struct AgentFacts {
    /// The agent as the engine sees it.
    pub(crate) agent: Arc<Agent>,
    /// What operators configured for it; a reply to the agent fills in the rest.
    pub(crate) config: serde_json::Map<String, serde_json::Value>,
    /// When its record was last changed. Unit: microseconds since 1970.
    pub(crate) updated_at: i64,
    /// The key that enrolled it, if any.
    pub(crate) enrolled_by: Option<String>,
    /// The baseline learnt from the agent's past, if there is one.
    pub(crate) baseline: Option<Arc<zentinelle_core::request::Baseline>>,
}

impl AgentFacts {
    /// Whether the agent's key opens anything: not once it is suspended, offline or terminated.
    pub(crate) fn may_call(&self) -> bool {
        matches!(self.agent.status, AgentStatus::Active | AgentStatus::Provisioning)
    }
}

impl Caller {
    /// The agent the key stands for, if it stands for one.
    pub(crate) fn agent(&self) -> Option<&Arc<AgentFacts>> {
        match &self.identity {
            Identity::Agent(facts) => Some(facts),
            Identity::Enrolment | Identity::Operator { .. } => None,
        }
    }

    /// Whether an operator may do a thing. Agents have no permissions.
    pub(crate) fn may(&self, permission: &Permission) -> bool {
        match &self.identity {
            Identity::Agent(_) | Identity::Enrolment => false,
            Identity::Operator { role, scopes, .. } => {
                role.has(permission) && (scopes.is_empty() || scopes.contains(permission))
            }
        }
    }

    /// How they proved who they are.
    pub(crate) fn signed_in_by(&self) -> SignedInBy {
        self.signed_in.as_ref().map_or(SignedInBy::Key, |signed_in| signed_in.by)
    }

    /// Who it is, as audit records name them.
    pub(crate) fn actor(&self) -> String {
        match &self.identity {
            Identity::Agent(facts) => format!("agent:{}", facts.agent.agent_id),
            Identity::Enrolment => format!("enrolment_key:{}", self.public_id),
            Identity::Operator { name, .. } => format!("operator:{name}"),
        }
    }
}

impl Caller {
    /// The machine's own administrator: whoever may start the server and read its files.
    pub(crate) fn local(tenant: TenantId) -> Self {
        let name = Arc::from("local");
        let identity = Identity::Operator { role: Role::Admin, scopes: Arc::from([]), name };
        Self {
            tenant,
            key_id: Arc::from(""),
            public_id: Arc::from(""),
            kind: KeyKind::Operator,
            identity,
            signed_in: None,
        }
    }

    /// Whoever reaches a server that lets everybody in.
    pub(crate) fn open(tenant: TenantId) -> Self {
        let signed_in = SignedIn {
            by: SignedInBy::Open,
            user_id: String::new(),
            session_id: String::new(),
            email: None,
            name: "Open mode".to_owned(),
        };
        Self::person(tenant, Role::Admin, "open-mode", signed_in)
    }

    /// What stands for a person where a key has its public part.
    pub(crate) fn public_id_of(user_id: &str) -> String {
        format!("user:{user_id}")
    }

    /// A person who signed in. `name` is what records call them.
    pub(crate) fn person(tenant: TenantId, role: Role, name: &str, signed_in: SignedIn) -> Self {
        Self {
            tenant,
            key_id: Arc::from(""),
            // Requests are counted by person, whichever of their browsers they come from.
            public_id: Self::public_id_of(&signed_in.user_id).into(),
            kind: KeyKind::Operator,
            identity: Identity::Operator { role, scopes: Arc::from([]), name: Arc::from(name) },
            signed_in: Some(Arc::new(signed_in)),
        }
    }
}
