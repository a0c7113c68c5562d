//! The Zentinel agent protocol for `zentinel_agent_sdk`: bytes in, events out, answers in, bytes
//! out. Python brings the sockets and the handlers; what the protocol demands is done here.

mod event;
mod link;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use zentinelle_core::ids::TenantId;
use zentinelle_core::zentinel::judge::merge;
use zentinelle_core::zentinel::{
    AgentResponse, Capabilities, Connection, ConnectionId, Exchanges, FailureMode, Identity, Judge, Occurrence,
    Session, SessionConfig, Ticket, grpc,
};
use zentinelle_core::{Agent, Engine, MemoryLedger, NoPolicy};

use self::event::event;
use self::link::Link;
use crate::document::read_document;

pub(crate) use self::event::Head;

/// Policies that judge before Python does.
struct Policies {
    judge: Judge,
    engine: Engine,
    ledger: MemoryLedger,
}

/// What all connections of an agent share.
#[pyclass(frozen, module = "zentinel_agent_sdk", name = "ZentinelAgent")]
pub(crate) struct ZentinelAgent {
    config: Arc<SessionConfig>,
    exchanges: Mutex<Exchanges>,
    policies: Option<Policies>,
    started: Instant,
}

#[pymethods]
impl ZentinelAgent {
    #[new]
    #[pyo3(signature = (name, version, *, fail_open=false, policies=None, policies_name="policies"))]
    fn new(
        py: Python<'_>,
        name: &str,
        version: &str,
        fail_open: bool,
        policies: Option<&str>,
        policies_name: &str,
    ) -> PyResult<Self> {
        let mut config = SessionConfig::new(Capabilities::new(name, name, version));
        config.failure_mode = if fail_open { FailureMode::Open } else { FailureMode::Closed };
        let policies = policies.map(|text| read(py, text, policies_name, name, config.failure_mode)).transpose()?;
        Ok(Self { config: Arc::new(config), exchanges: Mutex::default(), policies, started: Instant::now() })
    }

    /// A connection over a Unix socket before its first byte.
    fn connection(slf: Bound<'_, Self>, number: u64) -> ZentinelConnection {
        let link = Link::Socket(Connection::new(Arc::clone(&slf.get().config), ConnectionId(number)));
        ZentinelConnection { agent: slf.unbind(), state: Mutex::new(State { link, judged: Vec::new() }) }
    }

    /// A stream of gRPC before its first message.
    fn stream(slf: Bound<'_, Self>, number: u64) -> ZentinelConnection {
        let link = Link::Stream(Session::new(Arc::clone(&slf.get().config), ConnectionId(number)));
        ZentinelConnection { agent: slf.unbind(), state: Mutex::new(State { link, judged: Vec::new() }) }
    }
}

fn read(py: Python<'_>, text: &str, name: &str, agent: &str, failure_mode: FailureMode) -> PyResult<Policies> {
    let document = read_document(py, text, name)?;
    let tenant = TenantId::new("local");
    // What no policy speaks of is the handler's to decide.
    let engine = Engine::new(document.policy_set(&tenant, name)).with_no_policy(NoPolicy::Permit);
    let identity = Identity { agent: Arc::new(Agent::new(tenant, agent)), agent_header: None, user_header: None };
    Ok(Policies { judge: Judge { identity, failure_mode }, engine, ledger: MemoryLedger::default() })
}

impl ZentinelAgent {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn exchanges(&self) -> MutexGuard<'_, Exchanges> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct State {
    link: Link,
    /// What the policies said of questions that Python still has to answer.
    judged: Vec<(Ticket, AgentResponse)>,
}

/// One connection of the proxy. Every method answers `(what to send, events, state)`, where the
/// state is 1 while more bytes are wanted, 2 when the connection must end, else 0.
#[pyclass(frozen, module = "zentinel_agent_sdk", name = "ZentinelConnection")]
pub(crate) struct ZentinelConnection {
    agent: Py<ZentinelAgent>,
    state: Mutex<State>,
}

#[pymethods]
impl ZentinelConnection {
    /// Takes bytes as they were read from the socket, or one message of a stream.
    fn receive<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
        let mut state = self.lock();
        let agent = self.agent.get();
        let met = match &mut state.link {
            Link::Socket(connection) => {
                connection.push(data);
                None
            }
            Link::Stream(session) => {
                let message = grpc::decode(data).map_err(|error| PyValueError::new_err(error.to_string()))?;
                message.and_then(|message| session.accept(message, &mut agent.exchanges(), agent.now_ms()))
            }
        };
        self.turn(py, &mut state, met)
    }

    /// Answers an event: `response` is JSON, or nothing for a plain allow.
    #[pyo3(signature = (ticket, response=None))]
    fn answer<'py>(&self, py: Python<'py>, ticket: u64, response: Option<&str>) -> PyResult<Bound<'py, PyTuple>> {
        let response = match response {
            None => AgentResponse::allow(),
            Some(json) => serde_json::from_str(json).map_err(|error| PyValueError::new_err(error.to_string()))?,
        };
        let mut state = self.lock();
        self.put(&mut state, ticket, response);
        self.turn(py, &mut state, None)
    }

    /// Answers an event whose handler failed, by the failure mode.
    fn fail<'py>(&self, py: Python<'py>, ticket: u64) -> PyResult<Bound<'py, PyTuple>> {
        let response = self.agent.get().config.failure_mode.answer(503, "zentinel.handler_failed");
        let mut state = self.lock();
        self.put(&mut state, ticket, response);
        self.turn(py, &mut state, None)
    }

    /// Tells whether a configuration was applied.
    #[pyo3(signature = (ticket, error=None))]
    fn configured<'py>(&self, py: Python<'py>, ticket: u64, error: Option<String>) -> PyResult<Bound<'py, PyTuple>> {
        let mut state = self.lock();
        let applied = error.map_or(Ok(()), Err);
        match &mut state.link {
            Link::Socket(connection) => connection.configured(Ticket(ticket), applied),
            Link::Stream(session) => session.configured(Ticket(ticket), applied),
        };
        self.turn(py, &mut state, None)
    }

    /// Ends the connection as soon as everything that came is answered.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut state = self.lock();
        let now_ms = self.agent.get().now_ms();
        match &mut state.link {
            Link::Socket(connection) => connection.drain(now_ms),
            Link::Stream(session) => session.drain(now_ms),
        }
        self.turn(py, &mut state, None)
    }

    /// Whether the peer may close now without losing half a message.
    fn is_at_border(&self) -> bool {
        match &self.lock().link {
            Link::Socket(connection) => connection.is_at_border(),
            Link::Stream(_) => true,
        }
    }

    /// Why the connection ended, if it did.
    fn end(&self) -> Option<String> {
        self.lock().link.end()
    }
}

impl ZentinelConnection {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, state: &mut State, ticket: u64, mut response: AgentResponse) {
        let ticket = Ticket(ticket);
        if let Some(place) = state.judged.iter().position(|(judged, _)| *judged == ticket) {
            let (_, judged) = state.judged.swap_remove(place);
            // The policies' words in the audit log stand beside the handler's.
            let mut both = judged;
            std::mem::swap(&mut both.audit, &mut response.audit);
            merge(&mut response, AgentResponse { audit: both.audit, ..AgentResponse::allow() });
            response.response_body_mutation = response.response_body_mutation.or(both.response_body_mutation);
        }
        state.link.answer(ticket, response, &mut self.agent.get().exchanges());
    }

    /// Everything that can happen now, happens.
    fn turn<'py>(
        &self,
        py: Python<'py>,
        state: &mut State,
        mut met: Option<Occurrence>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let agent = self.agent.get();
        let mut events: Option<Bound<'py, PyList>> = None;
        loop {
            let next = met.take().or_else(|| state.link.poll(&mut agent.exchanges(), agent.now_ms()));
            let Some(occurrence) = next else { break };
            if let Occurrence::Judge(ticket, question) = &occurrence
                && let Some(policies) = &agent.policies
            {
                let judged = policies
                    .judge
                    .answer(question, Timestamp::now(), |request| policies.engine.decide(request, &policies.ledger));
                if judged.is_refusal() {
                    state.link.answer(*ticket, judged, &mut agent.exchanges());
                    continue;
                }
                state.judged.push((*ticket, judged));
            }
            if let Some(event) = event(py, occurrence)? {
                events.get_or_insert_with(|| PyList::empty(py)).append(event)?;
            }
        }
        let output = state.link.output(py)?;
        let code = match state.link.end() {
            Some(_) => 2_u8,
            None if state.link.wants_more() => 1,
            None => 0,
        };
        (output, events, code).into_pyobject(py)
    }
}
