//! Whether a request that a browser authenticates by itself, with a cookie or in open mode, was
//! meant: whatever changes something must come from a page of this server.
//!
//! A page of another site can make a browser send such a request, but not make it say that it
//! comes from here: `Sec-Fetch-Site` and `Origin` are the browser's own words.

use axum::http::{HeaderMap, Method, header};

use crate::config::Config;
use crate::http::error::ApiError;

const FETCH_SITE: &str = "sec-fetch-site";
/// Headers of reverse proxies.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// How sure the browser's words must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// The browser vouches for the request, so it must say where it comes from.
    Browser,
    /// The request vouches for itself, such as with a password; only one that says it comes from
    /// elsewhere is refused.
    Anybody,
}

/// Refuses a request that changes something and was not made by a page of this server.
pub(crate) fn check(
    config: &Config,
    method: &Method,
    headers: &HeaderMap,
    strictness: Strictness,
) -> Result<(), ApiError> {
    // A socket is opened by a GET and may then do anything.
    let opens_socket = headers.get(header::UPGRADE).is_some();
    if method.is_safe() && !opens_socket {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    let allowed = origin.is_some_and(|origin| is_own(config, headers, origin));
    let meant = match (text(FETCH_SITE), origin) {
        (Some("same-origin"), _) => true,
        (Some(_), _) | (None, Some(_)) => allowed,
        (None, None) => strictness == Strictness::Anybody,
    };
    if meant {
        return Ok(());
    }
    let message = match origin {
        Some(origin) => format!(
            "the request comes from `{origin}`, which is not this server; if people reach it there, set `auth.public_url`"
        ),
        None => "a browser must say that the request comes from this server; other clients use a key".to_owned(),
    };
    Err(ApiError::NotAllowed { code: "foreign_origin", message })
}

/// Whether an origin is this server's own, or one that was allowed to call with credentials.
fn is_own(config: &Config, headers: &HeaderMap, origin: &str) -> bool {
    if !config.auth.public_url.is_empty() && origin.eq_ignore_ascii_case(&config.auth.public_url) {
        return true;
    }
    if config.cors.allowed_origins.iter().any(|allowed| allowed == origin) {
        return true;
    }
    // Which name the browser used is its own word too.
    let scheme = if config.tls.certificate_file.is_some() { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| !host.is_empty() && origin.eq_ignore_ascii_case(&format!("{scheme}://{host}")))
}

/// Whether a request reached this machine by its own name and without a proxy in between, as open
/// mode asks for: a foreign name that was made to mean this machine opens nothing.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    if PASSED_ON.iter().any(|name| headers.contains_key(*name)) {
        return false;
    }
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{Strictness, check, is_local};
    use crate::config::Config;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_a_page_of_this_server_changes_something_with_a_cookie() {
        let mut config = Config::default();
        config.auth.public_url = "https://z.example.com".to_owned();
        config.cors.allowed_origins = vec!["https://portal.example.com".to_owned()];
        let host = ("host", "z.internal:8420");
        for (pairs, browser, anybody) in [
            (vec![host], false, true),
            (vec![host, ("sec-fetch-site", "same-origin")], true, true),
            (vec![host, ("sec-fetch-site", "same-site")], false, false),
            (vec![host, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false, false),
            (vec![host, ("origin", "http://z.internal:8420")], true, true),
            (vec![host, ("origin", "https://z.example.com")], true, true),
            (vec![host, ("sec-fetch-site", "same-site"), ("origin", "https://portal.example.com")], true, true),
            (vec![host, ("origin", "https://z.internal:8420")], false, false),
            (vec![host, ("origin", "null")], false, false),
            (vec![host, ("origin", "http://z.internal")], false, false),
        ] {
            let headers = headers(&pairs);
            let passes = |strictness| check(&config, &Method::POST, &headers, strictness).is_ok();
            assert_eq!((passes(Strictness::Browser), passes(Strictness::Anybody)), (browser, anybody), "{pairs:?}");
            assert!(check(&config, &Method::GET, &headers, Strictness::Browser).is_ok(), "{pairs:?}");
        }
        let socket = headers(&[host, ("upgrade", "websocket"), ("origin", "https://evil.example")]);
        assert!(check(&config, &Method::GET, &socket, Strictness::Browser).is_err());
    }

    #[test]
    fn open_mode_is_for_this_machine_by_its_own_name() {
        for (host, local) in [
            ("localhost:8420", true),
            ("127.0.0.1:8420", true),
            ("[::1]:8420", true),
            ("127.0.0.1", true),
            ("rebound.example:8420", false),
            ("192.0.2.1", false),
            ("localhost.example", false),
        ] {
            assert_eq!(is_local(&headers(&[("host", host)])), local, "{host}");
        }
        assert!(!is_local(&headers(&[])));
        assert!(!is_local(&headers(&[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")])));
    }
}
