//! The decision: effect, who determined it, and everything that led to it.

use jiff::Timestamp;
use smallvec::SmallVec;

use super::risk::Risk;
use super::set::PolicySet;
use crate::decision::{Annotation, Effect, Obligation, Remedy, Verdict, Violation, Warning, WarningKind};
use crate::ledger::{Charge, Posting};
use crate::policy::{Enforcement, Policy};

/// The answer to one request, with its reasons.
///
/// A decision keeps the policy set it was made with, so explaining it later explains the
/// policies as they were.
#[derive(Clone, Debug)]
pub struct Decision {
    pub(super) effect: Effect,
    pub(super) permitted: bool,
    pub(super) dry_run: bool,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) policies: PolicySet,
    pub(super) refusal: Option<Refusal>,
    pub(super) results: Vec<PolicyResult>,
    pub(super) budget_warnings: Vec<(u32, Warning)>,
    pub(super) committed: Vec<Posting>,
    pub(super) displaced: SmallVec<[(u32, u32); 4]>,
    pub(super) risk: Risk,
}

/// What one policy said, and how much weight it has.
#[derive(Clone, Debug)]
pub struct PolicyResult {
    pub(super) policy: u32,
    /// The policy's enforcement.
    pub enforcement: Enforcement,
    /// The policy's verdict.
    pub verdict: Verdict,
}

/// A denial that came before, or instead of, the policies' verdicts.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The caller may not ask at all, or what it spends could not be counted.
    Engine(Violation),
    /// A monthly budget is spent. No policy was asked.
    Budget {
        /// The place of the budget's policy in the set.
        policy: u32,
        /// Why it refuses.
        violation: Violation,
    },
}

impl Refusal {
    /// Why the request is denied.
    #[must_use]
    pub fn violation(&self) -> &Violation {
        match self {
            Self::Engine(violation) | Self::Budget { violation, .. } => violation,
        }
    }
}

impl PolicyResult {
    /// The place of its policy in the set, for [`PolicySet::policy`].
    #[must_use]
    pub fn place(&self) -> u32 {
        self.policy
    }

    /// Why the policy is violated, if it is.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        match &self.verdict {
            Verdict::Violated(violation) => Some(violation),
            Verdict::Satisfied(_) | Verdict::NotApplicable => None,
        }
    }

    /// Whether this result alone denies the request.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.enforcement == Enforcement::Enforce && self.violation().is_some()
    }

    /// Warnings of the policy itself.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match &self.verdict {
            Verdict::Satisfied(notes) => notes.warnings(),
            Verdict::Violated(_) | Verdict::NotApplicable => &[],
        }
    }

    /// What the policy charges.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        match &self.verdict {
            Verdict::Satisfied(notes) => notes.charges(),
            Verdict::Violated(_) | Verdict::NotApplicable => &[],
        }
    }
}

impl Decision {
    /// Permit, deny, or no policy at all. In a dry run: what the effect would have been.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether the host may go on: permitted, or no policy and the host's setting permits that.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        self.permitted
    }

    /// Whether this was only a question.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// When a limit that refused opens again, if a limit refused.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// The policies the decision was made with.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// A denial that came before the policies' verdicts, if there is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// What each policy said, in the order in which they were asked.
    pub fn results(&self) -> impl ExactSizeIterator<Item = &PolicyResult> {
        self.results.iter()
    }

    /// The policy a result belongs to.
    #[must_use]
    pub fn policy_of(&self, result: &PolicyResult) -> Option<&Policy> {
        self.policies.policy(result.policy)
    }

    /// The policies that made the decision what it is: the violated, enforced ones of a denial.
    pub fn determining(&self) -> impl Iterator<Item = (&Policy, &Violation)> {
        let budget = match &self.refusal {
            Some(Refusal::Budget { policy, violation }) => self.policies.policy(*policy).zip(Some(violation)),
            _ => None,
        };
        let results = self.results.iter().filter(|result| result.denies());
        budget.into_iter().chain(results.filter_map(|result| self.policy_of(result).zip(result.violation())))
    }

    /// Why the request is denied, in words; none when it is not. Several reasons: the last,
    /// as the reference reports it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        if self.effect != Effect::Deny {
            return None;
        }
        self.primary().map(|violation| violation.message.as_str())
    }

    /// The violation whose message is the reason.
    #[must_use]
    pub fn primary(&self) -> Option<&Violation> {
        match &self.refusal {
            Some(refusal) => Some(refusal.violation()),
            None => self.determining().last().map(|(_, violation)| violation),
        }
    }

    /// The approvals that would flip the denial: none unless every reason can be approved away.
    #[must_use]
    pub fn requestable(&self) -> Option<Vec<&Remedy>> {
        if self.effect != Effect::Deny || self.refusal.is_some() {
            return None;
        }
        self.determining().map(|(_, violation)| violation.remedy.as_deref()).collect()
    }

    /// All warnings with the policy each is about: budgets first, then policy by policy.
    pub fn warnings(&self) -> impl Iterator<Item = (Option<&Policy>, Warning)> {
        let budgets =
            self.budget_warnings.iter().map(|(policy, warning)| (self.policies.policy(*policy), warning.clone()));
        let results = self.results.iter().flat_map(|result| {
            let policy = self.policy_of(result);
            let own = result.warnings().iter().cloned();
            self.derived(result).into_iter().chain(own).map(move |warning| (policy, warning))
        });
        budgets.chain(results)
    }

    /// The warning that enforcement makes of a violation that does not deny.
    fn derived(&self, result: &PolicyResult) -> Option<Warning> {
        let violation = result.violation()?;
        let kind = self.derived_kind(result)?;
        Some(Warning { kind, code: violation.code.clone(), message: violation.message.clone() })
    }

    fn derived_kind(&self, result: &PolicyResult) -> Option<WarningKind> {
        result.violation()?;
        match result.enforcement {
            Enforcement::Audit => Some(WarningKind::Audit),
            Enforcement::Enforce if self.dry_run => Some(WarningKind::DryRunDenial),
            Enforcement::Enforce | Enforcement::Disabled => None,
        }
    }

    pub(super) fn warning_kinds(&self) -> impl Iterator<Item = WarningKind> {
        let results = self.results.iter().flat_map(|result| {
            self.derived_kind(result).into_iter().chain(result.warnings().iter().map(|warning| warning.kind))
        });
        self.budget_warnings.iter().map(|(_, warning)| warning.kind).chain(results)
    }

    /// What the host must do when it goes on.
    pub fn obligations(&self) -> impl Iterator<Item = &Obligation> {
        self.notes().flat_map(|notes| notes.obligations())
    }

    /// Facts the policies add to the answer's context.
    pub fn annotations(&self) -> impl Iterator<Item = &Annotation> {
        self.notes().flat_map(|notes| notes.annotations())
    }

    fn notes(&self) -> impl Iterator<Item = &crate::decision::Notes> {
        self.results.iter().filter_map(|result| match &result.verdict {
            Verdict::Satisfied(notes) => Some(notes),
            Verdict::Violated(_) | Verdict::NotApplicable => None,
        })
    }

    /// What was spent: empty when the request was denied or only asked.
    #[must_use]
    pub fn committed(&self) -> &[Posting] {
        &self.committed
    }

    /// How risky the request is, and why.
    #[must_use]
    pub fn risk(&self) -> &Risk {
        &self.risk
    }

    /// Which violated policies ask for an incident (`auto_incident` in their config). Only a
    /// denial opens incidents; audit failures count then too.
    pub fn incidents(&self) -> impl Iterator<Item = (&Policy, &Violation)> {
        let wanted = self.effect == Effect::Deny && !self.dry_run;
        self.results.iter().filter(move |_| wanted).filter_map(|result| {
            let entry = self.policies.entry(result.policy).filter(|entry| entry.auto_incident)?;
            Some((&entry.policy, result.violation()?))
        })
    }
}
