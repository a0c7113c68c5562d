//! Who decides the requests that the proxy's questions come to.

use zentinelle_core::request::Request;
use zentinelle_core::{Decision, Engine, MemoryLedger};

/// Who decides.
#[derive(Debug)]
pub(crate) enum Decider {
    /// Policies from files, counters in memory.
    Local {
        /// The policies.
        engine: Box<Engine>,
        /// What was spent since the start.
        ledger: MemoryLedger,
    },
}

impl Decider {
    /// Policies from files, counters from zero.
    pub(crate) fn local(engine: Engine) -> Self {
        Self::Local { engine: Box::new(engine), ledger: MemoryLedger::default() }
    }

    /// Decides a request; nothing when that is not possible.
    pub(crate) async fn decide(&self, request: Request) -> Option<Decision> {
        match self {
            Self::Local { engine, ledger } => Some(engine.decide(&request, ledger)),
        }
    }
}
