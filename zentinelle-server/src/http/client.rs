//! Where a request came from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;

use crate::config::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client. What a header claims is believed only as far as the addresses that
/// passed it on are trusted proxies.
pub(crate) fn address(request: &Request, trusted: &[Network]) -> IpAddr {
    let connected = request.extensions().get::<ConnectInfo<SocketAddr>>();
    address_of(connected.map(|connected| connected.0.ip()), request.headers(), trusted)
}

/// The same of a request that was taken apart; `seen` is the address of its connection.
pub(crate) fn address_of(seen: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    // Without a socket, as in tests, everybody is this machine.
    let seen = seen.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |seen| seen.to_canonical());
    claimed(seen, headers, trusted)
}

fn claimed(seen: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = seen;
    if !is_trusted(seen) {
        return client;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    for hop in hops.iter().rev() {
        let hop = hop.trim();
        let address = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
        // What no proxy of ours can have written ends the trail.
        let Ok(address) = address else { return client };
        client = address.to_canonical();
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::claimed;
    use crate::config::Network;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<Network> = serde_json::from_str(r#"["10.0.0.0/8"]"#).expect("networks");
        for (seen, header, client) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
            ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_str(header).expect("a header"));
            let found = claimed(seen.parse().expect("an address"), &headers, &trusted);
            assert_eq!(found.to_string(), client, "{seen} {header}");
        }
    }
}
