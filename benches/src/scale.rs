//! Tenants with many policies, of which always the same ten apply to one agent.

use serde_json::json;
use zentinelle_core::{Policy, Scope};

use crate::catalogue::{PLAIN, TENANT, policies};

/// `count` policies: the catalogue's plain ten for the whole organisation, and others for
/// other agents, in equal parts of ten types.
#[must_use]
pub fn stored(count: usize) -> Vec<Policy> {
    let applying = policies(PLAIN);
    let others = (applying.len()..count).map(|number| {
        let model = &applying[number % applying.len()];
        let mut policy = model.clone();
        policy.id = format!("p-{number}").into();
        policy.name = format!("{} {number}", model.name);
        policy.scope = Scope::Endpoint(format!("other-{}", number / applying.len()).into());
        policy
    });
    applying.iter().cloned().chain(others).collect()
}

/// `count` small policies, one for each of `count` agents.
#[must_use]
pub fn one_each(count: usize) -> Vec<Policy> {
    let policy = |number: usize| {
        let config = json!({ "allowed_tools": ["crm_search", "ticket_read", "http_get"] });
        let mut policy = Policy::new(format!("p-{number}"), TENANT, "tool_permission", config);
        policy.scope = Scope::Endpoint(format!("agent-{number}").into());
        policy
    };
    (0..count).map(policy).collect()
}

/// A document of `count` policies, as text.
#[must_use]
pub fn document(count: usize) -> String {
    let entry = |number: usize| {
        format!(
            "  - name: tools of agent {number}\n    type: tool_permission\n    scope: {{ type: endpoint, id: \
             agent-{number} }}\n    config:\n      allowed_tools: [crm_search, ticket_read, http_get]\n      \
             denied_tools: [shell_execute]\n"
        )
    };
    std::iter::once("policies:\n".to_owned()).chain((0..count).map(entry)).collect()
}
