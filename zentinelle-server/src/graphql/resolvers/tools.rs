//! What policies do: which win, what a draft would change, and where they stand in each other's way.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use zentinelle_core::ids::UserId;
use zentinelle_core::policy::{Enforcement, Inheritance};
use zentinelle_core::scope::ScopeChain;
use zentinelle_core::{Agent, Policy, PolicyType};

use super::policies::DraftArgs;
use super::shared::{agent_of, display, input};
use crate::clock;
use crate::graphql::ask::{Ask, Id, Resolvers};
use crate::http::error::ApiError;
use crate::service::policies::candidate::Candidate;
use crate::service::policies::conflicts;
use crate::service::policies::simulate::{self, Manner, Past};
use crate::store::entities::{agent, incident, policy};
use crate::store::{agents, incidents, keyset, policies as store};

pub(super) fn register(to: &mut Resolvers) {
    to.query("simulatePolicy", simulate_policy);
    to.query("policyImpact", impact);
    to.query("effectivePolicies", effective);
    to.query("effectiveLadder", ladder);
    to.query("policyHealth", health);
    to.query("policyGraph", graph);
}

/// What would change, as the service answers it.
async fn simulated(ask: &Ask, draft: Value, days: i64, most: u64) -> Result<Value, ApiError> {
    let candidate: Candidate = input(json!({ "policy": draft }))?;
    let manner = Manner { lookback_days: days, max_events: most, agent_id: None, past: Past::Evaluations };
    let found = simulate::simulate(&ask.app, ask.tenant(), candidate, manner).await?;
    serde_json::to_value(found).map_err(|error| ApiError::Internal(error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Simulate {
    policy_type: String,
    config: Value,
    enforcement: Option<String>,
    lookback_days: Option<i64>,
}

async fn simulate_policy(ask: Ask, args: Simulate) -> Result<Value, ApiError> {
    let draft = json!({
        "name": "simulated", "type": args.policy_type, "config": args.config, "enforcement": args.enforcement,
        // A draft that gives way to what is in force would change nothing and tell nothing.
        "priority": 1_000_000,
    });
    let days = args.lookback_days.unwrap_or(7);
    let found = simulated(&ask, draft, days, 5_000).await?;
    let samples: Vec<String> = found["newly_denied"]["samples"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|sample| {
            let text = |key: &str| sample.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{} {}: {}", text("agent_id"), text("action"), text("reason"))
        })
        .collect();
    Ok(json!({
        "totalEvents": found["total_events"], "wouldBlock": found["would_block"], "wouldWarn": found["would_warn"],
        "wouldPass": found["would_pass"], "impactPercent": found["impact_percent"], "blockedSamples": samples,
        "simulatedPolicyType": args.policy_type, "lookbackDays": days,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    #[serde(flatten)]
    draft: DraftArgs,
    lookback_days: Option<i64>,
    limit: Option<i64>,
}

async fn impact(ask: Ask, args: Impact) -> Result<Value, ApiError> {
    let limit = args.limit.unwrap_or(5_000);
    let most = u64::try_from(limit).ok().filter(|limit| (1..=10_000).contains(limit));
    let most = most.ok_or_else(|| ApiError::invalid("limit", "must be 1 to 10000"))?;
    let found = simulated(&ask, args.draft.input.written(), args.lookback_days.unwrap_or(7), most).await?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (denied, allowed) = (number(&found["newly_denied"]["total"]), number(&found["newly_allowed"]["total"]));
    let samples = |key: &str, before: &str, after: &str| -> Vec<Value> {
        let all = found[key]["samples"].as_array().into_iter().flatten();
        all.map(|sample| {
            json!({
                "decisionId": sample.get("evaluation_id").or_else(|| sample.get("event_id")),
                "agentId": sample["agent_id"], "action": sample["action"], "decidedAt": sample["occurred_at"],
                "before": before, "after": after, "reason": sample["reason"],
            })
        })
        .collect()
    };
    let mut all = samples("newly_denied", "permit", "deny");
    all.extend(samples("newly_allowed", "deny", "permit"));
    let agents = found["by_agent"].as_array().into_iter().flatten();
    let agents = agents.map(|one| {
        json!({
            "agentId": one["agent_id"], "newlyDenied": one["newly_denied"], "newlyAllowed": one["newly_allowed"],
        })
    });
    Ok(json!({
        "examined": found["total_events"], "truncated": found["truncated"],
        "unchanged": number(&found["total_events"]).saturating_sub(denied + allowed),
        "newlyDenied": denied, "newlyAllowed": allowed, "failed": 0, "byAgent": agents.collect::<Vec<_>>(),
        "samples": all,
    }))
}

/// For whom policies are looked up.
async fn whom(ask: &Ask, endpoint: Option<&Id>, deployment: Option<&Id>) -> Result<Agent, ApiError> {
    let facts = match endpoint {
        Some(id) => {
            let row = agent_of(ask, &id.0).await?;
            let id = zentinelle_core::ids::AgentId::new(row.agent_id);
            let facts = agents::facts(&ask.app.store, ask.tenant(), &id).await?;
            facts.map(|facts| facts.agent.as_ref().clone())
        }
        None => None,
    };
    let mut agent = facts.unwrap_or_else(|| Agent::new(ask.tenant().clone(), "-"));
    if let Some(id) = deployment.filter(|id| !id.0.is_empty()) {
        agent.deployment_id = Some(zentinelle_core::ids::DeploymentId::new(id.0.as_str()));
    }
    Ok(agent)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Effective {
    deployment_id: Option<Id>,
    endpoint_id: Option<Id>,
    user_id: Option<String>,
    first: Option<i64>,
}

async fn effective(ask: Ask, args: Effective) -> Result<Vec<Value>, ApiError> {
    let most = crate::graphql::page::size("first", args.first, 200)?;
    let agent = whom(&ask, args.endpoint_id.as_ref(), args.deployment_id.as_ref()).await?;
    let user = args.user_id.as_deref().and_then(UserId::non_empty);
    let snapshot = ask.app.snapshots.get(ask.tenant()).await?;
    let set = snapshot.engine.policies();
    let chain = ScopeChain::new(&agent, user.as_ref());
    let winners = set.effective(&agent, user.as_ref());
    let view = |policy: &&Policy| {
        let overrides: Vec<&str> = set
            .policies()
            .filter(|other| other.policy_type == policy.policy_type && other.id != policy.id)
            .filter(|other| other.enabled && chain.is_covered_by(&other.scope))
            .filter(|other| !winners.iter().any(|winner| winner.id == other.id))
            .map(|other| other.id.as_str())
            .collect();
        json!({
            "id": policy.id.as_str(), "name": policy.name, "description": policy.description,
            "policyType": policy.policy_type, "scopeType": policy.scope.level().name(),
            "scopeName": policy.scope.id(), "config": policy.config, "priority": policy.priority,
            "enforcement": policy.enforcement.name(), "enabled": policy.enabled,
            "inheritedFrom": policy.scope.level().name(), "overrides": overrides,
        })
    };
    Ok(winners.iter().take(usize::try_from(most).unwrap_or(usize::MAX)).map(view).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ladder {
    endpoint_id: Option<Id>,
    user_id: Option<String>,
}

/// Type by type, every policy whose scope covers the agent and user: who wins, and why.
async fn ladder(ask: Ask, args: Ladder) -> Result<Vec<Value>, ApiError> {
    let agent = whom(&ask, args.endpoint_id.as_ref(), None).await?;
    let user = args.user_id.as_deref().and_then(UserId::non_empty);
    let snapshot = ask.app.snapshots.get(ask.tenant()).await?;
    let set = snapshot.engine.policies();
    let chain = ScopeChain::new(&agent, user.as_ref());
    let winners = set.effective(&agent, user.as_ref());
    let rows = store::all(ask.db(), ask.tenant()).await?;
    let row = |policy: &Policy| {
        let found = rows.iter().find(|row| row.id == policy.id.as_str());
        found.map_or(Value::Null, |row| super::policies::view(row.clone()))
    };
    let mut types: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for policy in set.policies().filter(|policy| chain.is_covered_by(&policy.scope)) {
        types.entry(policy.policy_type.as_str()).or_default().push(policy);
    }
    let mut found = Vec::with_capacity(types.len());
    for (policy_type, mut rungs) in types {
        rungs.sort_by_key(|policy| (policy.scope.level(), policy.created_at));
        let wins = |policy: &Policy| winners.iter().any(|winner| winner.id == policy.id);
        let floor = |policy: &Policy| policy.inheritance == Inheritance::Floor;
        let winner = rungs
            .iter()
            .find(|policy| wins(policy) && !floor(policy))
            .or_else(|| rungs.iter().find(|policy| wins(policy)));
        let why = |policy: &Policy| match winner {
            _ if !policy.enabled || policy.enforcement == Enforcement::Disabled => "it is switched off".to_owned(),
            _ if wins(policy) && floor(policy) => {
                "it is a floor: it takes part beside whichever policy wins".to_owned()
            }
            _ if wins(policy) => "no policy nearer to the agent has at least its priority".to_owned(),
            Some(winner) if winner.scope.level() == policy.scope.level() && winner.priority == policy.priority => {
                format!("`{}` has the same scope and priority, and was made later", winner.name)
            }
            Some(winner) => format!(
                "`{}` ({}, priority {}) takes its place",
                winner.name,
                display(winner.scope.level().name()).to_lowercase(),
                winner.priority
            ),
            None => "it takes no part".to_owned(),
        };
        let steps = rungs.iter().filter(|policy| !row(policy).is_null()).map(
            |policy| json!({ "policy": row(policy), "wins": wins(policy), "floor": floor(policy), "why": why(policy) }),
        );
        let steps: Vec<Value> = steps.collect();
        found.push(json!({ "policyType": policy_type, "winner": winner.map(|policy| row(policy)), "rungs": steps }));
    }
    Ok(found)
}

async fn health(ask: Ask, _: Value) -> Result<Value, ApiError> {
    let snapshot = ask.app.snapshots.get(ask.tenant()).await?;
    let all: Vec<Policy> = snapshot.engine.policies().policies().cloned().collect();
    let ids: Vec<_> = all.iter().map(|policy| policy.id.clone()).collect();
    let rows = store::all(ask.db(), ask.tenant()).await?;
    let rows: BTreeMap<&str, &policy::Model> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let row = |id: &str| rows.get(id).map(|row| super::policies::view((*row).clone()));
    let found = conflicts::find(&all, &ids);
    let found = found.iter().map(|conflict| {
        let policies = [&conflict.policy_id, &conflict.other_id];
        json!({
            "code": crate::store::wire_name(&conflict.kind), "message": conflict.message,
            "policies": policies.iter().filter_map(|id| row(id)).collect::<Vec<_>>(),
        })
    });
    let in_force = |policy: &&Policy| policy.enabled && policy.enforcement != Enforcement::Disabled;
    let mut covered: BTreeMap<&str, i64> = BTreeMap::new();
    for policy in all.iter().filter(in_force) {
        *covered.entry(policy.policy_type.as_str()).or_default() += 1;
    }
    let missing = PolicyType::ALL.iter().map(|kind| kind.name()).filter(|name| !covered.contains_key(name));
    let broken = all.iter().filter(|policy| !zentinelle_core::engine::check_policy(policy).is_empty());
    Ok(json!({
        "conflicts": found.collect::<Vec<_>>(),
        "covered": covered.iter().map(|(kind, count)| json!({ "key": kind, "label": display(kind), "count": count })).collect::<Vec<_>>(),
        "missingTypes": missing.collect::<Vec<_>>(),
        "broken": broken.filter_map(|policy| row(policy.id.as_str())).collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    policy_type: Option<String>,
    endpoint_status: Option<String>,
    include_incidents: Option<bool>,
}

/// Which policies reach which agents, and which incidents came of it.
async fn graph(ask: Ask, args: Graph) -> Result<Value, ApiError> {
    let (db, tenant) = (ask.db(), ask.tenant());
    let window = || keyset::Window { limit: 300, descending: true, backwards: false, from: None };
    let wanted = store::Listed { policy_type: keyset::word(args.policy_type), ..store::Listed::default() };
    let order = keyset::Order::By(policy::Column::UpdatedAt);
    let (policies, _) = keyset::read(db, wanted.select(tenant), order, policy::Column::Id, window()).await?;
    let wanted = agents::Listed { status: keyset::word(args.endpoint_status), ..agents::Listed::default() };
    let order = keyset::Order::By(agent::Column::CreatedAt);
    let (endpoints, _) = keyset::read(db, wanted.select(tenant), order, agent::Column::Id, window()).await?;
    let node = |id: &str, kind: &str, label: &str, sub: &str, status: &str, meta: Value| json!({ "id": id, "nodeType": kind, "label": label, "subLabel": sub, "status": status, "color": null, "meta": meta });
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    for row in &policies {
        let status = if row.enabled { row.enforcement.as_str() } else { "disabled" };
        let meta = json!({ "priority": row.priority, "scopeType": row.scope_level });
        nodes.push(node(&row.id, "policy", &row.name, &display(&row.policy_type), status, meta));
    }
    for row in &endpoints {
        let meta = json!({ "health": row.health, "agentId": row.agent_id });
        nodes.push(node(&row.id, "endpoint", &row.name, &display(&row.agent_type), &row.status, meta));
        for policy in policies.iter().filter(|policy| reaches(policy, row)) {
            edges.push(json!({
                "source": policy.id, "target": row.id, "relationship": "applies_to", "label": display(&policy.scope_level),
            }));
        }
    }
    if args.include_incidents.unwrap_or_default() {
        let select = incidents::Listed::default().select(tenant);
        let order = keyset::Order::By(incident::Column::CreatedAt);
        let (found, _) = keyset::read(db, select, order, incident::Column::Id, window()).await?;
        for row in found {
            let at = json!({ "occurredAt": clock::iso(row.occurred_at) });
            nodes.push(node(&row.id, "incident", &row.title, &display(&row.severity), &row.status, at));
            let endpoint = endpoints.iter().find(|agent| Some(&agent.agent_id) == row.agent_id.as_ref());
            let policy = policies.iter().find(|policy| Some(&policy.id) == row.policy_id.as_ref());
            for source in endpoint.map(|agent| &agent.id).into_iter().chain(policy.map(|policy| &policy.id)) {
                edges.push(json!({ "source": source, "target": row.id, "relationship": "led_to", "label": "Led to" }));
            }
        }
    }
    Ok(json!({ "nodeCount": nodes.len(), "edgeCount": edges.len(), "nodes": nodes, "edges": edges }))
}

/// Whether an agent stands in a policy's scope. Users are nobody's own, so their policies reach none.
fn reaches(policy: &policy::Model, agent: &agent::Model) -> bool {
    let id = policy.scope_id.as_deref();
    match policy.scope_level.as_str() {
        "organization" => true,
        "sub_organization" => agent.sub_organization_id.as_deref() == id,
        "deployment" => agent.deployment_id.as_deref() == id,
        "group" => agent.group_id.as_deref() == id,
        "endpoint" => Some(agent.agent_id.as_str()) == id,
        _ => false,
    }
}
