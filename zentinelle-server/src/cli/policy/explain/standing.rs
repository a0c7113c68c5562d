//! Which policies take part and which lose their place, found out by asking the engine.

use jiff::Timestamp;
use serde::Serialize;
use zentinelle_core::engine::Displacement;
use zentinelle_core::ids::UserId;
use zentinelle_core::policy_document::diff::whom;
use zentinelle_core::scope::ScopeChain;
use zentinelle_core::{Agent, Decision, Enforcement, Engine, MemoryLedger, Policy, PolicySet, Request, Scope};

/// Beyond so many policies of one type not every pair is compared.
const MAX_COMPARED: usize = 40;

/// What became of a policy that covers somebody.
#[derive(Serialize)]
pub(super) struct Standing {
    #[serde(rename = "type")]
    pub(super) policy_type: String,
    pub(super) id: String,
    pub(super) name: String,
    /// Whether requests are judged by it.
    pub(super) applies: bool,
    /// Why, in words.
    pub(super) because: String,
}

/// One policy takes another's place where both apply.
#[derive(Serialize)]
pub(super) struct Contest {
    pub(super) winner: String,
    pub(super) displaced: String,
    /// For whom, in words.
    pub(super) whom: String,
    /// Why, in words.
    pub(super) because: String,
}

/// What becomes of the policies for an agent acting for a user.
pub(super) fn standings(policies: &[Policy], agent: Agent, user: Option<&str>) -> Vec<Standing> {
    let user = user.and_then(UserId::non_empty);
    let chain = ScopeChain::new(&agent, user.as_ref());
    let covering: Vec<&Policy> = policies.iter().filter(|policy| chain.is_covered_by(&policy.scope)).collect();
    let decision = probe(policies.to_vec(), agent.clone(), user.clone());
    let trace = decision.trace();
    let standing = |policy: &&Policy| {
        let judged =
            decision.results().filter_map(|result| decision.policy_of(result)).any(|other| other.id == policy.id);
        let lost = trace.iter().find(|step| step.displaced.id == policy.id);
        let because = match lost {
            _ if !policy.enabled => "it is switched off".to_owned(),
            Some(step) if !judged => format!("`{}` takes its place: {}", step.winner.name, step.because),
            _ if judged => format!("it is about {}", whom(&policy.scope)),
            _ if policy.enforcement == Enforcement::Disabled => {
                "it is disabled, and exempts from broader ones".to_owned()
            }
            _ => "another policy takes its place".to_owned(),
        };
        Standing {
            policy_type: policy.policy_type.clone(),
            id: policy.id.to_string(),
            name: policy.name.clone(),
            applies: judged,
            because,
        }
    };
    covering.iter().map(standing).collect()
}

/// Which policies of one type take each other's place, pair by pair.
pub(super) fn contests(policies: &[&Policy]) -> Vec<Contest> {
    let mut found = Vec::new();
    for (place, first) in policies.iter().enumerate().take(MAX_COMPARED) {
        for second in policies.iter().take(MAX_COMPARED).skip(place + 1) {
            // Two agents, two teams and so on never meet in one request.
            if first.scope.level() == second.scope.level() && first.scope != second.scope {
                continue;
            }
            let mut agent = Agent::new(first.tenant_id.clone(), "");
            let user = stand_in(&mut agent, &[&first.scope, &second.scope]);
            let decision = probe(vec![(*first).clone(), (*second).clone()], agent, user);
            found.extend(decision.trace().into_iter().map(|step| Contest {
                winner: step.winner.name.clone(),
                displaced: step.displaced.name.clone(),
                whom: meeting(&step.winner.scope, &step.displaced.scope),
                because: reason(step.because),
            }));
        }
    }
    found
}

fn reason(because: Displacement) -> String {
    because.to_string()
}

/// Who is covered by both scopes, in words.
fn meeting(one: &Scope, other: &Scope) -> String {
    match (one, other) {
        (Scope::Organization, narrower) | (narrower, Scope::Organization) => whom(narrower),
        (one, other) if one == other => whom(one),
        (one, other) => format!("whoever is both {} and {}", whom(one), whom(other)),
    }
}

/// Places an agent in the scopes; answers the user it must act for.
fn stand_in(agent: &mut Agent, scopes: &[&Scope]) -> Option<UserId> {
    let mut user = None;
    for scope in scopes {
        match scope {
            Scope::Organization => {}
            Scope::SubOrganization(id) => agent.sub_organization_id = Some(id.clone()),
            Scope::Deployment(id) => agent.deployment_id = Some(id.clone()),
            Scope::Group(id) => agent.group_id = Some(id.clone()),
            Scope::Endpoint(id) => agent.agent_id = id.clone(),
            Scope::User(id) => user = Some(id.clone()),
        }
    }
    user
}

/// Asks the engine about a request that spends nothing, to see which policies take part.
fn probe(policies: Vec<Policy>, agent: Agent, user: Option<UserId>) -> Decision {
    let set = PolicySet::compile(agent.tenant_id.clone(), "explained", policies);
    let mut request = Request::new(agent, "explain", Timestamp::UNIX_EPOCH);
    request.user_id = user;
    request.dry_run = true;
    Engine::new(set).decide(&request, &MemoryLedger::default())
}
