//! Python's `datetime` as the core's instants, and back.

use jiff::Timestamp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::error::{Class, Failure, raise};

/// The instant a host gives, or else the clock's.
pub(crate) fn or_now(value: Option<&Bound<'_, PyAny>>, name: &'static str) -> PyResult<Timestamp> {
    value.map_or_else(|| Ok(Timestamp::now()), |value| read(value, name))
}

/// An instant: an aware `datetime`, or ISO 8601 text with an offset. `name` is the argument's.
pub(crate) fn read(value: &Bound<'_, PyAny>, name: &'static str) -> PyResult<Timestamp> {
    let py = value.py();
    let refused = |message: String, help| {
        raise(
            py,
            Class::Request,
            &Failure { code: "value.no_instant", message: &message, pointer: None, help: Some(help) },
        )
    };
    let text = match value.cast::<PyString>() {
        Ok(text) => text.clone(),
        Err(_) => match value.call_method0(pyo3::intern!(py, "isoformat")) {
            Ok(text) => text.cast_into::<PyString>()?,
            Err(_) => {
                let class = value.get_type().name()?.to_string();
                return Err(refused(format!("`{name}` is a `{class}`"), "pass a `datetime` with a time zone"));
            }
        },
    };
    text.to_str()?.parse().map_err(|_| {
        refused(
            format!("`{name}` is no instant, or has no time zone"),
            "pass a `datetime` with a time zone, such as `datetime.now(timezone.utc)`",
        )
    })
}

/// An instant as an aware `datetime` in UTC.
pub(crate) fn to_python(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
        let module = py.import("datetime")?;
        let keywords = PyDict::new(py);
        keywords.set_item("tzinfo", module.getattr("timezone")?.getattr("utc")?)?;
        Ok(module.getattr("datetime")?.call((1970, 1, 1), Some(&keywords))?.unbind())
    })?;
    let delta = DELTA.import(py, "datetime", "timedelta")?;
    epoch.bind(py).add(delta.call1((0, 0, at.as_microsecond()))?)
}
