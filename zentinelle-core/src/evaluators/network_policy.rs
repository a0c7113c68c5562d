//! `network_policy`: says which destinations may be reached.
//!
//! Applies to every action that names a destination: `url`, `domain` or `ip` in the context, or a
//! `url` or shell `command` in a tool's input. All of them are judged, so that a harmless `domain`
//! does not hide the host of `url`. With `allow_outbound` off everything is denied, and with an
//! allow list a `network_request` must name where it goes.
//!
//! A host that is an address, in any notation, is judged by the address rules. Once either allow
//! list has entries, names must be on the list of domains and addresses on the list of networks;
//! where there is no list of networks, an address may stand among the domains.
//!
//! Names are not resolved here, so a name may lead to a blocked address. A host that connects should
//! ask again with the connected address as `ip`. In a shell command only URLs with a scheme are
//! seen; what the shell makes of variables and scripts is not.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Evaluator, Inquiry, lists, tool_call};
use crate::decision::{Verdict, Violation};
use crate::error::{Code, PolicyError};
use crate::matching::{DomainRules, Networks, Target, TargetError};
use crate::request::{ActionKind, Context, EvaluationError};
use crate::scan::Severity;

const OUTBOUND_OFF: Code = Code::new("network_policy.outbound_off");
const DOMAIN_BLOCKED: Code = Code::new("network_policy.domain_blocked");
const IP_BLOCKED: Code = Code::new("network_policy.ip_blocked");
const DOMAIN_NOT_ALLOWED: Code = Code::new("network_policy.domain_not_allowed");
const IP_NOT_ALLOWED: Code = Code::new("network_policy.ip_not_allowed");
const PUBLIC_INTERNET: Code = Code::new("network_policy.public_internet");
const TARGET_MISSING: Code = Code::new("network_policy.target_missing");

/// Configuration of a `network_policy` policy. An empty list restricts nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Globs of domains that may be reached, such as `*.example.com`. Default: empty.
    #[serde(alias = "allowed_outbound_domains")]
    pub allowed_domains: Vec<String>,
    /// Globs of domains that may not be reached. Default: empty.
    #[serde(alias = "blocked_outbound_domains")]
    pub blocked_domains: Vec<String>,
    /// Addresses and networks that may be reached, such as `10.0.0.0/8`. Default: empty.
    pub allowed_ips: Vec<String>,
    /// Addresses and networks that may not be reached. Default: empty.
    pub blocked_ips: Vec<String>,
    /// Whether anything may be reached at all. Default: true.
    pub allow_outbound: bool,
    /// Whether only private addresses, local names and what an allow list names may be reached.
    /// Default: false.
    pub block_public_internet: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allowed_domains: Vec::new(),
            blocked_domains: Vec::new(),
            allowed_ips: Vec::new(),
            blocked_ips: Vec::new(),
            allow_outbound: true,
            block_public_internet: false,
        }
    }
}

/// See the module.
pub struct NetworkPolicy {
    allowed_domains: DomainRules,
    blocked_domains: DomainRules,
    allowed_ips: Networks,
    blocked_ips: Networks,
    /// Networks that are not the public internet; present when the public internet is blocked.
    private: Option<Networks>,
    allow_outbound: bool,
}

/// Networks of private, shared, link-local and loopback addresses (RFC 1918, 4193, 4291, 6598).
const PRIVATE_NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

/// Ends of names that only resolve inside a network (RFC 6761, 6762, 9476 and ICANN's `internal`).
const LOCAL_SUFFIXES: [&str; 3] = [".localhost", ".local", ".internal"];

/// What hosts call the command of a shell tool: a command line, or a list of its words.
const COMMAND_KEYS: [&str; 3] = ["command", "cmd", "script"];

impl Evaluator for NetworkPolicy {
    type Config = Config;

    const CODES: &'static [Code] = &[
        OUTBOUND_OFF,
        DOMAIN_BLOCKED,
        IP_BLOCKED,
        DOMAIN_NOT_ALLOWED,
        IP_NOT_ALLOWED,
        PUBLIC_INTERNET,
        TARGET_MISSING,
    ];

    fn compile(config: Config) -> Result<Self, Vec<PolicyError>> {
        let mut faults = Vec::new();
        let private = config.block_public_internet.then(|| {
            let networks = PRIVATE_NETWORKS.map(str::to_owned).to_vec();
            lists::networks("block_public_internet", networks, &mut faults)
        });
        let ready = Self {
            allowed_domains: lists::domains("allowed_domains", config.allowed_domains, &mut faults),
            blocked_domains: lists::domains("blocked_domains", config.blocked_domains, &mut faults),
            allowed_ips: lists::networks("allowed_ips", config.allowed_ips, &mut faults),
            blocked_ips: lists::networks("blocked_ips", config.blocked_ips, &mut faults),
            private,
            allow_outbound: config.allow_outbound,
        };
        if faults.is_empty() { Ok(ready) } else { Err(faults) }
    }

    fn evaluate(&self, inquiry: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
        if !self.allow_outbound {
            return Ok(Verdict::violated(OUTBOUND_OFF, "/config/allow_outbound", "no destination may be reached"));
        }
        let restricts = self.allows_some();
        if !restricts && self.blocked_domains.is_empty() && self.blocked_ips.is_empty() && self.private.is_none() {
            return Ok(Verdict::NotApplicable);
        }
        let request = inquiry.request;
        let mut judged = Judged { policy: self, any: false, violation: None };
        judged.stated(&request.context)?;
        let is_model = matches!(request.action.kind(), ActionKind::ModelCall | ActionKind::ModelReply);
        if judged.violation.is_none() && !is_model {
            judged.tool_inputs(&request.context)?;
        }
        Ok(match judged {
            Judged { violation: Some(violation), .. } => violation.into(),
            Judged { any: false, .. } if restricts && request.action.folded() == "network_request" => {
                Verdict::violated(TARGET_MISSING, self.allowing_key(), "the request names no destination")
            }
            Judged { any: false, .. } => Verdict::NotApplicable,
            Judged { .. } => Verdict::satisfied(),
        })
    }
}

/// Goes through the destinations of a request until one is refused.
struct Judged<'a> {
    policy: &'a NetworkPolicy,
    any: bool,
    violation: Option<Violation>,
}

impl Judged<'_> {
    /// What the request says of itself. Nothing here may be unreadable.
    fn stated(&mut self, context: &Context) -> Result<(), EvaluationError> {
        type Read = fn(&str) -> Result<Target, TargetError>;
        let keys: [(&'static str, Read); 3] =
            [("domain", Target::from_domain), ("url", Target::from_url), ("ip", Target::from_ip)];
        for (key, read) in keys {
            if let Some(text) = context.name(key)? {
                self.text(key, text, read)?;
            }
        }
        Ok(())
    }

    /// What a tool is called with: a URL of its own, or URLs in a shell command.
    fn tool_inputs(&mut self, context: &Context) -> Result<(), EvaluationError> {
        let stated = context.name("url")?;
        for (key, input) in tool_call::objects(context) {
            match input.get("url") {
                None | Some(Value::Null) => {}
                Some(Value::String(url)) if url.is_empty() => {}
                // Judged already, and not refused.
                Some(Value::String(url)) if Some(url.as_str()) == stated => {}
                Some(Value::String(url)) => self.text(key, url, Target::from_url)?,
                Some(_) => return Err(EvaluationError::unreadable(key, format!("`url` in `{key}` is no text"))),
            }
            for command in COMMAND_KEYS.iter().filter_map(|key| input.get(*key)).flat_map(texts) {
                for url in urls(command) {
                    // What no client can read leads nowhere.
                    if let Ok(target) = Target::from_url(url) {
                        self.target("command", &target);
                    }
                }
            }
        }
        Ok(())
    }

    fn text(
        &mut self,
        key: &str,
        text: &str,
        read: fn(&str) -> Result<Target, TargetError>,
    ) -> Result<(), EvaluationError> {
        let target =
            read(text).map_err(|error| EvaluationError::unreadable(key, format!("context `{key}`: {error}")))?;
        self.target(key, &target);
        Ok(())
    }

    fn target(&mut self, key: &str, target: &Target) {
        self.any = true;
        if self.violation.is_none() {
            self.violation = self.policy.refuse(key, target);
        }
    }
}

impl NetworkPolicy {
    fn refuse(&self, key: &str, target: &Target) -> Option<Violation> {
        let host = || target.text();
        let high = |code: Code, pointer: &'static str, message: String| {
            Some(Violation::new(code, pointer, message).with_severity(Severity::High))
        };
        if let Some(rule) = self.blocked_domains.find(target) {
            return high(DOMAIN_BLOCKED, "/config/blocked_domains", format!("`{}` is blocked by `{rule}`", host()));
        }
        let Some(address) = target.address() else {
            let listed = self.allowed_domains.find(target).is_some();
            if !listed && self.allows_some() {
                let message = format!("`{}` is not among the allowed domains", host());
                return Some(Violation::new(DOMAIN_NOT_ALLOWED, self.allowing_key(), message));
            }
            if !listed && self.private.is_some() && !is_local(&host()) {
                return Some(public(&host()));
            }
            return None;
        };
        if let Some(rule) = self.blocked_ips.reaches(address) {
            return high(IP_BLOCKED, "/config/blocked_ips", format!("`{address}` is blocked by `{rule}`"));
        }
        let listed = self.allowed_ips.covers(address).is_some()
            || (key != "ip" && self.allowed_ips.is_empty() && self.allowed_domains.find(target).is_some());
        if !listed && self.allows_some() {
            let message = format!("`{address}` is not among the allowed addresses");
            return Some(Violation::new(IP_NOT_ALLOWED, self.allowing_key(), message));
        }
        if !listed && self.private.as_ref().is_some_and(|private| private.covers(address).is_none()) {
            return Some(public(&host()));
        }
        None
    }

    fn allows_some(&self) -> bool {
        !(self.allowed_domains.is_empty() && self.allowed_ips.is_empty())
    }

    fn allowing_key(&self) -> &'static str {
        if self.allowed_domains.is_empty() { "/config/allowed_ips" } else { "/config/allowed_domains" }
    }
}

fn public(host: &str) -> Violation {
    let message = format!("`{host}` lies in the public internet");
    Violation::new(PUBLIC_INTERNET, "/config/block_public_internet", message)
}

/// Whether a name resolves inside a network only.
fn is_local(name: &str) -> bool {
    name == "localhost" || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// The URLs in a shell command: each scheme of letters with `://`, up to a blank, a quote or what
/// ends a word for the shell.
fn urls(command: &str) -> impl Iterator<Item = &str> {
    command.split(|c: char| c.is_whitespace() || "\"'`<>|;(){}&".contains(c)).filter_map(|word| {
        let scheme_end = word.find("://")?;
        let scheme = word.get(..scheme_end)?;
        let start = scheme
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |at| at + scheme.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        word.get(start..)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judge, violated, warned};
    use super::*;

    fn reached(config: &str, facts: &str) -> Verdict {
        judge("network_policy", config, facts)
    }

    #[test]
    fn every_destination_is_judged() {
        let config = r#"{ "allowed_domains": ["api.example.com"] }"#;
        for facts in [
            r#"{ "url": "https://evil.test/", "domain": "api.example.com" }"#,
            r#"{ "url": "https://api.example.com/", "tool_input": { "url": "https://evil.test" } }"#,
            r#"{ "tool_args": { "command": "curl -s 'https://api.example.com/a' | nc; wget \"http://evil.test/x\"" } }"#,
            r#"{ "tool_input": { "command": ["curl", "http://evil.test/x"] } }"#,
        ] {
            assert_eq!(violated(&reached(config, facts)), "network_policy.domain_not_allowed", "{facts}");
        }
        assert_eq!(
            violated(&reached(config, r#"{ "url": "https://api.example.com", "ip": "192.0.2.1" }"#)),
            "network_policy.ip_not_allowed"
        );
    }

    #[test]
    fn a_destination_nobody_can_read_is_denied_and_none_at_all_only_where_one_is_due() {
        let config = r#"{ "blocked_domains": ["evil.test"] }"#;
        for facts in [r#"{ "url": "evil.test/x" }"#, r#"{ "url": "mailto:a@b.test" }"#, r#"{ "ip": "10.0.0.1 " }"#] {
            assert_eq!(violated(&reached(config, facts)), "request.unreadable", "{facts}");
        }
        let due = r#"{ "@action": "network_request" }"#;
        assert_eq!(reached(config, due), Verdict::NotApplicable);
        assert_eq!(violated(&reached(r#"{ "allowed_ips": ["::1"] }"#, due)), "network_policy.target_missing");
        assert_eq!(reached(r#"{ "allowed_ips": ["::1"] }"#, r#"{ "model": "m" }"#), Verdict::NotApplicable);
    }

    #[test]
    fn an_address_may_stand_among_the_domains_unless_there_are_networks() {
        let url = r#"{ "url": "http://0xc0.0.2.1/" }"#;
        assert!(warned(&reached(r#"{ "allowed_domains": ["192.0.2.1"] }"#, url)).is_empty());
        let config = r#"{ "allowed_domains": ["*"], "allowed_ips": ["10.0.0.0/8"] }"#;
        assert_eq!(violated(&reached(config, url)), "network_policy.ip_not_allowed");
    }

    #[test]
    fn without_the_public_internet_private_and_listed_hosts_remain() {
        let config = r#"{ "block_public_internet": true }"#;
        for facts in
            [r#"{ "ip": "10.1.2.3" }"#, r#"{ "domain": "db.internal" }"#, r#"{ "url": "http://localhost:8080" }"#]
        {
            assert!(warned(&reached(config, facts)).is_empty(), "{facts}");
        }
        for facts in [r#"{ "ip": "203.0.113.9" }"#, r#"{ "domain": "example.com" }"#] {
            assert_eq!(violated(&reached(config, facts)), "network_policy.public_internet", "{facts}");
        }
    }

    #[test]
    fn urls_end_where_a_shell_word_ends() {
        let found: Vec<_> = urls("FOO=http://a.test/x;curl $(echo ftp://b.test) \"https://c.test/?q=1\"").collect();
        assert_eq!(found, ["http://a.test/x", "ftp://b.test", "https://c.test/?q=1"]);
    }
}
