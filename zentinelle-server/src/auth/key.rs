//! The keys this server issues: how they look, how they are made and how they are compared.
//!
//! A key is a prefix that tells its kind and 256 random bits in URL-safe base64. The first
//! [`PUBLIC_LENGTH`] characters of the random part are the key's public id: indexed, and shown
//! to people. What is stored of the rest is a keyed hash, so a stolen database opens nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::sealing::Root;

/// How many characters of the random part are public: 72 bits.
pub(crate) const PUBLIC_LENGTH: usize = 12;
/// 32 bytes in base64 without padding.
const RANDOM_LENGTH: usize = 43;
/// The prefix of an enrolment token that is sent as `X-Zentinelle-Bootstrap`.
pub(crate) const BOOTSTRAP_PREFIX: &str = "bt_";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyKind {
    /// Acts as one agent.
    Agent,
    /// Enrols agents and acts for those it enrolled.
    Enrolment,
    /// Enrols agents and nothing else.
    Bootstrap,
    /// Acts for an operator with a role.
    Operator,
}

impl KeyKind {
    /// The kind as the database keeps it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Enrolment => "enrolment",
            Self::Bootstrap => "bootstrap",
            Self::Operator => "operator",
        }
    }

    /// The kind of a stored key.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Agent, Self::Enrolment, Self::Bootstrap, Self::Operator].into_iter().find(|kind| kind.name() == name)
    }

    /// How keys of the kind begin.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Agent => "sk_agent_",
            Self::Enrolment => "znt_",
            Self::Bootstrap => BOOTSTRAP_PREFIX,
            Self::Operator => "sk_platform_",
        }
    }
}

/// A key somebody presents, well formed but not yet known to be good.
#[derive(Clone)]
pub(crate) struct PresentedKey {
    kind: KeyKind,
    public_at: usize,
    text: Zeroizing<String>,
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedKey").field("kind", &self.kind).field("public_id", &self.public_id()).finish()
    }
}

impl PresentedKey {
    /// Reads a key; none when it has not the form of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, public_at) = Self::form_of(text)?;
        Some(Self { kind, public_at, text: Zeroizing::new(text.to_owned()) })
    }

    fn form_of(text: &str) -> Option<(KeyKind, usize)> {
        if text.starts_with(BOOTSTRAP_PREFIX) {
            // `bt_<tenant>_<64 hexadecimal digits>`: the tenant may hold underscores itself.
            let (_, random) = text.rsplit_once('_')?;
            let sound = random.len() == 64 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
            return sound.then(|| (KeyKind::Bootstrap, text.len() - random.len()));
        }
        // Released clients also start from `sk_live_` and `sk_test_` keys of the enrolment kind.
        let (prefix, kind) = [
            ("sk_agent_", KeyKind::Agent),
            ("sk_platform_", KeyKind::Operator),
            ("znt_", KeyKind::Enrolment),
            ("sk_live_", KeyKind::Enrolment),
            ("sk_test_", KeyKind::Enrolment),
        ]
        .into_iter()
        .find(|(prefix, _)| text.starts_with(prefix))?;
        let random = text.strip_prefix(prefix)?;
        let sound = random.len() == RANDOM_LENGTH
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        sound.then_some((kind, prefix.len()))
    }

    /// What the key is for.
    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The part that may be shown and finds the key's row.
    pub(crate) fn public_id(&self) -> &str {
        self.text.get(self.public_at..self.public_at + PUBLIC_LENGTH).unwrap_or_default()
    }
}

/// A key that was just made. It is shown once and never stored.
pub(crate) struct IssuedKey {
    /// The whole key.
    pub(crate) text: Zeroizing<String>,
    /// Its public part.
    pub(crate) public_id: String,
    /// What is stored of it.
    pub(crate) secret_hash: String,
}

/// Hashes keys with a secret of this installation.
#[derive(Clone)]
pub(crate) struct KeyHasher(Zeroizing<[u8; 32]>);

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher(..)")
    }
}

impl KeyHasher {
    /// A hasher under a secret.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests choose a secret of their own"))]
    pub(crate) fn new(pepper: [u8; 32]) -> Self {
        Self(Zeroizing::new(pepper))
    }

    /// A hasher under the secret that the root gives.
    pub(crate) fn from_root(root: &Root) -> Self {
        Self(root.derive("api keys"))
    }

    /// Makes a key of a kind; a bootstrap token names its tenant.
    pub(crate) fn issue(&self, kind: KeyKind, tenant: &str) -> Result<IssuedKey, getrandom::Error> {
        let mut random = Zeroizing::new([0_u8; 32]);
        getrandom::fill(random.as_mut())?;
        let text = match kind {
            KeyKind::Bootstrap => format!("{BOOTSTRAP_PREFIX}{tenant}_{}", hex(random.as_ref())),
            _ => format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(random.as_ref())),
        };
        let text = Zeroizing::new(text);
        let public_id = PresentedKey::parse(&text).map(|key| key.public_id().to_owned()).unwrap_or_default();
        let secret_hash = hex(&self.hash(&text));
        Ok(IssuedKey { text, public_id, secret_hash })
    }

    /// Whether a presented key is the one whose hash was stored. Takes the same time either way.
    pub(crate) fn matches(&self, key: &PresentedKey, stored: &[u8; 32]) -> bool {
        self.hash(&key.text).ct_eq(stored).into()
    }

    /// A keyed digest of content for one tenant: equal contents are recognised, and nobody without
    /// the key can find a short content, such as a card number, by trying them all.
    pub(crate) fn content_digest(&self, tenant: &str, content: &str) -> String {
        hex(&self.hash(&format!("content\0{tenant}\0{content}")))
    }

    /// What is stored of a session's cookie.
    pub(crate) fn session_digest(&self, token: &str) -> String {
        hex(&self.hash(&format!("session\0{token}")))
    }

    /// What is stored of a person's recovery code.
    pub(crate) fn recovery_digest(&self, user_id: &str, code: &str) -> String {
        hex(&self.hash(&format!("recovery\0{user_id}\0{code}")))
    }

    fn hash(&self, text: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref()).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
        text
    })
}

/// Reads 32 bytes in hexadecimal.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{KeyHasher, KeyKind, PresentedKey, from_hex};

    #[test]
    fn an_issued_key_is_recognised_and_no_other_is() {
        let hasher = KeyHasher::new([7; 32]);
        for kind in [KeyKind::Agent, KeyKind::Enrolment, KeyKind::Bootstrap, KeyKind::Operator] {
            let issued = hasher.issue(kind, "00000000-0000-0000-0000-000000000001").expect("random bytes");
            let key = PresentedKey::parse(&issued.text).expect("well formed");
            let stored = from_hex(&issued.secret_hash).expect("a hash");
            assert_eq!((key.kind(), key.public_id()), (kind, issued.public_id.as_str()));
            assert!(hasher.matches(&key, &stored));
            assert!(!KeyHasher::new([8; 32]).matches(&key, &stored));
            let mut other = issued.text.to_string();
            let last = if other.ends_with('0') { '1' } else { '0' };
            other.pop();
            other.push(last);
            let other = PresentedKey::parse(&other).expect("well formed");
            assert_eq!(other.public_id(), issued.public_id);
            assert!(!hasher.matches(&other, &stored));
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_whatever_it_looks_like() {
        for text in ["", "sk_agent_", "sk_agent_short", "bt_tenant", "sk_agent_ééééééééééééééééééééé_", "Bearer x"]
        {
            assert!(PresentedKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_never_shows_in_a_debug_print() {
        let issued = KeyHasher::new([7; 32]).issue(KeyKind::Agent, "t").expect("random bytes");
        let key = PresentedKey::parse(&issued.text).expect("well formed");
        assert!(!format!("{key:?}").contains(issued.text.get(25..).expect("long")));
    }
}
