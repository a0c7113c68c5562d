//! What in a set of policies works against itself: values that one policy allows and another
//! blocks, and policies that can never take effect.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::Policy;
use zentinelle_core::ids::PolicyId;
use zentinelle_core::matching::Glob;
use zentinelle_core::policy::{Enforcement, Inheritance};

/// Most findings that are told.
const MOST_FINDINGS: usize = 200;
/// How lists that allow begin.
const ALLOWING: &str = "allowed_";
/// How lists that block begin.
const BLOCKING: [&str; 2] = ["blocked_", "denied_"];

/// Two policies that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyConflict)]
pub(crate) struct Conflict {
    /// What is wrong with them.
    pub(crate) kind: Kind,
    /// The type both have.
    pub(crate) policy_type: String,
    /// The policy that allows, or that can take no effect.
    pub(crate) policy_id: String,
    /// Its name.
    pub(crate) policy_name: String,
    /// The policy that blocks, or that stands before it.
    pub(crate) other_id: String,
    /// Its name.
    pub(crate) other_name: String,
    /// The list that allows and the one that blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
    /// The values in both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    /// The same in words.
    pub(crate) message: String,
}

/// What two policies do to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PolicyConflictKind)]
pub(crate) enum Kind {
    /// One allows what the other blocks.
    Contradiction,
    /// One takes the other's place wherever that one could apply.
    Shadowed,
}

/// Every conflict in which one of the touched policies has a part.
pub(crate) fn find(policies: &[Policy], touched: &[PolicyId]) -> Vec<Conflict> {
    let takes_part = |policy: &&Policy| policy.enabled && policy.enforcement != Enforcement::Disabled;
    let touched: BTreeSet<&PolicyId> = touched.iter().collect();
    // Only policies of one type meet: each is compared with those of its type that come later.
    let mut later: BTreeMap<&str, Vec<&Policy>> = BTreeMap::new();
    for policy in policies.iter().rev().filter(takes_part) {
        later.entry(policy.policy_type.as_str()).or_default().push(policy);
    }
    let mut found = Vec::new();
    for one in policies.iter().filter(takes_part) {
        let Some(others) = later.get_mut(one.policy_type.as_str()) else { continue };
        others.pop(); // itself
        let one_is_touched = touched.contains(&one.id);
        for other in others.iter().rev() {
            if !(one_is_touched || touched.contains(&other.id)) || !may_meet(one, other) {
                continue;
            }
            contradictions(one, other, &mut found);
            contradictions(other, one, &mut found);
            // `other` was created later, which decides a tie.
            if let Some(shadow) = shadowed(one, other, true).or_else(|| shadowed(other, one, false)) {
                found.push(shadow);
            }
            if found.len() >= MOST_FINDINGS {
                found.truncate(MOST_FINDINGS);
                return found;
            }
        }
    }
    found
}

/// Whether some request may stand in both scopes. Of different levels nobody knows better here.
fn may_meet(one: &Policy, other: &Policy) -> bool {
    one.scope.level() != other.scope.level() || one.scope == other.scope
}

fn contradictions(allowing: &Policy, blocking: &Policy, found: &mut Vec<Conflict>) {
    let lists = |policy: &Policy| policy.config.as_object().cloned().unwrap_or_default();
    let blocked = lists(blocking);
    for (key, allowed) in lists(allowing) {
        let Some(subject) = key.strip_prefix(ALLOWING) else { continue };
        for prefix in BLOCKING {
            let blocking_key = format!("{prefix}{subject}");
            let Some(blocked) = blocked.get(&blocking_key) else { continue };
            let values = in_both(&allowed, blocked);
            if values.is_empty() {
                continue;
            }
            let message = format!(
                "`{}` allows {} and `{}` blocks it",
                allowing.name,
                values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
                blocking.name,
            );
            found.push(Conflict {
                keys: vec![key.clone(), blocking_key],
                values,
                ..conflict(Kind::Contradiction, allowing, blocking, message)
            });
        }
    }
}

/// The allowed values that the blocking list covers, by name or by pattern.
fn in_both(allowed: &Value, blocked: &Value) -> Vec<String> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let blocked = texts(blocked);
    let patterns: Vec<Glob> = blocked.iter().filter_map(|pattern| Glob::folded(pattern).ok()).collect();
    let covered = |value: &String| {
        let folded = value.to_lowercase();
        blocked.iter().any(|one| one.to_lowercase() == folded) || patterns.iter().any(|one| one.is_match(&folded))
    };
    texts(allowed).into_iter().filter(covered).collect()
}

/// Whether `winner` takes the place of `loser` wherever `loser` applies.
fn shadowed(loser: &Policy, winner: &Policy, winner_is_later: bool) -> Option<Conflict> {
    if loser.inheritance == Inheritance::Floor || winner.inheritance == Inheritance::Floor {
        return None; // a floor stands beside the others
    }
    // A budget is asked beside the survivor of its type.
    if loser.policy_type == "budget_limit" {
        return None;
    }
    let same = loser.scope == winner.scope;
    let broader = winner.scope.level() == zentinelle_core::scope::ScopeLevel::Organization;
    let why = match (winner.priority.cmp(&loser.priority), same, broader) {
        (std::cmp::Ordering::Greater, true, _) => "has the higher priority in the same scope",
        (std::cmp::Ordering::Greater, false, true) => "has the higher priority and applies to everybody",
        (std::cmp::Ordering::Equal, true, _) if winner_is_later => "was created later in the same scope",
        _ => return None,
    };
    let message = format!("`{}` can never take effect: `{}` {why}", loser.name, winner.name);
    Some(conflict(Kind::Shadowed, loser, winner, message))
}

fn conflict(kind: Kind, policy: &Policy, other: &Policy, message: String) -> Conflict {
    Conflict {
        kind,
        policy_type: policy.policy_type.clone(),
        policy_id: policy.id.as_str().to_owned(),
        policy_name: policy.name.clone(),
        other_id: other.id.as_str().to_owned(),
        other_name: other.name.clone(),
        keys: Vec::new(),
        values: Vec::new(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, find};
    use serde_json::{Value, json};
    use zentinelle_core::policy::Inheritance;
    use zentinelle_core::{Policy, Scope};

    fn policy(id: &str, config: Value) -> Policy {
        Policy::new(id, "acme", "tool_permission", config)
    }

    #[test]
    fn a_value_allowed_here_and_blocked_there_is_found_by_name_and_by_pattern() {
        let one = policy("a", json!({"allowed_tools": ["Shell", "read_file", "search"]}));
        let mut other = policy("b", json!({"denied_tools": ["shell", "read_*"]}));
        other.scope = Scope::User("alice".into());
        let found = find(&[one.clone(), other.clone()], &["b".into()]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].values.join(",").as_str()), (Kind::Contradiction, "Shell,read_file"));
        assert_eq!(found[0].keys, ["allowed_tools", "denied_tools"]);
        assert!(find(&[one.clone(), other.clone()], &["c".into()]).is_empty(), "neither is touched");
        let mut elsewhere = one.clone();
        elsewhere.scope = Scope::User("bob".into());
        assert!(find(&[elsewhere, other], &["b".into()]).is_empty(), "no request stands in both scopes");
    }

    #[test]
    fn a_policy_that_can_never_win_is_shadowed() {
        let (mut one, mut other) = (policy("a", json!({})), policy("b", json!({})));
        let touched = ["a".into()];
        let kinds = |one: &Policy, other: &Policy| -> Vec<(String, Kind)> {
            let found = find(&[one.clone(), other.clone()], &touched);
            found.into_iter().map(|conflict| (conflict.policy_id, conflict.kind)).collect()
        };
        assert_eq!(kinds(&one, &other), [("a".to_owned(), Kind::Shadowed)], "the later one wins a tie");
        one.priority = 5;
        assert_eq!(kinds(&one, &other), [("b".to_owned(), Kind::Shadowed)]);
        other.scope = Scope::User("alice".into());
        assert_eq!(kinds(&one, &other), [("b".to_owned(), Kind::Shadowed)], "priority beats scope");
        one.priority = 0;
        assert!(kinds(&one, &other).is_empty(), "the narrower one wins for its user only");
        (one.priority, other.inheritance) = (5, Inheritance::Floor);
        assert!(kinds(&one, &other).is_empty(), "a floor cannot be displaced");
    }
}
