//! The engine as an agent of the Zentinel reverse proxy: the protocol is the core's, this brings
//! sockets, time and policies. `zentinelle zentinel-agent` decides by policy files, `zentinelle
//! serve` by what the server knows.

mod connection;
mod decider;
mod doors;
mod grpc;
mod hosted;
mod socket;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zentinelle_core::zentinel::judge::Plan;
use zentinelle_core::zentinel::{
    AgentResponse, Capabilities, ConnectionId, Exchanges, FailureMode, Identity, Judge, Occurrence, Question,
    SessionConfig, Ticket,
};

pub(crate) use decider::Decider;
use decider::Undecided;
pub(crate) use doors::{Doors, OpenError};
pub(crate) use hosted::start;

use crate::telemetry::VERSION;

/// How long a stopping agent waits for answers it still owes.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the proxy may take to take an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// From here on a body is judged by a task of its own, so that it holds nobody up. Unit: bytes.
const LONG_BODY: usize = 32 * 1024;

/// How an agent behaves.
#[derive(Debug)]
pub(crate) struct Manner {
    /// The name the proxy shows.
    pub(crate) name: String,
    /// On whose behalf requests are made.
    pub(crate) identity: Identity,
    /// Let pass what cannot be judged.
    pub(crate) fail_open: bool,
    /// Refuse correlation ids that clients may have chosen.
    pub(crate) strict_ids: bool,
}

/// What all connections of an agent share.
#[derive(Debug)]
pub(crate) struct Agent {
    /// How every connection behaves.
    config: Arc<SessionConfig>,
    /// What is to be decided.
    judge: Judge,
    /// Who decides.
    decider: Decider,
    /// The events of one request come over several connections.
    exchanges: Mutex<Exchanges>,
    started: Instant,
}

impl Agent {
    /// An agent that no proxy has connected to yet.
    pub(crate) fn new(manner: Manner, decider: Decider) -> Arc<Self> {
        let Manner { name, identity, fail_open, strict_ids } = manner;
        let mut config = SessionConfig::new(Capabilities::new(&name, &name, VERSION));
        config.failure_mode = if fail_open { FailureMode::Open } else { FailureMode::Closed };
        config.strict_ids = strict_ids;
        let judge = Judge { identity, failure_mode: config.failure_mode };
        let exchanges = Mutex::default();
        Arc::new(Self { config: Arc::new(config), judge, decider, exchanges, started: Instant::now() })
    }

    /// The answer to a question.
    async fn answer(&self, question: &Question) -> AgentResponse {
        let now = Timestamp::now();
        let (requests, subject) = match self.judge.plan(question, now) {
            Plan::Answer(answer) => return *answer,
            Plan::Decide(requests, subject) => (requests, subject),
        };
        let mut answer = AgentResponse::allow();
        for request in requests {
            let decided = match self.decider.decide(request).await {
                Ok(decided) => decided,
                // No failure, which may be let pass, but an answer.
                Err(Undecided::Unregistered) => {
                    return AgentResponse::block(403, "refused: no such agent is registered, or it may not act")
                        .with_tag("zentinelle")
                        .with_reason_code("zentinel.agent_not_registered");
                }
                Err(Undecided::Failed) => return self.judge.failure_mode.answer(503, "zentinel.no_decision"),
            };
            self.judge.add(&mut answer, &decided.decision, &subject, now);
            if let Some(id) = decided.evaluation_id {
                answer.audit.custom.insert("evaluation_id".to_owned(), id.into());
            }
            if answer.is_refusal() {
                break;
            }
        }
        answer
    }

    /// Works on what is remembered of requests. Nothing in there waits.
    fn with_exchanges<T>(&self, work: impl FnOnce(&mut Exchanges) -> T) -> T {
        work(&mut self.exchanges.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Milliseconds since the start: a clock that does not go back.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Takes connections until told to stop, then lets those there are finish what they were asked.
async fn serve(listener: UnixListener, agent: Arc<Agent>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let mut next = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                next += 1;
                connections.spawn(connection::serve(stream, ConnectionId(next), Arc::clone(&agent), stop.clone()));
            }
            Err(error) => {
                // Out of descriptors, as a rule: they come back when connections end.
                tracing::error!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    connections.close();
    if tokio::time::timeout(DRAIN, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "not waiting any longer for answers that are still owed");
    }
}

/// A judgement that always comes: one that panics is answered by the failure mode.
async fn judge(agent: Arc<Agent>, ticket: Ticket, question: Question) -> (Ticket, AgentResponse) {
    let failed = agent.config.failure_mode.answer(503, "zentinel.internal");
    let long = match &question {
        Question::RequestBody { body, .. } | Question::ResponseBody { body, .. } => body.len() > LONG_BODY,
        Question::Guardrail(inspect) => inspect.content.len() > LONG_BODY,
        _ => false,
    };
    let response = if long {
        tokio::spawn(async move { agent.answer(&question).await }).await.unwrap_or(failed)
    } else {
        AssertUnwindSafe(agent.answer(&question)).catch_unwind().await.unwrap_or(failed)
    };
    (ticket, response)
}

/// This agent has its policies from its own command line. A configuration that says otherwise is
/// rejected aloud rather than passed over.
fn configure(config: &Value) -> Result<(), String> {
    let found = match config {
        Value::Null => return Ok(()),
        Value::Object(keys) if keys.is_empty() => return Ok(()),
        Value::Object(keys) => keys.keys().map(|key| format!("`{key}`")).take(8).collect::<Vec<_>>().join(", "),
        _ => "a value that is no object".to_owned(),
    };
    tracing::error!(found, "the proxy's configuration of this agent was rejected");
    Err(format!("this agent takes no configuration from the proxy, found {found}; use its own options"))
}

/// Writes into the log what needs no answer. Ids are the client's words and stay out of it.
fn note(occurrence: &Occurrence) {
    match occurrence {
        Occurrence::Greeted(hello) => {
            let version: String = hello.proxy_version.chars().filter(char::is_ascii_graphic).take(32).collect();
            tracing::info!(proxy_version = version, "a proxy connected");
        }
        Occurrence::Noticed(notice) => tracing::warn!("{notice}"),
        Occurrence::Cancelled(_, cancel) => tracing::debug!(reason = ?cancel.reason, "an event was cancelled"),
        Occurrence::Judge(..) | Occurrence::Configure(..) => {}
    }
}
