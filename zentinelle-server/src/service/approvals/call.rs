//! The exact call that an approval is for.
//!
//! A request is bound to tenant, agent, user, action and every fact of the context, so nobody
//! approves one call and lets another through. Left out are only facts that differ from one
//! attempt to the next without making it another call: ids of requests and sessions, times,
//! running totals, and the approval itself.

use serde_json::{Map, Value, json};
use zentinelle_core::Agent;
use zentinelle_core::approval::{Digest, InexactNumber, digest_arguments};

/// Facts that make no other call of it.
const PASSING: [&str; 25] = [
    "approval_token",
    "delegation_token",
    "request_id",
    "session_id",
    "conversation_id",
    "correlation_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "traceparent",
    "tracestate",
    "evaluation_id",
    "tool_call_id",
    "tool_use_id",
    "idempotency_key",
    "turn_id",
    "message_id",
    "timestamp",
    "time",
    "now",
    "occurred_at",
    "source",
    "client_version",
    "attempt",
    "transcript_path",
];
/// How the names of running totals begin.
const TOTALS_BEGIN: [&str; 4] = ["current_", "session_", "total_", "monthly_"];
/// How the names of running totals end.
const TOTALS_END: [&str; 4] = ["_count", "_used", "_spent", "_so_far"];

/// The digest of a call. None can be made of one that holds a number whose digits are lost.
pub(crate) fn digest(
    agent: &Agent,
    user: Option<&str>,
    action: &str,
    context: &Map<String, Value>,
) -> Result<Digest, InexactNumber> {
    let facts: Map<String, Value> = context
        .iter()
        .filter(|(key, value)| !value.is_null() && !is_passing(key, value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    digest_arguments(&json!({
        "tenant": agent.tenant_id, "agent": agent.agent_id, "user": user.filter(|user| !user.is_empty()),
        "action": action, "context": facts,
    }))
}

fn is_passing(key: &str, value: &Value) -> bool {
    let total = value.is_number()
        && (TOTALS_BEGIN.iter().any(|begin| key.starts_with(begin)) || TOTALS_END.iter().any(|end| key.ends_with(end)));
    total || PASSING.contains(&key)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use zentinelle_core::Agent;
    use zentinelle_core::ids::{AgentId, TenantId};

    #[test]
    fn only_what_is_another_call_has_another_digest() {
        let agent = Agent::new(TenantId::new("t"), AgentId::new("a"));
        let digest = |user: &str, action: &str, context: Value| {
            super::digest(&agent, Some(user), action, context.as_object().expect("an object")).ok()
        };
        let call = || json!({"tool": "pay", "tool_input": {"to": "bob", "cents": 100}, "estimated_cost_usd": 5});
        let first = digest("alice", "tool_call", call());
        assert!(first.is_some());
        let mut again = call();
        again["approval_token"] = json!("zt1.x.y.z");
        again["session_id"] = json!("s2");
        again["session_tokens"] = json!(17);
        again["user"] = Value::Null;
        assert_eq!(digest("alice", "tool_call", again), first);
        for (key, value) in
            [("tool", json!("refund")), ("estimated_cost_usd", json!(500)), ("current_account", json!("x"))]
        {
            let mut other = call();
            other[key] = value;
            assert_ne!(digest("alice", "tool_call", other), first, "{key}");
        }
        assert_ne!(digest("eve", "tool_call", call()), first);
        assert_ne!(digest("alice", "tool:pay", call()), first);
        assert_eq!(digest("alice", "tool_call", json!({"n": 1e300})), None);
    }
}
