//! What changes between two policy documents, in words, and for whom.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::PolicyDocument;
use crate::ids::{PolicyId, TenantId};
use crate::policy::{Enforcement, Inheritance, Policy};
use crate::scope::Scope;
use crate::sorting;

/// What changes in one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyChange {
    /// The policy's id.
    pub id: PolicyId,
    /// The policy's name, after the change if it has one.
    pub name: String,
    /// The policy's type.
    pub policy_type: String,
    /// Whom the policy is about, after the change.
    pub scope: Scope,
    /// What happens to it.
    pub what: Change,
}

/// What happens to a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is new.
    Added(Policy),
    /// It is gone.
    Removed(Policy),
    /// Some of it is different: one sentence each.
    Changed(Vec<String>),
}

/// What changes from one document to another, in the order of the policies' ids.
#[must_use]
pub fn diff(before: &PolicyDocument, after: &PolicyDocument) -> Vec<PolicyChange> {
    let tenant = TenantId::new("");
    let by_id = |document: &PolicyDocument| -> BTreeMap<PolicyId, Policy> {
        let mut policies = BTreeMap::new();
        for written in document.policies() {
            policies.insert(written.id(), written.to_policy(&tenant));
        }
        policies
    };
    let (mut old, new) = (by_id(before), by_id(after));
    let mut changes = Vec::new();
    for (id, policy) in new {
        let what = match old.remove(&id) {
            None => Change::Added(policy.clone()),
            Some(previous) => match sentences(&previous, &policy) {
                sentences if sentences.is_empty() => continue,
                sentences => Change::Changed(sentences),
            },
        };
        changes.push(change(&policy, what));
    }
    changes.extend(old.into_values().map(|gone| change(&gone, Change::Removed(gone.clone()))));
    sorting::sort_by(&mut changes, |a, b| a.id.cmp(&b.id));
    changes
}

fn change(policy: &Policy, what: Change) -> PolicyChange {
    PolicyChange {
        id: policy.id.clone(),
        name: policy.name.clone(),
        policy_type: policy.policy_type.clone(),
        scope: policy.scope.clone(),
        what,
    }
}

fn sentences(old: &Policy, new: &Policy) -> Vec<String> {
    let mut found = Vec::new();
    if old.policy_type != new.policy_type {
        found.push(format!("is now a `{}` policy, was `{}`", new.policy_type, old.policy_type));
    }
    if old.scope != new.scope {
        found.push(format!("now applies to {}, applied to {}", whom(&new.scope), whom(&old.scope)));
    }
    if old.enabled != new.enabled {
        found
            .push(if new.enabled { "is switched on" } else { "is switched off and takes no part any more" }.to_owned());
    }
    if old.enforcement != new.enforcement {
        found.push(match new.enforcement {
            Enforcement::Enforce => "violations are now denied".to_owned(),
            Enforcement::Audit => "violations are now only reported".to_owned(),
            Enforcement::Disabled => "is no longer evaluated, and exempts from broader policies of its type".to_owned(),
        });
    }
    if old.inheritance != new.inheritance {
        found.push(match new.inheritance {
            Inheritance::Floor => "is now a floor: no narrower policy can displace it".to_owned(),
            Inheritance::Replace => "is no longer a floor: a narrower policy can displace it".to_owned(),
        });
    }
    if old.priority != new.priority {
        found.push(format!("priority goes from {} to {}", old.priority, new.priority));
    }
    if old.name != new.name {
        found.push(format!("is renamed from `{}`", old.name));
    }
    config_sentences("config", &old.config, &new.config, &mut found);
    found
}

fn config_sentences(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            sorting::sort_by_key(&mut keys, |key| *key);
            keys.dedup();
            for key in keys {
                let path = format!("{path}.{key}");
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => config_sentences(&path, old, new, found),
                    (None, Some(new)) => found.push(format!("`{path}` is set to {}", shown(new))),
                    (Some(old), None) => found.push(format!("`{path}` is no longer set, was {}", shown(old))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let added: Vec<String> = new.iter().filter(|item| !old.contains(item)).map(shown).collect();
            let gone: Vec<String> = old.iter().filter(|item| !new.contains(item)).map(shown).collect();
            match (added.is_empty(), gone.is_empty()) {
                (false, false) => {
                    found.push(format!("`{path}` gains {} and loses {}", added.join(", "), gone.join(", ")))
                }
                (false, true) => found.push(format!("`{path}` gains {}", added.join(", "))),
                (true, false) => found.push(format!("`{path}` loses {}", gone.join(", "))),
                (true, true) => found.push(format!("`{path}` is in another order")),
            }
        }
        (old, new) => found.push(format!("`{path}` goes from {} to {}", shown(old), shown(new))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    }
}

/// Whom a scope is about, in words.
#[must_use]
pub fn whom(scope: &Scope) -> String {
    match scope {
        Scope::Organization => "everybody".to_owned(),
        Scope::SubOrganization(id) => format!("team `{id}`"),
        Scope::Deployment(id) => format!("deployment `{id}`"),
        Scope::Group(id) => format!("agent group `{id}`"),
        Scope::Endpoint(id) => format!("agent `{id}`"),
        Scope::User(id) => format!("user `{id}`"),
    }
}

impl fmt::Display for PolicyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = whom(&self.scope);
        match &self.what {
            Change::Added(policy) => {
                write!(f, "+ `{}` ({}) is new for {whom}, {}", self.name, self.policy_type, effect_of(policy))
            }
            Change::Removed(_) => write!(f, "- `{}` ({}) no longer applies to {whom}", self.name, self.policy_type),
            Change::Changed(sentences) => {
                write!(f, "~ `{}` ({}) for {whom}:", self.name, self.policy_type)?;
                sentences.iter().try_for_each(|sentence| write!(f, "\n    {sentence}"))
            }
        }
    }
}

fn effect_of(policy: &Policy) -> &'static str {
    match (policy.enabled, policy.enforcement) {
        (false, _) => "switched off",
        (true, Enforcement::Enforce) => "violations are denied",
        (true, Enforcement::Audit) => "violations are only reported",
        (true, Enforcement::Disabled) => "not evaluated, an exemption from broader policies of its type",
    }
}
