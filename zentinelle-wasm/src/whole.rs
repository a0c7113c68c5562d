//! What the small build leaves out: scanning, editing policies, auditing.

use wasm_bindgen::prelude::*;
use zentinelle_js as js;

use crate::{KeyRing, thrown};

/// See [`js::Scanner`].
#[wasm_bindgen]
pub struct Scanner(js::Scanner);

#[wasm_bindgen]
impl Scanner {
    /// See [`js::Scanner::new`].
    pub fn create(options: &str) -> Result<Self, JsValue> {
        js::Scanner::new(options).map(Self).map_err(thrown)
    }

    /// See [`js::Scanner::scan`].
    pub fn scan(&self, text: &str) -> Result<String, JsValue> {
        self.0.scan(text).map_err(thrown)
    }

    /// See [`js::Scanner::redact`].
    pub fn redact(&self, text: &str) -> Result<String, JsValue> {
        self.0.redact(text).map_err(thrown)
    }
}

/// See [`js::Stream`].
#[wasm_bindgen]
pub struct Stream(js::Stream);

#[wasm_bindgen]
impl Stream {
    /// See [`js::Stream::new`].
    pub fn create(options: &str, mask: bool) -> Result<Self, JsValue> {
        js::Stream::new(options, mask).map(Self).map_err(thrown)
    }

    /// See [`js::Stream::push`].
    pub fn push(&mut self, piece: &str) -> Result<String, JsValue> {
        self.0.push(piece).map_err(thrown)
    }

    /// See [`js::Stream::finish`].
    pub fn finish(&mut self) -> Result<String, JsValue> {
        self.0.finish().map_err(thrown)
    }

    /// See [`js::Stream::held_back`].
    #[wasm_bindgen(js_name = heldBack)]
    #[must_use]
    pub fn held_back(&self) -> u32 {
        u32::try_from(self.0.held_back()).unwrap_or(u32::MAX)
    }
}

/// See [`js::judge`].
#[wasm_bindgen]
pub fn judge(text: &str, source: &str) -> Result<String, JsValue> {
    js::judge(text, source).map_err(thrown)
}

/// See [`js::validate`].
#[wasm_bindgen]
pub fn validate(text: &str, name: &str) -> Result<String, JsValue> {
    js::validate(text, name).map_err(thrown)
}

/// See [`js::policy_types`].
#[wasm_bindgen(js_name = policyTypes)]
pub fn policy_types() -> Result<String, JsValue> {
    js::policy_types().map_err(thrown)
}

/// See [`js::diff`].
#[wasm_bindgen]
pub fn diff(before: &str, after: &str) -> Result<String, JsValue> {
    js::diff(before, after).map_err(thrown)
}

/// See [`js::test`].
#[wasm_bindgen(js_name = testPolicies)]
pub fn test_policies(text: &str, options: &str, keys: Option<KeyRing>) -> Result<String, JsValue> {
    js::test(text, options, keys.as_ref().map(|keys| &keys.0)).map_err(thrown)
}

/// See [`js::verify_audit`].
#[wasm_bindgen(js_name = verifyAudit)]
pub fn verify_audit(bundle: &[u8], options: &str) -> Result<String, JsValue> {
    js::verify_audit(bundle, options).map_err(thrown)
}
