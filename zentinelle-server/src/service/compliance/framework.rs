//! Frameworks as data: one file each in `zentinelle-server/compliance`, part of the program.
//!
//! Titles are our own short words; numbers and dates are the framework's. A control is made of
//! checks, and nothing else decides how it stands.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zentinelle_core::document;

use super::check::Check;

/// The files.
const FILES: [(&str, &str); 12] = [
    ("soc2.yaml", include_str!("../../../compliance/soc2.yaml")),
    ("gdpr.yaml", include_str!("../../../compliance/gdpr.yaml")),
    ("hipaa.yaml", include_str!("../../../compliance/hipaa.yaml")),
    ("eu_ai_act.yaml", include_str!("../../../compliance/eu_ai_act.yaml")),
    ("nist_ai_rmf.yaml", include_str!("../../../compliance/nist_ai_rmf.yaml")),
    ("iso42001.yaml", include_str!("../../../compliance/iso42001.yaml")),
    ("owasp_llm_2025.yaml", include_str!("../../../compliance/owasp_llm_2025.yaml")),
    ("owasp_llm_2026.yaml", include_str!("../../../compliance/owasp_llm_2026.yaml")),
    ("owasp_agentic.yaml", include_str!("../../../compliance/owasp_agentic.yaml")),
    ("ccpa.yaml", include_str!("../../../compliance/ccpa.yaml")),
    ("iso27001.yaml", include_str!("../../../compliance/iso27001.yaml")),
    ("pci_dss.yaml", include_str!("../../../compliance/pci_dss.yaml")),
];

/// One framework in one edition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Framework {
    /// Its id in paths, such as `EU_AI_ACT`.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its edition.
    pub(crate) version: String,
    /// The day from which it applies, or on which the edition was published.
    pub(crate) effective_from: String,
    /// Where it can be read.
    pub(crate) source: String,
    /// What it is, and what of it is looked at here.
    pub(crate) description: String,
    /// Whether a tenant answers to it that has not said otherwise.
    pub(crate) enabled_by_default: bool,
    /// The pack that goes with it.
    #[serde(default)]
    pub(crate) pack: Option<String>,
    /// The days on which parts of it begin to apply.
    #[serde(default)]
    pub(crate) deadlines: Vec<Deadline>,
    /// What it asks for.
    pub(crate) controls: Vec<Control>,
}

/// A day on which something begins to apply.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FrameworkDeadline)]
pub(crate) struct Deadline {
    /// The day.
    pub(crate) date: String,
    /// What begins.
    pub(crate) what: String,
    /// Where that is said.
    pub(crate) source: String,
}

/// One thing a framework asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Control {
    /// The framework's number for it.
    pub(crate) id: String,
    /// In a few words of our own.
    pub(crate) title: String,
    /// The framework's chapter.
    pub(crate) category: String,
    /// Whether it weighs in the share of required controls.
    #[serde(default = "yes")]
    pub(crate) required: bool,
    /// What is looked at; each must hold.
    pub(crate) checks: Vec<Check>,
}

fn yes() -> bool {
    true
}

impl Control {
    /// How bad it is when it does not hold.
    pub(crate) const fn severity(&self) -> &'static str {
        if self.required { "high" } else { "medium" }
    }

    /// The types of policies that it looks at.
    pub(crate) fn policy_types(&self) -> Vec<&str> {
        let mut types: Vec<&str> = self.checks.iter().flat_map(Check::policy_types).collect();
        types.sort_unstable();
        types.dedup();
        types
    }
}

/// Every framework. A test shows that every file can be read.
pub(crate) fn all() -> &'static [Framework] {
    static ALL: LazyLock<Vec<Framework>> =
        LazyLock::new(|| FILES.iter().filter_map(|(_, text)| read(text).ok()).collect());
    &ALL
}

/// The framework of an id, whatever the letter case, with `-` for `_` or none of both.
pub(crate) fn by_id(id: &str) -> Option<&'static Framework> {
    let plain = |id: &str| id.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = plain(id);
    all().iter().find(|framework| plain(&framework.id) == wanted)
}

fn read(text: &str) -> Result<Framework, String> {
    let mut parsed = document::source::parse(text);
    let found = parsed.documents.pop().filter(|_| parsed.problems.is_empty() && parsed.documents.is_empty());
    let found = found.ok_or_else(|| format!("not one document: {:?}", parsed.problems))?;
    serde_path_to_error::deserialize(found.value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FILES, all, by_id, read};
    use crate::service::packs;

    #[test]
    fn every_file_is_read_strictly_and_says_what_a_framework_must_say() {
        let mut ids = BTreeSet::new();
        for (file, text) in FILES {
            let framework = read(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(ids.insert(framework.id.clone()), "{file}: the id is given twice");
            assert!(framework.source.starts_with("https://"), "{file}");
            for day in framework.deadlines.iter().map(|one| &one.date).chain([&framework.effective_from]) {
                assert!(day.len() == 10 && crate::clock::parse(day).is_some(), "{file}: {day} is no day");
            }
            assert!(framework.deadlines.is_sorted_by_key(|one| &one.date), "{file}: deadlines are not in order");
            for one in &framework.deadlines {
                assert!(one.source.contains("https://"), "{file}: {} has no source", one.date);
            }
            if let Some(pack) = &framework.pack {
                packs::by_name(pack).unwrap_or_else(|error| panic!("{file}: {error}"));
            }
            let mut controls = BTreeSet::new();
            for control in &framework.controls {
                let name = format!("{file}: {}", control.id);
                assert!(controls.insert(control.id.clone()), "{name} is given twice");
                assert!(!control.title.is_empty() && !control.category.is_empty(), "{name}");
                assert!(!control.checks.is_empty(), "{name} looks at nothing");
                for check in &control.checks {
                    if let Err(why) = check.sound() {
                        panic!("{name}: {why}");
                    }
                }
            }
            assert!(framework.controls.len() >= 6, "{file} has few controls");
            assert!(framework.controls.iter().any(|control| !control.policy_types().is_empty()), "{file}");
        }
        assert_eq!(all().len(), FILES.len());
    }

    #[test]
    fn an_unknown_key_is_a_fault() {
        let text = FILES[0].1.replacen("effective_from:", "effective_form:", 1);
        assert!(read(&text).expect_err("a slip").contains("effective_form"));
    }

    #[test]
    fn ids_are_found_however_they_are_spelt() {
        for id in ["EU_AI_ACT", "eu-ai-act", "euaiact", "PCI-DSS", "pci_dss"] {
            assert!(by_id(id).is_some(), "{id}");
        }
        assert!(by_id("").is_none() && by_id("SOX").is_none());
    }
}
