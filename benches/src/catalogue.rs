//! One policy of every type, and requests that make each of them look.

use std::collections::BTreeSet;

use serde_json::json;
use zentinelle_core::wire::{Defaults, RequestDocument};
use zentinelle_core::{Engine, Policy, PolicySet, Request, policy_document};

/// The 24 policies, as text.
pub const DOCUMENT: &str = include_str!("../policies.yaml");

/// Of those, how many from the front read no text or URL and meter nothing.
pub const PLAIN: usize = 10;

/// The tenant everything here belongs to.
pub const TENANT: &str = "acme";

/// The first `count` policies of the document.
#[must_use]
pub fn policies(count: usize) -> Vec<Policy> {
    let (document, problems) = policy_document::read(DOCUMENT);
    assert!(problems.is_empty(), "policies.yaml has faults: {problems:#?}");
    let all = document.for_tenant(&TENANT.into());
    let types: BTreeSet<_> = all.iter().map(|policy| policy.policy_type.clone()).collect();
    assert_eq!(types.len(), 24, "policies.yaml names every type once");
    all.into_iter().take(count).collect()
}

/// An engine with the first `count` policies.
#[must_use]
pub fn engine(count: usize) -> Engine {
    engine_of(policies(count))
}

/// An engine with these policies.
#[must_use]
pub fn engine_of(policies: Vec<Policy>) -> Engine {
    let (set, findings) = PolicySet::compile_with_findings(TENANT.into(), "bench", policies);
    assert!(findings.is_empty(), "a policy does not compile: {findings:?}");
    Engine::new(set)
}

/// A tool call that all 24 policies permit.
#[must_use]
pub fn permitted() -> Request {
    request("http_get")
}

/// The same call of a tool that the first policy denies.
#[must_use]
pub fn denied() -> Request {
    request("shell_execute")
}

/// A call of `tool` with the facts a host usually knows: 30 keys and 900 bytes of text.
#[must_use]
pub fn request(tool: &str) -> Request {
    let document = json!({
        "agent": {
            "tenant_id": TENANT, "agent_id": "support-1", "agent_type": "langgraph",
            "sub_organization_id": "support", "deployment_id": "eu-1", "group_id": "front-line",
        },
        "user_id": "user-7",
        "action": "tool_call",
        "now": "2026-03-04T10:15:00Z",
        "context": {
            "tool_name": tool,
            "tool_args": { "url": "https://api.example.com/v1/orders/7781", "path": "/srv/support/faq.md" },
            "url": "https://api.example.com/v1/orders/7781",
            "model": "claude-sonnet-5", "provider": "anthropic",
            "input_tokens": 2100, "output_tokens": 350,
            "estimated_cost_usd": 0.012, "current_month_spend_usd": 120.5,
            "datasource": "tickets-eu", "data_type": "internal", "data_encrypted": true,
            "data_age_days": 12, "data_region": "eu-central-1",
            "session_id": "s-20260304-17", "purpose": "answer a ticket",
            "session_started_at": "2026-03-04T09:40:00Z", "session_last_active_at": "2026-03-04T10:14:20Z",
            "session_message_count": 14,
            "tool_call_count": 1, "tokens_used": 2450,
            "memory_operation": "read", "memory_type": "semantic", "memory_key": "customer/7781",
            "topic": "orders",
            "system_prompt": "You are the support desk of a shop. Answer briefly, cite the order, stay friendly.",
            "input_text": "Hello, my order 7781 was due on Tuesday and has not come yet. The tracking page has \
                shown the same place for three days. Could you find out where the parcel is, and tell me whether \
                I should wait or ask for a second one? I ordered two lamps and a table, all in the same box.",
            "output_text": "Thank you for writing. I have looked at order 7781: the parcel left our warehouse on \
                Monday and is waiting at the carrier's depot. It should reach you tomorrow before noon. If it does \
                not, answer this message and we will send a new one the same day, at no cost to you.",
        },
    });
    let document: RequestDocument = serde_json::from_value(document).expect("the request is well formed");
    let now = document.now.expect("the request says when it is judged");
    let defaults = Defaults { tenant_id: TENANT.into(), agent_id: "support-1".into(), now };
    document.into_request(&defaults).expect("the request names an agent and an action")
}
