//! Where a request goes: the host of a URL, a domain name or an address, read as clients read it.
//!
//! URLs follow the WHATWG rules, which browsers and most HTTP libraries share: backslashes end an authority, user
//! parts are no host, `2130706433` and `0x7f.1` are 127.0.0.1, and names are brought to their ASCII form. Text
//! without a scheme is refused rather than guessed at. Names are not resolved here; a caller that has connected
//! should judge the connected address as well, or a name may lead to another address than the one looked at.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use url::Url;

use super::glob::{Glob, GlobError};
use super::unicode::nfkc;

/// Why no target can be told from a text. A policy with any rule about targets denies then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The URL has no scheme, so nothing says where its host begins.
    #[error("URL has no scheme; write https://host/path")]
    NoScheme,
    /// The URL is malformed.
    #[error("URL cannot be read")]
    MalformedUrl,
    /// The URL names no host, as in `mailto:` or `file:`.
    #[error("URL names no host")]
    NoHost,
    /// The host is neither a domain name nor an address.
    #[error("host is neither a domain name nor an address; leave out scheme, port and path")]
    BadHost,
    /// The text is not an address.
    #[error("not an IP address")]
    BadAddress,
}

/// What a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A domain name: lower case, ASCII form, no dot at the end.
    Name(String),
    /// An address. IPv4 addresses mapped into IPv6 appear as IPv4.
    Address(IpAddr),
}

/// A destination, in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Host);

impl Target {
    /// The host of a URL.
    ///
    /// # Errors
    /// [`TargetError::NoScheme`], [`TargetError::MalformedUrl`], [`TargetError::NoHost`] or
    /// [`TargetError::BadHost`].
    pub fn from_url(text: &str) -> Result<Self, TargetError> {
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => TargetError::NoScheme,
            _ => TargetError::MalformedUrl,
        })?;
        match url.host().ok_or(TargetError::NoHost)? {
            url::Host::Ipv4(address) => Ok(Self::from_address(address.into())),
            url::Host::Ipv6(address) => Ok(Self::from_address(address.into())),
            // Schemes the standard does not know keep their host as written, so it is read here.
            url::Host::Domain("") => Err(TargetError::NoHost),
            url::Host::Domain(name) => Self::from_domain(name),
        }
    }

    /// A domain name, or an address where a domain name was expected. No scheme, port or path.
    ///
    /// # Errors
    /// [`TargetError::BadHost`].
    pub fn from_domain(text: &str) -> Result<Self, TargetError> {
        if is_plain_name(text) {
            return Ok(Self(Host::Name(text.to_owned())));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::from_address(address));
        }
        let name = match url::Host::parse(text).map_err(|_| TargetError::BadHost)? {
            url::Host::Ipv4(address) => return Ok(Self::from_address(address.into())),
            url::Host::Ipv6(address) => return Ok(Self::from_address(address.into())),
            url::Host::Domain(name) => name,
        };
        let trimmed = name.trim_end_matches('.');
        if trimmed.is_empty() || trimmed.split('.').any(str::is_empty) {
            return Err(TargetError::BadHost);
        }
        if trimmed.len() < name.len() {
            // Without its dots the name may turn out to be an address.
            return Self::from_domain(trimmed);
        }
        Ok(Self(Host::Name(name)))
    }

    /// An address in any spelling: dotted, IPv6 (with or without brackets or a zone), decimal, hex, octal, short.
    ///
    /// # Errors
    /// [`TargetError::BadAddress`].
    pub fn from_ip(text: &str) -> Result<Self, TargetError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::from_address(address));
        }
        if let Some((Ok(address), zone)) = text.split_once('%').map(|(left, zone)| (left.parse::<Ipv6Addr>(), zone))
            && !zone.is_empty()
            && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            return Ok(Self::from_address(address.into()));
        }
        match Self::from_domain(text) {
            Ok(target) if target.address().is_some() => Ok(target),
            _ => Err(TargetError::BadAddress),
        }
    }

    /// An address that is already one.
    #[must_use]
    pub fn from_address(address: IpAddr) -> Self {
        Self(Host::Address(address.to_canonical()))
    }

    /// What the target is.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.0
    }

    /// The name, unless the target is an address.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }

    /// The address, unless the target is a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.0 {
            Host::Name(_) => None,
            Host::Address(address) => Some(address),
        }
    }

    /// The name, or the address in its usual spelling.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Host::Name(name) => Cow::Borrowed(name),
            Host::Address(address) => Cow::Owned(address.to_string()),
        }
    }
}

/// Whether a name is already in the form the standard would give it, so that reading it can be skipped.
fn is_plain_name(text: &str) -> bool {
    let letters = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| !label.is_empty() && !label.starts_with("xn--") && label.bytes().all(letters))
        && text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Why an entry of a domain or network list was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Not a domain name or a pattern of one.
    #[error(
        "entry {index}: not a domain pattern; expected a name such as example.com or *.example.com, without scheme, port or path"
    )]
    BadDomain {
        /// Place in the list, from 0.
        index: usize,
    },
    /// Not an address or a network.
    #[error("entry {index}: not an address or a network; expected for example 192.0.2.1, 10.0.0.0/8 or fc00::/7")]
    BadNetwork {
        /// Place in the list, from 0.
        index: usize,
    },
    /// The pattern is too long.
    #[error("entry {index}: {error}")]
    BadPattern {
        /// Place in the list, from 0.
        index: usize,
        /// What is wrong with it.
        error: GlobError,
    },
}

/// Patterns of domain names. Letter case never matters, names are compared in their ASCII form, and `*.x.y` does
/// not cover `x.y`.
#[derive(Clone, Debug, Default)]
pub struct DomainRules {
    entries: Vec<DomainRule>,
}

#[derive(Clone, Debug)]
struct DomainRule {
    written: String,
    ascii: Glob,
    /// For a pattern with a wildcard inside a label of other letters, which has no ASCII form.
    unicode: Option<Glob>,
}

impl DomainRules {
    /// Prepares the patterns. Addresses may stand among them and are compared in their usual spelling.
    ///
    /// # Errors
    /// [`RuleError::BadDomain`] or [`RuleError::BadPattern`], with the entry's place.
    pub fn new(entries: Vec<String>) -> Result<Self, RuleError> {
        let entries = entries
            .into_iter()
            .enumerate()
            .map(|(index, written)| DomainRule::new(index, written))
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// The first pattern that covers the target, as written.
    #[must_use]
    pub fn find(&self, target: &Target) -> Option<&str> {
        if self.entries.is_empty() {
            return None;
        }
        let ascii = target.text();
        let mut unicode = None;
        self.entries
            .iter()
            .find(|rule| {
                rule.ascii.is_match(&ascii)
                    || rule.unicode.as_ref().is_some_and(|glob| {
                        glob.is_match(unicode.get_or_insert_with(|| url::quirks::domain_to_unicode(&ascii)))
                    })
            })
            .map(|rule| rule.written.as_str())
    }

    /// Whether there are no patterns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The patterns as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|rule| rule.written.as_str())
    }
}

const WILDCARDS: [char; 4] = ['*', '?', '[', ']'];

impl DomainRule {
    fn new(index: usize, written: String) -> Result<Self, RuleError> {
        let bad_pattern = |error| RuleError::BadPattern { index, error };
        // An address or a whole name is read like a target, so both end in the same spelling.
        let trimmed = written.trim();
        let literal = trimmed.parse::<IpAddr>().is_ok() || !trimmed.contains(WILDCARDS) || trimmed.starts_with("[:");
        if literal {
            let target = Target::from_domain(trimmed).map_err(|_| RuleError::BadDomain { index })?;
            let ascii = Glob::new(&target.text()).map_err(bad_pattern)?;
            return Ok(Self { written, ascii, unicode: None });
        }
        // Pattern letters are mapped like those of a name: lower case, compatibility forms, one kind of dot.
        let mapped: String = trimmed.chars().flat_map(char::to_lowercase).collect();
        let mapped = normal_form(&mapped);
        let mapped = mapped.trim_end_matches('.');
        if mapped.is_empty() || mapped.chars().any(|c| c.is_whitespace() || c.is_control() || "/:@\\#%".contains(c)) {
            return Err(RuleError::BadDomain { index });
        }
        let mut has_unicode = false;
        let labels = mapped.split('.').map(|label| {
            if label.is_ascii() {
                return Ok(Cow::Borrowed(label));
            }
            if label.contains(WILDCARDS) {
                has_unicode = true;
                return Ok(Cow::Borrowed(label));
            }
            match url::Host::parse(label) {
                Ok(url::Host::Domain(label)) => Ok(Cow::Owned(label)),
                _ => Err(RuleError::BadDomain { index }),
            }
        });
        let labels = labels.collect::<Result<Vec<_>, _>>()?;
        let ascii = Glob::new(&labels.join(".")).map_err(bad_pattern)?;
        let unicode = if has_unicode { Some(Glob::new(mapped).map_err(bad_pattern)?) } else { None };
        Ok(Self { written, ascii, unicode })
    }
}

/// NFKC that does not turn a wide asterisk into a wildcard; ideographic stops become dots.
fn normal_form(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Nothing composes with what stands for a wildcard, so the pieces between can be composed on their own.
    let mut piece = String::new();
    for c in text.chars() {
        match c {
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => piece.push('.'),
            _ if c.is_ascii() => piece.push(c),
            _ => {
                let mut bytes = [0; 4];
                let mapped = nfkc(c.encode_utf8(&mut bytes));
                if mapped.contains(WILDCARDS) {
                    out.push_str(&nfkc(&piece));
                    piece.clear();
                    out.push(c);
                } else {
                    piece.push_str(&mapped);
                }
            }
        }
    }
    out.push_str(&nfkc(&piece));
    out
}

/// Addresses and networks. Host bits of a network are ignored.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    entries: Vec<(String, IpNet)>,
}

impl Networks {
    /// Prepares the list. An entry is an address, a network as `address/prefix`, or an IPv4 network with a mask.
    ///
    /// # Errors
    /// [`RuleError::BadNetwork`] with the entry's place.
    pub fn new(entries: Vec<String>) -> Result<Self, RuleError> {
        let entries = entries
            .into_iter()
            .enumerate()
            .map(|(index, written)| {
                let network = read_network(written.trim()).ok_or(RuleError::BadNetwork { index })?;
                Ok((written, network))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// The first entry that holds the address, as written. Mapped IPv6 addresses count as the IPv4 they carry.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> Option<&str> {
        let address = address.to_canonical();
        self.entries.iter().find(|(_, network)| network.contains(&address)).map(|(written, _)| written.as_str())
    }

    /// Like [`covers`](Self::covers), and also for the IPv4 address an IPv6 address carries inside: NAT64
    /// (`64:ff9b::/96`), 6to4 (`2002::/16`) and the old compatible form. For lists that deny.
    #[must_use]
    pub fn reaches(&self, address: IpAddr) -> Option<&str> {
        self.covers(address).or_else(|| {
            let IpAddr::V6(address) = address.to_canonical() else {
                return None;
            };
            self.covers(carried(address)?.into())
        })
    }

    /// Whether the list has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as written, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(written, _)| written.as_str())
    }
}

fn read_network(text: &str) -> Option<IpNet> {
    let network = if let Ok(address) = text.parse::<IpAddr>() {
        IpNet::from(address)
    } else if let Ok(network) = text.parse::<IpNet>() {
        network
    } else {
        let (address, mask) = text.split_once('/')?;
        Ipv4Net::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok()?.into()
    };
    // A network of mapped addresses is the IPv4 network it maps.
    if let IpNet::V6(network) = network
        && let (Some(address), Some(prefix)) = (network.addr().to_ipv4_mapped(), network.prefix_len().checked_sub(96))
    {
        return Ipv4Net::new(address, prefix).ok().map(|network| network.trunc().into());
    }
    Some(network.trunc())
}

fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(address);
    let low = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(low.into()),
        [0x2002, high, low, ..] => Some(((u32::from(high) << 16) | u32::from(low)).into()),
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, ..] if low > 1 => Some(low.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn domain(text: &str) -> String {
        Target::from_domain(text).unwrap().text().into_owned()
    }

    fn url(text: &str) -> Result<String, TargetError> {
        Target::from_url(text).map(|target| target.text().into_owned())
    }

    fn rules(entry: &str) -> DomainRules {
        DomainRules::new(vec![entry.to_owned()]).unwrap()
    }

    fn networks(entry: &str) -> Networks {
        Networks::new(vec![entry.to_owned()]).unwrap()
    }

    #[test]
    fn a_url_leads_where_a_client_would_go() {
        for (text, host) in [
            ("HTTPS://EVIL.TEST/x", "evil.test"),
            ("https://api.example.com@evil.test/", "evil.test"),
            ("https://evil.test\\@api.example.com/", "evil.test"),
            ("https:evil.test/x", "evil.test"),
            ("https://evil.test./", "evil.test"),
            ("https://%65vil.test/", "evil.test"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("http://0177.0.0.1/", "127.0.0.1"),
            ("http://[::ffff:7f00:1]:80/", "127.0.0.1"),
            ("redis://0x7f.1:6379", "127.0.0.1"),
            ("postgres://u:p@DB.example.com/x", "db.example.com"),
            ("http://bücher.test", "xn--bcher-kva.test"),
        ] {
            assert_eq!(url(text).as_deref(), Ok(host), "{text}");
        }
        assert_eq!(url("//evil.test/x"), Err(TargetError::NoScheme));
        assert_eq!(url("evil.test/x"), Err(TargetError::NoScheme));
        assert_eq!(url("evil.test:443/x"), Err(TargetError::NoHost));
        assert_eq!(url("mailto:a@b.test"), Err(TargetError::NoHost));
        assert_eq!(url("file:///etc/passwd"), Err(TargetError::NoHost));
        assert_eq!(url("http://"), Err(TargetError::MalformedUrl));
        assert_eq!(url("http://a b/"), Err(TargetError::MalformedUrl));
    }

    #[test]
    fn a_domain_has_one_spelling() {
        for text in ["evil.test", "EVIL.test.", "ｅｖｉｌ.test", "evil。test", "e\u{ad}vil.test", "evil.test.."] {
            assert_eq!(domain(text), "evil.test", "{text}");
        }
        assert_eq!(domain("bücher.test"), "xn--bcher-kva.test");
        assert_eq!(domain("10.1.2.3."), "10.1.2.3");
        assert_eq!(domain("127.1"), "127.0.0.1");
        assert_eq!(domain("::1"), "::1");
        for text in ["", ".", "a..b", "evil.test:443", "evil.test/x", " evil.test", "a b", "http://a"] {
            assert_eq!(Target::from_domain(text), Err(TargetError::BadHost), "{text:?}");
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        for text in ["10.0.0.1", "::ffff:10.0.0.1", "[::ffff:a00:1]", "167772161", "0xa.1"] {
            assert_eq!(Target::from_ip(text).unwrap().address(), Some([10, 0, 0, 1].into()), "{text}");
        }
        assert_eq!(Target::from_ip("fe80::1%eth0").unwrap().text(), "fe80::1");
        for text in ["10.0.0.1 ", "example.com", "", "10.0.0.256", "1::2::3", "fe80::1%"] {
            assert_eq!(Target::from_ip(text), Err(TargetError::BadAddress), "{text:?}");
        }
    }

    #[test]
    fn domain_patterns_cover_subdomains_but_not_the_parent() {
        let covers = |rule: &str, host: &str| rules(rule).find(&Target::from_domain(host).unwrap()).is_some();
        assert!(covers("*.Example.com", "a.example.COM"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("*.example.com", "notexample.com"));
        assert!(covers("xn--bcher-kva.test", "bücher.test"));
        assert!(covers("*.bücher.test", "a.xn--bcher-kva.test"));
        assert!(covers("bü*.test", "bücher.test"));
        assert!(covers("evil。test.", "evil.test"));
        assert!(covers("api[1-3].example.com", "api2.example.com"));
        assert!(!covers("straße.test", "strasse.test"));
        assert!(covers("10.*", "10.1.2.3"));
        assert!(covers("[::1]", "::1"));
        assert!(covers("*", "anything.test"));
        for bad in ["https://evil.test", "evil.test:443", "*.evil.test/x", "", " "] {
            assert_eq!(DomainRules::new(vec!["a".into(), bad.into()]).unwrap_err(), RuleError::BadDomain { index: 1 });
        }
    }

    #[test]
    fn networks_hold_addresses_in_every_form() {
        let ip = |text: &str| Target::from_ip(text).unwrap().address().unwrap();
        assert!(networks("192.0.2.77/24").covers(ip("192.0.2.1")).is_some());
        assert!(networks("192.0.2.0/255.255.255.0").covers(ip("192.0.2.1")).is_some());
        assert!(networks("10.0.0.0/8").covers("::ffff:10.0.0.1".parse().unwrap()).is_some());
        assert!(networks("::ffff:10.0.0.0/104").covers(ip("10.9.9.9")).is_some());
        assert!(networks("fc00::/7").covers(ip("fd12:3456::1")).is_some());
        assert!(networks("10.0.0.0/8").covers(ip("64:ff9b::10.0.0.1")).is_none());
        assert!(networks("10.0.0.0/8").reaches(ip("64:ff9b::10.0.0.1")).is_some());
        assert!(networks("10.0.0.0/8").reaches(ip("2002:a00:1::")).is_some());
        assert!(networks("0.0.0.0/8").reaches(ip("::1")).is_none());
        for bad in ["10.0.0.0/99", "not-a-range", "", "10.0.0.0/8/8", "010.0.0.1"] {
            assert_eq!(Networks::new(vec![bad.into()]).unwrap_err(), RuleError::BadNetwork { index: 0 }, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_domain_twice_changes_nothing(text in "[a-cA-Z0-9.üß。-]{1,16}") {
            if let Ok(target) = Target::from_domain(&text) {
                prop_assert_eq!(Target::from_domain(&target.text()), Ok(target.clone()));
            }
        }

        #[test]
        fn a_plain_name_is_what_the_standard_makes_of_it(text in "[a-c0-9._-]{1,12}") {
            if is_plain_name(&text) {
                prop_assert_eq!(url::Host::parse(&text), Ok(url::Host::Domain(text)));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Target::from_url(&text);
            let _ = Target::from_url(&format!("https://{text}"));
            let _ = Target::from_domain(&text);
            let _ = Target::from_ip(&text);
            let _ = DomainRules::new(vec![text.clone()]);
            let _ = Networks::new(vec![text]);
        }
    }
}
