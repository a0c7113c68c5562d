//! What a token says, and whether it says it of the request at hand.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{TokenError, codes};
use crate::audit::{Digest, digest_arguments};

/// What a token is for. A token of one purpose is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Purpose {
    /// A human lets one tool be called (`tool_permission`).
    #[serde(rename = "tool-approval")]
    ToolApproval,
    /// A human lets an agent take one action (`agent_capability`).
    #[serde(rename = "agent-capability-approval")]
    AgentCapabilityApproval,
    /// A human lets a risky call go ahead (`human_oversight`).
    #[serde(rename = "human-oversight-approval")]
    HumanOversightApproval,
    /// A parent agent hands part of its rights to a child (`agent_delegation`).
    #[serde(rename = "agent-delegation-v1")]
    AgentDelegation,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] =
        [Self::ToolApproval, Self::AgentCapabilityApproval, Self::HumanOversightApproval, Self::AgentDelegation];

    /// The name written in tokens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolApproval => "tool-approval",
            Self::AgentCapabilityApproval => "agent-capability-approval",
            Self::HumanOversightApproval => "human-oversight-approval",
            Self::AgentDelegation => "agent-delegation-v1",
        }
    }
}

/// How far an agent is trusted, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustLevel {
    /// Trusted least.
    Restricted,
    /// The usual level.
    Standard,
    /// Trusted more than usual.
    Trusted,
    /// Trusted with everything.
    Root,
}

/// What a token says. A field left out binds nothing, except where [`Claims::check`] demands it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// What the token is for.
    pub purpose: Purpose,
    /// Names this token, for single use and for the audit trail. 1 to 128 bytes without control characters;
    /// unique per signing key. Made by the host.
    pub id: String,
    /// When the token was issued. A token issued after the moment of the request is refused.
    pub issued_at: Timestamp,
    /// The last moment at which the token is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The tenant in which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Id of the policy that asked for the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The tool that may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The action that may be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Digest of the exact arguments, from [`digest_arguments`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Digest>,
    /// The agent that may use the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The user on whose behalf the agent must act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Who approved. For the audit trail; binds nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
    /// Delegations: the agent that delegates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_agent_id: Option<String>,
    /// Delegations: the greatest depth at which the token may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u32>,
    /// Delegations: the highest trust level the child may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_level: Option<TrustLevel>,
    /// Delegations: what the child may do; an empty list grants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_capabilities: Option<Vec<String>>,
}

/// The request at hand, as far as a token may be bound to it.
///
/// `None` means that the request does not say; a token that names the thing then does not fit.
/// Tenant, agent and user come from the authenticated call, never from the context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Binding<'a> {
    /// The tenant of the caller.
    pub tenant: Option<&'a str>,
    /// Id of the policy that asks for the token.
    pub policy: &'a str,
    /// The tool that is called.
    pub tool: Option<&'a str>,
    /// The action that is attempted.
    pub action: Option<&'a str>,
    /// The arguments of the call. Hashed only if the token names arguments.
    pub arguments: Option<&'a Value>,
    /// The agent that acts.
    pub agent: Option<&'a str>,
    /// The user it acts for.
    pub user: Option<&'a str>,
    /// The agent that delegates.
    pub parent_agent_id: Option<&'a str>,
}

impl Claims {
    /// Claims of `purpose` that bind nothing yet.
    #[must_use]
    pub fn new(purpose: Purpose, id: impl Into<String>, issued_at: Timestamp) -> Self {
        Self {
            purpose,
            id: id.into(),
            issued_at,
            expires_at: None,
            tenant: None,
            policy: None,
            tool: None,
            action: None,
            arguments: None,
            agent: None,
            user: None,
            granted_by: None,
            parent_agent_id: None,
            max_depth: None,
            trust_level: None,
            granted_capabilities: None,
        }
    }

    /// Says whether this token was given for the request at hand.
    ///
    /// The policy must always be named, the tool in a tool approval, the action in a capability approval and the
    /// parent in a delegation. Whatever else the token names must be what the request says, letter for letter.
    /// Depth, trust level and capabilities of a delegation are left to the caller.
    ///
    /// # Errors
    ///
    /// `approval.not_bound`, with a message that names what does not fit.
    pub fn check(&self, request: &Binding<'_>) -> Result<(), TokenError> {
        let purpose = self.purpose;
        let rules = [
            (self.policy.as_deref(), Some(request.policy), true, "the token is not bound to this policy"),
            (self.tenant.as_deref(), request.tenant, false, "the token belongs to another tenant"),
            (
                self.tool.as_deref(),
                request.tool,
                purpose == Purpose::ToolApproval,
                "the token is not bound to this tool",
            ),
            (
                self.action.as_deref(),
                request.action,
                purpose == Purpose::AgentCapabilityApproval,
                "the token is not bound to this action",
            ),
            (
                self.parent_agent_id.as_deref(),
                request.parent_agent_id,
                purpose == Purpose::AgentDelegation,
                "the token is not bound to this parent agent",
            ),
            (self.agent.as_deref(), request.agent, false, "the token belongs to another agent"),
            (self.user.as_deref(), request.user, false, "the token belongs to another user"),
        ];
        for (named, found, required, message) in rules {
            let fits = if named.is_none() { !required } else { named == found };
            if !fits {
                return Err(TokenError::new(codes::NOT_BOUND, message));
            }
        }
        if let Some(approved) = self.arguments {
            let called = request.arguments.map(digest_arguments);
            if called != Some(Ok(approved)) {
                return Err(TokenError::new(codes::NOT_BOUND, "the token was given for other arguments"));
            }
        }
        Ok(())
    }

    /// Refuses claims that no honest issuer writes.
    pub(super) fn well_formed(&self) -> Result<(), TokenError> {
        if self.id.is_empty() || self.id.len() > 128 || self.id.chars().any(char::is_control) {
            return Err(TokenError::malformed("a token id has 1 to 128 bytes without control characters"));
        }
        if self.expires_at.is_some_and(|end| end < self.issued_at) {
            return Err(TokenError::malformed("the token expires before it is issued"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const POLICY: &str = "00000000-0000-4000-8000-000000000001";

    fn claims(purpose: &str, more: Value) -> Claims {
        let mut value =
            json!({ "purpose": purpose, "id": "t1", "issued_at": "2026-03-11T12:00:00Z", "policy": POLICY });
        let members = value.as_object_mut().expect("object");
        members.extend(more.as_object().expect("object").clone());
        serde_json::from_value(value).expect("claims")
    }

    #[test]
    fn names_in_json_are_the_names_of_the_purposes() {
        for purpose in Purpose::ALL {
            assert_eq!(serde_json::to_value(purpose).expect("text"), purpose.as_str());
        }
    }

    #[test]
    fn a_token_must_name_its_policy_and_its_subject() {
        let request = Binding {
            policy: POLICY,
            tool: Some("pay"),
            action: Some("tool:pay"),
            parent_agent_id: Some("p"),
            ..Binding::default()
        };
        for (purpose, subject) in [
            ("tool-approval", json!({ "tool": "pay" })),
            ("agent-capability-approval", json!({ "action": "tool:pay" })),
            ("agent-delegation-v1", json!({ "parent_agent_id": "p" })),
            ("human-oversight-approval", json!({})),
        ] {
            assert_eq!(claims(purpose, subject.clone()).check(&request), Ok(()));
            assert!(claims(purpose, subject.clone()).check(&Binding { policy: "other", ..request }).is_err());
            assert!(Claims { policy: None, ..claims(purpose, subject.clone()) }.check(&request).is_err());
            if subject != json!({}) {
                assert!(claims(purpose, json!({})).check(&request).is_err(), "{purpose}");
            }
        }
    }

    #[test]
    fn whatever_a_token_names_must_be_in_the_request() {
        let full = json!({ "tool": "pay", "user": "alice", "agent": "a", "tenant": "t" });
        let request = Binding {
            policy: POLICY,
            tool: Some("pay"),
            user: Some("alice"),
            agent: Some("a"),
            tenant: Some("t"),
            ..Binding::default()
        };
        assert_eq!(claims("tool-approval", full.clone()).check(&request), Ok(()));
        for other in [
            Binding { tool: Some("Pay"), ..request },
            Binding { user: None, ..request },
            Binding { user: Some("eve"), ..request },
            Binding { agent: None, ..request },
            Binding { tenant: Some("u"), ..request },
        ] {
            assert_eq!(
                claims("tool-approval", full.clone()).check(&other).map_err(|error| error.code().clone()),
                Err(codes::NOT_BOUND)
            );
        }
    }

    #[test]
    fn approved_arguments_hold_for_equal_arguments_only() {
        let approved = digest_arguments(&json!({ "to": "bob", "cents": 9_007_199_254_740_992_u64 })).expect("digest");
        let token = claims("tool-approval", json!({ "tool": "pay", "arguments": approved }));
        let check = |arguments: Option<&Value>| {
            token.check(&Binding { policy: POLICY, tool: Some("pay"), arguments, ..Binding::default() }).is_ok()
        };
        assert!(check(Some(&json!({ "cents": 9_007_199_254_740_992_u64, "to": "bob" }))));
        assert!(!check(Some(&json!({ "cents": 9_007_199_254_740_993_u64, "to": "bob" }))));
        assert!(!check(Some(&json!({ "cents": 9_007_199_254_740_992_f64, "to": "bob" }))));
        assert!(!check(None));
    }
}
