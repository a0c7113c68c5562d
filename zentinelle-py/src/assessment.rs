//! Deciding in steps: for hosts with a ledger of their own, and for coroutines.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use zentinelle_core::ledger::LedgerError;
use zentinelle_core::{Request, engine};

use crate::decision::Decision;
use crate::engine::{Engine, Kept};
use crate::error::{Class, Failure, raise};
use crate::ledger::{Batch, outcome};
use crate::request::LONG;

/// A coroutine that is done already: it never waits, so it costs no turn of the loop.
pub(crate) fn ready<'py>(py: Python<'py>, decision: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static READY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let ready: &Py<PyAny> = READY
        .get_or_try_init(py, || Ok::<_, PyErr>(py.import("zentinelle_agent._async")?.getattr("ready")?.unbind()))?;
    ready.bind(py).call1((decision,))
}

/// What policies said of a request before anything was spent.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Assessment(pub(crate) Mutex<Option<(engine::Assessment, Request)>>);

#[pymethods]
impl Assessment {
    /// What the host's ledger must apply in one atomic step; None when nothing is metered.
    #[getter]
    fn batch(&self) -> Option<Batch> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().and_then(|(assessment, _)| assessment.batch().cloned()).map(Batch)
    }

    /// The decision, given what the ledger answered; may be asked for once.
    #[pyo3(signature = (outcome=None))]
    fn conclude(&self, py: Python<'_>, outcome: Option<Bound<'_, PyAny>>) -> PyResult<Decision> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((assessment, request)) = taken else {
            let failure = Failure {
                code: "assessment.concluded",
                message: "the assessment was concluded before",
                pointer: None,
                help: Some("assess each request anew"),
            };
            return Err(raise(py, Class::Request, &failure));
        };
        let applied = outcome.map(|answer| read_outcome(py, answer)).transpose()?;
        Ok(Decision::new(assessment.conclude(applied), request))
    }
}

/// An outcome, or the exception of a ledger that could not answer.
fn read_outcome(
    py: Python<'_>,
    answer: Bound<'_, PyAny>,
) -> PyResult<Result<zentinelle_core::ledger::Outcome, LedgerError>> {
    match answer.is_instance_of::<pyo3::exceptions::PyBaseException>() {
        true => outcome(py, Err(PyErr::from_value(answer))),
        false => outcome(py, Ok(answer)),
    }
}

/// A request that a coroutine is about to have decided.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Pending {
    engine: Option<Py<Engine>>,
    held: Mutex<(Option<engine::Assessment>, Option<Request>)>,
}

impl Pending {
    pub(crate) fn new(engine: Py<Engine>, request: Request) -> Self {
        Self { engine: Some(engine), held: Mutex::new((None, Some(request))) }
    }

    pub(crate) fn assessed(assessment: engine::Assessment, request: Request) -> Self {
        Self { engine: None, held: Mutex::new((Some(assessment), Some(request))) }
    }
}

#[pymethods]
impl Pending {
    /// Whether there is work that is worth a thread of its own.
    #[getter]
    fn is_long(&self) -> bool {
        self.engine.is_some()
    }

    /// Decides with the memory ledger, or assesses for the host's.
    fn work(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (assessment, request) = (held.0.take(), held.1.take());
        drop(held);
        let Some(request) = request else { return Ok(py.None()) };
        let assessment = match (assessment, &self.engine) {
            (Some(assessment), _) => assessment,
            (None, Some(engine)) => {
                let engine = engine.get();
                if let Kept::Memory(_) = engine.ledger {
                    return Ok(Bound::new(py, engine.judge(py, request, LONG)?)?.into_any().unbind());
                }
                py.detach(|| engine.engine.assess(&request))
            }
            (None, None) => return Ok(py.None()),
        };
        Ok(Bound::new(py, Assessment(Mutex::new(Some((assessment, request)))))?.into_any().unbind())
    }
}
