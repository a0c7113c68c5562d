//! The policies that speak of what a model puts out, apart from those about asking it.
//!
//! A reply is judged by these alone: a policy that lists which actions an agent may take would
//! otherwise deny the reply to a call that it allowed.

use std::sync::Arc;

use moka::sync::Cache;
use serde_json::{Map, Value};
use zentinelle_core::ids::{TenantId, UserId};
use zentinelle_core::{Decision, Engine, NoPolicy, Policy, PolicySet, PolicyType, Request};

use crate::auth::AgentFacts;
use crate::clock;
use crate::snapshot::Snapshot;

/// The action under which a reply is judged.
pub(crate) const ACTION: &str = "llm:response";
/// The types that speak of output.
const TYPES: [PolicyType; 2] = [PolicyType::OutputFilter, PolicyType::AiGuardrail];

/// The output policies of each tenant, compiled once for a revision.
pub(crate) struct OutputRules(Cache<(TenantId, i64), Arc<Rules>>);

impl std::fmt::Debug for OutputRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputRules").field("tenants", &self.0.entry_count()).finish()
    }
}

/// The output policies of one tenant.
#[derive(Debug)]
pub(crate) struct Rules {
    engine: Engine,
}

impl OutputRules {
    /// None are compiled yet.
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(10_000).build())
    }

    /// Those of a snapshot.
    pub(crate) fn of(&self, snapshot: &Snapshot) -> Arc<Rules> {
        let key = (snapshot.tenant.clone(), snapshot.revision);
        self.0.get_with(key, || Arc::new(Rules::new(snapshot)))
    }
}

impl Rules {
    fn new(snapshot: &Snapshot) -> Self {
        let speaks = |policy: &&Policy| TYPES.iter().any(|kind| kind.name() == policy.policy_type);
        let policies = snapshot.engine.policies().policies().filter(speaks).cloned().collect();
        let set = PolicySet::compile(snapshot.tenant.clone(), snapshot.revision.to_string(), policies);
        Self { engine: Engine::new(set).with_no_policy(NoPolicy::Permit) }
    }

    /// Whether no policy of the tenant speaks of output.
    pub(crate) fn is_empty(&self) -> bool {
        self.engine.policies().policies().len() == 0
    }

    /// The policies that take part for an agent acting for a user.
    pub(crate) fn effective(&self, agent: &AgentFacts, user: Option<&str>) -> Vec<&Policy> {
        self.engine.policies().effective(&agent.agent, user.and_then(UserId::non_empty).as_ref())
    }

    /// What the policies say of a reply. Nothing is spent and nothing recorded.
    pub(crate) fn judge(&self, agent: &AgentFacts, user: Option<&str>, context: Map<String, Value>) -> Decision {
        let mut request = Request::new(agent.agent.clone(), ACTION, clock::now());
        request.user_id = user.and_then(UserId::non_empty);
        request.context = context.into();
        self.engine.assess(&request).conclude(None)
    }
}

/// Whether a decision says anything that belongs on record.
pub(crate) fn is_noteworthy(decision: &Decision) -> bool {
    !decision.is_permitted()
        || decision.obligations().next().is_some()
        || decision.results().any(|result| result.violation().is_some())
}
