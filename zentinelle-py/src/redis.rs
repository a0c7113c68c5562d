//! A ledger in Redis: keys, arguments and answers of its scripts. Python brings the connection.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zentinelle_core::ids::TenantId;
use zentinelle_core::ledger::shared::{self, Applying, Arg, Keys, Settling, Unanswered};
use zentinelle_core::ledger::{self, Mode, Outcome, Posting, Reading, Unit, Usage};

use crate::ledger::{Batch, decode, micros, outcome_value};
use crate::{error, instant};

/// What is sent for one call of a script.
type Sent = (Vec<String>, Vec<String>);

/// The calls of one ledger.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct RedisCalls {
    keys: Keys,
    reservation_seconds: u32,
}

#[pymethods]
impl RedisCalls {
    /// The script that adds a batch, or looks.
    #[classattr]
    const APPLY: &'static str = shared::APPLY;
    /// The script that settles or releases a reservation.
    #[classattr]
    const SETTLE: &'static str = shared::SETTLE;

    #[new]
    fn new(prefix: &str, reservation_seconds: u32) -> Self {
        Self { keys: Keys::new(prefix), reservation_seconds }
    }

    /// The key of the epoch.
    #[getter]
    fn epoch_key(&self) -> String {
        self.keys.epoch()
    }

    /// The call that applies a batch.
    fn apply(&self, batch: &Bound<'_, Batch>, epoch: &str) -> RedisCall {
        self.call(batch.get().0.clone(), epoch)
    }

    /// The call that only looks at one total.
    fn look(
        &self,
        counter: &Bound<'_, PyAny>,
        window: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        epoch: &str,
    ) -> PyResult<RedisCall> {
        let counter = decode(counter, "a counter", "/counter")?;
        let window = decode(window, "a window", "/window")?;
        let posting = Posting { counter, window, amount: 0, unit: Unit::Calls, limit: None };
        let now = instant::or_now(now, "now")?;
        let batch = ledger::Batch { postings: vec![posting], now, mode: Mode::Peek, reservation: None };
        Ok(self.call(batch, epoch))
    }

    /// The outcome of a batch where limits are not checked because the ledger is away.
    #[staticmethod]
    fn unchecked<'py>(py: Python<'py>, batch: &Bound<'py, Batch>) -> PyResult<Bound<'py, PyAny>> {
        let batch = &batch.get().0;
        let reading = Reading { used: 0, resets_at: batch.now };
        let readings = vec![reading; batch.postings.len()];
        outcome_value(py, &Outcome { committed: batch.mode == Mode::Commit, readings })
    }

    /// What settles a reservation, or with `release` gives all of it back.
    #[pyo3(signature = (tenant, reservation, epoch, *, release, tokens=None, usd=None, bytes=None, now=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of a Python method")]
    fn settle(
        &self,
        tenant: &str,
        reservation: &str,
        epoch: &str,
        release: bool,
        tokens: Option<u64>,
        usd: Option<f64>,
        bytes: Option<u64>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Sent> {
        let usage = Usage { tokens, usd_micros: usd.map(micros).transpose()?, bytes };
        let usage = (!release).then_some(&usage);
        let now = instant::or_now(now, "now")?.as_microsecond();
        let call = Settling::new(&self.keys, epoch, &TenantId::new(tenant), &reservation.into(), usage, now);
        Ok((call.keys.into(), texts(&call.args)))
    }

    /// What settling did: whether the reservation was open, whether more was used than it held.
    /// None when Redis has lost its totals.
    #[staticmethod]
    fn settled(py: Python<'_>, answer: Vec<Bound<'_, PyAny>>) -> PyResult<Option<(bool, bool)>> {
        match Settling::read(words(&answer)?) {
            Ok((settled, _)) => Ok(Some((settled.found, settled.overran))),
            Err(Unanswered::Cold) => Ok(None),
            Err(Unanswered::Garbled) => Err(garbled(py)),
        }
    }
}

impl RedisCalls {
    fn call(&self, batch: ledger::Batch, epoch: &str) -> RedisCall {
        let applying = Applying::new(&self.keys, epoch, std::slice::from_ref(&batch), self.reservation_seconds);
        RedisCall { applying, batch }
    }
}

/// One call that applies a batch.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct RedisCall {
    applying: Applying,
    batch: ledger::Batch,
}

#[pymethods]
impl RedisCall {
    /// The keys and the arguments of the script.
    fn sent(&self) -> Sent {
        (self.applying.keys().map(str::to_owned).collect(), texts(self.applying.args()))
    }

    /// The outcome that the script answered. None when Redis has lost its totals.
    fn read<'py>(&self, py: Python<'py>, answer: Vec<Bound<'py, PyAny>>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let batches = std::slice::from_ref(&self.batch);
        let applied = match self.applying.clone().read(batches, words(&answer)?) {
            Ok(applied) => applied,
            Err(Unanswered::Cold) => return Ok(None),
            Err(Unanswered::Garbled) => return Err(garbled(py)),
        };
        match (applied.outcomes.into_iter().next(), &self.batch.reservation) {
            (Some(Some(outcome)), _) => outcome_value(py, &outcome).map(Some),
            (Some(None), Some(id)) => Err(error::of_ledger(py, &ledger::LedgerError::ReservationExists(id.clone()))),
            _ => Err(garbled(py)),
        }
    }
}

fn garbled(py: Python<'_>) -> PyErr {
    error::of_ledger(py, &ledger::LedgerError::Unavailable(Unanswered::Garbled.to_string()))
}

fn texts(args: &[Arg]) -> Vec<String> {
    args.iter().map(Arg::to_string).collect()
}

/// What a script answered, whether or not the client decodes it.
fn words(answer: &[Bound<'_, PyAny>]) -> PyResult<Vec<String>> {
    let word = |word: &Bound<'_, PyAny>| match word.cast::<PyBytes>() {
        Ok(bytes) => Ok(String::from_utf8_lossy(bytes.as_bytes()).into_owned()),
        Err(_) => match word.cast::<PyString>() {
            Ok(text) => Ok(text.to_str()?.to_owned()),
            Err(_) => Err(PyValueError::new_err("a script of the ledger answered with something that is no text")),
        },
    };
    answer.iter().map(word).collect()
}
