//! What an agent reported: the raw material of replay and baselines.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{AgentId, DeploymentId, TenantId, UserId, empty_is_none};
use crate::request::{Action, Context};

/// One thing that happened, as an agent reported it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The event's id; a second event with the same id is the same event.
    pub id: String,
    /// The tenant of the agent.
    pub tenant_id: TenantId,
    /// The agent that reported the event.
    pub agent_id: AgentId,
    /// The deployment of the agent at the time.
    #[serde(default, deserialize_with = "empty_is_none", skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,
    /// The user the agent acted for.
    #[serde(default, deserialize_with = "empty_is_none", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What happened, such as `tool_call`.
    pub event_type: String,
    /// What the event is kept for.
    #[serde(default)]
    pub event_category: EventCategory,
    /// The facts of the event.
    #[serde(default)]
    pub payload: Map<String, Value>,
    /// When it happened.
    #[schemars(with = "String")]
    pub occurred_at: Timestamp,
    /// Ties events of one batch or conversation together.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub correlation_id: String,
}

/// What an event is kept for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventCategory {
    /// Operation and statistics.
    #[default]
    Telemetry,
    /// The audit trail.
    Audit,
    /// Somebody should look.
    Alert,
    /// Evidence for a framework.
    Compliance,
}

impl Event {
    /// The action and context a policy would have seen, for replay.
    ///
    /// A recorded evaluation keeps its facts under `context`; other events keep them at
    /// the top of the payload. `action` names the action, else the event's type does.
    #[must_use]
    pub fn attempt(&self) -> (Action, Context) {
        let facts = match self.payload.get("context") {
            Some(Value::Object(context)) => context,
            _ => &self.payload,
        };
        let action = match self.payload.get("action") {
            Some(Value::String(action)) => action.as_str(),
            _ => &self.event_type,
        };
        (Action::new(action), Context::from(facts.clone()))
    }
}
