//! Keys in a request: which is ours and whose call it is, and which one leaves.
//!
//! Our key is never passed on, and exactly one credential leaves: the tenant's own for the
//! upstream, else the server's where the tenant may use it, else the one the caller brought.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use super::upstream::Upstream;
use crate::app::App;
use crate::auth::AgentFacts;
use crate::auth::access::KEY_HEADER;
use crate::config::proxy::AuthStyle;
use crate::snapshot::TenantSettings;

/// How every key of ours begins; nothing that begins so ever leaves.
const OURS: [&str; 6] = ["sk_agent_", "sk_platform_", "znt_", "sk_live_", "sk_test_", "bt_"];

/// A header that carries the key of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key`.
    XApiKey,
    /// `x-goog-api-key`, also `?key=`.
    XGoogApiKey,
    /// `api-key`.
    ApiKey,
}

impl Slot {
    /// Where a key is looked for, in this order.
    pub(crate) const ALL: [Self; 4] = [Self::XApiKey, Self::XGoogApiKey, Self::ApiKey, Self::Bearer];

    /// The slot of a style; none where no key is sent.
    pub(crate) const fn of(style: AuthStyle) -> Option<Self> {
        match style {
            AuthStyle::Bearer => Some(Self::Bearer),
            AuthStyle::XApiKey => Some(Self::XApiKey),
            AuthStyle::XGoogApiKey => Some(Self::XGoogApiKey),
            AuthStyle::ApiKey => Some(Self::ApiKey),
            AuthStyle::None => None,
        }
    }

    /// The header.
    pub(crate) const fn header(self) -> HeaderName {
        match self {
            Self::Bearer => header::AUTHORIZATION,
            Self::XApiKey => HeaderName::from_static("x-api-key"),
            Self::XGoogApiKey => HeaderName::from_static("x-goog-api-key"),
            Self::ApiKey => HeaderName::from_static("api-key"),
        }
    }

    fn value(self, key: &str) -> Option<HeaderValue> {
        let text = match self {
            Self::Bearer => Zeroizing::new(format!("Bearer {key}")),
            _ => Zeroizing::new(key.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn read(self, headers: &HeaderMap) -> Option<&str> {
        let text = headers.get(self.header())?.to_str().ok()?.trim();
        let key = match self {
            Self::Bearer => {
                let (scheme, key) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())?
            }
            _ => text,
        };
        (!key.is_empty()).then_some(key)
    }
}

/// The keys of a request.
#[derive(Default)]
pub(crate) struct Presented {
    /// Ours: says who calls.
    pub(crate) ours: Option<Zeroizing<String>>,
    /// The provider's, where the caller brought one.
    pub(crate) theirs: Option<(Slot, Zeroizing<String>)>,
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("ours", &self.ours.is_some())
            .field("theirs", &self.theirs.as_ref().map(|(slot, _)| slot))
            .finish()
    }
}

impl Presented {
    /// Finds the keys of a request. `query_key` is the `key` of its query.
    pub(crate) fn find(headers: &HeaderMap, query_key: Option<&str>) -> Self {
        let named = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()).map(str::trim);
        let mut found =
            Self { ours: named.filter(|key| !key.is_empty()).map(|key| Zeroizing::new(key.to_owned())), theirs: None };
        let slots = Slot::ALL.into_iter().filter_map(|slot| Some((slot, slot.read(headers)?)));
        let query = query_key.filter(|key| !key.is_empty()).map(|key| (Slot::XGoogApiKey, key));
        for (slot, key) in slots.chain(query) {
            let key = Zeroizing::new(key.to_owned());
            if OURS.iter().any(|prefix| key.starts_with(prefix)) {
                found.ours.get_or_insert(key);
            } else {
                found.theirs.get_or_insert((slot, key));
            }
        }
        found
    }
}

/// The one credential that leaves.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    /// The header it stands in, and how it stands there.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
    /// Whose it is, for records.
    pub(crate) source: &'static str,
}

/// Which credential leaves with a call; refused when there is none.
pub(crate) async fn choose(
    app: &App,
    upstream: &Upstream,
    agent: &AgentFacts,
    presented: &Presented,
    settings: &TenantSettings,
) -> Result<Credential, Refusal> {
    let Some(slot) = upstream.slot else { return Ok(Credential { header: None, source: "none" }) };
    let stands = |slot: Slot, key: &str, source| match slot.value(key) {
        Some(value) => Ok(Credential { header: Some((slot.header(), value)), source }),
        None => Err(Refusal::bad_gateway("the key for the provider cannot stand in a header")),
    };
    if let Some(key) = app.proxy.keys.of(app, agent, &upstream.name).await? {
        return stands(slot, &key, "tenant");
    }
    if let Some(key) = upstream.key_for(&agent.agent.tenant_id) {
        return stands(slot, key, "server");
    }
    match &presented.theirs {
        // A key stays in the header it came in: some providers tell kinds of keys apart by that.
        Some((slot, key)) if settings.proxy.pass_through => stands(*slot, key, "caller"),
        Some(_) => Err(Refusal::forbidden("no_api_key", "the caller's own keys may not be used here")),
        None => {
            let message = format!(
                "there is no key for `{0}`: an operator keeps one with PUT /api/zentinelle/v1/provider-keys/{0}",
                upstream.name
            );
            Err(Refusal::forbidden("no_api_key", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Presented, Slot};

    fn found(headers: &[(&'static str, &str)], query: Option<&str>) -> (Option<String>, Option<(Slot, String)>) {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value")));
        let presented = Presented::find(&pairs.collect::<HeaderMap>(), query);
        let text = |key: zeroize::Zeroizing<String>| key.to_string();
        (presented.ours.map(text), presented.theirs.map(|(slot, key)| (slot, text(key))))
    }

    #[test]
    fn our_key_is_found_in_every_slot_and_is_never_taken_for_the_providers() {
        let ours = || Some("sk_agent_a".to_owned());
        let theirs = |slot, key: &str| Some((slot, key.to_owned()));
        for (headers, query, expected) in [
            (&[("authorization", "Bearer sk_agent_a")][..], None, (ours(), None)),
            (&[("authorization", "bearer  sk_agent_a ")], None, (ours(), None)),
            (&[("x-api-key", "sk_agent_a")], None, (ours(), None)),
            (&[("api-key", "sk_agent_a")], None, (ours(), None)),
            (&[("x-goog-api-key", "sk_agent_a")], None, (ours(), None)),
            (&[], Some("sk_agent_a"), (ours(), None)),
            (
                &[("x-zentinelle-key", "sk_agent_a"), ("authorization", "Bearer sk-1")],
                None,
                (ours(), theirs(Slot::Bearer, "sk-1")),
            ),
            (&[("x-zentinelle-key", "sk_agent_a"), ("x-api-key", "sk_agent_b")], None, (ours(), None)),
            (
                &[("x-api-key", "sk-ant"), ("authorization", "Bearer sk_agent_a")],
                None,
                (ours(), theirs(Slot::XApiKey, "sk-ant")),
            ),
            (&[("authorization", "Basic c2s=")], None, (None, None)),
            (&[("x-zentinelle-key", "")], Some("AIza"), (None, theirs(Slot::XGoogApiKey, "AIza"))),
        ] {
            assert_eq!(found(headers, query), expected, "{headers:?} {query:?}");
        }
    }
}
