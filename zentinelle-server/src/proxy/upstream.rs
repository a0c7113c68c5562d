//! The upstreams: where a call may go. Hosts come from the configuration and from nowhere else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderName, Uri};
use reqwest::Url;
use zentinelle_core::dialect::ProviderKind;
use zentinelle_core::ids::TenantId;

use super::credential::Slot;
use crate::config::proxy::{self as settings, AuthStyle, UpstreamKind};
use crate::config::{Mode, Secret};
use crate::webhooks::AllowList;

/// The upstreams that are there without being configured.
const BUILT_IN: [(&str, UpstreamKind); 4] = [
    ("anthropic", UpstreamKind::Anthropic),
    ("openai", UpstreamKind::Openai),
    ("google", UpstreamKind::Google),
    ("vertex", UpstreamKind::Vertex),
];

/// What is wrong with the configuration of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    /// The key within the upstream's section.
    pub(crate) key: &'static str,
    /// What is wrong with it.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) help: &'static str,
}

/// One place that calls may go to.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// The name in paths, records, and of the tenants' keys for it.
    pub(crate) name: Arc<str>,
    /// What it speaks.
    pub(crate) kind: ProviderKind,
    /// Where its key is sent; nowhere when it asks for none.
    pub(crate) slot: Option<Slot>,
    /// The server's own key.
    key: Secret,
    entitled: Entitled,
    /// Under which vendor its models are priced.
    pub(crate) vendor: String,
    /// Whether it may lie in a private network.
    pub(crate) private: bool,
    /// The only headers of the caller that are passed on, if it has a say in that.
    pub(crate) headers: Option<Vec<HeaderName>>,
    models: BTreeMap<String, String>,
    scheme: Scheme,
    authority: Authority,
    /// The path of its address, without a slash at the end.
    prefix: String,
    /// Of Azure: the version when the caller names none.
    api_version: String,
    /// Of Vertex: `projects/{project}/locations/{region}`.
    place: String,
}

/// Who may use the server's own key.
#[derive(Debug)]
enum Entitled {
    All,
    Some(Vec<String>),
}

/// Why a path is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPath {
    /// It is empty, or holds what two servers may read differently.
    #[error("the path is empty, or holds dot segments, doubled or escaped slashes")]
    Ambiguous,
    /// It names another project or region than the upstream's.
    #[error("the path names another project or region than the server is configured for")]
    Elsewhere,
}

impl Upstream {
    /// Reads one upstream of the configuration.
    fn new(name: &str, said: &settings::Upstream, mode: Mode) -> Result<Self, Fault> {
        let fault = |key, message: String, help| Fault { key, message, help };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            let help = "use small letters, digits, `-` and `_`";
            return Err(fault("", format!("`{name}` cannot stand in a path"), help));
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let kind = said.kind.or(built_in).ok_or_else(|| {
            let help = "say `kind: openai_compatible`, `anthropic_compatible`, `azure`, `vertex` and so on";
            fault("kind", "it is neither built in nor said what it speaks".to_owned(), help)
        })?;
        let place = place(kind, said)?;
        let address = match (said.base_url.as_str(), kind) {
            ("", UpstreamKind::Anthropic) => "https://api.anthropic.com".to_owned(),
            ("", UpstreamKind::Openai) => "https://api.openai.com".to_owned(),
            ("", UpstreamKind::Google) => "https://generativelanguage.googleapis.com".to_owned(),
            ("", UpstreamKind::Vertex) if said.region == "global" => "https://aiplatform.googleapis.com".to_owned(),
            ("", UpstreamKind::Vertex) => format!("https://{}-aiplatform.googleapis.com", said.region),
            ("", _) => {
                let help = "write scheme, host and path, such as `https://api.mistral.ai`";
                return Err(fault("base_url", format!("`{name}` has no address"), help));
            }
            (address, _) => address.to_owned(),
        };
        let (scheme, authority, prefix) = address_of(&address, said.private)?;
        let style = said.auth.unwrap_or(match kind {
            UpstreamKind::Anthropic | UpstreamKind::AnthropicCompatible => AuthStyle::XApiKey,
            UpstreamKind::Google => AuthStyle::XGoogApiKey,
            UpstreamKind::Azure => AuthStyle::ApiKey,
            UpstreamKind::Openai | UpstreamKind::OpenaiCompatible | UpstreamKind::Vertex => AuthStyle::Bearer,
        });
        let entitled = match said.tenants.as_slice() {
            [] if mode == Mode::Standalone => Entitled::All,
            named if named.iter().any(|tenant| tenant == "*") => Entitled::All,
            named => Entitled::Some(named.to_vec()),
        };
        let headers: Result<Vec<HeaderName>, _> = said.headers.iter().map(|name| name.parse()).collect();
        let headers = headers
            .map_err(|_| fault("headers", "one of them is no header".to_owned(), "write names such as `x-title`"))?;
        let vendor = match kind {
            _ if !said.vendor.is_empty() => said.vendor.clone(),
            UpstreamKind::Openai | UpstreamKind::Azure => "openai".to_owned(),
            UpstreamKind::Anthropic => "anthropic".to_owned(),
            UpstreamKind::Google => "google".to_owned(),
            UpstreamKind::Vertex => "vertex".to_owned(),
            UpstreamKind::OpenaiCompatible | UpstreamKind::AnthropicCompatible => name.to_owned(),
        };
        Ok(Self {
            name: name.into(),
            kind: provider(kind),
            slot: Slot::of(style),
            key: said.api_key.clone(),
            entitled,
            vendor,
            private: said.private,
            headers: Some(headers).filter(|names| !names.is_empty()),
            models: said.models.clone(),
            scheme,
            authority,
            prefix,
            api_version: said.api_version.clone(),
            place,
        })
    }

    /// The server's own key, if a tenant may use it.
    pub(crate) fn key_for(&self, tenant: &TenantId) -> Option<&str> {
        let entitled = match &self.entitled {
            Entitled::All => true,
            Entitled::Some(tenants) => tenants.iter().any(|name| name == tenant.as_str()),
        };
        (entitled && !self.key.is_empty()).then(|| self.key.expose())
    }

    /// The model or deployment that is meant by a name, where that differs.
    pub(crate) fn model_behind(&self, name: &str) -> Option<&str> {
        self.models.get(name).map(String::as_str).filter(|model| *model != name)
    }

    /// The model whose deployment a path names.
    pub(crate) fn model_before(&self, deployment: &str) -> Option<&str> {
        self.models.iter().find(|(_, behind)| *behind == deployment).map(|(model, _)| model.as_str())
    }

    /// The path of a call as the upstream's kind writes it, so that what is recognised is what is
    /// sent: without a slash in front, with the version where there is one.
    pub(crate) fn canonical(&self, path: &str) -> Result<String, BadPath> {
        let path = path.trim_start_matches('/');
        if !is_plain(path) {
            return Err(BadPath::Ambiguous);
        }
        Ok(match self.kind {
            ProviderKind::Vertex => self.on_vertex(path)?,
            ProviderKind::Google => path.to_owned(),
            ProviderKind::Azure if path.starts_with("openai/") => path.to_owned(),
            ProviderKind::Azure => format!("openai/v1/{}", path.strip_prefix("v1/").unwrap_or(path)),
            _ if is_version(path.split('/').next().unwrap_or_default()) => path.to_owned(),
            _ => format!("v1/{path}"),
        })
    }

    fn on_vertex(&self, path: &str) -> Result<String, BadPath> {
        let (version, rest) = match path.split_once('/') {
            Some((version, rest)) if is_version(version) => (version, rest),
            _ => ("v1", path),
        };
        if !rest.starts_with("projects/") {
            return Ok(format!("{version}/{}/{rest}", self.place));
        }
        let own = rest.strip_prefix(&*self.place).is_some_and(|behind| behind.starts_with('/'));
        if own { Ok(format!("{version}/{rest}")) } else { Err(BadPath::Elsewhere) }
    }

    /// The address of a call. `path` is a canonical one, `model` the deployment that Azure wants in
    /// it, `query` what the caller sent besides keys.
    pub(crate) fn uri(&self, path: &str, model: Option<&str>, query: &str) -> Result<Uri, BadPath> {
        let mut text = format!("{}/", self.prefix);
        let mut query = query.to_owned();
        match self.kind {
            ProviderKind::Azure => {
                text += &self.on_azure(path, model)?;
                if !self.api_version.is_empty() && !query.split('&').any(|pair| pair.starts_with("api-version=")) {
                    if !query.is_empty() {
                        query.push('&');
                    }
                    query += "api-version=";
                    query += &self.api_version;
                }
            }
            // An address that ends in a version stands for the one in the path.
            _ if is_version(self.prefix.rsplit('/').next().unwrap_or_default()) => {
                text += path.split_once('/').filter(|(version, _)| is_version(version)).map_or(path, |(_, rest)| rest);
            }
            _ => text += path,
        }
        if !query.is_empty() {
            text.push('?');
            text += &query;
        }
        let path = PathAndQuery::try_from(text).map_err(|_| BadPath::Ambiguous)?;
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path);
        uri.build().map_err(|_| BadPath::Ambiguous)
    }

    /// With a version configured, the model stands in the path as its deployment.
    fn on_azure(&self, path: &str, model: Option<&str>) -> Result<String, BadPath> {
        let rest = path.strip_prefix("openai/v1/").filter(|_| !self.api_version.is_empty());
        let (Some(rest), Some(model)) = (rest, model) else { return Ok(path.to_owned()) };
        let deployment = self.model_behind(model).unwrap_or(model);
        // It comes from the body, and must stay one segment of the path.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if deployment.is_empty() || deployment.starts_with('.') || !deployment.bytes().all(plain) {
            return Err(BadPath::Ambiguous);
        }
        Ok(format!("openai/deployments/{deployment}/{rest}"))
    }
}

/// Every upstream by its name.
#[derive(Debug)]
pub(crate) struct Upstreams(BTreeMap<String, Arc<Upstream>>);

impl Upstreams {
    /// Reads the configuration; every fault with the upstream's name.
    pub(crate) fn new(section: &settings::Proxy, mode: Mode) -> Result<Self, Vec<(String, Fault)>> {
        let nothing = settings::Upstream::default();
        let said = section.upstreams.iter().map(|(name, said)| (name.as_str(), said));
        // Vertex is nowhere without a project and a region.
        let silent = BUILT_IN.iter().map(|(name, _)| *name).filter(|name| *name != "vertex");
        let silent = silent.filter(|name| !section.upstreams.contains_key(*name)).map(|name| (name, &nothing));
        let (mut known, mut faults) = (BTreeMap::new(), Vec::new());
        for (name, said) in said.chain(silent) {
            match Upstream::new(name, said, mode) {
                Ok(upstream) => drop(known.insert(name.to_owned(), Arc::new(upstream))),
                Err(fault) => faults.push((name.to_owned(), fault)),
            }
        }
        if faults.is_empty() { Ok(Self(known)) } else { Err(faults) }
    }

    /// One upstream.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.0.get(name)
    }

    /// Hosts that may lie in a private network.
    pub(crate) fn private_hosts(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter(|upstream| upstream.private).map(|upstream| upstream.authority.host())
    }
}

fn provider(kind: UpstreamKind) -> ProviderKind {
    match kind {
        UpstreamKind::Openai => ProviderKind::OpenAi,
        UpstreamKind::Anthropic => ProviderKind::Anthropic,
        UpstreamKind::Google => ProviderKind::Google,
        UpstreamKind::Vertex => ProviderKind::Vertex,
        UpstreamKind::Azure => ProviderKind::Azure,
        UpstreamKind::OpenaiCompatible => ProviderKind::OpenAiCompatible,
        UpstreamKind::AnthropicCompatible => ProviderKind::AnthropicCompatible,
    }
}

/// Of Vertex: the part of a path that says whose project and which region.
fn place(kind: UpstreamKind, said: &settings::Upstream) -> Result<String, Fault> {
    if kind != UpstreamKind::Vertex {
        return Ok(String::new());
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    for (key, text) in [("region", &said.region), ("project", &said.project)] {
        if text.is_empty() || text.len() > 63 || !text.bytes().all(plain) {
            let message = format!("`{text}` is no {key} of Vertex");
            return Err(Fault { key, message, help: "use small letters, digits and `-`, such as `europe-west4`" });
        }
    }
    Ok(format!("projects/{}/locations/{}", said.project, said.region))
}

/// The parts of an upstream's address, which must be one that may be called.
fn address_of(address: &str, private: bool) -> Result<(Scheme, Authority, String), Fault> {
    let fault = |message: String| {
        let help = "write scheme, host and path, such as `https://api.mistral.ai`";
        Fault { key: "base_url", message, help }
    };
    let url = Url::parse(address).map_err(|error| fault(format!("the address cannot be read: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(fault("the address holds a user name, a query or a fragment".to_owned()));
    }
    let scheme = match url.scheme() {
        "https" => Scheme::HTTPS,
        "http" if private => Scheme::HTTP,
        "http" => {
            let help = "use https, or say `private: true` for an upstream in your own network";
            return Err(Fault { key: "base_url", message: "keys would travel in clear".to_owned(), help });
        }
        other => return Err(fault(format!("`{other}` is no scheme of a model provider"))),
    };
    let literal = match url.host() {
        None => return Err(fault("the address names no host".to_owned())),
        Some(url::Host::Domain(_)) => None,
        Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
    };
    // A literal is not looked up, so it is judged here; names are judged when they are looked up.
    if literal.is_some_and(|literal| !private && !AllowList::default().allows(literal)) {
        let help = "say `private: true` for an upstream in your own network";
        return Err(Fault { key: "base_url", message: "the address lies in a private network".to_owned(), help });
    }
    let host = url.host_str().unwrap_or_default();
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let authority = Authority::try_from(authority).map_err(|error| fault(error.to_string()))?;
    Ok((scheme, authority, url.path().trim_end_matches('/').to_owned()))
}

/// Whether a path reads the same to everybody.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    !path.is_empty()
        && path.len() <= 2_048
        && !path.contains('\\')
        && !["%2f", "%5c", "%2e", "%00", "%25"].iter().any(|escape| lower.contains(escape))
        && path.split('/').enumerate().all(|(at, part)| !matches!(part, "." | "..") && (at == 0 || !part.is_empty()))
}

/// Whether a segment is a version, such as `v1` or `v1beta1`.
fn is_version(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix('v') else { return false };
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let word = digits.trim_start_matches("alpha").trim_start_matches("beta");
    digits.len() < rest.len() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BadPath, Upstreams};
    use crate::config::Mode;
    use crate::config::proxy::Proxy;

    fn upstreams(said: Value) -> Result<Upstreams, Vec<(String, super::Fault)>> {
        let section: Proxy = serde_json::from_value(json!({ "upstreams": said })).expect("a section");
        Upstreams::new(&section, Mode::Standalone)
    }

    fn address(said: Value, name: &str, path: &str, model: Option<&str>, query: &str) -> Result<String, BadPath> {
        let upstreams = upstreams(said).expect("sound");
        let upstream = upstreams.get(name).expect("known");
        upstream.uri(&upstream.canonical(path)?, model, query).map(|uri| uri.to_string())
    }

    #[test]
    fn every_kind_puts_the_version_and_the_place_where_its_vendor_wants_them() {
        let said = json!({
            "groq": { "kind": "openai_compatible", "base_url": "https://api.groq.com/openai/v1" },
            "local": { "kind": "openai_compatible", "base_url": "http://127.0.0.1:11434", "private": true },
            "vertex": { "region": "europe-west4", "project": "p-1" },
            "azure": { "kind": "azure", "base_url": "https://r.openai.azure.com", "api_version": "2024-10-21",
                       "models": { "gpt-4o": "deployed" } },
        });
        for (name, path, model, query, expected) in [
            ("openai", "chat/completions", None, "", "https://api.openai.com/v1/chat/completions"),
            ("openai", "v1/models", None, "limit=2", "https://api.openai.com/v1/models?limit=2"),
            ("anthropic", "/v1/messages", None, "beta=true", "https://api.anthropic.com/v1/messages?beta=true"),
            (
                "google",
                "v1beta/models/g:generateContent",
                None,
                "",
                "https://generativelanguage.googleapis.com/v1beta/models/g:generateContent",
            ),
            ("groq", "v1/chat/completions", None, "", "https://api.groq.com/openai/v1/chat/completions"),
            ("local", "chat/completions", None, "", "http://127.0.0.1:11434/v1/chat/completions"),
            (
                "vertex",
                "publishers/google/models/g:generateContent",
                None,
                "",
                "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/publishers/google/models/g:generateContent",
            ),
            (
                "vertex",
                "v1beta1/projects/p-1/locations/europe-west4/publishers/google/models/g:generateContent",
                None,
                "",
                "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p-1/locations/europe-west4/publishers/google/models/g:generateContent",
            ),
            (
                "azure",
                "v1/chat/completions",
                Some("gpt-4o"),
                "",
                "https://r.openai.azure.com/openai/deployments/deployed/chat/completions?api-version=2024-10-21",
            ),
            (
                "azure",
                "openai/deployments/x/chat/completions",
                Some("x"),
                "api-version=1",
                "https://r.openai.azure.com/openai/deployments/x/chat/completions?api-version=1",
            ),
        ] {
            assert_eq!(address(said.clone(), name, path, model, query).as_deref(), Ok(expected), "{name} {path}");
        }
    }

    #[test]
    fn no_path_leads_elsewhere() {
        let said = json!({ "vertex": { "region": "europe-west4", "project": "p-1" } });
        for path in [
            "",
            "/",
            "../v1/messages",
            "v1/../../x",
            "v1/%2e%2e/x",
            "v1//evil.test/x",
            "v1/%2Fevil",
            "v1\\..\\x",
            "v1/./messages",
            "v1/%252e",
            "v1/a%5cb",
            "v1/messages/..",
        ] {
            assert_eq!(address(said.clone(), "anthropic", path, None, ""), Err(BadPath::Ambiguous), "{path}");
        }
        for path in [
            "v1/projects/other/locations/europe-west4/publishers/google/models/g:generateContent",
            "projects/p-1/locations/us-central1/publishers/google/models/g:generateContent",
            "projects/p-1/locations/europe-west4evil/x",
        ] {
            assert_eq!(address(said.clone(), "vertex", path, None, ""), Err(BadPath::Elsewhere), "{path}");
        }
        let azure =
            json!({ "azure": { "kind": "azure", "base_url": "https://r.openai.azure.com", "api_version": "1" } });
        for model in ["../x", "x/y", "x?y", "x%2fy", "..", ""] {
            let found = address(azure.clone(), "azure", "v1/chat/completions", Some(model), "");
            assert_eq!(found, Err(BadPath::Ambiguous), "{model}");
        }
        for path in ["@evil.test/x", "v1/@evil.test", "http://evil.test/", "v1/x@y"] {
            if let Ok(found) = address(said.clone(), "openai", path, None, "") {
                assert!(found.starts_with("https://api.openai.com/v1/"), "{found}");
            }
        }
    }

    #[test]
    fn an_upstream_that_cannot_be_meant_is_refused_with_its_key() {
        for (said, key) in [
            (json!({ "x": { "base_url": "https://x.test" } }), "kind"),
            (json!({ "x": { "kind": "openai_compatible" } }), "base_url"),
            (json!({ "x": { "kind": "openai_compatible", "base_url": "http://x.test" } }), "base_url"),
            (json!({ "x": { "kind": "openai_compatible", "base_url": "https://10.0.0.1" } }), "base_url"),
            (json!({ "x": { "kind": "openai_compatible", "base_url": "https://169.254.169.254" } }), "base_url"),
            (json!({ "x": { "kind": "openai_compatible", "base_url": "https://u:p@x.test" } }), "base_url"),
            (json!({ "x": { "kind": "openai_compatible", "base_url": "file:///etc/passwd" } }), "base_url"),
            (json!({ "vertex": { "region": "evil.test/", "project": "p" } }), "region"),
            (json!({ "vertex": { "region": "europe-west4" } }), "project"),
            (json!({ "A/B": { "kind": "openai_compatible", "base_url": "https://x.test" } }), ""),
        ] {
            let faults = upstreams(said.clone()).expect_err("a fault");
            assert_eq!(faults.first().map(|(_, fault)| fault.key), Some(key), "{said}");
        }
    }
}
