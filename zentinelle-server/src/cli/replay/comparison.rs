//! What changes between two answers to the same requests, counted as it goes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use zentinelle_core::decision::Verdict;
use zentinelle_core::engine::Refusal;
use zentinelle_core::{Decision, Effect};

use super::Record;
use crate::cli::evaluate::subject;

/// The answer that a new one is compared with.
pub(super) struct Before {
    permitted: bool,
    policies: Vec<String>,
    reason: String,
}

impl Before {
    /// What the baseline decides.
    pub(super) fn decided(decision: &Decision) -> Self {
        Self { permitted: decision.is_permitted(), policies: responsible(decision), reason: reason(decision) }
    }

    /// What was recorded. A request that simply happened was permitted.
    pub(super) fn recorded(permitted: Option<bool>) -> Self {
        Self {
            permitted: permitted.unwrap_or(true),
            policies: vec!["(recorded)".to_owned()],
            reason: "it was denied when it was recorded".to_owned(),
        }
    }
}

/// What changes, and how much of what was recorded says anything about it.
#[derive(Serialize)]
pub(super) struct Comparison {
    /// Whether the other side is a baseline or what was recorded.
    pub(super) compared_with: &'static str,
    pub(super) requests: usize,
    /// Lines that could not be read.
    pub(super) unreadable: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Timestamp>,
    /// Requests of which a policy of the candidate had something to say.
    pub(super) covered: usize,
    /// Requests to which no policy of the candidate applies at all.
    pub(super) without_policy: usize,
    pub(super) before: Answers,
    pub(super) after: Answers,
    pub(super) newly_denied: Changes,
    pub(super) newly_allowed: Changes,
    #[serde(skip)]
    most_samples: usize,
}

/// How often each answer was given.
#[derive(Default, Serialize)]
pub(super) struct Answers {
    pub(super) permitted: usize,
    pub(super) denied: usize,
}

/// Requests whose answer changes in one direction.
#[derive(Default, Serialize)]
pub(super) struct Changes {
    pub(super) requests: usize,
    /// By the policies that deny, before or after. One request counts for each of them.
    pub(super) by_policy: BTreeMap<String, usize>,
    pub(super) by_agent: BTreeMap<String, usize>,
    /// The first ones.
    pub(super) samples: Vec<Sample>,
}

/// One request whose answer changes.
#[derive(Serialize)]
pub(super) struct Sample {
    pub(super) line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Value>,
    pub(super) agent_id: String,
    /// The action and what it is done to.
    pub(super) request: String,
    /// Why it is denied, before or after.
    pub(super) reason: String,
}

impl Answers {
    fn add(&mut self, permitted: bool) {
        if permitted {
            self.permitted += 1;
        } else {
            self.denied += 1;
        }
    }
}

impl Comparison {
    pub(super) fn new(most_samples: usize, baseline: bool, unreadable: usize) -> Self {
        Self {
            compared_with: if baseline { "baseline" } else { "recorded" },
            requests: 0,
            unreadable,
            first: None,
            last: None,
            covered: 0,
            without_policy: 0,
            before: Answers::default(),
            after: Answers::default(),
            newly_denied: Changes::default(),
            newly_allowed: Changes::default(),
            most_samples,
        }
    }

    /// How many answers change.
    pub(super) fn changes(&self) -> usize {
        self.newly_denied.requests + self.newly_allowed.requests
    }

    /// Counts one request. Requests come in the order of time.
    pub(super) fn add(&mut self, record: &Record, before: &Before, after: &Decision) {
        self.requests += 1;
        self.first.get_or_insert(record.request.now);
        self.last = Some(record.request.now);
        let judged = after.results().any(|result| !matches!(result.verdict, Verdict::NotApplicable));
        self.covered += usize::from(judged || matches!(after.refusal(), Some(Refusal::Budget { .. })));
        self.without_policy += usize::from(after.effect() == Effect::NoPolicy);
        self.before.add(before.permitted);
        self.after.add(after.is_permitted());
        let most = self.most_samples;
        match (before.permitted, after.is_permitted()) {
            (true, false) => self.newly_denied.add(record, responsible(after), reason(after), most),
            (false, true) => {
                self.newly_allowed.add(record, before.policies.clone(), before.reason.clone(), most);
            }
            _ => {}
        }
    }
}

impl Changes {
    fn add(&mut self, record: &Record, policies: Vec<String>, reason: String, most_samples: usize) {
        let agent_id = record.request.agent.agent_id.to_string();
        self.requests += 1;
        for policy in policies {
            *self.by_policy.entry(policy).or_default() += 1;
        }
        *self.by_agent.entry(agent_id.clone()).or_default() += 1;
        if self.samples.len() < most_samples {
            let (line, id, request) = (record.line, record.id.clone(), subject(&record.request));
            self.samples.push(Sample { line, id, agent_id, request, reason });
        }
    }
}

/// The names of the policies that deny.
fn responsible(decision: &Decision) -> Vec<String> {
    if decision.is_permitted() {
        return Vec::new();
    }
    let mut names: Vec<String> = decision.determining().map(|(policy, _)| policy.name.clone()).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        let code = decision.primary().map(|violation| violation.code.to_string());
        names.push(code.map_or_else(|| "(no policy applies)".to_owned(), |code| format!("({code})")));
    }
    names
}

fn reason(decision: &Decision) -> String {
    match decision.primary() {
        Some(violation) => format!("{} [{}]", violation.message, violation.code),
        None => "no policy applies to this agent and user".to_owned(),
    }
}
