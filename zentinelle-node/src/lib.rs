//! The engine as a native addon for Node: the classes of `zentinelle-js`, and work on other threads.
//!
//! Not meant to be called by hand: the TypeScript of the package stands in front of it. A failed call throws
//! an error whose message is the fault as JSON text, which that side turns into an error class.

mod tasks;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use zentinelle_js as js;

pub use tasks::{DecideTask, TextTask, judge_async};

/// Saves a twentieth of a decision's time beside the allocator of glibc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn thrown(fault: js::Fault) -> Error {
    Error::from_reason(fault.to_json())
}

/// See [`js::Engine`].
#[napi]
pub struct Engine(js::Engine);

#[napi]
impl Engine {
    /// See [`js::Engine::from_text`].
    #[napi(factory)]
    pub fn from_text(text: String, options: String, ledger: &Ledger, keys: Option<&KeyRing>) -> Result<Self> {
        js::Engine::from_text(&text, &options, &ledger.0, keys.map(|keys| &keys.0)).map(Self).map_err(thrown)
    }

    /// See [`js::Engine::from_policies`].
    #[napi(factory)]
    pub fn from_policies(list: String, options: String, ledger: &Ledger, keys: Option<&KeyRing>) -> Result<Self> {
        js::Engine::from_policies(&list, &options, &ledger.0, keys.map(|keys| &keys.0)).map(Self).map_err(thrown)
    }

    /// See [`js::Engine::decide`].
    #[napi]
    pub fn decide(&self, request: String, now: f64, done: u32) -> Result<u32> {
        self.0.decide(&request, now, done).map_err(thrown)
    }

    /// See [`js::Engine::assess`].
    #[napi]
    pub fn assess(&self, request: String, now: f64) -> Result<Assessment> {
        self.0.assess(&request, now).map(Assessment).map_err(thrown)
    }

    /// See [`js::Engine::document`].
    #[napi]
    pub fn document(&self, answer: u32) -> Result<String> {
        self.0.document(answer).map_err(thrown)
    }

    /// See [`js::Engine::explanation`].
    #[napi]
    pub fn explanation(&self, answer: u32) -> Result<String> {
        self.0.explanation(answer).map_err(thrown)
    }

    /// See [`js::Engine::smallest_change`].
    #[napi]
    pub fn smallest_change(&self, answer: u32) -> Result<String> {
        self.0.smallest_change(answer).map_err(thrown)
    }

    /// See [`js::Engine::forget`].
    #[napi]
    pub fn forget(&self, answer: u32) {
        self.0.forget(answer);
    }

    /// See [`js::Engine::kept`].
    #[napi]
    #[must_use]
    pub fn kept(&self) -> u32 {
        u32::try_from(self.0.kept()).unwrap_or(u32::MAX)
    }

    /// See [`js::Engine::findings`].
    #[napi]
    pub fn findings(&self) -> Result<String> {
        self.0.findings().map_err(thrown)
    }
}

/// See [`js::Assessment`].
#[napi]
pub struct Assessment(js::Assessment);

#[napi]
impl Assessment {
    /// See [`js::Assessment::batch`].
    #[napi]
    pub fn batch(&self) -> Result<Option<String>> {
        self.0.batch().map_err(thrown)
    }

    /// See [`js::Assessment::conclude`].
    #[napi]
    pub fn conclude(&mut self, outcome: Option<String>) -> Result<u32> {
        self.0.conclude(outcome.as_deref()).map_err(thrown)
    }

    /// See [`js::Assessment::fail`].
    #[napi]
    pub fn fail(&mut self, why: String) -> Result<u32> {
        self.0.fail(&why).map_err(thrown)
    }
}

/// See [`js::Ledger`].
#[napi]
pub struct Ledger(js::Ledger);

#[napi]
impl Ledger {
    /// See [`js::Ledger::new`].
    #[napi(factory)]
    pub fn create(options: String) -> Result<Self> {
        js::Ledger::new(&options).map(Self).map_err(thrown)
    }

    /// See [`js::Ledger::restore`].
    #[napi(factory)]
    pub fn restore(options: String, snapshot: String) -> Result<Self> {
        js::Ledger::restore(&options, &snapshot).map(Self).map_err(thrown)
    }

    /// See [`js::Ledger::apply`].
    #[napi]
    pub fn apply(&self, batch: String) -> Result<String> {
        self.0.apply(&batch).map_err(thrown)
    }

    /// See [`js::Ledger::settle`].
    #[napi]
    pub fn settle(&self, reservation: String, usage: String, now: f64) -> Result<String> {
        self.0.settle(&reservation, &usage, now).map_err(thrown)
    }

    /// See [`js::Ledger::release`].
    #[napi]
    pub fn release(&self, reservation: String, now: f64) -> Result<String> {
        self.0.release(&reservation, now).map_err(thrown)
    }

    /// See [`js::Ledger::record`].
    #[napi]
    pub fn record(&self, spent: String, at: f64) -> Result<()> {
        self.0.record(&spent, at).map_err(thrown)
    }

    /// See [`js::Ledger::snapshot`].
    #[napi]
    pub fn snapshot(&self, now: f64) -> Result<String> {
        self.0.snapshot(now).map_err(thrown)
    }

    /// See [`js::Ledger::size`].
    #[napi]
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.0.size()).unwrap_or(u32::MAX)
    }
}

/// See [`js::Scanner`].
#[napi]
pub struct Scanner(js::Scanner);

#[napi]
impl Scanner {
    /// See [`js::Scanner::new`].
    #[napi(factory)]
    pub fn create(options: String) -> Result<Self> {
        js::Scanner::new(&options).map(Self).map_err(thrown)
    }

    /// See [`js::Scanner::scan`].
    #[napi]
    pub fn scan(&self, text: String) -> Result<String> {
        self.0.scan(&text).map_err(thrown)
    }

    /// See [`js::Scanner::redact`].
    #[napi]
    pub fn redact(&self, text: String) -> Result<String> {
        self.0.redact(&text).map_err(thrown)
    }
}

/// See [`js::Stream`].
#[napi]
pub struct Stream(js::Stream);

#[napi]
impl Stream {
    /// See [`js::Stream::new`].
    #[napi(factory)]
    pub fn create(options: String, mask: bool) -> Result<Self> {
        js::Stream::new(&options, mask).map(Self).map_err(thrown)
    }

    /// See [`js::Stream::push`].
    #[napi]
    pub fn push(&mut self, piece: String) -> Result<String> {
        self.0.push(&piece).map_err(thrown)
    }

    /// See [`js::Stream::finish`].
    #[napi]
    pub fn finish(&mut self) -> Result<String> {
        self.0.finish().map_err(thrown)
    }

    /// See [`js::Stream::held_back`].
    #[napi]
    #[must_use]
    pub fn held_back(&self) -> u32 {
        u32::try_from(self.0.held_back()).unwrap_or(u32::MAX)
    }
}

/// See [`js::SigningKey`].
#[napi]
pub struct SigningKey(js::SigningKey);

#[napi]
impl SigningKey {
    /// See [`js::SigningKey::hmac`].
    #[napi(factory)]
    pub fn hmac(id: String, secret: &[u8]) -> Result<Self> {
        js::SigningKey::hmac(&id, secret).map(Self).map_err(thrown)
    }

    /// See [`js::SigningKey::ed25519`].
    #[napi(factory)]
    pub fn ed25519(id: String, seed: &[u8]) -> Result<Self> {
        js::SigningKey::ed25519(&id, seed).map(Self).map_err(thrown)
    }

    /// See [`js::SigningKey::id`].
    #[napi]
    #[must_use]
    pub fn id(&self) -> String {
        self.0.id().to_owned()
    }

    /// See [`js::SigningKey::public_key`].
    #[napi]
    #[must_use]
    pub fn public_key(&self) -> Option<Vec<u8>> {
        self.0.public_key()
    }

    /// See [`js::SigningKey::mint`].
    #[napi]
    pub fn mint(&self, claims: String) -> Result<String> {
        self.0.mint(&claims).map_err(thrown)
    }
}

/// See [`js::KeyRing`].
#[napi]
pub struct KeyRing(js::KeyRing);

#[napi]
impl KeyRing {
    /// A ring without keys.
    #[napi(factory)]
    #[must_use]
    pub fn create() -> Self {
        Self(js::KeyRing::default())
    }

    /// See [`js::KeyRing::trust_hmac`].
    #[napi]
    pub fn trust_hmac(&mut self, id: String, secret: &[u8]) -> Result<()> {
        self.0.trust_hmac(&id, secret).map_err(thrown)
    }

    /// See [`js::KeyRing::trust_ed25519`].
    #[napi]
    pub fn trust_ed25519(&mut self, id: String, public: &[u8]) -> Result<()> {
        self.0.trust_ed25519(&id, public).map_err(thrown)
    }

    /// See [`js::KeyRing::trust`].
    #[napi]
    pub fn trust(&mut self, key: &SigningKey) -> Result<()> {
        self.0.trust(&key.0).map_err(thrown)
    }

    /// See [`js::KeyRing::remove`].
    #[napi]
    pub fn remove(&mut self, id: String) -> bool {
        self.0.remove(&id)
    }

    /// See [`js::KeyRing::ids`].
    #[napi]
    pub fn ids(&self) -> Result<String> {
        self.0.ids().map_err(thrown)
    }

    /// See [`js::KeyRing::verify`].
    #[napi]
    pub fn verify(&self, token: String, purpose: String, now: f64, max_age: Option<f64>) -> Result<String> {
        self.0.verify(&token, &purpose, now, max_age).map_err(thrown)
    }

    /// A copy. The module takes options that may be absent by value, so a ring is copied before it is lent.
    #[napi]
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

/// See [`js::judge`].
#[napi]
pub fn judge(text: String, source: String) -> Result<String> {
    js::judge(&text, &source).map_err(thrown)
}

/// See [`js::validate`].
#[napi]
pub fn validate(text: String, name: String) -> Result<String> {
    js::validate(&text, &name).map_err(thrown)
}

/// See [`js::policy_types`].
#[napi]
pub fn policy_types() -> Result<String> {
    js::policy_types().map_err(thrown)
}

/// See [`js::diff`].
#[napi]
pub fn diff(before: String, after: String) -> Result<String> {
    js::diff(&before, &after).map_err(thrown)
}

/// See [`js::test`].
#[napi]
pub fn test_policies(text: String, options: String, keys: Option<&KeyRing>) -> Result<String> {
    js::test(&text, &options, keys.map(|keys| &keys.0)).map_err(thrown)
}

/// See [`js::verify_audit`].
#[napi]
pub fn verify_audit(bundle: &[u8], options: String) -> Result<String> {
    js::verify_audit(bundle, &options).map_err(thrown)
}

/// See [`js::audit_digest`].
#[napi]
pub fn audit_digest(arguments: String) -> Result<String> {
    js::audit_digest(&arguments).map_err(thrown)
}
