//! Deciding: assess, let the host commit, conclude.

mod assess;
mod decision;
mod explain;
mod risk;
mod set;

pub use self::assess::{Assessment, assess};
pub use self::decision::{Decision, PolicyResult, Refusal};
pub use self::explain::{Displacement, Explanation, TraceStep};
pub use self::risk::{Risk, RiskFactor};
pub use self::set::{Finding, PolicySet, check_policy};
pub(crate) use self::set::{Ready, prepare};

use crate::approval::KeyRing;
use crate::ledger::Ledger;
use crate::request::Request;

/// What a host answers when no policy applies to a request at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoPolicy {
    /// What nobody allowed is not allowed.
    #[default]
    Deny,
    /// What nobody forbade is allowed.
    Permit,
}

/// The three steps of deciding in one, for hosts that embed the engine.
///
/// An engine is immutable and shared between threads; to change policies, make a new
/// engine and swap it in.
#[derive(Clone, Debug)]
pub struct Engine {
    policies: PolicySet,
    approvals: KeyRing,
    no_policy: NoPolicy,
}

impl Engine {
    /// An engine that accepts no approvals and denies where no policy applies.
    #[must_use]
    pub fn new(policies: PolicySet) -> Self {
        Self { policies, approvals: KeyRing::new(), no_policy: NoPolicy::default() }
    }

    /// The same engine, accepting approvals signed with these keys.
    #[must_use]
    pub fn with_approvals(mut self, approvals: KeyRing) -> Self {
        self.approvals = approvals;
        self
    }

    /// The same engine, answering so where no policy applies.
    #[must_use]
    pub fn with_no_policy(mut self, no_policy: NoPolicy) -> Self {
        self.no_policy = no_policy;
        self
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// The first step: what the policies say, and what the request would spend.
    #[must_use]
    pub fn assess(&self, request: &Request) -> Assessment {
        assess(&self.policies, request, &self.approvals).with_no_policy(self.no_policy)
    }

    /// Decides one request and spends what it costs when it is permitted.
    #[must_use]
    pub fn decide(&self, request: &Request, ledger: &impl Ledger) -> Decision {
        let assessment = self.assess(request);
        let outcome = assessment.batch().map(|batch| ledger.apply(batch));
        assessment.conclude(outcome)
    }
}
