//! The native module of the Python package `zentinelle_agent`.
//!
//! It only converts: no policy logic and no defaults of its own. Every class is frozen, so one
//! handle may be shared between threads, and nothing relies on the interpreter lock.

mod agent;
mod approval;
mod assessment;
mod audit;
mod decision;
mod document;
mod engine;
mod error;
mod instant;
mod ledger;
mod redis;
mod request;
mod scan;
mod value;
mod zentinel;

use pyo3::prelude::*;

/// The engine, compiled. Import from `zentinelle_agent` instead.
#[pymodule(name = "_native", gil_used = false)]
mod native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::agent::AgentHandle;
    #[pymodule_export]
    use crate::approval::{KeyRing, SigningKey, VerifyingKey, digest_arguments};
    #[pymodule_export]
    use crate::assessment::{Assessment, Pending};
    #[pymodule_export]
    use crate::audit::verify_audit_bundle;
    #[pymodule_export]
    use crate::decision::Decision;
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::ledger::{Batch, MemoryLedger};
    #[pymodule_export]
    use crate::redis::{RedisCall, RedisCalls};
    #[pymodule_export]
    use crate::scan::{Finding, Judgement, Release, Scanner, StreamScanner};

    #[pymodule_export]
    use crate::zentinel::{Head, ZentinelAgent, ZentinelConnection};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
