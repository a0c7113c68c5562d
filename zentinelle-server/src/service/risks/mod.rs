//! The risk register: what may go wrong, how bad it would be, who owns it, and what is done about it.

mod figures;
mod scale;

use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;

pub(crate) use self::figures::{Cell, Figures, TrendPoint, figures, matrix, trend};
pub(crate) use self::scale::{FACTORS, Factor, Level, factor_label};
use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::http::extract::lenient;
use crate::store::entities::risk;
use crate::store::{StoreError, risks as store, wire_name};

/// The most tags, references or links of one kind.
const MOST_ENTRIES: usize = 100;
/// Unit: microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// What a risk threatens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RiskCategory)]
pub(crate) enum Category {
    /// What is protected.
    #[default]
    Security,
    /// People's data.
    Privacy,
    /// Duties by law or contract.
    Compliance,
    /// Daily work.
    Operational,
    /// The good name.
    Reputational,
    /// Money.
    Financial,
    /// What is right.
    Ethical,
}

/// Where a risk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RiskStatus)]
pub(crate) enum Status {
    /// Somebody saw it.
    #[default]
    Identified,
    /// Somebody weighed it.
    Assessed,
    /// Something is done about it.
    Mitigating,
    /// It is borne.
    Accepted,
    /// Somebody else bears it.
    Transferred,
    /// It is gone.
    Closed,
}

/// How far its mitigation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RiskMitigation)]
pub(crate) enum Mitigation {
    /// Nothing is done yet.
    #[default]
    NotStarted,
    /// Something is done.
    InProgress,
    /// All of it is done.
    Completed,
    /// It is done, and somebody saw that it works.
    Verified,
}

/// A risk as an operator writes it. In a change, what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RiskInput {
    /// In a few words. Required for a new one.
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    /// In full.
    description: Option<String>,
    /// What it threatens. Default: security.
    category: Option<Category>,
    /// Where it stands. Default: identified.
    status: Option<Status>,
    /// How bad it is where it happens. Default: 3.
    severity: Option<Factor>,
    /// How likely it is. Default: 3.
    likelihood: Option<Factor>,
    /// How far it reaches. Default: 3.
    impact: Option<Factor>,
    /// Severity after mitigation; null for as before.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<Factor>)]
    residual_severity: Option<Option<Factor>>,
    /// Likelihood after mitigation; null for as before.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<Factor>)]
    residual_likelihood: Option<Option<Factor>>,
    /// Impact after mitigation; null for as before.
    #[serde(deserialize_with = "lenient::nullable")]
    #[schema(value_type = Option<Factor>)]
    residual_impact: Option<Option<Factor>>,
    /// What is done about it.
    mitigation_plan: Option<String>,
    /// How far that has come. Default: not_started.
    mitigation_status: Option<Mitigation>,
    /// Who answers for it.
    owner: Option<String>,
    /// The day on which it is to be looked at again, such as `2026-12-31`; empty for none.
    next_review_date: Option<String>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
    /// Addresses of further reading.
    external_references: Option<Vec<String>>,
    /// The policies that are about it.
    policy_ids: Option<Vec<String>>,
    /// The agents it is about, by name or id.
    agent_ids: Option<Vec<String>>,
    /// The incidents in which it came true.
    incident_ids: Option<Vec<String>>,
}

/// The links of a change, checked.
#[derive(Debug, Default)]
struct Links(Vec<(&'static str, Vec<String>)>);

impl RiskInput {
    fn write_to(&self, row: &mut risk::Model) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            row.name = fields::required("name", Some(name), fields::MOST_NAME)?;
        }
        for (field, given, place) in [
            ("description", &self.description, &mut row.description),
            ("mitigation_plan", &self.mitigation_plan, &mut row.mitigation_plan),
        ] {
            if let Some(given) = given {
                fields::text(field, given, fields::MOST_PROSE)?;
                place.clone_from(given);
            }
        }
        if let Some(owner) = &self.owner {
            fields::text("owner", owner, fields::MOST_NAME)?;
            owner.trim().clone_into(&mut row.owner);
        }
        if let Some(category) = &self.category {
            row.category = wire_name(category);
        }
        if let Some(mitigation) = &self.mitigation_status {
            row.mitigation_status = wire_name(mitigation);
        }
        if let Some(status) = &self.status {
            row.status = wire_name(status);
            row.closed_at = (*status == Status::Closed).then(|| row.closed_at.unwrap_or_else(clock::now_micros));
        }
        for (given, place) in
            [(self.severity, &mut row.severity), (self.likelihood, &mut row.likelihood), (self.impact, &mut row.impact)]
        {
            *place = given.map_or(*place, Factor::value);
        }
        for (given, place) in [
            (self.residual_severity, &mut row.residual_severity),
            (self.residual_likelihood, &mut row.residual_likelihood),
            (self.residual_impact, &mut row.residual_impact),
        ] {
            *place = given.map_or(*place, |given| given.map(Factor::value));
        }
        row.score = row.severity * row.likelihood * row.impact;
        if residual_score(row).is_some_and(|residual| residual > row.score) {
            let message = format!("after mitigation the score would be above the {} before it", row.score);
            return Err(ApiError::invalid("residual_severity", message));
        }
        if let Some(day) = &self.next_review_date {
            let at = fields::instant("next_review_date", Some(day))?;
            row.next_review_at = at.map(|at| at.div_euclid(DAY) * DAY);
        }
        for (field, given, place) in [
            ("tags", &self.tags, &mut row.tags),
            ("external_references", &self.external_references, &mut row.external_references),
        ] {
            if let Some(given) = given {
                fields::names(field, given, MOST_ENTRIES)?;
                *place = json!(given);
            }
        }
        Ok(())
    }

    /// What it is to be linked with. What does not exist is refused and named.
    async fn links(&self, app: &App, tenant: &TenantId) -> Result<Links, ApiError> {
        let db = app.store.db();
        let mut links = Links::default();
        if let Some(ids) = &self.policy_ids {
            fields::names("policy_ids", ids, MOST_ENTRIES)?;
            let known = store::known_policies(db, tenant, ids).await?;
            links.0.push(("policy", all_known("policy_ids", ids, |id| known.contains(id).then(|| id.clone()))?));
        }
        if let Some(ids) = &self.agent_ids {
            fields::names("agent_ids", ids, MOST_ENTRIES)?;
            let known = store::known_agents(db, tenant, ids).await?;
            let name =
                |id: &String| known.iter().find(|(row, name)| row == id || name == id).map(|(_, name)| name.clone());
            links.0.push(("agent", all_known("agent_ids", ids, name)?));
        }
        if let Some(ids) = &self.incident_ids {
            fields::names("incident_ids", ids, MOST_ENTRIES)?;
            let known = store::known_incidents(db, tenant, ids).await?;
            links.0.push(("incident", all_known("incident_ids", ids, |id| known.contains(id).then(|| id.clone()))?));
        }
        Ok(links)
    }
}

fn all_known(field: &str, ids: &[String], name: impl Fn(&String) -> Option<String>) -> Result<Vec<String>, ApiError> {
    let mut known = Vec::with_capacity(ids.len());
    for id in ids {
        known.push(name(id).ok_or_else(|| ApiError::invalid(field, format!("there is no `{id}`")))?);
    }
    known.sort();
    known.dedup();
    Ok(known)
}

/// The score after mitigation; none where nobody said what mitigation does. A factor that nobody
/// named is as it was.
pub(crate) fn residual_score(row: &risk::Model) -> Option<i64> {
    let (severity, likelihood, impact) = (row.residual_severity, row.residual_likelihood, row.residual_impact);
    severity.or(likelihood).or(impact)?;
    Some(severity.unwrap_or(row.severity) * likelihood.unwrap_or(row.likelihood) * impact.unwrap_or(row.impact))
}

/// Whether a risk still counts.
pub(crate) fn is_open(row: &risk::Model) -> bool {
    row.status != store::CLOSED
}

/// Whether a risk should have been looked at by now.
pub(crate) fn review_due(row: &risk::Model, now: i64) -> bool {
    is_open(row) && row.next_review_at.is_some_and(|at| at <= now)
}

/// Puts a risk into the register.
pub(crate) async fn create(app: &App, caller: &Caller, input: RiskInput) -> Result<risk::Model, ApiError> {
    let now = clock::now_micros();
    let factor = Factor::default().value();
    let mut row = risk::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        name: fields::required("name", input.name.as_deref(), fields::MOST_NAME)?,
        description: String::new(),
        category: wire_name(&Category::default()),
        status: wire_name(&Status::default()),
        severity: factor,
        likelihood: factor,
        impact: factor,
        score: factor.pow(3),
        residual_severity: None,
        residual_likelihood: None,
        residual_impact: None,
        mitigation_plan: String::new(),
        mitigation_status: wire_name(&Mitigation::default()),
        owner: String::new(),
        tags: json!([]),
        external_references: json!([]),
        identified_at: now,
        last_reviewed_at: None,
        last_reviewed_by: None,
        next_review_at: None,
        closed_at: None,
        created_by: caller.actor(),
        created_at: now,
        updated_at: now,
    };
    input.write_to(&mut row)?;
    if input.next_review_date.is_none() {
        row.next_review_at = Some(next_review(&row, now));
    }
    let links = input.links(app, &caller.tenant).await?;
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    for (kind, targets) in &links.0 {
        store::relink(&txn, &caller.tenant, &row.id, kind, targets).await?;
    }
    figures::keep_today(&txn, &caller.tenant, now).await?;
    let changes = json!({ "after": shown(&row), "links": shown_links(&links) });
    change(caller, AuditAction::Create, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

fn next_review(row: &risk::Model, now: i64) -> i64 {
    (now.div_euclid(DAY) + Level::of(row.score).review_days()) * DAY
}

/// Changes a risk.
pub(crate) async fn update(app: &App, caller: &Caller, id: &str, input: RiskInput) -> Result<risk::Model, ApiError> {
    let links = input.links(app, &caller.tenant).await?;
    let txn = app.store.begin().await?;
    let before = store::locked(&txn, &caller.tenant, id).await?;
    let mut row = before.clone();
    input.write_to(&mut row)?;
    if row == before && links.0.is_empty() {
        return Ok(row);
    }
    let now = clock::now_micros();
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    for (kind, targets) in &links.0 {
        store::relink(&txn, &caller.tenant, &row.id, kind, targets).await?;
    }
    figures::keep_today(&txn, &caller.tenant, now).await?;
    let mut changes = differences(&before, &row);
    if !links.0.is_empty() {
        changes.insert("links".to_owned(), shown_links(&links));
    }
    change(caller, AuditAction::Update, &row, Value::Object(changes)).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Says that somebody looked at a risk; the next review follows from how bad it is.
pub(crate) async fn review(app: &App, caller: &Caller, id: &str) -> Result<risk::Model, ApiError> {
    let txn = app.store.begin().await?;
    let mut row = store::locked(&txn, &caller.tenant, id).await?;
    if !is_open(&row) {
        let message = "the risk is closed: open it again before you review it".to_owned();
        return Err(ApiError::Conflict { code: "risk_closed", message });
    }
    let now = clock::now_micros();
    row.last_reviewed_at = Some(now);
    row.last_reviewed_by = Some(caller.actor());
    row.next_review_at = Some(next_review(&row, now));
    row.updated_at = now;
    store::update(&txn, row.clone()).await?;
    let changes = json!({ "reviewed": true, "next_review_at": clock::iso_or_none(row.next_review_at) });
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// Takes a risk out of the register.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::locked(&txn, &caller.tenant, id).await?;
    store::delete(&txn, &caller.tenant, id).await?;
    figures::keep_today(&txn, &caller.tenant, clock::now_micros()).await?;
    change(caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).record(&txn).await?;
    txn.commit().await?;
    Ok(())
}

/// What a risk is linked with, of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Linked {
    /// Policies, by id.
    pub(crate) policies: Vec<String>,
    /// Agents, by their names for themselves.
    pub(crate) agents: Vec<String>,
    /// Incidents, by id.
    pub(crate) incidents: Vec<String>,
}

/// What some risks are linked with, in their order.
pub(crate) async fn linked(app: &App, tenant: &TenantId, ids: &[String]) -> Result<Vec<Linked>, StoreError> {
    let mut found = vec![Linked::default(); ids.len()];
    for link in store::links(app.store.db(), tenant, ids).await? {
        let Some(place) = ids.iter().position(|id| *id == link.risk_id).and_then(|at| found.get_mut(at)) else {
            continue;
        };
        match link.kind.as_str() {
            "policy" => place.policies.push(link.target_id),
            "agent" => place.agents.push(link.target_id),
            _ => place.incidents.push(link.target_id),
        }
    }
    Ok(found)
}

/// Says that a risk came true in an incident, in the transaction of what says so.
pub(crate) async fn link_incident(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    risk_id: &str,
    incident_id: &str,
) -> Result<(), ApiError> {
    fields::text("risk_id", risk_id, fields::MOST_NAME)?;
    let risk = store::locked(txn, tenant, risk_id).await?;
    Ok(store::link(txn, tenant, &risk.id, "incident", incident_id).await?)
}

/// Takes away what says that a risk came true in an incident.
pub(crate) async fn unlink_incident(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    incident_id: &str,
) -> Result<(), StoreError> {
    store::unlink(txn, tenant, "incident", incident_id).await
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c risk::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "risk", resource_id: &row.id, resource_name: &row.name, changes }
}

fn shown(row: &risk::Model) -> Value {
    json!({
        "category": row.category, "status": row.status, "severity": row.severity, "likelihood": row.likelihood,
        "impact": row.impact, "score": row.score, "residual_score": residual_score(row), "owner": row.owner,
        "mitigation_status": row.mitigation_status, "next_review_at": clock::iso_or_none(row.next_review_at),
        "tags": row.tags,
    })
}

fn shown_links(links: &Links) -> Value {
    links.0.iter().map(|(kind, targets)| ((*kind).to_owned(), json!(targets))).collect::<serde_json::Map<_, _>>().into()
}

/// What changed, field by field. Prose is named but not repeated.
fn differences(before: &risk::Model, after: &risk::Model) -> serde_json::Map<String, Value> {
    let mut changes = serde_json::Map::new();
    let (old, new) = (shown(before), shown(after));
    for (field, old) in old.as_object().into_iter().flatten() {
        if let Some(new) = new.get(field).filter(|new| *new != old) {
            changes.insert(field.clone(), json!([old, new]));
        }
    }
    if before.name != after.name {
        changes.insert("name".to_owned(), json!([before.name, after.name]));
    }
    for (field, changed) in [
        ("description", before.description != after.description),
        ("mitigation_plan", before.mitigation_plan != after.mitigation_plan),
        ("external_references", before.external_references != after.external_references),
    ] {
        if changed {
            changes.insert(field.to_owned(), json!("changed"));
        }
    }
    changes
}
