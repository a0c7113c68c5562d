//! The tokens that carry a person's yes to the engine.
//!
//! Tokens are not kept: an approved request and the tenant's key make the same token again
//! whenever the agent asks for it. Its id names the request and the digest of the call, so that
//! a token is put before the engine only for the call it was given for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};
use zentinelle_core::Agent;
use zentinelle_core::approval::{Claims, Digest, KeyRing, Purpose, SigningKey};
use zentinelle_core::decision::Remedy;
use zentinelle_core::ids::TenantId;

use super::call;
use crate::clock;
use crate::sealing::Root;
use crate::store::entities::approval;

/// Where agents put tokens.
pub(crate) const TOKEN_KEY: &str = "approval_token";
/// How many digits of the call's digest stand in a token's id: 128 bits.
const DIGITS: usize = 32;
/// How far a token is dated back, so that a replica whose clock is behind accepts it.
const DATED_BACK: SignedDuration = SignedDuration::from_secs(5);

/// The key with which a tenant's approvals are signed.
fn signing_key(root: &Root, tenant: &TenantId) -> Option<SigningKey> {
    SigningKey::hmac(&root.name(), root.derive(&format!("approvals/{tenant}")).as_ref()).ok()
}

/// The keys with which a tenant's approvals are verified.
pub(crate) fn key_ring(root: &Root, tenant: &TenantId) -> KeyRing {
    KeyRing::from_keys(signing_key(root, tenant).iter().map(SigningKey::verifying_key)).unwrap_or_default()
}

/// For how long the approval of a remedy holds from the decision on.
pub(super) fn lifetime(remedies: &[Remedy]) -> SignedDuration {
    let seconds = remedies.iter().map(|remedy| remedy.max_age_seconds).min().unwrap_or_default();
    let whole = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    whole - dated_back(whole)
}

fn dated_back(lifetime: SignedDuration) -> SignedDuration {
    DATED_BACK.min(lifetime / 10)
}

/// The tokens of an approved request, one for each remedy, parted by blanks.
pub(crate) fn mint(root: &Root, row: &approval::Model) -> Option<String> {
    let remedies: Vec<Remedy> = serde_json::from_value(row.remedies.clone()).ok()?;
    let decided_at = clock::instant(row.decided_at?);
    let key = signing_key(root, &TenantId::new(row.tenant_id.as_str()))?;
    let tokens = remedies.iter().enumerate().map(|(index, remedy)| {
        let whole = SignedDuration::from_secs(i64::try_from(remedy.max_age_seconds).ok()?);
        let issued_at = decided_at.checked_sub(dated_back(whole)).ok()?;
        let id = token_id(&row.id, index, &row.arguments_digest)?;
        let mut claims = Claims::new(remedy.purpose, id, issued_at);
        claims.expires_at = issued_at.checked_add(whole).ok();
        claims.tenant = Some(row.tenant_id.clone());
        claims.policy = Some(remedy.policy_id.as_str().to_owned());
        claims.agent = Some(remedy.agent_id.as_str().to_owned());
        claims.user = remedy.user_id.as_ref().map(|user| user.as_str().to_owned());
        claims.arguments = remedy.arguments;
        claims.granted_by = row.decided_by.clone();
        match remedy.purpose {
            Purpose::ToolApproval => claims.tool = remedy.subject.clone(),
            Purpose::AgentCapabilityApproval | Purpose::HumanOversightApproval => {
                claims.action = remedy.subject.clone();
            }
            Purpose::AgentDelegation => return None,
        }
        key.mint(&claims).ok()
    });
    Some(tokens.collect::<Option<Vec<String>>>()?.join(" "))
}

fn token_id(approval: &str, index: usize, digest: &str) -> Option<String> {
    Some(format!("{approval}.{index}.{}", digest.get(..DIGITS)?))
}

/// The request that a token's id names.
pub(crate) fn approval_of(token_id: &str) -> Option<&str> {
    parts(token_id).map(|(approval, _)| approval)
}

fn parts(token_id: &str) -> Option<(&str, &str)> {
    let mut parts = token_id.split('.');
    let (approval, index, digits) = (parts.next()?, parts.next()?, parts.next()?);
    let ours = parts.next().is_none()
        && uuid::Uuid::try_parse(approval).is_ok()
        && index.bytes().all(|byte| byte.is_ascii_digit())
        && digits.len() == DIGITS;
    ours.then_some((approval, digits))
}

/// Takes tokens out of a context that were given for another call than this one. What is left
/// is for the engine to verify.
pub(crate) fn keep_those_for_this_call(
    agent: &Agent,
    user: Option<&str>,
    action: &str,
    context: &mut Map<String, Value>,
) {
    let Some(Value::String(tokens)) = context.get(TOKEN_KEY) else { return };
    let this_call = call::digest(agent, user, action, context).ok().map(|digest: Digest| digest.to_string());
    let fits = |token: &&str| match claimed_id(token).as_deref().and_then(parts) {
        Some((_, digits)) => this_call.as_ref().and_then(|digest| digest.get(..DIGITS)) == Some(digits),
        // Not one of ours: signed by somebody else, or no token at all. The engine says which.
        None => true,
    };
    let kept: Vec<&str> = tokens.split_whitespace().filter(fits).collect();
    let kept = kept.join(" ");
    if kept.is_empty() {
        context.remove(TOKEN_KEY);
    } else {
        context.insert(TOKEN_KEY.to_owned(), kept.into());
    }
}

/// The id a token claims to have. Nothing of it is verified here.
fn claimed_id(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        id: String,
    }
    let payload = token.split('.').nth(2)?;
    let claimed: Claimed = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(claimed.id)
}

/// A context for the records: tokens by their ids.
pub(crate) fn without_tokens(context: &mut Map<String, Value>) {
    if let Some(Value::String(tokens)) = context.get(TOKEN_KEY) {
        let ids: Vec<String> = tokens
            .split_whitespace()
            .map(|token| claimed_id(token).unwrap_or_else(|| "unreadable".to_owned()))
            .collect();
        context.insert(TOKEN_KEY.to_owned(), ids.join(" ").into());
    }
}
