//! Which kinds of policy a tenant has in force: what every compliance question begins with.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::{Enforcement, Policy, PolicyType};

use crate::store::wire_name;

/// Whether a control works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum ControlStatus {
    /// It denies.
    #[serde(rename = "active")]
    Active,
    /// It only records.
    #[serde(rename = "audit-only")]
    AuditOnly,
    /// There is none.
    #[serde(rename = "inactive")]
    Inactive,
}

/// One kind of policy, and how strictly it is in force.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    /// The kind.
    pub(crate) policy_type: PolicyType,
    /// The policies of the kind that are in force, by name.
    pub(crate) policies: Vec<String>,
    /// The strictest enforcement among them; none where there are none.
    pub(crate) enforcement: Option<Enforcement>,
}

impl Control {
    /// Whether it works.
    pub(crate) fn status(&self) -> ControlStatus {
        match self.enforcement {
            Some(Enforcement::Enforce) => ControlStatus::Active,
            Some(Enforcement::Audit) => ControlStatus::AuditOnly,
            Some(Enforcement::Disabled) | None => ControlStatus::Inactive,
        }
    }

    /// How strictly, in a word.
    pub(crate) fn actual(&self) -> String {
        self.enforcement.as_ref().map_or_else(|| "none".to_owned(), wire_name)
    }
}

/// Every kind of policy with what is in force of it.
pub(crate) fn of<'p>(policies: impl Iterator<Item = &'p Policy>) -> Vec<Control> {
    let blank =
        |policy_type: &PolicyType| Control { policy_type: *policy_type, policies: Vec::new(), enforcement: None };
    let mut controls: Vec<Control> = PolicyType::ALL.iter().map(blank).collect();
    for policy in policies.filter(|policy| policy.enabled && policy.enforcement != Enforcement::Disabled) {
        let Some(control) = controls.iter_mut().find(|control| control.policy_type.name() == policy.policy_type) else {
            continue;
        };
        control.policies.push(policy.name.clone());
        if control.enforcement != Some(Enforcement::Enforce) {
            control.enforcement = Some(policy.enforcement);
        }
    }
    controls
}

/// One policy that a compliance pack asks for, and what a tenant has in its place.
#[derive(Clone, Debug)]
pub(crate) struct PackControl {
    /// The policy's name in the pack.
    pub(crate) name: String,
    /// Its kind.
    pub(crate) policy_type: String,
    /// How strictly the pack wants it.
    pub(crate) required: Enforcement,
    /// What the tenant has.
    pub(crate) present: Control,
}

/// What a tenant has of what a pack asks for. A policy counts when it is of the same kind and
/// says at least the same: every key of the pack's configuration with the same value. Its name
/// says nothing.
pub(crate) fn of_pack(pack: Vec<Policy>, policies: &[&Policy]) -> Vec<PackControl> {
    let control = |wanted: Policy| {
        let policy_type = PolicyType::from_name(&wanted.policy_type)?;
        let alike = policies
            .iter()
            .copied()
            .filter(|policy| policy.policy_type == wanted.policy_type && says_at_least(&policy.config, &wanted.config));
        let present = of(alike).into_iter().find(|control| control.policy_type == policy_type)?;
        Some(PackControl { name: wanted.name, policy_type: wanted.policy_type, required: wanted.enforcement, present })
    };
    pack.into_iter().filter_map(control).collect()
}

fn says_at_least(config: &Value, wanted: &Value) -> bool {
    match (config.as_object(), wanted.as_object()) {
        (Some(config), Some(wanted)) => wanted.iter().all(|(key, value)| config.get(key) == Some(value)),
        _ => config == wanted,
    }
}

/// How many of the controls deny, and how many there are.
pub(crate) fn covered(controls: &[Control]) -> (usize, usize) {
    let active = controls.iter().filter(|control| control.status() == ControlStatus::Active).count();
    (active, controls.len())
}

/// The same in percent, one decimal.
pub(crate) fn percent(controls: &[Control]) -> f64 {
    let (active, all) = covered(controls);
    let share = u32::try_from(active * 1000).unwrap_or_default().checked_div(u32::try_from(all).unwrap_or(1).max(1));
    f64::from(share.unwrap_or_default()) / 10.0
}

#[cfg(test)]
mod tests {
    use super::{ControlStatus, of_pack};
    use serde_json::json;
    use zentinelle_core::{Enforcement, Policy, Scope};

    #[test]
    fn a_pack_is_covered_by_what_policies_say_and_not_by_their_names() {
        let policy = |name: &str, config, enforcement| {
            let mut policy = Policy::new(name, "acme", "rate_limit", config);
            policy.name = name.to_owned();
            policy.scope = Scope::Organization;
            policy.enforcement = enforcement;
            policy
        };
        let wanted = policy("limit", json!({"requests_per_minute": 60}), Enforcement::Enforce);
        let status = |present: &[&Policy]| of_pack(vec![wanted.clone()], present).remove(0).present.status();
        let other = policy("limit", json!({"requests_per_minute": 999}), Enforcement::Enforce);
        let alike = policy("mine", json!({"requests_per_minute": 60, "tokens_per_day": 1}), Enforcement::Audit);
        assert_eq!(status(&[&other]), ControlStatus::Inactive);
        assert_eq!(status(&[&other, &alike]), ControlStatus::AuditOnly);
        assert_eq!(status(&[&alike, &wanted]), ControlStatus::Active);
    }
}
