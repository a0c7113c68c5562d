//! What a candidate would have decided about what really happened, beside what the present
//! policies would have decided about the same.
//!
//! Recorded evaluations and events are replayed in the order of their times, each side with
//! totals of its own that start at zero, so limits and budgets count as they would have then.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zentinelle_core::agent::AgentStatus;
use zentinelle_core::ids::{AgentId, TenantId, UserId};
use zentinelle_core::request::Baseline;
use zentinelle_core::{Agent, Decision, Engine, Event, MemoryLedger, Request};

use super::candidate::{Candidate, Sets, stranger};
use super::conflicts::{self, Conflict};
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{evaluation, event};
use crate::store::{history, wire_name};

/// Most records of one simulation.
const MOST_EVENTS: u64 = 10_000;
/// The longest look back. Unit: days.
const MOST_DAYS: i64 = 90;
/// How many samples of each direction are shown.
const MOST_SAMPLES: usize = 20;
/// The greatest number of agents that are told apart in the answer.
const MOST_AGENTS: usize = 500;

/// What to replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SimulatedRecords)]
pub(crate) enum Past {
    /// Decisions that were asked for.
    Evaluations,
    /// What agents reported.
    Events,
    /// Both.
    #[default]
    All,
}

/// How to replay.
#[derive(Debug)]
pub(crate) struct Manner {
    /// How far back. Unit: days.
    pub(crate) lookback_days: i64,
    /// Most records, the newest ones.
    pub(crate) max_events: u64,
    /// Only of this agent.
    pub(crate) agent_id: Option<String>,
    /// What to replay.
    pub(crate) past: Past,
}

/// What would change.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Simulation {
    /// How far back. Unit: days.
    lookback_days: i64,
    /// Most records that were to be replayed.
    max_events: u64,
    /// How many were replayed.
    total_events: u64,
    /// Of them evaluations.
    evaluations: u64,
    /// Of them events.
    events: u64,
    /// Whether there were more, which were left out: the oldest ones.
    truncated: bool,
    /// When the first one happened.
    first_at: Option<String>,
    /// When the last one happened.
    last_at: Option<String>,
    /// How much of contexts the tenant keeps. Policies that read what is not kept judge less here
    /// than they did.
    content_kept: String,
    /// What the present policies answer.
    before: Answers,
    /// What the candidate answers.
    after: Answers,
    /// Denied by the candidate.
    would_block: u64,
    /// Permitted by the candidate, with warnings.
    would_warn: u64,
    /// Permitted by the candidate without a word.
    would_pass: u64,
    /// How many of a hundred are newly denied, with two decimals.
    impact_percent: f64,
    /// Permitted now, denied by the candidate.
    newly_denied: Changes,
    /// Denied now, permitted by the candidate.
    newly_allowed: Changes,
    /// The agents whose answers change most.
    by_agent: Vec<AgentImpact>,
    /// Lists that contradict each other, and policies that cannot take effect.
    conflicts: Vec<Conflict>,
}

/// How often each answer was given.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = SimulatedAnswers)]
pub(crate) struct Answers {
    /// Go on.
    permitted: u64,
    /// Do not.
    denied: u64,
}

/// Answers that change in one direction.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = SimulatedChanges)]
pub(crate) struct Changes {
    /// How many.
    total: u64,
    /// By the policies that deny; one answer counts for each of them.
    by_policy: BTreeMap<String, u64>,
    /// The first ones.
    samples: Vec<Sample>,
}

/// One answer that changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedSample)]
pub(crate) struct Sample {
    /// Whether it was an `evaluation` or an `event`.
    record: &'static str,
    /// The evaluation, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_id: Option<String>,
    /// The event, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// When it happened.
    occurred_at: String,
    /// Who asked.
    agent_id: String,
    /// What was attempted.
    action: String,
    /// Why it is denied, before or after.
    reason: String,
    /// The code of the reason.
    code: Option<String>,
}

/// How one agent is met.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = SimulatedAgentImpact)]
pub(crate) struct AgentImpact {
    /// The agent.
    agent_id: String,
    /// How many of its requests were replayed.
    total: u64,
    /// Of them newly denied.
    newly_denied: u64,
    /// Of them newly allowed.
    newly_allowed: u64,
}

/// One thing that happened.
struct Happened {
    id: String,
    is_evaluation: bool,
    request: Request,
}

/// Replays the past against both sets.
pub(crate) async fn simulate(
    app: &App,
    tenant: &TenantId,
    candidate: Candidate,
    manner: Manner,
) -> Result<Simulation, ApiError> {
    if !(1..=MOST_DAYS).contains(&manner.lookback_days) {
        return Err(ApiError::invalid("lookback_days", format!("expected 1 to {MOST_DAYS}")));
    }
    if !(1..=MOST_EVENTS).contains(&manner.max_events) {
        return Err(ApiError::invalid("max_events", format!("expected 1 to {MOST_EVENTS}")));
    }
    let sets = candidate.sets(app, tenant).await?;
    let (past, truncated) = past(app, tenant, &manner).await?;
    let engine = sets.engine(app, tenant);
    // Thousands of decisions: not on a thread that answers others.
    let replayed = tokio::task::spawn_blocking(move || replay(&sets, &engine, &past)).await;
    let mut found = replayed.map_err(|error| ApiError::Internal(format!("the replay ended early: {error}")))?;
    found.lookback_days = manner.lookback_days;
    found.max_events = manner.max_events;
    found.truncated = truncated;
    Ok(found)
}

/// The newest records, oldest first, and whether there were more.
async fn past(app: &App, tenant: &TenantId, manner: &Manner) -> Result<(Vec<Happened>, bool), ApiError> {
    let since = clock::now_micros() - manner.lookback_days * 86_400_000_000;
    let agent = manner.agent_id.as_deref();
    let one_more = manner.max_events + 1;
    let evaluations = match manner.past {
        Past::Events => Vec::new(),
        Past::Evaluations | Past::All => history::evaluations(&app.store, tenant, since, agent, one_more).await?,
    };
    let events = match manner.past {
        Past::Evaluations => Vec::new(),
        Past::Events | Past::All => history::events(&app.store, tenant, since, agent, one_more).await?,
    };
    let mut agents = Agents { app, tenant, known: BTreeMap::new() };
    let mut found = Vec::with_capacity(evaluations.len() + events.len());
    for row in evaluations {
        let (agent, baseline) = agents.get(&row.agent_id).await?;
        found.push(of_evaluation(row, agent, baseline));
    }
    for row in events {
        let (agent, baseline) = agents.get(&row.agent_id).await?;
        found.push(of_event(tenant, row, agent, baseline));
    }
    found.sort_by(|one, other| (one.request.now, &one.id).cmp(&(other.request.now, &other.id)));
    let most = usize::try_from(manner.max_events).unwrap_or(usize::MAX);
    let surplus = found.len().saturating_sub(most);
    found.drain(..surplus);
    Ok((found, surplus > 0))
}

type Facts = (Arc<Agent>, Option<Arc<Baseline>>);

/// The agents of the past, each asked for once.
struct Agents<'a> {
    app: &'a App,
    tenant: &'a TenantId,
    known: BTreeMap<String, Facts>,
}

impl Agents<'_> {
    async fn get(&mut self, id: &str) -> Result<Facts, ApiError> {
        if let Some(facts) = self.known.get(id) {
            return Ok(facts.clone());
        }
        let facts = match self.app.directory.agent(self.tenant, &AgentId::new(id)).await? {
            Some(facts) => {
                // It acted then, whatever it may do now.
                let agent = Agent { status: AgentStatus::Active, ..facts.agent.as_ref().clone() };
                (Arc::new(agent), facts.baseline.clone())
            }
            None => (stranger(self.tenant, id), None),
        };
        self.known.insert(id.to_owned(), facts.clone());
        Ok(facts)
    }
}

fn of_evaluation(row: evaluation::Model, agent: Arc<Agent>, baseline: Option<Arc<Baseline>>) -> Happened {
    let mut request = Request::new(agent, row.action.as_str(), clock::instant(row.occurred_at));
    request.user_id = row.user_id.as_deref().and_then(UserId::non_empty);
    request.context = object(row.context).into();
    request.baseline = baseline;
    Happened { id: row.id, is_evaluation: true, request }
}

fn of_event(tenant: &TenantId, row: event::Model, agent: Arc<Agent>, baseline: Option<Arc<Baseline>>) -> Happened {
    let now = clock::instant(row.occurred_at);
    let event = Event {
        id: row.id.clone(),
        tenant_id: tenant.clone(),
        agent_id: AgentId::new(row.agent_id),
        deployment_id: None,
        user_id: row.user_id.as_deref().and_then(UserId::non_empty),
        event_type: row.event_type,
        event_category: zentinelle_core::event::EventCategory::default(),
        payload: object(row.payload),
        occurred_at: now,
        correlation_id: String::new(),
    };
    let (action, context) = event.attempt();
    let mut request = Request::new(agent, action.name(), now);
    request.user_id = event.user_id;
    request.context = context;
    request.baseline = baseline;
    Happened { id: row.id, is_evaluation: false, request }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn replay(sets: &Sets, candidate: &Engine, past: &[Happened]) -> Simulation {
    let (ledger_before, ledger_after) = (MemoryLedger::default(), MemoryLedger::default());
    let content = sets.snapshot.settings.content;
    let mut found = Simulation {
        content_kept: wire_name(&content),
        conflicts: conflicts::find(&sets.candidate, &sets.touched),
        ..Simulation::default()
    };
    let mut agents: BTreeMap<&str, AgentImpact> = BTreeMap::new();
    for happened in past {
        let request = &happened.request;
        // What the organisation's registry of models denies, no policy permits.
        let decide = |engine: &Engine, ledger: &MemoryLedger| {
            sets.snapshot.refusal(request).unwrap_or_else(|| engine.decide(request, ledger))
        };
        let before = decide(&sets.snapshot.engine, &ledger_before);
        let after = decide(candidate, &ledger_after);
        found.total_events += 1;
        *(if happened.is_evaluation { &mut found.evaluations } else { &mut found.events }) += 1;
        found.before.add(&before);
        found.after.add(&after);
        match (after.is_permitted(), after.warnings().next().is_some()) {
            (false, _) => found.would_block += 1,
            (true, true) => found.would_warn += 1,
            (true, false) => found.would_pass += 1,
        }
        let impact = agents.entry(request.agent.agent_id.as_str()).or_default();
        impact.total += 1;
        match (before.is_permitted(), after.is_permitted()) {
            (true, false) => {
                impact.newly_denied += 1;
                found.newly_denied.add(happened, &after);
            }
            (false, true) => {
                impact.newly_allowed += 1;
                found.newly_allowed.add(happened, &before);
            }
            _ => {}
        }
    }
    let at = |happened: Option<&Happened>| happened.map(|one| clock::iso(clock::micros(one.request.now)));
    (found.first_at, found.last_at) = (at(past.first()), at(past.last()));
    found.impact_percent = percent(found.newly_denied.total, found.total_events);
    found.by_agent =
        agents.into_iter().map(|(agent_id, impact)| AgentImpact { agent_id: agent_id.to_owned(), ..impact }).collect();
    found.by_agent.sort_by_key(|impact| std::cmp::Reverse((impact.newly_denied + impact.newly_allowed, impact.total)));
    found.by_agent.truncate(MOST_AGENTS);
    found
}

/// With two decimals.
fn percent(part: u64, total: u64) -> f64 {
    if total == 0 {
        return 0.0;
    }
    let hundredths = (part.saturating_mul(10_000) + total / 2) / total;
    hundredths as f64 / 100.0
}

impl Answers {
    fn add(&mut self, decision: &Decision) {
        *(if decision.is_permitted() { &mut self.permitted } else { &mut self.denied }) += 1;
    }
}

impl Changes {
    /// Counts an answer; `denial` is the one of the two that denies.
    fn add(&mut self, happened: &Happened, denial: &Decision) {
        self.total += 1;
        let mut names: Vec<&str> = denial.determining().map(|(policy, _)| policy.name.as_str()).collect();
        if names.is_empty() {
            names.push("(no policy)");
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            *self.by_policy.entry(name.to_owned()).or_default() += 1;
        }
        if self.samples.len() < MOST_SAMPLES {
            let request = &happened.request;
            let id = |wanted: bool| (happened.is_evaluation == wanted).then(|| happened.id.clone());
            self.samples.push(Sample {
                record: if happened.is_evaluation { "evaluation" } else { "event" },
                evaluation_id: id(true),
                event_id: id(false),
                occurred_at: clock::iso(clock::micros(request.now)),
                agent_id: request.agent.agent_id.as_str().to_owned(),
                action: request.action.name().to_owned(),
                reason: denial.reason().unwrap_or("no policy applies to this agent and user").to_owned(),
                code: denial.primary().map(|violation| violation.code.to_string()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn impact_has_two_decimals_and_is_never_a_division_by_zero() {
        assert_eq!([percent(0, 0), percent(1, 3), percent(2, 3), percent(5, 5)], [0.0, 33.33, 66.67, 100.0]);
    }
}
