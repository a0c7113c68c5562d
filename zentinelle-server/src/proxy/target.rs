//! Where a call is going: told from its path alone, never from a header.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use url::form_urlencoded;
use zentinelle_core::dialect::{Dialect, ProviderKind, Route};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use super::upstream::{BadPath, Upstream, Upstreams};

/// The header that Anthropic's SDK sends with every request, and OpenAI's never.
const ANTHROPIC_VERSION: &str = "anthropic-version";

/// The header in which Google's SDKs send their key.
const GOOGLE_KEY: &str = "x-goog-api-key";
/// What Google writes behind the name of a model.
const GOOGLE_METHODS: [&str; 6] =
    [":generateContent", ":streamGenerateContent", ":countTokens", ":embedContent", ":batchEmbedContents", ":predict"];

/// Where a call is going.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The upstream.
    pub(crate) upstream: Arc<Upstream>,
    /// The path there, without a slash in front.
    pub(crate) path: String,
    /// The query without a key.
    pub(crate) query: String,
    /// The key of the query.
    pub(crate) query_key: Option<Zeroizing<String>>,
    /// What is asked.
    pub(crate) route: Route,
}

/// The dialect in which a path that leads nowhere is refused.
pub(crate) fn dialect_of(upstreams: &Upstreams, uri: &Uri, headers: &HeaderMap) -> Dialect {
    let (name, _) = named(uri.path(), headers);
    upstreams.get(name).map_or(Dialect::OpenAi, |upstream| match upstream.kind {
        // Anthropic's SDK for Vertex reads errors as Anthropic writes them.
        ProviderKind::Vertex if uri.path().contains("/publishers/anthropic/") => Dialect::Anthropic,
        kind => kind.dialect(),
    })
}

impl Target {
    /// Tells where a call is going.
    pub(crate) fn of(upstreams: &Upstreams, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Self, Refusal> {
        let (name, path) = named(uri.path(), headers);
        let Some(upstream) = upstreams.get(name) else {
            let message = format!(
                "no upstream is named `{}`: there are `anthropic`, `google`, `openai`, and those of the configuration's `proxy.upstreams`",
                name.chars().take(64).collect::<String>()
            );
            return Err(Refusal::new(StatusCode::NOT_FOUND, "unsupported_provider", message));
        };
        let path = upstream.canonical(path).map_err(bad_path)?;
        let (query, query_key) = without_key(uri.query().unwrap_or_default());
        let route = Route::recognise(method.as_str(), &format!("/{path}"), Some(upstream.kind));
        Ok(Self { upstream: Arc::clone(upstream), path, query, query_key, route })
    }

    /// The address of the call. `model` is what Azure wants in the path.
    pub(crate) fn uri(&self, model: Option<&str>) -> Result<Uri, Refusal> {
        self.upstream.uri(&self.path, model, &self.query).map_err(bad_path)
    }
}

fn bad_path(bad: BadPath) -> Refusal {
    match bad {
        BadPath::Ambiguous => Refusal::new(StatusCode::NOT_FOUND, "unknown_route", bad.to_string()),
        BadPath::Elsewhere => Refusal::forbidden("foreign_project", bad.to_string()),
    }
}

/// The upstream a path names, and what stands behind it. The bare paths of the SDKs name theirs
/// by how they begin.
fn named<'p>(path: &'p str, headers: &HeaderMap) -> (&'p str, &'p str) {
    if let Some(rest) = path.strip_prefix("/proxy/") {
        return rest.split_once('/').unwrap_or((rest, ""));
    }
    if path.starts_with("/v1beta/") || path.starts_with("/v1alpha/") || path.starts_with("/upload/") {
        return ("google", path);
    }
    // Google's SDK for Python asks for `/v1/models/{model}:{method}`. A colon alone does not tell:
    // OpenAI's fine-tuned models have some in their names.
    let models = path.strip_prefix("/v1/models").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let has_method = |rest: &str| GOOGLE_METHODS.iter().any(|method| rest.ends_with(method));
    if models.is_some_and(|rest| headers.contains_key(GOOGLE_KEY) || has_method(rest)) {
        return ("google", path);
    }
    let messages = path.strip_prefix("/v1/messages").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (if messages || headers.contains_key(ANTHROPIC_VERSION) { "anthropic" } else { "openai" }, path)
}

/// A query without its `key`, and the key.
fn without_key(query: &str) -> (String, Option<Zeroizing<String>>) {
    let is_key = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| name == "key");
    let pairs = || query.split('&').filter(|pair| !pair.is_empty());
    let key = pairs().find(is_key).and_then(|pair| form_urlencoded::parse(pair.as_bytes()).next());
    let key = key.map(|(_, key)| Zeroizing::new(key.into_owned())).filter(|key| !key.is_empty());
    (pairs().filter(|pair| !is_key(pair)).collect::<Vec<_>>().join("&"), key)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{named, without_key};

    #[test]
    fn bare_paths_name_the_vendor_whose_sdk_sends_them() {
        let mut anthropic = HeaderMap::new();
        anthropic.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        let mut google = HeaderMap::new();
        google.insert("x-goog-api-key", HeaderValue::from_static("AIza"));
        let none = HeaderMap::new();
        for (path, headers, expected) in [
            ("/v1/models/g:generateContent", &none, ("google", "/v1/models/g:generateContent")),
            ("/v1/models", &google, ("google", "/v1/models")),
            ("/v1/models/ft:gpt-4o:acme::a1", &none, ("openai", "/v1/models/ft:gpt-4o:acme::a1")),
            ("/v1/chat/completions", &google, ("openai", "/v1/chat/completions")),
            ("/v1/messages", &none, ("anthropic", "/v1/messages")),
            ("/v1/messages/count_tokens", &none, ("anthropic", "/v1/messages/count_tokens")),
            ("/v1/messagesx", &none, ("openai", "/v1/messagesx")),
            ("/v1/models", &none, ("openai", "/v1/models")),
            ("/v1/models", &anthropic, ("anthropic", "/v1/models")),
            ("/v1beta/models/g:generateContent", &none, ("google", "/v1beta/models/g:generateContent")),
            ("/proxy/groq/chat/completions", &anthropic, ("groq", "chat/completions")),
            ("/proxy/groq", &none, ("groq", "")),
        ] {
            assert_eq!(named(path, headers), expected, "{path}");
        }
    }

    #[test]
    fn no_key_stays_in_the_query_however_it_is_written() {
        for (query, rest, key) in [
            ("alt=sse&key=AIza", "alt=sse", Some("AIza")),
            ("%6bey=a%2Bb", "", Some("a+b")),
            ("key=a&key=b&x=1", "x=1", Some("a")),
            ("keys=1", "keys=1", None),
            ("key=", "", None),
        ] {
            let (found, found_key) = without_key(query);
            assert_eq!((found.as_str(), found_key.as_deref().map(String::as_str)), (rest, key), "{query}");
        }
    }
}
