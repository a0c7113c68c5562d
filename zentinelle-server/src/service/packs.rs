//! Compliance packs: policy documents that come with the server, ready to be put to use.

use serde_json::json;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::policy::Enforcement;
use zentinelle_core::policy_document::{self, PolicyDocument};

use super::change::Change;
use super::policies::documents::{self, Manner, Outcome};
use super::policies::{Keeper, draft};
use crate::app::App;
use crate::auth::Caller;
use crate::http::error::ApiError;

/// One pack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pack {
    /// The name in paths.
    pub(crate) name: &'static str,
    /// The framework, for people.
    pub(crate) title: &'static str,
    /// The framework's edition.
    pub(crate) version: &'static str,
    /// The policies, as a document with tests.
    pub(crate) text: &'static str,
}

/// Every pack.
pub(crate) const ALL: [Pack; 5] = [
    Pack {
        name: "hipaa",
        title: "HIPAA Security Rule",
        version: "2024-01",
        text: include_str!("../../packs/hipaa.yaml"),
    },
    Pack { name: "soc2", title: "SOC 2 Type II", version: "2024-01", text: include_str!("../../packs/soc2.yaml") },
    Pack { name: "gdpr", title: "GDPR", version: "2024-01", text: include_str!("../../packs/gdpr.yaml") },
    Pack {
        name: "eu_ai_act",
        title: "EU AI Act, high risk",
        version: "2024-08",
        text: include_str!("../../packs/eu_ai_act.yaml"),
    },
    Pack {
        name: "nist_ai_rmf",
        title: "NIST AI RMF 1.0",
        version: "2023-01",
        text: include_str!("../../packs/nist_ai_rmf.yaml"),
    },
];

/// The pack of a name.
pub(crate) fn by_name(name: &str) -> Result<&'static Pack, ApiError> {
    ALL.iter().find(|pack| pack.name == name).ok_or(ApiError::NotFound { what: "compliance pack" })
}

impl Pack {
    /// Its policies and tests. A test of this file shows that every pack can be read.
    pub(crate) fn document(&self) -> PolicyDocument {
        policy_document::read(self.text).0
    }

    /// What it is for, in a sentence.
    pub(crate) fn description(&self) -> String {
        let parsed = zentinelle_core::document::source::parse(self.text);
        let description = parsed.documents.first().and_then(|document| document.value.get("description")?.as_str());
        description.unwrap_or_default().to_owned()
    }
}

/// Puts a pack to use: its policies become the tenant's. Each keeps its own enforcement, unless
/// the caller wants one for all.
pub(crate) async fn activate(
    app: &App,
    caller: &Caller,
    pack: &Pack,
    enforcement: Option<Enforcement>,
    dry_run: bool,
) -> Result<Vec<Outcome>, ApiError> {
    let mut written = documents::read(pack.text, &caller.tenant).map_err(ApiError::Policies)?;
    for policy in &mut written {
        policy.enforcement = enforcement.unwrap_or(policy.enforcement);
        draft::check(policy, &caller.tenant)?;
    }
    let manner = Manner { keeper: Keeper::Pack, prune: false, dry_run };
    let why = format!("compliance pack {} {}", pack.name, pack.version);
    let outcomes = documents::apply(app, caller, &written, manner, &why).await?;
    if !dry_run {
        let txn = app.store.begin().await?;
        let change = Change {
            caller,
            action: AuditAction::Activate,
            resource_type: "compliance_pack",
            resource_id: pack.name,
            resource_name: pack.title,
            changes: json!({ "version": pack.version, "policies": outcomes.len(), "enforcement": enforcement }),
        };
        change.record(&txn).await?;
        txn.commit().await?;
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use zentinelle_core::Engine;
    use zentinelle_core::decision::Effect;
    use zentinelle_core::policy_document::{self, Expectation, TestOutcome};

    #[test]
    fn every_pack_is_sound_and_denies_what_it_forbids() {
        for pack in ALL {
            let (document, problems) = policy_document::read(pack.text);
            assert!(problems.is_empty(), "{}: {problems:?}", pack.name);
            assert!(!pack.description().is_empty() && document.policies().len() >= 5, "{}", pack.name);
            let tenant = "acme".into();
            let engine = Engine::new(document.policy_set(&tenant, "1"));
            let mut denied = 0;
            for test in &document.tests {
                let outcome = test.run(&engine, &tenant);
                assert!(matches!(outcome, TestOutcome::Passed), "{}: {}: {outcome:?}", pack.name, test.name);
                denied += usize::from(matches!(
                    test.expect,
                    Expectation::Effect(Effect::Deny) | Expectation::Reason { effect: Effect::Deny, .. }
                ));
            }
            assert!(denied >= 3, "{} shows only {denied} denials", pack.name);
        }
    }

    #[test]
    fn packs_stand_beside_each_other() {
        // Every policy is a floor, so that a second pack takes nothing of the first away.
        for pack in ALL {
            for policy in pack.document().policies() {
                assert_eq!(policy.inheritance, zentinelle_core::policy::Inheritance::Floor, "{}", pack.name);
                assert!(policy.id.as_ref().is_some_and(|id| id.as_str().starts_with("pack-")), "{}", pack.name);
            }
        }
        assert!(ALL.iter().any(|pack| pack.text.contains("type: human_oversight") && pack.name == "eu_ai_act"));
    }
}
