//! The engine for browsers, workers and edge runtimes: the classes of `zentinelle-js`, and nothing else.
//!
//! Not meant to be called by hand: the TypeScript of the package stands in front of it. A failed call throws
//! the fault as JSON text, which that side turns into an error class.

#[cfg(feature = "compact")]
mod whole;

use wasm_bindgen::prelude::*;
use zentinelle_js as js;

#[cfg(feature = "compact")]
pub use whole::{Scanner, Stream, diff, judge, policy_types, test_policies, validate, verify_audit};

fn thrown(fault: js::Fault) -> JsValue {
    JsValue::from_str(&fault.to_json())
}

/// See [`js::Engine`].
#[wasm_bindgen]
pub struct Engine(js::Engine);

#[wasm_bindgen]
impl Engine {
    /// See [`js::Engine::from_text`].
    #[wasm_bindgen(js_name = fromText)]
    pub fn from_text(text: &str, options: &str, ledger: &Ledger, keys: Option<KeyRing>) -> Result<Self, JsValue> {
        js::Engine::from_text(text, options, &ledger.0, keys.as_ref().map(|keys| &keys.0)).map(Self).map_err(thrown)
    }

    /// See [`js::Engine::from_policies`].
    #[wasm_bindgen(js_name = fromPolicies)]
    pub fn from_policies(list: &str, options: &str, ledger: &Ledger, keys: Option<KeyRing>) -> Result<Self, JsValue> {
        js::Engine::from_policies(list, options, &ledger.0, keys.as_ref().map(|keys| &keys.0)).map(Self).map_err(thrown)
    }

    /// See [`js::Engine::decide`].
    pub fn decide(&self, request: &str, now: f64, done: u32) -> Result<u32, JsValue> {
        self.0.decide(request, now, done).map_err(thrown)
    }

    /// See [`js::Engine::assess`].
    pub fn assess(&self, request: &str, now: f64) -> Result<Assessment, JsValue> {
        self.0.assess(request, now).map(Assessment).map_err(thrown)
    }

    /// See [`js::Engine::document`].
    pub fn document(&self, answer: u32) -> Result<String, JsValue> {
        self.0.document(answer).map_err(thrown)
    }

    /// See [`js::Engine::explanation`].
    pub fn explanation(&self, answer: u32) -> Result<String, JsValue> {
        self.0.explanation(answer).map_err(thrown)
    }

    /// See [`js::Engine::smallest_change`].
    #[wasm_bindgen(js_name = smallestChange)]
    pub fn smallest_change(&self, answer: u32) -> Result<String, JsValue> {
        self.0.smallest_change(answer).map_err(thrown)
    }

    /// See [`js::Engine::forget`].
    pub fn forget(&self, answer: u32) {
        self.0.forget(answer);
    }

    /// See [`js::Engine::kept`].
    #[must_use]
    pub fn kept(&self) -> u32 {
        u32::try_from(self.0.kept()).unwrap_or(u32::MAX)
    }

    /// See [`js::Engine::findings`].
    pub fn findings(&self) -> Result<String, JsValue> {
        self.0.findings().map_err(thrown)
    }
}

/// See [`js::Assessment`].
#[wasm_bindgen]
pub struct Assessment(js::Assessment);

#[wasm_bindgen]
impl Assessment {
    /// See [`js::Assessment::batch`].
    pub fn batch(&self) -> Result<Option<String>, JsValue> {
        self.0.batch().map_err(thrown)
    }

    /// See [`js::Assessment::conclude`].
    pub fn conclude(&mut self, outcome: Option<String>) -> Result<u32, JsValue> {
        self.0.conclude(outcome.as_deref()).map_err(thrown)
    }

    /// See [`js::Assessment::fail`].
    pub fn fail(&mut self, why: &str) -> Result<u32, JsValue> {
        self.0.fail(why).map_err(thrown)
    }
}

/// See [`js::Ledger`].
#[wasm_bindgen]
pub struct Ledger(js::Ledger);

#[wasm_bindgen]
impl Ledger {
    /// See [`js::Ledger::new`].
    pub fn create(options: &str) -> Result<Self, JsValue> {
        js::Ledger::new(options).map(Self).map_err(thrown)
    }

    /// See [`js::Ledger::restore`].
    pub fn restore(options: &str, snapshot: &str) -> Result<Self, JsValue> {
        js::Ledger::restore(options, snapshot).map(Self).map_err(thrown)
    }

    /// See [`js::Ledger::apply`].
    pub fn apply(&self, batch: &str) -> Result<String, JsValue> {
        self.0.apply(batch).map_err(thrown)
    }

    /// See [`js::Ledger::settle`].
    pub fn settle(&self, reservation: &str, usage: &str, now: f64) -> Result<String, JsValue> {
        self.0.settle(reservation, usage, now).map_err(thrown)
    }

    /// See [`js::Ledger::release`].
    pub fn release(&self, reservation: &str, now: f64) -> Result<String, JsValue> {
        self.0.release(reservation, now).map_err(thrown)
    }

    /// See [`js::Ledger::record`].
    pub fn record(&self, spent: &str, at: f64) -> Result<(), JsValue> {
        self.0.record(spent, at).map_err(thrown)
    }

    /// See [`js::Ledger::snapshot`].
    pub fn snapshot(&self, now: f64) -> Result<String, JsValue> {
        self.0.snapshot(now).map_err(thrown)
    }

    /// See [`js::Ledger::size`].
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.0.size()).unwrap_or(u32::MAX)
    }
}

/// See [`js::SigningKey`].
#[wasm_bindgen]
pub struct SigningKey(js::SigningKey);

#[wasm_bindgen]
impl SigningKey {
    /// See [`js::SigningKey::hmac`].
    pub fn hmac(id: &str, secret: &[u8]) -> Result<Self, JsValue> {
        js::SigningKey::hmac(id, secret).map(Self).map_err(thrown)
    }

    /// See [`js::SigningKey::ed25519`].
    pub fn ed25519(id: &str, seed: &[u8]) -> Result<Self, JsValue> {
        js::SigningKey::ed25519(id, seed).map(Self).map_err(thrown)
    }

    /// See [`js::SigningKey::id`].
    #[must_use]
    pub fn id(&self) -> String {
        self.0.id().to_owned()
    }

    /// See [`js::SigningKey::public_key`].
    #[wasm_bindgen(js_name = publicKey)]
    #[must_use]
    pub fn public_key(&self) -> Option<Vec<u8>> {
        self.0.public_key()
    }

    /// See [`js::SigningKey::mint`].
    pub fn mint(&self, claims: &str) -> Result<String, JsValue> {
        self.0.mint(claims).map_err(thrown)
    }
}

/// See [`js::KeyRing`].
#[wasm_bindgen]
pub struct KeyRing(pub(crate) js::KeyRing);

#[wasm_bindgen]
impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub fn create() -> Self {
        Self(js::KeyRing::default())
    }

    /// See [`js::KeyRing::trust_hmac`].
    #[wasm_bindgen(js_name = trustHmac)]
    pub fn trust_hmac(&mut self, id: &str, secret: &[u8]) -> Result<(), JsValue> {
        self.0.trust_hmac(id, secret).map_err(thrown)
    }

    /// See [`js::KeyRing::trust_ed25519`].
    #[wasm_bindgen(js_name = trustEd25519)]
    pub fn trust_ed25519(&mut self, id: &str, public: &[u8]) -> Result<(), JsValue> {
        self.0.trust_ed25519(id, public).map_err(thrown)
    }

    /// See [`js::KeyRing::trust`].
    pub fn trust(&mut self, key: &SigningKey) -> Result<(), JsValue> {
        self.0.trust(&key.0).map_err(thrown)
    }

    /// See [`js::KeyRing::remove`].
    pub fn remove(&mut self, id: &str) -> bool {
        self.0.remove(id)
    }

    /// See [`js::KeyRing::ids`].
    pub fn ids(&self) -> Result<String, JsValue> {
        self.0.ids().map_err(thrown)
    }

    /// See [`js::KeyRing::verify`].
    pub fn verify(&self, token: &str, purpose: &str, now: f64, max_age: Option<f64>) -> Result<String, JsValue> {
        self.0.verify(token, purpose, now, max_age).map_err(thrown)
    }

    /// A copy. The module takes options that may be absent by value, so a ring is copied before it is lent.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

/// See [`js::audit_digest`].
#[wasm_bindgen(js_name = auditDigest)]
pub fn audit_digest(arguments: &str) -> Result<String, JsValue> {
    js::audit_digest(arguments).map_err(thrown)
}
