//! Audit bundles: whether an exported log is whole, in order, unedited and signed.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use zentinelle_core::audit::{CheckpointKey, Digest, Expectations, Verifier};

use crate::error::{Class, Failure, raise};
use crate::value;

/// Checks an exported audit log without asking any server. See the package's documentation.
#[pyfunction]
#[pyo3(signature = (bundle, *, keys=Vec::new(), tenant=None, first_sequence=None, last_sequence=None, head=None, checkpoints=Vec::new()))]
#[expect(clippy::too_many_arguments, reason = "the keywords of a Python function")]
pub(crate) fn verify_audit_bundle<'py>(
    py: Python<'py>,
    bundle: &Bound<'py, PyAny>,
    keys: Vec<String>,
    tenant: Option<String>,
    first_sequence: Option<u64>,
    last_sequence: Option<u64>,
    head: Option<(u64, String)>,
    checkpoints: Vec<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let refused = |message: &str, help| {
        raise(py, Class::Request, &Failure { code: "audit.invalid_argument", message, pointer: None, help: Some(help) })
    };
    let keys: Vec<CheckpointKey> =
        keys.iter().map(|key| key.trim().parse()).collect::<Result<_, _>>().map_err(|_| {
            refused("a key is no public key of a signer", "write it as its signer printed it: `NAME+HASH+BASE64`")
        })?;
    let head = match head {
        None => None,
        Some((sequence, hash)) => {
            let hash: Digest = hash.parse().map_err(|_| refused("`head` holds no hash", "64 hexadecimal digits"))?;
            Some((sequence, hash))
        }
    };
    let expected = Expectations { tenant_id: tenant, first_sequence, last_sequence, head, checkpoints };
    let mut verifier = Verifier::new(&keys, expected);
    if let Ok(bytes) = bundle.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        py.detach(|| verifier.push(bytes));
    } else if let Ok(text) = bundle.cast::<PyString>() {
        let text = text.to_str()?;
        py.detach(|| verifier.push(text.as_bytes()));
    } else {
        for piece in bundle.try_iter()? {
            let piece = piece?;
            let bytes = piece.cast::<PyBytes>()?.as_bytes();
            py.detach(|| verifier.push(bytes));
        }
    }
    let report = verifier.finish();
    let mut told = serde_json::to_value(&report).unwrap_or_default();
    if let Some(told) = told.as_object_mut() {
        told.insert("valid".to_owned(), report.is_valid().into());
        told.insert("status".to_owned(), serde_json::to_value(report.status()).unwrap_or_default());
    }
    value::to_python(py, &told)
}
