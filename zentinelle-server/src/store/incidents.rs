//! Incidents in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    ExprTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
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
    let detected_at = clock::now_micros();
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
