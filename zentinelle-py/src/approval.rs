//! Signed approvals: minted by whoever may approve, checked by an engine's key ring.

use jiff::SignedDuration;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use serde_json::Value;
use zentinelle_core::approval::{self, Claims, Purpose};
use zentinelle_core::document::decode::decode_as;

use crate::error::{Class, Failure, of_faults, of_token, raise};
use crate::{instant, value};

/// A key that signs approval tokens. Its secret is never shown.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct SigningKey(approval::SigningKey);

/// A key that checks approval tokens. The shared kind can sign as well: keep it as secret.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct VerifyingKey(approval::VerifyingKey);

/// The keys whose approvals are believed.
#[pyclass(frozen, module = "zentinelle_agent")]
pub(crate) struct KeyRing(pub(crate) approval::KeyRing);

fn thirty_two(py: Python<'_>, bytes: &[u8]) -> PyResult<[u8; 32]> {
    bytes.try_into().map_err(|_| {
        let message = format!("the key has {} bytes", bytes.len());
        let failure = Failure {
            code: "approval.invalid_key",
            message: &message,
            pointer: None,
            help: Some("an Ed25519 key has 32 bytes"),
        };
        raise(py, Class::Approval, &failure)
    })
}

fn purpose(py: Python<'_>, name: &str) -> PyResult<Purpose> {
    Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == name).ok_or_else(|| {
        let message = format!("there is no purpose `{name}`");
        let failure = Failure {
            code: "approval.unknown_purpose",
            message: &message,
            pointer: None,
            help: Some("write `tool-approval`, `agent-capability-approval`, `human-oversight-approval` or `agent-delegation-v1`"),
        };
        raise(py, Class::Approval, &failure)
    })
}

#[pymethods]
impl SigningKey {
    /// A shared key for HMAC-SHA-256, at least 32 bytes.
    #[staticmethod]
    fn hmac(py: Python<'_>, key_id: &str, secret: &[u8]) -> PyResult<Self> {
        approval::SigningKey::hmac(key_id, secret).map(Self).map_err(|error| of_token(py, &error))
    }

    /// A private Ed25519 key, given as its 32-byte seed.
    #[staticmethod]
    fn ed25519(py: Python<'_>, key_id: &str, seed: &[u8]) -> PyResult<Self> {
        let key = approval::SigningKey::ed25519(key_id, &thirty_two(py, seed)?);
        key.map(Self).map_err(|error| of_token(py, &error))
    }

    /// The id written in tokens.
    #[getter]
    fn key_id(&self) -> &str {
        self.0.id()
    }

    /// The key that checks what this one signs.
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Writes and signs a token.
    #[pyo3(signature = (purpose, id, *, issued_at=None, expires_at=None, **claims))]
    fn mint(
        &self,
        py: Python<'_>,
        purpose: &str,
        id: &str,
        issued_at: Option<&Bound<'_, PyAny>>,
        expires_at: Option<&Bound<'_, PyAny>>,
        claims: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<String> {
        let mut facts = match claims {
            Some(claims) => value::to_object(claims.as_any()).map_err(|fault| fault.into_error(py, ""))?,
            None => serde_json::Map::new(),
        };
        facts.insert("purpose".to_owned(), self::purpose(py, purpose)?.as_str().into());
        facts.insert("id".to_owned(), id.into());
        facts.insert("issued_at".to_owned(), instant::or_now(issued_at, "issued_at")?.to_string().into());
        if let Some(end) = expires_at {
            facts.insert("expires_at".to_owned(), instant::read(end, "expires_at")?.to_string().into());
        }
        let claims = decode_as::<Claims>(&Value::Object(facts), "a token's claims").strict();
        let claims = claims.map_err(|faults| of_faults(py, Class::Approval, &faults, ""))?;
        self.0.mint(&claims).map_err(|error| of_token(py, &error))
    }

    fn __repr__(&self) -> String {
        format!("<SigningKey {}>", self.0.id())
    }
}

#[pymethods]
impl VerifyingKey {
    /// A shared key for HMAC-SHA-256, at least 32 bytes.
    #[staticmethod]
    fn hmac(py: Python<'_>, key_id: &str, secret: &[u8]) -> PyResult<Self> {
        approval::VerifyingKey::hmac(key_id, secret).map(Self).map_err(|error| of_token(py, &error))
    }

    /// A public Ed25519 key of 32 bytes.
    #[staticmethod]
    fn ed25519(py: Python<'_>, key_id: &str, public: &[u8]) -> PyResult<Self> {
        let key = approval::VerifyingKey::ed25519(key_id, &thirty_two(py, public)?);
        key.map(Self).map_err(|error| of_token(py, &error))
    }

    /// The id written in tokens.
    #[getter]
    fn key_id(&self) -> &str {
        self.0.id()
    }

    /// The public key, to be handed to others; None for a shared key.
    #[getter]
    fn public_bytes<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.public_bytes().map(|bytes| PyBytes::new(py, &bytes))
    }

    fn __repr__(&self) -> String {
        format!("<VerifyingKey {}>", self.0.id())
    }
}

#[pymethods]
impl KeyRing {
    #[new]
    #[pyo3(signature = (keys=Vec::new()))]
    fn new(py: Python<'_>, keys: Vec<Bound<'_, VerifyingKey>>) -> PyResult<Self> {
        let keys = keys.iter().map(|key| key.get().0.clone());
        approval::KeyRing::from_keys(keys).map(Self).map_err(|error| of_token(py, &error))
    }

    /// The ids of the keys, sorted.
    #[getter]
    fn key_ids(&self) -> Vec<&str> {
        self.0.ids().collect()
    }

    /// What a token claims, if it is genuine, of this purpose and valid now. What it is bound to
    /// is compared by the policy that asks for it.
    #[pyo3(signature = (token, purpose, *, now=None, max_age_seconds=None))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyString>,
        purpose: &str,
        now: Option<&Bound<'py, PyAny>>,
        max_age_seconds: Option<u32>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let purpose = self::purpose(py, purpose)?;
        let age = max_age_seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
        let claims = self.0.verify(token.to_str()?, purpose, instant::or_now(now, "now")?, age);
        let claims = claims.map_err(|error| of_token(py, &error))?;
        value::to_python(py, &serde_json::to_value(claims).unwrap_or_default())
    }

    fn __repr__(&self) -> String {
        format!("<KeyRing of {:?}>", self.key_ids())
    }
}

/// The digest of a call's exact arguments, as an approval names them.
#[pyfunction]
pub(crate) fn digest_arguments(py: Python<'_>, arguments: &Bound<'_, PyAny>) -> PyResult<String> {
    let value = value::to_value(arguments).map_err(|fault| fault.into_error(py, ""))?;
    approval::digest_arguments(&value).map(|digest| digest.to_string()).map_err(|error| {
        let message = error.to_string();
        let failure = Failure {
            code: "value.inexact",
            message: &message,
            pointer: None,
            help: Some("pass large numbers as texts"),
        };
        raise(py, Class::Request, &failure)
    })
}
