//! The state of a tenant that controls are judged by: gathered once, then asked as often as there
//! are controls.

use std::collections::BTreeSet;

use serde_json::Value;
use zentinelle_core::audit::Status as ChainStatus;
use zentinelle_core::decision::Effect;
use zentinelle_core::ids::TenantId;
use zentinelle_core::policy_document::{Expectation, TestOutcome};
use zentinelle_core::scope::ScopeLevel;

use super::check::State;
use super::verdict::{Evidence, Verdict};
use crate::app::App;
use crate::clock;
use crate::http::error::ApiError;
use crate::service::audit::{self, Asked};
use crate::service::{packs, retention, risks};
use crate::snapshot::{PackTests, Snapshot};
use crate::store::compliance::{self as store, ApprovalCounts};
use crate::store::entities::policy;
use crate::store::{policies, risks as risk_rows};

/// Unit: microseconds.
pub(super) const DAY: i64 = 86_400_000_000;
/// How many of the newest entries of the audit trail are verified for a look.
const ENTRIES_VERIFIED: u64 = 500;
/// The types of content rules that content can violate.
#[cfg(test)]
pub(super) const RULE_TYPES: [&str; 11] = [
    "secret_detection",
    "pii_detection",
    "phi_detection",
    "profanity_filter",
    "custom_pattern",
    "keyword_block",
    "prompt_injection",
    "jailbreak_attempt",
    "off_topic",
    "cost_threshold",
    "token_limit",
];

/// All there is to know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// When it was gathered.
    pub(crate) now: i64,
    /// The policies that take part, exemptions too.
    pub(super) policies: Vec<PolicyFact>,
    /// The enabled content rules.
    pub(super) content_rules: Vec<RuleFact>,
    /// The enabled alert rules.
    pub(super) alert_rules: Vec<AlertRuleFact>,
    /// When records end.
    pub(super) retention: Vec<RetentionFact>,
    /// When the newest decision was made.
    pub(super) newest_decision: Option<i64>,
    /// How many decisions were made in the last day.
    pub(super) decisions_last_day: u64,
    /// What waited for people in 90 days.
    pub(super) approvals: ApprovalCounts,
    /// The audit trail.
    pub(super) chain: ChainFact,
    /// Of each pack: its tests of what must be denied, and whether each holds.
    pub(super) pack_tests: PackTests,
    /// The risk register.
    pub(super) risks: RiskFact,
    /// Incidents.
    pub(super) incidents: IncidentFact,
    /// The model registry.
    pub(super) models: ModelFact,
    /// Agents.
    pub(super) agents: AgentFact,
    /// Operators' keys.
    pub(super) keys: KeyFact,
    /// System prompts.
    pub(super) prompts: PromptFact,
}

/// A policy that takes part.
#[derive(Clone, Debug)]
pub(super) struct PolicyFact {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) policy_type: String,
    /// For people.
    pub(super) scope: String,
    pub(super) level: ScopeLevel,
    pub(super) enforcement: String,
    pub(super) floor: bool,
    pub(super) priority: i64,
    pub(super) version: i64,
    pub(super) config: Value,
    pub(super) updated_at: i64,
    pub(super) created_at: i64,
}

impl PolicyFact {
    fn of(row: policy::Model) -> Self {
        let level = ScopeLevel::ALL.into_iter().find(|level| level.name() == row.scope_level);
        let scope =
            row.scope_id.map_or_else(|| "the organisation".to_owned(), |id| format!("{} `{id}`", row.scope_level));
        Self {
            id: row.id,
            name: row.name,
            policy_type: row.policy_type,
            scope,
            level: level.unwrap_or(ScopeLevel::User),
            enforcement: row.enforcement,
            floor: row.inheritance == "floor",
            priority: row.priority,
            version: row.version,
            config: row.config,
            updated_at: row.updated_at,
            created_at: row.created_at,
        }
    }

    pub(super) fn enforced(&self) -> bool {
        self.enforcement == "enforce"
    }

    pub(super) fn for_everybody(&self) -> bool {
        self.level == ScopeLevel::Organization
    }

    /// Whether a list of its configuration holds something.
    pub(super) fn lists(&self, key: &str) -> bool {
        self.config.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    }

    pub(super) fn evidence(&self, supports: bool) -> Evidence {
        let summary = format!(
            "policy `{}` ({}, {}, {}, version {})",
            self.name, self.policy_type, self.enforcement, self.scope, self.version
        );
        Evidence::new("policy", summary, &self.id, Some(self.updated_at), supports)
    }

    /// Whether this policy takes the place of another of its type for those it is for.
    fn displaces(&self, other: &Self) -> bool {
        if self.id == other.id || self.policy_type != other.policy_type || self.floor || other.floor {
            return false;
        }
        let rank = |policy: &Self| (policy.priority, policy.level, policy.created_at, policy.id.clone());
        rank(self) > rank(other)
    }
}

/// An enabled content rule.
#[derive(Clone, Debug)]
pub(super) struct RuleFact {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) rule_type: String,
    pub(super) enforcement: String,
    pub(super) scope: String,
    pub(super) updated_at: i64,
}

impl RuleFact {
    /// Whether it stops or changes what violates it.
    pub(super) fn bites(&self) -> bool {
        matches!(self.enforcement.as_str(), "block" | "redact" | "require_approval")
    }
}

/// An enabled alert rule.
#[derive(Clone, Debug)]
pub(super) struct AlertRuleFact {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) metric: String,
    pub(super) updated_at: i64,
}

/// When records of a kind end.
#[derive(Clone, Debug)]
pub(super) struct RetentionFact {
    pub(super) kind: &'static str,
    pub(super) days: f64,
    pub(super) policy_id: String,
    pub(super) policy_name: String,
    pub(super) scope: String,
}

/// The audit trail.
#[derive(Clone, Debug, Default)]
pub(super) struct ChainFact {
    pub(super) status: Option<ChainStatus>,
    pub(super) checked: u64,
    pub(super) size: u64,
    pub(super) anchored: u64,
    pub(super) head: String,
    pub(super) at: i64,
}

impl ChainFact {
    pub(super) fn verdict(&self) -> Verdict {
        let summary = format!(
            "{} of {} entries of the audit trail verified, signed through {}; head {}",
            self.checked, self.size, self.anchored, self.head
        );
        let evidence = |supports| vec![Evidence::new("audit_chain", summary.clone(), "audit", Some(self.at), supports)];
        match self.status {
            Some(ChainStatus::Valid) => Verdict { evidence: evidence(true), ..Verdict::plain(State::Met) },
            Some(ChainStatus::Unanchored) => Verdict::partial(
                evidence(true),
                "the audit trail is whole, but nothing of it is signed yet".to_owned(),
                "let the schedule `audit_checkpoint` run".to_owned(),
            ),
            Some(ChainStatus::Invalid) => Verdict::not_met(
                evidence(false),
                "the audit trail does not verify".to_owned(),
                "find out who changed it: `GET audit/verify` names the place".to_owned(),
            ),
            Some(ChainStatus::NothingVerified) | None => {
                Verdict::not_assessed("the audit trail has no entry yet", "change something: the change is recorded")
            }
        }
    }
}

/// The risk register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RiskFact {
    pub(super) open: u64,
    pub(super) total: u64,
    pub(super) late: u64,
    pub(super) unowned: u64,
    pub(super) newest: Option<i64>,
}

impl RiskFact {
    pub(super) fn verdict(&self) -> Verdict {
        let summary = format!(
            "{} risks, {} open, {} with an overdue review, {} without an owner",
            self.total, self.open, self.late, self.unowned
        );
        let evidence = vec![Evidence::new("risk_register", summary, "risks", self.newest, self.total > 0)];
        if self.total == 0 {
            return Verdict::not_met(
                evidence,
                "the risk register is empty".to_owned(),
                "write the risks down".to_owned(),
            );
        }
        if self.late + self.unowned > 0 {
            return Verdict::partial(
                evidence,
                format!("{} open risks wait for a review, {} have no owner", self.late, self.unowned),
                "review the risks that are due, and name an owner for each".to_owned(),
            );
        }
        Verdict { evidence, ..Verdict::plain(State::Met) }
    }
}

/// Incidents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IncidentFact {
    pub(super) total: u64,
    pub(super) open: u64,
    pub(super) late: u64,
    pub(super) newest: Option<i64>,
}

impl IncidentFact {
    pub(super) fn verdict(&self) -> Verdict {
        if self.total == 0 {
            return Verdict::not_assessed(
                "there was no incident yet",
                "open an incident when one happens, or rehearse one",
            );
        }
        let summary = format!("{} incidents, {} open, {} past their due time", self.total, self.open, self.late);
        let evidence = vec![Evidence::new("incidents", summary, "incidents", self.newest, self.late == 0)];
        if self.late > 0 {
            return Verdict::not_met(
                evidence,
                format!("{} open incidents are past their due time", self.late),
                "resolve the incidents that are late".to_owned(),
            );
        }
        Verdict { evidence, ..Verdict::plain(State::Met) }
    }
}

/// The model registry.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelFact {
    pub(super) decided: u64,
    /// Models in use nobody decided about, and models in use that were denied.
    pub(super) undecided: Vec<String>,
    pub(super) denied: Vec<String>,
    pub(super) used: u64,
}

impl ModelFact {
    pub(super) fn verdict(&self) -> Verdict {
        if self.used == 0 && self.decided == 0 {
            return Verdict::not_assessed(
                "no model was called in 30 days, and none is registered",
                "register the models in use",
            );
        }
        let summary = format!("{} models called in 30 days, {} decided about", self.used, self.decided);
        let sound = self.undecided.is_empty() && self.denied.is_empty();
        let evidence = vec![Evidence::new("model_registry", summary, "models", None, sound)];
        let named =
            |names: &[String]| names.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if sound {
            return Verdict { evidence, ..Verdict::plain(State::Met) };
        }
        if !self.denied.is_empty() {
            let why = format!("models are called that were denied: {}", named(&self.denied));
            return Verdict::not_met(evidence, why, "block them with a `model_restriction` policy".to_owned());
        }
        let why = format!("nobody decided about {}", named(&self.undecided));
        let advice = "approve or deny every model in use".to_owned();
        if self.decided == 0 {
            Verdict::not_met(evidence, why, advice)
        } else {
            Verdict::partial(evidence, why, advice)
        }
    }
}

/// Agents.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentFact {
    pub(super) total: u64,
    pub(super) without_key: Vec<String>,
}

impl AgentFact {
    pub(super) fn verdict(&self) -> Verdict {
        if self.total == 0 {
            return Verdict::not_assessed("no agent is registered", "register the agents");
        }
        let without = self.without_key.len();
        let summary = format!("{} agents registered, {without} without a key of their own", self.total);
        let evidence = vec![Evidence::new("agents", summary, "agents", None, without == 0)];
        if without == 0 {
            return Verdict { evidence, ..Verdict::plain(State::Met) };
        }
        let names: Vec<String> = self.without_key.iter().take(5).map(|name| format!("`{name}`")).collect();
        let why = format!("agents have no key of their own: {}", names.join(", "));
        Verdict::partial(evidence, why, "give each agent its own key, or end the agents that are gone".to_owned())
    }
}

/// Operators' keys.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyFact {
    pub(super) total: u64,
    pub(super) endless: Vec<(String, String)>,
}

impl KeyFact {
    pub(super) fn verdict(&self) -> Verdict {
        if self.total == 0 {
            return Verdict::not_assessed("there is no operator key", "");
        }
        let summary = format!("{} operator keys, {} without an end", self.total, self.endless.len());
        let mut evidence = vec![Evidence::new("keys", summary, "keys", None, self.endless.is_empty())];
        if self.endless.is_empty() {
            return Verdict { evidence, ..Verdict::plain(State::Met) };
        }
        for (id, label) in self.endless.iter().take(5) {
            evidence.push(Evidence::new("key", format!("operator key `{label}` never ends"), id, None, false));
        }
        Verdict::partial(evidence, "operator keys never end".to_owned(), "rotate them into keys that end".to_owned())
    }
}

/// System prompts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PromptFact {
    pub(super) total: u64,
    pub(super) newest: Option<i64>,
}

impl PromptFact {
    pub(super) fn verdict(&self) -> Verdict {
        if self.total == 0 {
            return Verdict::not_met(
                Vec::new(),
                "no system prompt is kept here".to_owned(),
                "keep the system prompts in the library".to_owned(),
            );
        }
        let summary = format!("{} system prompts, each with its versions", self.total);
        Verdict::met(Evidence::new("prompts", summary, "system_prompts", self.newest, true))
    }
}

impl Facts {
    /// The policies that take a policy's place for some.
    pub(super) fn rivals<'f>(&'f self, policy: &'f PolicyFact) -> impl Iterator<Item = &'f PolicyFact> {
        self.policies.iter().filter(move |rival| rival.displaces(policy))
    }

    /// The policies that deny or record; exemptions do neither.
    pub(super) fn in_force(&self) -> impl Iterator<Item = &PolicyFact> {
        self.policies.iter().filter(|policy| policy.enforcement != "disabled")
    }

    /// Gathers them.
    pub(crate) async fn gather(app: &App, tenant: &TenantId) -> Result<Self, ApiError> {
        let (db, now) = (app.store.db(), clock::now_micros());
        let mut facts = Self { now, ..Self::default() };
        let rows = policies::all(db, tenant).await?;
        facts.policies = rows.into_iter().filter(|row| row.enabled).map(PolicyFact::of).collect();
        for rule in store::content_rules(db, tenant).await? {
            let scope =
                rule.scope_id.map_or_else(|| rule.scope_level.clone(), |id| format!("{} {id}", rule.scope_level));
            let (id, name, updated_at) = (rule.id, rule.name, rule.updated_at);
            let (rule_type, enforcement) = (rule.rule_type, rule.enforcement);
            facts.content_rules.push(RuleFact { id, name, rule_type, enforcement, scope, updated_at });
        }
        for rule in store::alert_rules(db, tenant).await? {
            let metric = rule.condition.get("metric").and_then(Value::as_str).unwrap_or_default().to_owned();
            facts.alert_rules.push(AlertRuleFact { id: rule.id, name: rule.name, metric, updated_at: rule.updated_at });
        }
        for rule in retention::rules(&app.store, tenant).await? {
            for kind in retention::ENTITY_TYPES {
                if let Some(days) = rule.days_of(kind) {
                    facts.retention.push(RetentionFact {
                        kind,
                        days,
                        policy_id: rule.policy.id.clone(),
                        policy_name: rule.policy.name.clone(),
                        scope: rule.policy.scope_level.clone(),
                    });
                }
            }
        }
        facts.newest_decision = store::newest_decision(db, tenant).await?;
        facts.decisions_last_day = store::decisions_since(db, tenant, now - DAY).await?;
        facts.approvals = store::approvals(db, tenant, now - 90 * DAY).await?;
        facts.chain = chain(app, tenant, now).await?;
        facts.pack_tests = pack_tests(app, tenant).await?;
        let register = risk_rows::all(db, tenant, &risk_rows::Wanted::default()).await?;
        let open = || register.iter().filter(|row| risks::is_open(row));
        facts.risks = RiskFact {
            total: register.len() as u64,
            open: open().count() as u64,
            late: open().filter(|row| risks::review_due(row, now)).count() as u64,
            unowned: open().filter(|row| row.owner.is_empty()).count() as u64,
            newest: register.iter().map(|row| row.updated_at).max(),
        };
        let (total, open, late, newest) = store::incidents(db, tenant, now).await?;
        facts.incidents = IncidentFact { total, open, late, newest };
        facts.models = models(app, tenant, now).await?;
        let keys = store::keys(db, tenant, now).await?;
        let owners: BTreeSet<&str> = keys.iter().filter_map(|key| key.agent_id.as_deref()).collect();
        let agents = store::agents(db, tenant).await?;
        facts.agents = AgentFact {
            total: agents.len() as u64,
            without_key: agents.iter().filter(|agent| !owners.contains(agent.as_str())).cloned().collect(),
        };
        let operators: Vec<&store::KeyRow> = keys.iter().filter(|key| key.kind == "operator").collect();
        let endless = operators.iter().filter(|key| key.expires_at.is_none());
        facts.keys = KeyFact {
            total: operators.len() as u64,
            endless: endless.map(|key| (key.id.clone(), key.label.clone())).collect(),
        };
        let (total, newest) = store::prompts(db, tenant).await?;
        facts.prompts = PromptFact { total, newest };
        Ok(facts)
    }
}

async fn chain(app: &App, tenant: &TenantId, now: i64) -> Result<ChainFact, ApiError> {
    let found = audit::verify(app, tenant, Asked { recent: Some(ENTRIES_VERIFIED), ..Asked::default() }).await?;
    Ok(ChainFact {
        status: Some(found.status),
        checked: found.records_checked,
        size: found.size,
        anchored: found.anchored_through,
        head: found.chain_hash.map(|hash| hash.to_string().chars().take(16).collect()).unwrap_or_default(),
        at: now,
    })
}

/// What each pack's tests of denials come to against the policies in force. Tests of what is
/// permitted are left out: other policies may well deny it.
/// The same policies answer the same, so each snapshot is asked once.
async fn pack_tests(app: &App, tenant: &TenantId) -> Result<PackTests, ApiError> {
    let snapshot = app.snapshots.get(tenant).await?;
    Ok(snapshot.pack_tests.get_or_init(|| run_pack_tests(&snapshot, tenant)).clone())
}

fn run_pack_tests(snapshot: &Snapshot, tenant: &TenantId) -> PackTests {
    let mut found = PackTests::new();
    for pack in packs::ALL {
        let document = pack.document();
        let denials = document.tests.iter().filter(|test| {
            matches!(test.expect, Expectation::Effect(Effect::Deny) | Expectation::Reason { effect: Effect::Deny, .. })
        });
        let run = |test: &zentinelle_core::policy_document::PolicyTest| {
            (test.name.clone(), matches!(test.run(&snapshot.engine, tenant), TestOutcome::Passed))
        };
        found.insert(pack.name, denials.map(run).collect());
    }
    found
}

async fn models(app: &App, tenant: &TenantId, now: i64) -> Result<ModelFact, ApiError> {
    let registry = store::models(app.store.db(), tenant).await?;
    let used = store::models_used(app.store.db(), tenant, now - 30 * DAY).await?;
    let mut facts = ModelFact { used: used.len() as u64, ..ModelFact::default() };
    facts.decided = registry.iter().filter(|row| row.approval != "pending").count() as u64;
    for (provider, name, _) in used {
        let known = registry.iter().find(|row| row.model == name && row.provider.eq_ignore_ascii_case(&provider));
        match known.map(|row| row.approval.as_str()) {
            Some("denied") => facts.denied.push(name),
            Some("approved" | "restricted") => {}
            _ => facts.undecided.push(name),
        }
    }
    Ok(facts)
}
