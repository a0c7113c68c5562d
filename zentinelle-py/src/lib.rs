//! The native module of the Python package `zentinelle_agent`.
//!
//! It only converts: no policy logic, no defaults and no wording of its own. Every class is
//! frozen, so one handle may be shared between threads, and nothing relies on the interpreter
//! lock.

use pyo3::prelude::*;

/// The engine, compiled. Import from `zentinelle_agent` instead.
#[pymodule(name = "_native", gil_used = false)]
mod native {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
