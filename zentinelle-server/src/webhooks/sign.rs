//! Signatures by which a receiver knows that a notice is ours, and that it is fresh.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The value of `X-Zentinelle-Signature`: over the body alone, as released receivers check it.
pub(crate) fn signature(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", hex(secret, &[body]))
}

/// The value of `X-Zentinelle-Signature-V2`: over the instant and the body, so that a receiver
/// can refuse what is old. The instant is in seconds since 1970.
pub(crate) fn signature_v2(secret: &[u8], at: i64, body: &[u8]) -> String {
    let at = at.to_string();
    format!("t={at},v1={}", hex(secret, &[at.as_bytes(), b".", body]))
}

/// A new secret for a webhook.
pub(crate) fn new_secret() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *bytes)?;
    Ok(Zeroizing::new(format!("whsec_{}", URL_SAFE_NO_PAD.encode(*bytes))))
}

fn hex(secret: &[u8], parts: &[&[u8]]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() }; // takes any length
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{signature, signature_v2};

    #[test]
    fn signatures_are_those_that_other_tools_compute() {
        // printf '{"a":1}' | openssl dgst -sha256 -hmac secret
        let body = br#"{"a":1}"#;
        let expected = "sha256=aa9e2e3575f5d7098b6caccd790888c36d5fdb63342a73bada2d6a51747a8494";
        assert_eq!(signature(b"secret", body), expected);
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature_v2(b"secret", 1_700_000_000, body), expected);
    }
}
