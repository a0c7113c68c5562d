//! What an agent answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::guardrail::GuardrailResponse;
use super::handshake::{PROTOCOL_VERSION, ProxyVersion};

/// The key of the routing metadata under which the proxy looks for what a guardrail found.
pub const GUARDRAIL_KEY: &str = "guardrail_response";
/// The key of the audit metadata by which the proxy finds the event that an answer is for.
pub const CORRELATION_KEY: &str = "correlation_id";

/// What happens to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes on.
    #[default]
    Allow,
    /// It is refused: the only refusal that every proxy honours, and only before the upstream
    /// has answered.
    Block {
        /// The status of the refusal.
        status: u16,
        /// Its text.
        #[serde(default)]
        body: Option<String>,
        /// Its headers, which older proxies drop.
        #[serde(default)]
        headers: Option<BTreeMap<String, String>>,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// Where to.
        url: String,
        /// 301, 302, 303, 307 or 308; a proxy takes anything else for 302.
        status: u16,
    },
    /// The client must prove something first.
    Challenge {
        /// What kind of proof.
        challenge_type: String,
        /// How. The field is wanted even when it is empty.
        params: BTreeMap<String, String>,
    },
}

/// A change of the headers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderOp {
    /// Replaces every value of a field.
    Set {
        /// The field.
        name: String,
        /// Its value.
        value: String,
    },
    /// Adds a value to a field.
    Add {
        /// The field.
        name: String,
        /// The value.
        value: String,
    },
    /// Takes a field away.
    Remove {
        /// The field.
        name: String,
    },
}

/// What the proxy may write into its audit log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audit {
    /// Words to search for.
    pub tags: Vec<String>,
    /// The rules that made the decision.
    pub rule_ids: Vec<String>,
    /// How sure the agent is, from 0 to 1.
    pub confidence: Option<f32>,
    /// Stable codes of the reasons.
    pub reason_codes: Vec<String>,
    /// More. `correlation_id` is overwritten: by it the proxy finds its event.
    pub custom: Map<String, Value>,
}

/// A change of a body.
///
/// What the proxy does with `data` depends on the direction: of a response it is base64, of a
/// request it is put on the wire as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyMutation {
    /// Null leaves the piece alone, empty drops it (of a request), anything else replaces it.
    #[serde(default)]
    pub data: Option<String>,
    /// Which piece.
    #[serde(default)]
    pub chunk_index: u32,
}

/// What happens to a frame of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebSocketDecision {
    /// It goes on.
    Allow,
    /// It is left out.
    Drop,
    /// The WebSocket is closed.
    Close {
        /// The close code.
        code: u16,
        /// Why, in words.
        reason: String,
    },
}

/// An agent's answer to one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentResponse {
    /// Always 2.
    pub version: u32,
    /// What happens.
    pub decision: Decision,
    /// Changes of the request's headers.
    #[serde(default)]
    pub request_headers: Vec<HeaderOp>,
    /// Changes of the response's headers.
    #[serde(default)]
    pub response_headers: Vec<HeaderOp>,
    /// The proxy passes over it, except for [`GUARDRAIL_KEY`].
    #[serde(default)]
    pub routing_metadata: BTreeMap<String, String>,
    /// What the proxy may write into its audit log.
    #[serde(default)]
    pub audit: Audit,
    /// In a streamed request body: do not act on this answer, ask again with the next piece.
    #[serde(default)]
    pub needs_more: bool,
    /// A change of the request's body.
    #[serde(default)]
    pub request_body_mutation: Option<BodyMutation>,
    /// A change of the response's body.
    #[serde(default)]
    pub response_body_mutation: Option<BodyMutation>,
    /// What happens to a frame of a WebSocket.
    #[serde(default)]
    pub websocket_decision: Option<WebSocketDecision>,
}

impl Default for AgentResponse {
    fn default() -> Self {
        Self {
            version: PROTOCOL_VERSION,
            decision: Decision::Allow,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            routing_metadata: BTreeMap::new(),
            audit: Audit::default(),
            needs_more: false,
            request_body_mutation: None,
            response_body_mutation: None,
            websocket_decision: None,
        }
    }
}

impl AgentResponse {
    /// Lets the request go on.
    #[must_use]
    pub fn allow() -> Self {
        Self::default()
    }

    /// Refuses, with a text for the client.
    #[must_use]
    pub fn block(status: u16, body: impl Into<String>) -> Self {
        let decision = Decision::Block { status, body: Some(body.into()), headers: None };
        Self { decision, ..Self::default() }
    }

    /// Judges nothing yet: the next piece is wanted first.
    #[must_use]
    pub fn more() -> Self {
        Self { needs_more: true, ..Self::default() }
    }

    /// What a guardrail found, in the form in which the proxy reads it.
    ///
    /// A detection is also a block, which a reader that does not look for the details counts as
    /// one detection, where an allow would count as none.
    #[must_use]
    pub fn guardrail(found: &GuardrailResponse) -> Self {
        let mut response = if found.detected {
            let first = found.detections.first();
            Self::block(403, first.map_or_else(|| "content was refused".to_owned(), |it| it.description.clone()))
        } else {
            Self::allow()
        };
        // Numbers, texts and booleans: this cannot fail, and without it the block above still stands.
        if let Ok(found) = serde_json::to_string(found) {
            response.routing_metadata.insert(GUARDRAIL_KEY.to_owned(), found);
        }
        response
    }

    /// The same answer with a tag for the audit log.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.audit.tags.push(tag.into());
        self
    }

    /// The same answer with a reason's code for the audit log.
    #[must_use]
    pub fn with_reason_code(mut self, code: impl Into<String>) -> Self {
        self.audit.reason_codes.push(code.into());
        self
    }

    /// Whether the request is kept from going on as it is.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.decision != Decision::Allow
    }

    /// Makes the answer one that `proxy` acts on as it is meant: an older proxy lets a challenged
    /// request through and answers a redirect with an error, but honours a block.
    pub(crate) fn suit(&mut self, proxy: ProxyVersion) {
        if proxy >= ProxyVersion::HONOURS_REDIRECTS {
            return;
        }
        let (status, body) = match &self.decision {
            Decision::Allow | Decision::Block { .. } => return,
            Decision::Redirect { .. } => (403, "refused: this proxy cannot redirect"),
            Decision::Challenge { .. } => (403, "refused: this proxy cannot ask for a proof"),
        };
        self.decision = Decision::Block { status, body: Some(body.to_owned()), headers: None };
        self.audit.tags.push("zentinelle:refused-instead".to_owned());
    }

    /// Addresses the answer to an event, over whatever was there.
    pub(crate) fn address(&mut self, correlation_id: &str) {
        self.audit.custom.insert(CORRELATION_KEY.to_owned(), correlation_id.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_have_the_form_that_the_proxy_reads() {
        let written = |decision: &Decision| serde_json::to_string(decision).unwrap();
        assert_eq!(written(&Decision::Allow), r#""allow""#);
        let challenge = Decision::Challenge { challenge_type: "captcha".into(), params: BTreeMap::new() };
        assert_eq!(written(&challenge), r#"{"challenge":{"challenge_type":"captcha","params":{}}}"#);
        assert!(serde_json::from_str::<Decision>(r#"{"challenge":{"challenge_type":"captcha"}}"#).is_err());
        assert!(serde_json::from_str::<Decision>(r#"{"block":{"body":"no"}}"#).is_err());
    }

    #[test]
    fn an_old_proxy_gets_a_block_for_what_it_would_let_through() {
        for decision in [
            Decision::Challenge { challenge_type: "captcha".into(), params: BTreeMap::new() },
            Decision::Redirect { url: "/login".into(), status: 302 },
        ] {
            let response = AgentResponse { decision: decision.clone(), ..AgentResponse::default() };
            let (mut old, mut new) = (response.clone(), response);
            old.suit(ProxyVersion::read("0.6.45"));
            new.suit(ProxyVersion::read("0.6.54"));
            assert!(matches!(old.decision, Decision::Block { status: 403, .. }));
            assert_eq!(new.decision, decision);
        }
    }

    #[test]
    fn nothing_a_handler_writes_can_send_an_answer_to_another_event() {
        let mut response = AgentResponse::allow();
        response.audit.custom.insert(CORRELATION_KEY.into(), "someone else's".into());
        response.address("mine");
        assert_eq!(response.audit.custom[CORRELATION_KEY], "mine");
    }

    #[test]
    fn a_detection_is_a_block_to_whoever_does_not_read_the_details() {
        let clean = AgentResponse::guardrail(&GuardrailResponse::default());
        assert!(!clean.is_refusal());
        let found = GuardrailResponse { detected: true, confidence: 0.5, ..GuardrailResponse::default() };
        let response = AgentResponse::guardrail(&found);
        assert!(response.is_refusal());
        let detail: GuardrailResponse = serde_json::from_str(&response.routing_metadata[GUARDRAIL_KEY]).unwrap();
        assert_eq!(detail, found);
    }
}
