//! The first and the third step of deciding. Both are pure; the host commits in between.

use smallvec::SmallVec;

use super::NoPolicy;
use super::decision::{Decision, PolicyResult, Refusal};
use super::risk::{self, RequestRisk};
use super::set::{PolicySet, Ready};
use crate::agent::AgentStatus;
use crate::approval::KeyRing;
use crate::decision::{Effect, Verdict, Violation, Warning, WarningKind};
use crate::error::{Code, Pointer};
use crate::evaluators::{CompiledPolicy, Inquiry};
use crate::ledger::{Batch, Charge, LedgerError, Mode, Outcome, Posting, Reading, Unit};
use crate::policy::Enforcement;
use crate::request::{EvaluationError, Request, UsdMicros};
use crate::scan::Severity;
use crate::scope::ScopeChain;

const AGENT_NOT_ACTIVE: Code = Code::new("agent.not_active");
const FOREIGN_TENANT: Code = Code::new("agent.foreign_tenant");
const LEDGER_UNAVAILABLE: Code = Code::new("ledger.unavailable");

/// What the policies say of a request before anything is spent.
///
/// Verdicts of stateless policies are final. What metered policies ask is in
/// [`Assessment::batch`]: commit it in one step and hand the outcome to
/// [`Assessment::conclude`].
#[derive(Debug)]
pub struct Assessment {
    policies: PolicySet,
    no_policy: NoPolicy,
    dry_run: bool,
    refusal: Option<Refusal>,
    results: Vec<PolicyResult>,
    budgets: SmallVec<[BudgetCheck; 1]>,
    batch: Option<Batch>,
    /// For every charge, in order of results and then budgets, where its posting stands.
    postings_of: SmallVec<[u32; 4]>,
    displaced: SmallVec<[(u32, u32); 4]>,
    risk: RequestRisk,
}

/// A monthly budget that must hold before any policy is asked.
#[derive(Debug)]
struct BudgetCheck {
    policy: u32,
    enforcement: Enforcement,
    charge: Charge,
}

/// Asks every policy that takes part. Pure: the same input gives the same assessment.
#[must_use]
pub fn assess(policies: &PolicySet, request: &Request, approvals: &KeyRing) -> Assessment {
    let mut assessment = Assessment {
        policies: policies.clone(),
        no_policy: NoPolicy::default(),
        dry_run: request.dry_run,
        refusal: refuse_caller(policies, request),
        results: Vec::new(),
        budgets: SmallVec::new(),
        batch: None,
        postings_of: SmallVec::new(),
        displaced: SmallVec::new(),
        risk: RequestRisk::of(request),
    };
    if assessment.refusal.is_some() {
        return assessment;
    }
    let chain = ScopeChain::new(&request.agent, request.user_id.as_ref());
    let resolution = policies.resolve(&chain);
    assessment.results.reserve_exact(resolution.effective.len());
    for &index in &resolution.effective {
        let Some(entry) = policies.entry(index) else { continue };
        if entry.policy.enforcement == Enforcement::Disabled {
            continue;
        }
        let verdict = match &entry.ready {
            Ready::Compiled(ready) => ready
                .evaluate(&Inquiry { request, policy: &entry.policy, approvals })
                .unwrap_or_else(|error| unjudgeable(error).into()),
            Ready::Broken(errors) => broken(errors).into(),
        };
        assessment.results.push(PolicyResult { policy: index, enforcement: entry.policy.enforcement, verdict });
    }
    for &index in &resolution.budgets {
        assessment.check_budget(index, request);
    }
    assessment.displaced = resolution.displaced;
    assessment.fold_charges(request);
    assessment
}

/// Only an active agent of the policies' own tenant is ever permitted anything.
fn refuse_caller(policies: &PolicySet, request: &Request) -> Option<Refusal> {
    let agent = &request.agent;
    let (code, message) = if agent.tenant_id != *policies.tenant() {
        (FOREIGN_TENANT, "the agent belongs to another tenant than the policies".to_owned())
    } else if agent.status != AgentStatus::Active {
        (AGENT_NOT_ACTIVE, format!("agent `{}` is {}, not active", agent.agent_id, agent.status.name()))
    } else {
        return None;
    };
    Some(Refusal::Engine(Violation::new(code, Pointer::new("/agent"), message).with_severity(Severity::High)))
}

/// A fact that cannot be judged counts as a violation and keeps its own code.
fn unjudgeable(error: EvaluationError) -> Violation {
    Violation::new(error.code, error.pointer, error.message).with_severity(Severity::High)
}

/// A policy that cannot be used counts as violated.
fn broken(errors: &[crate::error::PolicyError]) -> Violation {
    match errors.first() {
        Some(error) => Violation::new(
            error.code().clone(),
            error.pointer().clone(),
            format!("the policy cannot be used: {}", error.message()),
        ),
        None => Violation::new(crate::error::codes::INVALID_VALUE, Pointer::ROOT, "the policy cannot be used"),
    }
    .with_severity(Severity::High)
}

impl Assessment {
    /// The same assessment, answering so where no policy applies.
    #[must_use]
    pub fn with_no_policy(mut self, no_policy: NoPolicy) -> Self {
        self.no_policy = no_policy;
        self
    }

    /// What the host must apply to its ledger in one atomic step; none when nothing is metered.
    #[must_use]
    pub fn batch(&self) -> Option<&Batch> {
        self.batch.as_ref()
    }

    fn check_budget(&mut self, index: u32, request: &Request) {
        let Some(entry) = self.policies.entry(index) else { return };
        match &entry.ready {
            Ready::Compiled(CompiledPolicy::BudgetLimit(budget)) => {
                match budget.monthly_check(request, entry.scope()) {
                    Ok(Some(charge)) => {
                        self.budgets.push(BudgetCheck { policy: index, enforcement: entry.policy.enforcement, charge });
                    }
                    Ok(None) => {}
                    Err(error) => self.refuse_unless_listed(index, entry.policy.enforcement, unjudgeable(error)),
                }
            }
            Ready::Compiled(_) => {}
            Ready::Broken(errors) => self.refuse_unless_listed(index, entry.policy.enforcement, broken(errors)),
        }
    }

    /// A displaced budget that cannot be checked must not pass unseen.
    fn refuse_unless_listed(&mut self, index: u32, enforcement: Enforcement, violation: Violation) {
        match self.results.iter_mut().find(|result| result.policy == index) {
            Some(result) => result.verdict = violation.into(),
            None => self.results.push(PolicyResult { policy: index, enforcement, verdict: violation.into() }),
        }
    }

    /// Folds all charges into one batch in which each counter stands once.
    fn fold_charges(&mut self, request: &Request) {
        let denied = self.results.iter().any(PolicyResult::denies);
        let mut postings: Vec<Posting> = Vec::new();
        let results =
            self.results.iter().flat_map(|result| result.charges().iter().map(|charge| (result.enforcement, charge)));
        let budgets = self.budgets.iter().map(|budget| (budget.enforcement, &budget.charge));
        for (enforcement, charge) in results.chain(budgets) {
            let limit = charge.ceiling().filter(|_| enforcement == Enforcement::Enforce);
            let at = postings
                .iter_mut()
                .enumerate()
                .find(|(_, posting)| posting.counter == charge.counter && posting.window == charge.window);
            let place = match at {
                Some((place, posting)) => {
                    posting.amount = posting.amount.max(charge.amount);
                    posting.limit = match (posting.limit, limit) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                    place
                }
                None => {
                    postings.push(Posting {
                        counter: charge.counter.clone(),
                        window: charge.window,
                        amount: charge.amount,
                        unit: charge.unit,
                        limit,
                    });
                    postings.len() - 1
                }
            };
            self.postings_of.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        if !postings.is_empty() {
            let mode = if denied || request.dry_run { Mode::Peek } else { Mode::Commit };
            self.batch = Some(Batch { postings, now: request.now, mode, reservation: request.reservation.clone() });
        }
    }

    /// The last step: the decision, given what the ledger answered to [`Assessment::batch`]
    /// (none when there was no batch). A ledger that failed, or answered something else than
    /// it was asked, denies.
    #[must_use]
    pub fn conclude(mut self, outcome: Option<Result<Outcome, LedgerError>>) -> Decision {
        let mut retry_at = None;
        let mut budget_warning = None;
        let mut budget_warnings = Vec::new();
        let mut committed = Vec::new();
        if let Some(batch) = self.batch.take() {
            match read(&batch, outcome) {
                Err(violation) => {
                    self.refusal.get_or_insert(Refusal::Engine(violation));
                }
                Ok(outcome) => {
                    let mut places = self.postings_of.iter();
                    let mut reading = || places.next().and_then(|place| outcome.readings.get(*place as usize)).copied();
                    for result in &mut self.results {
                        settle_result(result, &mut reading, &mut retry_at);
                    }
                    for budget in &self.budgets {
                        let Some(reading) = reading() else { continue };
                        let over = !budget.charge.fits(reading.used);
                        let kind = match (over, budget.enforcement, self.dry_run) {
                            (true, Enforcement::Enforce, false) => {
                                retry_at = retry_at.max(Some(reading.resets_at));
                                let violation = exceeded(&budget.charge, reading);
                                self.refusal.get_or_insert(Refusal::Budget { policy: budget.policy, violation });
                                continue;
                            }
                            (true, Enforcement::Enforce, true) => WarningKind::DryRunDenial,
                            (true, _, _) => WarningKind::Audit,
                            (false, _, _) if budget.charge.is_near(reading.used) => WarningKind::Budget,
                            (false, _, _) => continue,
                        };
                        let warning = (budget.policy, near(&budget.charge, reading, kind));
                        if kind == WarningKind::Budget {
                            budget_warning.get_or_insert(warning);
                        } else {
                            budget_warnings.push(warning);
                        }
                    }
                    let denies = self.results.iter().any(PolicyResult::denies) || self.refusal.is_some();
                    if batch.mode == Mode::Commit && !outcome.committed && !denies {
                        self.refusal = Some(Refusal::Engine(unavailable("it refused without a reason")));
                    }
                    if outcome.committed {
                        committed = batch.postings;
                    }
                }
            }
        }
        if matches!(self.refusal, Some(Refusal::Budget { .. })) {
            // An exhausted budget ends the evaluation before the policies are asked.
            self.results.clear();
        } else {
            budget_warnings.splice(0..0, budget_warning);
        }
        let effect = if self.refusal.is_some() || self.results.iter().any(PolicyResult::denies) {
            Effect::Deny
        } else if self.results.is_empty() && self.budgets.is_empty() {
            Effect::NoPolicy
        } else {
            Effect::Permit
        };
        let mut decision = Decision {
            effect,
            permitted: match effect {
                Effect::Permit => true,
                Effect::Deny => false,
                Effect::NoPolicy => self.no_policy == NoPolicy::Permit,
            },
            dry_run: self.dry_run,
            retry_at,
            policies: self.policies,
            refusal: self.refusal,
            results: self.results,
            budget_warnings,
            committed,
            displaced: self.displaced,
            risk: risk::Risk::default(),
        };
        if decision.refusal.is_none() {
            let violated = decision.results.iter().filter(|result| result.violation().is_some());
            let enforcements = violated.map(|result| result.enforcement);
            decision.risk = risk::score(&self.risk, enforcements, decision.warning_kinds());
        }
        decision
    }
}

/// Checks that the ledger answered what it was asked.
fn read(batch: &Batch, outcome: Option<Result<Outcome, LedgerError>>) -> Result<Outcome, Violation> {
    match outcome {
        None => Err(unavailable("it was not asked")),
        Some(Err(error)) => Err(unavailable(&error.to_string())),
        Some(Ok(outcome)) if outcome.readings.len() != batch.postings.len() => {
            Err(unavailable("it answered for another batch"))
        }
        Some(Ok(outcome)) => Ok(outcome),
    }
}

fn unavailable(why: &str) -> Violation {
    let message = format!("what the request spends could not be counted: {why}");
    Violation::new(LEDGER_UNAVAILABLE, Pointer::ROOT, message).with_severity(Severity::High)
}

/// Turns a satisfied verdict into a violated one when one of its charges does not fit, and
/// adds the warnings of those that do.
fn settle_result(
    result: &mut PolicyResult,
    reading: &mut impl FnMut() -> Option<Reading>,
    retry_at: &mut Option<jiff::Timestamp>,
) {
    let Verdict::Satisfied(notes) = &mut result.verdict else { return };
    let mut violation = None;
    let mut warnings: SmallVec<[Warning; 2]> = SmallVec::new();
    for charge in notes.charges() {
        let Some(reading) = reading() else { continue };
        if !charge.fits(reading.used) {
            if charge.amount <= charge.limit.unwrap_or(u64::MAX) {
                // Waiting helps only where the amount fits into an empty window.
                *retry_at = (*retry_at).max(Some(reading.resets_at));
            }
            violation.get_or_insert_with(|| exceeded(charge, reading));
        } else if charge.is_near(reading.used) {
            warnings.push(near(charge, reading, WarningKind::Notice));
        }
    }
    match violation {
        Some(violation) => result.verdict = violation.into(),
        None => warnings.into_iter().for_each(|warning| notes.push_warning(warning)),
    }
}

fn exceeded(charge: &Charge, reading: Reading) -> Violation {
    let message = format!(
        "{} used and {} asked for, the limit is {} {}",
        quantity(reading.used, charge.unit),
        quantity(charge.amount, charge.unit),
        quantity(charge.limit.unwrap_or(u64::MAX), charge.unit),
        charge.window,
    );
    Violation::new(charge.code.clone(), charge.pointer.clone(), message)
}

fn near(charge: &Charge, reading: Reading, kind: WarningKind) -> Warning {
    let total = quantity(reading.used.saturating_add(charge.amount), charge.unit);
    let limit = quantity(charge.limit.unwrap_or(u64::MAX), charge.unit);
    let code =
        if kind == WarningKind::Notice || kind == WarningKind::Budget { &charge.near_code } else { &charge.code };
    Warning { kind, code: code.clone(), message: format!("{total} of {limit} {} used", charge.window) }
}

fn quantity(amount: u64, unit: Unit) -> String {
    match unit {
        Unit::Calls => format!("{amount} {}", if amount == 1 { "call" } else { "calls" }),
        Unit::Tokens => format!("{amount} {}", if amount == 1 { "token" } else { "tokens" }),
        Unit::Bytes => format!("{amount} {}", if amount == 1 { "byte" } else { "bytes" }),
        Unit::UsdMicros => UsdMicros(amount).to_string(),
    }
}
