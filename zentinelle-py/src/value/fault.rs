//! Why a value cannot be read, and where it stands.

use pyo3::prelude::*;
use zentinelle_core::error::Pointer;

use crate::error::{Class, Failure, raise};

/// A value that is no JSON, and where it stands: the path is built from the inside outwards.
pub(crate) enum Fault {
    /// A value at fault.
    Bad(Box<Bad>),
    /// Code of the value's own class raised.
    Raised(PyErr),
}

/// What is wrong with a value.
pub(crate) struct Bad {
    code: &'static str,
    message: String,
    help: &'static str,
    path: Vec<Step>,
}

pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Fault {
    pub(super) fn new(code: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self::Bad(Box::new(Bad { code, message: message.into(), help, path: Vec::new() }))
    }

    pub(super) fn under(mut self, step: impl FnOnce() -> Step) -> Self {
        if let Self::Bad(bad) = &mut self {
            bad.path.push(step());
        }
        self
    }

    /// The exception, for a value that stands under `at` of the request.
    pub(crate) fn into_error(self, py: Python<'_>, at: &'static str) -> PyErr {
        let bad = match self {
            Self::Raised(error) => return error,
            Self::Bad(bad) => bad,
        };
        let pointer = bad.path.iter().rev().fold(Pointer::new(at), |pointer, step| match step {
            Step::Key(key) => pointer.key(key),
            Step::Index(index) => pointer.index(*index),
        });
        let failure =
            Failure { code: bad.code, message: &bad.message, pointer: Some(pointer.as_str()), help: Some(bad.help) };
        raise(py, Class::Request, &failure)
    }
}
