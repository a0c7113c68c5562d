//! The arguments of a question as the core's request.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use serde_json::{Map, Value};
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::ids::UserId;
use zentinelle_core::request::Baseline;
use zentinelle_core::{Agent, Request};

use crate::error::{Class, Failure, of_faults, raise};
use crate::{instant, value};

/// From here on judging takes so long that other threads should run meanwhile. Unit: bytes of text.
pub(crate) const LONG: usize = 4096;

/// What `decide` and its siblings are called with.
#[derive(Default)]
pub(crate) struct Asked<'py> {
    pub(crate) action: Option<Bound<'py, PyString>>,
    pub(crate) tool: Option<Bound<'py, PyString>>,
    pub(crate) arguments: Option<Bound<'py, PyAny>>,
    pub(crate) user: Option<Bound<'py, PyString>>,
    pub(crate) session: Option<Bound<'py, PyString>>,
    pub(crate) agent: Option<Bound<'py, PyAny>>,
    pub(crate) context: Option<Bound<'py, PyAny>>,
    pub(crate) now: Option<Bound<'py, PyAny>>,
    pub(crate) dry_run: bool,
    pub(crate) reservation: Option<Bound<'py, PyString>>,
    pub(crate) baseline: Option<Bound<'py, PyAny>>,
}

/// The names `Asked` knows, for questions that come as a mapping.
const NAMES: [&str; 11] =
    ["action", "tool", "arguments", "user", "session", "agent", "context", "now", "dry_run", "reservation", "baseline"];

impl<'py> Asked<'py> {
    /// Reads a question that comes as a dict. An unknown key is refused: a misspelt one must not
    /// pass unseen.
    pub(crate) fn read(question: &Bound<'py, PyDict>, index: usize) -> PyResult<Self> {
        let py = question.py();
        for name in question.keys() {
            let known = name.cast::<PyString>().is_ok_and(|name| name.to_str().is_ok_and(|name| NAMES.contains(&name)));
            if !known {
                let (message, pointer) = (format!("unknown key `{}` in a question", name.str()?), format!("/{index}"));
                let failure = Failure {
                    code: "request.unknown_key",
                    message: &message,
                    pointer: Some(&pointer),
                    help: Some("a question has the keys that `Engine.decide` has as arguments"),
                };
                return Err(raise(py, Class::Request, &failure));
            }
        }
        let get = |name: &str| Ok::<_, PyErr>(question.get_item(name)?.filter(|value| !value.is_none()));
        let text = |name: &str| Ok::<_, PyErr>(get(name)?.map(|value| value.cast_into::<PyString>()).transpose()?);
        Ok(Self {
            action: text("action")?,
            tool: text("tool")?,
            arguments: get("arguments")?,
            user: text("user")?,
            session: text("session")?,
            agent: get("agent")?,
            context: get("context")?,
            now: get("now")?,
            dry_run: get("dry_run")?.map_or(Ok(false), |flag| flag.extract())?,
            reservation: text("reservation")?,
            baseline: get("baseline")?,
        })
    }
}

/// Makes a request of a question. `host` is the engine's own agent, `who` the current user and
/// session, for what the question leaves open.
pub(crate) fn build(
    py: Python<'_>,
    asked: &Asked<'_>,
    host: &Arc<Agent>,
    who: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Request, usize)> {
    let mut facts = match &asked.context {
        Some(context) if !context.is_none() => {
            value::to_object(context).map_err(|fault| fault.into_error(py, "/context"))?
        }
        _ => Map::new(),
    };
    let (user, session) = current(who)?;
    if let Some(tool) = &asked.tool {
        fill(py, &mut facts, "tool_name", Value::from(tool.to_str()?))?;
    }
    if let Some(arguments) = &asked.arguments {
        let arguments = value::to_object(arguments).map_err(|fault| fault.into_error(py, "/arguments"))?;
        fill(py, &mut facts, "tool_args", Value::Object(arguments))?;
    }
    match &asked.session {
        Some(session) => fill(py, &mut facts, "session_id", Value::from(session.to_str()?))?,
        None => {
            if let Some(session) = session.filter(|_| !facts.contains_key("session_id")) {
                facts.insert("session_id".to_owned(), Value::from(session.to_str()?));
            }
        }
    }
    let action = match (&asked.action, &asked.tool) {
        (Some(action), _) => action.to_str()?,
        (None, Some(_)) => "tool_call",
        (None, None) => "",
    };
    if action.trim().is_empty() {
        let failure = Failure {
            code: "request.missing_action",
            message: "the request names no action",
            pointer: Some("/action"),
            help: Some("pass `action=\"llm:invoke\"` or another action, or `tool=` for a tool call"),
        };
        return Err(raise(py, Class::Request, &failure));
    }
    let agent = match &asked.agent {
        Some(agent) if !agent.is_none() => read_agent(agent, host)?,
        _ => Arc::clone(host),
    };
    let size = facts.values().map(text_bytes).sum();
    let mut request = Request::new(agent, action, instant::or_now(asked.now.as_ref(), "now")?);
    let user = asked.user.as_ref().or(user.as_ref());
    request.user_id = user.map(|user| user.to_str()).transpose()?.and_then(UserId::non_empty);
    request.context = facts.into();
    request.dry_run = asked.dry_run;
    request.reservation = asked.reservation.as_ref().map(|id| id.to_str()).transpose()?.map(Into::into);
    request.baseline = asked.baseline.as_ref().map(read_baseline).transpose()?.map(Arc::new);
    Ok((request, size))
}

/// A user and a session; either may be open.
type Who<'py> = (Option<Bound<'py, PyString>>, Option<Bound<'py, PyString>>);

/// The current user and session: what `zentinelle_agent.session` has set.
fn current<'py>(who: Option<&Bound<'py, PyAny>>) -> PyResult<Who<'py>> {
    match who {
        Some(who) if !who.is_none() => Ok(who.cast::<PyTuple>()?.extract()?),
        _ => Ok((None, None)),
    }
}

/// Adds a fact that an argument states; the context may say the same, but nothing else.
fn fill(py: Python<'_>, facts: &mut Map<String, Value>, key: &'static str, value: Value) -> PyResult<()> {
    match facts.get(key) {
        Some(there) if *there != value => {
            let (message, pointer) =
                (format!("`{key}` of the context differs from the argument"), format!("/context/{key}"));
            let failure = Failure {
                code: "request.contradiction",
                message: &message,
                pointer: Some(&pointer),
                help: Some("say it once"),
            };
            Err(raise(py, Class::Request, &failure))
        }
        Some(_) => Ok(()),
        None => {
            facts.insert(key.to_owned(), value);
            Ok(())
        }
    }
}

/// An agent by its id, or in full; what it leaves out is that of the engine's own agent.
pub(crate) fn read_agent(agent: &Bound<'_, PyAny>, host: &Agent) -> PyResult<Arc<Agent>> {
    let py = agent.py();
    if let Ok(id) = agent.cast::<PyString>() {
        return Ok(Arc::new(Agent::new(host.tenant_id.clone(), id.to_str()?)));
    }
    if let Ok(known) = agent.cast::<crate::agent::AgentHandle>() {
        return Ok(Arc::clone(&known.get().0));
    }
    let mut facts = value::to_object(agent).map_err(|fault| fault.into_error(py, "/agent"))?;
    facts.entry("tenant_id").or_insert_with(|| host.tenant_id.as_str().into());
    facts.entry("agent_id").or_insert_with(|| host.agent_id.as_str().into());
    let decoded = decode_as::<Agent>(&Value::Object(facts), "an agent").strict();
    decoded.map(Arc::new).map_err(|faults| of_faults(py, Class::Request, &faults, "/agent"))
}

fn read_baseline(baseline: &Bound<'_, PyAny>) -> PyResult<Baseline> {
    let py = baseline.py();
    let facts = value::to_object(baseline).map_err(|fault| fault.into_error(py, "/baseline"))?;
    let decoded = decode_as::<Baseline>(&Value::Object(facts), "a baseline").strict();
    decoded.map_err(|faults| of_faults(py, Class::Request, &faults, "/baseline"))
}

/// How much text a value holds: what judging costs.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(entries) => entries.values().map(text_bytes).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
