//! JSON in, JSON out: the one place where requests are read from and decisions are written
//! to their outward form. Adapters use this and nothing else.
//!
//! The outward decision carries the words of the reference (`allowed`, `reason`,
//! `policies_evaluated`, `warnings`, `context`, `risk_score`, `risk_factors`, `dry_run`) and
//! beside them what the reference lacks: effect, codes, obligations, charges and the trace.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::agent::Agent;
use crate::decision::{Effect, Obligation, Remedy, Verdict, Violation, Warning, WarningKind};
use crate::engine::{Decision, Refusal, RiskFactor};
use crate::error::{Code, Pointer};
use crate::ids::{AgentId, PolicyId, TenantId};
use crate::ledger::Posting;
use crate::policy::{Enforcement, Inheritance, Policy};
use crate::request::Request;
use crate::scan::Severity;
use crate::scope::Scope;

/// The id of the entry that stands for a spent monthly budget.
pub const BUDGET_CHECK: &str = "budget_check";

/// A decision in its outward form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionDocument {
    /// Whether to go on. Always true in a dry run, which only asks; see `effect`.
    pub allowed: bool,
    /// Why not, in words; null when allowed.
    pub reason: Option<String>,
    /// What each policy said, in the order in which they were asked.
    pub policies_evaluated: Vec<PolicyEvaluation>,
    /// Warnings in words, budgets first.
    pub warnings: Vec<String>,
    /// The request's context with what policies added to it.
    pub context: Map<String, Value>,
    /// 0 to 100.
    pub risk_score: u32,
    /// What raised the score, with points, before the caps.
    pub risk_factors: Vec<RiskFactorDocument>,
    /// Whether this was only a question.
    pub dry_run: bool,
    /// Permit, deny or no policy; in a dry run what it would have been.
    pub effect: Effect,
    /// The code of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The ids of the policies that made the decision what it is.
    pub determining: Vec<PolicyId>,
    /// Warnings with kind and code, in the same order as `warnings`.
    pub notices: Vec<Notice>,
    /// What the host must do when it goes on.
    pub obligations: Vec<Obligation>,
    /// What was spent.
    pub charges: Vec<Posting>,
    /// The approvals that would flip the denial, when approvals would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requestable: Vec<Remedy>,
    /// When a limit that refused opens again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub retry_at: Option<Timestamp>,
    /// Which policy took another's place, and why.
    pub trace: Vec<TraceDocument>,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The agent.
    pub agent_id: AgentId,
    /// The policy snapshot the decision was made with.
    pub policy_set_version: String,
}

/// What one policy said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyEvaluation {
    /// The policy's id, or `budget_check` for a spent monthly budget.
    pub id: PolicyId,
    /// The policy's name.
    pub name: String,
    /// The policy's type.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// `pass` or `fail`.
    pub result: PassOrFail,
    /// The same as a boolean.
    pub passed: bool,
    /// Why, when it failed; else null.
    pub message: Option<String>,
    /// How strictly the policy applies.
    pub enforcement: Enforcement,
    /// Where the policy applies.
    pub scope: Scope,
    /// The policy's revision.
    pub version: u64,
    /// Whether the policy had anything to say of this request.
    pub applicable: bool,
    /// How many warnings the policy itself gave.
    pub warnings: usize,
    /// The code of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The key that decided: of the policy, or of the request for codes `request.…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Pointer>,
    /// How bad the failure is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Whether the policy is a floor, which nothing displaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub floor: bool,
}

/// Whether a policy was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassOrFail {
    /// Kept, or not applicable.
    Pass,
    /// Violated.
    Fail,
}

/// A warning with its kind and code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Why there is a warning.
    pub kind: WarningKind,
    /// The stable code.
    pub code: Code,
    /// The policy it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<PolicyId>,
    /// What happened, in words.
    pub message: String,
}

/// One risk factor with its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RiskFactorDocument {
    /// What raised the score.
    pub factor: RiskFactor,
    /// By how much.
    pub score: u32,
}

/// One policy that took another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDocument {
    /// The type the two have in common.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// The policy that takes part.
    pub winner: PolicyId,
    /// The policy whose place it took.
    pub displaced: PolicyId,
    /// Why, in words.
    pub because: String,
}

impl DecisionDocument {
    /// Writes a decision in its outward form.
    #[must_use]
    pub fn new(decision: &Decision, request: &Request) -> Self {
        let mut context = request.context.to_map();
        for annotation in decision.annotations() {
            context.insert(annotation.key().to_owned(), annotation.to_value());
        }
        let notices: Vec<Notice> = decision.warnings().map(|(policy, warning)| notice(policy, warning)).collect();
        Self {
            allowed: is_allowed(decision),
            reason: reason(decision).map(str::to_owned),
            policies_evaluated: evaluations(decision),
            warnings: warnings(decision),
            context,
            risk_score: decision.risk().score,
            risk_factors: risk_factors(decision),
            dry_run: decision.is_dry_run(),
            effect: decision.effect(),
            code: decision.primary().map(|violation| violation.code.clone()),
            determining: decision.determining().map(|(policy, _)| policy.id.clone()).collect(),
            notices,
            obligations: decision.obligations().cloned().collect(),
            charges: decision.committed().to_vec(),
            requestable: decision.requestable().into_iter().flatten().cloned().collect(),
            retry_at: decision.retry_at(),
            trace: trace(decision),
            tenant_id: request.agent.tenant_id.clone(),
            agent_id: request.agent.agent_id.clone(),
            policy_set_version: decision.policies().version().to_string(),
        }
    }
}

/// Whether the caller may go on: always in a dry run, which only asks.
#[must_use]
pub fn is_allowed(decision: &Decision) -> bool {
    decision.is_dry_run() || decision.is_permitted()
}

/// Why the caller may not go on, in words; none when it may.
#[must_use]
pub fn reason(decision: &Decision) -> Option<&str> {
    (!is_allowed(decision)).then(|| decision.reason().unwrap_or("no policy applies to this agent and user"))
}

/// The warnings of a decision in words, budgets first.
#[must_use]
pub fn warnings(decision: &Decision) -> Vec<String> {
    decision.warnings().map(|(policy, warning)| in_words(policy, &warning)).collect()
}

/// What raised the risk score of a decision.
#[must_use]
pub fn risk_factors(decision: &Decision) -> Vec<RiskFactorDocument> {
    decision.risk().factors.iter().map(|&(factor, score)| RiskFactorDocument { factor, score }).collect()
}

/// What each policy said, in the order in which they were asked.
#[must_use]
pub fn evaluations(decision: &Decision) -> Vec<PolicyEvaluation> {
    if let Some(Refusal::Budget { policy, violation }) = decision.refusal() {
        let policy = decision.policies().policy(*policy);
        return policy.map(|policy| budget_check(policy, violation)).into_iter().collect();
    }
    let evaluation = |result: &crate::engine::PolicyResult| {
        let policy = decision.policy_of(result)?;
        let mut evaluation = passed(policy);
        evaluation.warnings = result.warnings().len();
        evaluation.applicable = !matches!(result.verdict, Verdict::NotApplicable);
        if let Some(violation) = result.violation() {
            fail(&mut evaluation, violation);
        }
        Some(evaluation)
    };
    decision.results().filter_map(evaluation).collect()
}

fn passed(policy: &Policy) -> PolicyEvaluation {
    PolicyEvaluation {
        id: policy.id.clone(),
        name: policy.name.clone(),
        policy_type: policy.policy_type.clone(),
        result: PassOrFail::Pass,
        passed: true,
        message: None,
        enforcement: policy.enforcement,
        scope: policy.scope.clone(),
        version: policy.version,
        applicable: true,
        warnings: 0,
        code: None,
        pointer: None,
        severity: None,
        floor: policy.inheritance == Inheritance::Floor,
    }
}

fn fail(evaluation: &mut PolicyEvaluation, violation: &Violation) {
    evaluation.result = PassOrFail::Fail;
    evaluation.passed = false;
    evaluation.message = Some(violation.message.clone());
    evaluation.code = Some(violation.code.clone());
    evaluation.pointer = Some(violation.pointer.clone());
    evaluation.severity = Some(violation.severity);
}

/// The single entry of a decision that a spent budget made before any policy was asked.
fn budget_check(policy: &Policy, violation: &Violation) -> PolicyEvaluation {
    let mut evaluation = passed(policy);
    evaluation.id = PolicyId::new(BUDGET_CHECK);
    fail(&mut evaluation, violation);
    evaluation
}

fn notice(policy: Option<&Policy>, warning: Warning) -> Notice {
    let Warning { kind, code, message } = warning;
    Notice { kind, code, policy_id: policy.map(|policy| policy.id.clone()), message }
}

/// The warning as the reference words it: a prefix tells what kind it is.
fn in_words(policy: Option<&Policy>, warning: &Warning) -> String {
    let name = policy.map_or("", |policy| policy.name.as_str());
    let message = &warning.message;
    match warning.kind {
        WarningKind::Notice => message.clone(),
        WarningKind::Budget => format!("[Budget] {name}: {message}"),
        WarningKind::Anomaly => format!("[BehavioralAnomaly] {message}"),
        WarningKind::Audit => format!("[Audit] {name}: {message}"),
        WarningKind::DryRunDenial => format!("[Dry-run] Would be denied by {name}: {message}"),
    }
}

fn trace(decision: &Decision) -> Vec<TraceDocument> {
    let step = |step: crate::engine::TraceStep<'_>| TraceDocument {
        policy_type: step.winner.policy_type.clone(),
        winner: step.winner.id.clone(),
        displaced: step.displaced.id.clone(),
        because: step.because.to_string(),
    };
    decision.trace().into_iter().map(step).collect()
}

/// A request as programs write it: the agent may be named in full or by its ids alone.
///
/// `now` may be left out where the host fills in its own clock, and `tenant_id` and
/// `agent_id` where the host knows who asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestDocument {
    /// An id of the caller's choosing, given back with the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The agent in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentDocument>,
    /// The tenant, when the agent is not given in full.
    #[serde(alias = "tenant", skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// The agent's id, when the agent is not given in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The user the agent acts for.
    #[serde(alias = "user", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What is attempted.
    pub action: String,
    /// Facts about the request. Null counts as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
    /// The instant at which the request is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub now: Option<Timestamp>,
    /// Ask only.
    pub dry_run: bool,
    /// What the host has learnt about the agent's usual behaviour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<crate::request::Baseline>,
    /// Makes every charge of this request a reservation under this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<crate::ids::ReservationId>,
}

/// An agent as a request names it: by its id alone, or in full; tenant and id may come from
/// the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an agent's id, or an object with `agent_id`")]
pub enum AgentDocument {
    /// The id alone.
    Id(AgentId),
    /// The facts of an [`Agent`].
    Facts(Map<String, Value>),
}

/// What a host knows about every request that does not say it itself.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The agent.
    pub agent_id: AgentId,
    /// The time.
    pub now: Timestamp,
}

impl RequestDocument {
    /// Completes a request with what the host knows.
    pub fn into_request(self, defaults: &Defaults) -> Result<Request, Vec<crate::error::PolicyError>> {
        let tenant = self.tenant_id.unwrap_or_else(|| defaults.tenant_id.clone());
        let (agent, mut faults) = match self.agent {
            Some(AgentDocument::Facts(mut facts)) => {
                let id = self.agent_id.as_ref().unwrap_or(&defaults.agent_id);
                facts.entry("tenant_id").or_insert_with(|| tenant.as_str().into());
                facts.entry("agent_id").or_insert_with(|| id.as_str().into());
                let decoded = crate::document::decode::decode::<Agent>(&Value::Object(facts));
                let faults = decoded.errors.into_iter().chain(decoded.unknown_keys);
                (decoded.value, faults.map(|fault| fault.under("/agent")).collect::<Vec<_>>())
            }
            // Ids alone need no decoding, which is most of what reading a small request costs.
            Some(AgentDocument::Id(id)) => (Some(Agent::new(tenant, id)), Vec::new()),
            None => {
                let id = self.agent_id.unwrap_or_else(|| defaults.agent_id.clone());
                (Some(Agent::new(tenant, id)), Vec::new())
            }
        };
        if self.action.trim().is_empty() {
            let fault =
                crate::error::PolicyError::new(crate::error::codes::MISSING_KEY, "", "the request names no action");
            faults.push(fault.with_help("add `\"action\": \"tool_call\"`, or another action"));
        }
        let Some(agent) = agent.filter(|_| faults.is_empty()) else { return Err(faults) };
        let mut request = Request::new(agent, self.action.as_str(), self.now.unwrap_or(defaults.now));
        request.user_id = self.user_id.as_deref().and_then(crate::ids::UserId::non_empty);
        request.context = self.context.unwrap_or_default().into();
        request.dry_run = self.dry_run;
        request.baseline = self.baseline.map(std::sync::Arc::new);
        request.reservation = self.reservation;
        Ok(request)
    }
}
