//! Money that was spent outside a decision, put on the ledger, so that monthly limits see it.
//!
//! A decision charges what the agent expects a call to cost. What a call cost in truth is known
//! when it is reported; where the report names the decision, only the excess is charged. One
//! estimate is set off once, so that no agent pays for many calls with it.

use std::time::Duration;

use serde_json::Value;
use zentinelle_core::ids::{ReservationId, UserId};
use zentinelle_core::ledger::{Batch, LedgerError, Mode, Posting};
use zentinelle_core::request::{Number, UsdMicros};
use zentinelle_core::scope::ScopeChain;

use super::usage;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::store::evaluations;

/// How long a report waits until the decision that it names can be found.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

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
    let Some(mut account) = Account::of(app, &spent).await? else { return Ok(None) };
    let estimate = account.estimate(&spent).await;
    if let Some((id, estimate)) = estimate {
        let excess = account.amount.saturating_sub(estimate);
        match account.post(excess, Some(id)).await {
            Err(LedgerError::ReservationExists(_) | LedgerError::Full { .. }) => {}
            posted => return Ok(account.told(posted)),
        }
    }
    let posted = account.post(account.amount, None).await;
    Ok(account.told(posted))
}

/// The same for a report that may come again, under the name it has each time: it is charged
/// once, also where another replica takes the second one, for as long as the ledger keeps
/// reservations. Whoever calls knows of those that are older.
pub(crate) async fn spend_once(app: &App, spent: Spent<'_>, name: &str) -> Result<Vec<Record>, ApiError> {
    let Some(mut account) = Account::of(app, &spent).await? else { return Ok(Vec::new()) };
    let mut records = Vec::new();
    let mut amount = account.amount;
    if let Some((id, estimate)) = account.estimate(&spent).await
        && let Ok(claim) = account.post(0, Some(id)).await
    {
        records.extend(claim);
        amount = amount.saturating_sub(estimate);
    }
    let posted = match account.post(amount, Some(ReservationId::new(format!("reported:{name}")))).await {
        Err(LedgerError::ReservationExists(_)) => return Ok(Vec::new()),
        Err(LedgerError::Full { .. }) => account.post(amount, None).await,
        posted => posted,
    };
    records.extend(account.told(posted));
    Ok(records)
}

/// The lines of the ledger that money of one caller counts on.
struct Account<'a> {
    app: &'a App,
    agent: &'a AgentFacts,
    postings: Vec<Posting>,
    amount: u64,
}

impl<'a> Account<'a> {
    /// None where nothing was spent, or no limit looks at it.
    async fn of(app: &'a App, spent: &Spent<'a>) -> Result<Option<Self>, ApiError> {
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
        Ok((!postings.is_empty()).then_some(Self { app, agent: spent.agent, postings, amount }))
    }

    /// What one of the agent's own decisions charged, and the name under which it is set off.
    async fn estimate(&self, spent: &Spent<'_>) -> Option<(ReservationId, u64)> {
        let id = spent.evaluation_id?;
        let charged = charged(self.app, self.agent, id).await.unwrap_or_else(|error| {
            tracing::warn!(?error, "a decision could not be read: what it charged is not set off");
            0
        });
        (charged > 0).then(|| (ReservationId::new(format!("estimate:{id}")), charged))
    }

    /// Adds an amount to every line, and answers what must be journalled.
    async fn post(&mut self, amount: u64, reservation: Option<ReservationId>) -> Result<Option<Record>, LedgerError> {
        for posting in &mut self.postings {
            posting.amount = amount;
        }
        let batch = Batch { postings: self.postings.clone(), now: clock::now(), mode: Mode::Commit, reservation };
        let outcome = self.app.ledger.apply(&batch).await?;
        let tenant_id = self.agent.agent.tenant_id.clone();
        let entry = self.app.ledger.entry(&batch, &outcome);
        Ok(entry.map(|entry| Record::Ledger { tenant_id, entry }))
    }

    /// What is journalled of a posting; a failed one is reported.
    fn told(&self, posted: Result<Option<Record>, LedgerError>) -> Option<Record> {
        posted.unwrap_or_else(|error| {
            let tenant = &self.agent.agent.tenant_id;
            tracing::error!(%tenant, ?error, usd_micros = self.amount, "the ledger missed what was spent");
            None
        })
    }
}

/// What one of the agent's own decisions charged: its estimate, if it was permitted.
async fn charged(app: &App, agent: &AgentFacts, evaluation_id: &str) -> Result<u64, ApiError> {
    let (tenant, agent_id) = (&agent.agent.tenant_id, &agent.agent.agent_id);
    let find = || evaluations::of_agent(app.store.db(), tenant, agent_id, evaluation_id);
    let mut decision = find().await?;
    if decision.is_none() && app.recorder.settled(MOST_PATIENCE).await {
        // It was made just now, and waited for its way into the database.
        decision = find().await?;
    }
    let Some(decision) = decision else { return Ok(0) };
    let estimate = match decision.context.get("estimated_cost_usd") {
        Some(Value::Number(number)) if decision.allowed && !decision.dry_run => Number::from_json(number),
        _ => None,
    };
    Ok(estimate.and_then(UsdMicros::from_usd).map_or(0, |estimate| estimate.0))
}
