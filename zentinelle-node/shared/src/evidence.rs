//! Evidence: verifying an exported audit log.

use serde::{Deserialize, Serialize};
use zentinelle_core::audit::{CheckpointKey, Digest, Expectations, Report, Status, verify};

use crate::{Class, Fault, json, options};

/// What the verifier knows apart from the bundle.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Public keys whose checkpoints are believed, as their signer printed them.
    keys: Vec<String>,
    tenant_id: Option<String>,
    first_sequence: Option<u64>,
    last_sequence: Option<u64>,
    head: Option<Head>,
    checkpoints: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    sequence: u64,
    chain_hash: Digest,
}

#[derive(Serialize)]
struct Answer<'r> {
    valid: bool,
    status: Status,
    #[serde(flatten)]
    report: &'r Report,
}

/// Checks an exported log; the report as JSON.
///
/// # Errors
///
/// A fault of class `argument` for expectations nobody knows, or a key that is none.
pub fn verify_audit(bundle: &[u8], option_text: &str) -> Result<String, Fault> {
    let found: Options = options(option_text, "expectations of an audit log")?;
    let key = |(place, text): (usize, &String)| {
        text.trim().parse::<CheckpointKey>().map_err(|_| {
            let message = "the text is no public key of a signer, or a letter of it is wrong";
            let mut fault = Fault::new(Class::Argument, "argument.invalid_checkpoint_key", message)
                .with_help("give the key as its signer printed it: `NAME+HASH+BASE64`");
            fault.pointer = format!("/keys/{place}").into();
            fault
        })
    };
    let keys = found.keys.iter().enumerate().map(key).collect::<Result<Vec<_>, _>>()?;
    let expected = Expectations {
        tenant_id: found.tenant_id,
        first_sequence: found.first_sequence,
        last_sequence: found.last_sequence,
        head: found.head.map(|head| (head.sequence, head.chain_hash)),
        checkpoints: found.checkpoints,
    };
    let report = verify(bundle, &keys, &expected);
    json(&Answer { valid: report.is_valid(), status: report.status(), report: &report })
}
