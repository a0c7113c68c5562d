//! The cookie that carries a session, and the short-lived one of a sign-in at an identity provider.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session's cookie where browsers come over TLS: they send it to this host alone.
const SECURE: &str = "__Host-zentinelle";
/// The same over plain HTTP, on one machine.
const PLAIN: &str = "zentinelle";

/// A cookie of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// A session.
    Session,
    /// A sign-in that went to an identity provider and has not come back yet.
    Flow,
}

impl Cookie {
    fn name(self, secure: bool) -> String {
        let name = if secure { SECURE } else { PLAIN };
        match self {
            Self::Session => name.to_owned(),
            Self::Flow => format!("{name}-flow"),
        }
    }

    /// The value a browser sends. Of several of one name the first counts, as everywhere.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let name = self.name(secure);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(known, value)| (known == name && !value.is_empty()).then_some(value))
    }

    /// The header that gives a browser the cookie for so many seconds.
    pub(crate) fn set(self, secure: bool, value: &str, seconds: u32) -> HeaderValue {
        self.header(secure, value, seconds)
    }

    /// The header that takes it away.
    pub(crate) fn clear(self, secure: bool) -> HeaderValue {
        self.header(secure, "", 0)
    }

    fn header(self, secure: bool, value: &str, seconds: u32) -> HeaderValue {
        let name = self.name(secure);
        let secure = if secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        let mut header = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::Cookie;

    #[test]
    fn a_cookie_is_for_this_host_and_not_for_scripts() {
        let set = Cookie::Session.set(true, "abc", 60);
        let expected = "__Host-zentinelle=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure";
        assert_eq!(set.to_str().expect("text"), expected);
        assert!(!Cookie::Session.set(false, "abc", 60).to_str().expect("text").contains("Secure"));
    }

    #[test]
    fn only_the_cookie_of_the_name_is_read() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("a=b; zentinelle-flow=f; zentinelle=one"));
        headers.append("cookie", HeaderValue::from_static("zentinelle=two; __Host-zentinelle=three"));
        assert_eq!(Cookie::Session.read(&headers, false), Some("one"));
        assert_eq!(Cookie::Session.read(&headers, true), Some("three"));
        assert_eq!(Cookie::Flow.read(&headers, false), Some("f"));
        assert_eq!(Cookie::Flow.read(&headers, true), None);
    }
}
