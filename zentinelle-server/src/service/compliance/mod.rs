//! Compliance: how a tenant stands to frameworks, computed from its real state and from nothing else.
//!
//! A framework is data ([`framework`]), a control is made of questions ([`check`]), the questions
//! are asked of facts ([`facts`]) that were gathered a moment ago. Nothing is typed in, so nothing
//! can be claimed.

pub(crate) mod capabilities;
mod check;
mod facts;
mod findings;
mod framework;
pub(crate) mod oscal;
mod verdict;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

pub(crate) use self::check::State;
pub(crate) use self::facts::Facts;
pub(crate) use self::findings::{look, look_as_scheduled};
pub(crate) use self::framework::{Control, Deadline, Framework, by_id};
pub(crate) use self::verdict::{Evidence, Verdict};
use super::change::Change;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::compliance as store;
use crate::store::entities::framework_choice;

/// A framework, judged.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The framework.
    pub(crate) framework: &'static Framework,
    /// Whether the tenant answers to it.
    pub(crate) enabled: bool,
    /// Its controls with how each stands.
    pub(crate) controls: Vec<(&'static Control, Verdict)>,
    /// When it was judged. Unit: microseconds since 1970.
    pub(crate) at: i64,
}

/// How many controls stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ControlCounts)]
pub(crate) struct Counts {
    /// All that is looked at holds.
    pub(crate) met: u64,
    /// Something is missing.
    pub(crate) partial: u64,
    /// Nothing speaks for it.
    pub(crate) not_met: u64,
    /// Nobody can tell from here, or not yet.
    pub(crate) not_assessed: u64,
}

impl Counts {
    fn add(&mut self, state: State) {
        match state {
            State::Met => self.met += 1,
            State::Partial => self.partial += 1,
            State::NotMet => self.not_met += 1,
            State::NotAssessed => self.not_assessed += 1,
        }
    }

    /// The share of controls that are met among those that can be told. Unit: percent.
    pub(crate) fn score(&self) -> u64 {
        (100 * self.met).checked_div(self.met + self.partial + self.not_met).unwrap_or_default()
    }

    /// The sum of two.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            met: self.met + other.met,
            partial: self.partial + other.partial,
            not_met: self.not_met + other.not_met,
            not_assessed: self.not_assessed + other.not_assessed,
        }
    }
}

impl Judged {
    /// How many of its controls stand how.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.controls.iter().for_each(|(_, verdict)| counts.add(verdict.state));
        counts
    }

    /// How it stands as a whole, by the rule for controls made of checks.
    pub(crate) fn state(&self) -> State {
        Verdict::all(self.controls.iter().map(|(_, verdict)| Verdict::plain(verdict.state)).collect()).state
    }
}

/// Judges frameworks by facts.
fn judge(facts: &Facts, choices: &[framework_choice::Model]) -> Vec<Judged> {
    let all = framework::all().iter().map(|framework| {
        let chosen = choices.iter().find(|choice| choice.framework_id == framework.id).map(|choice| choice.enabled);
        let answers =
            |control: &'static Control| Verdict::all(control.checks.iter().map(|check| check.answer(facts)).collect());
        Judged {
            framework,
            enabled: chosen.unwrap_or(framework.enabled_by_default),
            controls: framework.controls.iter().map(|control| (control, answers(control))).collect(),
            at: facts.now,
        }
    });
    all.collect()
}

/// Every framework as it stands now.
pub(crate) async fn judged(app: &App, tenant: &TenantId) -> Result<Vec<Judged>, ApiError> {
    Ok(judged_with_facts(app, tenant).await?.1)
}

/// The same, with the facts it was judged by.
pub(crate) async fn judged_with_facts(app: &App, tenant: &TenantId) -> Result<(Facts, Vec<Judged>), ApiError> {
    let facts = Facts::gather(app, tenant).await?;
    let choices = store::choices(app.store.db(), tenant).await?;
    let judged = judge(&facts, &choices);
    Ok((facts, judged))
}

/// One framework as it stands now.
pub(crate) async fn one(app: &App, tenant: &TenantId, id: &str) -> Result<Judged, ApiError> {
    let wanted = by_id(id).ok_or(ApiError::NotFound { what: "framework" })?;
    let found = judged(app, tenant).await?.into_iter().find(|judged| judged.framework.id == wanted.id);
    found.ok_or(ApiError::NotFound { what: "framework" })
}

/// Whether a tenant answers to a framework; none for the other way round. What is disabled counts
/// in no score, no look, no finding and no full report.
pub(crate) async fn choose(
    app: &App,
    caller: &Caller,
    id: &str,
    enabled: Option<bool>,
) -> Result<(&'static Framework, bool), ApiError> {
    let framework = by_id(id).ok_or(ApiError::NotFound { what: "framework" })?;
    let txn = app.store.begin().await?;
    let choices = store::choices(&txn, &caller.tenant).await?;
    let present = choices.iter().find(|choice| choice.framework_id == framework.id).map(|choice| choice.enabled);
    let present = present.unwrap_or(framework.enabled_by_default);
    let enabled = enabled.unwrap_or(!present);
    let row = framework_choice::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        framework_id: framework.id.clone(),
        enabled,
        changed_by: caller.actor(),
        changed_at: clock::now_micros(),
    };
    store::choose(&txn, row).await?;
    let change = Change {
        caller,
        action: AuditAction::Update,
        resource_type: "framework",
        resource_id: &framework.id,
        resource_name: &framework.name,
        changes: json!({ "enabled": [present, enabled] }),
    };
    change.record(&txn).await?;
    txn.commit().await?;
    Ok((framework, enabled))
}

/// A framework as replies write it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Framework)]
pub(crate) struct FrameworkView {
    /// Its id.
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
    /// Whether the tenant answers to it.
    pub(crate) enabled: bool,
    /// The compliance pack that goes with it.
    pub(crate) pack: Option<String>,
    /// How it stands as a whole.
    pub(crate) status: State,
    /// The share of met controls among those that can be told. Unit: percent.
    pub(crate) score: u64,
    /// How many controls stand how.
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// When it was judged.
    pub(crate) judged_at: String,
    /// The days on which parts of it begin to apply.
    pub(crate) deadlines: Vec<Deadline>,
    /// What it asks for.
    pub(crate) controls: Vec<ControlView>,
}

/// A control as replies write it. Its status follows from its evidence and from nothing else.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Control)]
pub(crate) struct ControlView {
    /// The framework's number for it.
    pub(crate) id: String,
    /// In a few words.
    pub(crate) title: String,
    /// The framework's chapter.
    pub(crate) category: String,
    /// Whether it weighs in the share of required controls.
    pub(crate) required: bool,
    /// How bad it is when it does not hold.
    pub(crate) severity: &'static str,
    /// How it stands.
    pub(crate) status: State,
    /// Why it is not met.
    pub(crate) why: String,
    /// What shows it.
    pub(crate) evidence: Vec<Evidence>,
    /// What would close the gap.
    pub(crate) advice: String,
    /// The types of policies that it looks at.
    pub(crate) policy_types: Vec<String>,
}

impl ControlView {
    fn of(control: &Control, verdict: &Verdict) -> Self {
        Self {
            id: control.id.clone(),
            title: control.title.clone(),
            category: control.category.clone(),
            required: control.required,
            severity: control.severity(),
            status: verdict.state,
            why: verdict.why.clone(),
            evidence: verdict.evidence.clone(),
            advice: verdict.advice.clone(),
            policy_types: control.policy_types().into_iter().map(str::to_owned).collect(),
        }
    }
}

impl From<&Judged> for FrameworkView {
    fn from(judged: &Judged) -> Self {
        let (framework, counts) = (judged.framework, judged.counts());
        Self {
            id: framework.id.clone(),
            name: framework.name.clone(),
            version: framework.version.clone(),
            effective_from: framework.effective_from.clone(),
            source: framework.source.clone(),
            description: framework.description.trim().to_owned(),
            enabled: judged.enabled,
            pack: framework.pack.clone(),
            status: judged.state(),
            score: counts.score(),
            counts,
            judged_at: clock::iso(judged.at),
            deadlines: framework.deadlines.clone(),
            controls: judged.controls.iter().map(|(control, verdict)| ControlView::of(control, verdict)).collect(),
        }
    }
}

/// The controls of a framework that are not met, required ones first, worst first.
pub(crate) fn gaps(judged: &Judged) -> Vec<ControlView> {
    let open = judged.controls.iter().filter(|(_, verdict)| verdict.state != State::Met);
    let mut gaps: Vec<ControlView> = open.map(|(control, verdict)| ControlView::of(control, verdict)).collect();
    gaps.sort_by_key(|gap| (!gap.required, gap.status));
    gaps
}

#[cfg(test)]
mod tests;
