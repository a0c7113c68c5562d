//! A small, plain model of resolution and combination, compared with the engine on
//! generated policy sets: 100,000 cases in release, fewer in a debug build.
//!
//! The model is written for reading: lists, loops and no index. Where the two disagree, one
//! of them is wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test reads files, prints what it ran, and may panic"
)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::generate::{TENANT, policies, request};
use zentinelle_core::policy::Inheritance;
use zentinelle_core::scope::ScopeLevel;
use zentinelle_core::wire::DecisionDocument;
use zentinelle_core::{Effect, Enforcement, Engine, MemoryLedger, Policy, PolicySet, Request, Scope};

const CASES: u32 = if cfg!(debug_assertions) { 4_000 } else { 100_000 };

/// What the model and the engine must agree on.
#[derive(Debug, PartialEq)]
struct Answer {
    effect: Effect,
    /// Per policy: whether it was kept.
    results: BTreeMap<String, bool>,
    /// Audit failures and would-be denials, not the policies' own warnings.
    flagged: usize,
}

/// Requests counted so far, per policy type and per agent and user.
type Counts = BTreeMap<(String, String), u64>;

fn covers(scope: &Scope, request: &Request) -> bool {
    let agent = &request.agent;
    let user = request.user_id.as_ref().filter(|user| !user.as_str().is_empty());
    match scope {
        Scope::Organization => true,
        Scope::SubOrganization(id) => agent.sub_organization_id.as_ref() == Some(id),
        Scope::Deployment(id) => agent.deployment_id.as_ref() == Some(id),
        Scope::Group(id) => agent.group_id.as_ref() == Some(id),
        Scope::Endpoint(id) => agent.agent_id == *id,
        Scope::User(id) => user == Some(id),
    }
}

/// One survivor per type, walking from broad to narrow and by ascending priority; then floors.
fn effective<'p>(all: &'p [Policy], request: &Request) -> Vec<&'p Policy> {
    let mut survivors: Vec<&Policy> = Vec::new();
    let mut floors = Vec::new();
    for level in ScopeLevel::ALL {
        let mut layer: Vec<&Policy> =
            all.iter().filter(|p| p.enabled && p.scope.level() == level && covers(&p.scope, request)).collect();
        layer.sort_by_key(|policy| policy.priority);
        for policy in layer {
            if policy.inheritance == Inheritance::Floor {
                floors.push(policy);
                continue;
            }
            match survivors.iter_mut().find(|survivor| survivor.policy_type == policy.policy_type) {
                None => survivors.push(policy),
                Some(survivor) if policy.priority >= survivor.priority => *survivor = policy,
                Some(_) => {}
            }
        }
    }
    survivors.extend(floors);
    survivors
}

/// Whether a policy is kept, as far as the request alone says.
fn keeps(policy: &Policy, request: &Request) -> bool {
    let listed = |key: &str, name: &str| {
        policy.config[key].as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some(name)))
    };
    let text = |key: &str| request.context.get(key).and_then(|value| value.as_str()).unwrap_or("");
    match policy.policy_type.as_str() {
        "tool_permission" if policy.config["denied_tools"].is_string() => false,
        "tool_permission" => {
            let tool = text("tool_name").trim().to_lowercase();
            request.action.name() != "tool_call" || !listed("denied_tools", &tool)
        }
        "context_limit" => {
            let limit = policy.config["max_input_tokens"].as_u64().unwrap();
            request.context.get("input_tokens").is_none_or(|tokens| tokens.as_u64().unwrap() <= limit)
        }
        "model_restriction" => !listed("blocked_models", text("model")),
        "rate_limit" => true,
        _ => false,
    }
}

fn decide(all: &[Policy], request: &Request, counts: &mut Counts) -> Answer {
    let effective = effective(all, request);
    let asked: Vec<&Policy> = effective.into_iter().filter(|p| p.enforcement != Enforcement::Disabled).collect();
    let who = |_: &Policy| {
        let user = request.user_id.as_ref().map_or("", |user| user.as_str());
        ("rate_limit".to_owned(), format!("{}/{user}", request.agent.agent_id))
    };
    let rates: Vec<&Policy> = asked.iter().copied().filter(|policy| policy.policy_type == "rate_limit").collect();
    let mut results = BTreeMap::new();
    let (mut denied, mut flagged) = (false, 0);
    for policy in &asked {
        let mut kept = keeps(policy, request);
        if policy.policy_type == "rate_limit" {
            let limit = policy.config["requests_per_minute"].as_u64().unwrap();
            kept = counts.get(&who(policy)).copied().unwrap_or(0) < limit;
        }
        results.insert(policy.id.to_string(), kept);
        match (kept, policy.enforcement) {
            (false, Enforcement::Enforce) => {
                denied = true;
                flagged += usize::from(request.dry_run);
            }
            (false, _) => flagged += 1,
            (true, _) => {}
        }
    }
    if !denied && !request.dry_run && !rates.is_empty() {
        *counts.entry(who(rates[0])).or_default() += 1;
    }
    let effect = match (denied, asked.is_empty()) {
        (true, _) => Effect::Deny,
        (false, true) => Effect::NoPolicy,
        (false, false) => Effect::Permit,
    };
    Answer { effect, results, flagged }
}

fn answer(document: &DecisionDocument) -> Answer {
    let kind = |kind: &str| document.warnings.iter().filter(|warning| warning.starts_with(kind)).count();
    Answer {
        effect: document.effect,
        results: document.policies_evaluated.iter().map(|result| (result.id.to_string(), result.passed)).collect(),
        flagged: kind("[Audit]") + kind("[Dry-run]"),
    }
}

#[test]
fn engine_and_model_agree() {
    // A fixed seed: the same cases on every machine. Another seed by `ZENTINELLE_SEED`.
    let seed: u8 = std::env::var("ZENTINELLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let worlds = (policies(), prop::collection::vec(request(), 1..5));
    let mut decisions = 0;
    for case in 0..CASES {
        let (policies, requests) = worlds.new_tree(&mut runner).unwrap().current();
        let engine = Engine::new(PolicySet::compile(TENANT.into(), "model", policies.clone()));
        let (ledger, mut counts) = (MemoryLedger::default(), Counts::new());
        for request in &requests {
            let found = answer(&DecisionDocument::new(&engine.decide(request, &ledger), request));
            let expected = decide(&policies, request, &mut counts);
            assert_eq!(found, expected, "case {case}, request {request:#?}, policies {policies:#?}");
            decisions += 1;
        }
    }
    println!("reference model: {CASES} policy sets, {decisions} decisions, no difference");
}
