//! Which kinds of policy a tenant has in force: what every compliance question begins with.

use serde::Serialize;
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
    let blank = |policy_type: &PolicyType| Control { policy_type: *policy_type, policies: Vec::new(), enforcement: None };
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
