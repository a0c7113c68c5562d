//! From a question of the proxy to requests the engine can decide, and from decisions to the
//! answer.
//!
//! A request without a body is decided when its headers arrive. One whose body is announced is
//! only asked about then, nothing is spent, and decided when the body is there. What goes back to
//! the client is refused the same way, though older proxies pass over a refusal so late.
//!
//! Deciding is the host's: it plans, decides each request in turn, and adds the decisions up until
//! one refuses. [`Judge::answer`] is all of that for a host that decides in one step.

mod facts;
mod inspect;
mod model;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub use facts::Identity;

use super::event::{RequestHeaders, WebSocketFrame};
use super::exchange::Known;
use super::response::{AgentResponse, BodyMutation, Decision as Wire};
use super::session::{FailureMode, Question};
use crate::decision::{Effect, MaskedSpan, Obligation};
use crate::dialect::{Dialect, Reply, rewrite};
use crate::engine::Decision;
use crate::request::Request;

/// Turns questions of the proxy into requests, and decisions into answers.
#[derive(Clone, Debug)]
pub struct Judge {
    /// On whose behalf the proxy asks.
    pub identity: Identity,
    /// What to answer when no judgement is possible.
    pub failure_mode: FailureMode,
}

/// What has to be decided before a question can be answered.
#[derive(Clone)]
pub enum Plan {
    /// Nothing.
    Answer(Box<AgentResponse>),
    /// Each of these, in turn, until one is refused.
    Decide(Vec<Request>, Subject),
}

/// What the decisions are about.
#[derive(Clone)]
pub enum Subject {
    /// Something on its way to the upstream, which cannot be changed any more.
    Request,
    /// A call to a model on its way there.
    Call {
        /// In whose format it is refused.
        dialect: Dialect,
        /// The most it asks for, which is all that a limit can be held against.
        max_output_tokens: Option<u64>,
    },
    /// What a model answers, on its way back. It can be masked if all of it is there.
    Answer {
        /// The answer.
        reply: Box<Reply>,
        /// Its bytes.
        body: Vec<u8>,
        /// In whose format it is refused.
        dialect: Dialect,
        /// Whether that is all of it.
        complete: bool,
    },
    /// A text on its way back. It can be masked if all of it is there.
    Reply {
        /// The text.
        text: String,
        /// Under which key of the context it is judged.
        key: &'static str,
        /// Whether that is all of it.
        complete: bool,
    },
}

impl Subject {
    /// Whether something goes to the upstream, for which leave is needed.
    const fn asks(&self) -> bool {
        matches!(self, Self::Request | Self::Call { .. })
    }
}

impl Judge {
    /// The answer to a question, for a host that decides in one step.
    pub fn answer(
        &self,
        question: &Question,
        now: Timestamp,
        mut decide: impl FnMut(&Request) -> Decision,
    ) -> AgentResponse {
        let (requests, subject) = match self.plan(question, now) {
            Plan::Answer(answer) => return *answer,
            Plan::Decide(requests, subject) => (requests, subject),
        };
        let mut answer = AgentResponse::allow();
        for request in &requests {
            self.add(&mut answer, &decide(request), &subject, now);
            if answer.is_refusal() {
                break;
            }
        }
        answer
    }

    /// What has to be decided before a question can be answered.
    #[must_use]
    pub fn plan(&self, question: &Question, now: Timestamp) -> Plan {
        let answer = |answer| Plan::Answer(Box::new(answer));
        match question {
            Question::Request(head) => {
                let mut request = self.identity.request(head, "network_request", Map::new(), now);
                request.dry_run = facts::has_body(head);
                Plan::Decide(vec![request], Subject::Request)
            }
            Question::RequestBody { known: Known { request: Some(head), .. }, body } => self.body(head, body, now),
            // Without its headers a body says nothing of who sends it where.
            Question::RequestBody { .. } => answer(self.failure_mode.answer(503, "zentinel.request_unknown")),
            Question::ResponseBody { known: Known { request: Some(head), response }, body, complete } => {
                let route = model::route(head);
                if model::answers(&route) {
                    self.model_reply(head, response.as_deref(), &route, (body.as_slice(), *complete), now)
                } else {
                    self.reply(head, body, *complete, now)
                }
            }
            Question::WebSocket { known: Known { request: Some(head), .. }, frame } => self.frame(head, frame, now),
            Question::Guardrail(event) => answer(AgentResponse::guardrail(&inspect::inspect(event))),
            Question::ResponseBody { .. }
            | Question::WebSocket { .. }
            | Question::Response { .. }
            | Question::Complete { .. } => answer(AgentResponse::allow()),
        }
    }

    /// Adds a decision to an answer that permits so far. What the decision asks for and an agent
    /// of this proxy cannot do is refused, because going on without it is not what was permitted.
    pub fn add(&self, answer: &mut AgentResponse, decision: &Decision, subject: &Subject, now: Timestamp) {
        // A dry run is permitted whatever it says, and a text that comes back needs no leave of
        // its own, so the effect is asked.
        let permitted = match (decision.effect(), subject) {
            (Effect::Permit, _) => true,
            (Effect::Deny, _) => false,
            (Effect::NoPolicy, subject) => !subject.asks() || decision.is_permitted(),
        };
        let mut next = if permitted { fulfil(decision, subject) } else { refuse(decision, now) };
        model::speak(&mut next, subject);
        let audit = &mut next.audit;
        audit.tags.insert(0, "zentinelle".to_owned());
        audit.tags.insert(1, format!("zentinelle:{}", decision.effect().name()));
        audit.rule_ids.extend(decision.determining().map(|(policy, _)| policy.id.to_string()));
        audit.reason_codes.extend(decision.determining().map(|(_, violation)| violation.code.to_string()));
        audit.custom.insert("policy_set_version".to_owned(), decision.policies().version().to_string().into());
        audit.custom.insert("risk_score".to_owned(), decision.risk().score.into());
        merge(answer, next);
    }

    fn body(&self, head: &RequestHeaders, body: &[u8], now: Timestamp) -> Plan {
        let route = model::route(head);
        if route.operation.is_call() {
            return self.model_call(head, &route, body, now);
        }
        match facts::tool_calls(head, body) {
            Err(unreadable) => Plan::Answer(Box::new(unjudgeable(&unreadable.to_string()))),
            Ok(calls) if calls.is_empty() => {
                Plan::Decide(vec![self.identity.request(head, "network_request", Map::new(), now)], Subject::Request)
            }
            Ok(calls) => self.calls(head, calls, now),
        }
    }

    /// A text that comes back is judged as what a tool returned.
    fn reply(&self, head: &RequestHeaders, body: &[u8], complete: bool, now: Timestamp) -> Plan {
        let text = match std::str::from_utf8(body) {
            Ok(text) if !text.is_empty() => text,
            // Pictures and the like: no policy reads them.
            _ => return Plan::Answer(Box::new(AgentResponse::allow())),
        };
        let mut facts = Map::new();
        facts.insert("output".to_owned(), text.into());
        facts.insert("tool_outputs".to_owned(), Value::Array(vec![text.into()]));
        let request = self.identity.request(head, "tool_result", facts, now);
        Plan::Decide(vec![request], Subject::Reply { text: text.to_owned(), key: "output", complete })
    }

    /// A text frame may call a tool; everything else on a WebSocket passes once its upgrade did.
    fn frame(&self, head: &RequestHeaders, frame: &WebSocketFrame, now: Timestamp) -> Plan {
        if frame.opcode != "text" || !frame.client_to_server {
            return Plan::Answer(Box::new(AgentResponse::allow()));
        }
        match facts::tool_calls(head, &frame.data) {
            Ok(calls) => self.calls(head, calls, now),
            Err(unreadable) => Plan::Answer(Box::new(unjudgeable(&unreadable.to_string()))),
        }
    }

    fn calls(&self, head: &RequestHeaders, calls: Vec<Map<String, Value>>, now: Timestamp) -> Plan {
        let request = |call| self.identity.request(head, "tool_call", call, now);
        Plan::Decide(calls.into_iter().map(request).collect(), Subject::Request)
    }
}

fn unjudgeable(why: &str) -> AgentResponse {
    AgentResponse::block(400, format!("the body cannot be judged: {why}")).with_reason_code("zentinel.unreadable_body")
}

fn refuse(decision: &Decision, now: Timestamp) -> AgentResponse {
    let violation = decision.primary();
    let told = violation.map_or_else(
        || "refused: no policy applies, and what nobody allowed is not allowed".to_owned(),
        |violation| format!("refused by policy: {} [{}]", violation.message, violation.code),
    );
    let retry = decision.retry_at();
    let mut answer = AgentResponse::block(if retry.is_some() { 429 } else { 403 }, told);
    if violation.is_none() {
        answer = answer.with_reason_code("no_policy");
    }
    if let (Some(at), Wire::Block { headers, .. }) = (retry, &mut answer.decision) {
        let seconds = at.duration_since(now).as_secs().max(1);
        *headers = Some([("retry-after".to_owned(), seconds.to_string())].into());
    }
    answer
}

fn fulfil(decision: &Decision, subject: &Subject) -> AgentResponse {
    let cannot = |code: &'static str, what: &str| {
        AgentResponse::block(403, format!("refused: {what}, which this proxy cannot do")).with_reason_code(code)
    };
    let mut answer = AgentResponse::allow();
    for obligation in decision.obligations() {
        match (obligation, subject) {
            (Obligation::Mask { pointer, spans }, Subject::Reply { text, key, complete: true })
                if pointer.as_str().strip_prefix("/context/") == Some(*key) =>
            {
                answer = replaced(masked(text, spans).as_bytes());
            }
            (Obligation::Mask { .. }, Subject::Answer { reply, body, complete: true, .. }) => {
                let all: Vec<Obligation> = decision.obligations().cloned().collect();
                match rewrite(body, &reply.edits_for(&all)) {
                    Ok(body) => answer = replaced(&body),
                    Err(_) => return cannot("zentinel.cannot_mask", "a part of it must be masked"),
                }
            }
            (
                Obligation::MaxTokens { max_output_tokens: most },
                Subject::Call { max_output_tokens: Some(asked), .. },
            ) if asked <= most => {}
            // The same text under its second name.
            (Obligation::Mask { pointer, .. }, Subject::Reply { complete: true, .. })
                if pointer.as_str().starts_with("/context/tool_outputs") => {}
            (Obligation::Mask { .. }, _) => return cannot("zentinel.cannot_mask", "a part of it must be masked"),
            (Obligation::CapRows { .. }, _) => return cannot("zentinel.cannot_cap_rows", "its rows must be limited"),
            (Obligation::MaxTokens { .. }, _) => {
                return cannot("zentinel.cannot_cap_tokens", "its output must be limited");
            }
            (Obligation::AskHuman { .. }, _) => return cannot("zentinel.cannot_ask", "a person must be asked first"),
            (Obligation::Log { .. }, _) => {}
        }
    }
    answer
}

/// Lets a response go on with another body.
fn replaced(body: &[u8]) -> AgentResponse {
    let mutation = BodyMutation { data: Some(STANDARD.encode(body)), chunk_index: 0 };
    AgentResponse { response_body_mutation: Some(mutation), ..AgentResponse::allow() }.with_tag("zentinelle:masked")
}

fn masked(text: &str, spans: &[MaskedSpan]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(text.get(at..span.start).unwrap_or_default());
        out.push_str(&span.replacement);
        at = span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Adds what `next` says to an answer that permits. A refusal takes its place.
pub fn merge(answer: &mut AgentResponse, next: AgentResponse) {
    if next.is_refusal() {
        answer.decision = next.decision;
    }
    for tag in next.audit.tags {
        if !answer.audit.tags.contains(&tag) {
            answer.audit.tags.push(tag);
        }
    }
    answer.audit.rule_ids.extend(next.audit.rule_ids);
    answer.audit.reason_codes.extend(next.audit.reason_codes);
    answer.audit.custom.extend(next.audit.custom);
    answer.response_body_mutation = next.response_body_mutation.or_else(|| answer.response_body_mutation.take());
}

#[cfg(test)]
mod tests;
