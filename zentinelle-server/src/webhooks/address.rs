//! Which addresses notices may be sent to.
//!
//! A webhook's URL is written by a tenant, and the request leaves from inside the operator's
//! network. So the address that is connected to must be one of the public internet, or one the
//! operator of the server put on the allow-list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use reqwest::Url;

/// Why an address or URL is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It cannot be read.
    #[error("the URL cannot be read: {0}")]
    Unreadable(String),
    /// It is not a plain web address.
    #[error("the URL {0}")]
    Form(&'static str),
    /// It leads into the server's own network.
    #[error("the address {0} is private, local or reserved; the server's operator can allow it in `webhooks.allow`")]
    Address(IpAddr),
    /// Its name has no address.
    #[error("the host name has no address")]
    NoAddress,
    /// An entry of the allow-list makes no sense.
    #[error("`{0}` is neither a network such as `10.1.0.0/16` nor a host name")]
    Entry(String),
}

/// Networks and host names the operator of the server trusts.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowList {
    networks: Vec<IpNet>,
    /// In lower case, without a final dot.
    hosts: Vec<String>,
}

impl AllowList {
    /// Reads the entries of the configuration.
    pub(crate) fn new(entries: &[String]) -> Result<Self, Refused> {
        let mut list = Self::default();
        for entry in entries {
            let entry = entry.trim();
            if let Ok(network) = entry.parse::<IpNet>() {
                list.networks.push(network.trunc());
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                list.networks.push(IpNet::from(address));
            } else if is_host_name(entry) {
                list.hosts.push(plain_host(entry));
            } else {
                return Err(Refused::Entry(entry.to_owned()));
            }
        }
        Ok(list)
    }

    /// Whether a host name is trusted wherever it leads.
    pub(crate) fn allows_host(&self, host: &str) -> bool {
        self.hosts.contains(&plain_host(host))
    }

    /// Whether an address may be connected to.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address)) || is_public(address)
    }

    /// Reads a URL and refuses what can be told without asking for the name's addresses. They
    /// are checked again when the connection is made: only then is it known where it leads.
    pub(crate) fn check(&self, text: &str) -> Result<Url, Refused> {
        let url = Url::parse(text).map_err(|error| Refused::Unreadable(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Form("holds a user name or password"));
        }
        let trusted = match url.host() {
            None => return Err(Refused::Form("names no host")),
            // The parser has read decimal, octal, hexadecimal and short forms of addresses.
            Some(url::Host::Ipv4(address)) => self.literal(IpAddr::V4(address))?,
            Some(url::Host::Ipv6(address)) => self.literal(IpAddr::V6(address))?,
            Some(url::Host::Domain(host)) => self.allows_host(host),
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if trusted => Ok(url),
            "http" => Err(Refused::Form("must begin with https: (http is for hosts on the allow-list)")),
            _ => Err(Refused::Form("must begin with https:")),
        }
    }

    /// Whether an address that stands in a URL is on the list; refused when it is not public.
    fn literal(&self, address: IpAddr) -> Result<bool, Refused> {
        let address = address.to_canonical();
        if !self.allows(address) {
            return Err(Refused::Address(address));
        }
        Ok(self.networks.iter().any(|network| network.contains(&address)))
    }
}

fn plain_host(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && plain_host(text).split('.').all(label)
}

/// Whether an address belongs to the public internet. Whatever is not known to is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || (a == 100 && b & 0xc0 == 64) // carriers' own
        || address.is_loopback()
        || address.is_link_local() // with the metadata services of clouds
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18)
        || address.is_documentation()
        || a >= 224) // multicast, reserved, broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(embedded) = embedded_v4(segments) {
        return is_public_v4(embedded);
    }
    let within = |network: &str| network.parse::<Ipv6Net>().is_ok_and(|network| network.contains(&address));
    let global = segments[0] & 0xe000 == 0x2000;
    // Protocol assignments with Teredo, documentation, 6to4.
    global && !["2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16"].into_iter().any(within)
}

/// The IPv4 address a translator would take an IPv6 address for.
fn embedded_v4(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = segments;
    let nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let ([p, q], [r, s]) = (high.to_be_bytes(), low.to_be_bytes());
    nat64.then(|| Ipv4Addr::new(p, q, r, s))
}

#[cfg(test)]
mod tests {
    use super::{AllowList, Refused};

    #[test]
    fn addresses_of_the_own_network_are_refused_however_they_are_written() {
        let list = AllowList::default();
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://017700000001/",
            "https://127.1/",
            "https://0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::a00:1]/",
            "https://[fd00:ec2::254]/",
            "https://[fe80::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2001:0:1::]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.8/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://100.64.0.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://１２７.0.0.1/",
        ] {
            assert!(matches!(list.check(url), Err(Refused::Address(_))), "{url}: {:?}", list.check(url));
        }
        for url in
            ["https://example.com/hook", "https://8.8.8.8/", "https://[2606:4700::1111]/", "https://100.128.0.1/"]
        {
            assert!(list.check(url).is_ok(), "{url}: {:?}", list.check(url));
        }
    }

    #[test]
    fn only_plain_web_addresses_are_taken() {
        let list = AllowList::default();
        for url in [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://user:secret@example.com/",
            "https://user@example.com/",
            "example.com",
            "https://",
            "gopher://127.0.0.1:6379/_",
        ] {
            assert!(list.check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_allow_list_opens_networks_and_names_and_nothing_beside_them() {
        let list = AllowList::new(&["10.1.0.0/16".into(), "n8n.internal".into(), "127.0.0.1".into()]).expect("a list");
        for url in
            ["http://10.1.2.3:5678/", "http://n8n.internal:5678/", "http://N8N.internal./", "http://127.0.0.1:1/"]
        {
            assert!(list.check(url).is_ok(), "{url}: {:?}", list.check(url));
        }
        for url in ["http://10.2.0.1/", "http://127.0.0.2/", "http://not-n8n.internal/", "https://[::1]/"] {
            assert!(list.check(url).is_err(), "{url}");
        }
        assert!(AllowList::new(&["10.0.0.0/33".into()]).is_err());
        assert!(AllowList::new(&["a host".into()]).is_err());
    }
}
