//! From the proxy's events to requests the engine can judge.
//!
//! | event | action | facts |
//! | --- | --- | --- |
//! | request headers | `network_request` | `url`, `domain`, `method`, `path`, `route`, `client_ip` |
//! | request body, JSON-RPC `tools/call` | `tool_call` | those, `tool_name`, `tool_args` |
//! | request body, `POST …/tools/<name>[/call]` | `tool_call` | the same |
//! | request body, anything else | `network_request` | as for the headers |
//!
//! All carry `source` (`zentinel`) and, where a header says so, `session_id`. Agent and user come
//! from the command's arguments, or from headers the operator has named because the proxy sets
//! them; what a body says of itself is a fact, not an identity.

use std::sync::Arc;

use crate::agent::Agent;
use crate::document::json;
use crate::ids::UserId;
use crate::request::Request;
use crate::zentinel::event::RequestHeaders;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Longest id taken from a header. Unit: bytes.
const MAX_ID: usize = 256;
/// What may follow the name in the path of a tool.
const TOOL_VERBS: [&str; 4] = ["call", "execute", "invoke", "run"];

/// On whose behalf the proxy asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The agent of requests that name none.
    pub agent: Arc<Agent>,
    /// A header that names the agent, which the proxy must set or strip.
    pub agent_header: Option<String>,
    /// A header that names the user, which the proxy must set or strip.
    pub user_header: Option<String>,
}

/// A body that cannot be judged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(String);

impl Identity {
    /// A request about `head` with those facts that every request has.
    pub(super) fn request(
        &self,
        head: &RequestHeaders,
        action: &str,
        more: Map<String, Value>,
        now: Timestamp,
    ) -> Request {
        let named = |header: &Option<String>| {
            let value = head.headers.get(header.as_deref()?)?.trim();
            (!value.is_empty() && value.len() <= MAX_ID).then(|| value.to_owned())
        };
        let agent = match named(&self.agent_header) {
            Some(id) => Arc::new(Agent { agent_id: id.as_str().into(), ..(*self.agent).clone() }),
            None => Arc::clone(&self.agent),
        };
        let mut request = Request::new(agent, action, now);
        request.user_id = named(&self.user_header).as_deref().and_then(UserId::non_empty);
        let mut facts = of_request(head);
        facts.extend(more);
        request.context = facts.into();
        request
    }
}

/// What is known from a request's line and headers.
fn of_request(head: &RequestHeaders) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut put = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            facts.insert(key.to_owned(), value.into());
        }
    };
    put("source", Some("zentinel"));
    put("method", Some(&head.method));
    put("path", Some(path(head)));
    if let Some(host) = head.headers.get("host").or(head.metadata.server_name.as_deref()) {
        let path = if head.uri.starts_with('/') { head.uri.as_str() } else { "/" };
        put("url", Some(&format!("http://{host}{path}")));
    }
    put("route", head.metadata.route_id.as_deref());
    put("upstream", head.metadata.upstream_id.as_deref());
    put("session_id", head.headers.get("mcp-session-id").or_else(|| head.headers.get("x-session-id")));
    put("client_ip", head.metadata.client().map(|client| client.ip.to_string()).as_deref());
    facts
}

/// The path without its query.
pub(super) fn path(head: &RequestHeaders) -> &str {
    head.uri.split(['?', '#']).next().unwrap_or_default()
}

/// Whether a body will follow the headers, so that the whole can be judged then.
pub(super) fn has_body(head: &RequestHeaders) -> bool {
    let length = head.headers.get("content-length").is_some_and(|length| length.trim() != "0");
    length || head.headers.get("transfer-encoding").is_some()
}

/// The calls of tools that a body makes, as facts for `tool_call`; none when it makes none.
///
/// A body that calls itself JSON and cannot be read strictly may mean something else to the
/// server behind the proxy, so it is refused.
pub(super) fn tool_calls(head: &RequestHeaders, body: &[u8]) -> Result<Vec<Map<String, Value>>, Unreadable> {
    let tool = tool_in_path(head);
    let claims_json = head.headers.get("content-type").is_some_and(is_json);
    let looks_like_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    if body.is_empty() || !(claims_json || looks_like_json || tool.is_some()) {
        return Ok(tool.map(|tool| call(&tool, Value::Object(Map::new()))).into_iter().collect());
    }
    let value = match std::str::from_utf8(body).map(json::parse) {
        Ok(Ok(value)) => value,
        Ok(Err(problem)) if claims_json || tool.is_some() => return Err(Unreadable(problem.message)),
        Err(_) if claims_json || tool.is_some() => return Err(Unreadable("the body is not UTF-8 text".to_owned())),
        // It never said that it was JSON.
        _ => return Ok(Vec::new()),
    };
    if let Some(tool) = tool {
        let arguments = ["arguments", "input", "args"].into_iter().find_map(|key| value.get(key).cloned());
        return Ok(vec![call(&tool, arguments.unwrap_or(value))]);
    }
    let messages = match &value {
        Value::Array(messages) => messages.as_slice(),
        one => std::slice::from_ref(one),
    };
    messages.iter().filter(|message| is_tool_call(message)).map(rpc_call).collect()
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json") || essence == "text/json"
}

/// A JSON-RPC message of the Model Context Protocol that calls a tool.
fn is_tool_call(message: &Value) -> bool {
    message.get("jsonrpc").is_some() && message.get("method").and_then(Value::as_str) == Some("tools/call")
}

fn rpc_call(message: &Value) -> Result<Map<String, Value>, Unreadable> {
    let name = message.pointer("/params/name").and_then(Value::as_str);
    let name = name.ok_or_else(|| Unreadable("a `tools/call` names no tool at `/params/name`".to_owned()))?;
    let arguments = message.pointer("/params/arguments").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    Ok(call(name, arguments))
}

fn call(tool: &str, arguments: Value) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("tool_name".to_owned(), tool.into());
    // Evaluators want an object here; anything else is what the tool gets as its only input.
    let arguments = match arguments {
        Value::Object(arguments) => arguments,
        Value::Null => Map::new(),
        other => [("input".to_owned(), other)].into_iter().collect(),
    };
    facts.insert("tool_args".to_owned(), arguments.into());
    facts.insert("tool_call_count".to_owned(), 1.into());
    facts
}

/// `…/tools/<name>` or `…/tools/<name>/call`, for `POST`.
fn tool_in_path(head: &RequestHeaders) -> Option<String> {
    if head.method != "POST" {
        return None;
    }
    let segments: Vec<&str> = path(head).split('/').filter(|segment| !segment.is_empty()).collect();
    let name = match segments.as_slice() {
        [.., "tools", name, verb] if TOOL_VERBS.contains(verb) => name,
        [.., "tools", name] => name,
        _ => return None,
    };
    // An escape may hide the name of a denied tool.
    Some(unescaped(name))
}

/// A path segment with its percent escapes undone; what is no escape stays as it is.
fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> RequestHeaders {
        let mut head = RequestHeaders { method: method.into(), uri: uri.into(), ..RequestHeaders::default() };
        headers.iter().for_each(|(name, value)| head.headers.add(*name, *value));
        head
    }

    fn tools(head: &RequestHeaders, body: &str) -> Result<Vec<String>, Unreadable> {
        let calls = tool_calls(head, body.as_bytes())?;
        Ok(calls.iter().map(|call| call["tool_name"].as_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn every_tool_call_of_a_batch_is_seen() {
        let rpc =
            |name: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#);
        let batch = format!("[{},{}]", rpc("read"), rpc("shell"));
        assert_eq!(tools(&head("POST", "/mcp", &[]), &batch).unwrap(), ["read", "shell"]);
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        assert!(tools(&head("POST", "/mcp", &[]), list).unwrap().is_empty());
        let nameless = r#"{"jsonrpc":"2.0","method":"tools/call","params":{}}"#;
        assert!(tools(&head("POST", "/mcp", &[]), nameless).is_err());
    }

    #[test]
    fn a_body_that_two_readers_could_read_differently_is_refused() {
        let twice = r#"{"jsonrpc":"2.0","method":"tools/list","method":"tools/call","params":{"name":"shell"}}"#;
        let json = head("POST", "/mcp", &[("content-type", "application/json; charset=utf-8")]);
        assert!(tools(&json, twice).is_err());
        assert!(tools(&json, "{").is_err());
        assert!(tools(&head("POST", "/upload", &[("content-type", "text/plain")]), "{ no json").unwrap().is_empty());
    }

    #[test]
    fn a_tool_in_the_path_is_seen_through_its_escapes() {
        assert_eq!(
            tools(&head("POST", "/v1/tools/sh%65ll/call?x=1", &[]), r#"{"arguments":{"a":1}}"#).unwrap(),
            ["shell"]
        );
        assert_eq!(tools(&head("POST", "/tools/shell", &[]), "").unwrap(), ["shell"]);
        assert_eq!(tools(&head("POST", "/tools/a=b&c+%zz%", &[]), "").unwrap(), ["a=b&c+%zz%"]);
        assert!(tools(&head("GET", "/tools/shell", &[]), "").unwrap().is_empty());
    }

    #[test]
    fn identity_comes_from_named_headers_only() {
        let mut identity =
            Identity { agent: Arc::new(Agent::new("t", "fallback")), agent_header: None, user_header: None };
        let head = head("GET", "/", &[("x-agent", "crawler"), ("x-user", "jo"), ("host", "api.test")]);
        let request = identity.request(&head, "network_request", Map::new(), Timestamp::UNIX_EPOCH);
        assert_eq!((request.agent.agent_id.as_str(), request.user_id), ("fallback", None));
        assert_eq!(request.context.get("url").unwrap(), "http://api.test/");
        identity.agent_header = Some("X-Agent".into());
        identity.user_header = Some("x-user".into());
        let request = identity.request(&head, "network_request", Map::new(), Timestamp::UNIX_EPOCH);
        assert_eq!(request.agent.agent_id.as_str(), "crawler");
        assert_eq!(request.user_id, UserId::non_empty("jo"));
    }
}
