//! What requests spend, and where it is kept: in memory, or by a host of its own.

use std::hash::{BuildHasher as _, RandomState};

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::ledger::{
    Counter, Ledger as _, LedgerError, MemoryLedgerConfig, Mode, Outcome, Settlement, Snapshot, Usage, Window,
};

use crate::error::{Class, of_faults, of_ledger};
use crate::{instant, value};

/// Keeps running totals in memory: exact, bounded, shared between threads.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct MemoryLedger(pub(crate) zentinelle_core::MemoryLedger);

#[pymethods]
impl MemoryLedger {
    #[new]
    #[pyo3(signature = (*, max_counters=None, max_reservations=None, reservation_seconds=None))]
    fn new(max_counters: Option<usize>, max_reservations: Option<usize>, reservation_seconds: Option<u32>) -> Self {
        Self(zentinelle_core::MemoryLedger::new(config(max_counters, max_reservations, reservation_seconds)))
    }

    /// Replaces the amounts of a reservation by the true ones; what is None settles as reserved.
    #[pyo3(signature = (reservation, *, tokens=None, usd=None, bytes=None, now=None))]
    fn settle(
        &self,
        py: Python<'_>,
        reservation: &str,
        tokens: Option<u64>,
        usd: Option<f64>,
        bytes: Option<u64>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(bool, bool)> {
        let usage = Usage { tokens, usd_micros: usd.map(micros).transpose()?, bytes };
        let settled = self.0.settle(&reservation.into(), &usage, instant::or_now(now, "now")?);
        settlement(py, settled)
    }

    /// Gives every reserved amount back: the request was not made after all.
    #[pyo3(signature = (reservation, *, now=None))]
    fn release(&self, py: Python<'_>, reservation: &str, now: Option<&Bound<'_, PyAny>>) -> PyResult<(bool, bool)> {
        settlement(py, self.0.release(&reservation.into(), instant::or_now(now, "now")?))
    }

    /// Adds to a total what was spent elsewhere, such as this month's cost so far.
    #[pyo3(signature = (counter, window, amount, *, at=None))]
    fn record(
        &self,
        py: Python<'_>,
        counter: &Bound<'_, PyAny>,
        window: &Bound<'_, PyAny>,
        amount: u64,
        at: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let counter: Counter = decode(counter, "a counter", "/counter")?;
        let window: Window = decode(window, "a window", "/window")?;
        let recorded = self.0.record(counter, window, amount, instant::or_now(at, "at")?);
        recorded.map_err(|error| of_ledger(py, &error))
    }

    /// What a total has reached in its current window.
    #[pyo3(signature = (counter, window, *, now=None))]
    fn used(
        &self,
        counter: &Bound<'_, PyAny>,
        window: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        let counter: Counter = decode(counter, "a counter", "/counter")?;
        Ok(self.0.used(&counter, decode(window, "a window", "/window")?, instant::or_now(now, "now")?))
    }

    /// Every total and open reservation, to be given to `restore` after a restart.
    #[pyo3(signature = (*, now=None))]
    fn snapshot<'py>(&self, py: Python<'py>, now: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyBytes>> {
        let snapshot = self.0.snapshot(instant::or_now(now, "now")?);
        let text = serde_json::to_vec(&snapshot).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &text))
    }

    /// The ledger that a snapshot was taken of.
    #[staticmethod]
    #[pyo3(signature = (snapshot, *, max_counters=None, max_reservations=None, reservation_seconds=None))]
    fn restore(
        snapshot: &[u8],
        max_counters: Option<usize>,
        max_reservations: Option<usize>,
        reservation_seconds: Option<u32>,
    ) -> PyResult<Self> {
        let snapshot: Snapshot = serde_json::from_slice(snapshot)
            .map_err(|error| PyValueError::new_err(format!("the bytes are no snapshot (column {})", error.column())))?;
        let config = config(max_counters, max_reservations, reservation_seconds);
        let ledger = zentinelle_core::MemoryLedger::restore(config, snapshot);
        ledger.map(Self).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// How many totals are kept.
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("<MemoryLedger of {} totals>", self.0.len())
    }
}

fn config(counters: Option<usize>, reservations: Option<usize>, seconds: Option<u32>) -> MemoryLedgerConfig {
    let defaults = MemoryLedgerConfig::default();
    MemoryLedgerConfig {
        max_counters: counters.unwrap_or(defaults.max_counters),
        max_reservations: reservations.unwrap_or(defaults.max_reservations),
        reservation_seconds: seconds.unwrap_or(defaults.reservation_seconds),
        // Callers choose names such as session ids, and must not aim at one shard.
        hash_seed: RandomState::new().hash_one(0_u8),
    }
}

pub(crate) fn micros(usd: f64) -> PyResult<u64> {
    let number = zentinelle_core::request::Number::from_f64(usd);
    let micros = number.and_then(zentinelle_core::request::UsdMicros::from_usd);
    micros.map(|micros| micros.0).ok_or_else(|| PyValueError::new_err("`usd` is no amount of money"))
}

fn settlement(py: Python<'_>, settled: Result<Settlement, LedgerError>) -> PyResult<(bool, bool)> {
    settled.map(|settled| (settled.found, settled.overran)).map_err(|error| of_ledger(py, &error))
}

pub(crate) fn decode<T: DeserializeOwned>(given: &Bound<'_, PyAny>, subject: &str, at: &'static str) -> PyResult<T> {
    let py = given.py();
    let json = value::to_value(given).map_err(|fault| fault.into_error(py, at))?;
    decode_as::<T>(&json, subject).strict().map_err(|faults| of_faults(py, Class::Request, &faults, at))
}

/// Everything one decision would spend: what a ledger must apply in one atomic step.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct Batch(pub(crate) zentinelle_core::ledger::Batch);

#[pymethods]
impl Batch {
    /// The lines, each counter once: counter, window, amount, unit, limit.
    #[getter]
    fn postings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::to_python(py, &serde_json::to_value(&self.0.postings).unwrap_or_default())
    }

    /// The instant of the request.
    #[getter]
    fn now<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        instant::to_python(py, self.0.now)
    }

    /// Whether to add every amount or none; else to look only.
    #[getter]
    fn commit(&self) -> bool {
        self.0.mode == Mode::Commit
    }

    /// Under which id the amounts wait for settlement; None when they are final.
    #[getter]
    fn reservation(&self) -> Option<&str> {
        self.0.reservation.as_ref().map(|id| id.as_str())
    }

    /// The texts that name the totals, in the order of `postings`; two totals never share one.
    fn keys(&self) -> Vec<String> {
        self.0.postings.iter().map(|posting| posting.counter.to_string()).collect()
    }

    /// The batch as a dict of its outward form.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::to_python(py, &serde_json::to_value(&self.0).unwrap_or_default())
    }

    fn __repr__(&self) -> String {
        format!("<Batch of {} postings>", self.0.postings.len())
    }
}

/// What may be told of a failure: the words of our own, which hold no secret, else the class.
fn told_of(py: Python<'_>, error: &PyErr) -> PyResult<String> {
    match error.is_instance(py, Class::Ledger.get(py)?) {
        true => error.value(py).getattr(pyo3::intern!(py, "message"))?.extract(),
        false => Ok(error.get_type(py).name()?.to_string()),
    }
}

/// What a host's ledger answered, as the core takes it. An exception of the ledger is a ledger
/// that cannot answer, which denies; its text may hold anything, so only its class is told.
pub(crate) fn outcome(py: Python<'_>, answer: PyResult<Bound<'_, PyAny>>) -> PyResult<Result<Outcome, LedgerError>> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.is_instance_of::<PyException>(py) => {
            return Ok(Err(LedgerError::Unavailable(told_of(py, &error)?)));
        }
        Err(error) => return Err(error),
    };
    let json = value::to_value(&answer).map_err(|fault| fault.into_error(py, "/outcome"))?;
    Ok(serde_json::from_value::<Outcome>(json)
        .map_err(|_| LedgerError::Unavailable("it answered with something that is no outcome".to_owned())))
}

/// Makes an outcome of a ledger that is Python's own.
pub(crate) fn outcome_value<'py>(py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyAny>> {
    value::to_python(py, &serde_json::to_value(outcome).unwrap_or(Value::Null))
}
