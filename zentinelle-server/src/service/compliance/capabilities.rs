//! What the server can watch and what it can stop, whether a tenant uses it, and how far that goes
//! towards its frameworks.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zentinelle_core::document;

use super::Judged;
use super::check::{Check, State};
use super::facts::Facts;

/// The catalogue.
const FILE: &str = include_str!("../../../compliance/capabilities.yaml");

/// What a capability does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CapabilityKind {
    /// It notices.
    Observe,
    /// It stops.
    Control,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    description: String,
    kind: CapabilityKind,
    enforcement: Vec<String>,
    by: Check,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    capabilities: Vec<Entry>,
}

/// One thing the server can do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Capability {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What it does.
    pub(crate) description: String,
    /// Whether it notices or stops.
    pub(crate) capability_type: CapabilityKind,
    /// Whether the tenant uses it.
    pub(crate) enabled: bool,
    /// The types of policies that do it.
    pub(crate) supporting_policies: Vec<String>,
    /// The types of content rules that do it.
    pub(crate) supporting_rules: Vec<String>,
    /// How strictly it can be set.
    pub(crate) enforcement_options: Vec<String>,
    /// The frameworks with a control that looks at it.
    pub(crate) supports_frameworks: Vec<String>,
}

/// How far a tenant has come with one framework.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Coverage {
    /// The framework.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) description: String,
    /// How many required controls are met.
    pub(crate) required_covered: u64,
    /// How many there are.
    pub(crate) required_total: u64,
    /// The share. Unit: percent.
    pub(crate) required_percentage: f64,
    /// The required controls that are not met.
    pub(crate) missing_required: Vec<String>,
    /// How many controls are met.
    pub(crate) total_covered: u64,
    /// How many there are.
    pub(crate) total_count: u64,
    /// The share. Unit: percent.
    pub(crate) total_percentage: f64,
    /// The other controls that are not met.
    pub(crate) missing_recommended: Vec<String>,
}

/// All of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ComplianceOverview)]
pub(crate) struct Overview {
    /// What notices.
    pub(crate) observe_capabilities: Vec<Capability>,
    /// What stops.
    pub(crate) control_capabilities: Vec<Capability>,
    /// How many are used.
    pub(crate) capabilities_enabled: u64,
    /// How many there are.
    pub(crate) capabilities_total: u64,
    /// How far the tenant has come with each framework it answers to.
    pub(crate) framework_coverage: Vec<Coverage>,
}

fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| read(FILE).unwrap_or_default());
    &ENTRIES
}

fn read(text: &str) -> Result<Vec<Entry>, String> {
    let mut parsed = document::source::parse(text);
    let found = parsed.documents.pop().filter(|_| parsed.problems.is_empty());
    let found = found.ok_or_else(|| format!("{:?}", parsed.problems))?;
    let catalogue: Catalogue = serde_path_to_error::deserialize(found.value).map_err(|error| error.to_string())?;
    Ok(catalogue.capabilities)
}

/// The catalogue as a tenant uses it, and how far that goes.
pub(crate) fn overview(facts: &Facts, judged: &[Judged]) -> Overview {
    let (observe_capabilities, control_capabilities): (Vec<Capability>, Vec<Capability>) = entries()
        .iter()
        .map(|entry| used(entry, facts, judged))
        .partition(|capability| capability.capability_type == CapabilityKind::Observe);
    let all = || observe_capabilities.iter().chain(&control_capabilities);
    let (enabled, total) = (all().filter(|one| one.enabled).count() as u64, all().count() as u64);
    Overview {
        capabilities_enabled: enabled,
        capabilities_total: total,
        framework_coverage: judged.iter().filter(|judged| judged.enabled).map(coverage).collect(),
        observe_capabilities,
        control_capabilities,
    }
}

fn used(entry: &Entry, facts: &Facts, judged: &[Judged]) -> Capability {
    let own = |names: Vec<&str>| {
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    };
    let state = entry.by.answer(facts).state;
    let (policies, rules) = (own(entry.by.policy_types()), own(entry.by.rule_types()));
    let looks = |judged: &&Judged| {
        judged.controls.iter().flat_map(|(control, _)| &control.checks).any(|check| {
            check.policy_types().iter().any(|name| policies.iter().any(|own| own == name))
                || check.rule_types().iter().any(|name| rules.iter().any(|own| own == name))
        })
    };
    Capability {
        id: entry.id.clone(),
        name: entry.name.clone(),
        description: entry.description.clone(),
        capability_type: entry.kind,
        enabled: state == State::Met || (state == State::Partial && entry.kind == CapabilityKind::Observe),
        enforcement_options: entry.enforcement.clone(),
        supports_frameworks: judged.iter().filter(looks).map(|judged| judged.framework.id.clone()).collect(),
        supporting_policies: policies,
        supporting_rules: rules,
    }
}

fn coverage(judged: &Judged) -> Coverage {
    let share = |covered: u64, total: u64| {
        let permille = (1000 * covered).checked_div(total).unwrap_or_default();
        u32::try_from(permille).map_or(0.0, |permille| f64::from(permille) / 10.0)
    };
    let met = |required: bool| {
        judged
            .controls
            .iter()
            .filter(move |(control, verdict)| control.required == required && verdict.state == State::Met)
    };
    let missing = |required: bool| {
        let open = judged.controls.iter().filter(|(control, _)| control.required == required);
        let open = open.filter(|(_, verdict)| verdict.state != State::Met);
        open.map(|(control, _)| format!("{} {}", control.id, control.title)).collect::<Vec<_>>()
    };
    let required_total = judged.controls.iter().filter(|(control, _)| control.required).count() as u64;
    let (required, other) = (met(true).count() as u64, met(false).count() as u64);
    let total_count = judged.controls.len() as u64;
    Coverage {
        id: judged.framework.id.clone(),
        name: judged.framework.name.clone(),
        description: judged.framework.description.trim().to_owned(),
        required_covered: required,
        required_total,
        required_percentage: share(required, required_total),
        missing_required: missing(true),
        total_covered: required + other,
        total_count,
        total_percentage: share(required + other, total_count),
        missing_recommended: missing(false),
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE, read};

    #[test]
    fn the_catalogue_names_only_policies_and_rules_that_exist() {
        let entries = read(FILE).unwrap_or_else(|error| panic!("{error}"));
        assert!(entries.len() >= 20, "{} capabilities", entries.len());
        for entry in &entries {
            entry.by.sound().unwrap_or_else(|why| panic!("{}: {why}", entry.id));
            let named = !entry.by.policy_types().is_empty() || !entry.by.rule_types().is_empty();
            assert!(named || matches!(entry.kind, super::CapabilityKind::Observe), "{}", entry.id);
        }
        let ids: std::collections::BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len(), "an id is given twice");
    }
}
