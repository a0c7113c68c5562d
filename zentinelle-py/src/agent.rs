//! Agents as handles: their facts, read once for many requests.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use zentinelle_core::Agent;

use crate::request::read_agent;

/// Who acts: an agent's facts, read once for many requests.
#[pyclass(name = "Agent", frozen, module = "zentinelle_agent")]
pub(crate) struct AgentHandle(pub(crate) Arc<Agent>);

#[pymethods]
impl AgentHandle {
    #[new]
    #[pyo3(signature = (agent_id, *, tenant_id="local", **facts))]
    fn new(agent_id: &str, tenant_id: &str, facts: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let host = Agent::new(tenant_id, agent_id);
        match facts {
            None => Ok(Self(Arc::new(host))),
            Some(facts) => read_agent(facts.as_any(), &host).map(Self),
        }
    }

    /// The agent's id, unique within the tenant.
    #[getter]
    fn agent_id(&self) -> &str {
        self.0.agent_id.as_str()
    }

    /// The tenant that owns the agent.
    #[getter]
    fn tenant_id(&self) -> &str {
        self.0.tenant_id.as_str()
    }

    fn __repr__(&self) -> String {
        format!("<Agent {} of {}>", self.0.agent_id, self.0.tenant_id)
    }
}
