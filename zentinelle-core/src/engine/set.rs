//! A tenant's policies, compiled once and indexed by scope.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::error::{PolicyError, codes};
use crate::evaluators::{Compiled, CompiledPolicy, PolicyType};
use crate::ids::{TenantId, UserId};
use crate::policy::{Enforcement, Inheritance, Policy};
use crate::scope::{Scope, ScopeChain, ScopeLevel};
use crate::sorting;

/// A tenant's policies, compiled once, indexed by scope, and shared between threads.
///
/// Compiling never fails as a whole: a policy that cannot be compiled, or whose type is
/// unknown, stays in the set and counts as violated by every request it applies to, so
/// that a mistake closes a door rather than opening one. Cloning is cheap.
#[derive(Clone)]
pub struct PolicySet(Arc<Inner>);

struct Inner {
    tenant: TenantId,
    version: Arc<str>,
    policies: Vec<Entry>,
    organization: Layer,
    narrower: [HashMap<Box<str>, Layer, foldhash::fast::FixedState>; 5],
    /// Types the engine does not know, numbered after those it does.
    unknown_types: usize,
}

/// One policy with its compiled form.
pub(crate) struct Entry {
    pub(crate) policy: Policy,
    pub(crate) ready: Ready,
    /// Where the policy's type stands in the table; unknown types follow after it.
    pub(crate) slot: usize,
    /// Whether a violation should open an incident (`auto_incident` in the config).
    pub(crate) auto_incident: bool,
}

/// Whether a policy can be evaluated.
#[derive(Clone, Debug)]
pub(crate) enum Ready {
    Compiled(CompiledPolicy),
    Broken(Vec<PolicyError>),
}

/// The policies of one scope, already merged among themselves.
#[derive(Default)]
struct Layer {
    /// The survivor of each type, in the order in which the types first appear.
    survivors: Vec<Survivor>,
    /// Floors take part whatever else survives.
    floors: Vec<u32>,
    /// Every budget that is not disabled, survivor or not: each of them must hold.
    budgets: Vec<u32>,
    /// Policies that lost to another of their type in this very scope: (slot, index).
    displaced: Vec<(u32, u32)>,
}

#[derive(Clone, Copy)]
struct Survivor {
    slot: u32,
    index: u32,
    priority: i64,
}

/// The policies that take part in one decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolution {
    /// Survivors, in the order in which their types first appear, then floors.
    pub(crate) effective: SmallVec<[u32; 24]>,
    /// Budgets whose scope covers the request.
    pub(crate) budgets: SmallVec<[u32; 4]>,
    /// Which survivor of a narrower or equal layer took whose place: (winner, displaced).
    pub(crate) displaced: SmallVec<[(u32, u32); 4]>,
}

/// Keys that every type accepts beside its own; they speak to the host.
const COMMON_KEYS: [&str; 2] = ["auto_incident", "_source"];

/// What a policy's author should hear about one policy of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the policy stands in the list the set was made from.
    pub position: usize,
    /// What is wrong; its pointer is relative to the policy.
    pub error: PolicyError,
    /// Whether the policy is unusable for it and denies whatever it applies to.
    pub fatal: bool,
}

impl PolicySet {
    /// Compiles a tenant's policies, given in the order in which they were created.
    ///
    /// Policies of other tenants are left out. `version` names this snapshot in decisions.
    #[must_use]
    pub fn compile(tenant: TenantId, version: impl Into<Arc<str>>, policies: Vec<Policy>) -> Self {
        Self::compile_with_findings(tenant, version, policies).0
    }

    /// As [`PolicySet::compile`], and says what is wrong with each policy.
    #[must_use]
    pub fn compile_with_findings(
        tenant: TenantId,
        version: impl Into<Arc<str>>,
        policies: Vec<Policy>,
    ) -> (Self, Vec<Finding>) {
        Self::assemble(tenant, version.into(), policies.into_iter().map(|policy| (policy, None)))
    }

    /// As [`PolicySet::compile_with_findings`], for policies some of which were prepared before.
    pub(crate) fn assemble(
        tenant: TenantId,
        version: Arc<str>,
        policies: impl Iterator<Item = (Policy, Option<Ready>)>,
    ) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut unknown: Vec<String> = Vec::new();
        let mut entries = Vec::with_capacity(policies.size_hint().0);
        for (position, (policy, ready)) in policies.enumerate() {
            if policy.tenant_id != tenant {
                continue;
            }
            let (ready, unknown_keys) = match ready {
                Some(ready) => (ready, Vec::new()),
                None => prepare(&policy),
            };
            let fatal = |error: &PolicyError| Finding { position, error: error.clone(), fatal: true };
            if let Ready::Broken(errors) = &ready {
                findings.extend(errors.iter().map(fatal));
            }
            findings.extend(unknown_keys.into_iter().map(|error| Finding { position, error, fatal: false }));
            let slot = slot_of(&policy.policy_type, &mut unknown);
            let auto_incident = policy.config.get("auto_incident").is_some_and(crate::request::truthy);
            entries.push(Entry { policy, ready, slot, auto_incident });
        }
        let mut organization = Layer::default();
        let mut narrower: [HashMap<Box<str>, Layer, _>; 5] = Default::default();
        for index in by_priority(&entries) {
            let Some(entry) = entries.get(index as usize) else { continue };
            let layer = match (place(entry.policy.scope.level()), entry.policy.scope.id()) {
                (Some(place), Some(id)) => match narrower.get_mut(place) {
                    Some(layers) => layers.entry(id.into()).or_default(),
                    None => continue,
                },
                _ => &mut organization,
            };
            layer.add(index, entry);
        }
        let set = Inner { tenant, version, policies: entries, organization, narrower, unknown_types: unknown.len() };
        (Self(Arc::new(set)), findings)
    }

    /// The tenant whose policies these are.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0.tenant
    }

    /// The name of this snapshot.
    #[must_use]
    pub fn version(&self) -> &Arc<str> {
        &self.0.version
    }

    /// The policies, in the order in which they were created.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = &Policy> {
        self.0.policies.iter().map(|entry| &entry.policy)
    }

    pub(crate) fn entry(&self, index: u32) -> Option<&Entry> {
        self.0.policies.get(index as usize)
    }

    /// The policy at a place that a decision refers to.
    #[must_use]
    pub fn policy(&self, index: u32) -> Option<&Policy> {
        self.entry(index).map(|entry| &entry.policy)
    }

    /// The policies that take part for a request standing at `chain`.
    ///
    /// One policy survives per type: walking from broad to narrow, a policy takes the
    /// survivor's place when its priority is equal or higher; within one scope the one
    /// created last wins a tie. Floors take part besides.
    pub(crate) fn resolve(&self, chain: &ScopeChain<'_>) -> Resolution {
        let mut found = Resolution::default();
        // Where each type's survivor stands in `effective`, plus one; zero means none yet.
        let mut standing: SmallVec<[u8; 32]> = SmallVec::from_elem(0, PolicyType::ALL.len() + self.0.unknown_types);
        let mut priorities: SmallVec<[i64; 24]> = SmallVec::new();
        let mut floors: SmallVec<[u32; 4]> = SmallVec::new();
        for layer in self.layers(chain) {
            for survivor in &layer.survivors {
                let Some(place) = standing.get_mut(survivor.slot as usize) else { continue };
                match usize::from(*place).checked_sub(1) {
                    None => {
                        found.effective.push(survivor.index);
                        priorities.push(survivor.priority);
                        *place = u8::try_from(found.effective.len()).unwrap_or(u8::MAX);
                    }
                    Some(at) => {
                        let (Some(index), Some(priority)) = (found.effective.get_mut(at), priorities.get_mut(at))
                        else {
                            continue;
                        };
                        if survivor.priority >= *priority {
                            found.displaced.push((survivor.index, *index));
                            (*index, *priority) = (survivor.index, survivor.priority);
                        } else {
                            found.displaced.push((*index, survivor.index));
                        }
                    }
                }
            }
            floors.extend_from_slice(&layer.floors);
            found.budgets.extend_from_slice(&layer.budgets);
        }
        found.effective.extend(floors);
        found
    }

    /// The policies that take part when an agent acts for a user: the survivors of their types in
    /// the order in which those first appear, then floors, then budgets that must hold beside
    /// another. Policies whose enforcement is disabled are among them; they exempt.
    #[must_use]
    pub fn effective(&self, agent: &Agent, user: Option<&UserId>) -> Vec<&Policy> {
        let found = self.resolve(&ScopeChain::new(agent, user));
        let besides = found.budgets.iter().filter(|budget| !found.effective.contains(budget));
        found.effective.iter().chain(besides).filter_map(|index| self.policy(*index)).collect()
    }

    fn layers<'s>(&'s self, chain: &ScopeChain<'_>) -> impl Iterator<Item = &'s Layer> {
        let narrower = ScopeLevel::ALL.into_iter().filter_map(move |level| {
            let layers = self.0.narrower.get(place(level)?)?;
            if layers.is_empty() {
                return None;
            }
            layers.get(chain.id(level)?)
        });
        std::iter::once(&self.0.organization).chain(narrower)
    }

    /// Policies of the same scope and type that lost to `winner` when the set was compiled,
    /// for the scope trace.
    pub(crate) fn displaced_within_scope<'s>(&'s self, winner: &'s Entry) -> impl Iterator<Item = &'s Policy> {
        let scope = &winner.policy.scope;
        let layer = match (place(scope.level()), scope.id()) {
            (Some(place), Some(id)) => self.0.narrower.get(place).and_then(|layers| layers.get(id)),
            _ => Some(&self.0.organization),
        };
        let losers = layer.map_or(&[][..], |layer| &layer.displaced);
        losers.iter().filter(|(slot, _)| *slot as usize == winner.slot).filter_map(|(_, index)| self.policy(*index))
    }
}

impl fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicySet({}, version {}, {} policies)", self.0.tenant, self.0.version, self.0.policies.len())
    }
}

impl Layer {
    /// Adds the next policy in ascending order of priority, so that a later one of the same type wins.
    fn add(&mut self, index: u32, entry: &Entry) {
        let policy = &entry.policy;
        if entry.slot == PolicyType::BudgetLimit as usize && policy.enforcement != Enforcement::Disabled {
            self.budgets.push(index);
        }
        if policy.inheritance == Inheritance::Floor {
            self.floors.push(index);
            return;
        }
        let slot = entry.slot as u32;
        let next = Survivor { slot, index, priority: policy.priority };
        match self.survivors.iter_mut().find(|survivor| survivor.slot == slot) {
            Some(survivor) => {
                self.displaced.push((slot, survivor.index));
                *survivor = next;
            }
            None => self.survivors.push(next),
        }
    }
}

/// Positions of the policies that take part, by ascending priority, ties in order of creation.
fn by_priority(entries: &[Entry]) -> Vec<u32> {
    let mut order: Vec<(i64, u32)> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.policy.enabled)
        .filter_map(|(index, entry)| Some((entry.policy.priority, u32::try_from(index).ok()?)))
        .collect();
    sorting::sort_by_key(&mut order, |place| *place);
    order.into_iter().map(|(_, index)| index).collect()
}

/// Where the layers of a level are kept; the organization has its own place.
fn place(level: ScopeLevel) -> Option<usize> {
    (level as usize).checked_sub(1)
}

fn slot_of(policy_type: &str, unknown: &mut Vec<String>) -> usize {
    if let Some(known) = PolicyType::from_name(policy_type) {
        return known as usize;
    }
    let place = unknown.iter().position(|name| name == policy_type).unwrap_or_else(|| {
        unknown.push(policy_type.to_owned());
        unknown.len() - 1
    });
    PolicyType::ALL.len() + place
}

/// Prepares a policy's config, and tells the keys in it that nobody reads.
pub(crate) fn prepare(policy: &Policy) -> (Ready, Vec<PolicyError>) {
    let Some(policy_type) = PolicyType::from_name(&policy.policy_type) else {
        return (Ready::Broken(vec![unknown_type(&policy.policy_type)]), Vec::new());
    };
    let stripped;
    let config = match policy.config.as_object() {
        Some(object) if COMMON_KEYS.iter().any(|key| object.contains_key(*key)) => {
            let mut object = object.clone();
            object.retain(|key, _| !COMMON_KEYS.contains(&key.as_str()));
            stripped = serde_json::Value::Object(object);
            &stripped
        }
        _ => &policy.config,
    };
    let Compiled { evaluator, unknown_keys } = policy_type.compile(config);
    let under_config = |errors: Vec<PolicyError>| errors.into_iter().map(|error| error.under("/config")).collect();
    let ready = match evaluator {
        Ok(compiled) => Ready::Compiled(compiled),
        Err(errors) => Ready::Broken(under_config(errors)),
    };
    (ready, under_config(unknown_keys))
}

/// Everything that is wrong with a policy's type and config, unknown keys included; pointers
/// are relative to the policy.
#[must_use]
pub fn check_policy(policy: &Policy) -> Vec<PolicyError> {
    let (ready, unknown_keys) = prepare(policy);
    ready.into_faults(unknown_keys)
}

impl Ready {
    /// What is wrong with the policy, together with the keys nobody reads.
    pub(crate) fn into_faults(self, unknown_keys: Vec<PolicyError>) -> Vec<PolicyError> {
        match self {
            Self::Broken(errors) => errors.into_iter().chain(unknown_keys).collect(),
            Self::Compiled(_) => unknown_keys,
        }
    }
}

/// The error for a type that is not in the table.
fn unknown_type(name: &str) -> PolicyError {
    let error = PolicyError::new(codes::UNKNOWN_TYPE, "/type", format!("unknown policy type `{name}`"));
    let nearest = PolicyType::ALL
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known.name()), known.name()))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    match nearest {
        Some((_, known)) => error.with_help(format!("did you mean `{known}`?")),
        None => error.with_help("`zentinelle policy schema` lists the types"),
    }
}

impl Entry {
    /// Whether this entry's scope is the organization, a team and so on.
    pub(crate) fn scope(&self) -> &Scope {
        &self.policy.scope
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::PolicySet;
    use crate::agent::Agent;
    use crate::ids::{TenantId, UserId};
    use crate::policy::Policy;

    #[test]
    fn effective_policies_are_survivors_then_floors_then_further_budgets() {
        let policy = |id: &str, kind: &str, scope: serde_json::Value, inheritance: &str| -> Policy {
            serde_json::from_value(json!({
                "id": id, "tenant_id": "t", "name": id, "type": kind, "scope": scope, "inheritance": inheritance,
            }))
            .expect("a policy")
        };
        let organization = json!({"type": "organization"});
        let user = json!({"type": "user", "id": "ann"});
        let set = PolicySet::compile(
            TenantId::new("t"),
            "1",
            vec![
                policy("budget", "budget_limit", organization.clone(), "replace"),
                policy("tools", "tool_permission", organization.clone(), "floor"),
                policy("rate", "rate_limit", organization, "replace"),
                policy("own-budget", "budget_limit", user.clone(), "replace"),
                policy("own-tools", "tool_permission", user, "replace"),
            ],
        );
        let agent = Agent::new("t", "a");
        let names = |user: Option<&UserId>| -> Vec<&str> {
            set.effective(&agent, user).iter().map(|policy| policy.id.as_str()).collect()
        };
        assert_eq!(names(None), ["budget", "rate", "tools"]);
        assert_eq!(names(Some(&UserId::new("ann"))), ["own-budget", "rate", "own-tools", "tools", "budget"]);
    }
}
