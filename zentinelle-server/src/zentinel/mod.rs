//! The engine as an agent of the Zentinel reverse proxy: the protocol is the core's, this brings
//! sockets, time and policies.

mod connection;
mod decider;
pub(crate) mod grpc;
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
    AgentResponse, ConnectionId, Exchanges, Judge, Occurrence, Question, SessionConfig, Ticket,
};

pub(crate) use decider::Decider;
pub(crate) use socket::Socket;

/// How long a stopping agent waits for answers it still owes.
const DRAIN: Duration = Duration::from_secs(10);
/// From here on a body is judged by a task of its own, so that it holds nobody up. Unit: bytes.
const LONG_BODY: usize = 32 * 1024;

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
    pub(crate) fn new(config: SessionConfig, judge: Judge, decider: Decider) -> Arc<Self> {
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
            let Some(decision) = self.decider.decide(request).await else {
                return self.judge.failure_mode.answer(503, "zentinel.no_decision");
            };
            self.judge.add(&mut answer, &decision, &subject, now);
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
pub(crate) async fn serve(listener: UnixListener, agent: Arc<Agent>, stop: CancellationToken) {
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
