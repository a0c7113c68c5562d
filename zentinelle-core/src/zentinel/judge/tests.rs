use std::sync::Arc;

use super::*;
use crate::zentinel::GuardrailInspect;
use crate::zentinel::guardrail::InspectionType;
use crate::zentinel::response::GUARDRAIL_KEY;
use crate::{Agent, Engine, MemoryLedger, NoPolicy, policy_document};

struct Host {
    judge: Judge,
    engine: Engine,
    ledger: MemoryLedger,
}

impl Host {
    fn new(policies: &str, no_policy: NoPolicy) -> Self {
        let (document, problems) = policy_document::read(policies);
        assert!(problems.is_empty(), "{problems:?}");
        let engine = Engine::new(document.policy_set(&"local".into(), "v1")).with_no_policy(no_policy);
        let agent = Arc::new(Agent::new("local", "zentinel"));
        let identity = Identity { agent, agent_header: None, user_header: None };
        let judge = Judge { identity, failure_mode: FailureMode::Closed };
        Self { judge, engine, ledger: MemoryLedger::default() }
    }

    fn ask(&self, question: &Question) -> AgentResponse {
        let now = "2026-03-11T12:00:00Z".parse().unwrap();
        self.judge.answer(question, now, |request| self.engine.decide(request, &self.ledger))
    }

    fn headers(&self, head: &Arc<RequestHeaders>) -> AgentResponse {
        self.ask(&Question::Request(Arc::clone(head)))
    }

    fn posted(&self, head: &Arc<RequestHeaders>, body: &str) -> AgentResponse {
        let known = Known { request: Some(Arc::clone(head)), response: None };
        self.ask(&Question::RequestBody { known, body: body.into() })
    }

    fn replied(&self, head: &Arc<RequestHeaders>, body: &str, complete: bool) -> AgentResponse {
        let known = Known { request: Some(Arc::clone(head)), response: None };
        self.ask(&Question::ResponseBody { known, body: body.into(), complete })
    }
}

fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Arc<RequestHeaders> {
    let mut head = RequestHeaders { method: method.into(), uri: uri.into(), ..RequestHeaders::default() };
    head.headers.add("host", "tools.test");
    headers.iter().for_each(|(name, value)| head.headers.add(*name, *value));
    Arc::new(head)
}

fn status(answer: &AgentResponse) -> Option<u16> {
    match &answer.decision {
        Wire::Block { status, .. } => Some(*status),
        _ => None,
    }
}

const NO_SHELL: &str =
    "policies: [{ id: no-shell, name: no shell, type: tool_permission, config: { denied_tools: [shell] } }]";
const SHELL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell","arguments":{}}}"#;

#[test]
fn a_denied_tool_is_refused_with_policy_and_code_in_the_audit() {
    let host = Host::new(NO_SHELL, NoPolicy::Permit);
    let head = head("POST", "/mcp", &[("content-length", "9"), ("content-type", "application/json")]);
    assert!(!host.headers(&head).is_refusal(), "the body says what is called");
    let answer = host.posted(&head, SHELL);
    assert_eq!(status(&answer), Some(403));
    assert_eq!(answer.audit.rule_ids, ["no-shell"]);
    assert_eq!(answer.audit.reason_codes, ["tool_permission.denied"]);
    assert_eq!(answer.audit.tags, ["zentinelle", "zentinelle:deny"]);
    assert!(!host.posted(&head, &SHELL.replace("shell", "read")).is_refusal());
    assert_eq!(status(&host.posted(&head, "{")), Some(400));
}

#[test]
fn what_nobody_allowed_is_refused_at_the_headers_already() {
    let none = "policies: [{ name: x, type: tool_permission, enabled: false, config: { denied_tools: [a] } }]";
    let answer = Host::new(none, NoPolicy::Deny).headers(&head("POST", "/", &[("content-length", "9")]));
    assert_eq!((status(&answer), answer.audit.reason_codes), (Some(403), vec!["no_policy".to_owned()]));
}

#[test]
fn a_request_with_a_body_is_counted_once() {
    let policies = "policies: [{ name: slow, type: rate_limit, config: { requests_per_minute: 2 } }]";
    let host = Host::new(policies, NoPolicy::Permit);
    let with_body = head("POST", "/", &[("content-length", "2")]);
    for _ in 0..2 {
        assert!(!host.headers(&with_body).is_refusal());
        assert!(!host.posted(&with_body, "hi").is_refusal());
    }
    let answer = host.headers(&head("GET", "/", &[]));
    assert_eq!(status(&answer), Some(429));
    assert!(
        matches!(answer.decision, Wire::Block { headers: Some(headers), .. } if headers.contains_key("retry-after"))
    );
}

#[test]
fn a_body_without_its_request_is_refused() {
    let host = Host::new(NO_SHELL, NoPolicy::Permit);
    let answer = host.ask(&Question::RequestBody { known: Known::default(), body: b"hi".to_vec() });
    assert_eq!(status(&answer), Some(503));
}

#[test]
fn an_address_on_its_way_back_is_masked_when_all_of_it_is_there() {
    let policies = "policies: [{ name: mask, type: output_filter, config: { mask_pii: true } }]";
    let host = Host::new(policies, NoPolicy::Permit);
    let head = head("GET", "/", &[]);
    let answer = host.replied(&head, "write to jo.doe@corp.test today", true);
    let data = answer.response_body_mutation.unwrap().data.unwrap();
    let text = String::from_utf8(STANDARD.decode(data).unwrap()).unwrap();
    assert!(text.starts_with("write to ") && !text.contains("jo.doe"), "{text}");
    let half = host.replied(&head, "write to jo.doe@corp.test today", false);
    assert_eq!(half.audit.reason_codes, ["zentinel.cannot_mask"]);
    assert!(half.is_refusal());
}

#[test]
fn an_inspection_is_answered_where_the_proxy_looks() {
    let host = Host::new(NO_SHELL, NoPolicy::Permit);
    let answer = host.ask(&Question::Guardrail(GuardrailInspect {
        correlation_id: "c".into(),
        inspection_type: InspectionType::PiiDetection,
        content: "write to jo.doe@corp.test".into(),
        model: None,
        categories: Vec::new(),
        route_id: None,
        metadata: Default::default(),
    }));
    assert!(answer.routing_metadata[GUARDRAIL_KEY].contains("[REDACTED:email]"));
}

#[test]
fn a_call_to_a_model_is_judged_by_its_body_and_refused_in_its_vendors_form() {
    let policies = "policies: [{ name: models, type: model_restriction, config: { allowed_models: [gpt-5-mini] } }]";
    let host = Host::new(policies, NoPolicy::Permit);
    let head = head("POST", "/v1/chat/completions", &[("content-length", "9"), ("content-type", "application/json")]);
    assert!(!host.headers(&head).is_refusal(), "the model stands in the body");
    let call = |model: &str| format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    assert!(!host.posted(&head, &call("gpt-5-mini")).is_refusal());
    let answer = host.posted(&head, &call("llama"));
    let Wire::Block { status: 403, body: Some(body), .. } = &answer.decision else { panic!("{answer:?}") };
    let body: Value = serde_json::from_str(body).unwrap();
    assert!(body["error"]["message"].as_str().unwrap().contains("model"), "{body}");
    assert_eq!(status(&host.posted(&head, "{}x")), Some(400));
}

#[test]
fn a_tool_that_a_model_asks_for_is_judged_on_its_way_back() {
    let host = Host::new(NO_SHELL, NoPolicy::Permit);
    let head = head("POST", "/v1/chat/completions", &[]);
    let reply = |tool: &str| {
        format!(
            r#"{{"model":"m","choices":[{{"index":0,"finish_reason":"tool_calls","message":{{"role":"assistant","content":null,"tool_calls":[{{"id":"1","type":"function","function":{{"name":"{tool}","arguments":"{{}}"}}}}]}}}}]}}"#
        )
    };
    assert!(!host.replied(&head, &reply("read"), true).is_refusal());
    assert!(host.replied(&head, &reply("shell"), true).is_refusal());
}
