//! Alerts in the database.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, QueryOrder as _, Set,
};

use super::StoreError;
use super::entities::alert;
use crate::clock;
use crate::recorder::record::RaisedAlert;

/// Opens an alert, or counts up the one with the same key that nobody resolved. Says
/// whether it is new.
pub(crate) async fn raise(txn: &DatabaseTransaction, raised: RaisedAlert) -> Result<bool, StoreError> {
    let known = alert::Entity::find()
        .filter(alert::Column::TenantId.eq(raised.tenant_id.as_str()))
        .filter(alert::Column::DedupKey.eq(raised.dedup_key.as_str()))
        .filter(alert::Column::Status.is_in(["open", "acknowledged", "investigating"]))
        .order_by_desc(alert::Column::Id)
        .one(txn)
        .await?;
    if let Some(known) = known {
        alert::Entity::update_many()
            .col_expr(alert::Column::ViolationCount, Expr::col(alert::Column::ViolationCount).add(1))
            .col_expr(alert::Column::LastViolationAt, Expr::value(raised.at))
            .col_expr(alert::Column::UpdatedAt, Expr::value(raised.at))
            .filter(alert::Column::TenantId.eq(raised.tenant_id.as_str()))
            .filter(alert::Column::Id.eq(known.id))
            .exec(txn)
            .await?;
        return Ok(false);
    }
    let now = clock::now_micros();
    let row = alert::ActiveModel {
        tenant_id: Set(raised.tenant_id.as_str().to_owned()),
        id: Set(raised.id),
        alert_type: Set(raised.alert_type),
        severity: Set(raised.severity),
        title: Set(raised.title),
        description: Set(raised.description),
        agent_id: Set(raised.agent_id),
        user_id: Set(raised.user_id),
        dedup_key: Set(raised.dedup_key),
        metadata: Set(raised.metadata),
        violation_count: Set(1),
        first_violation_at: Set(Some(raised.at)),
        last_violation_at: Set(Some(raised.at)),
        status: Set("open".to_owned()),
        acknowledged_by: Set(None),
        acknowledged_at: Set(None),
        resolved_by: Set(None),
        resolved_at: Set(None),
        resolution_notes: Set(String::new()),
        created_at: Set(now),
        updated_at: Set(now),
    };
    alert::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(true)
}
