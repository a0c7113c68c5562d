//! The keys that approvals may be signed with, from files.
//!
//! A key file is one line: `ed25519:` or `hmac-sha256:` and the key in base64: the 32 public bytes,
//! or the shared secret of at least 32 bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zentinelle_core::approval::{KeyRing, VerifyingKey};

use super::error::CommandError;
use super::input;

const FORM: &str =
    "write one line, `ed25519:` and the public key in base64, or `hmac-sha256:` and the secret in base64";

/// Reads the keys of `--approval-key ID=FILE`.
pub(crate) fn read(arguments: &[String]) -> Result<KeyRing, CommandError> {
    let mut ring = KeyRing::new();
    for argument in arguments {
        let Some((id, path)) = argument.split_once('=').filter(|(id, path)| !id.is_empty() && !path.is_empty()) else {
            return Err(CommandError::Argument {
                message: format!("`--approval-key {argument}` names no key and file"),
                help: "write `--approval-key ID=FILE`, with the id that the approvals name".to_owned(),
            });
        };
        let text = input::read_text(path)?;
        let refused = |why: String| CommandError::Key { name: path.to_owned(), why, help: FORM };
        let key = verifying_key(id, text.trim()).map_err(refused)?;
        ring.insert(key).map_err(|error| CommandError::Key {
            name: argument.clone(),
            why: error.to_string(),
            help: "give each key an id of its own",
        })?;
    }
    Ok(ring)
}

/// Messages never hold any part of the file, which may be a secret.
fn verifying_key(id: &str, line: &str) -> Result<VerifyingKey, String> {
    let (algorithm, encoded) = line.split_once(':').ok_or("it names no algorithm")?;
    let bytes = BASE64.decode(encoded.trim()).map_err(|_| "what follows the colon is not base64")?;
    let key = match algorithm.trim() {
        "ed25519" => {
            let found = bytes.len();
            let public = bytes.try_into().map_err(|_| format!("it has {found} bytes, expected 32"))?;
            VerifyingKey::ed25519(id, &public)
        }
        "hmac-sha256" => VerifyingKey::hmac(id, &bytes),
        _ => return Err("its algorithm is neither `ed25519` nor `hmac-sha256`".to_owned()),
    };
    key.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_algorithm_and_base64() {
        let secret = BASE64.encode([7; 32]);
        assert!(verifying_key("k", &format!("hmac-sha256:{secret}")).is_ok());
        for wrong in [secret.clone(), format!("rsa:{secret}"), "ed25519:AAAA".to_owned(), "ed25519:?".to_owned()] {
            let why = verifying_key("k", &wrong).expect_err("refused");
            assert!(!why.contains(&secret), "{why}");
        }
    }
}
