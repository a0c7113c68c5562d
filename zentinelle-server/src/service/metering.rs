//! Money that was spent outside a decision, put on the ledger, so that monthly limits see it.
//!
//! A decision charges what the agent expects a call to cost. What a call cost in truth is known
//! when it is reported; where the report names the decision, only the excess is charged.

use serde_json::Value;
use zentinelle_core::ids::UserId;
use zentinelle_core::ledger::{Batch, Mode, Posting};
use zentinelle_core::request::{Number, UsdMicros};
use zentinelle_core::scope::ScopeChain;

use super::usage;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::store::evaluations;

/// What was spent, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent<'s> {
    /// The agent.
    pub(crate) agent: &'s AgentFacts,
    /// The user it acted for.
    pub(crate) user: Option<&'s str>,
    /// How much. Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
    /// The decision that charged an estimate of it.
    pub(crate) evaluation_id: Option<&'s str>,
}

/// Puts money that is gone on the ledger, whatever limits say. Answers what must be journalled
/// with the report of it. A ledger that is away loses no report, but misses the money.
pub(crate) async fn spend(app: &App, spent: Spent<'_>) -> Result<Option<Record>, ApiError> {
    let agent = &spent.agent.agent;
    let amount = u64::try_from(spent.usd_micros).unwrap_or_default();
    if amount == 0 {
        return Ok(None);
    }
    let snapshot = app.snapshots.get(&agent.tenant_id).await?;
    let user = spent.user.and_then(UserId::non_empty);
    let chain = ScopeChain::new(agent, user.as_ref());
    let mut postings: Vec<Posting> = Vec::new();
    for posting in usage::spend_meters(&snapshot, &chain) {
        // A batch holds each counter once.
        if !postings.iter().any(|known| known.counter == posting.counter) {
            postings.push(posting);
        }
    }
    if postings.is_empty() {
        return Ok(None);
    }
    let charged = match spent.evaluation_id {
        Some(id) => charged(app, spent.agent, id).await?,
        None => 0,
    };
    let amount = amount.saturating_sub(charged);
    if amount == 0 {
        return Ok(None);
    }
    for posting in &mut postings {
        posting.amount = amount;
    }
    let batch = Batch { postings, now: clock::now(), mode: Mode::Commit, reservation: None };
    match app.ledger.apply(&batch).await {
        Ok(outcome) => {
            let entry = app.ledger.entry(&batch, &outcome);
            Ok(entry.map(|entry| Record::Ledger { tenant_id: agent.tenant_id.clone(), entry }))
        }
        Err(error) => {
            tracing::error!(tenant = %agent.tenant_id, ?error, usd_micros = amount, "the ledger missed what was spent");
            Ok(None)
        }
    }
}

/// What one of the agent's own decisions charged: its estimate, if it was permitted.
async fn charged(app: &App, agent: &AgentFacts, evaluation_id: &str) -> Result<u64, ApiError> {
    let (tenant, agent_id) = (&agent.agent.tenant_id, &agent.agent.agent_id);
    let Some(decision) = evaluations::of_agent(app.store.db(), tenant, agent_id, evaluation_id).await? else {
        return Ok(0);
    };
    let estimate = match decision.context.get("estimated_cost_usd") {
        Some(Value::Number(number)) if decision.allowed && !decision.dry_run => Number::from_json(number),
        _ => None,
    };
    Ok(estimate.and_then(UsdMicros::from_usd).map_or(0, |estimate| estimate.0))
}
