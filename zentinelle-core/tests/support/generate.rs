//! Small worlds of policies and requests, for properties and for the reference model.
//!
//! Few names and few numbers, so that policies meet, displace each other and tie.

use proptest::prelude::*;
use serde_json::{Value, json};
use zentinelle_core::policy::Inheritance;
use zentinelle_core::{Agent, Enforcement, Policy, Request, Scope};

pub const TENANT: &str = "acme";
pub const NOW: &str = "2026-03-11T12:00:00Z";

/// Types and configs whose meaning the reference model knows.
pub fn bodies() -> impl Strategy<Value = (&'static str, Value)> {
    let tools = prop::sample::subsequence(vec!["shell", "mail", "search"], 0..=3);
    prop_oneof![
        4 => tools.prop_map(|denied| ("tool_permission", json!({ "denied_tools": denied }))),
        3 => (0u64..4).prop_map(|limit| ("context_limit", json!({ "max_input_tokens": limit * 100 }))),
        2 => prop::sample::subsequence(vec!["gpt", "claude"], 0..=2)
            .prop_map(|blocked| ("model_restriction", json!({ "blocked_models": blocked }))),
        2 => (0u64..3).prop_map(|limit| ("rate_limit", json!({ "requests_per_minute": limit }))),
        1 => Just(("tool_permission", json!({ "denied_tools": "not a list" }))),
        1 => Just(("quantum_policy", json!({}))),
    ]
}

pub fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![
        3 => Just(Scope::Organization),
        1 => prop::sample::select(vec!["red", "blue"]).prop_map(|id| Scope::SubOrganization(id.into())),
        1 => prop::sample::select(vec!["dep-1", "dep-2"]).prop_map(|id| Scope::Deployment(id.into())),
        1 => prop::sample::select(vec!["bots", "humans"]).prop_map(|id| Scope::Group(id.into())),
        1 => prop::sample::select(vec!["agent-1", "agent-2"]).prop_map(|id| Scope::Endpoint(id.into())),
        1 => prop::sample::select(vec!["alice", "bob"]).prop_map(|id| Scope::User(id.into())),
    ]
}

fn enforcements() -> impl Strategy<Value = Enforcement> {
    prop_oneof![4 => Just(Enforcement::Enforce), 1 => Just(Enforcement::Audit), 1 => Just(Enforcement::Disabled)]
}

pub fn policy() -> impl Strategy<Value = Policy> {
    let floor = prop_oneof![5 => Just(Inheritance::Replace), 1 => Just(Inheritance::Floor)];
    (bodies(), scopes(), -1i64..3, enforcements(), floor, prop::bool::weighted(0.9)).prop_map(
        |((policy_type, config), scope, priority, enforcement, inheritance, enabled)| {
            let mut policy = Policy::new("", TENANT, policy_type, config);
            policy.scope = scope;
            policy.priority = priority;
            policy.enforcement = enforcement;
            policy.inheritance = inheritance;
            policy.enabled = enabled;
            policy
        },
    )
}

/// Policies in order of creation, each with an id of its own.
pub fn policies() -> impl Strategy<Value = Vec<Policy>> {
    prop::collection::vec(policy(), 0..12).prop_map(number)
}

pub fn number(mut policies: Vec<Policy>) -> Vec<Policy> {
    for (index, policy) in policies.iter_mut().enumerate() {
        policy.id = format!("policy-{index}").into();
    }
    policies
}

pub fn agent() -> impl Strategy<Value = Agent> {
    let maybe = |ids: Vec<&'static str>| prop::option::of(prop::sample::select(ids));
    (
        prop::sample::select(vec!["agent-1", "agent-2"]),
        maybe(vec!["red", "blue"]),
        maybe(vec!["dep-1", "dep-2"]),
        maybe(vec!["bots", "humans"]),
    )
        .prop_map(|(id, team, deployment, group)| {
            let mut agent = Agent::new(TENANT, id);
            agent.sub_organization_id = team.map(Into::into);
            agent.deployment_id = deployment.map(Into::into);
            agent.group_id = group.map(Into::into);
            agent
        })
}

pub fn request() -> impl Strategy<Value = Request> {
    let contexts = (
        prop::option::of(prop::sample::select(vec!["shell", "mail", "search", "SHELL "])),
        prop::option::of(0u64..5),
        prop::option::of(prop::sample::select(vec!["gpt", "claude", "llama"])),
    );
    let actions = prop::sample::select(vec!["tool_call", "llm:invoke", "other"]);
    let users = prop::option::of(prop::sample::select(vec!["alice", "bob", ""]));
    (agent(), actions, users, contexts, prop::bool::weighted(0.15)).prop_map(
        |(agent, action, user, (tool, tokens, model), dry_run)| {
            let mut request = Request::new(agent, action, NOW.parse().unwrap());
            let mut context = serde_json::Map::new();
            context.extend(tool.map(|tool| ("tool_name".to_owned(), json!(tool))));
            context.extend(tokens.map(|tokens| ("input_tokens".to_owned(), json!(tokens * 80))));
            // Leaving the model out of a model call is a case of its own in the vectors.
            context.insert("model".to_owned(), json!(model.unwrap_or("llama")));
            request.context = context.into();
            request.user_id = user.map(Into::into);
            request.dry_run = dry_run;
            request
        },
    )
}
