//! Approval tokens of any text: never a panic, and nothing but what was signed verifies.
//! Audit bundles of the same bytes are verified as well.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zentinelle_core::approval::{Claims, KeyRing, Purpose, SigningKey};
use zentinelle_core::audit::{Expectations, Status, verify};

static KEYS: LazyLock<(SigningKey, KeyRing)> = LazyLock::new(|| {
    let key = SigningKey::hmac("k1", &[7; 32]).unwrap();
    let ring = KeyRing::from_keys([key.verifying_key()]).unwrap();
    (key, ring)
});

fuzz_target!(|text: &str| {
    let now = jiff::Timestamp::UNIX_EPOCH;
    for purpose in Purpose::ALL {
        if let Ok(claims) = KEYS.1.verify(text, purpose, now, None) {
            // Only the holder of the key can have written it, and it says nothing beyond its claims.
            let written = KEYS.0.mint(&claims).unwrap();
            assert_eq!(KEYS.1.verify(&written, purpose, now, None).as_ref(), Ok(&claims));
        }
    }
    let mut claims = Claims::new(Purpose::ToolApproval, "id", now);
    claims.tool = Some(text.chars().take(100).collect());
    claims.expires_at = Some(now);
    if let Ok(token) = KEYS.0.mint(&claims) {
        assert_eq!(KEYS.1.verify(&token, Purpose::ToolApproval, now, None).as_ref(), Ok(&claims));
        assert!(KEYS.1.verify(&format!("{token}{text}x"), Purpose::ToolApproval, now, None).is_err());
    }
    let report = verify(text.as_bytes(), &[], &Expectations::default());
    assert_ne!(report.status(), Status::Valid, "nothing is valid without a trusted key");
});
