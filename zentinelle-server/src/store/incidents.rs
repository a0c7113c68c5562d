//! Incidents in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, Set,
};
use serde_json::json;

use super::StoreError;
use super::entities::incident;
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
    let known = incident::Entity::find()
        .filter(incident::Column::TenantId.eq(raised.tenant_id.as_str()))
        .filter(incident::Column::DedupKey.eq(raised.dedup_key.as_str()))
        .filter(incident::Column::Status.is_in(["open", "investigating", "mitigating"]))
        .order_by_desc(incident::Column::Id)
        .one(txn)
        .await?;
    if let Some(known) = known {
        incident::Entity::update_many()
            .col_expr(incident::Column::OccurrenceCount, Expr::col(incident::Column::OccurrenceCount).add(1))
            .col_expr(incident::Column::UpdatedAt, Expr::value(raised.at))
            .filter(incident::Column::TenantId.eq(raised.tenant_id.as_str()))
            .filter(incident::Column::Id.eq(known.id))
            .exec(txn)
            .await?;
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
