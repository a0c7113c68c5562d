//! One call from its decision to its end: what it reserved, what it used, and what is kept of it.
//!
//! However a call ends, its [`Exchange`] is dropped, and with that it settles and is recorded on
//! a task of its own. The client may be gone by then, and the handler with it.
//!
//! | how it ended | what the reservation becomes |
//! | --- | --- |
//! | never sent, not connected, or answered with an error | is given back |
//! | the reply says what was used | that |
//! | a stream broke off after it had said something of its usage | that, and what was seen of the output |
//! | anything else | stays as it is: what may have been spent is never taken for free |

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use zentinelle_core::dialect::{self, Route};
use zentinelle_core::ids::ReservationId;
use zentinelle_core::ledger::{LedgerError, Settlement, Usage as Used};

use super::body::Held;
use super::cost::{self, Worst};
use super::upstream::Upstream;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::clock;
use crate::http::error::ApiError;
use crate::recorder::record::Record;
use crate::service::interactions::{self, ReportedUsage, Seen, Turn};
use crate::service::prices::{self, Usage};
use crate::snapshot::Snapshot;
use crate::telemetry::traces::{ModelCall, Place};

/// How often a ledger that is away is asked again.
const TRIES: u32 = 5;
/// What a token takes at least in a text that was seen but not counted. Unit: bytes.
const BYTES_A_TOKEN: u64 = 3;

/// What a call is, once it was decided.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The server.
    pub(crate) app: Arc<App>,
    /// What it was decided by.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Who calls.
    pub(crate) agent: Arc<AgentFacts>,
    /// For whom.
    pub(crate) user: Option<String>,
    /// The conversation.
    pub(crate) session: Option<String>,
    /// The approval the caller brings.
    pub(crate) approval: Option<String>,
    /// The id of the request.
    pub(crate) request_id: String,
    /// Where to.
    pub(crate) upstream: Arc<Upstream>,
    /// The provider as policies name it.
    pub(crate) provider: String,
    /// The model as policies and prices name it.
    pub(crate) model: Option<String>,
    /// What is asked.
    pub(crate) route: Route,
    /// The decision's record, if it came to one.
    pub(crate) evaluation_id: Option<String>,
    /// Whether it was permitted.
    pub(crate) permitted: bool,
    /// What waits for settlement.
    pub(crate) reservation: Option<ReservationId>,
    /// What it can use at most.
    pub(crate) worst: Worst,
    /// What was asked, as far as it is kept.
    pub(crate) input: String,
    /// The system prompt, as far as it is kept.
    pub(crate) system: String,
    /// When it came.
    pub(crate) began: Instant,
    /// Where in a trace it belongs.
    pub(crate) trace: Option<Place>,
}

/// How far a call went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was sent.
    #[default]
    Decided,
    /// The provider may have it.
    Sent,
    /// The provider has refused it, or was never reached: it costs nothing.
    Free,
}

/// What happened to a call so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How far it went.
    pub(crate) stage: Stage,
    /// How it ended; none when the client left first.
    pub(crate) ending: Option<&'static str>,
    /// The provider's status.
    pub(crate) status: Option<u16>,
    /// Whether the reply streams.
    pub(crate) streamed: bool,
    /// What it used, as far as the reply says.
    pub(crate) usage: Option<dialect::Usage>,
    /// Whether the reply came to its end, so that its usage is the last word.
    pub(crate) complete: bool,
    /// How much output was seen. Unit: bytes.
    pub(crate) seen_bytes: u64,
    /// The output, as far as it is kept.
    pub(crate) output: String,
    /// The tools the model asked for.
    pub(crate) tool_calls: Vec<Value>,
    /// From the request to the first byte of the reply.
    pub(crate) first_byte: Option<Duration>,
    /// What was looked at and what was not.
    pub(crate) scanned: Map<String, Value>,
    /// Whose key was used.
    pub(crate) credential: &'static str,
    /// Memory that goes back when the call ends.
    pub(crate) held: Held,
}

/// A call that is under way. Dropping it settles it.
#[derive(Debug)]
pub(crate) struct Exchange {
    facts: Arc<Facts>,
    /// What happened so far.
    pub(crate) tally: Tally,
}

impl Exchange {
    /// A call that was just decided.
    pub(crate) fn new(facts: Facts) -> Self {
        Self { facts: Arc::new(facts), tally: Tally::default() }
    }

    /// What the call is.
    pub(crate) fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Remembers what was looked at.
    pub(crate) fn note(&mut self, what: &str, how: impl Into<Value>) {
        self.tally.scanned.insert(what.to_owned(), how.into());
    }

    /// Remembers output, as much of it as is kept.
    pub(crate) fn heard(&mut self, text: &str) {
        self.tally.saw(text.len());
        let room = self.facts.most_kept().saturating_sub(self.tally.output.len());
        if room > 0 {
            let end = text.floor_char_boundary(room.min(text.len()));
            self.tally.output.push_str(text.get(..end).unwrap_or_default());
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let (facts, tally) = (Arc::clone(&self.facts), std::mem::take(&mut self.tally));
        let tasks = facts.app.proxy.tasks.clone();
        // Outside a runtime there is nobody to settle with, as when the process is torn down.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            tasks.spawn_on(close(facts, tally), &runtime);
        }
    }
}

impl Facts {
    /// How much of a text is kept at most. Unit: bytes.
    pub(crate) fn most_kept(&self) -> usize {
        use crate::snapshot::ContentKeeping::{Drop, Hash, Keep, Truncate};
        let settings = &self.snapshot.settings;
        match settings.content {
            Drop => 0,
            // A character has up to four bytes.
            Truncate => (settings.content_limit as usize).saturating_mul(4).min(1 << 20),
            Keep | Hash => 1 << 20,
        }
    }
}

/// What a reservation becomes.
enum Outcome {
    Released,
    Used(Usage, u64),
    AsReserved,
}

impl Tally {
    /// So many bytes of output were seen.
    pub(crate) fn saw(&mut self, bytes: usize) {
        self.seen_bytes = self.seen_bytes.saturating_add(bytes as u64);
    }

    fn outcome(&self, worst: &Worst) -> Outcome {
        match (self.stage, self.usage) {
            (Stage::Decided | Stage::Free, _) => Outcome::Released,
            (Stage::Sent, None) => Outcome::AsReserved,
            (Stage::Sent, Some(usage)) => {
                let mut used = cost::priced(&usage);
                let mut total = usage.total.max(usage.all_input().saturating_add(usage.all_output()));
                if !self.complete {
                    // What the stream said last may lag behind what it wrote.
                    let seen = self.seen_bytes.div_ceil(BYTES_A_TOKEN).min(worst.output);
                    let unsaid = seen.saturating_sub(used.output);
                    used.output = used.output.saturating_add(unsaid);
                    total = total.saturating_add(unsaid);
                }
                Outcome::Used(used, total)
            }
        }
    }
}

/// Settles a call and keeps its record.
async fn close(facts: Arc<Facts>, mut tally: Tally) {
    let app = &facts.app;
    let now = clock::now_micros();
    let settled;
    let (used, total, usd_micros, estimated) = match tally.outcome(&facts.worst) {
        Outcome::Released => {
            settled = settle(&facts, None).await;
            (Usage::default(), 0, 0, false)
        }
        Outcome::AsReserved => {
            settled = settle(&facts, Some(Used::default())).await;
            let worst = &facts.worst;
            let used = Usage { input: worst.input, output: worst.output, ..Usage::default() };
            (used, worst.tokens(), worst.usd_micros, true)
        }
        Outcome::Used(used, total) => {
            let (vendor, model) = (&facts.upstream.vendor, facts.model.as_deref().unwrap_or_default());
            let unknown = facts.snapshot.settings.unknown_model_price;
            let cost = match prices::of_tenant(app, &facts.snapshot.tenant).await {
                Ok(prices) => Some(prices.cost(vendor, model, &used, now, unknown)),
                Err(error) => {
                    tracing::error!(?error, "a call is settled at what it reserved: its price cannot be read");
                    None
                }
            };
            let usd_micros = cost.map(|cost| u64::try_from(cost.usd_micros).unwrap_or_default());
            settled = settle(&facts, Some(Used { tokens: Some(total), usd_micros, bytes: None })).await;
            let known = cost.is_some_and(|cost| cost.known);
            (used, total, cost.map_or(facts.worst.usd_micros, |cost| cost.usd_micros), !known || !tally.complete)
        }
    };
    drop(std::mem::take(&mut tally.held));
    if let Some(trace) = &facts.trace {
        let operation = match facts.route.operation.name() {
            "embeddings" => "embeddings",
            "generate_content" => "generate_content",
            "completions" => "text_completion",
            _ => "chat",
        };
        trace.ended(&ModelCall {
            took: facts.began.elapsed(),
            operation,
            provider: &facts.provider,
            upstream: &facts.upstream.name,
            model: facts.model.as_deref(),
            session: facts.session.as_deref(),
            input: total.saturating_sub(used.output),
            output: used.output,
            usd_micros,
            first_byte: tally.first_byte,
            ending: tally.ending.unwrap_or("client_gone"),
        });
    }
    app.metrics.model_call(
        &facts.upstream.name,
        tally.ending.unwrap_or("client_gone"),
        tally.first_byte,
        total,
        usd_micros,
    );
    // What is no model call has its decision on record, and nothing besides.
    let records = if facts.route.operation.is_call() || facts.evaluation_id.is_none() {
        seen(&facts, tally, used, usd_micros, estimated).await
    } else {
        Ok(Vec::new())
    };
    let records = records.unwrap_or_else(|error| {
        tracing::error!(?error, request_id = facts.request_id, "the record of a model call was not made");
        Vec::new()
    });
    // A process that dies before this leaves the call at what it reserved: never at less.
    let all: Vec<Record> = settled.into_iter().chain(records).collect();
    if !all.is_empty()
        && let Err(error) = app.recorder.record(&all)
    {
        tracing::error!(?error, request_id = facts.request_id, "a settlement or record of a model call was not kept");
    }
}

/// Replaces what was reserved by the true usage, or with none gives it back. What must be
/// journalled of that.
async fn settle(facts: &Facts, usage: Option<Used>) -> Option<Record> {
    let (app, tenant) = (&facts.app, &facts.snapshot.tenant);
    let reservation = facts.reservation.as_ref()?;
    let mut wait = Duration::from_millis(50);
    for _ in 0..TRIES {
        let now = clock::now();
        let settled: Result<Settlement, LedgerError> = match &usage {
            Some(usage) => app.ledger.settle(tenant, reservation, usage, now).await,
            None => app.ledger.release(tenant, reservation, now).await,
        };
        match settled {
            Ok(settlement) => {
                let entry = app.ledger.settled_entry(tenant, reservation, usage.as_ref(), settlement, now);
                return entry.map(|entry| Record::Ledger { tenant_id: tenant.clone(), entry });
            }
            Err(error) => {
                tracing::warn!(%tenant, %error, "a call is not settled yet");
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(4);
            }
        }
    }
    tracing::error!(%tenant, "a call stays at what it reserved: the ledger is away");
    None
}

/// The records of a call.
async fn seen(
    facts: &Facts,
    tally: Tally,
    used: Usage,
    usd_micros: i64,
    estimated: bool,
) -> Result<Vec<Record>, ApiError> {
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    let classification = json!({
        "dialect": facts.route.dialect.name(),
        "operation": facts.route.operation.name(),
        "upstream": facts.upstream.name,
        "evaluation_id": facts.evaluation_id,
        "streamed": tally.streamed,
        "ending": tally.ending.unwrap_or("client_gone"),
        "status": tally.status,
        "first_byte_ms": tally.first_byte.map(|took| took.as_secs_f64() * 1e3),
        "credential": tally.credential,
        "tokens": tally.usage.map(|usage| json!({
            "input": usage.input,
            "cached_read": usage.cached_read,
            "cached_write": usage.cached_write,
            "cached_write_long": usage.cached_write_long,
            "output": usage.output,
            "reasoning": usage.reasoning,
        })),
        "reserved": { "tokens": facts.worst.tokens(), "usd_micros": facts.worst.usd_micros },
        "estimated": estimated,
        "scanned": tally.scanned,
    });
    let turn = Turn {
        agent: Arc::clone(&facts.agent),
        user: facts.user.clone(),
        interaction_type: if facts.route.operation.generates() { "chat" } else { facts.route.operation.name() }
            .to_owned(),
        session_id: facts.session.clone(),
        request_id: Some(facts.request_id.clone()),
        provider: Some(facts.provider.clone()),
        model: facts.model.clone(),
        input: facts.input.clone(),
        output: tally.output,
        system_prompt: facts.system.clone(),
        tool_calls: tally.tool_calls,
        usage: ReportedUsage {
            input: Some(count(used.input)),
            cached_input: count(used.cached_input),
            cache_write: count(used.cache_write.saturating_add(used.cache_write_hour)),
            output: Some(count(used.output)),
            reasoning: count(tally.usage.map_or(0, |usage| usage.reasoning)),
        },
        latency_ms: i64::try_from(facts.began.elapsed().as_millis()).ok(),
        usd_micros: Some(usd_micros),
        evaluation_id: facts.evaluation_id.clone(),
        occurred_at: clock::now_micros(),
    };
    let decision = if facts.permitted { "permit" } else { "deny" };
    let seen = Seen { usage: used, usd_micros, estimated, decision, classification };
    interactions::seen(&facts.app, turn, seen).await
}
