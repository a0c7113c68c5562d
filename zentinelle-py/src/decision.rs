//! A decision as Python sees it: what most callers ask for at once, the rest when it is read.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use serde_json::Value;
use zentinelle_core::{Request, engine, wire::DecisionDocument};

use crate::error::{Failure, denied};
use crate::{instant, value};

/// The answer to one request, with its reasons. True when the agent may go on.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Decision {
    decision: engine::Decision,
    request: Request,
    document: OnceLock<Value>,
}

impl Decision {
    pub(crate) fn new(decision: engine::Decision, request: Request) -> Self {
        Self { decision, request, document: OnceLock::new() }
    }

    fn is_allowed(&self) -> bool {
        self.decision.is_dry_run() || self.decision.is_permitted()
    }

    fn wire(&self) -> DecisionDocument {
        DecisionDocument::new(&self.decision, &self.request)
    }

    /// One key of the outward document, made once for all of them.
    fn key<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let document = self.document.get_or_init(|| serde_json::to_value(self.wire()).unwrap_or_default());
        value::to_python(py, document.get(key).unwrap_or(&Value::Null))
    }

    fn reason_text(&self) -> Option<&str> {
        let because = self.decision.reason().unwrap_or("no policy applies to this agent and user");
        (!self.is_allowed()).then_some(because)
    }
}

#[pymethods]
impl Decision {
    /// Whether to go on. Always true in a dry run, which only asks: see `effect`.
    #[getter]
    fn allowed(&self) -> bool {
        self.is_allowed()
    }

    /// `permit`, `deny` or `no_policy`; in a dry run what it would have been.
    #[getter]
    fn effect<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::intern(py, self.decision.effect().name())
    }

    /// Why not, in words; None when allowed.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.reason_text()
    }

    /// The stable code of the reason; None when allowed.
    #[getter]
    fn code(&self) -> Option<&str> {
        self.decision.primary().map(|violation| violation.code.as_str())
    }

    /// Whether this was only a question.
    #[getter]
    fn dry_run(&self) -> bool {
        self.decision.is_dry_run()
    }

    /// 0 to 100.
    #[getter]
    fn risk_score(&self) -> u32 {
        self.decision.risk().score
    }

    /// When a limit that refused opens again; None when none refused.
    #[getter]
    fn retry_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.decision.retry_at().map(|at| instant::to_python(py, at)).transpose()
    }

    /// The policy snapshot the decision was made with.
    #[getter]
    fn policy_set_version(&self) -> &str {
        self.decision.policies().version()
    }

    /// The ids of the policies that made the decision what it is.
    #[getter]
    fn determining<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.decision.determining().map(|(policy, _)| policy.id.as_str()))
    }

    /// What each policy said, in the order in which they were asked.
    #[getter]
    fn policies_evaluated<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "policies_evaluated")
    }

    /// Warnings in words, budgets first.
    #[getter]
    fn warnings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "warnings")
    }

    /// Warnings with kind and code, in the same order as `warnings`.
    #[getter]
    fn notices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "notices")
    }

    /// What the host must do when it goes on: mask, cap rows, log, ask a human.
    #[getter]
    fn obligations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "obligations")
    }

    /// What was spent; empty when denied or only asked.
    #[getter]
    fn charges<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "charges")
    }

    /// The approvals that would flip the denial; empty when none would.
    #[getter]
    fn requestable<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.decision.requestable().is_none() {
            return Ok(PyList::empty(py).into_any());
        }
        self.key(py, "requestable")
    }

    /// What raised the risk score, with points, before the caps.
    #[getter]
    fn risk_factors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "risk_factors")
    }

    /// The request's context with what policies added to it.
    #[getter]
    fn context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "context")
    }

    /// The decision in words, over several lines: each reason, and what would flip it.
    fn explain(&self) -> String {
        self.decision.explain().to_string()
    }

    /// The smallest change that would flip a denial: every reason with what would mend it.
    fn smallest_change(&self) -> Vec<String> {
        self.decision.smallest_change()
    }

    /// The whole decision as the outward JSON document, a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let document = self.document.get_or_init(|| serde_json::to_value(self.wire()).unwrap_or_default());
        value::to_python(py, document)
    }

    /// The whole decision as the outward JSON document, in one line; byte for byte what every
    /// other binding and the server write.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.wire()).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
    }

    /// Raises `PolicyDenied` unless the agent may go on; returns the decision itself.
    fn raise_if_denied(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        let this = slf.get();
        let Some(reason) = this.reason_text() else { return Ok(slf) };
        let change = this.decision.smallest_change();
        let violation = this.decision.primary();
        let failure = Failure {
            code: violation.map_or("no_policy", |violation| violation.code.as_str()),
            message: reason,
            pointer: violation.map(|violation| violation.pointer.as_str()),
            help: change.first().map(String::as_str),
        };
        Err(denied(slf.py(), &failure, slf.as_any()))
    }

    fn __bool__(&self) -> bool {
        self.is_allowed()
    }

    fn __repr__(&self) -> String {
        match self.reason_text() {
            None => format!("<Decision {}>", self.decision.effect().name()),
            Some(reason) => format!("<Decision {}: {reason}>", self.decision.effect().name()),
        }
    }
}
