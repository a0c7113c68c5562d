//! Failures as Python exceptions: every one carries `code`, `message`, `pointer` and `help`.
//!
//! The classes are written in Python (`zentinelle_agent.errors`), where people read and
//! subclass them; this file only picks one and fills it.

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use zentinelle_core::PolicyError;
use zentinelle_core::approval::TokenError;
use zentinelle_core::document::diagnostic::{Problem, SourceFile, Style, render};
use zentinelle_core::ledger::LedgerError;

/// The classes that native code raises.
#[derive(Clone, Copy)]
pub(crate) enum Class {
    /// A policy document that cannot be used.
    PolicyDocument,
    /// A request that cannot be judged as it stands.
    Request,
    /// A decision that says no, raised because the caller asked for that.
    PolicyDenied,
    /// A token or a key that was refused.
    Approval,
    /// A ledger that cannot answer.
    Ledger,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::PolicyDocument => "PolicyDocumentError",
            Self::Request => "RequestError",
            Self::PolicyDenied => "PolicyDenied",
            Self::Approval => "ApprovalError",
            Self::Ledger => "LedgerError",
        }
    }

    pub(crate) fn get(self, py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
        static POLICY_DOCUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        static REQUEST: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        static POLICY_DENIED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        static APPROVAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        static LEDGER: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let cell = match self {
            Self::PolicyDocument => &POLICY_DOCUMENT,
            Self::Request => &REQUEST,
            Self::PolicyDenied => &POLICY_DENIED,
            Self::Approval => &APPROVAL,
            Self::Ledger => &LEDGER,
        };
        cell.import(py, "zentinelle_agent.errors", self.name())
    }
}

/// One failure, before it becomes an exception.
pub(crate) struct Failure<'f> {
    /// The stable code.
    pub(crate) code: &'f str,
    /// What was found and what was expected.
    pub(crate) message: &'f str,
    /// Where, as a JSON Pointer.
    pub(crate) pointer: Option<&'f str>,
    /// How to mend it.
    pub(crate) help: Option<&'f str>,
}

/// The exception for a failure.
pub(crate) fn raise(py: Python<'_>, class: Class, failure: &Failure<'_>) -> PyErr {
    make(py, class, failure, &[]).unwrap_or_else(|error| error)
}

/// The exception for a decision that says no.
pub(crate) fn denied(py: Python<'_>, failure: &Failure<'_>, decision: &Bound<'_, PyAny>) -> PyErr {
    make(py, Class::PolicyDenied, failure, &[("decision", decision.clone())]).unwrap_or_else(|error| error)
}

fn make(py: Python<'_>, class: Class, failure: &Failure<'_>, more: &[(&str, Bound<'_, PyAny>)]) -> PyResult<PyErr> {
    let keywords = PyDict::new(py);
    keywords.set_item("code", failure.code)?;
    keywords.set_item("pointer", failure.pointer)?;
    keywords.set_item("help", failure.help)?;
    for (name, value) in more {
        keywords.set_item(name, value)?;
    }
    let error = class.get(py)?.call((failure.message,), Some(&keywords))?;
    Ok(PyErr::from_value(error))
}

/// The exception for faults of one value; the first is told, all are counted.
pub(crate) fn of_faults(py: Python<'_>, class: Class, faults: &[PolicyError], under: &str) -> PyErr {
    let Some(first) = faults.first() else {
        return raise(
            py,
            class,
            &Failure { code: "value.refused", message: "the value was refused", pointer: None, help: None },
        );
    };
    let pointer = first.pointer().under(under);
    let message = match faults.len() {
        1 => first.message().to_owned(),
        more => format!("{} (and {} more)", first.message(), more - 1),
    };
    let failure =
        Failure { code: first.code().as_str(), message: &message, pointer: Some(pointer.as_str()), help: first.help() };
    raise(py, class, &failure)
}

/// The exception for a document with faults: all of them, rendered with their lines.
pub(crate) fn of_problems(py: Python<'_>, problems: &[Problem], name: &str, text: &str) -> PyErr {
    let make = || -> PyResult<PyErr> {
        let listed = PyList::empty(py);
        for problem in problems {
            let item = PyDict::new(py);
            item.set_item("code", problem.code.as_str())?;
            item.set_item("message", &problem.message)?;
            item.set_item("pointer", problem.pointer.as_str())?;
            item.set_item("help", problem.help.as_deref())?;
            let file = SourceFile { name, text };
            let place = problem.span.as_ref().map(|span| file.line_column(span.start));
            item.set_item("line", place.map(|(line, _)| line))?;
            item.set_item("column", place.map(|(_, column)| column))?;
            listed.append(item)?;
        }
        let rendered = render(problems, &SourceFile { name, text }, Style { color: false });
        let first = problems.first();
        let failure = Failure {
            code: first.map_or("document.refused", |problem| problem.code.as_str()),
            message: first.map_or("the document was refused", |problem| problem.message.as_str()),
            pointer: first.map(|problem| problem.pointer.as_str()),
            help: first.and_then(|problem| problem.help.as_deref()),
        };
        let more = [("problems", listed.into_any()), ("rendered", rendered.into_bound_py_any(py)?)];
        self::make(py, Class::PolicyDocument, &failure, &more)
    };
    make().unwrap_or_else(|error| error)
}

/// The exception for a token or key that was refused.
pub(crate) fn of_token(py: Python<'_>, error: &TokenError) -> PyErr {
    let failure = Failure { code: error.code().as_str(), message: error.message(), pointer: None, help: None };
    raise(py, Class::Approval, &failure)
}

/// The exception for a ledger that cannot answer.
pub(crate) fn of_ledger(py: Python<'_>, error: &LedgerError) -> PyErr {
    let code = match error {
        LedgerError::Unavailable(_) => "ledger.unavailable",
        LedgerError::Full { .. } => "ledger.full",
        LedgerError::ReservationExists(_) => "ledger.reservation_exists",
    };
    let message = error.to_string();
    raise(py, Class::Ledger, &Failure { code, message: &message, pointer: None, help: None })
}
