//! Incidents: opened, worked on, resolved, closed, against a clock.
//!
//! States: `open` → `investigating` → `mitigating` → `resolved` → `closed`; steps may be left
//! out, work may go back and forth, a resolved incident may be opened again, and a closed one
//! stays closed.

mod evidence;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;

pub(crate) use self::evidence::{Evidence, NewEvidence, add as add_evidence};
use super::change::Change;
use super::{fields, risks};
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{incident, incident_comment};
use crate::store::{incidents as store, wire_name};
use crate::webhooks::{self, Emission};

/// The most tags of an incident.
const MOST_TAGS: usize = 50;
/// The most comments that a reply lists.
const MOST_COMMENTS: u64 = 1_000;

/// How bad an incident is, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentSeverity {
    /// Due in 72 hours.
    Low,
    /// Due in 24 hours.
    #[default]
    Medium,
    /// Due in 4 hours.
    High,
    /// Due in one hour.
    Critical,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentStatus {
    /// Nobody looked yet.
    Open,
    /// Somebody looks for the cause.
    Investigating,
    /// Somebody mends it.
    Mitigating,
    /// It is mended.
    Resolved,
    /// It is done with.
    Closed,
}

impl IncidentStatus {
    /// Whether an incident may go on to another state.
    fn may_become(self, next: Self) -> bool {
        use IncidentStatus::{Closed, Investigating, Mitigating, Open, Resolved};
        match (self, next) {
            (Closed, next) => next == Closed,
            (Investigating | Mitigating, Open) => false,
            (Open | Investigating | Mitigating, _) | (Resolved, Open | Investigating | Resolved | Closed) => true,
            (Resolved, Mitigating) => false,
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// Where an incident comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentSource {
    /// A policy was violated.
    PolicyViolation,
    /// Somebody says so.
    #[default]
    Manual,
    /// Something is unusual.
    Anomaly,
    /// An alert.
    Alert,
}

/// What kind of incident it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IncidentType {
    /// A policy was violated.
    PolicyViolation,
    /// Somebody broke in.
    SecurityBreach,
    /// Data left the house.
    DataLeak,
    /// A service is down.
    ServiceDisruption,
    /// A duty was broken.
    ComplianceBreach,
    /// Too much was spent.
    CostOverrun,
    /// A model did harm.
    HarmfulOutput,
    /// Anything else.
    #[default]
    Other,
}

/// A new incident.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct NewIncident {
    /// In a few words. Required.
    title: Option<String>,
    /// In full.
    description: Option<String>,
    /// How bad. Default: medium.
    severity: Option<IncidentSeverity>,
    /// Where it comes from. Default: manual.
    source: Option<IncidentSource>,
    /// The evaluation, event or alert it comes from.
    source_ref: Option<String>,
    /// Which kind. Default: other.
    incident_type: Option<IncidentType>,
    /// The agent it is about.
    agent_id: Option<String>,
    /// The policy it is about.
    policy_id: Option<String>,
    /// The deployment it happened in.
    deployment_id: Option<String>,
    /// The risk that came true with it.
    risk_id: Option<String>,
    /// Whom it struck.
    affected_user: Option<String>,
    /// How many people it struck. Default: one where somebody is named, else none.
    affected_user_count: Option<u32>,
    /// Who works on it.
    assignee_id: Option<String>,
    /// When it happened. Default: now.
    occurred_at: Option<String>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
}

/// A change of an incident; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct IncidentPatch {
    /// Where it stands.
    status: Option<IncidentStatus>,
    /// Which kind it is.
    incident_type: Option<IncidentType>,
    /// How bad it is; the due date follows.
    severity: Option<IncidentSeverity>,
    /// In a few words.
    title: Option<String>,
    /// In full.
    description: Option<String>,
    /// Who works on it; empty for nobody.
    assignee_id: Option<String>,
    /// Why it happened.
    root_cause: Option<String>,
    /// What it did.
    impact: Option<String>,
    /// How it was mended.
    resolution: Option<String>,
    /// What was learnt.
    lessons: Option<String>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
    /// What shows it, in the place of what showed it before.
    evidence: Option<Vec<NewEvidence>>,
    /// The deployment it happened in; empty for none.
    deployment_id: Option<String>,
    /// Whom it struck; empty for nobody.
    affected_user: Option<String>,
    /// How many people it struck.
    affected_user_count: Option<u32>,
    /// The risk that came true with it; empty for none.
    risk_id: Option<String>,
}

/// Opens an incident.
pub(crate) async fn create(app: &App, caller: &Caller, new: NewIncident) -> Result<incident::Model, ApiError> {
    let now = clock::now_micros();
    let severity = wire_name(&new.severity.unwrap_or_default());
    let tags = new.tags.unwrap_or_default();
    fields::names("tags", &tags, MOST_TAGS)?;
    let description = new.description.unwrap_or_default();
    fields::text("description", &description, fields::MOST_PROSE)?;
    let risk = name("risk_id", new.risk_id)?;
    let row = incident::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        title: fields::required("title", new.title.as_deref(), fields::MOST_NAME)?,
        description,
        incident_type: wire_name(&new.incident_type.unwrap_or_default()),
        due_at: store::due_at(&severity, now),
        severity,
        status: "open".to_owned(),
        source: wire_name(&new.source.unwrap_or_default()),
        source_ref: name("source_ref", new.source_ref)?,
        dedup_key: None,
        occurrence_count: 1,
        agent_id: name("agent_id", new.agent_id)?,
        policy_id: name("policy_id", new.policy_id)?,
        deployment_id: name("deployment_id", new.deployment_id)?,
        affected_user_count: new
            .affected_user_count
            .map_or(i64::from(new.affected_user.as_deref().is_some_and(|user| !user.is_empty())), i64::from),
        affected_user: name("affected_user", new.affected_user)?.unwrap_or_default(),
        assignee_id: name("assignee_id", new.assignee_id)?,
        reporter_id: caller.actor(),
        root_cause: String::new(),
        impact: String::new(),
        resolution: String::new(),
        lessons: String::new(),
        tags: json!(tags),
        evidence: json!([]),
        occurred_at: fields::instant("occurred_at", new.occurred_at.as_deref())?.unwrap_or(now),
        detected_at: now,
        acknowledged_at: None,
        resolved_at: None,
        closed_at: None,
        created_at: now,
        updated_at: now,
    };
    let txn = app.store.begin().await?;
    store::insert(&txn, row.clone()).await?;
    if let Some(risk) = &risk {
        risks::link_incident(&txn, &caller.tenant, risk, &row.id).await?;
    }
    let changes = json!({ "severity": row.severity, "source": row.source, "assignee_id": row.assignee_id,
        "deployment_id": row.deployment_id, "risk_id": risk, "affected_user_count": row.affected_user_count });
    change(caller, AuditAction::Create, &row, changes).record(&txn).await?;
    webhooks::emit(&txn, Emission::of_opened(&row)).await?;
    txn.commit().await?;
    Ok(row)
}

fn name(field: &str, given: Option<String>) -> Result<Option<String>, ApiError> {
    fields::optional(field, given.as_deref(), fields::MOST_NAME)?;
    Ok(given.filter(|given| !given.is_empty()))
}

/// Changes an incident.
pub(crate) async fn update(
    app: &App,
    caller: &Caller,
    id: &str,
    patch: IncidentPatch,
) -> Result<incident::Model, ApiError> {
    let txn = app.store.begin().await?;
    let before = store::locked(&txn, &caller.tenant, id).await?;
    let mut row = before.clone();
    let risk = patch.risk_id.clone();
    patch.write_to(&mut row, caller)?;
    if row == before && risk.is_none() {
        return Ok(row);
    }
    if let Some(risk) = &risk {
        risks::unlink_incident(&txn, &caller.tenant, &row.id).await?;
        if !risk.is_empty() {
            risks::link_incident(&txn, &caller.tenant, risk, &row.id).await?;
        }
    }
    row.updated_at = clock::now_micros();
    store::update(&txn, row.clone()).await?;
    let mut changes = differences(&before, &row);
    if let Some(risk) = risk {
        changes["risk_id"] = risk.into();
    }
    change(caller, AuditAction::Update, &row, changes).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

impl IncidentPatch {
    fn write_to(self, row: &mut incident::Model, caller: &Caller) -> Result<(), ApiError> {
        if let Some(next) = self.status {
            move_to(row, next)?;
        }
        if let Some(severity) = self.severity {
            row.severity = wire_name(&severity);
            row.due_at = store::due_at(&row.severity, row.detected_at);
        }
        if let Some(kind) = &self.incident_type {
            row.incident_type = wire_name(kind);
        }
        if let Some(title) = &self.title {
            row.title = fields::required("title", Some(title), fields::MOST_NAME)?;
        }
        if let Some(assignee) = self.assignee_id {
            row.assignee_id = name("assignee_id", Some(assignee))?;
        }
        for (field, given, place) in [
            ("description", self.description, &mut row.description),
            ("root_cause", self.root_cause, &mut row.root_cause),
            ("impact", self.impact, &mut row.impact),
            ("resolution", self.resolution, &mut row.resolution),
            ("lessons", self.lessons, &mut row.lessons),
        ] {
            if let Some(given) = given {
                fields::text(field, &given, fields::MOST_PROSE)?;
                *place = given;
            }
        }
        if let Some(deployment) = self.deployment_id {
            row.deployment_id = name("deployment_id", Some(deployment))?;
        }
        if let Some(user) = self.affected_user {
            row.affected_user = name("affected_user", Some(user))?.unwrap_or_default();
        }
        row.affected_user_count = self.affected_user_count.map_or(row.affected_user_count, i64::from);
        if let Some(tags) = self.tags {
            fields::names("tags", &tags, MOST_TAGS)?;
            row.tags = json!(tags);
        }
        if let Some(given) = self.evidence {
            evidence::replace(row, given, caller)?;
        }
        Ok(())
    }
}

/// Moves an incident to another state and stamps what the move means.
fn move_to(row: &mut incident::Model, next: IncidentStatus) -> Result<(), ApiError> {
    let present: IncidentStatus = serde_json::from_value(Value::from(row.status.as_str()))
        .map_err(|error| ApiError::Internal(format!("incident {}: {error}", row.id)))?;
    if !present.may_become(next) {
        let message = format!("an incident that is `{}` cannot become `{}`", row.status, wire_name(&next));
        return Err(ApiError::Conflict { code: "incident_transition", message });
    }
    if present == next {
        return Ok(());
    }
    let now = clock::now_micros();
    row.status = wire_name(&next);
    row.acknowledged_at = row.acknowledged_at.or(Some(now));
    if next.is_over() {
        row.resolved_at = row.resolved_at.or(Some(now));
    } else {
        row.resolved_at = None;
    }
    if next == IncidentStatus::Closed {
        row.closed_at = Some(now);
    }
    Ok(())
}

/// What changed, field by field. Prose is named but not repeated.
fn differences(before: &incident::Model, after: &incident::Model) -> Value {
    let mut changes = serde_json::Map::new();
    for (field, old, new) in [
        ("status", json!(before.status), json!(after.status)),
        ("severity", json!(before.severity), json!(after.severity)),
        ("assignee_id", json!(before.assignee_id), json!(after.assignee_id)),
        ("tags", before.tags.clone(), after.tags.clone()),
        ("title", json!(before.title), json!(after.title)),
        ("incident_type", json!(before.incident_type), json!(after.incident_type)),
        ("deployment_id", json!(before.deployment_id), json!(after.deployment_id)),
        ("affected_user_count", json!(before.affected_user_count), json!(after.affected_user_count)),
    ] {
        if old != new {
            changes.insert(field.to_owned(), json!([old, new]));
        }
    }
    for (field, changed) in [
        ("description", before.description != after.description),
        ("root_cause", before.root_cause != after.root_cause),
        ("impact", before.impact != after.impact),
        ("resolution", before.resolution != after.resolution),
        ("lessons", before.lessons != after.lessons),
        ("evidence", before.evidence != after.evidence),
        ("affected_user", before.affected_user != after.affected_user),
    ] {
        if changed {
            changes.insert(field.to_owned(), json!("changed"));
        }
    }
    Value::Object(changes)
}

fn change<'c>(caller: &'c Caller, action: AuditAction, row: &'c incident::Model, changes: Value) -> Change<'c> {
    Change { caller, action, resource_type: "incident", resource_id: &row.id, resource_name: &row.title, changes }
}

/// An incident with its comments.
pub(crate) async fn get(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<(incident::Model, Vec<incident_comment::Model>), ApiError> {
    let row = store::by_id(app.store.db(), &caller.tenant, id).await?;
    let comments = store::comments(app.store.db(), &caller.tenant, id, MOST_COMMENTS).await?;
    Ok((row, comments))
}

/// Adds a comment in the caller's name.
pub(crate) async fn comment(
    app: &App,
    caller: &Caller,
    id: &str,
    body: Option<&str>,
) -> Result<incident_comment::Model, ApiError> {
    let body = fields::required("body", body, fields::MOST_PROSE)?;
    let txn = app.store.begin().await?;
    let incident = store::by_id(&txn, &caller.tenant, id).await?;
    let row = incident_comment::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        incident_id: incident.id.clone(),
        author_id: caller.actor(),
        body,
        created_at: clock::now_micros(),
    };
    store::comment(&txn, row.clone()).await?;
    change(caller, AuditAction::Update, &incident, json!({ "comment_id": row.id })).record(&txn).await?;
    txn.commit().await?;
    Ok(row)
}

/// How an incident stands against its clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = IncidentServiceLevel)]
pub(crate) struct ServiceLevel {
    /// How long the severity allows. Unit: hours.
    pub(crate) hours: i64,
    /// When it should be resolved.
    pub(crate) due_at: String,
    /// How much time is left; zero when none is. It stops when the incident is resolved. Unit: seconds.
    pub(crate) remaining_seconds: i64,
    /// Whether it took, or takes, too long.
    pub(crate) breached: bool,
}

impl ServiceLevel {
    /// The clock of an incident at an instant. Unit: microseconds.
    pub(crate) fn of(row: &incident::Model, now: i64) -> Self {
        let stopped_at = row.resolved_at.unwrap_or(now);
        Self {
            hours: store::service_level_hours(&row.severity),
            due_at: clock::iso(row.due_at),
            remaining_seconds: (row.due_at.saturating_sub(stopped_at) / 1_000_000).max(0),
            breached: stopped_at > row.due_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IncidentStatus::{Closed, Investigating, Mitigating, Open, Resolved};

    #[test]
    fn a_closed_incident_stays_closed_and_a_resolved_one_may_open_again() {
        for (from, to, may) in [
            (Open, Resolved, true),
            (Open, Closed, true),
            (Mitigating, Investigating, true),
            (Investigating, Open, false),
            (Resolved, Open, true),
            (Resolved, Mitigating, false),
            (Closed, Open, false),
            (Closed, Closed, true),
        ] {
            assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
        }
    }
}
