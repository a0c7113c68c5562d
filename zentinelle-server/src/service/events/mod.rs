//! Taking the events agents report.
//!
//! Each event is checked for itself: the good ones of a batch are kept although others are not.
//! Clients send whole batches again when an answer is lost, so an event that was taken before is
//! taken once. When the answer says that events were accepted, they are safe on disk.

mod alerts;
mod read;
mod usage;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hashbrown::HashMap;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use self::alerts::RecentAlerts;
use self::read::Reported;
use self::usage::Pairs;
use crate::app::App;
use crate::auth::{AgentFacts, Caller, Identity};
use crate::clock;
use crate::http::acting::acting_agent;
use crate::http::error::ApiError;
use crate::recorder::content;
use crate::recorder::record::Record;
use crate::snapshot::TenantSettings;
use crate::store::entities::event;

/// The most events of one request.
const MOST_EVENTS: usize = 1000;

/// Events as a client sends them.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The agent that reports them; none for the key's own, or where each event names its agent.
    pub(crate) agent_id: Option<String>,
    /// The events.
    pub(crate) events: Vec<Value>,
}

/// What became of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// How many events are kept, those that were kept before included.
    accepted: usize,
    /// How many are not.
    rejected: usize,
    /// Why not, for each of them.
    errors: Vec<EventFault>,
    /// Names the batch.
    batch_id: String,
}

/// Why one event is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct EventFault {
    /// Where it stands in the batch, from 0.
    index: usize,
    /// The stable code.
    error: &'static str,
    /// What is wrong, for people.
    message: String,
}

/// What is remembered between batches.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    pairs: Pairs,
    alerts: RecentAlerts,
}

/// Takes a batch.
pub(crate) async fn take(app: &App, caller: &Caller, batch: Batch) -> Result<Taken, ApiError> {
    if batch.events.len() > MOST_EVENTS {
        let message = format!("Batch too large: max {MOST_EVENTS} events per request");
        return Err(ApiError::invalid("events", message));
    }
    let mut reporters = Reporters::new(app, caller, batch.agent_id.as_deref(), &batch.events).await?;
    let snapshot = app.snapshots.get(&caller.tenant).await?;
    let received_at = clock::now_micros();
    let batch_id = batch_id();
    let (mut reported, mut errors) = (Vec::with_capacity(batch.events.len()), Vec::new());
    let mut repeats: HashMap<[u8; 32], u32> = HashMap::new();
    for (index, value) in batch.events.into_iter().enumerate() {
        match reporters.read(value, received_at).await {
            Ok((agent, event)) => {
                // Two alike in one batch are two events: some clients stamp whole seconds.
                let content = event.content_digest(&agent.agent.agent_id);
                let seen = repeats.entry(content).or_default();
                let digest = event.digest(&content, *seen);
                *seen += 1;
                reported.push(Kept { agent, event, digest });
            }
            Err((error, message)) => errors.push(EventFault { index, error, message }),
        }
    }
    let mut records = usage::records(app, &caller.tenant, &reported).await?;
    let raised = alerts::records(&app.intake.alerts, &reported, &snapshot.settings);
    let alerted: Vec<String> = raised.iter().map(|(digest, _)| digest.clone()).collect();
    records.extend(raised.into_iter().map(|(_, record)| record));
    let taken = Taken { accepted: reported.len(), rejected: errors.len(), errors, batch_id };
    let rows = reported.into_iter().map(|kept| kept.into_row(&taken.batch_id, received_at, &snapshot.settings));
    records.splice(0..0, rows.map(|row| Record::Event(Box::new(row))));
    if !records.is_empty() {
        app.recorder.record_durably(&records).await?;
        app.intake.alerts.note(alerted);
    }
    Ok(taken)
}

/// An event that will be kept.
struct Kept {
    agent: Arc<AgentFacts>,
    event: Reported,
    digest: String,
}

impl Kept {
    fn into_row(self, batch_id: &str, received_at: i64, settings: &TenantSettings) -> event::Model {
        event::Model {
            tenant_id: self.agent.agent.tenant_id.as_str().to_owned(),
            id: clock::new_id(),
            agent_id: self.agent.agent.agent_id.as_str().to_owned(),
            user_id: self.event.user_id,
            event_type: self.event.event_type,
            category: self.event.category.to_owned(),
            payload: content::kept(&self.event.payload, settings),
            digest: self.digest,
            batch_id: batch_id.to_owned(),
            raw_timestamp: self.event.raw_timestamp,
            occurred_at: self.event.occurred_at,
            received_at,
        }
    }
}

/// Who reported which event of a batch.
struct Reporters<'a> {
    app: &'a App,
    caller: &'a Caller,
    /// The agent of events that name none.
    usual: Option<Arc<AgentFacts>>,
    known: HashMap<String, Result<Arc<AgentFacts>, (&'static str, String)>>,
}

impl<'a> Reporters<'a> {
    async fn new(app: &'a App, caller: &'a Caller, named: Option<&str>, events: &[Value]) -> Result<Self, ApiError> {
        let named_within = || events.iter().any(|event| read::agent_of(event).is_some());
        // The C# client names the agent in each event and nowhere else.
        let usual = match &caller.identity {
            Identity::Enrolment if named.is_none() && named_within() => None,
            _ => Some(acting_agent(app, caller, named).await?),
        };
        Ok(Self { app, caller, usual, known: HashMap::new() })
    }

    /// Reads one event and finds its agent.
    async fn read(
        &mut self,
        value: Value,
        received_at: i64,
    ) -> Result<(Arc<AgentFacts>, Reported), (&'static str, String)> {
        let agent = match (read::agent_of(&value), &self.usual) {
            (Some(named), usual) if usual.as_ref().is_none_or(|usual| usual.agent.agent_id.as_str() != named) => {
                self.named(named).await?
            }
            (_, Some(usual)) => usual.clone(),
            (_, None) => return Err(("agent_not_named", "the event names no agent".to_owned())),
        };
        Ok((agent, Reported::read(value, received_at)?))
    }

    async fn named(&mut self, id: &str) -> Result<Arc<AgentFacts>, (&'static str, String)> {
        if let Some(known) = self.known.get(id) {
            return known.clone();
        }
        let found = acting_agent(self.app, self.caller, Some(id)).await;
        let found = found.map_err(|error| (error.code(), error.to_string()));
        self.known.insert(id.to_owned(), found.clone());
        found
    }
}

fn batch_id() -> String {
    let random = uuid::Uuid::now_v7().simple().to_string();
    format!("batch_{}", random.get(16..).unwrap_or_default())
}
