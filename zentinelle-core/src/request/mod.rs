//! What is being asked: who wants to do what, with which facts, and when.

mod action;
mod context;
mod number;

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::action::{Action, ActionKind};
pub use self::context::{Context, EvaluationError, truthy};
pub use self::number::{Number, UsdMicros};
use crate::agent::Agent;
use crate::ids::{ReservationId, UserId};

/// One thing an agent wants to do.
///
/// Agent and user come from authentication. Facts in the context never stand in for
/// them, and the time comes from the host, because the engine has no clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The authenticated agent.
    pub agent: Arc<Agent>,
    /// The authenticated user the agent acts for, if any.
    #[serde(default, deserialize_with = "crate::ids::empty_is_none", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// What is attempted.
    pub action: Action,
    /// Facts about this request, supplied by the host, read only.
    #[serde(default)]
    pub context: Context,
    /// The instant at which the request is judged.
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// Ask only: nothing is spent. Default: false.
    #[serde(default)]
    pub dry_run: bool,
    /// What the host has learnt about the agent's usual behaviour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Arc<Baseline>>,
    /// Makes every charge of this request a reservation to be settled under this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationId>,
}

impl Request {
    /// A request with an empty context and no user.
    pub fn new(agent: impl Into<Arc<Agent>>, action: impl Into<Action>, now: Timestamp) -> Self {
        Self {
            agent: agent.into(),
            user_id: None,
            action: action.into(),
            context: Context::default(),
            now,
            dry_run: false,
            baseline: None,
            reservation: None,
        }
    }
}

/// An agent's usual behaviour: 95th percentiles over a learning window.
///
/// Percentiles are taken by linear interpolation on the sorted values, at index
/// `0.95 * (n - 1)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Baseline {
    /// Events the baseline was learnt from. Unit: events.
    pub sample_count: u64,
    /// Tokens of one event. Unit: tokens.
    pub token_usage_p95: f64,
    /// Tool calls of one session. Unit: calls.
    pub tool_calls_per_session_p95: f64,
    /// Distinct domains of one day. Unit: domains.
    pub unique_domains_per_day_p95: f64,
    /// Events of one hour. Unit: events.
    pub requests_per_hour_p95: f64,
}
