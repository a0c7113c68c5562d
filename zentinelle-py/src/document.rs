//! Policies as they are given: a document, or a list as a server keeps it.

use pyo3::prelude::*;
use serde_json::{Value, json};
use zentinelle_core::Policy;
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::document::diagnostic::Severity;
use zentinelle_core::policy_document::{self, PolicyDocument};

use crate::error::{Class, of_faults, of_problems};

/// A document that can be used, or the exception that says what is wrong with it.
pub(crate) fn read_document(py: Python<'_>, text: &str, name: &str) -> PyResult<PolicyDocument> {
    let (document, problems) = py.detach(|| policy_document::read(text));
    match problems.iter().any(|problem| problem.severity == Severity::Error) {
        true => Err(of_problems(py, &problems, name, text)),
        false => Ok(document),
    }
}

/// As the command names a snapshot: enough of the digest of the text to tell versions apart.
pub(crate) fn version_of(text: &str) -> String {
    zentinelle_core::audit::digest(&json!([text])).to_string().chars().take(12).collect()
}

/// Policies as a server keeps them: one that cannot be used denies what it applies to.
pub(crate) fn kept_policies(py: Python<'_>, listed: Value, tenant: &str) -> PyResult<Vec<Policy>> {
    let Value::Array(listed) = listed else { return Ok(Vec::new()) };
    let read = |(index, mut policy): (usize, Value)| {
        if let Some(policy) = policy.as_object_mut() {
            policy.entry("tenant_id").or_insert_with(|| tenant.into());
        }
        let decoded = decode_as::<Policy>(&policy, "a policy").lenient();
        decoded.map_err(|faults| of_faults(py, Class::PolicyDocument, &faults, &format!("/policies/{index}")))
    };
    listed.into_iter().enumerate().map(read).collect()
}
