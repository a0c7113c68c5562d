//! Tests that a policy document carries: a request, and what should become of it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Effect;
use crate::engine::{Decision, Engine};
use crate::error::{Code, PolicyError};
use crate::ids::{AgentId, TenantId};
use crate::ledger::MemoryLedger;
use crate::request::Request;
use crate::wire::{Defaults, RequestDocument};

/// A request and what should become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyTest {
    /// What the test shows.
    pub name: String,
    /// The request. Without `now` it is asked at noon UTC on Wednesday, 2026-03-11.
    pub request: RequestDocument,
    /// How often the request is made before the answer counts, on one ledger. Default: 1.
    #[serde(default = "once")]
    pub times: u32,
    /// What should become of it.
    pub expect: Expectation,
}

fn once() -> u32 {
    1
}

/// What should become of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Expectation {
    /// Only the effect.
    Effect(Effect),
    /// The effect and the code of the reason.
    Reason {
        /// The effect.
        effect: Effect,
        /// The code of the reason, such as `tool_permission.denied`.
        #[serde(default)]
        code: Option<Code>,
    },
}

/// What became of a test.
#[derive(Clone, Debug)]
pub enum TestOutcome {
    /// As expected.
    Passed,
    /// The request itself is not usable; pointers are relative to it.
    Unusable(Vec<PolicyError>),
    /// Something else than expected.
    Failed {
        /// What was decided instead.
        decision: Box<Decision>,
        /// The request it was decided for.
        request: Box<Request>,
    },
}

/// Most times a test's request is made.
const MOST_TIMES: u32 = 100_000;

impl PolicyTest {
    /// Runs the test against an engine of the tenant `tenant`.
    #[must_use]
    pub fn run(&self, engine: &Engine, tenant: &TenantId) -> TestOutcome {
        let now = Timestamp::constant(1_773_230_400, 0); // 2026-03-11T12:00:00Z
        let defaults = Defaults { tenant_id: tenant.clone(), agent_id: AgentId::new("agent"), now };
        let request = match self.request.clone().into_request(&defaults) {
            Ok(request) => request,
            Err(faults) => return TestOutcome::Unusable(faults),
        };
        let ledger = MemoryLedger::default();
        for _ in 1..self.times.min(MOST_TIMES) {
            let _ = engine.decide(&request, &ledger);
        }
        let decision = engine.decide(&request, &ledger);
        if self.expect.holds(&decision) {
            TestOutcome::Passed
        } else {
            TestOutcome::Failed { decision: Box::new(decision), request: Box::new(request) }
        }
    }
}

impl Expectation {
    /// Whether a decision is the expected one.
    #[must_use]
    pub fn holds(&self, decision: &Decision) -> bool {
        match self {
            Self::Effect(effect) => decision.effect() == *effect,
            Self::Reason { effect, code } => {
                let among_reasons = |code: &Code| {
                    let refusal = decision.refusal().is_some_and(|refusal| refusal.violation().code == *code);
                    refusal || decision.determining().any(|(_, violation)| violation.code == *code)
                };
                decision.effect() == *effect && code.as_ref().is_none_or(among_reasons)
            }
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Effect(effect) | Self::Reason { effect, code: None } => f.write_str(effect.name()),
            Self::Reason { effect, code: Some(code) } => write!(f, "{} [{code}]", effect.name()),
        }
    }
}
