//! The engine, and the three steps of deciding.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use zentinelle_core::document::diagnostic::Severity;
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::ledger::{LedgerError, Outcome};
use zentinelle_core::wire::Defaults;
use zentinelle_core::{Decision, NoPolicy, Policy, PolicySet, Request, policy_document};

use crate::decisions::{Decisions, NOTHING};
use crate::{Class, Fault, KeyRing, Ledger, instant, json, options, request, stored};

/// What a host says about its requests once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    tenant_id: String,
    agent_id: String,
    version: String,
    no_policy: OnNoPolicy,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnNoPolicy {
    #[default]
    Deny,
    Permit,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tenant_id: "local".into(),
            agent_id: "local".into(),
            version: "local".into(),
            no_policy: OnNoPolicy::Deny,
        }
    }
}

/// Policies, compiled once, with the decisions that are still looked at. Cloning shares both.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<zentinelle_core::Engine>,
    defaults: Arc<Defaults>,
    decisions: Arc<Mutex<Decisions>>,
    findings: Arc<[Finding]>,
    ledger: Ledger,
}

/// What is wrong with a stored policy.
#[derive(Serialize)]
struct Finding {
    position: usize,
    code: String,
    message: String,
    pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    fatal: bool,
}

impl Engine {
    /// An engine of a policy document. Refuses a document with any error in it.
    ///
    /// # Errors
    ///
    /// A fault of class `policy` with every problem of the document.
    pub fn from_text(text: &str, option_text: &str, ledger: &Ledger, keys: Option<&KeyRing>) -> Result<Self, Fault> {
        let Options { tenant_id, agent_id, version, no_policy } = options(option_text, "engine options")?;
        let (document, problems) = policy_document::read(text);
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            return Err(stored::unusable(text, &problems));
        }
        let tenant = TenantId::new(tenant_id);
        let set = document.policy_set(&tenant, &version);
        let who = (tenant, AgentId::new(agent_id));
        Ok(Self::of(set, Vec::new(), who, no_policy, ledger, keys))
    }

    /// An engine of stored policies, oldest first. One that cannot be compiled denies whatever it applies to
    /// and is listed by [`Engine::findings`].
    ///
    /// # Errors
    ///
    /// A fault of class `policy` if the text is no list of policies.
    pub fn from_policies(
        list: &str,
        option_text: &str,
        ledger: &Ledger,
        keys: Option<&KeyRing>,
    ) -> Result<Self, Fault> {
        let Options { tenant_id, agent_id, version, no_policy } = options(option_text, "engine options")?;
        let stored: Vec<Policy> = stored::stored(list, &tenant_id)?;
        let tenant = TenantId::new(tenant_id);
        let (set, found) = PolicySet::compile_with_findings(tenant.clone(), version, stored);
        let finding = |finding: zentinelle_core::engine::Finding| Finding {
            position: finding.position,
            code: finding.error.code().to_string(),
            message: finding.error.message().to_owned(),
            pointer: finding.error.pointer().to_string(),
            help: finding.error.help().map(str::to_owned),
            fatal: finding.fatal,
        };
        let who = (tenant, AgentId::new(agent_id));
        Ok(Self::of(set, found.into_iter().map(finding).collect(), who, no_policy, ledger, keys))
    }

    fn of(
        set: PolicySet,
        findings: Vec<Finding>,
        (tenant_id, agent_id): (TenantId, AgentId),
        no_policy: OnNoPolicy,
        ledger: &Ledger,
        keys: Option<&KeyRing>,
    ) -> Self {
        let no_policy = match no_policy {
            OnNoPolicy::Deny => NoPolicy::Deny,
            OnNoPolicy::Permit => NoPolicy::Permit,
        };
        let mut engine = zentinelle_core::Engine::new(set).with_no_policy(no_policy);
        if let Some(keys) = keys {
            engine = engine.with_approvals(keys.ring().clone());
        }
        // Every call says what time it is; this one is never read.
        let now = jiff::Timestamp::UNIX_EPOCH;
        Self {
            inner: Arc::new(engine),
            defaults: Arc::new(Defaults { tenant_id, agent_id, now }),
            decisions: Arc::default(),
            findings: findings.into(),
            ledger: ledger.clone(),
        }
    }

    /// Decides one request and spends what it costs when it is permitted.
    ///
    /// The answer holds the effect ([`crate::DENY`] and its neighbours), whether to go on ([`crate::PERMITTED`]),
    /// and the number under which [`Engine::document`] and its neighbours know the decision. `done` is the answer
    /// of an earlier decision that can be let go, or [`crate::NOTHING`]: every call into the engine costs as much as
    /// a small policy.
    ///
    /// # Errors
    ///
    /// A fault of class `request` if the text is no request.
    pub fn decide(&self, text: &str, now: f64, done: u32) -> Result<u32, Fault> {
        if done != NOTHING {
            self.decisions().forget(done);
        }
        let request = self.read(text, now)?;
        let decision = self.inner.decide(&request, self.ledger.inner());
        Ok(self.decisions().keep(decision, request))
    }

    /// The same as something that can run on another thread, for long texts.
    #[must_use]
    pub fn job(&self, text: String, now: f64) -> Job {
        Job { engine: self.clone(), text, now }
    }

    /// The first step alone: what the policies say, and what the request would spend.
    ///
    /// # Errors
    ///
    /// A fault of class `request` if the text is no request.
    pub fn assess(&self, text: &str, now: f64) -> Result<Assessment, Fault> {
        let request = self.read(text, now)?;
        let assessment = self.inner.assess(&request);
        Ok(Assessment { engine: self.clone(), state: Some((assessment, request)) })
    }

    /// The decision in its outward form, as JSON.
    ///
    /// # Errors
    ///
    /// If the decision was let go.
    pub fn document(&self, answer: u32) -> Result<String, Fault> {
        self.decisions().document(answer)
    }

    /// The decision in words, over several lines.
    ///
    /// # Errors
    ///
    /// If the decision was let go.
    pub fn explanation(&self, answer: u32) -> Result<String, Fault> {
        self.decisions().explanation(answer)
    }

    /// What would flip a denial, as a JSON list of sentences.
    ///
    /// # Errors
    ///
    /// If the decision was let go.
    pub fn smallest_change(&self, answer: u32) -> Result<String, Fault> {
        self.decisions().smallest_change(answer)
    }

    /// Lets a decision go. Doing so twice does no harm as long as no new decision took its number.
    pub fn forget(&self, answer: u32) {
        self.decisions().forget(answer);
    }

    /// How many decisions are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.decisions().len()
    }

    /// What is wrong with stored policies, as a JSON list.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn findings(&self) -> Result<String, Fault> {
        json(&&*self.findings)
    }

    #[cfg(feature = "compact")]
    pub(crate) fn inner(&self) -> &zentinelle_core::Engine {
        &self.inner
    }

    fn read(&self, text: &str, now: f64) -> Result<Request, Fault> {
        let defaults = Defaults { now: instant(now)?, ..(*self.defaults).clone() };
        request::read(text, &defaults)
    }

    fn decisions(&self) -> MutexGuard<'_, Decisions> {
        self.decisions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A decision to be made on another thread.
pub struct Job {
    engine: Engine,
    text: String,
    now: f64,
}

impl Job {
    /// Decides; see [`Engine::decide`].
    ///
    /// # Errors
    ///
    /// A fault of class `request` if the text is no request.
    pub fn run(&self) -> Result<u32, Fault> {
        self.engine.decide(&self.text, self.now, NOTHING)
    }
}

/// What the policies say of one request, while the host commits what it would spend.
pub struct Assessment {
    engine: Engine,
    state: Option<(zentinelle_core::Assessment, Request)>,
}

impl Assessment {
    /// What the request would spend, as JSON; nothing if it spends nothing.
    ///
    /// # Errors
    ///
    /// If the assessment was concluded before.
    pub fn batch(&self) -> Result<Option<String>, Fault> {
        let (assessment, _) = self.state.as_ref().ok_or_else(|| Fault::used_up("assessment"))?;
        assessment.batch().map(json).transpose()
    }

    /// The last step: the decision, from what the ledger answered (JSON), if it was asked.
    ///
    /// # Errors
    ///
    /// A fault of class `ledger` if the answer is none, or the assessment was concluded before.
    pub fn conclude(&mut self, outcome: Option<&str>) -> Result<u32, Fault> {
        let read = |text: &str| {
            serde_json::from_str::<Outcome>(text).map_err(|_| {
                Fault::new(Class::Ledger, "ledger.malformed_outcome", "the ledger's answer is no outcome")
                    .with_help("answer `{ committed, readings: [{ used, resets_at }] }`, one reading for each posting")
            })
        };
        let outcome = outcome.map(read).transpose()?;
        self.finish(outcome.map(Ok))
    }

    /// The last step when the ledger could not be asked: a denial, if the request spends anything.
    ///
    /// # Errors
    ///
    /// If the assessment was concluded before.
    pub fn fail(&mut self, why: &str) -> Result<u32, Fault> {
        let spends = self.batch()?.is_some();
        self.finish(spends.then(|| Err(LedgerError::Unavailable(why.to_owned()))))
    }

    fn finish(&mut self, outcome: Option<Result<Outcome, LedgerError>>) -> Result<u32, Fault> {
        let (assessment, request) = self.state.take().ok_or_else(|| Fault::used_up("assessment"))?;
        let decision: Decision = assessment.conclude(outcome);
        Ok(self.engine.decisions().keep(decision, request))
    }
}
