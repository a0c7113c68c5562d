//! Calls to models and what they answer, recognised by path and read by the decoders of the LLM
//! proxy.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::facts;
use super::{Judge, Plan, Subject};
use crate::dialect::{Call, Dialect, Reply, Route, refusal};
use crate::zentinel::event::{RequestHeaders, ResponseHeaders};
use crate::zentinel::response::{AgentResponse, Decision};

/// What a request is by its method and path.
pub(super) fn route(head: &RequestHeaders) -> Route {
    Route::recognise(&head.method, facts::path(head), None)
}

/// Whether a model writes what comes back.
pub(super) fn answers(route: &Route) -> bool {
    route.operation.generates()
}

impl Judge {
    /// A call to a model, with all it says.
    pub(super) fn model_call(&self, head: &RequestHeaders, route: &Route, body: &[u8], now: Timestamp) -> Plan {
        let query = head.uri.split_once('?').map_or("", |(_, query)| query);
        match Call::decode(route, query, body) {
            Ok(call) => {
                let facts = call.context(route.dialect.name(), &call.estimate(None));
                let request = self.identity.request(head, "llm:invoke", facts, now);
                let max_output_tokens = call.max_output_tokens;
                Plan::Decide(vec![request], Subject::Call { dialect: route.dialect, max_output_tokens })
            }
            Err(error) => {
                let mut answer = AgentResponse::block(400, format!("the call cannot be judged: {error}"))
                    .with_reason_code("zentinel.unreadable_body");
                say(&mut answer, route.dialect);
                Plan::Answer(Box::new(answer))
            }
        }
    }

    /// What a model answers: the text, then each tool it asks for. A stream that the proxy has
    /// buffered, and what cannot be read, is judged as one text.
    pub(super) fn model_reply(
        &self,
        head: &RequestHeaders,
        response: Option<&ResponseHeaders>,
        route: &Route,
        (body, complete): (&[u8], bool),
        now: Timestamp,
    ) -> Plan {
        let streams = response
            .and_then(|response| response.headers.get("content-type"))
            .is_some_and(|kind| kind.contains("event-stream"));
        let provider = route.dialect.name();
        let reply = if streams || !complete { None } else { Reply::decode(route, body).ok() };
        let Some(reply) = reply else {
            let text = String::from_utf8_lossy(body).into_owned();
            let mut facts = Map::new();
            facts.insert("provider".to_owned(), provider.into());
            facts.insert("output_text".to_owned(), Value::from(text.as_str()));
            let request = self.identity.request(head, "llm:response", facts, now);
            return Plan::Decide(vec![request], Subject::Reply { text, key: "output_text", complete });
        };
        let mut requests = vec![self.identity.request(head, "llm:response", reply.context(provider), now)];
        for call in &reply.tool_calls {
            let facts = call.context(provider, reply.model.as_deref());
            requests.push(self.identity.request(head, "tool_call", facts, now));
        }
        let (reply, body) = (Box::new(reply), body.to_vec());
        Plan::Decide(requests, Subject::Answer { reply, body, dialect: route.dialect, complete })
    }
}

/// Writes a refusal in the form in which the client's SDK reads errors.
pub(super) fn speak(answer: &mut AgentResponse, subject: &Subject) {
    if let Subject::Call { dialect, .. } | Subject::Answer { dialect, .. } = subject {
        say(answer, *dialect);
    }
}

fn say(answer: &mut AgentResponse, dialect: Dialect) {
    let Decision::Block { status, body, headers } = &mut answer.decision else { return };
    let message = body.take().unwrap_or_default();
    let (kind, text) = refusal(dialect, *status, "policy_denied", &message, "");
    *body = Some(text);
    // Older proxies say `text/plain` whatever is here; the SDKs read the body all the same.
    headers.get_or_insert_default().insert("content-type".to_owned(), kind.to_owned());
}
