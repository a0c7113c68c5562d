//! The engine as a handle: parsed once, frozen, shared between threads.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use serde_json::json;
use zentinelle_core::document::diagnostic::Severity;
use zentinelle_core::ledger::Ledger as _;
use zentinelle_core::{Agent, NoPolicy, PolicySet, Request, engine, policy_document};

use crate::approval::KeyRing;
use crate::assessment::{Assessment, Pending, ready};
use crate::decision::Decision;
use crate::document::{kept_policies, read_document, version_of};
use crate::error::{Class, Failure, of_problems, raise};
use crate::ledger::{Batch, MemoryLedger, outcome, outcome_value};
use crate::request::{Asked, LONG, build, read_agent};
use crate::value;

/// Where what requests spend is kept.
pub(crate) enum Kept {
    Memory(Py<MemoryLedger>),
    /// A Python object with `apply(batch)`.
    Host(Py<PyAny>),
}

/// Decides whether an agent may do a thing, and says why.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Engine {
    pub(crate) engine: engine::Engine,
    agent: Arc<Agent>,
    pub(crate) ledger: Kept,
    /// The context variable that holds the current user and session.
    who: Py<PyAny>,
}

/// How an engine is set up, beside its policies.
struct Setup<'py> {
    agent: Option<Bound<'py, PyAny>>,
    ledger: Option<Bound<'py, PyAny>>,
    approvals: Option<Bound<'py, KeyRing>>,
    no_policy: &'py str,
}

impl Engine {
    fn make(py: Python<'_>, set: PolicySet, setup: &Setup<'_>) -> PyResult<Self> {
        let no_policy = match setup.no_policy {
            "deny" => NoPolicy::Deny,
            "permit" => NoPolicy::Permit,
            other => {
                let message = format!("`no_policy` is `{other}`");
                let failure = Failure {
                    code: "value.unknown_value",
                    message: &message,
                    pointer: None,
                    help: Some("write `deny` or `permit`"),
                };
                return Err(raise(py, Class::Request, &failure));
            }
        };
        let tenant = set.tenant().clone();
        let mut engine = engine::Engine::new(set).with_no_policy(no_policy);
        if let Some(keys) = &setup.approvals {
            engine = engine.with_approvals(keys.get().0.clone());
        }
        let local = Agent::new(tenant, "local");
        let agent = match &setup.agent {
            Some(agent) => read_agent(agent, &local)?,
            None => Arc::new(local),
        };
        let ledger = match &setup.ledger {
            None => Kept::Memory(py.get_type::<MemoryLedger>().call0()?.cast_into::<MemoryLedger>()?.unbind()),
            Some(ledger) => match ledger.cast::<MemoryLedger>() {
                Ok(memory) => Kept::Memory(memory.clone().unbind()),
                Err(_) => Kept::Host(ledger.clone().unbind()),
            },
        };
        let who = py.import("zentinelle_agent._current")?.getattr("WHO")?.unbind();
        Ok(Self { engine, agent, ledger, who })
    }

    fn request(&self, py: Python<'_>, asked: &Asked<'_>) -> PyResult<(Request, usize)> {
        if asked.user.is_some() && asked.session.is_some() {
            return build(py, asked, &self.agent, None);
        }
        let who = self.who.bind(py).call_method1(pyo3::intern!(py, "get"), (py.None(),))?;
        build(py, asked, &self.agent, Some(&who))
    }

    pub(crate) fn judge(&self, py: Python<'_>, request: Request, size: usize) -> PyResult<Decision> {
        let decision = match &self.ledger {
            Kept::Memory(ledger) => {
                let ledger = &ledger.get().0;
                match size < LONG {
                    true => self.engine.decide(&request, ledger),
                    false => py.detach(|| self.engine.decide(&request, ledger)),
                }
            }
            Kept::Host(ledger) => {
                let assessment = match size < LONG {
                    true => self.engine.assess(&request),
                    false => py.detach(|| self.engine.assess(&request)),
                };
                let applied = match assessment.batch() {
                    None => None,
                    Some(batch) => {
                        let batch = Bound::new(py, Batch(batch.clone()))?;
                        Some(outcome(py, ledger.bind(py).call_method1(pyo3::intern!(py, "apply"), (batch,)))?)
                    }
                };
                assessment.conclude(applied)
            }
        };
        Ok(Decision::new(decision, request))
    }
}

#[pymethods]
impl Engine {
    /// Reads a policy file.
    ///
    /// Args:
    ///     path: YAML or JSON.
    ///     tenant: Whose policies these are; agents of another tenant are refused.
    ///     agent: Who acts where a request does not say. Default: an agent `local`.
    ///     ledger: Keeps what requests spend: a `MemoryLedger`, or any object with `apply(batch)`.
    ///     approvals: The keys whose approvals are believed. Default: none.
    ///     no_policy: What to answer where no policy applies: `deny` or `permit`.
    ///
    /// Raises:
    ///     PolicyDocumentError: Any fault; no part of a faulty document is used.
    ///     OSError: The file cannot be read.
    ///
    /// Source: `docs/guide/policies.md`.
    #[staticmethod]
    #[pyo3(signature = (path, *, tenant="local", agent=None, ledger=None, approvals=None, no_policy="deny"))]
    fn from_file(
        py: Python<'_>,
        path: std::path::PathBuf,
        tenant: &str,
        agent: Option<Bound<'_, PyAny>>,
        ledger: Option<Bound<'_, PyAny>>,
        approvals: Option<Bound<'_, KeyRing>>,
        no_policy: &str,
    ) -> PyResult<Self> {
        // With the file's name, which the error of a read does not tell.
        let text = py.detach(|| std::fs::read_to_string(&path)).map_err(|error| {
            let strerror = error.kind().to_string();
            PyOSError::new_err((error.raw_os_error(), strerror, path.clone()))
        })?;
        let document = read_document(py, &text, &path.display().to_string())?;
        let setup = Setup { agent, ledger, approvals, no_policy };
        Self::make(py, document.policy_set(&tenant.into(), &version_of(&text)), &setup)
    }

    /// Reads policies from YAML or JSON text. Arguments and errors as for `from_file`.
    #[staticmethod]
    #[pyo3(signature = (text, *, tenant="local", agent=None, ledger=None, approvals=None, no_policy="deny"))]
    fn from_yaml(
        py: Python<'_>,
        text: &str,
        tenant: &str,
        agent: Option<Bound<'_, PyAny>>,
        ledger: Option<Bound<'_, PyAny>>,
        approvals: Option<Bound<'_, KeyRing>>,
        no_policy: &str,
    ) -> PyResult<Self> {
        let document = read_document(py, text, "policies")?;
        let setup = Setup { agent, ledger, approvals, no_policy };
        Self::make(py, document.policy_set(&tenant.into(), &version_of(text)), &setup)
    }

    /// Reads policies that are Python values already. Further arguments as for `from_file`.
    ///
    /// Args:
    ///     policies: One value each: dicts, dataclasses or models.
    ///     strict: Whether a faulty config is refused. Without, policies are taken as a server keeps
    ///         them: with an id and a name each, and one that cannot be used denies what it applies to.
    ///     version: Names this snapshot in decisions. Default: a digest of the policies.
    ///
    /// Raises:
    ///     PolicyDocumentError: A fault, with its JSON Pointer.
    #[staticmethod]
    #[pyo3(signature = (policies, *, tenant="local", agent=None, ledger=None, approvals=None, no_policy="deny", strict=true, version=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of a Python constructor")]
    fn from_policies(
        py: Python<'_>,
        policies: &Bound<'_, PyAny>,
        tenant: &str,
        agent: Option<Bound<'_, PyAny>>,
        ledger: Option<Bound<'_, PyAny>>,
        approvals: Option<Bound<'_, KeyRing>>,
        no_policy: &str,
        strict: bool,
        version: Option<&str>,
    ) -> PyResult<Self> {
        let listed: Vec<Bound<'_, PyAny>> = policies.try_iter()?.collect::<PyResult<_>>()?;
        let listed = pyo3::types::PyList::new(py, listed)?;
        let listed = value::to_value(listed.as_any()).map_err(|fault| fault.into_error(py, "/policies"))?;
        let text = json!({ "policies": listed }).to_string();
        let version = version.map_or_else(|| version_of(&text), str::to_owned);
        let set = match strict {
            true => {
                let (document, problems) = py.detach(|| policy_document::read(&text));
                let empty = listed.as_array().is_some_and(Vec::is_empty);
                if !empty && problems.iter().any(|problem| problem.severity == Severity::Error) {
                    return Err(of_problems(py, &problems, "policies", &text));
                }
                document.policy_set(&tenant.into(), &version)
            }
            false => {
                let kept = kept_policies(py, listed, tenant)?;
                py.detach(|| PolicySet::compile(tenant.into(), version, kept))
            }
        };
        Self::make(py, set, &Setup { agent, ledger, approvals, no_policy })
    }

    /// Decides one request, and spends what it costs when it is permitted.
    ///
    /// Args:
    ///     action: What is attempted, such as `llm:invoke`. Default: `tool_call` when `tool` is given.
    ///     tool: The tool's name; `tool_name` of the context.
    ///     arguments: What the tool is called with, an object; `tool_args` of the context.
    ///     user: The user the agent acts for. Default: the one of `session` or `acting_for`.
    ///     session: `session_id` of the context. Default: the one of `session`.
    ///     agent: Who acts, by id, as an `Agent` or as a dict of facts. Default: the engine's own.
    ///     context: Facts about the request: a dict, dataclass or model. Never an identity.
    ///     now: The instant at which the request is judged, with a time zone. Default: the clock.
    ///     dry_run: Ask only; nothing is spent, and `allowed` is always true.
    ///     reservation: Keeps what is spent open for settlement under this id.
    ///     baseline: What the host has learnt about the agent's usual behaviour.
    ///
    /// Returns:
    ///     The decision; true when the agent may go on.
    ///
    /// Raises:
    ///     RequestError: A value that cannot be judged, with its JSON Pointer; `request.missing_action`;
    ///         `request.contradiction` when the context says something else than an argument.
    ///
    /// Source: `docs/guide/deciding.md`; the outward form is `docs/reference/schemas/decision.json`.
    #[pyo3(signature = (action=None, *, tool=None, arguments=None, user=None, session=None, agent=None, context=None, now=None, dry_run=false, reservation=None, baseline=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of a Python method")]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        action: Option<Bound<'py, PyString>>,
        tool: Option<Bound<'py, PyString>>,
        arguments: Option<Bound<'py, PyAny>>,
        user: Option<Bound<'py, PyString>>,
        session: Option<Bound<'py, PyString>>,
        agent: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        now: Option<Bound<'py, PyAny>>,
        dry_run: bool,
        reservation: Option<Bound<'py, PyString>>,
        baseline: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Decision> {
        let asked =
            Asked { action, tool, arguments, user, session, agent, context, now, dry_run, reservation, baseline };
        let (request, size) = self.request(py, &asked)?;
        self.judge(py, request, size)
    }

    /// The twin of `decide` for coroutines; same arguments, result and errors.
    ///
    /// Short requests are decided before the coroutine is handed out, which takes microseconds. Texts
    /// of 4 KiB and more, and ledgers that do input and output, leave the event loop free.
    #[pyo3(signature = (action=None, *, tool=None, arguments=None, user=None, session=None, agent=None, context=None, now=None, dry_run=false, reservation=None, baseline=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of a Python method")]
    fn decide_async<'py>(
        slf: &Bound<'py, Self>,
        action: Option<Bound<'py, PyString>>,
        tool: Option<Bound<'py, PyString>>,
        arguments: Option<Bound<'py, PyAny>>,
        user: Option<Bound<'py, PyString>>,
        session: Option<Bound<'py, PyString>>,
        agent: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        now: Option<Bound<'py, PyAny>>,
        dry_run: bool,
        reservation: Option<Bound<'py, PyString>>,
        baseline: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        static CONCLUDE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let asked =
            Asked { action, tool, arguments, user, session, agent, context, now, dry_run, reservation, baseline };
        let this = slf.get();
        let (request, size) = this.request(py, &asked)?;
        let (pending, ledger) = match &this.ledger {
            Kept::Host(ledger) if size < LONG => {
                (Pending::assessed(this.engine.assess(&request), request), ledger.clone_ref(py))
            }
            Kept::Host(ledger) => (Pending::new(slf.clone().unbind(), request), ledger.clone_ref(py)),
            Kept::Memory(_) if size < LONG => {
                let decision = this.judge(py, request, size)?;
                return ready(py, Bound::new(py, decision)?.into_any());
            }
            Kept::Memory(_) => (Pending::new(slf.clone().unbind(), request), py.None()),
        };
        let conclude: &Py<PyAny> = CONCLUDE.get_or_try_init(py, || {
            Ok::<_, PyErr>(py.import("zentinelle_agent._async")?.getattr("conclude")?.unbind())
        })?;
        conclude.bind(py).call1((Bound::new(py, pending)?, ledger))
    }

    /// Decides many requests in their order; other threads run meanwhile.
    ///
    /// Args:
    ///     questions: Dicts with the arguments of `decide`. An unknown key is refused.
    ///
    /// Raises:
    ///     RequestError: With the place of the question, such as `/3`. Nothing was decided then.
    fn decide_many(&self, py: Python<'_>, questions: &Bound<'_, PyAny>) -> PyResult<Vec<Decision>> {
        let mut requests = Vec::new();
        for (index, question) in questions.try_iter()?.enumerate() {
            let question = question?;
            let Ok(question) = question.cast::<PyDict>() else {
                let (message, pointer) =
                    (format!("a question is a `{}`", question.get_type().name()?), format!("/{index}"));
                let failure = Failure {
                    code: "request.wrong_type",
                    message: &message,
                    pointer: Some(&pointer),
                    help: Some("pass dicts with the arguments of `Engine.decide`"),
                };
                return Err(raise(py, Class::Request, &failure));
            };
            requests.push(self.request(py, &Asked::read(question, index)?)?);
        }
        match &self.ledger {
            Kept::Memory(ledger) => {
                let ledger = &ledger.get().0;
                let decided = py.detach(|| {
                    let decide = |(request, _)| {
                        let decision = self.engine.decide(&request, ledger);
                        Decision::new(decision, request)
                    };
                    requests.into_iter().map(decide).collect()
                });
                Ok(decided)
            }
            Kept::Host(_) => requests.into_iter().map(|(request, size)| self.judge(py, request, size)).collect(),
        }
    }

    /// The first step alone, for hosts with a ledger of their own: what policies say, and what the
    /// request would spend.
    #[pyo3(signature = (action=None, *, tool=None, arguments=None, user=None, session=None, agent=None, context=None, now=None, dry_run=false, reservation=None, baseline=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of a Python method")]
    fn assess<'py>(
        &self,
        py: Python<'py>,
        action: Option<Bound<'py, PyString>>,
        tool: Option<Bound<'py, PyString>>,
        arguments: Option<Bound<'py, PyAny>>,
        user: Option<Bound<'py, PyString>>,
        session: Option<Bound<'py, PyString>>,
        agent: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        now: Option<Bound<'py, PyAny>>,
        dry_run: bool,
        reservation: Option<Bound<'py, PyString>>,
        baseline: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Assessment> {
        let asked =
            Asked { action, tool, arguments, user, session, agent, context, now, dry_run, reservation, baseline };
        let (request, size) = self.request(py, &asked)?;
        let assessment = match size < LONG {
            true => self.engine.assess(&request),
            false => py.detach(|| self.engine.assess(&request)),
        };
        Ok(Assessment(Mutex::new(Some((assessment, request)))))
    }

    /// The second step alone: applies a batch to this engine's ledger, all or nothing.
    fn commit<'py>(&self, py: Python<'py>, batch: &Bound<'py, Batch>) -> PyResult<Bound<'py, PyAny>> {
        match &self.ledger {
            Kept::Memory(ledger) => match ledger.get().0.apply(&batch.get().0) {
                Ok(outcome) => outcome_value(py, &outcome),
                Err(error) => Err(crate::error::of_ledger(py, &error)),
            },
            Kept::Host(ledger) => ledger.bind(py).call_method1(pyo3::intern!(py, "apply"), (batch,)),
        }
    }

    /// The ledger.
    #[getter]
    fn ledger(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.ledger {
            Kept::Memory(ledger) => ledger.clone_ref(py).into_any(),
            Kept::Host(ledger) => ledger.clone_ref(py),
        }
    }

    /// The policies, as a list of dicts.
    #[getter]
    fn policies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let policies: Vec<_> = self.engine.policies().policies().collect();
        value::to_python(py, &serde_json::to_value(policies).unwrap_or_default())
    }

    /// The name of this policy snapshot.
    #[getter]
    fn version(&self) -> &str {
        self.engine.policies().version()
    }

    fn __repr__(&self) -> String {
        let policies = self.engine.policies();
        format!("<Engine {} of {} policies>", policies.version(), policies.policies().len())
    }
}
