//! What an evaluator may look at, and what several of them look for in the same way.

use jiff::SignedDuration;
use serde_json::Value;

use crate::approval::{Binding, Claims, Digest, KeyRing, Purpose, TokenError, codes, digest_arguments};
use crate::decision::Remedy;
use crate::error::{Code, Pointer};
use crate::ledger::{Charge, Counter, Holder, Unit, Window};
use crate::policy::Policy;
use crate::request::{EvaluationError, Request};

/// The most tokens that are looked at in one request.
const MOST_TOKENS: usize = 8;
const USED: Code = Code::new("approval.already_used");

/// Everything an evaluator may look at.
#[derive(Clone, Copy)]
pub struct Inquiry<'a> {
    /// The request. Time comes from `request.now`.
    pub request: &'a Request,
    /// The policy being judged: its id binds approval tokens, its scope chooses counters.
    pub policy: &'a Policy,
    /// The keys that approvals may be signed with.
    pub approvals: &'a KeyRing,
}

/// What an approval must be about.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    /// What the token must be for.
    pub purpose: Purpose,
    /// The tool it must name, if it is about a tool.
    pub tool: Option<&'a str>,
    /// The action it must name, if it is about an action.
    pub action: Option<&'a str>,
    /// The arguments it must match when it names any.
    pub arguments: Option<&'a Value>,
    /// The greatest age. Unit: seconds.
    pub max_age_seconds: u64,
}

/// What became of looking for an approval.
#[derive(Debug)]
pub enum Approved {
    /// A valid token: proceed, and charge it, so that it is used once.
    Yes(Box<Charge>),
    /// No token was sent.
    Missing,
    /// The token does not do; why.
    No(TokenError),
}

/// What became of looking for a delegation.
#[derive(Debug)]
pub enum Delegated {
    /// A valid token: what it says of depth, trust and capabilities is the caller's to check.
    Yes(Box<Claims>),
    /// No token was sent.
    Missing,
    /// The token does not do; why.
    No(TokenError),
}

impl<'a> Inquiry<'a> {
    /// Looks for a valid approval under `approval_token` in the context. A call that several
    /// policies stop carries one token for each of them, parted by white space.
    pub fn approval(&self, wanted: &Approval<'_>) -> Result<Approved, EvaluationError> {
        let Some(tokens) = self.request.context.name("approval_token")? else { return Ok(Approved::Missing) };
        let mut refused: Option<TokenError> = None;
        for token in tokens.split_whitespace().take(MOST_TOKENS) {
            match self.check(token, wanted) {
                Ok(claims) => return Ok(Approved::Yes(Box::new(self.single_use(&claims, wanted.max_age_seconds)))),
                // A token that is for another policy says nothing of this one.
                Err(error) if refused.is_none() || error.code() != &codes::WRONG_PURPOSE => refused = Some(error),
                Err(_) => {}
            }
        }
        Ok(refused.map_or(Approved::Missing, Approved::No))
    }

    /// Looks for a valid delegation by `parent` under `delegation_token` in the context. A
    /// delegation holds for many requests, so nothing is charged.
    pub fn delegation(&self, parent: &str, max_age_seconds: u64) -> Result<Delegated, EvaluationError> {
        let Some(token) = self.request.context.name("delegation_token")? else { return Ok(Delegated::Missing) };
        let binding =
            Binding { action: Some(self.request.action.name()), parent_agent_id: Some(parent), ..self.binding() };
        Ok(match self.verify(token, Purpose::AgentDelegation, max_age_seconds, &binding) {
            Ok(claims) => Delegated::Yes(Box::new(claims)),
            Err(error) => Delegated::No(error),
        })
    }

    fn check(&self, token: &str, wanted: &Approval<'_>) -> Result<Claims, TokenError> {
        let binding =
            Binding { tool: wanted.tool, action: wanted.action, arguments: wanted.arguments, ..self.binding() };
        self.verify(token, wanted.purpose, wanted.max_age_seconds, &binding)
    }

    fn verify(
        &self,
        token: &str,
        purpose: Purpose,
        max_age_seconds: u64,
        binding: &Binding<'_>,
    ) -> Result<Claims, TokenError> {
        let max_age = SignedDuration::from_secs(i64::try_from(max_age_seconds).unwrap_or(i64::MAX));
        let claims = self.approvals.verify(token, purpose, self.request.now, Some(max_age))?;
        claims.check(binding)?;
        Ok(claims)
    }

    /// What every token may be bound to: the authenticated caller and the policy that asks.
    fn binding(&self) -> Binding<'a> {
        Binding {
            tenant: Some(self.request.agent.tenant_id.as_str()),
            policy: self.policy.id.as_str(),
            agent: Some(self.request.agent.agent_id.as_str()),
            user: self.request.user_id.as_ref().map(crate::ids::UserId::as_str),
            ..Binding::default()
        }
    }

    /// One use of a token, counted for as long as it could be valid.
    #[must_use]
    pub fn single_use(&self, claims: &Claims, max_age_seconds: u64) -> Charge {
        Charge {
            counter: Counter {
                tenant: self.request.agent.tenant_id.clone(),
                holder: Holder::Tenant,
                meter: "approval.used".into(),
                subject: Some(claims.id.clone().into()),
            },
            window: Window::Fixed { seconds: u32::try_from(max_age_seconds).unwrap_or(u32::MAX).saturating_add(1) },
            amount: 1,
            unit: Unit::Calls,
            limit: Some(1),
            closed_at_limit: false,
            warn_at: None,
            code: USED,
            near_code: USED,
            pointer: Pointer::new("/context/approval_token"),
        }
    }

    /// What a person would have to sign to flip a denial.
    #[must_use]
    pub fn remedy(&self, wanted: &Approval<'_>) -> Remedy {
        Remedy {
            purpose: wanted.purpose,
            policy_id: self.policy.id.clone(),
            subject: wanted.tool.or(wanted.action).map(str::to_owned),
            arguments: wanted.arguments.and_then(|arguments| digest_arguments(arguments).ok()) as Option<Digest>,
            agent_id: self.request.agent.agent_id.clone(),
            user_id: self.request.user_id.clone(),
            max_age_seconds: wanted.max_age_seconds,
        }
    }

    /// The counter of this agent acting for this user; `meter` says what is counted.
    #[must_use]
    pub fn counter(&self, meter: &'static str) -> Counter {
        let user = self.request.user_id.clone().filter(|user| !user.as_str().is_empty());
        Counter {
            tenant: self.request.agent.tenant_id.clone(),
            holder: Holder::AgentAndUser(self.request.agent.agent_id.clone(), user),
            meter: meter.into(),
            subject: None,
        }
    }
}
