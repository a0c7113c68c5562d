//! The proxy's events as Python gets them.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use zentinelle_core::zentinel::event::{RequestHeaders, ResponseHeaders};
use zentinelle_core::zentinel::{Headers, Known, Occurrence, Question, Ticket};

/// An event as Python gets it: its name, its ticket, and what it is about.
pub(super) fn event<'py>(py: Python<'py>, occurrence: Occurrence) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let json =
        |value: Result<String, serde_json::Error>| value.map_err(|error| PyValueError::new_err(error.to_string()));
    let tuple = match occurrence {
        Occurrence::Judge(Ticket(ticket), question) => match question {
            Question::Request(head) => ("request", ticket, Head(head)).into_pyobject(py)?,
            Question::RequestBody { known, body } => {
                ("request_body", ticket, request(known), PyBytes::new(py, &body)).into_pyobject(py)?
            }
            Question::Response { known, response } => {
                let (id, status, headers) = parts(py, &response)?;
                ("response", ticket, request(known), id, status, headers).into_pyobject(py)?
            }
            Question::ResponseBody { known, body, .. } => {
                let (id, status, headers) = match &known.response {
                    Some(response) => parts(py, response)?,
                    None => (String::new(), 200, PyDict::new(py)),
                };
                ("response_body", ticket, request(known), id, status, headers, PyBytes::new(py, &body))
                    .into_pyobject(py)?
            }
            Question::Complete { known, event } => {
                ("complete", ticket, request(known), event.status, event.duration_ms).into_pyobject(py)?
            }
            Question::WebSocket { known, frame } => {
                ("websocket", ticket, request(known), json(serde_json::to_string(&frame))?).into_pyobject(py)?
            }
            Question::Guardrail(inspect) => {
                ("guardrail", ticket, json(serde_json::to_string(&inspect))?).into_pyobject(py)?
            }
        },
        Occurrence::Configure(Ticket(ticket), configure) => {
            ("configure", ticket, json(serde_json::to_string(&configure.config))?).into_pyobject(py)?
        }
        Occurrence::Cancelled(Ticket(ticket), _) => ("cancelled", ticket).into_pyobject(py)?,
        Occurrence::Greeted(hello) => ("greeted", 0_u64, hello.proxy_version).into_pyobject(py)?,
        Occurrence::Noticed(notice) => ("notice", 0_u64, notice.to_string()).into_pyobject(py)?,
    };
    Ok(Some(tuple))
}

fn request(known: Known) -> Option<Head> {
    known.request.map(Head)
}

fn parts<'py>(py: Python<'py>, response: &ResponseHeaders) -> PyResult<(String, u16, Bound<'py, PyDict>)> {
    Ok((response.correlation_id.clone(), response.status, dict(py, &response.headers)?))
}

fn dict<'py>(py: Python<'py>, headers: &Headers) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, values) in headers.iter() {
        dict.set_item(name, values)?;
    }
    Ok(dict)
}

/// A request's line and headers, turned into Python values only where a handler looks.
#[pyclass(frozen, module = "zentinel_agent_sdk", name = "ZentinelHead")]
#[derive(Clone)]
pub(crate) struct Head(Arc<RequestHeaders>);

#[pymethods]
impl Head {
    #[getter]
    fn correlation_id(&self) -> &str {
        &self.0.metadata.correlation_id
    }

    #[getter]
    fn client_ip(&self) -> String {
        let client = self.0.metadata.client();
        client.map_or_else(|| self.0.metadata.client_ip.clone(), |client| client.ip.to_string())
    }

    #[getter]
    fn client_port(&self) -> u16 {
        self.0.metadata.client().and_then(|client| client.port).unwrap_or(self.0.metadata.client_port)
    }

    #[getter]
    fn method(&self) -> &str {
        &self.0.method
    }

    #[getter]
    fn uri(&self) -> &str {
        &self.0.uri
    }

    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, &self.0.headers)
    }

    /// The first value of a field.
    fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)
    }

    /// The whole event as JSON.
    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&*self.0).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}
