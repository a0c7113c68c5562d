//! How often the prompts of the library are really used: model calls whose system prompt is a
//! prompt's text, or that text with its variables at their defaults.
//!
//! Calls keep a digest of the whole system prompt, so that they are counted whatever the tenant
//! keeps of what is said. A prompt whose variables are filled in otherwise is not recognised.

use std::collections::BTreeMap;

use serde_json::Value;
use zentinelle_core::audit;
use zentinelle_core::ids::TenantId;

use crate::clock;
use crate::store::entities::system_prompt;
use crate::store::{Store, StoreError, interactions};

/// For how long back uses count. Unit: microseconds.
const SINCE: i64 = 30 * 86_400 * 1_000_000;
/// How many digests one statement looks for.
const AT_ONCE: usize = 400;
/// How many digits of a digest are kept: 128 bits.
const DIGITS: usize = 32;

/// The digest of a system prompt; none of an empty one.
pub(crate) fn digest(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut digest = audit::digest(&Value::from(text)).to_string();
    if let Some((_, digits)) = digest.split_once(':') {
        digest = digits.to_owned();
    }
    digest.truncate(DIGITS);
    Some(digest)
}

/// A prompt's text with its variables filled in: as given, else by their defaults.
pub(crate) fn rendered(text: &str, defaults: &Value, given: &Value) -> String {
    let mut values = defaults.as_object().cloned().unwrap_or_default();
    values.extend(given.as_object().cloned().unwrap_or_default());
    values.into_iter().fold(text.to_owned(), |text, (name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.replace(&format!("{{{{{name}}}}}"), &value)
    })
}

/// How often each of some prompts was used in the last thirty days, by id.
pub(crate) async fn counts(
    store: &Store,
    tenant: &TenantId,
    prompts: &[system_prompt::Model],
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut whose: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for prompt in prompts {
        let defaults = prompt.details.get("variable_defaults").cloned().unwrap_or_default();
        let texts = [prompt.prompt_text.clone(), rendered(&prompt.prompt_text, &defaults, &Value::Null)];
        let mut digests: Vec<String> = texts.iter().filter_map(|text| digest(text)).collect();
        digests.dedup();
        for digest in digests {
            whose.entry(digest).or_default().push(&prompt.id);
        }
    }
    let since = clock::now_micros().saturating_sub(SINCE);
    let digests: Vec<&str> = whose.keys().map(String::as_str).collect();
    let mut counts = BTreeMap::new();
    for some in digests.chunks(AT_ONCE) {
        for (digest, uses) in interactions::prompt_uses(store.db(), tenant, some, since).await? {
            for id in whose.get(&digest).into_iter().flatten() {
                *counts.entry((*id).to_owned()).or_default() += u64::try_from(uses).unwrap_or_default();
            }
        }
    }
    Ok(counts)
}
