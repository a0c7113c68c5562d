//! Incidents in the database.

use super::keyset::{self, Narrow as _, Order};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    ExprTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
    Set,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zentinelle_core::ids::TenantId;

use super::entities::{incident, incident_comment};
use super::page::{self, Page, Paged};
use super::{StoreError, rows};
use crate::clock;
use crate::recorder::record::RaisedIncident;

/// Hours until an incident of a severity should be resolved.
pub(crate) fn service_level_hours(severity: &str) -> i64 {
    match severity {
        "critical" => 1,
        "high" => 4,
        "medium" => 24,
        _ => 72,
    }
}

/// When an incident that was detected at an instant is due. Unit: microseconds.
pub(crate) fn due_at(severity: &str, detected_at: i64) -> i64 {
    detected_at.saturating_add(service_level_hours(severity) * 3_600_000_000)
}

/// Opens an incident, or counts up the unresolved one with the same key. Says whether it is new.
pub(crate) async fn raise(txn: &DatabaseTransaction, raised: RaisedIncident) -> Result<bool, StoreError> {
    let same = Condition::all()
        .add(incident::Column::DedupKey.eq(raised.dedup_key.as_str()))
        .add(incident::Column::Status.is_in(["open", "investigating", "mitigating"]));
    let again = [
        (incident::Column::OccurrenceCount, Expr::col(incident::Column::OccurrenceCount).add(1)),
        (incident::Column::UpdatedAt, Expr::value(raised.at)),
    ];
    let tenant = (incident::Column::TenantId, &raised.tenant_id);
    if rows::change_newest::<incident::Entity>(txn, tenant, incident::Column::Id, same, again).await? {
        return Ok(false);
    }
    // Detected when its id was made: the clock of its service level does not wait for the database.
    let detected_at = clock::of_id(&raised.id).unwrap_or_else(clock::now_micros);
    let row = incident::ActiveModel {
        tenant_id: Set(raised.tenant_id.as_str().to_owned()),
        id: Set(raised.id),
        title: Set(raised.title),
        description: Set(raised.description),
        incident_type: Set(raised.incident_type),
        due_at: Set(due_at(&raised.severity, detected_at)),
        severity: Set(raised.severity),
        status: Set("open".to_owned()),
        source: Set(raised.source),
        source_ref: Set(raised.source_ref),
        dedup_key: Set(Some(raised.dedup_key)),
        occurrence_count: Set(1),
        agent_id: Set(raised.agent_id),
        policy_id: Set(raised.policy_id),
        deployment_id: Set(None),
        affected_user: Set(String::new()),
        affected_user_count: Set(0),
        assignee_id: Set(None),
        reporter_id: Set("zentinelle".to_owned()),
        root_cause: Set(String::new()),
        impact: Set(String::new()),
        resolution: Set(String::new()),
        lessons: Set(String::new()),
        tags: Set(json!([])),
        evidence: Set(json!([])),
        occurred_at: Set(raised.at),
        detected_at: Set(detected_at),
        acknowledged_at: Set(None),
        resolved_at: Set(None),
        closed_at: Set(None),
        created_at: Set(detected_at),
        updated_at: Set(detected_at),
    };
    incident::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(true)
}

/// Which incidents are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// In this state.
    pub(crate) status: Option<String>,
    /// Of this severity.
    pub(crate) severity: Option<String>,
    /// Somebody's.
    pub(crate) assignee_id: Option<String>,
    /// About this agent.
    pub(crate) agent_id: Option<String>,
}

/// A page of incidents.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    wanted: &Wanted,
    page: &Page,
) -> Result<Paged<incident::Model>, StoreError> {
    let select = incident::Entity::find()
        .filter(incident::Column::TenantId.eq(tenant.as_str()))
        .apply_if(wanted.status.as_deref(), |query, status| query.filter(incident::Column::Status.eq(status)))
        .apply_if(wanted.severity.as_deref(), |query, severity| query.filter(incident::Column::Severity.eq(severity)))
        .apply_if(wanted.assignee_id.as_deref(), |query, who| query.filter(incident::Column::AssigneeId.eq(who)))
        .apply_if(wanted.agent_id.as_deref(), |query, agent| query.filter(incident::Column::AgentId.eq(agent)));
    page::read(db, select, incident::Column::Id, |row: &incident::Model| &row.id, page).await
}

/// One incident.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    id: &str,
) -> Result<incident::Model, StoreError> {
    let found = incident::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned())).one(db).await?;
    found.ok_or(StoreError::Missing { what: "incident" })
}

/// Some incidents.
pub(crate) async fn by_ids(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    ids: &[String],
) -> Result<Vec<incident::Model>, StoreError> {
    let found = incident::Entity::find()
        .filter(incident::Column::TenantId.eq(tenant.as_str()))
        .filter(incident::Column::Id.is_in(ids.iter().map(String::as_str)));
    Ok(found.all(db).await?)
}

/// One incident, locked until the transaction ends.
pub(crate) async fn locked(
    txn: &DatabaseTransaction,
    tenant: &TenantId,
    id: &str,
) -> Result<incident::Model, StoreError> {
    let wanted = incident::Entity::find_by_id((tenant.as_str().to_owned(), id.to_owned()));
    rows::locked(txn, wanted, "incident").await
}

/// Keeps a new incident.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: incident::Model) -> Result<(), StoreError> {
    incident::Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// Keeps a changed incident.
pub(crate) async fn update(txn: &DatabaseTransaction, row: incident::Model) -> Result<(), StoreError> {
    row.into_active_model().reset_all().update(txn).await?;
    Ok(())
}

/// The comments of an incident, oldest first.
pub(crate) async fn comments(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    incident_id: &str,
    most: u64,
) -> Result<Vec<incident_comment::Model>, StoreError> {
    let found = incident_comment::Entity::find()
        .filter(incident_comment::Column::TenantId.eq(tenant.as_str()))
        .filter(incident_comment::Column::IncidentId.eq(incident_id))
        .order_by_asc(incident_comment::Column::Id)
        .limit(most);
    Ok(found.all(db).await?)
}

/// Keeps a comment.
pub(crate) async fn comment(txn: &DatabaseTransaction, row: incident_comment::Model) -> Result<(), StoreError> {
    incident_comment::Entity::insert(row.into_active_model()).exec_without_returning(txn).await?;
    Ok(())
}

/// Which rows a list shows, as clients ask for them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Listed {
    /// With this text.
    pub(crate) search: Option<String>,
    /// With this `incident_type`.
    pub(crate) incident_type: keyset::Words,
    /// With this `severity`.
    pub(crate) severity: keyset::Words,
    /// With this `status`.
    pub(crate) status: keyset::Words,
    /// With this `sla_status`.
    pub(crate) sla_status: keyset::Words,
    /// With this `assignee`.
    pub(crate) assignee: Option<String>,
    /// About an agent; resolvers put its own name for itself in the place of its row's id.
    pub(crate) endpoint_id: Option<String>,
    /// About an agent, by its own name for itself.
    pub(crate) agent_id: Option<String>,
    /// From then on.
    pub(crate) since: Option<keyset::Instant>,
    /// Before then.
    pub(crate) until: Option<keyset::Instant>,
}

impl Listed {
    /// The rows of a tenant.
    pub(crate) fn select(&self, tenant: &TenantId) -> Select<incident::Entity> {
        use incident::Column;
        let rows = incident::Entity::find()
            .of(Column::TenantId, tenant)
            .search(&[Column::Title, Column::Description], &self.search)
            .one_of(Column::IncidentType, &self.incident_type)
            .one_of(Column::Severity, &self.severity)
            .one_of(Column::Status, &self.status)
            .same(Column::AssigneeId, &self.assignee)
            .same(Column::AgentId, &self.agent_id)
            .same(Column::AgentId, &self.endpoint_id)
            .between(Column::OccurredAt, self.since, self.until);
        against_clock(rows, &self.sla_status)
    }
}

/// The orders of the list, its usual one first.
pub(crate) const SORTS: &[keyset::Sort<incident::Entity>] = &[
    ("createdAt", Order::By(incident::Column::CreatedAt), true),
    ("occurredAt", Order::By(incident::Column::OccurredAt), true),
    ("severity", Order::Ranked(incident::Column::Severity, &["low", "medium", "high", "critical"]), true),
    (
        "status",
        Order::Ranked(incident::Column::Status, &["open", "investigating", "mitigating", "resolved", "closed"]),
        false,
    ),
    ("slaDueAt", Order::By(incident::Column::DueAt), false),
    ("title", Order::By(incident::Column::Title), false),
];

/// Only incidents that stand so with their service level: `on_track`, `met` or `breached`.
fn against_clock(rows: Select<incident::Entity>, wanted: &keyset::Words) -> Select<incident::Entity> {
    use incident::Column;
    let Some(wanted) = wanted.as_deref().filter(|wanted| !wanted.is_empty()) else { return rows };
    let now = crate::clock::now_micros();
    let one = |word: &String| match word.as_str() {
        "met" => Condition::all()
            .add(Column::ResolvedAt.is_not_null())
            .add(Expr::col(Column::ResolvedAt).lte(Expr::col(Column::DueAt))),
        "breached" => Condition::any()
            .add(Expr::col(Column::ResolvedAt).gt(Expr::col(Column::DueAt)))
            .add(Condition::all().add(Column::ResolvedAt.is_null()).add(Column::DueAt.lte(now))),
        _ => Condition::all().add(Column::ResolvedAt.is_null()).add(Column::DueAt.gt(now)),
    };
    rows.filter(wanted.iter().map(one).fold(Condition::any(), Condition::add))
}

/// The comments of some incidents, oldest first.
pub(crate) async fn comments_of_all(
    db: &impl ConnectionTrait,
    tenant: &TenantId,
    incidents: &[String],
) -> Result<Vec<incident_comment::Model>, StoreError> {
    use incident_comment::Column;
    let found = incident_comment::Entity::find().of(Column::TenantId, tenant);
    let found = found.filter(Column::IncidentId.is_in(incidents.iter().map(String::as_str)));
    Ok(found.order_by_asc(Column::Id).limit(5_000).all(db).await?)
}
